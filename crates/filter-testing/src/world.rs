//! What the requests of one fake host share.

use std::collections::BTreeMap;
use std::time::Duration;

use filter_api::{
    Callout, CalloutId, CalloutOutcome, CalloutResponse, CounterId, GaugeId, HistogramId,
    HostError, Level, SharedValue, Spread,
};

use crate::case::{Answer, parse_fields};

/// What outlives a request: the clock, shared data, counters, the log.
#[derive(Debug, Default)]
pub struct World {
    /// Time since the Unix epoch.
    pub now: Duration,
    /// Where all its random numbers come from, so that cases can be written down.
    pub random: Spread,
    /// Shared data with generations.
    pub shared: BTreeMap<String, SharedValue>,
    /// Counters by name.
    pub counters: BTreeMap<String, u64>,
    /// What gauges show, by name.
    pub gauges: BTreeMap<String, u64>,
    /// What was recorded, by the histogram's name.
    pub histograms: BTreeMap<String, Vec<u64>>,
    /// Names of metrics by id.
    metrics: Vec<String>,
    /// How often each hostcall was made, by its name in the ABI. What a real host is not asked for, as
    /// for what the shell keeps, is not among them.
    pub hostcalls: BTreeMap<&'static str, u32>,
    /// Lines of the log.
    pub log: Vec<(Level, String)>,
    /// Callouts sent and not yet answered.
    callouts: Vec<(CalloutId, String, usize)>,
    next_callout: u32,
    /// Answers by cluster.
    pub answers: BTreeMap<String, Answer>,
}

impl World {
    /// A world in which callouts are answered so, by cluster; other clusters do not exist.
    pub fn answering(answers: BTreeMap<String, Answer>) -> Self {
        Self {
            answers,
            ..Self::default()
        }
    }

    pub(crate) fn random(&mut self) -> u64 {
        self.random.draw()
    }

    pub(crate) fn dispatch(&mut self, callout: &Callout<'_>) -> Result<CalloutId, HostError> {
        if !self.answers.contains_key(callout.cluster) {
            const BAD_ARGUMENT: u32 = 2;
            return Err(HostError::Refused {
                call: "proxy_http_call",
                status: BAD_ARGUMENT,
            });
        }
        self.next_callout += 1;
        let id = CalloutId(self.next_callout);
        self.callouts
            .push((id, callout.cluster.to_owned(), callout.max_response_bytes));
        Ok(id)
    }

    pub(crate) fn called(&mut self, hostcall: &'static str) {
        *self.hostcalls.entry(hostcall).or_default() += 1;
    }

    /// The outcome of the oldest callout that is open.
    pub fn answer_next(&mut self) -> Option<(CalloutId, CalloutOutcome)> {
        if self.callouts.is_empty() {
            return None;
        }
        let (id, cluster, max_bytes) = self.callouts.remove(0);
        let answer = self.answers.get(&cluster)?;
        if answer.body.len() > max_bytes {
            return Some((id, CalloutOutcome::TooLarge));
        }
        let mut headers = vec![(":status".to_owned(), answer.status.to_string())];
        headers.extend(parse_fields(&answer.headers));
        let response = CalloutResponse {
            headers: headers.into_iter().collect(),
            body: answer.body.clone().into_bytes(),
        };
        Some((id, CalloutOutcome::Response(response)))
    }

    pub(crate) fn swap(&mut self, key: &str, value: &[u8], generation: u32) -> bool {
        let current = self.shared.get(key).map_or(0, |shared| shared.generation);
        // As in Envoy: generation 0 always overwrites.
        if generation != 0 && generation != current {
            return false;
        }
        let value = SharedValue {
            value: value.to_vec(),
            generation: current + 1,
        };
        self.shared.insert(key.to_owned(), value);
        true
    }

    /// The id of a metric, which is the place of its name.
    pub(crate) fn define(&mut self, name: &str) -> u32 {
        let known = self.metrics.iter().position(|known| known == name);
        let index = known.unwrap_or_else(|| {
            self.metrics.push(name.to_owned());
            self.metrics.len() - 1
        });
        u32::try_from(index).expect("few metrics")
    }

    fn metric(&self, id: u32) -> String {
        let index = usize::try_from(id).expect("few metrics");
        let name = self.metrics.get(index);
        name.expect("the metric was defined").clone()
    }

    pub(crate) fn count(&mut self, counter: CounterId, by: u32) {
        let name = self.metric(counter.0);
        *self.counters.entry(name).or_default() += u64::from(by);
    }

    pub(crate) fn record(&mut self, histogram: HistogramId, value: u64) {
        let name = self.metric(histogram.0);
        self.histograms.entry(name).or_default().push(value);
    }

    pub(crate) fn set_gauge(&mut self, gauge: GaugeId, value: u64) {
        let name = self.metric(gauge.0);
        self.gauges.insert(name, value);
    }
}
