//! What happens outside of requests: what each kernel does there.

use filter_api::{CalloutId, CalloutOutcome, Duration, HostError, Root, RootHost};
use jwt_authz::AuthorisationRoot;
use rate_limiter::RateLimiterRoot;

use crate::pipeline::Pipeline;

/// The root of the pipeline.
#[derive(Debug)]
pub struct PipelineRoot {
    authorisation: AuthorisationRoot,
    limiter: RateLimiterRoot,
}

impl PipelineRoot {
    pub(crate) fn new(pipeline: &Pipeline) -> Self {
        Self {
            authorisation: AuthorisationRoot::new(&pipeline.jwt.authorisation),
            limiter: RateLimiterRoot::new(&pipeline.limiter),
        }
    }
}

impl Root for PipelineRoot {
    /// As often as the one that wants it most often; a kernel's tick more often than it asked does no harm.
    fn tick_period(&self) -> Option<Duration> {
        let periods = [self.authorisation.tick_period(), self.limiter.tick_period()];
        periods.into_iter().flatten().min()
    }

    fn on_start(&mut self, host: &mut dyn RootHost) -> Result<(), HostError> {
        self.authorisation.on_start(host)?;
        self.limiter.on_start(host)
    }

    fn on_tick(&mut self, host: &mut dyn RootHost) -> Result<(), HostError> {
        // Each of them, whatever goes wrong with the other.
        let authorised = self.authorisation.on_tick(host);
        self.limiter.on_tick(host).and(authorised)
    }

    fn on_callout(
        &mut self,
        host: &mut dyn RootHost,
        id: CalloutId,
        outcome: CalloutOutcome,
    ) -> Result<(), HostError> {
        self.authorisation.on_callout(host, id, outcome)
    }
}
