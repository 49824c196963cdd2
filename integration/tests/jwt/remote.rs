//! The module with a server that keeps its keys, in an Envoy of two workers.

use integration::bootstrap::{FRONT, Proxy, wasm_filter};
use integration::client::{self, Client, Request};
use integration::envoy::Envoy;
use integration::module;
use integration::upstream::Upstream;
use integration::workers::clients_of_both_workers;
use serde_json::{Value, json};

use crate::key_server::KeyServer;
use crate::rig::reason;

/// The path of the set on the server.
pub const KEYS_PATH: &str = "/realms/pets/keys?format=jwk";

/// What the filter may hold of a body.
pub const MAX_HELD: u32 = 64 * 1024;

pub struct Remote {
    pub envoy: Envoy,
    pub upstream: Upstream,
    pub keys: KeyServer,
    pub http1: Client,
    pub h2: Client,
}

/// What Envoy does with a request whose headers are held: see `tests/holding/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    HeadersAlone,
    Everything,
}

/// A configuration with one provider, `corp`, and everything required of it.
pub fn config(fetch: &Value, holds: Holds) -> Value {
    let remote = json!({
        "cluster": "idp",
        "url": format!("http://id.example.com{KEYS_PATH}"),
        "fetch": fetch,
    });
    json!({
        "providers": { "corp": {
            "keys": { "remote": remote },
            "headers": [{ "name": "x-user", "claim": "sub" }],
        } },
        "rules": [{ "match": { "prefix": "/" }, "require": { "provider": "corp" } }],
        "holding": {
            "allow_on_headers_stop_iteration": holds == Holds::HeadersAlone,
            "max_held_bytes": format!("{MAX_HELD}B"),
        },
    })
}

impl Remote {
    pub async fn start(keys: KeyServer, fetch: Value) -> Self {
        Self::start_holding(keys, fetch, Holds::HeadersAlone).await
    }

    pub async fn start_holding(keys: KeyServer, fetch: Value, holds: Holds) -> Self {
        let plugin = json!({
            "allow_on_headers_stop_iteration": holds == Holds::HeadersAlone,
        });
        let module = module("jwt-authz");
        let filter = wasm_filter("jwt-authz", &module, &config(&fetch, holds), plugin);
        Self::start_with(keys, filter).await
    }

    pub async fn start_with(keys: KeyServer, filter: Value) -> Self {
        let upstream = Upstream::start().await;
        let proxy = Proxy::to(&upstream)
            .filter(filter)
            .cluster_on("idp", keys.port())
            .refusals_with_details()
            .body_buffer_limit(MAX_HELD + 64 * 1024);
        // Without a name Envoy reads no configuration from files.
        let named = ["--service-node", "gateway", "--service-cluster", "gateway"];
        let envoy = Envoy::launch(proxy.bootstrap()).arguments(named);
        let envoy = envoy.start().await;
        let address = envoy.listener(FRONT).await;
        Self {
            envoy,
            upstream,
            keys,
            http1: client::http1(address),
            h2: client::h2(address),
        }
    }

    /// A client of each worker.
    pub async fn workers(&self) -> Vec<Client> {
        clients_of_both_workers(&self.envoy, FRONT).await
    }

    /// How many fetches have ended so.
    pub async fn ended(&self, outcome: &str) -> u64 {
        self.envoy.stat(&counter(outcome)).await
    }

    /// Waits until so many have.
    pub async fn wait_for_ended(&self, outcome: &str, number: u64) {
        let at_least = |ended| ended >= number;
        self.envoy.wait_for_stat(&counter(outcome), at_least).await;
    }
}

fn counter(outcome: &str) -> String {
    format!("wasmcustom.headgate_jwt_key_fetches_total;provider=corp;;outcome={outcome};")
}

pub fn with_token(request: Request, token: &str) -> Request {
    request.header("authorization", format!("Bearer {token}"))
}

/// The status of `GET /` with a token, and the reason of a refusal.
pub async fn get(client: &Client, token: &str) -> (u16, Option<String>) {
    let response = client.send(with_token(Request::get("/"), token)).await;
    let response = response.unwrap();
    (response.status.as_u16(), reason(&response))
}

pub const PASSED: (u16, Option<String>) = (200, None);

pub fn refused(status: u16, reason: &str) -> (u16, Option<String>) {
    (status, Some(reason.to_owned()))
}
