//! When a request is tried again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::is_default;
use crate::scalars::{Attempts, Period, WholePercent};

/// When a request is tried again, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Retries {
    /// What calls for another try; at least one.
    pub on: Vec<RetryOn>,
    /// How often it is tried again, 1 to 10; 1 if it is not given.
    #[serde(default)]
    pub times: Attempts,
    /// How long one try may take, the first one too; as long as the timeout of all tries together, if
    /// it is not given.
    #[serde(default, skip_serializing_if = "is_default")]
    pub per_try_timeout: Option<Period>,
    /// How many percent of the requests that the upstream works on may be retries, 1 to 100; 20 if it
    /// is not given. Three always may be.
    #[serde(default, skip_serializing_if = "is_default")]
    pub budget: Option<WholePercent>,
}

/// What calls for another try, in the words of Envoy's `retry_on` and `retry_grpc_on`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema, Serialize,
)]
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
