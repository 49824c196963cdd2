//! Which tokens the requests of which route must have.

use std::collections::BTreeMap;
use std::rc::Rc;

use filter_api::ConfigError;
use function_router::Route;
use jwt_authz::{Authorisation, ProviderConfig, Requirement, RequirementConfig};
use serde::{Deserialize, Serialize};

use crate::policies::{Policies, PoliciesConfig};

/// Providers and requirements as they travel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct JwtConfig {
    /// Who issues tokens, by name.
    pub providers: BTreeMap<String, ProviderConfig>,
    /// What is required of requests.
    #[serde(default, skip_serializing_if = "PoliciesConfig::is_empty")]
    pub requirements: PoliciesConfig<RequirementConfig>,
}

impl JwtConfig {
    /// Whether nobody issues tokens.
    pub fn is_empty(&self) -> bool {
        self.providers.is_empty() && self.requirements.is_empty()
    }
}

/// Providers and requirements, compiled.
#[derive(Debug)]
pub struct Jwt {
    /// Providers, and what is known of their tokens.
    pub authorisation: Rc<Authorisation>,
    requirements: Policies<Requirement>,
}

impl Jwt {
    /// Compiles what is required on these routes.
    ///
    /// # Errors
    /// The first fault, with its path.
    pub fn compile(config: &JwtConfig, routes: &[Route]) -> Result<Self, ConfigError> {
        let authorisation =
            Authorisation::compile(&config.providers, true, jwt_authz::CACHED_TOKENS)?;
        let providers = authorisation.providers();
        let compile = |config: &_| Requirement::compile(config, providers);
        let requirements = Policies::compile(&config.requirements, routes, compile);
        Ok(Self {
            requirements: requirements.map_err(|error| error.within("requirements"))?,
            authorisation: Rc::new(authorisation),
        })
    }

    /// What is required of the requests of a route.
    pub fn requirement(&self, route: &Route) -> Option<&Requirement> {
        self.requirements.of(Some(route.index()))
    }
}
