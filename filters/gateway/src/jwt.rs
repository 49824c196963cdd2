//! Which tokens the requests of which route must have.

mod asked;

use std::collections::BTreeMap;
use std::rc::Rc;

use filter_api::ConfigError;
use function_router::{Route, RouteConfig};
use jwt_authz::{Authorisation, ProviderConfig, Requirement, RequirementConfig};
use serde::{Deserialize, Serialize};

pub use asked::unanswerable;

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
    /// Compiles what is required on these routes, and checks what they ask in turn.
    ///
    /// # Errors
    /// The first fault, with its path.
    pub fn compile(
        config: &JwtConfig,
        routes: &[Route],
        configs: &[RouteConfig],
    ) -> Result<Self, ConfigError> {
        let within = |error: ConfigError| error.within("jwt");
        let authorisation =
            Authorisation::compile(&config.providers, true, jwt_authz::CACHED_TOKENS)
                .map_err(within)?;
        let providers = authorisation.providers();
        let compile = |config: &_| Requirement::compile(config, providers);
        let requirements = Policies::compile(&config.requirements, routes, compile);
        let requirements = requirements.map_err(|error| within(error.within("requirements")))?;
        for (index, (route, config)) in routes.iter().zip(configs).enumerate() {
            let required = requirements.of(Some(route.index()));
            let required = required.map(Requirement::providers).unwrap_or_default();
            let named = required.iter().filter_map(|index| providers.get(*index));
            let named: Vec<&str> = named.map(|provider| &*provider.name).collect();
            let faults = unanswerable(config, &named, providers);
            if let Some(fault) = faults.into_iter().next() {
                return Err(fault.within(&format!("routes[{index}]")));
            }
        }
        Ok(Self {
            requirements,
            authorisation: Rc::new(authorisation),
        })
    }

    /// What is required of the requests of a route.
    pub fn requirement(&self, route: &Route) -> Option<&Requirement> {
        self.requirements.of(Some(route.index()))
    }
}
