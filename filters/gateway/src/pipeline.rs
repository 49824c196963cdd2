//! The compiled pipeline.

use std::rc::Rc;

use filter_api::{ConfigError, Filter, Holding, NoRoot};
use function_router::Router;

use crate::config::Config;
use crate::exchange::PipelineExchange;

/// All kernels, compiled.
#[derive(Debug)]
pub struct Pipeline {
    pub(crate) router: Router,
    holding: Holding,
}

impl Filter for Pipeline {
    const NAME: &'static str = "gateway";
    type Config = Config;
    type Exchange = PipelineExchange;
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

    fn exchange(self: &Rc<Self>) -> PipelineExchange {
        PipelineExchange::new(Rc::clone(self))
    }

    fn root(self: &Rc<Self>) -> NoRoot {
        NoRoot
    }
}
