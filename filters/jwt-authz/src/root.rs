//! What happens outside of requests: keys are fetched, the log says which are left out, and good tokens
//! are counted.

use std::rc::Rc;
use std::time::Duration;

use filter_api::{CalloutId, CalloutOutcome, HostError, Root, RootHost};

use crate::authorisation::Authorisation;
use crate::key_report;
use crate::provider::KeySource;
use crate::remote::{Remote, TICK};

/// How often good tokens are told to the host, where no keys are fetched.
const METRICS_TICK: filter_api::Duration = filter_api::Duration::from_secs(1);

/// The root of a filter that lets requests pass by their tokens.
#[derive(Debug)]
pub struct AuthorisationRoot(Rc<Authorisation>);

impl AuthorisationRoot {
    /// The root of the filter that has this.
    pub fn new(authorisation: &Rc<Authorisation>) -> Self {
        Self(Rc::clone(authorisation))
    }

    /// Those whose keys are fetched, by name.
    fn remotes(&self) -> impl Iterator<Item = (&str, &Remote)> {
        let providers = self.0.providers().iter();
        providers.filter_map(|provider| Some((&*provider.name, provider.remote()?)))
    }
}

/// When this Envoy began, as time since the Unix epoch: not with each configuration anew, or a push would
/// take a gateway out of service whose key server is down.
fn began(host: &mut dyn RootHost) -> Result<Duration, HostError> {
    const KEY: &str = "headgate.jwt.1.began";
    let now = host.unix_time();
    let known = host.shared(KEY)?.map(|known| known.value);
    if let Some(seconds) = known.and_then(|known| known.try_into().ok()) {
        return Ok(Duration::from_secs(u64::from_le_bytes(seconds)));
    }
    host.compare_and_swap(KEY, &now.as_secs().to_le_bytes(), 0)?;
    Ok(now)
}

impl Root for AuthorisationRoot {
    fn tick_period(&self) -> Option<filter_api::Duration> {
        let is_asked = self.0.providers().iter().next().is_some();
        match self.remotes().next() {
            Some(_) => Some(TICK),
            None => is_asked.then_some(METRICS_TICK),
        }
    }

    fn on_start(&mut self, host: &mut dyn RootHost) -> Result<(), HostError> {
        self.0.start(began(host)?);
        for provider in self.0.providers().iter() {
            let name = &provider.name;
            match &provider.keys {
                KeySource::Configured { keys, faults } => {
                    key_report::left_out(host, name, faults);
                    key_report::not_taken(host, name, keys);
                }
                KeySource::Fetched(remote) => remote.start(name, host)?,
            }
        }
        Ok(())
    }

    fn on_tick(&mut self, host: &mut dyn RootHost) -> Result<(), HostError> {
        self.0.tell_metrics(host);
        // Each of them, whatever goes wrong with another.
        let ticks = self.remotes().map(|(name, remote)| remote.tick(name, host));
        ticks.fold(Ok(()), Result::and)
    }

    fn on_callout(
        &mut self,
        host: &mut dyn RootHost,
        id: CalloutId,
        outcome: CalloutOutcome,
    ) -> Result<(), HostError> {
        match self.remotes().find(|(_, remote)| remote.awaits(id)) {
            Some((name, remote)) => remote.answered(name, host, outcome),
            None => Ok(()),
        }
    }
}
