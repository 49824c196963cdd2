//! Envoys of one document, with all that its limits need.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};

use envoy_render::RATE_LIMIT_SERVICE;
use integration::client::{Client, Request, Response};
use integration::gateway::{Gateway, document_with};
use integration::rate_limit_service::{RateLimitService, Redis};
use integration::rendered::Rendered;
use integration::upstream::Upstream;

/// What differs between documents, in YAML.
#[derive(Clone, Copy)]
pub struct Parts<'a> {
    /// Fields of `rate_limiting`, beside the service.
    pub rate_limiting: &'a str,
    /// Fields of the service, beside its place.
    pub service: &'a str,
    /// Further fields of the document.
    pub fields: &'a str,
    /// Routes, to the upstreams `pets` and `stock` (of gRPC), which are one.
    pub routes: &'a [&'a str],
}

/// A service that answers has so long, on a busy machine too.
pub const LONG: &str = "timeout: 10s";

/// One route for all.
pub const EVERYTHING: &[&str] = &["{ match: { prefix: / }, to: [{ upstream: pets }] }"];

/// All but the Envoys.
pub struct Shop {
    pub redis: Redis,
    pub service: RateLimitService,
    pub upstream: Upstream,
}

impl Shop {
    /// The service runs with the configuration that is rendered of the document.
    pub async fn open(parts: Parts<'_>) -> Self {
        let (redis, upstream) = (Redis::start().await, Upstream::start().await);
        // Its place is not in its own configuration.
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let rendered = Rendered::document(&document(parts, &upstream, anywhere));
        let configuration = fs::read_to_string(rendered.path(RATE_LIMIT_SERVICE)).unwrap();
        let service = RateLimitService::start(&redis, &configuration).await;
        Self {
            redis,
            service,
            upstream,
        }
    }

    /// An Envoy in front of it.
    pub async fn gateway(&self, parts: Parts<'_>) -> Gateway {
        let document = document(parts, &self.upstream, self.service.address());
        Gateway::of(Rendered::document(&document)).await
    }
}

fn document(parts: Parts<'_>, upstream: &Upstream, service: SocketAddr) -> String {
    let Parts {
        rate_limiting,
        service: more,
        fields,
        routes,
    } = parts;
    let upstream = upstream.address();
    document_with(
        &format!(
            "rate_limiting: {{ service: {{ grpc: \"{service}\", domain: shop, {more} }}, {rate_limiting} }}\n\
             {fields}"
        ),
        &[
            format!("pets: {{ http: \"{upstream}\" }}"),
            format!("stock: {{ grpc: \"{upstream}\" }}"),
        ],
        routes,
    )
}

/// A request of this user.
pub fn of_user(path: &str, user: &str) -> Request {
    Request::get(path).header("x-user", user)
}

/// The answer to a request.
pub async fn send(client: &Client, request: Request) -> Response {
    client.send(request).await.unwrap()
}

/// The statuses of so many requests of a user, one after the other.
pub async fn statuses(client: &Client, path: &str, user: &str, count: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..count {
        let answer = send(client, of_user(path, user)).await;
        statuses.push(answer.status.as_u16());
    }
    statuses
}
