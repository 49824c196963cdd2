//! Which requests a limit is about.

use filter_api::{Client, ConfigError, HostError};
use function_router::{ConditionConfig, Mismatch, When, is_token};

use crate::address::Network;
use crate::config::ConditionsConfig;
use crate::facts::Facts;

/// What a request must look like; all of it.
#[derive(Debug)]
pub(crate) struct Conditions {
    /// Empty: any.
    methods: Box<[Box<str>]>,
    /// Empty: any.
    networks: Box<[Network]>,
    /// Of header fields, the query and claims.
    when: When,
}

/// A condition that is not met.
#[derive(Debug)]
pub(crate) enum Unmet<'c> {
    Method,
    Address,
    Value(Mismatch<'c>),
}

impl Conditions {
    pub(crate) fn compile(config: &ConditionsConfig) -> Result<Self, ConfigError> {
        let ConditionsConfig {
            methods,
            addresses,
            headers,
            query,
            claims,
            provider,
        } = config;
        if *config == ConditionsConfig::default() {
            let problem = "must hold a condition: on \"methods\", \"addresses\", \"headers\", \"query\" or \
                           \"claims\"";
            return Err(ConfigError::new("", problem));
        }
        for (index, method) in methods.iter().enumerate() {
            if !is_token(method.as_bytes()) {
                let problem = format!("must be a method such as \"GET\", found \"{method}\"");
                return Err(ConfigError::new(format!("methods[{index}]"), problem));
            }
        }
        let networks = addresses.iter().enumerate().map(|(index, text)| {
            let place = format!("addresses[{index}]");
            Network::parse(text).map_err(|error| error.within(&place))
        });
        let when = ConditionConfig {
            headers: headers.clone(),
            query: query.clone(),
            claims: claims.clone(),
            provider: provider.clone(),
        };
        Ok(Self {
            methods: methods
                .iter()
                .map(|method| method.as_str().into())
                .collect(),
            networks: networks.collect::<Result<_, _>>()?,
            when: When::compile(&when)?,
        })
    }

    /// The condition that a request does not meet.
    pub(crate) fn unmet<'c, H: Client + ?Sized>(
        &'c self,
        facts: &mut Facts<'_>,
        host: &mut H,
    ) -> Result<Option<Unmet<'c>>, HostError> {
        let method = facts.request.method;
        let mut methods = self.methods.iter();
        if !self.methods.is_empty() && !methods.any(|one| one.as_bytes() == method) {
            return Ok(Some(Unmet::Method));
        }
        if let Some(mismatch) = self.when.unmet(facts.request, facts.said) {
            return Ok(Some(Unmet::Value(mismatch)));
        }
        if self.networks.is_empty() {
            return Ok(None);
        }
        let address = facts.address(host)?;
        let held = |address| self.networks.iter().any(|one| one.holds(address));
        Ok(match address.is_some_and(held) {
            true => None,
            false => Some(Unmet::Address),
        })
    }
}
