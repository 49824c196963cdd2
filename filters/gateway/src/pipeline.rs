//! The compiled pipeline.

use std::rc::Rc;

use filter_api::{ConfigError, Filter, Holding, NoRoot};
use function_router::Router;

use crate::config::Config;
use crate::cors::CorsPolicies;
use crate::exchange::PipelineExchange;
use crate::metrics::Metrics;

/// All kernels, compiled.
#[derive(Debug)]
pub struct Pipeline {
    pub(crate) router: Router,
    pub(crate) cors: CorsPolicies,
    pub(crate) metrics: Metrics,
    holding: Holding,
}

impl Filter for Pipeline {
    const NAME: &'static str = "gateway";
    type Config = Config;
    type Exchange = PipelineExchange;
    type Root = NoRoot;

    fn compile(config: Config) -> Result<Self, ConfigError> {
        let router = Router::compile(&config.routes, config.stage_prefix.as_deref())?;
        let cors = CorsPolicies::compile(&config.cors, router.routes());
        let names = router.routes().iter().map(|route| {
            let destinations = route.destinations().iter();
            (route.name(), destinations.map(|to| &*to.name))
        });
        Ok(Self {
            cors: cors.map_err(|error| error.within("cors"))?,
            metrics: Metrics::new(names),
            router,
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
