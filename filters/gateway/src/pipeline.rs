//! The compiled pipeline.

use std::rc::Rc;

use filter_api::{ConfigError, Filter, Holding};
use function_router::{Route, Router};
use rate_limiter::RateLimiter;

use crate::config::Config;
use crate::cors::CorsPolicies;
use crate::exchange::PipelineExchange;
use crate::jwt::Jwt;
use crate::metrics::Metrics;
use crate::root::PipelineRoot;

/// All kernels, compiled.
#[derive(Debug)]
pub struct Pipeline {
    pub(crate) router: Router,
    pub(crate) cors: CorsPolicies,
    pub(crate) jwt: Jwt,
    pub(crate) limiter: Rc<RateLimiter>,
    /// The route that says whether the pipeline works.
    pub(crate) ready: Option<usize>,
    pub(crate) metrics: Metrics,
    holding: Holding,
}

impl Filter for Pipeline {
    const NAME: &'static str = "gateway";
    type Config = Config;
    type Exchange = PipelineExchange;
    type Root = PipelineRoot;

    fn compile(config: Config) -> Result<Self, ConfigError> {
        let router = Router::compile(&config.routes, config.stage_prefix.as_deref())?;
        let cors = CorsPolicies::compile(&config.cors, router.routes());
        let names = router.routes().iter().map(|route| {
            let destinations = route.destinations().iter();
            (route.name(), destinations.map(|to| &*to.name))
        });
        let jwt = Jwt::compile(&config.jwt, router.routes(), &config.routes)?;
        let ready = config.ready.as_ref().map(|name| {
            let mut routes = router.routes().iter();
            let ready = routes.rfind(|route| route.name() == name);
            let ready = ready.map(Route::index);
            ready.ok_or_else(|| ConfigError::new("ready", "must be the name of a route"))
        });
        let ready = ready.transpose()?;
        let asks_tokens =
            |route: Option<&Route>| route.is_some_and(|route| jwt.requirement(route).is_some());
        let limiter = RateLimiter::compile(&config.limits, &router, asks_tokens);
        let checked = jwt.check_limits(&config.limits, router.routes());
        let limiter = checked.and(limiter);
        let limiter = limiter.map_err(|error| error.within("limits"))?;
        Ok(Self {
            limiter: Rc::new(limiter),
            jwt,
            ready,
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

    fn root(self: &Rc<Self>) -> PipelineRoot {
        PipelineRoot::new(self)
    }
}
