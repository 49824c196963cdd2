//! What is counted, by provider and reason.
//!
//! As everywhere in Headgate, labels are in a metric's name, each as `;label=value;`. Names come from the
//! configuration and the code alone, so there are only so many. A counter is made when it is first needed.

use std::collections::BTreeMap;

use filter_api::{CounterId, Metrics as Host};

/// Accepted tokens by provider.
pub(crate) const ACCEPTED: &str = "headgate_jwt_accepted_total";
/// Accepted tokens that were verified before, by provider.
pub(crate) const CACHED: &str = "headgate_jwt_cached_total";
/// Refused requests by reason, and by provider where one was asked.
pub(crate) const REFUSALS: &str = "headgate_jwt_refusals_total";

/// The counters of one thread.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    counters: BTreeMap<(&'static str, Option<usize>, &'static str), Option<CounterId>>,
}

impl Metrics {
    /// Adds one. `provider` is the index and the name; an empty `reason` is none.
    pub(crate) fn count<H: Host + ?Sized>(
        &mut self,
        host: &mut H,
        metric: &'static str,
        provider: Option<(usize, &str)>,
        reason: &'static str,
    ) {
        let key = (metric, provider.map(|(index, _)| index), reason);
        let counter = self.counters.entry(key).or_insert_with(|| {
            let mut name = metric.to_owned();
            if let Some((_, provider)) = provider {
                name += &format!(";provider={provider};");
            }
            if !reason.is_empty() {
                name += &format!(";reason={reason};");
            }
            // One that cannot be made costs no request.
            host.define_counter(&name).ok()
        });
        if let Some(counter) = counter {
            host.count(*counter, 1);
        }
    }
}
