//! A deployed gateway, and requests that are written out.

use std::net::{IpAddr, SocketAddr};

use envoy_render::READY_PATH;
use gateway_model::Entrance;
use integration::balancer::proxy_protocol;
use integration::envoy::Envoy;
use integration::raw::{RawFailure, RawResponse, raw};
use integration::rendered::Rendered;
use integration::upstream::{SeenRequest, Upstream};
use serde_json::Value;

/// The listener of a gateway that tells how it is.
pub const STATUS: &str = "headgate.status";

/// A gateway behind what `edge` says, with an upstream that takes every request.
pub struct Rig {
    pub upstream: Upstream,
    pub rendered: Rendered,
    pub envoy: Envoy,
}

impl Rig {
    /// With one listener, `http`.
    pub async fn new(edge: &str) -> Self {
        Self::with("[{ name: http, port: 8080 }]", edge).await
    }

    pub async fn with(listeners: &str, edge: &str) -> Self {
        let upstream = Upstream::start().await;
        let rendered = Rendered::deployed(&document(listeners, edge, upstream.address()));
        let envoy = rendered.start().await;
        Self {
            upstream,
            rendered,
            envoy,
        }
    }

    pub async fn listener(&self, name: &str) -> SocketAddr {
        let address = self.envoy.listener(name).await;
        SocketAddr::new(IpAddr::from([127, 0, 0, 1]), address.port())
    }

    /// What the upstream saw of a request for this path that begins with these bytes.
    pub async fn seen(&self, before: &[u8], path: &str, fields: &str) -> SeenRequest {
        let response = self.ask("http", before, path, fields).await.unwrap();
        assert_eq!(response.status, 200, "{path}");
        let seen = self.upstream.last();
        assert_eq!(seen.path, path);
        seen
    }

    /// Sends a GET behind these bytes, with these lines of fields.
    pub async fn ask(
        &self,
        listener: &str,
        before: &[u8],
        path: &str,
        fields: &str,
    ) -> Result<RawResponse, RawFailure> {
        let target = format!("GET {path}");
        self.send(listener, before, &target, fields).await
    }

    /// Sends a request line without its version behind these bytes.
    pub async fn send(
        &self,
        listener: &str,
        before: &[u8],
        request: &str,
        fields: &str,
    ) -> Result<RawResponse, RawFailure> {
        let host = match request.ends_with(READY_PATH) {
            true => Entrance::READY_HOST,
            false => "shop.example.com",
        };
        let head = format!("{request} HTTP/1.1\r\nhost: {host}\r\n{fields}\r\n");
        let bytes = [before, head.as_bytes()].concat();
        raw(self.listener(listener).await, bytes).await
    }

    /// Stops Envoy, and returns who the client of each path was, as the access log has it.
    pub async fn stop(self) -> Vec<(String, String)> {
        let log = self.envoy.stop().await;
        let lines = log
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines
            .filter_map(|line| {
                let field = |name: &str| Some(line.get(name)?.as_str()?.to_owned());
                Some((field("path")?, field("client")?))
            })
            .collect()
    }
}

pub fn document(listeners: &str, edge: &str, upstream: SocketAddr) -> String {
    format!(
        "apiVersion: headgate.dev/v1alpha1\nkind: Gateway\nlisteners: {listeners}\n\
         edge: {{ {edge} }}\nupstreams: {{ pets: {{ http: \"{upstream}\" }} }}\n\
         routes: [{{ match: {{ prefix: / }}, to: [{{ upstream: pets }}] }}]\n"
    )
}

/// The header that an NLB writes of a client.
pub fn from(client: &str) -> Vec<u8> {
    let to = match client.parse::<IpAddr>().unwrap() {
        IpAddr::V4(_) => "198.51.100.1:80",
        IpAddr::V6(_) => "[2001:db8::1]:80",
    };
    let client = SocketAddr::new(client.parse().unwrap(), 40_000);
    proxy_protocol::proxied(client, to.parse().unwrap(), None)
}

/// The values of a field, one for each line of it.
pub fn values(seen: &SeenRequest, name: &str) -> Vec<String> {
    let values = seen.headers.get_all(name).iter();
    values
        .map(|value| value.to_str().unwrap().to_owned())
        .collect()
}
