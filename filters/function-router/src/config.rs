//! The router's configuration as it travels in JSON.

use filter_api::Holding;
use serde::{Deserialize, Serialize};

/// The configuration of the single-filter module.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What requests look like and where they go. Their order decides only between routes that are
    /// otherwise equally specific.
    pub routes: Vec<RouteConfig>,
    /// What the Envoy around this module was told about held requests.
    #[serde(default)]
    pub holding: Holding,
}

/// One route: what a request must look like, and the functions that answer it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RouteConfig {
    /// The name in logs and metrics.
    pub name: String,
    /// What a request must look like.
    #[serde(rename = "match")]
    pub matches: MatchConfig,
    /// The functions among which a request is shared out, by weight.
    pub to: Vec<DestinationConfig>,
}

/// Conditions on a request; all of them must hold. Exactly one of `path` and `prefix` is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MatchConfig {
    /// Hosts without port, in lower case: `api.example.com`, or `*.example.com` for every name below
    /// it. None means any host.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// A path, in which `{name}` stands for one segment that is not empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The beginning of a path, whole segments: `/api` matches `/api` and `/api/pets`, not `/apis`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Methods, as they are written in a request. None means any method.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
}

/// A function and its share of a route's requests.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DestinationConfig {
    /// The function's key in Envoy's route table: what [`filter_api::FUNCTION_HEADER`] is set to.
    pub function: String,
    /// Its share, in relation to the sum of the route's weights; 0 means none.
    #[serde(default = "one")]
    pub weight: u32,
    /// Whether it takes connections that are upgraded to WebSocket (RFC 6455). Envoy decides about
    /// upgrades before there is a function, so the router has to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub websocket: bool,
}

fn one() -> u32 {
    1
}
