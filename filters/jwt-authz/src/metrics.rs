//! What is counted, by provider and reason.
//!
//! As everywhere in Headgate, labels are in a metric's name, each as `;label=value;`. Names come from the
//! configuration and the code alone, so there are only so many. A counter is made when it is first needed.

use std::collections::BTreeMap;

use filter_api::{Metrics as Host, Tally};

/// Good tokens whose signature was looked at, by provider.
const VERIFIED: &str = "headgate_jwt_verified_total";
/// Good tokens that were verified before, by provider.
const CACHED: &str = "headgate_jwt_cached_total";
/// Refused requests by reason, and by provider where one was asked.
const REFUSALS: &str = "headgate_jwt_refusals_total";

/// The counters of one thread.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    /// By the provider's index.
    good: Vec<Good>,
    refusals: BTreeMap<(Option<usize>, &'static str), Tally>,
}

/// What is counted of a provider's good tokens.
#[derive(Debug, Clone, Default)]
struct Good {
    verified: Tally,
    cached: Tally,
}

impl Metrics {
    /// Counts a good token of a provider. The host learns of it by [`Metrics::tell`].
    pub(crate) fn count_good(&mut self, provider: usize, was_cached: bool) {
        if self.good.len() <= provider {
            self.good.resize(provider + 1, Good::default());
        }
        if let Some(Good { verified, cached }) = self.good.get_mut(provider) {
            let tally = if was_cached { cached } else { verified };
            tally.count();
        }
    }

    /// Tells the host what was counted since. `name` is a provider's.
    pub(crate) fn tell<'n, H: Host + ?Sized>(
        &self,
        host: &mut H,
        name: impl Fn(usize) -> Option<&'n str>,
    ) {
        for (index, Good { verified, cached }) in self.good.iter().enumerate() {
            for (metric, tally) in [(VERIFIED, verified), (CACHED, cached)] {
                if let Some(name) = name(index) {
                    tally.tell(host, || format!("{metric};provider={name};"));
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
        let tally = self.refusals.entry((index, reason)).or_default();
        tally.count();
        tally.tell(host, || match provider {
            Some((_, name)) => format!("{REFUSALS};provider={name};;reason={reason};"),
            None => format!("{REFUSALS};reason={reason};"),
        });
    }
}
