//! Services behind the gateway.

mod location;
mod protection;
mod retries;

use filter_api::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::limits::RateLimitService;
use super::tls::UpstreamTls;
use super::{is_default, present};
use crate::scalars::{Address, FileName, Period, Url, WholePercent};

pub use location::Location;
pub use protection::{CircuitBreakers, OutlierDetection};
pub use retries::{Retries, RetryOn};

/// A service behind the gateway, and how to call it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct Upstream {
    /// What it speaks.
    pub protocol: Protocol,
    /// Where it is.
    pub location: Location,
    /// How it is called over TLS, if it is.
    pub tls: Option<UpstreamTls>,
    /// Whether and when a request is tried again.
    pub retries: Option<Retries>,
    /// How much it may be asked to bear at once.
    pub circuit_breakers: CircuitBreakers,
    /// When an address of it is left out.
    pub outlier_detection: Option<OutlierDetection>,
    connect_timeout: Option<Period>,
    timeout: Option<Duration>,
    idle_timeout: Option<Duration>,
}

/// What an upstream speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    Http,
    /// HTTP/2, known beforehand (RFC 9113 section 3.3) or agreed on in TLS (ALPN).
    Http2,
    /// HTTP/1.1, whose connections may be upgraded to WebSocket (RFC 6455).
    WebSocket,
    /// gRPC, which is HTTP/2.
    Grpc,
}

impl Protocol {
    /// Whether it is a form of HTTP/2.
    pub const fn is_http2(self) -> bool {
        matches!(self, Self::Http2 | Self::Grpc)
    }
}

impl Upstream {
    /// How long it may take until there is a connection, TLS included; 5 s if it is not given.
    pub fn connect_timeout(&self) -> Period {
        self.connect_timeout.unwrap_or(Period::from_secs(5))
    }

    /// How long a whole exchange may take, from the end of the request to the end of the response;
    /// zero means as long as it likes. Not given, it is 15 s as Envoy has it, and zero for gRPC and
    /// WebSocket, whose streams have no usual length.
    pub fn timeout(&self) -> Duration {
        self.timeout.unwrap_or(match self.protocol {
            Protocol::Http | Protocol::Http2 => Duration::from_secs(15),
            Protocol::WebSocket | Protocol::Grpc => Duration::from_secs(0),
        })
    }

    /// How long nothing may happen in either direction; zero means as long as it likes. Not given,
    /// it is five minutes as Envoy has it, and an hour for gRPC and WebSocket: their timeout sets no
    /// bound, so this one is what ends a stream whose client has silently gone.
    pub fn idle_timeout(&self) -> Duration {
        self.idle_timeout.unwrap_or(match self.protocol {
            Protocol::Http | Protocol::Http2 => Duration::from_secs(5 * 60),
            Protocol::WebSocket | Protocol::Grpc => Duration::from_secs(60 * 60),
        })
    }

    /// How many percent of the requests under way may be retries; 20 if it is not given.
    pub fn retry_budget(&self) -> WholePercent {
        let budget = self.retries.as_ref().and_then(|retries| retries.budget);
        budget.unwrap_or(WholePercent::of(20))
    }

    /// Where it is called.
    pub fn address(&self) -> Address {
        self.location.address()
    }

    /// A server of keys, which is called over HTTP/1.1 and as is usual.
    pub fn of_keys(url: &Url, ca: Option<FileName>) -> Self {
        Self {
            protocol: Protocol::Http,
            location: Location::Address(url.address().clone()),
            tls: url.is_https().then(|| UpstreamTls::trusting(ca)),
            retries: None,
            circuit_breakers: CircuitBreakers::default(),
            outlier_detection: None,
            connect_timeout: None,
            timeout: None,
            idle_timeout: None,
        }
    }

    /// A rate-limit service, which is called as any other.
    pub fn of_rate_limits(service: &RateLimitService) -> Self {
        Self {
            protocol: Protocol::Grpc,
            location: service.grpc.clone(),
            tls: service.tls.clone(),
            retries: None,
            circuit_breakers: CircuitBreakers::default(),
            outlier_detection: None,
            connect_timeout: None,
            timeout: None,
            idle_timeout: None,
        }
    }

    /// Calls it at another address. Over TLS it stays who it is: the name that it must prove to be is
    /// the one of the document.
    pub fn move_to(&mut self, address: Address) {
        if let Some(tls) = &mut self.tls {
            tls.stay(&self.location.address().host);
        }
        self.location = Location::Address(address);
    }
}

/// An upstream as the document writes it.
#[derive(Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
#[schemars(
    rename = "UpstreamFields",
    extend("oneOf" = [{ "required": ["http"] }, { "required": ["grpc"] }])
)]
struct Fields {
    /// The host and port of a service that speaks HTTP/1.1: `pets:8080`, or `{ service: pets.shop:8080 }`
    /// for one of Kubernetes. An upstream has either `http` or `grpc`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    http: Option<Location>,
    /// The host and port of a service that speaks gRPC, which is HTTP/2: `stock:9000`, or
    /// `{ service: stock.shop:9000 }`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    grpc: Option<Location>,
    /// Whether an `http` upstream is called over HTTP/2: without TLS it must know that beforehand.
    #[serde(default, skip_serializing_if = "is_default")]
    http2: bool,
    /// Whether connections may be upgraded to WebSocket.
    #[serde(default, skip_serializing_if = "is_default")]
    websocket: bool,
    /// TLS to the upstream: `{}` for all that is usual. Without TLS, if it is not given.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    tls: Option<UpstreamTls>,
    /// How long it may take until there is a connection; 5 s if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    connect_timeout: Option<Period>,
    /// How long a whole exchange may take: `2s`, `1m30s`; `0s` means as long as it likes. 15 s if it
    /// is not given; for `grpc` and `websocket` as long as it likes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timeout: Option<Duration>,
    /// How long nothing may happen in either direction; `0s` means as long as it likes. 5 m if it is
    /// not given; for `grpc` and `websocket` 1 h.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    idle_timeout: Option<Duration>,
    /// Whether and when a request is tried again; never, if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retries: Option<Retries>,
    /// How much the upstream may be asked to bear at once.
    #[serde(default, skip_serializing_if = "is_default")]
    circuit_breakers: CircuitBreakers,
    /// When an address of the upstream is left out because of how it answers: `{}` for what is usual.
    /// Never, if it is not given.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    outlier_detection: Option<OutlierDetection>,
}

/// Why the fields of an upstream do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    /// Nowhere to go.
    #[error(
        "expected one of \"http\" and \"grpc\", found neither; write such as http: \"pets:8080\""
    )]
    NoAddress,
    /// Two ways to go.
    #[error("expected one of \"http\" and \"grpc\", found both; make two upstreams of them")]
    TwoAddresses,
    /// gRPC is not upgraded.
    #[error("\"websocket\" is for \"http\" upstreams, found it with \"grpc\"; leave it out")]
    WebSocketOverGrpc,
    /// gRPC is HTTP/2 as it is.
    #[error(
        "\"http2\" is for \"http\" upstreams, found it with \"grpc\", which always is HTTP/2; leave \
         it out"
    )]
    Http2OverGrpc,
    /// Servers that take upgrades within HTTP/2 (RFC 8441) are rare; the others would fail each one.
    #[error(
        "\"websocket\" needs HTTP/1.1, found it with \"http2\"; leave one out, or make two upstreams \
         of them"
    )]
    WebSocketOverHttp2,
}

impl TryFrom<Fields> for Upstream {
    type Error = UpstreamError;

    fn try_from(fields: Fields) -> Result<Self, UpstreamError> {
        let location = match (&fields.http, &fields.grpc) {
            (None, None) => return Err(UpstreamError::NoAddress),
            (Some(_), Some(_)) => return Err(UpstreamError::TwoAddresses),
            (Some(location), None) | (None, Some(location)) => location.clone(),
        };
        let protocol = match (fields.grpc.is_some(), fields.http2, fields.websocket) {
            (true, _, true) => return Err(UpstreamError::WebSocketOverGrpc),
            (true, true, false) => return Err(UpstreamError::Http2OverGrpc),
            (false, true, true) => return Err(UpstreamError::WebSocketOverHttp2),
            (true, false, false) => Protocol::Grpc,
            (false, true, false) => Protocol::Http2,
            (false, false, true) => Protocol::WebSocket,
            (false, false, false) => Protocol::Http,
        };
        Ok(Self {
            protocol,
            location,
            tls: fields.tls,
            retries: fields.retries,
            circuit_breakers: fields.circuit_breakers,
            outlier_detection: fields.outlier_detection,
            connect_timeout: fields.connect_timeout,
            timeout: fields.timeout,
            idle_timeout: fields.idle_timeout,
        })
    }
}

impl From<Upstream> for Fields {
    fn from(upstream: Upstream) -> Self {
        let (http, grpc) = match upstream.protocol {
            Protocol::Http | Protocol::Http2 | Protocol::WebSocket => {
                (Some(upstream.location), None)
            }
            Protocol::Grpc => (None, Some(upstream.location)),
        };
        Self {
            http,
            grpc,
            http2: upstream.protocol == Protocol::Http2,
            websocket: upstream.protocol == Protocol::WebSocket,
            tls: upstream.tls,
            connect_timeout: upstream.connect_timeout,
            timeout: upstream.timeout,
            idle_timeout: upstream.idle_timeout,
            retries: upstream.retries,
            circuit_breakers: upstream.circuit_breakers,
            outlier_detection: upstream.outlier_detection,
        }
    }
}
