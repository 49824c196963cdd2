//! What keeps an upstream in trouble from becoming everybody's.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scalars::{Limit, Period, WholePercent};

/// How much an upstream may be asked to bear at once. What is above is answered with 503 at once.
///
/// What is not given is for the gateway's sake, not the upstream's: it is above what a healthy upstream
/// needs, and keeps one that hangs from using up the gateway. Envoy's own 1,024 would refuse requests
/// long before the listeners do, which take 50,000 connections.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct CircuitBreakers {
    /// How many connections are open, 1 to 1,000,000; 16384 if it is not given. Over HTTP/1.1 each
    /// carries one request at a time.
    pub connections: Limit,
    /// How many requests wait for a connection; 16384 if it is not given.
    pub pending_requests: Limit,
    /// How many requests are under way; 65536 if it is not given. Over HTTP/2 this is what bounds
    /// them, as one connection carries many.
    pub requests: Limit,
}

impl Default for CircuitBreakers {
    fn default() -> Self {
        Self {
            connections: Limit::of(16_384),
            pending_requests: Limit::of(16_384),
            requests: Limit::of(65_536),
        }
    }
}

/// When an address of an upstream is left out for a while, because of how it answers. The upstream's
/// name must stand for several addresses for the others to take over.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct OutlierDetection {
    /// After how many errors in a row: responses of 5xx, gRPC statuses that stand for one, timeouts
    /// and failed connections; 5 if it is not given.
    pub consecutive_errors: Limit,
    /// How often it is looked whether one may come back; 10 s if it is not given.
    pub interval: Period,
    /// For how long the first time, twice as long the second time, and so on to five minutes; 30 s if
    /// it is not given.
    pub ejection_time: Period,
    /// How many percent of the addresses may be left out at once, 1 to 100; 50 if it is not given, so
    /// that an upstream with a single address keeps it. With 100 requests are answered with 503 when
    /// all are out.
    pub max_ejected: WholePercent,
}

impl Default for OutlierDetection {
    fn default() -> Self {
        Self {
            consecutive_errors: Limit::of(5),
            interval: Period::from_secs(10),
            ejection_time: Period::from_secs(30),
            max_ejected: WholePercent::of(50),
        }
    }
}
