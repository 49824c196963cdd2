//! Fetching keys, and learning of those that another thread has fetched.

use std::rc::Rc;

use filter_api::{Callout, CalloutId, CalloutOutcome, HostError, Level, RootHost};
use twox_hash::XxHash64;

use crate::key_report;
use crate::remote::answer::{self, Answer, MOST_BYTES, NoKeys};
use crate::remote::metrics::{FetchEnd, FetchMetrics};
use crate::remote::missing::Missing;
use crate::remote::slot::{GRACE, Lease, Slot};
use crate::remote::{Remote, State, schedule};

/// A fetch of this thread's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fetch {
    id: CalloutId,
    /// Of the lease.
    holder: u64,
    /// Which answer was there when it began.
    replaces: u32,
}

impl Remote {
    /// The filter starts: the record is made, and keys that are there already are taken. Nothing is
    /// fetched, for this thread may be one on which a configuration is but tried.
    ///
    /// # Errors
    /// When the host fails.
    pub(crate) fn start(&self, provider: &str, host: &mut dyn RootHost) -> Result<(), HostError> {
        let metrics = FetchMetrics::new(host, provider);
        let missing = Missing::new(host.random());
        let mut state = self.state.borrow_mut();
        state.metrics = Some(metrics);
        state.missing = missing;
        // Made before there is traffic: first writes cannot be told from each other.
        if host.shared(&self.slot_key)?.is_none() {
            host.compare_and_swap(&self.slot_key, &Slot::default().encode(), 0)?;
        }
        let (slot, _) = self.read(host)?;
        self.learn(&mut state, slot, provider, host)
    }

    /// Time went by: learns what other threads have learnt, and fetches when it is time.
    ///
    /// # Errors
    /// When the host fails.
    pub(crate) fn tick(&self, provider: &str, host: &mut dyn RootHost) -> Result<(), HostError> {
        let now = host.unix_time();
        let (slot, generation) = self.read(host)?;
        let mut state = self.state.borrow_mut();
        self.learn(&mut state, slot, provider, host)?;
        if let (Some(fetched_at), Some(metrics)) = (slot.fetched_at, &mut state.metrics) {
            metrics.show_age(host, now.saturating_sub(fetched_at));
        }
        if slot.is_being_fetched(now) {
            return Ok(());
        }
        let is_wanted = state.is_wanted && slot.may_be_wanted(now, self.fetch.cooldown.get());
        // What is there cannot be read, or is not there any more: then it is fetched anew.
        let is_damaged = state.version != slot.version && slot.failures == 0;
        let is_due = is_damaged || slot.is_due(now, schedule::longest(&self.fetch));
        if !is_wanted && !is_due {
            return Ok(());
        }
        let leased = Slot {
            lease: Some(Lease {
                holder: host.random(),
                until: now + self.fetch.timeout.get() + GRACE,
            }),
            wanted_at: if is_wanted { Some(now) } else { slot.wanted_at },
            ..slot
        };
        // Of several threads one writes.
        match host.compare_and_swap(&self.slot_key, &leased.encode(), generation)? {
            true => self.ask(&mut state, leased, provider, host),
            false => Ok(()),
        }
    }

    /// Whether this is the callout that fetches them.
    pub(crate) fn awaits(&self, id: CalloutId) -> bool {
        self.state
            .borrow()
            .fetch
            .is_some_and(|fetch| fetch.id == id)
    }

    /// The callout that fetches them ended.
    ///
    /// # Errors
    /// When the host fails.
    pub(crate) fn answered(
        &self,
        provider: &str,
        host: &mut dyn RootHost,
        outcome: CalloutOutcome,
    ) -> Result<(), HostError> {
        let mut state = self.state.borrow_mut();
        let Some(fetch) = state.fetch.take() else {
            return Ok(());
        };
        self.finish(&mut state, fetch, Answer::read(outcome), provider, host)
    }

    fn ask(
        &self,
        state: &mut State,
        slot: Slot,
        provider: &str,
        host: &mut dyn RootHost,
    ) -> Result<(), HostError> {
        state.slot = slot;
        let endpoint = &self.endpoint;
        let there = host.shared(&self.answer_key)?;
        let asked = host.dispatch(&Callout {
            cluster: &endpoint.cluster,
            headers: &[
                (":method", "GET"),
                (":scheme", endpoint.scheme),
                (":authority", &endpoint.authority),
                (":path", &endpoint.path),
                ("accept", "application/jwk-set+json, application/json"),
            ],
            body: b"",
            timeout: self.fetch.timeout.get(),
            max_response_bytes: MOST_BYTES,
        });
        let mut fetch = Fetch {
            id: CalloutId(0),
            holder: slot.lease.map_or(0, |lease| lease.holder),
            replaces: there.map_or(0, |there| there.generation),
        };
        match asked {
            Ok(id) => {
                fetch.id = id;
                state.fetch = Some(fetch);
                Ok(())
            }
            Err(error) => self.finish(state, fetch, Err(error.into()), provider, host),
        }
    }

    /// Tells all threads what came of a fetch, unless it took so long that the lease is somebody else's.
    fn finish(
        &self,
        state: &mut State,
        fetch: Fetch,
        answer: Result<Answer, NoKeys>,
        provider: &str,
        host: &mut dyn RootHost,
    ) -> Result<(), HostError> {
        let now = host.unix_time();
        let (slot, generation) = self.read(host)?;
        if slot.lease.is_none_or(|lease| lease.holder != fetch.holder) {
            return Ok(());
        }
        let (end, ended) = match &answer {
            Ok(answer) => {
                let Some(version) = self.keep(fetch, answer, host)? else {
                    return Ok(());
                };
                let refresh = schedule::refresh_in(&self.fetch, &answer.headers, host.random());
                let end = match version == slot.version {
                    true => FetchEnd::Unchanged,
                    false => FetchEnd::Fresh,
                };
                let ended = Slot {
                    fetched_at: Some(now),
                    next_at: Some(now + refresh),
                    version,
                    failures: 0,
                    ..slot
                };
                (end, ended)
            }
            Err(why) => {
                let url = &self.endpoint.url;
                let message = format!("provider {provider}: no keys from {url}: {why}");
                host.log(Level::Warn, &message);
                let failures = slot.failures.saturating_add(1);
                let pause = schedule::pause_after(failures, host.random());
                let ended = Slot {
                    next_at: Some(now + pause),
                    failures,
                    ..slot
                };
                (FetchEnd::Failed, ended)
            }
        };
        let ended = Slot {
            lease: None,
            ..ended
        };
        host.compare_and_swap(&self.slot_key, &ended.encode(), generation)?;
        if let (Ok(answer), FetchEnd::Fresh) = (&answer, end) {
            key_report::left_out(host, provider, &answer.faults);
            key_report::not_taken(host, provider, &answer.keys);
        }
        if let Some(metrics) = &state.metrics {
            metrics.count(host, end);
        }
        if let Ok(answer) = answer
            && state.version != ended.version
        {
            self.bring(state, answer.keys, ended.version);
        }
        self.learn(state, ended, provider, host)
    }

    /// Puts an answer where the others find it, and says which version of the keys it is; none if
    /// another thread has put one there meanwhile.
    fn keep(
        &self,
        fetch: Fetch,
        answer: &Answer,
        host: &mut dyn RootHost,
    ) -> Result<Option<u64>, HostError> {
        let there = host.shared(&self.answer_key)?;
        let version = XxHash64::oneshot(0, &answer.body).max(1);
        if there.is_some_and(|there| there.value == answer.body) {
            return Ok(Some(version));
        }
        let key = &self.answer_key;
        let is_written = host.compare_and_swap(key, &answer.body, fetch.replaces)?;
        // Of the same answer it is the same for whoever finds it, also where the record was not written.
        Ok(is_written.then_some(version))
    }

    /// Takes over what a record says.
    fn learn(
        &self,
        state: &mut State,
        slot: Slot,
        provider: &str,
        host: &mut dyn RootHost,
    ) -> Result<(), HostError> {
        if slot.version != 0 && state.version != slot.version {
            let there = host.shared(&self.answer_key)?;
            let there = there.map(|there| there.value).unwrap_or_default();
            match answer::set(&there) {
                Ok((keys, _)) => self.bring(state, keys, slot.version),
                Err(why) => {
                    let message =
                        format!("provider {provider}: keys that were kept are none: {why}");
                    host.log(Level::Error, &message);
                }
            }
        }
        if slot.has_ended_since(&state.slot) {
            // Whoever still misses a key says so again.
            state.is_wanted = false;
            host.wake_all();
        }
        state.slot = slot;
        Ok(())
    }

    /// Uses these keys from now on.
    fn bring(&self, state: &mut State, keys: crate::keys::Keys, version: u64) {
        let mut current = self.keys.borrow_mut();
        *current = Rc::new(keys.succeeding(&current));
        state.version = version;
        state.missing.clear();
    }
}
