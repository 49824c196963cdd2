//! The gateway that the tests send to.

use std::net::SocketAddr;

use envoy_render::Functions;
use integration::client::{self, Client, Request};
use integration::envoy::Envoy;
use integration::raw::{RawResponse, raw};
use integration::rendered::Rendered;
use integration::upstream::Upstream;

/// What neither side may ever see.
pub const INTERNAL: &str = filter_api::FUNCTION_HEADER;

/// A gateway with two upstreams.
pub struct Gateway {
    rendered: Rendered,
    document: String,
    envoy: Envoy,
    /// Where it listens.
    pub address: SocketAddr,
    /// What all routes but one lead to.
    pub upstream: Upstream,
    /// What `/other` alone leads to.
    pub other: Upstream,
}

impl Gateway {
    pub async fn start() -> Self {
        let upstream = Upstream::start().await;
        let other = Upstream::start().await;
        let document = document(&upstream, &other);
        let rendered = Rendered::document(&document);
        let envoy = rendered.start().await;
        Self {
            address: envoy.listener("http").await,
            rendered,
            document,
            envoy,
            upstream,
            other,
        }
    }

    /// Sends bytes as they are.
    pub async fn raw(&self, request: impl AsRef<[u8]>) -> RawResponse {
        let bytes = request.as_ref();
        let response = raw(self.address, bytes).await;
        response.unwrap_or_else(|failure| panic!("{failure}, to \"{}\"", bytes.escape_ascii()))
    }

    /// Sends a `GET` with header lines as they are, each with its line end.
    pub async fn get(&self, path: &str, lines: impl AsRef<[u8]>) -> RawResponse {
        let head = format!("GET {path} HTTP/1.1\r\nhost: a\r\n");
        let request = [head.as_bytes(), lines.as_ref(), b"\r\n"].concat();
        self.raw(request).await
    }

    pub fn http1(&self) -> Client {
        client::http1(self.address)
    }

    pub fn h2(&self) -> Client {
        client::h2(self.address)
    }

    /// The key of an upstream's function.
    pub fn key(&self, upstream: &str) -> String {
        let checked = gateway_model::read("gateway.yaml", self.document.as_bytes()).unwrap();
        let functions = Functions::of(&checked.document);
        let mut named = functions.iter();
        let function = named.find(|function| function.name.as_str() == upstream);
        function.unwrap().key.clone()
    }

    /// A good request works, and nothing has crashed. Returns Envoy's log.
    pub async fn stop(self) -> String {
        let good = self.http1().send(Request::get("/any/good")).await.unwrap();
        assert_eq!(good.status, 200);
        for seen in self.upstream.seen().into_iter().chain(self.other.seen()) {
            assert!(!seen.headers.contains_key(INTERNAL), "{seen:?}");
        }
        let log = self.envoy.stop().await;
        drop(self.rendered);
        log
    }
}

fn document(upstream: &Upstream, other: &Upstream) -> String {
    let (upstream, other) = (upstream.address(), other.address());
    format!(
        r#"
apiVersion: headgate.dev/v1alpha1
kind: Gateway
listeners: [{{ name: http, port: 1, address: "127.0.0.1" }}]
upstreams:
  one:   {{ http: "{upstream}" }}
  calls: {{ grpc: "{upstream}" }}
  two:   {{ http: "{other}" }}
routes:
  - {{ match: {{ prefix: /any }}, to: [{{ upstream: one }}] }}
  - {{ match: {{ path: "/pets/{{id}}", methods: [GET, PUT] }}, to: [{{ upstream: one }}] }}
  - {{ match: {{ hosts: [api.example.com], path: /host }}, to: [{{ upstream: one }}] }}
  - {{ match: {{ hosts: ["*.example.com"], path: /below }}, to: [{{ upstream: one }}] }}
  - {{ match: {{ hosts: ["[::1]"], path: /address }}, to: [{{ upstream: one }}] }}
  - {{ match: {{ grpc: stock.v1.Stock }}, to: [{{ upstream: calls }}] }}
  - {{ match: {{ path: /other }}, to: [{{ upstream: two }}] }}
"#
    )
}
