//! What is counted, by provider and reason.
//!
//! As everywhere in Headgate, labels are in a metric's name, each as `;label=value;`. Names come from the
//! configuration and the code alone, so there are only so many. A counter is made when it is first needed.

use std::collections::BTreeMap;

use filter_api::{CounterId, Metrics as Host};

/// Good tokens whose signature was looked at, by provider.
const VERIFIED: &str = "headgate_jwt_verified_total";
/// Good tokens that were verified before, by provider.
const CACHED: &str = "headgate_jwt_cached_total";
/// Refused requests by reason, and by provider where one was asked.
const REFUSALS: &str = "headgate_jwt_refusals_total";

/// A counter that is made when it is first needed. One that cannot be made costs no request.
type Counter = Option<Option<CounterId>>;

/// The counters of one thread.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    /// By the provider's index.
    good: Vec<Good>,
    refusals: BTreeMap<(Option<usize>, &'static str), Counter>,
}

/// What is counted of a provider's good tokens.
#[derive(Debug, Clone, Default)]
struct Good {
    verified: Tally,
    cached: Tally,
}

/// What was counted and is not told yet: telling it request by request is a twentieth of what a request
/// with a cached token costs beyond an Envoy without a module.
#[derive(Debug, Clone, Default)]
struct Tally {
    untold: u32,
    counter: Counter,
}

impl Metrics {
    /// Counts a good token of a provider. The host learns of it by [`Metrics::tell`].
    pub(crate) fn count_good(&mut self, provider: usize, was_cached: bool) {
        if self.good.len() <= provider {
            self.good.resize(provider + 1, Good::default());
        }
        if let Some(Good { verified, cached }) = self.good.get_mut(provider) {
            let tally = if was_cached { cached } else { verified };
            tally.untold = tally.untold.saturating_add(1);
        }
    }

    /// Tells the host what was counted since. `name` is a provider's.
    pub(crate) fn tell<'n, H: Host + ?Sized>(
        &mut self,
        host: &mut H,
        name: impl Fn(usize) -> Option<&'n str>,
    ) {
        for (index, Good { verified, cached }) in self.good.iter_mut().enumerate() {
            for (metric, tally) in [(VERIFIED, verified), (CACHED, cached)] {
                let untold = std::mem::take(&mut tally.untold);
                if let (Some(name), true) = (name(index), untold > 0) {
                    let whole = || format!("{metric};provider={name};");
                    count(host, &mut tally.counter, whole, untold);
                }
            }
        }
    }

    /// Counts a refusal, perhaps by what a provider's token is.
    pub(crate) fn count_refusal<H: Host + ?Sized>(
        &mut self,
        host: &mut H,
        provider: Option<(usize, &str)>,
        reason: &'static str,
    ) {
        let index = provider.map(|(index, _)| index);
        let counter = self.refusals.entry((index, reason)).or_default();
        let whole = || match provider {
            Some((_, name)) => format!("{REFUSALS};provider={name};;reason={reason};"),
            None => format!("{REFUSALS};reason={reason};"),
        };
        count(host, counter, whole, 1);
    }
}

fn count<H: Host + ?Sized>(
    host: &mut H,
    counter: &mut Counter,
    name: impl FnOnce() -> String,
    by: u32,
) {
    let counter = counter.get_or_insert_with(|| host.define_counter(&name()).ok());
    if let Some(counter) = counter {
        host.count(*counter, by);
    }
}
