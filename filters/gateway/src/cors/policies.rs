//! The policies of a gateway, and which of them rules a request.

use std::collections::BTreeMap;

use filter_api::{ConfigError, HeaderList};
use function_router::{Denial, Request, Route, Router};
use serde::{Deserialize, Serialize};

use super::{Cors, CorsConfig, CorsRequest, Readers};

/// The policies as they travel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CorsPoliciesConfig {
    /// Of all routes that have none of their own, and of requests that no route takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<CorsConfig>,
    /// Of routes, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub routes: BTreeMap<String, CorsConfig>,
}

impl CorsPoliciesConfig {
    /// Whether there is no policy at all.
    pub fn is_empty(&self) -> bool {
        self.gateway.is_none() && self.routes.is_empty()
    }
}

/// The policies, compiled.
#[derive(Debug)]
pub struct CorsPolicies {
    gateway: Option<Cors>,
    /// By the route's index.
    routes: Box<[Option<Cors>]>,
    /// Whether there is any.
    rules: bool,
}

impl CorsPolicies {
    /// Compiles the policies of these routes.
    ///
    /// # Errors
    /// The first fault, its path relative to the policies.
    pub fn compile(config: &CorsPoliciesConfig, routes: &[Route]) -> Result<Self, ConfigError> {
        let compile = |config: &CorsConfig, place: &str| {
            Cors::compile(config).map_err(|error| error.within(place))
        };
        let mut of_routes: Vec<Option<Cors>> = routes.iter().map(|_| None).collect();
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
            rules: !config.is_empty(),
        })
    }

    /// What of a request concerns CORS: without any policy nothing.
    pub fn request<'a>(&self, headers: &'a HeaderList) -> CorsRequest<'a> {
        match self.rules {
            true => CorsRequest::of(headers),
            false => CorsRequest::default(),
        }
    }

    /// The policy of a route, or of requests that no route takes.
    pub fn of(&self, route: Option<usize>) -> Option<&Cors> {
        let own = route.and_then(|index| self.routes.get(index)?.as_ref());
        own.or(self.gateway.as_ref())
    }

    /// Who may read the answer to a request, where there is a policy.
    pub fn readers(&self, route: Option<usize>, request: &CorsRequest<'_>) -> Option<Readers> {
        self.of(route).map(|cors| cors.readers(request))
    }

    /// The route whose policy rules the answer to a request: the one that takes it; for a request of
    /// the wrong method or type, the most specific one of its host and path.
    pub fn ruling(
        &self,
        router: &Router,
        request: &Request<'_>,
        found: &Result<&Route, Denial>,
    ) -> Option<usize> {
        let route = match found {
            Ok(route) => Some(*route),
            Err(Denial::MethodNotAllowed { .. } | Denial::UnsupportedMediaType) if self.rules => {
                router.nearest(request)
            }
            Err(_) => None,
        };
        route.map(Route::index)
    }
}
