//! An Envoy with a filter between client and upstream.

use integration::bootstrap::{FRONT, Proxy, wasm_filter};
use integration::client::{self, Client, Request, Response};
use integration::envoy::Envoy;
use integration::module;
use integration::upstream::{Answer, SeenRequest, Upstream};
use serde_json::{Value, json};

const MAX_BODY: u32 = 256 * 1024;

/// The largest body that is taken, and one byte more.
pub const FITTING: u64 = MAX_BODY as u64;
pub const TOO_LARGE: u64 = FITTING + 1;

pub struct Rig {
    pub upstream: Upstream,
    pub envoy: Envoy,
    http1: Client,
    pub h2: Client,
}

impl Rig {
    async fn start(name: &str, holds_headers: bool, config: Value) -> Self {
        Self::start_proxy(name, holds_headers, config, |proxy| proxy).await
    }

    async fn start_proxy(
        name: &str,
        holds_headers: bool,
        mut config: Value,
        change: impl FnOnce(Proxy) -> Proxy,
    ) -> Self {
        config["holding"] = json!({ "allow_on_headers_stop_iteration": holds_headers });
        let plugin = json!({ "allow_on_headers_stop_iteration": holds_headers });
        let upstream = Upstream::start().await;
        let mut proxy = Proxy::to(&upstream)
            .filter(wasm_filter(name, &module(name), &config, plugin))
            .body_buffer_limit(MAX_BODY + 64 * 1024);
        if name == "gateway" {
            proxy = proxy.functions(["all".to_owned()]);
        }
        let envoy = Envoy::start(change(proxy).bootstrap()).await;
        let address = envoy.listener(FRONT).await;
        Self {
            upstream,
            envoy,
            http1: client::http1(address),
            h2: client::h2(address),
        }
    }

    pub async fn editor(holds_headers: bool) -> Self {
        let config = json!({ "max_body": format!("{MAX_BODY}B") });
        Self::start("body-editor", holds_headers, config).await
    }

    /// One whose upstream is spoken to over HTTP/1.1, where more of a response may come at once.
    pub async fn editor_over_http1(holds_headers: bool) -> Self {
        let config = json!({ "max_body": format!("{MAX_BODY}B") });
        Self::start_proxy("body-editor", holds_headers, config, Proxy::over_http1).await
    }

    pub async fn gateway() -> Self {
        let route =
            json!({ "name": "all", "match": { "prefix": "/" }, "to": [{ "function": "all" }] });
        Self::start("gateway", true, json!({ "routes": [route] })).await
    }

    pub fn clients(&self) -> [&Client; 2] {
        [&self.http1, &self.h2]
    }

    pub async fn send(&self, client: &Client, request: Request) -> (Response, SeenRequest) {
        let response = client.send(request).await.unwrap();
        let seen = self.upstream.last();
        if let Some(announced) = seen.headers.get("content-length") {
            assert_eq!(announced.to_str().unwrap(), seen.body_length.to_string());
        }
        (response, seen)
    }
}

pub fn is_problem(response: &Response, status: u16, reason: &str) {
    assert_eq!(response.status, status, "{response:?}");
    assert_eq!(response.headers["content-type"], "application/problem+json");
    assert_eq!(response.json()["reason"], reason);
    assert!(!response.headers.contains_key("x-of"), "{response:?}");
}

/// An answer that tells itself from the filter's.
pub fn upstreams_own() -> Answer {
    Answer::new(200)
        .header("x-of", "upstream")
        .header("content-type", "text/plain")
}
