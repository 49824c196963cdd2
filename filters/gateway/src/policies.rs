//! What holds for the gateway, and for single routes instead.

use std::collections::BTreeMap;

use filter_api::ConfigError;
use function_router::Route;
use serde::{Deserialize, Serialize};

/// Policies as they travel.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PoliciesConfig<C> {
    /// Of all routes that have none of their own.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub gateway: Option<C>,
    /// Of routes, by their names.
    #[serde(default = "BTreeMap::new", skip_serializing_if = "BTreeMap::is_empty")]
    pub routes: BTreeMap<String, C>,
}

impl<C> Default for PoliciesConfig<C> {
    fn default() -> Self {
        Self {
            gateway: None,
            routes: BTreeMap::new(),
        }
    }
}

impl<C> PoliciesConfig<C> {
    /// Whether there is no policy at all.
    pub fn is_empty(&self) -> bool {
        self.gateway.is_none() && self.routes.is_empty()
    }
}

/// Policies, compiled.
#[derive(Debug)]
pub struct Policies<P> {
    gateway: Option<P>,
    /// By the route's index.
    routes: Box<[Option<P>]>,
}

impl<P> Policies<P> {
    /// Compiles the policies of these routes.
    ///
    /// # Errors
    /// The first fault, its path relative to the policies.
    pub fn compile<C>(
        config: &PoliciesConfig<C>,
        routes: &[Route],
        compile: impl Fn(&C) -> Result<P, ConfigError>,
    ) -> Result<Self, ConfigError> {
        let compile =
            |config: &C, place: &str| compile(config).map_err(|error| error.within(place));
        let mut of_routes: Vec<Option<P>> = routes.iter().map(|_| None).collect();
        for (name, config) in &config.routes {
            let place = format!("routes[{name:?}]");
            let mut found = false;
            for (route, policy) in routes.iter().zip(&mut of_routes) {
                if route.name() == name {
                    *policy = Some(compile(config, &place)?);
                    found = true;
                }
            }
            if !found {
                return Err(ConfigError::new(place, "must be the name of a route"));
            }
        }
        let gateway = config.gateway.as_ref();
        let gateway = gateway.map(|config| compile(config, "gateway"));
        Ok(Self {
            gateway: gateway.transpose()?,
            routes: of_routes.into(),
        })
    }

    /// The policy of a route, or of requests that no route takes.
    pub fn of(&self, route: Option<usize>) -> Option<&P> {
        let own = route.and_then(|index| self.routes.get(index)?.as_ref());
        own.or(self.gateway.as_ref())
    }
}
