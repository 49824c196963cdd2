//! Threads of an Envoy, each with the filter in it.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails; no test needs all of it"
)]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use filter_api::{Direction, Exchange, Filter, Flow, Reply, Root, parse_config};
use filter_testing::{FakeHost, FakeRootHost, Message, World};
use rate_limiter::{LimitedExchange, RateLimiterFilter, RateLimiterRoot};
use serde_json::Value;

/// What all threads share.
#[derive(Clone, Default)]
pub struct Envoy(pub Rc<RefCell<World>>);

/// A thread, with a configuration.
pub struct Thread {
    pub envoy: Envoy,
    filter: Rc<RateLimiterFilter>,
    root: RateLimiterRoot,
}

/// A request that has passed the filter.
pub struct Passed {
    pub host: FakeHost,
    exchange: LimitedExchange,
}

impl Envoy {
    /// One that has been there for a day.
    pub fn new() -> Self {
        let envoy = Self::default();
        envoy.pass(Duration::from_secs(86_400));
        envoy
    }

    pub fn pass(&self, time: Duration) {
        self.0.borrow_mut().now += time;
    }

    pub fn thread(&self, config: &Value) -> Thread {
        let config = parse_config(config.to_string().as_bytes());
        let filter = config.and_then(RateLimiterFilter::compile);
        let filter = Rc::new(filter.unwrap_or_else(|error| panic!("{error}")));
        let mut root = filter.root();
        root.on_start(&mut self.root_host()).unwrap();
        Thread {
            envoy: self.clone(),
            filter,
            root,
        }
    }

    fn root_host(&self) -> FakeRootHost {
        FakeRootHost {
            world: Rc::clone(&self.0),
            wakes_all: false,
        }
    }

    /// How many values there are in shared data, and how many bytes.
    pub fn memory(&self) -> (usize, usize) {
        let world = self.0.borrow();
        let values = world.shared.iter();
        let bytes = values.map(|(key, shared)| key.len() + shared.value.len());
        (world.shared.len(), bytes.sum())
    }

    /// What is counted, behind the name of the metric.
    pub fn counted(&self) -> BTreeMap<String, u64> {
        let world = self.0.borrow();
        let counters = world.counters.iter().map(|(name, count)| {
            let labels = name.strip_prefix(rate_limiter::REQUESTS).unwrap();
            (labels.to_owned(), *count)
        });
        counters.collect()
    }

    /// The lines of the log since this was asked last.
    pub fn logged(&self) -> Vec<String> {
        let lines = std::mem::take(&mut self.0.borrow_mut().log);
        lines.into_iter().map(|(_, line)| line).collect()
    }
}

impl Thread {
    pub fn tick(&mut self) {
        self.root.on_tick(&mut self.envoy.root_host()).unwrap();
    }

    /// Time goes by, with a tick each second.
    pub fn live(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.envoy.pass(Duration::from_secs(1));
            self.tick();
        }
    }

    /// Sends a request.
    pub fn send(&self, headers: &[(&str, &str)]) -> Result<Passed, Reply> {
        let begin = [(":method", "GET"), (":authority", "a"), (":path", "/")];
        let fields = begin.iter().chain(headers);
        let request = Message {
            headers: fields
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
            ..Message::default()
        };
        self.send_on(FakeHost::new(Rc::clone(&self.envoy.0), request))
    }

    pub fn send_on(&self, mut host: FakeHost) -> Result<Passed, Reply> {
        let mut exchange = self.filter.exchange();
        match exchange.on_request_headers(&mut host, true).unwrap() {
            Flow::Continue => Ok(Passed { host, exchange }),
            Flow::Reply(reply) => Err(reply),
            Flow::Wait(_) => panic!("it waits"),
        }
    }

    /// Whether a request with this key passes.
    pub fn passes(&self, key: &str) -> bool {
        self.send(&[("x-key", key)]).is_ok()
    }
}

impl Passed {
    /// A field as the upstream sees it.
    pub fn forwarded(&self, name: &str) -> Option<String> {
        let mut fields = self.host.request.headers.iter();
        let field = fields.find(|(key, _)| key == name.as_bytes());
        field.map(|(_, value)| String::from_utf8(value.clone()).unwrap())
    }

    /// The answer of whoever is behind the filter, and what the filter makes of it.
    pub fn answered(mut self, headers: &[(&str, &str)]) -> Result<FakeHost, Reply> {
        self.host.phase = Direction::Response;
        let headers = headers.iter();
        self.host.response.headers = headers
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect();
        match self.exchange.on_response_headers(&mut self.host, true) {
            Ok(Flow::Continue) => Ok(self.host),
            Ok(Flow::Reply(reply)) => Err(reply),
            other => panic!("{other:?}"),
        }
    }
}
