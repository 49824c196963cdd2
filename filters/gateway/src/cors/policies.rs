//! The policies of a gateway, and which of them rules a request.

use filter_api::{ConfigError, HeaderList};
use function_router::{Denial, Request, Route, Router};

use super::{Cors, CorsConfig, CorsRequest, Readers};
use crate::policies::{Policies, PoliciesConfig};

/// The policies as they travel. The gateway's is that of requests that no route takes, too.
pub type CorsPoliciesConfig = PoliciesConfig<CorsConfig>;

/// The policies, compiled.
#[derive(Debug)]
pub struct CorsPolicies {
    policies: Policies<Cors>,
    /// Whether there is any.
    rules: bool,
}

impl CorsPolicies {
    /// Compiles the policies of these routes.
    ///
    /// # Errors
    /// The first fault, its path relative to the policies.
    pub fn compile(config: &CorsPoliciesConfig, routes: &[Route]) -> Result<Self, ConfigError> {
        Ok(Self {
            policies: Policies::compile(config, routes, Cors::compile)?,
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
        self.policies.of(route)
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
