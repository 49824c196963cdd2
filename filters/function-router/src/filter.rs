//! The router as a filter of its own, for Envoys whose route table somebody else writes.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use claims::{Claims, Said};
use filter_api::{
    ConfigError, Exchange, FUNCTION_HEADER, Fields, Filter, Flow, Holding, Host, HostError, NoRoot,
};

use crate::config::Config;
use crate::denial::Denial;
use crate::request::Request;
use crate::rewrite::Rewritten;
use crate::route::{Circumstances, Decision, Forward, Route};
use crate::router::Router;

/// The filter that names each request's function in [`FUNCTION_HEADER`].
#[derive(Debug)]
pub struct FunctionRouter {
    router: Router,
    holding: Holding,
}

impl Filter for FunctionRouter {
    const NAME: &'static str = "function-router";
    type Config = Config;
    type Exchange = RouterExchange;
    type Root = NoRoot;

    fn compile(config: Config) -> Result<Self, ConfigError> {
        Ok(Self {
            router: Router::compile(&config.routes, config.stage_prefix.as_deref())?,
            holding: config.holding,
        })
    }

    fn holding(&self) -> Holding {
        self.holding
    }

    fn exchange(self: &Rc<Self>) -> RouterExchange {
        RouterExchange {
            filter: Rc::clone(self),
            set_cookie: None,
        }
    }

    fn root(self: &Rc<Self>) -> NoRoot {
        NoRoot
    }
}

/// One request on its way to a function.
#[derive(Debug)]
pub struct RouterExchange {
    filter: Rc<FunctionRouter>,
    set_cookie: Option<String>,
}

impl Exchange for RouterExchange {
    fn on_request_headers(&mut self, host: &mut dyn Host, _: bool) -> Result<Flow, HostError> {
        let headers = host.request_headers()?;
        let router = &self.filter.router;
        let request = router.request(&headers);
        let decision = match router.route(&request) {
            Ok(route) => {
                let state = claims_of(route, host)?;
                let said = state
                    .iter()
                    .map(|(provider, claims)| Said { provider, claims });
                let said: Vec<Said<'_>> = said.collect();
                decide(route, &request, &said, host)
            }
            Err(denial) => Err(denial),
        };
        match decision {
            Ok(Decision::Forward(forward)) => {
                send(host, &request, &forward)?;
                self.set_cookie = forward.set_cookie;
                Ok(Flow::Continue)
            }
            Ok(Decision::Answer(reply)) => Ok(Flow::Reply(reply)),
            Err(denial) => Ok(Flow::refusal(&denial, &headers)),
        }
    }

    fn on_response_headers(&mut self, host: &mut dyn Host, _: bool) -> Result<Flow, HostError> {
        if let Some(set_cookie) = &self.set_cookie {
            host.add_field(Fields::ResponseHeaders, "set-cookie", set_cookie.as_bytes())?;
        }
        Ok(Flow::Continue)
    }
}

/// What the request's tokens say, by provider, as a filter in front of this one has left it, if the route asks.
fn claims_of(route: &Route, host: &mut dyn Host) -> Result<BTreeMap<String, Claims>, HostError> {
    if !route.asks_claims() {
        return Ok(BTreeMap::new());
    }
    claims::of_request(host)
}

/// What a route makes of a request whose tokens say this, on this host.
///
/// # Errors
/// As [`Route::decide`].
pub fn decide<'r>(
    route: &'r Route,
    request: &Request<'_>,
    said: &[Said<'_>],
    host: &mut dyn Host,
) -> Result<Decision<'r>, Denial> {
    let host = RefCell::new(host);
    route.decide(
        request,
        &mut Circumstances {
            said,
            random: &mut || host.borrow_mut().random(),
            spread: &mut || host.borrow_mut().spread(),
            // A client without an address is shared out at random, and so is one that cannot be told.
            client: &mut || host.borrow_mut().client_address().ok().flatten(),
        },
    )
}

/// Sends a request to its function. Writing the function's header makes Envoy resolve its route again,
/// so it comes last.
///
/// # Errors
/// When the host refuses an edit.
pub fn send(
    host: &mut dyn Host,
    request: &Request<'_>,
    forward: &Forward<'_>,
) -> Result<(), HostError> {
    let Rewritten {
        path,
        authority,
        method,
    } = &forward.rewritten;
    let mut set = |name, value: &[u8]| host.set_field(Fields::RequestHeaders, name, value);
    if let Some(method) = method {
        set(":method", method.as_bytes())?;
    }
    if let Some(authority) = authority {
        set(":authority", authority)?;
    }
    if let Some(path) = path {
        set(":path", path)?;
        // As Envoy's own rewrites do; the access log shows it. A client's own is taken off by Envoy.
        set("x-envoy-original-path", request.headers.path())?;
    }
    set(FUNCTION_HEADER, forward.destination.function.as_bytes())
}
