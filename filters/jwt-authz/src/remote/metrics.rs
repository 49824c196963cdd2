//! What is counted of fetches.

use std::time::Duration;

use filter_api::{CounterId, GaugeId, RootHost};

/// Fetches by provider and by what came of them.
const FETCHES: &str = "headgate_jwt_key_fetches_total";

/// How long ago a provider's keys came, or were found to be the same.
const AGE: &str = "headgate_jwt_keys_age_seconds";

/// What came of a fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FetchEnd {
    /// Keys that are not those before.
    Fresh,
    /// The same keys.
    Unchanged,
    /// None.
    Failed,
}

const ENDS: [(FetchEnd, &str); 3] = [
    (FetchEnd::Fresh, "fresh"),
    (FetchEnd::Unchanged, "unchanged"),
    (FetchEnd::Failed, "failed"),
];

/// The metrics of one provider on one thread. One that cannot be made costs nothing else.
#[derive(Debug)]
pub(crate) struct FetchMetrics {
    fetches: [(FetchEnd, Option<CounterId>); 3],
    age: String,
    /// Made when there are keys, so that nobody takes none for new ones.
    gauge: Option<GaugeId>,
    /// In seconds.
    shown: Option<u64>,
}

impl FetchMetrics {
    pub(crate) fn new(host: &mut dyn RootHost, provider: &str) -> Self {
        let counter = |(end, outcome)| {
            let name = format!("{FETCHES};provider={provider};;outcome={outcome};");
            (end, host.define_counter(&name).ok())
        };
        Self {
            fetches: ENDS.map(counter),
            age: format!("{AGE};provider={provider};"),
            gauge: None,
            shown: None,
        }
    }

    pub(crate) fn count(&self, host: &mut dyn RootHost, end: FetchEnd) {
        let counter = self.fetches.iter().find(|(of, _)| *of == end);
        if let Some((_, Some(counter))) = counter {
            host.count(*counter, 1);
        }
    }

    pub(crate) fn show_age(&mut self, host: &mut dyn RootHost, age: Duration) {
        let seconds = age.as_secs();
        if self.shown == Some(seconds) {
            return;
        }
        self.shown = Some(seconds);
        if self.gauge.is_none() {
            self.gauge = host.define_gauge(&self.age).ok();
        }
        if let Some(gauge) = self.gauge {
            host.set_gauge(gauge, seconds);
        }
    }
}
