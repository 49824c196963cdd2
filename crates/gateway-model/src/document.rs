//! The types of `gateway.yaml`. They are strict, and they are the only truth about the document's
//! shape; what concerns several parts of it at once is in `check`.

mod edge;
mod files;
mod limits;
mod matches;
mod provider;
mod route;
mod tls;
mod upstream;

use std::collections::BTreeMap;

use gateway::cors::CorsConfig;
use jwt_authz::RequirementConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

pub(crate) use edge::faults as edge_faults;
pub use edge::{
    Controller, Edge, EdgeError, EdgeTls, Entrance, Front, LoadBalancer, Scheme, Topology,
};
pub use files::NamedFile;
pub(crate) use files::provider_path;
pub use limits::{OnFailure, RateLimit, RateLimitService, RateLimiting, Share};
pub use matches::{Match, MatchError, Pattern};
pub(crate) use provider::remote;
pub use provider::{Learned, Provider, ProviderKeys, ProviderKeysError, RemoteKeys, SharedSecret};
pub use route::{Destination, Mirror, Route};
pub use tls::{Certificate, CertificateError, ListenerTls, UpstreamTls};
pub use upstream::{
    CircuitBreakers, Location, OutlierDetection, Protocol, Retries, RetryOn, Upstream,
    UpstreamError,
};

use crate::scalars::{BindAddress, Label, Port, ProviderName, UpstreamName};

/// What a gateway does: where it listens, what stands behind it, and which requests go where.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Gateway {
    /// The version of the document's language.
    #[serde(rename = "apiVersion")]
    pub api_version: ApiVersion,
    /// What the document describes.
    pub kind: Kind,
    /// What the gateway is called.
    #[serde(default)]
    pub metadata: Metadata,
    /// Where the gateway takes connections; at least one.
    pub listeners: Vec<Listener>,
    /// The services behind the gateway, by the names that routes call them.
    pub upstreams: BTreeMap<UpstreamName, Upstream>,
    /// Which requests go where; at least one. Of those that match a request the most specific takes
    /// it: by host, then by path, by method, by the number of conditions on header fields (the types
    /// of the body are one) and on query parameters; then the first in the document.
    pub routes: Vec<Route>,
    /// Which pages of other origins may read answers: for routes that do not say it themselves, and for
    /// requests that no route takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cors: Option<CorsConfig>,
    /// Who issues tokens (RFC 7519), by the names that requirements call them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub providers: BTreeMap<ProviderName, Provider>,
    /// What is required of the tokens of requests, on routes that do not say it themselves; nothing, if
    /// it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwt: Option<RequirementConfig>,
    /// How many requests may come, of all that come; routes and their destinations may have limits besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<RateLimit>,
    /// What holds for all limits: how clients are told, and who counts for all Envoys together.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rate_limiting: RateLimiting,
    /// What stands in front of the gateway.
    #[serde(default, skip_serializing_if = "is_default")]
    pub edge: Edge,
    /// Envoy's admin endpoint.
    #[serde(default)]
    pub admin: Admin,
    /// What others say of it. No document has it.
    #[serde(skip)]
    pub learned: Learned,
}

/// The version of the document's language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
pub enum ApiVersion {
    /// The first one; it may still change.
    #[serde(rename = "headgate.dev/v1alpha1")]
    V1Alpha1,
}

/// What a document describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
pub enum Kind {
    /// One gateway.
    Gateway,
}

/// What the gateway is called.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metadata {
    /// A DNS label (RFC 1123): `petstore`. `gateway` if it is not given.
    pub name: Label,
}

impl Default for Metadata {
    fn default() -> Self {
        Self {
            name: Label::gateway(),
        }
    }
}

/// A place where the gateway takes connections. To change it takes a restart.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// A DNS label (RFC 1123), such as `http`. Each listener has its own.
    pub name: Label,
    /// The port, 1 to 65535. Each listener has its own.
    pub port: Port,
    /// The IP address to listen on; `0.0.0.0`, which is every one of IPv4, if it is not given.
    #[serde(default, skip_serializing_if = "is_default")]
    pub address: BindAddress,
    /// TLS. Without it connections are in the clear: HTTP/1.1, or HTTP/2 of clients that know it
    /// beforehand.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    pub tls: Option<ListenerTls>,
    /// Sends every client to the same URL with https, at this port, which is the one that clients see:
    /// 443 behind a load balancer, whatever the port of the listener there. No route is asked. Of a
    /// listener without TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_to_https: Option<Port>,
}

/// Envoy's admin endpoint. It can stop and change the gateway, so it is only ever on the loopback
/// interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Admin {
    /// The port on 127.0.0.1; 9901 if it is not given.
    pub port: Port,
}

impl Default for Admin {
    fn default() -> Self {
        Self { port: Port::ADMIN }
    }
}

/// For fields that are left out when they say nothing.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// For fields that may be left out but not be left empty, as `tls:` alone could be meant either way.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// How a field that must be there could look.
pub(crate) fn example(field: &str) -> Option<&'static str> {
    let example = match field {
        "apiVersion" => "apiVersion: headgate.dev/v1alpha1",
        "kind" => "kind: Gateway",
        "listeners" => "listeners: [{ name: http, port: 8080 }]",
        "upstreams" => "upstreams: { pets: { http: \"pets:8080\" } }",
        "routes" => "routes: [{ match: { path: \"/pets/{id}\" }, to: [{ upstream: pets }] }]",
        "match" => "match: { path: \"/pets/{id}\", methods: [GET] }",
        "percent" => "percent: 10",
        "status" => "status: 200",
        "upstream" => "upstream: pets",
        "name" => "name: http",
        "port" => "port: 8080",
        "certificates" => "certificates: [{ certificate: tls/shop.crt, key: tls/shop.key }]",
        "certificate" => "certificate: tls/shop.crt",
        "key" => "key: tls/shop.key",
        "on" => "on: [connect-failure]",
        "service" => "service: \"pets.shop:8080\"",
        "claim" => "claim: sub",
        "keys" => "keys: { url: \"https://id.example.com/keys\" }",
        "algorithm" => "algorithm: HS256",
        "rate" => "rate: \"100/s\"",
        "grpc" => "grpc: \"ratelimit:8081\"",
        "ratelimit" => "ratelimit: {}",
        "origins" => "origins: [\"https://shop.example.com\"]",
        _ => return None,
    };
    Some(example)
}
