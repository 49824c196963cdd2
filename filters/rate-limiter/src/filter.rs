//! The limiter as a filter of its own, for Envoys whose route table somebody else writes.

use std::collections::BTreeMap;
use std::rc::Rc;

use claims::Said;
use filter_api::{ConfigError, Exchange, Fields, Filter, Flow, Host, HostError, is_preflight};
use function_router::{Denial, Request, RespondConfig, Route, RouteConfig, Router};

use crate::config::{Config, LimitedConfig, LimitsConfig};
use crate::facts::Facts;
use crate::ledger::Ledger;
use crate::limiter::RateLimiter;
use crate::root::RateLimiterRoot;

/// The filter that lets requests pass as long as they are within their limits.
#[derive(Debug)]
pub struct RateLimiterFilter {
    limiter: Rc<RateLimiter>,
    /// Which routes there are. It finds them, and sends nobody anywhere.
    router: Router,
    pass_preflights: bool,
}

impl Filter for RateLimiterFilter {
    const NAME: &'static str = "rate-limiter";
    type Config = Config;
    type Exchange = LimitedExchange;
    type Root = RateLimiterRoot;

    fn compile(config: Config) -> Result<Self, ConfigError> {
        let Config {
            answers,
            limits,
            routes,
            pass_preflights,
        } = config;
        let names: Vec<String> = routes.iter().map(|route| route.name.clone()).collect();
        let matched: Vec<RouteConfig> = routes.iter().map(matched).collect();
        let router = Router::compile(&matched, None)?;
        let mut by_name = BTreeMap::new();
        for (index, LimitedConfig { name, limits, .. }) in routes.into_iter().enumerate() {
            if by_name.insert(name.clone(), limits).is_some() {
                let problem = format!(
                    "must be another name than that of a route before it, found \"{name}\" again"
                );
                return Err(ConfigError::new(format!("routes[{index}].name"), problem));
            }
        }
        let limits = LimitsConfig {
            answers,
            gateway: limits,
            routes: by_name,
            functions: BTreeMap::new(),
        };
        // What tokens say, another filter has found out already.
        let limiter = RateLimiter::compile(&limits, &router, |_| true);
        let limiter = limiter.map_err(|error| placed(error, &names))?;
        if limiter.limits().is_empty() {
            let problem = "must hold a limit, in \"limits\" or in one of \"routes\"";
            return Err(ConfigError::new("", problem));
        }
        Ok(Self {
            limiter: Rc::new(limiter),
            router,
            pass_preflights,
        })
    }

    fn exchange(self: &Rc<Self>) -> LimitedExchange {
        LimitedExchange {
            filter: Rc::clone(self),
            ledger: Ledger::default(),
        }
    }

    fn root(self: &Rc<Self>) -> RateLimiterRoot {
        RateLimiterRoot::new(&self.limiter)
    }
}

/// A route of which nothing counts but what it matches.
fn matched(config: &LimitedConfig) -> RouteConfig {
    RouteConfig {
        name: config.name.clone(),
        matches: config.matches.clone(),
        respond: Some(RespondConfig {
            status: 200,
            content_type: None,
            body: None,
        }),
        ..RouteConfig::default()
    }
}

/// A fault in limits, at its place in the configuration of this filter.
fn placed(error: ConfigError, names: &[String]) -> ConfigError {
    let of_all = error.path.strip_prefix("gateway");
    let of_route = || {
        names.iter().enumerate().find_map(|(index, name)| {
            let rest = error.path.strip_prefix(&format!("routes[{name:?}]"))?;
            Some(format!("routes[{index}].limits{rest}"))
        })
    };
    let path = of_all
        .map(|rest| format!("limits{rest}"))
        .or_else(of_route)
        .unwrap_or_else(|| error.path.clone());
    ConfigError { path, ..error }
}

/// One request.
#[derive(Debug)]
pub struct LimitedExchange {
    filter: Rc<RateLimiterFilter>,
    ledger: Ledger,
}

impl LimitedExchange {
    /// Asks all limits of a request: nobody stands between those that need no identity and the others.
    fn ask(
        &mut self,
        host: &mut dyn Host,
        request: &Request<'_>,
        route: Option<&Route>,
    ) -> Result<Flow, HostError> {
        let (limiter, ledger) = (&self.filter.limiter, &mut self.ledger);
        let mut facts = Facts::new(request, route, &[]);
        if let Some(over) = limiter.ask_early(host, &mut facts, ledger)? {
            return Ok(Flow::refusal(&over, request.headers));
        }
        let state = match limiter.asks_claims(route) {
            true => claims::of_request(host)?,
            false => BTreeMap::new(),
        };
        let said = state
            .iter()
            .map(|(provider, claims)| Said { provider, claims });
        let said: Vec<Said<'_>> = said.collect();
        facts.said = &said;
        if let Some(over) = limiter.ask_late(host, &mut facts, None, ledger)? {
            return Ok(Flow::refusal(&over, request.headers));
        }
        Ok(match limiter.ask_service(host, ledger)? {
            Some(over) => Flow::refusal(&over, request.headers),
            None => Flow::Continue,
        })
    }
}

impl Exchange for LimitedExchange {
    fn on_request_headers(
        &mut self,
        host: &mut dyn Host,
        end_of_stream: bool,
    ) -> Result<Flow, HostError> {
        let filter = Rc::clone(&self.filter);
        let headers = host.request_headers()?;
        let left = filter.limiter.sanitise(host, &headers)?;
        let headers = left.map_or(headers, Rc::new);
        if filter.pass_preflights && is_preflight(&headers, end_of_stream) {
            return Ok(Flow::Continue);
        }
        let request = filter.router.request(&headers);
        if filter.router.routes().is_empty() {
            return self.ask(host, &request, None);
        }
        match filter.router.route(&request) {
            Ok(route) => self.ask(host, &request, Some(route)),
            // Whoever is behind this filter may read in it the path of a route, and of its limits.
            Err(denial @ (Denial::PathNotNormalised | Denial::PathTooLong)) => {
                Ok(Flow::refusal(&denial, &headers))
            }
            Err(_) => self.ask(host, &request, None),
        }
    }

    fn on_response_headers(&mut self, host: &mut dyn Host, _: bool) -> Result<Flow, HostError> {
        let limiter = &self.filter.limiter;
        if let Some(over) = limiter.hear_service(host, &mut self.ledger)? {
            return Ok(Flow::refusal(&over, &*host.request_headers()?));
        }
        for (name, value) in limiter.fields_told(&self.ledger) {
            host.set_field(Fields::ResponseHeaders, name, value.as_bytes())?;
        }
        Ok(Flow::Continue)
    }
}
