//! What a request must look like for something that is not said of all of a route's requests.

use claims::{Predicate, Said};
use filter_api::ConfigError;

use crate::conditions::{Conditions, Mismatch};
use crate::config::ConditionConfig;
use crate::request::Request;

/// Conditions on header fields, query parameters and claims; all of them must hold.
#[derive(Debug)]
pub struct When {
    conditions: Conditions,
    /// What a token must say, if it must say anything.
    claims: Option<Predicate>,
    /// Whose.
    provider: Option<Box<str>>,
}

impl When {
    /// Compiles conditions. None at all always hold.
    ///
    /// # Errors
    /// The first fault, its path relative to them.
    pub fn compile(config: &ConditionConfig) -> Result<Self, ConfigError> {
        if config.claims.is_empty() && config.provider.is_some() {
            let problem = "must stand beside \"claims\"";
            return Err(ConfigError::new("provider", problem));
        }
        let claims = Some(&config.claims).filter(|claims| !claims.is_empty());
        let claims = claims.map(|claims| Predicate::compile_all(claims, "claims"));
        Ok(Self {
            conditions: Conditions::of_values(&config.headers, &config.query)?,
            claims: claims.transpose()?,
            provider: config.provider.as_deref().map(Into::into),
        })
    }

    /// The condition that a request with tokens that say this does not meet.
    pub fn unmet(&self, request: &Request<'_>, said: &[Said<'_>]) -> Option<Mismatch<'_>> {
        let claims_unmet = || (!self.claims_hold(said)).then_some(Mismatch::Claims);
        self.conditions.values_unmet(request).or_else(claims_unmet)
    }

    /// Whether it asks what the request's tokens say.
    pub fn asks_claims(&self) -> bool {
        self.claims.is_some()
    }

    pub(crate) fn claims_hold(&self, said: &[Said<'_>]) -> bool {
        self.claims.as_ref().is_none_or(|predicate| {
            Said::by(said, self.provider.as_deref()).any(|claims| predicate.holds(claims))
        })
    }
}
