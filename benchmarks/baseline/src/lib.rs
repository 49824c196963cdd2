//! What others are measured against: a filter that does nothing, or names the same function for every
//! request. Nothing that names functions can cost less than that; nothing that looks at a request can
//! cost less than that and a look at its header fields.

use std::rc::Rc;

use filter_api::{
    ConfigError, Exchange, FUNCTION_HEADER, Fields, Filter, Flow, Host, HostError, NoRoot,
};
use serde::Deserialize;

/// The filter's configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The function of every request; without it nothing is done.
    function: Option<String>,
    /// Whether it takes the header fields first, all of them.
    #[serde(default)]
    looks: bool,
}

/// The filter.
#[derive(Debug)]
pub struct Baseline(Config);

impl Filter for Baseline {
    const NAME: &'static str = "baseline";
    type Config = Config;
    type Exchange = BaselineExchange;
    type Root = NoRoot;

    fn compile(config: Config) -> Result<Self, ConfigError> {
        Ok(Self(config))
    }

    fn exchange(self: &Rc<Self>) -> BaselineExchange {
        BaselineExchange {
            filter: Rc::clone(self),
        }
    }

    fn root(self: &Rc<Self>) -> NoRoot {
        NoRoot
    }
}

/// One request.
#[derive(Debug)]
pub struct BaselineExchange {
    filter: Rc<Baseline>,
}

impl Exchange for BaselineExchange {
    fn on_request_headers(&mut self, host: &mut dyn Host, _: bool) -> Result<Flow, HostError> {
        let Baseline(Config { function, looks }) = &*self.filter;
        if *looks {
            host.request_headers()?;
        }
        if let Some(function) = function {
            host.set_field(Fields::RequestHeaders, FUNCTION_HEADER, function.as_bytes())?;
        }
        Ok(Flow::Continue)
    }
}
