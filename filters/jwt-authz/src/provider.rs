//! Who issues tokens, compiled.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use filter_api::{ConfigError, HeaderList};

use crate::algorithm::Algorithm;
use crate::config::{KeysConfig, ProviderConfig};
use crate::denial::Denial;
use crate::header_value::is_same_name;
use crate::keys::{KeyFault, Keys};
use crate::output::ClaimHeader;
use crate::remote::Remote;
use crate::source::Source;
use crate::token_claims::ClaimRules;
use crate::verify::media_type;

/// Who issues tokens: their keys, and what is theirs to say.
#[derive(Debug)]
pub struct Provider {
    /// The name in the configuration, in logs and in metrics.
    pub name: Box<str>,
    pub(crate) keys: KeySource,
    /// What claims must say.
    pub claims: ClaimRules,
    pub(crate) algorithms: Box<[Algorithm]>,
    pub(crate) types: Box<[Box<str>]>,
    pub(crate) sources: Box<[Source]>,
    pub(crate) forward: bool,
    pub(crate) headers: Box<[ClaimHeader]>,
}

/// Where a provider's keys come from.
#[derive(Debug)]
pub(crate) enum KeySource {
    /// The configuration.
    Configured {
        keys: Rc<Keys>,
        /// Those of a set that cannot be used.
        faults: Vec<KeyFault>,
    },
    /// A server; they change.
    Fetched(Box<Remote>),
}

impl Provider {
    /// Checks a provider.
    ///
    /// # Errors
    /// The first fault, with its path.
    pub fn compile(name: &str, config: &ProviderConfig) -> Result<Self, ConfigError> {
        let keys = KeySource::compile(&config.keys).map_err(|error| error.within("keys"))?;
        let algorithms = &config.algorithms;
        if !algorithms.is_empty()
            && let KeySource::Configured { keys, .. } = &keys
            && !algorithms
                .iter()
                .any(|one| keys.iter().any(|key| key.fits(*one)))
        {
            let problem = "must name one at least that a key is for";
            return Err(ConfigError::new("algorithms", problem));
        }
        let boxed = |names: &[String]| names.iter().map(|name| name.as_str().into()).collect();
        let sources = match config.from.as_slice() {
            [] => Box::new([Source::bearer()]),
            from => compiled(from, "from", Source::compile)?,
        };
        Ok(Self {
            name: name.into(),
            keys,
            claims: ClaimRules {
                issuer: config.issuer.as_deref().map(Into::into),
                audiences: boxed(&config.audiences),
                leeway: config.leeway.get(),
                require_expiration: config.require_expiration,
                max_lifetime: config.max_lifetime.map(filter_api::Duration::get),
                required: boxed(&config.required_claims),
            },
            algorithms: algorithms.as_slice().into(),
            types: config.types.iter().map(|name| media_type(name)).collect(),
            sources,
            forward: config.forward,
            headers: compiled(&config.headers, "headers", ClaimHeader::compile)?,
        })
    }

    /// What signatures are checked with now.
    pub fn keys(&self) -> Rc<Keys> {
        match &self.keys {
            KeySource::Configured { keys, .. } => Rc::clone(keys),
            KeySource::Fetched(remote) => remote.keys(),
        }
    }

    /// Where its keys are fetched from, if they are.
    pub(crate) fn remote(&self) -> Option<&Remote> {
        match &self.keys {
            KeySource::Configured { .. } => None,
            KeySource::Fetched(remote) => Some(remote),
        }
    }

    /// The place where a request's token of this provider is: the first that has one.
    pub(crate) fn place(&self, headers: &HeaderList) -> Option<&Source> {
        let has_token = |source: &&Source| !matches!(source.find(headers), Ok(None));
        self.sources.iter().find(has_token)
    }

    /// The token of this provider in a request: that of the first place that has one.
    ///
    /// # Errors
    /// When there is none, or more than one in a place.
    pub(crate) fn token<'h>(&'h self, headers: &'h HeaderList) -> Result<Cow<'h, [u8]>, Denial> {
        let mut tokens = self.sources.iter().map(|source| source.find(headers));
        let found = tokens.find_map(Result::transpose);
        found.unwrap_or(Err(Denial::TokenMissing))
    }
}

impl KeySource {
    fn compile(config: &KeysConfig) -> Result<Self, ConfigError> {
        let (keys, faults) = Keys::compile(config)?;
        let Some(remote) = &config.remote else {
            let keys = Rc::new(keys);
            return Ok(Self::Configured { keys, faults });
        };
        let remote = Remote::compile(remote).map_err(|error| error.within("remote"))?;
        Ok(Self::Fetched(remote.into()))
    }
}

fn compiled<C, T>(
    configs: &[C],
    place: &str,
    compile: impl Fn(&C) -> Result<T, ConfigError>,
) -> Result<Box<[T]>, ConfigError> {
    let at = |(index, config)| {
        compile(config).map_err(|error| error.within(&format!("{place}[{index}]")))
    };
    configs.iter().enumerate().map(at).collect()
}

/// All providers, in the order of their names.
#[derive(Debug)]
pub struct Providers(Box<[Provider]>);

impl Providers {
    /// Checks them.
    ///
    /// # Errors
    /// The first fault, with its path.
    pub fn compile(configs: &BTreeMap<String, ProviderConfig>) -> Result<Self, ConfigError> {
        let compile = |(name, config): (&String, &ProviderConfig)| {
            let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            if name.is_empty() || name.len() > 64 || !name.bytes().all(is_of_name) {
                let problem = format!(
                    "must have names of 1 to 64 letters, digits, \"-\", \"_\" and \".\", found \"{name}\""
                );
                return Err(ConfigError::new("providers", problem));
            }
            let provider = Provider::compile(name, config);
            provider.map_err(|error| error.within(&format!("providers.{name}")))
        };
        let providers: Box<[Provider]> = configs.iter().map(compile).collect::<Result<_, _>>()?;
        let providers = Self(providers);
        providers.check_headers()?;
        Ok(providers)
    }

    /// A field of two claims would say whichever came last.
    fn check_headers(&self) -> Result<(), ConfigError> {
        for provider in self.iter() {
            for (index, header) in provider.headers.iter().enumerate() {
                let before = provider.headers.iter().take(index);
                if before
                    .into_iter()
                    .any(|other| is_same_name(other.name().as_bytes(), header.name().as_bytes()))
                {
                    let place = format!("providers.{}.headers[{index}].name", provider.name);
                    let problem = format!("must not be there twice, found \"{}\"", header.name());
                    return Err(ConfigError::new(place, problem));
                }
            }
        }
        Ok(())
    }

    /// Who tells of a claim in this header field, however its name is written.
    pub fn writer_of(&self, field: &[u8]) -> Option<&str> {
        let is_it = |header: &ClaimHeader| is_same_name(header.name().as_bytes(), field);
        let mut providers = self.iter();
        let writer = providers.find(|provider| provider.headers.iter().any(is_it));
        writer.map(|provider| &*provider.name)
    }

    /// A provider by its index.
    pub fn get(&self, index: usize) -> Option<&Provider> {
        self.0.get(index)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Provider> + Clone {
        self.0.iter()
    }

    pub(crate) fn index_of(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|provider| *provider.name == *name)
    }

    /// Their names, for messages.
    pub(crate) fn names(&self) -> String {
        let names: Vec<&str> = self.iter().map(|provider| &*provider.name).collect();
        match names.is_empty() {
            true => "none".to_owned(),
            false => names.join(", "),
        }
    }
}
