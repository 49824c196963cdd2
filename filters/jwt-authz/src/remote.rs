//! Keys that are fetched: once for all threads of a host, which learn of them from each other.
//!
//! What the threads share is in the host's shared data, by URL: a small record that says who fetches and
//! when keys came ([`slot`]), and the last good answer. Each thread looks at the record in its root's
//! ticks, reads the answer when it has changed, and fetches when it is time and nobody else does
//! ([`fetch`]). Requests do no more than say that they miss a key.

mod answer;
mod endpoint;
mod fetch;
mod metrics;
mod missing;
mod schedule;
mod slot;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use filter_api::{ConfigError, HostError, SharedData};

use crate::config::{FetchConfig, RemoteConfig};
use crate::denial::Denial;
use crate::keys::Keys;
use crate::remote::endpoint::Endpoint;
use crate::remote::fetch::Fetch;
use crate::remote::metrics::FetchMetrics;
use crate::remote::missing::Missing;
use crate::remote::slot::{LONGEST_FETCH, Slot};

/// How often a thread looks what the others have learnt.
pub(crate) const TICK: filter_api::Duration = filter_api::Duration::from_millis(100);

/// For so many cooldowns a key that a fetch has not brought is reason for no other fetch.
const COOLDOWNS_MISSING: u32 = 3;

/// Keys that are fetched, as one thread knows them.
#[derive(Debug)]
pub(crate) struct Remote {
    endpoint: Endpoint,
    fetch: FetchConfig,
    /// Where the record is, and where the answer, in the host's shared data.
    slot_key: String,
    answer_key: String,
    keys: RefCell<Rc<Keys>>,
    state: RefCell<State>,
}

/// What one thread knows beside the keys.
#[derive(Debug)]
struct State {
    /// The record as it was at the last tick.
    slot: Slot,
    /// Of the keys in use; 0 while there are none.
    version: u64,
    /// A request misses a key, and may.
    is_wanted: bool,
    missing: Missing,
    /// What this thread fetches.
    fetch: Option<Fetch>,
    /// Made when the filter starts.
    metrics: Option<FetchMetrics>,
}

impl Remote {
    /// Checks where keys are and when they are fetched.
    pub(crate) fn compile(config: &RemoteConfig) -> Result<Self, ConfigError> {
        check(&config.fetch).map_err(|error| error.within("fetch"))?;
        let endpoint = Endpoint::compile(config)?;
        // The cluster says by which authorities the server is known: what came under others is not trusted.
        let source = format!("{} {}", config.cluster, endpoint.url);
        Ok(Self {
            // The number changes with what is kept there, since modules of several ages may share it.
            slot_key: format!("headgate.jwt.1.slot.{source}"),
            answer_key: format!("headgate.jwt.1.keys.{source}"),
            endpoint,
            fetch: config.fetch.clone(),
            keys: RefCell::default(),
            state: RefCell::new(State {
                slot: Slot::default(),
                version: 0,
                is_wanted: false,
                missing: Missing::new(0),
                fetch: None,
                metrics: None,
            }),
        })
    }

    /// The keys that came last; none while none have.
    pub(crate) fn keys(&self) -> Rc<Keys> {
        Rc::clone(&self.keys.borrow())
    }

    /// How long a request waits for keys.
    pub(crate) fn longest_wait(&self) -> Duration {
        self.fetch.wait.get()
    }

    /// What is to be said of a token that is by none of the keys: that keys have to come first, if one of
    /// them may be its own, and otherwise this. `since` is when its request began to wait, if it does.
    pub(crate) fn doubt(
        &self,
        denial: Denial,
        kid: Option<&str>,
        since: Option<Duration>,
        now: Duration,
        host: &mut dyn SharedData,
    ) -> Denial {
        let keys = self.keys.borrow();
        let mut state = self.state.borrow_mut();
        let is_lacking = keys.lack(kid);
        let has_answered = since.is_some_and(|since| state.slot.has_answered(since));
        if keys.is_empty()
            || (is_lacking && !has_answered && self.may_bring(&mut state, kid, now))
            || self.is_behind(&state, host)
        {
            return Denial::KeysUnavailable;
        }
        // A token without a name is any key's, and the next one's may have come.
        if let (true, Some(kid)) = (is_lacking && has_answered, kid) {
            let a_while = self.fetch.cooldown.get().saturating_mul(COOLDOWNS_MISSING);
            state.missing.remember(kid, now, a_while);
        }
        denial
    }

    /// Whether a fetch may bring a key: one that has begun, or one that is to come. Says that it is
    /// wanted.
    fn may_bring(&self, state: &mut State, kid: Option<&str>, now: Duration) -> bool {
        if kid.is_some_and(|kid| state.missing.knows(kid, now)) {
            return false;
        }
        let slot = state.slot;
        let may_be_wanted = slot.may_be_wanted(now, self.fetch.cooldown.get());
        state.is_wanted |= may_be_wanted;
        // After a fetch that failed there is another one soon.
        may_be_wanted || slot.is_being_fetched(now) || slot.failures > 0
    }

    /// Whether another thread has keys that this one takes at its next tick.
    fn is_behind(&self, state: &State, host: &mut dyn SharedData) -> bool {
        let there = self.read(host);
        there.is_ok_and(|(slot, _)| slot.version != 0 && slot.version != state.version)
    }

    /// The record, and its generation.
    fn read<H: SharedData + ?Sized>(&self, host: &mut H) -> Result<(Slot, u32), HostError> {
        let shared = host.shared(&self.slot_key)?;
        Ok(shared.map_or((Slot::default(), 0), |shared| {
            (Slot::decode(&shared.value), shared.generation)
        }))
    }
}

fn check(fetch: &FetchConfig) -> Result<(), ConfigError> {
    let FetchConfig {
        min_refresh,
        max_refresh,
        timeout,
        cooldown,
        ..
    } = fetch;
    for (place, value) in [
        ("min_refresh", min_refresh),
        ("timeout", timeout),
        ("cooldown", cooldown),
    ] {
        if value.get().is_zero() {
            return Err(ConfigError::new(place, "must be longer than 0s"));
        }
    }
    if min_refresh > max_refresh {
        let problem =
            format!("must not be longer than max_refresh, {max_refresh}, found {min_refresh}");
        return Err(ConfigError::new("min_refresh", problem));
    }
    if timeout.get() > LONGEST_FETCH {
        let problem = format!("must not be longer than 1m, found {timeout}");
        return Err(ConfigError::new("timeout", problem));
    }
    Ok(())
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod properties;
