//! An Envoy with a filter that holds requests.

use std::time::Duration;

use integration::bootstrap::{FRONT, Proxy, wasm_filter};
use integration::client::{self, Client, Response};
use integration::envoy::Envoy;
use integration::module;
use integration::upstream::{Answer, Upstream};
use serde_json::{Value, json};

/// What the filter may hold of a body.
pub const MAX_HELD: u32 = 64 * 1024;

/// The cluster of the server that is asked.
pub const ASKED: &str = "asked";

/// What Envoy does with a request whose headers are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// It holds the headers, and goes on giving out the body: `allow_on_headers_stop_iteration`.
    HeadersAlone,
    /// It gives out nothing more, and stops reading from the client at some point: Envoy's default.
    Everything,
}

pub struct Rig {
    /// Where requests are for.
    pub upstream: Upstream,
    /// The server that is asked about them.
    pub asked: Upstream,
    pub envoy: Envoy,
    pub http1: Client,
    pub h2: Client,
}

impl Rig {
    /// `gatekeeper` with this configuration, to which cluster and holding are added. The server that it
    /// asks answers like this, from the first question on.
    pub async fn start(holds: Holds, config: Value, answer: Answer) -> Self {
        let asked = Upstream::start().await;
        asked.answer(answer);
        Self::start_asking(holds, config, asked).await
    }

    /// [`start`](Self::start) with a server that the test has prepared.
    pub async fn start_asking(holds: Holds, config: Value, asked: Upstream) -> Self {
        let port = asked.port();
        Self::start_asking_on(port, holds, config, asked).await
    }

    /// The filter asks on `port`, whoever listens there.
    pub async fn start_asking_on(
        port: u16,
        holds: Holds,
        mut config: Value,
        asked: Upstream,
    ) -> Self {
        let alone = holds == Holds::HeadersAlone;
        let holding = json!({
            "allow_on_headers_stop_iteration": alone,
            "max_held_bytes": format!("{MAX_HELD}B"),
        });
        config["holding"] = holding;
        if config.get("cluster").is_none() {
            config["cluster"] = ASKED.into();
        }
        let plugin = json!({ "allow_on_headers_stop_iteration": alone });
        let filter = wasm_filter("gatekeeper", &module("gatekeeper"), &config, plugin);
        let upstream = Upstream::start().await;
        let proxy = Proxy::to(&upstream).filter(filter).cluster_on(ASKED, port);
        Self::start_proxy(proxy, upstream, asked).await
    }

    pub async fn start_proxy(proxy: Proxy, upstream: Upstream, asked: Upstream) -> Self {
        let proxy = proxy.body_buffer_limit(MAX_HELD + 64 * 1024);
        let envoy = Envoy::start(proxy.bootstrap()).await;
        let address = envoy.listener(FRONT).await;
        Self {
            upstream,
            asked,
            envoy,
            http1: client::http1(address),
            h2: client::h2(address),
        }
    }

    /// Waits until Envoy has read so much from clients.
    pub async fn has_read(&self, bytes: u64) {
        let read = |read| read >= bytes;
        self.envoy
            .wait_for_stat("http.front.downstream_cx_rx_bytes_total", read)
            .await;
    }

    /// Nothing has reached the upstream, not even a connection.
    pub fn assert_untouched(&self) {
        assert_eq!(self.upstream.requests(), 0, "{:#?}", self.upstream.seen());
        assert_eq!(self.upstream.connections(), 0);
    }
}

/// The server lets pass.
pub fn lets_pass() -> Answer {
    Answer::new(200)
}

/// The server refuses.
pub fn refuses() -> Answer {
    Answer::new(401)
}

/// For waiting that the test itself ends.
pub const LONG: &str = "60s";

/// For waiting that ends by itself.
pub const SHORT: Duration = Duration::from_millis(300);

/// The refusal of a server that was asked.
pub fn is_denied(response: &Response) {
    is_problem(response, 403, "denied");
}

/// The refusal for want of an answer.
pub fn is_unanswered(response: &Response) {
    is_problem(response, 503, "no_answer");
    assert_eq!(response.headers["retry-after"], "1");
}

/// The refusal of more than may be held.
pub fn is_held_too_much(response: &Response) {
    is_problem(response, 503, "held_too_much");
    assert_eq!(response.headers["retry-after"], "1");
}

pub fn is_problem(response: &Response, status: u16, reason: &str) {
    assert_eq!(response.status, status, "{response:?}");
    assert_eq!(response.headers["content-type"], "application/problem+json");
    assert_eq!(response.json()["reason"], reason, "{response:?}");
    assert_eq!(response.json()["status"], status, "{response:?}");
}
