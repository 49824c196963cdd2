//! The policies of a gateway, and which of them rules a request.

use std::collections::BTreeMap;

use filter_api::{ConfigError, HeaderList, Reply};
use function_router::{Candidate, Denial, Mismatch, Request, Route, Router};
use serde::{Deserialize, Serialize};

use super::{Asked, Cors, CorsConfig, CorsRequest, Readers};

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

/// What becomes of a preflight.
#[derive(Debug)]
pub enum Preflight<'r> {
    /// It is about a request that this route takes, and answered by the policy in force there.
    Answered(&'r Route, Reply),
    /// It is about a request that no route takes.
    NoRoute(Denial),
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

    /// What becomes of a preflight. `None` for any other request, and where nobody has a policy for
    /// what is asked: then it is a request like any other.
    pub fn preflight<'r>(
        &self,
        router: &'r Router,
        request: &Request<'_>,
        cors_request: &CorsRequest<'_>,
    ) -> Option<Preflight<'r>> {
        let asked = cors_request.asked()?;
        let mut to_come = request.clone();
        to_come.method = asked.method;
        let mut candidates = router.candidates(&to_come).into_iter();
        let found = candidates.find(|candidate| could_take(candidate, asked));
        let Some(Candidate { route, .. }) = found else {
            self.gateway.as_ref()?;
            return router.route(&to_come).err().map(Preflight::NoRoute);
        };
        let cors = self.of(Some(route.index()))?;
        let reply = cors.answer(asked, &cors.readers(cors_request), route.methods());
        Some(Preflight::Answered(route, reply))
    }
}

/// Whether a route could take the request that a preflight asks about. It tells the method and the
/// names of header fields; their values nobody knows yet.
fn could_take(candidate: &Candidate<'_>, asked: &Asked<'_>) -> bool {
    match candidate.mismatch {
        None | Some(Mismatch::ContentType) => true,
        Some(Mismatch::Header(name)) => {
            let mut methods = candidate.route.methods().peekable();
            let any = methods.peek().is_none();
            asked.names(name) && (any || methods.any(|method| method.as_bytes() == asked.method))
        }
        Some(Mismatch::Query(_) | Mismatch::Method) => false,
    }
}
