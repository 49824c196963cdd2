//! Which tokens the requests of which route must have.

mod asked;
mod limited;

use std::collections::BTreeMap;
use std::rc::Rc;

use filter_api::ConfigError;
use function_router::{Route, RouteConfig};
use jwt_authz::{Authorisation, ProviderConfig, Requirement, RequirementConfig};
use rate_limiter::LimitsConfig;
use serde::{Deserialize, Serialize};

pub use asked::unanswerable;
pub use limited::{unanswerable_limits, unanswerable_limits_of_all};

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
        let jwt = Self {
            requirements,
            authorisation: Rc::new(authorisation),
        };
        for (index, (route, config)) in routes.iter().zip(configs).enumerate() {
            let faults = unanswerable(config, &jwt.required(route), jwt.authorisation.providers());
            if let Some(fault) = faults.into_iter().next() {
                return Err(fault.within(&format!("routes[{index}]")));
            }
        }
        Ok(jwt)
    }

    /// Checks what limits of these routes ask of tokens.
    ///
    /// # Errors
    /// The first fault, its path relative to the limits.
    pub fn check_limits(&self, config: &LimitsConfig, routes: &[Route]) -> Result<(), ConfigError> {
        let providers = self.authorisation.providers();
        let first = |faults: Vec<ConfigError>, place: &str| match faults.into_iter().next() {
            Some(fault) => Err(ConfigError::new(
                format!("{place}{}", fault.path),
                fault.problem,
            )),
            None => Ok(()),
        };
        let taking = routes
            .iter()
            .map(|route| (route.name(), self.required(route)));
        let taking: Vec<_> = taking
            .filter(|(_, required)| !required.is_empty())
            .collect();
        first(
            unanswerable_limits_of_all(&config.gateway, &taking, providers),
            "gateway",
        )?;
        let required = |name: &str| {
            let mut routes = routes.iter();
            let route = routes.find(|route| route.name() == name);
            route.map(|route| self.required(route)).unwrap_or_default()
        };
        for (name, limits) in &config.routes {
            let faults = unanswerable_limits(limits, &required(name), providers);
            first(faults, &format!("routes[{name:?}]"))?;
        }
        for (name, functions) in &config.functions {
            for (function, limits) in functions {
                let faults = unanswerable_limits(limits, &required(name), providers);
                first(faults, &format!("functions[{name:?}][{function:?}]"))?;
            }
        }
        Ok(())
    }

    /// The names of the providers whose tokens a route takes.
    fn required(&self, route: &Route) -> Vec<&str> {
        let providers = self.authorisation.providers();
        let required = self.requirement(route);
        let required = required.map(Requirement::providers).unwrap_or_default();
        let named = required.iter().filter_map(|index| providers.get(*index));
        named.map(|provider| &*provider.name).collect()
    }

    /// What is required of the requests of a route.
    pub fn requirement(&self, route: &Route) -> Option<&Requirement> {
        self.requirements.of(Some(route.index()))
    }
}
