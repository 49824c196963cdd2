//! Limits that cannot work, or not as they are meant.

use filter_api::ConfigError;
use function_router::Router;
use gateway::{unanswerable_limits, unanswerable_limits_of_all};
use jwt_authz::{Providers, RequirementConfig};
use rate_limiter::{LimitConfig, LimitsConfig, RateLimiter};

use super::Check;
use crate::document::{Gateway, RateLimit, Route};

/// Whose limits they are.
#[derive(Clone, Copy)]
enum Of<'d> {
    All,
    Route(&'d Route),
    Destination(&'d Route, usize),
}

impl Check<'_> {
    pub(super) fn limits(&mut self) {
        let gateway = self.gateway;
        self.limits_of("limits", &gateway.limits, Of::All);
        for (i, route) in gateway.routes.iter().enumerate() {
            let path = format!("routes[{i}]");
            self.limits_of(&format!("{path}.limits"), &route.limits, Of::Route(route));
            for (j, destination) in route.to.iter().enumerate() {
                let path = format!("{path}.to[{j}].limits");
                self.limits_of(&path, &destination.limits, Of::Destination(route, j));
            }
        }
    }

    /// What the pipeline's own constructor would refuse. Each limit is shown to it alone, since it stops at the
    /// first fault.
    fn limits_of(&mut self, path: &str, limits: &[RateLimit], of: Of<'_>) {
        let names = limits.iter().enumerate();
        let names = names.map(|(i, limit)| (format!("{path}[{i}].name"), limit.name()));
        self.duplicates(names, "tell them apart, each with a \"name\" of its own");
        for (i, limit) in limits.iter().enumerate() {
            let path = format!("{path}[{i}]");
            self.compiled_limit(&path, limit, of);
            self.engine(&format!("{path}.engine"), limit, of);
            let conditions = limit.when.iter().map(|when| ("when".to_owned(), when));
            let exempt = limit.exempt.iter();
            let exempt = exempt.map(|(name, one)| (format!("exempt[{name:?}]"), one));
            for (place, conditions) in conditions.chain(exempt) {
                self.claims_can_be(&format!("{path}.{place}.claims"), &conditions.claims);
            }
        }
    }

    fn compiled_limit(&mut self, path: &str, limit: &RateLimit, of: Of<'_>) {
        let replicas = self.gateway.most_replicas();
        let limits: Vec<LimitConfig> = vec![limit.shared(|_| replicas)];
        let mut config = LimitsConfig::default();
        let mut routes: &[Route] = &[];
        match of {
            Of::All => config.gateway = limits,
            Of::Route(route) => {
                config.routes.insert(route.name().into_owned(), limits);
                routes = std::slice::from_ref(route);
            }
            Of::Destination(route, at) => {
                let Some(destination) = route.to.get(at) else {
                    return;
                };
                let functions = [(destination.name().to_string(), limits)].into();
                let name = route.name().into_owned();
                config.functions.insert(name, functions);
                routes = std::slice::from_ref(route);
            }
        }
        let Ok(router) = router_of(routes) else {
            return; // told already
        };
        // What it asks of claims is held against requirements elsewhere.
        if let Err(error) = RateLimiter::compile(&config, &router, |_| true) {
            let within = error.path.split_once("[0]");
            let within = within.map_or("", |(_, within)| within);
            self.error(format!("{path}{within}"), error.problem);
        }
    }

    /// What the pipeline's own constructor would refuse of all limits together.
    pub(super) fn limits_of_all(&mut self) {
        let replicas = self.gateway.most_replicas();
        if let Err(error) = self.gateway.require_enough_for(replicas) {
            self.error(error.path, error.problem);
        }
    }

    /// Who is asked beyond this Envoy must be there, and asked.
    fn engine(&mut self, path: &str, limit: &RateLimit, of: Of<'_>) {
        if limit.engine.is_none() {
            return;
        }
        if self.gateway.rate_limiting.service.is_none() {
            let problem = "no service is there that holds it; add rate_limiting: { service: { grpc: \
                           \"ratelimit:8081\" } } beside \"routes\"";
            self.error(path, problem);
        }
        if let Of::Route(route) = of
            && route.to.is_empty()
        {
            let problem = "a service is asked only about requests that go to an upstream, and this route \
                           answers by itself; leave it out";
            self.error(path, problem);
        }
    }

    /// What limits ask of claims, as the pipeline's own constructor looks at it.
    pub(super) fn limited_by_claims(&mut self, providers: &Providers) {
        let gateway = self.gateway;
        let required = |route: &Route| -> Vec<String> {
            let required = route.jwt.as_ref().or(gateway.jwt.as_ref());
            let required = required.map(RequirementConfig::providers);
            let required = required.unwrap_or_default().into_iter();
            required.map(str::to_owned).collect()
        };
        let taking: Vec<_> = gateway
            .routes
            .iter()
            .map(|route| (route.name(), required(route)))
            .filter(|(_, required)| !required.is_empty())
            .collect();
        let taking: Vec<(&str, Vec<&str>)> = taking
            .iter()
            .map(|(name, required)| (&**name, required.iter().map(String::as_str).collect()))
            .collect();
        let faults = unanswerable_limits_of_all(&gateway.limits, &taking, providers);
        let mut faults: Vec<(String, _)> = faults
            .into_iter()
            .map(|fault| ("limits".to_owned(), fault))
            .collect();
        for (i, route) in gateway.routes.iter().enumerate() {
            let required = required(route);
            let required: Vec<&str> = required.iter().map(String::as_str).collect();
            let path = format!("routes[{i}].limits");
            let own = unanswerable_limits(&route.limits, &required, providers);
            faults.extend(own.into_iter().map(|fault| (path.clone(), fault)));
            for (j, destination) in route.to.iter().enumerate() {
                let path = format!("routes[{i}].to[{j}].limits");
                let own = unanswerable_limits(&destination.limits, &required, providers);
                faults.extend(own.into_iter().map(|fault| (path.clone(), fault)));
            }
        }
        for (path, fault) in faults {
            self.error(format!("{path}{}", fault.path), fault.problem);
        }
    }

    pub(super) fn unused_service(&mut self) {
        let gateway = self.gateway;
        if gateway.rate_limiting.service.is_some() && gateway.rate_limit_service().is_none() {
            let problem = "no limit asks this service; write engine: { ratelimit: {} } at those that it shall \
                           hold";
            self.warning("rate_limiting.service", problem);
        }
    }
}

/// What matches these routes. Where they send requests is nothing to limits but names.
fn router_of(routes: &[Route]) -> Result<Router, ConfigError> {
    let routes = routes.iter();
    let routes = routes.map(|route| route.to_config(|at, _| (format!("function-{at}"), false)));
    Router::compile(&routes.collect::<Vec<_>>(), None)
}

impl Gateway {
    /// Whether each limit lets something pass where there are so many Envoys at most, among which those are
    /// divided that all of them share.
    ///
    /// # Errors
    /// The first fault, with its path in the document.
    pub fn require_enough_for(&self, replicas: u32) -> Result<(), ConfigError> {
        let Ok(router) = router_of(&self.routes) else {
            return Ok(()); // no document that was read has such routes
        };
        self.limiter_of(&router, replicas).map(|_| ())
    }

    /// All limits as the pipeline compiles them, where there can be so many Envoys.
    ///
    /// # Errors
    /// The first fault, with its path in the document.
    pub fn limiter(&self, replicas: u32) -> Result<RateLimiter, ConfigError> {
        self.limiter_of(&router_of(&self.routes)?, replicas)
    }

    fn limiter_of(&self, router: &Router, replicas: u32) -> Result<RateLimiter, ConfigError> {
        let compiled = RateLimiter::compile(&self.limits_config(replicas), router, |_| true);
        compiled.map_err(|error| ConfigError::new(self.place_of(&error.path), error.problem))
    }

    /// Where the document has what the limits' constructor calls so.
    fn place_of(&self, path: &str) -> String {
        if let Some(within) = path.strip_prefix("gateway") {
            return format!("limits{within}");
        }
        for (i, route) in self.routes.iter().enumerate() {
            let name = route.name();
            if let Some(within) = path.strip_prefix(&format!("routes[{name:?}]")) {
                return format!("routes[{i}].limits{within}");
            }
            for (j, destination) in route.to.iter().enumerate() {
                let own = format!("functions[{name:?}][{:?}]", destination.name().as_str());
                if let Some(within) = path.strip_prefix(&own) {
                    return format!("routes[{i}].to[{j}].limits{within}");
                }
            }
        }
        "limits".to_owned()
    }
}
