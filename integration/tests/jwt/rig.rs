//! The module with keys of its configuration.

use integration::bootstrap::{DETAILS, FRONT, Proxy, wasm_filter};
use integration::client::{self, Client, Request, Response};
use integration::envoy::Envoy;
use integration::module;
use integration::upstream::{SeenRequest, Upstream};
use serde_json::{Value, json};

/// One worker, and one client.
pub struct Rig {
    pub envoy: Envoy,
    pub upstream: Upstream,
    pub client: Client,
}

impl Rig {
    pub async fn start(filters: &[(&str, &Value)], functions: &[&str]) -> Self {
        let upstream = Upstream::start().await;
        let access_log = "log %FILTER_STATE(wasm.headgate.claims:PLAIN)%\n";
        let mut proxy = Proxy::to(&upstream)
            .functions(functions.iter().map(|&function| function.to_owned()))
            .manager("access_log", json!([to_stdout(access_log)]))
            .refusals_with_details();
        for (name, config) in filters {
            proxy = proxy.filter(wasm_filter(name, &module(name), config, json!({})));
        }
        let launch = Envoy::launch(proxy.bootstrap())
            .concurrency(1)
            .arguments(["--file-flush-interval-msec", "10"]);
        let envoy = launch.start().await;
        let client = client::http1(envoy.listener(FRONT).await);
        Self {
            envoy,
            upstream,
            client,
        }
    }

    /// The status, and the reason of a refusal.
    pub async fn get(&self, path: &str, token: &str) -> (u16, Option<String>) {
        let request = Request::get(path).header("authorization", format!("Bearer {token}"));
        let response = self.client.send(request).await.unwrap();
        (response.status.as_u16(), reason(&response))
    }

    pub async fn counter(&self, name: &str) -> u64 {
        self.envoy.stat(&format!("wasmcustom.{name}")).await
    }

    pub fn last(&self) -> SeenRequest {
        self.upstream.last()
    }
}

fn to_stdout(format: &str) -> Value {
    json!({
        "name": "envoy.access_loggers.stdout",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
            "log_format": { "text_format_source": { "inline_string": format } },
        },
    })
}

/// Why a request was refused: what the log has of it, which the client is not told by itself.
pub fn reason(response: &Response) -> Option<String> {
    let details = response.headers.get(DETAILS)?;
    Some(details.to_str().unwrap().to_owned())
}
