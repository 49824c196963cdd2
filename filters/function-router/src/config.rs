//! The router's configuration as it travels in JSON. `gateway.yaml` uses the same types wherever it
//! says the same.

mod action;
mod destination;
mod value;

use std::collections::BTreeMap;

use filter_api::Holding;
use serde::{Deserialize, Serialize};

pub use action::{RedirectConfig, RespondConfig, Scheme};
pub use destination::{ConditionConfig, CookieConfig, DestinationConfig, SameSite, StickyConfig};
pub use value::ValueConfig;

/// The configuration of the single-filter module.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What requests look like and where they go. Their order decides only between routes that are
    /// otherwise equally specific.
    pub routes: Vec<RouteConfig>,
    /// What somebody in front puts before every path, `/prod`. It is taken off before a request is
    /// matched, and the upstream does not see it. A path without it is matched as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage_prefix: Option<String>,
    /// What the Envoy around this module was told about held requests.
    #[serde(default)]
    pub holding: Holding,
}

/// One route: what a request must look like, and what becomes of it. Exactly one of `to`, `redirect`
/// and `respond` is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RouteConfig {
    /// The name in logs and metrics.
    pub name: String,
    /// What a request must look like.
    #[serde(rename = "match")]
    pub matches: MatchConfig,
    /// The functions among which requests are shared out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<DestinationConfig>,
    /// What keeps a client at the function that it once got.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sticky: Option<StickyConfig>,
    /// The request header whose value names the destination that takes the request, whatever the
    /// weights say. A value that names none changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub force: Option<String>,
    /// Sends the client elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect: Option<RedirectConfig>,
    /// Answers without asking anybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub respond: Option<RespondConfig>,
}

/// Conditions on a request; all of them must hold. Exactly one of `path`, `prefix` and `regex` is
/// given.
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
    /// A regular expression for the whole path. Named groups, `(?<id>[0-9]+)`, are values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
    /// Methods, as they are written in a request. None means any method.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// Header fields by name, in lower case.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, ValueConfig>,
    /// Query parameters by name. Of a parameter that is there twice the first counts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, ValueConfig>,
    /// Media types of the body without parameters, one of which the request must have; `*` at the
    /// end stands for anything: `text/*`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub content_types: Vec<String>,
}
