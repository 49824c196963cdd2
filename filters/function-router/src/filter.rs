//! The router as a filter of its own, for Envoys whose route table somebody else writes.

use std::rc::Rc;

use filter_api::{
    Caller, ConfigError, Exchange, FUNCTION_HEADER, Fields, Filter, Flow, Holding, Host, HostError,
    NoRoot, Reply,
};

use crate::config::Config;
use crate::request::Request;
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
            router: Router::compile(&config.routes)?,
            holding: config.holding,
        })
    }

    fn holding(&self) -> Holding {
        self.holding
    }

    fn exchange(self: &Rc<Self>) -> RouterExchange {
        RouterExchange {
            filter: Rc::clone(self),
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
}

impl Exchange for RouterExchange {
    fn on_request_headers(&mut self, host: &mut dyn Host, _: bool) -> Result<Flow, HostError> {
        let headers = host.request_headers()?;
        let request = Request::of(&headers);
        let chosen = self
            .filter
            .router
            .route(&request)
            .and_then(|route| route.choose(&request, host.random()));
        match chosen {
            Ok(destination) => {
                let function = destination.function.as_bytes();
                host.set_field(Fields::RequestHeaders, FUNCTION_HEADER, function)?;
                Ok(Flow::Continue)
            }
            Err(denial) => Ok(Flow::Reply(Reply::refusal(&denial, Caller::of(&headers)))),
        }
    }
}
