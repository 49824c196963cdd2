//! Services behind the gateway.

use filter_api::Duration;
use serde::{Deserialize, Serialize};

use super::is_default;
use crate::scalars::{Address, Attempts};

/// A service behind the gateway, and how to call it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct Upstream {
    /// What it speaks.
    pub protocol: Protocol,
    /// Where it is.
    pub address: Address,
    /// Whether and when a request is tried again.
    pub retries: Option<Retries>,
    timeout: Option<Duration>,
    idle_timeout: Option<Duration>,
}

/// What an upstream speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    Http,
    /// HTTP/1.1, whose connections may be upgraded to WebSocket (RFC 6455).
    WebSocket,
    /// gRPC: HTTP/2 without TLS, known beforehand (RFC 9113 section 3.3).
    Grpc,
}

impl Upstream {
    /// How long a whole exchange may take, from the end of the request to the end of the response;
    /// zero means as long as it likes. Not given, it is 15 s as Envoy has it, and zero for gRPC and
    /// WebSocket, whose streams have no usual length.
    pub fn timeout(&self) -> Duration {
        self.timeout.unwrap_or(match self.protocol {
            Protocol::Http => Duration::from_secs(15),
            Protocol::WebSocket | Protocol::Grpc => Duration::from_secs(0),
        })
    }

    /// How long nothing may happen in either direction; zero means as long as it likes. Not given,
    /// it is five minutes as Envoy has it, and an hour for gRPC and WebSocket: their timeout sets no
    /// bound, so this one is what ends a stream whose client has silently gone.
    pub fn idle_timeout(&self) -> Duration {
        self.idle_timeout.unwrap_or(match self.protocol {
            Protocol::Http => Duration::from_secs(5 * 60),
            Protocol::WebSocket | Protocol::Grpc => Duration::from_secs(60 * 60),
        })
    }
}

/// When a request is tried again, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Retries {
    /// What calls for another try; at least one.
    pub on: Vec<RetryOn>,
    /// How often it is tried again, 1 to 10; 1 if it is not given.
    #[serde(default)]
    pub times: Attempts,
}

/// What calls for another try, in the words of Envoy's `retry_on` and `retry_grpc_on`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RetryOn {
    /// No connection came about.
    ConnectFailure,
    /// The upstream refused the HTTP/2 stream before it began to work on it.
    RefusedStream,
    /// The connection broke, or the stream was reset, before a response came.
    Reset,
    /// The response is 502, 503 or 504.
    GatewayError,
    /// The response is any 5xx, or none came.
    #[serde(rename = "5xx")]
    ServerError,
    /// The response is 409.
    #[serde(rename = "retriable-4xx")]
    Retriable4xx,
    /// gRPC status 14.
    Unavailable,
    /// gRPC status 1.
    Cancelled,
    /// gRPC status 4.
    DeadlineExceeded,
    /// gRPC status 8.
    ResourceExhausted,
}

impl RetryOn {
    /// Envoy's word, which is the document's.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConnectFailure => "connect-failure",
            Self::RefusedStream => "refused-stream",
            Self::Reset => "reset",
            Self::GatewayError => "gateway-error",
            Self::ServerError => "5xx",
            Self::Retriable4xx => "retriable-4xx",
            Self::Unavailable => "unavailable",
            Self::Cancelled => "cancelled",
            Self::DeadlineExceeded => "deadline-exceeded",
            Self::ResourceExhausted => "resource-exhausted",
        }
    }
}

/// An upstream as the document writes it.
#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    /// The host and port of a service that speaks HTTP/1.1: `pets:8080`. An upstream has either
    /// `http` or `grpc`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    http: Option<Address>,
    /// The host and port of a service that speaks gRPC, over HTTP/2 without TLS: `stock:9000`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    grpc: Option<Address>,
    /// Whether connections may be upgraded to WebSocket.
    #[serde(default, skip_serializing_if = "is_default")]
    websocket: bool,
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
}

impl TryFrom<Fields> for Upstream {
    type Error = UpstreamError;

    fn try_from(fields: Fields) -> Result<Self, UpstreamError> {
        let (protocol, address) = match (fields.http, fields.grpc) {
            (None, None) => return Err(UpstreamError::NoAddress),
            (Some(_), Some(_)) => return Err(UpstreamError::TwoAddresses),
            (None, Some(_)) if fields.websocket => return Err(UpstreamError::WebSocketOverGrpc),
            (None, Some(address)) => (Protocol::Grpc, address),
            (Some(address), None) if fields.websocket => (Protocol::WebSocket, address),
            (Some(address), None) => (Protocol::Http, address),
        };
        Ok(Self {
            protocol,
            address,
            timeout: fields.timeout,
            idle_timeout: fields.idle_timeout,
            retries: fields.retries,
        })
    }
}

impl From<Upstream> for Fields {
    fn from(upstream: Upstream) -> Self {
        let (http, grpc) = match upstream.protocol {
            Protocol::Http | Protocol::WebSocket => (Some(upstream.address), None),
            Protocol::Grpc => (None, Some(upstream.address)),
        };
        Self {
            http,
            grpc,
            websocket: upstream.protocol == Protocol::WebSocket,
            timeout: upstream.timeout,
            idle_timeout: upstream.idle_timeout,
            retries: upstream.retries,
        }
    }
}
