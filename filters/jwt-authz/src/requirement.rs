//! What is required of a request's tokens.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::rc::Rc;

use claims::{Predicate, PredicateTold};
use filter_api::{ConfigError, Refusal};

use crate::config::{AccessConfig, RequirementConfig};
use crate::denial::Denial;
use crate::provider::Providers;
use crate::token_claims::TokenClaims;

/// How deep requirements may be within each other.
const DEEPEST: usize = 8;

/// What is required of a request's tokens, compiled.
#[derive(Debug)]
pub enum Requirement {
    /// Nothing.
    None,
    /// A token of a provider.
    Token(Access),
    /// One of these.
    Any(Box<[Requirement]>),
    /// All of these.
    All(Box<[Requirement]>),
    /// This, unless there is no token at all.
    Optional(Box<Requirement>),
}

/// A token of a provider, and what it must allow.
#[derive(Debug)]
pub struct Access {
    provider: usize,
    scopes: Box<[Box<str>]>,
    /// The same in one text, for the challenge.
    all_scopes: Rc<str>,
    claims: Predicate,
}

/// A token that met what is required of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// The provider's index.
    pub provider: usize,
    /// What it says.
    pub claims: Rc<TokenClaims>,
}

/// Why a request is refused, and by whose token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// The provider's index.
    pub provider: Option<usize>,
    /// Why.
    pub denial: Denial,
}

impl Requirement {
    /// Checks a requirement; `providers` are those that it can name.
    ///
    /// # Errors
    /// The first fault, with its path.
    pub fn compile(config: &RequirementConfig, providers: &Providers) -> Result<Self, ConfigError> {
        Self::within(config, providers, 0)
    }

    fn within(
        config: &RequirementConfig,
        providers: &Providers,
        depth: usize,
    ) -> Result<Self, ConfigError> {
        if depth == DEEPEST {
            let problem = format!("must not be within {DEEPEST} others");
            return Err(ConfigError::new("", problem));
        }
        let list = |configs: &[RequirementConfig], place: &str| {
            if configs.is_empty() {
                return Err(ConfigError::new(place, "must not be empty"));
            }
            let compile = |(index, config)| {
                Self::within(config, providers, depth + 1)
                    .map_err(|error: ConfigError| error.within(&format!("{place}[{index}]")))
            };
            configs.iter().enumerate().map(compile).collect()
        };
        match config {
            RequirementConfig::None => Ok(Self::None),
            RequirementConfig::Token(access) => Access::compile(access, providers).map(Self::Token),
            RequirementConfig::Any(any) => Ok(Self::Any(list(any, "any")?)),
            RequirementConfig::All(all) => Ok(Self::All(list(all, "all")?)),
            RequirementConfig::Optional(one) => {
                let one = Self::within(one, providers, depth + 1);
                let one = one.map_err(|error| error.within("optional"))?;
                Ok(Self::Optional(one.into()))
            }
        }
    }

    /// The indices of the providers that it names, each once.
    pub fn providers(&self) -> Cow<'_, [usize]> {
        match self {
            Self::None => Cow::Borrowed(&[]),
            // Most requirements are this one, and are asked at each request.
            Self::Token(access) => Cow::Borrowed(std::slice::from_ref(&access.provider)),
            Self::Any(several) | Self::All(several) => {
                let named = several.iter().flat_map(|one| one.providers().into_owned());
                Cow::Owned(named.collect::<BTreeSet<_>>().into_iter().collect())
            }
            Self::Optional(one) => one.providers(),
        }
    }

    /// Whether a request may pass, and by which tokens. `authenticate` says what the request's token of
    /// a provider says; it is asked once for each place that names the provider.
    ///
    /// # Errors
    /// Why not: of several attempts, the one that went furthest. With [`Denial::KeysUnavailable`] nothing
    /// is decided: more keys can still let the request pass.
    pub fn authorise(
        &self,
        authenticate: &mut dyn FnMut(usize) -> Result<Rc<TokenClaims>, Denial>,
    ) -> Result<Vec<Accepted>, Denied> {
        match self {
            Self::None => Ok(Vec::new()),
            Self::Token(access) => access.authorise(authenticate).map(|one| vec![one]),
            Self::Any(any) => {
                let mut furthest: Option<Denied> = None;
                for one in any {
                    match one.authorise(authenticate) {
                        Ok(accepted) => return Ok(accepted),
                        Err(denied) => furthest = Some(further(furthest, denied)),
                    }
                }
                Err(furthest.unwrap_or(Denied::MISSING))
            }
            Self::All(all) => {
                let (mut accepted, mut refused) = (Vec::<Accepted>::new(), None);
                for one in all {
                    match one.authorise(authenticate) {
                        Ok(more) => {
                            // One token may meet several.
                            for one in more {
                                if !accepted.contains(&one) {
                                    accepted.push(one);
                                }
                            }
                        }
                        Err(denied) => refused = Some(firmer(refused, denied)),
                    }
                }
                refused.map_or(Ok(accepted), Err)
            }
            Self::Optional(one) => match one.authorise(authenticate) {
                // Of several tokens that are required one may be there.
                Err(denied) if denied.denial == Denial::TokenMissing => {
                    let is_missing = |provider| authenticate(provider) == Err(Denial::TokenMissing);
                    match one.providers().iter().copied().all(is_missing) {
                        true => Ok(Vec::new()),
                        false => Err(denied),
                    }
                }
                decided => decided,
            },
        }
    }
}

impl Access {
    fn compile(config: &AccessConfig, providers: &Providers) -> Result<Self, ConfigError> {
        let provider = providers.index_of(&config.provider).ok_or_else(|| {
            let problem = format!(
                "must name a provider, found \"{}\"; there are {}",
                config.provider,
                providers.names()
            );
            ConfigError::new("provider", problem)
        })?;
        for (index, scope) in config.scopes.iter().enumerate() {
            // RFC 6749 section 3.3; in the challenge they stand within quotes.
            let is_token = |byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
            if scope.is_empty() || !scope.bytes().all(is_token) {
                let problem = format!(
                    "must be one scope of printable ASCII without spaces and quotes, found \"{scope}\""
                );
                return Err(ConfigError::new(format!("scopes[{index}]"), problem));
            }
        }
        Ok(Self {
            provider,
            scopes: config
                .scopes
                .iter()
                .map(|scope| scope.as_str().into())
                .collect(),
            all_scopes: config.scopes.join(" ").into(),
            claims: Predicate::compile_all(&config.claims, "claims")?,
        })
    }

    /// The provider's index.
    pub(crate) fn provider(&self) -> usize {
        self.provider
    }

    /// Each scope, and whether the token has it; and each demand on claims.
    pub(crate) fn tell(&self, claims: &TokenClaims) -> (Vec<(String, bool)>, Vec<PredicateTold>) {
        let scopes = self.scopes.iter().map(|scope| {
            let has_it = claims.grant(std::slice::from_ref(scope));
            (scope.to_string(), has_it)
        });
        (scopes.collect(), self.claims.tell(claims.members()).parts)
    }

    fn authorise(
        &self,
        authenticate: &mut dyn FnMut(usize) -> Result<Rc<TokenClaims>, Denial>,
    ) -> Result<Accepted, Denied> {
        let denied = |denial| Denied {
            provider: Some(self.provider),
            denial,
        };
        let claims = authenticate(self.provider).map_err(denied)?;
        if !claims.grant(&self.scopes) {
            let scopes = Rc::clone(&self.all_scopes);
            return Err(denied(Denial::InsufficientScope { scopes }));
        }
        if !self.claims.holds(claims.members()) {
            return Err(denied(Denial::ClaimMismatch));
        }
        Ok(Accepted {
            provider: self.provider,
            claims,
        })
    }
}

impl Denied {
    const MISSING: Self = Self::of_nobody(Denial::TokenMissing);

    /// No provider was asked.
    pub(crate) const fn of_nobody(denial: Denial) -> Self {
        Self {
            provider: None,
            denial,
        }
    }
}

/// Of several that all are required, one that is not there decides: nobody has to wait for the others.
fn firmer(before: Option<Denied>, denied: Denied) -> Denied {
    let is_open = |denied: &Denied| denied.denial == Denial::KeysUnavailable;
    match before {
        Some(before) if is_open(&before) => denied,
        Some(before) if is_open(&denied) => before,
        before => further(before, denied),
    }
}

/// Of several of which one is required, all are tried; one that nobody can say yet goes furthest.
fn further(before: Option<Denied>, denied: Denied) -> Denied {
    // Of two that lack scopes the first is told, whatever the scopes are called.
    let is_as_far = |before: &Denied| {
        before.denial.label() == denied.denial.label() || before.denial >= denied.denial
    };
    match before {
        Some(before) if is_as_far(&before) => before,
        _ => denied,
    }
}

#[cfg(test)]
mod tests;
