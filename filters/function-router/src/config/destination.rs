//! Where a route sends requests, and what decides between several places.

use std::collections::BTreeMap;

use claims::{ClaimConfig, PredicateConfig};
use filter_api::Duration;
use serde::{Deserialize, Serialize};

use super::value::ValueConfig;

/// A function, its share of a route's requests, and what is written anew on the way to it. In `path`,
/// `query` and `host`, `{name}` stands for a value of the match.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DestinationConfig {
    /// The function's key in Envoy's route table: what [`filter_api::FUNCTION_HEADER`] is set to.
    pub function: String,
    /// What metrics and `force` call it, and what clients stick to: it stays when the function's
    /// content changes. The function's key, if it is not given. Each of a route has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its share, in relation to the sum of the route's weights; 0 means none, and 1 holds if it is
    /// not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
    /// It takes the requests that look like this, before weights are asked, and no others. Of several
    /// such destinations the first takes it. It has no weight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<ConditionConfig>,
    /// The path that the function sees, without query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What the function sees instead of the prefix that was matched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// The query that the function sees, instead of the request's own; empty for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The host that the function sees, perhaps with a port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The method that the function sees. HEAD stays HEAD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Whether it takes connections that are upgraded to WebSocket (RFC 6455). Envoy decides about
    /// upgrades before there is a function, so the router has to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub websocket: bool,
}

/// What a request must look like for a destination; all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ConditionConfig {
    /// Header fields by name, in lower case.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, ValueConfig>,
    /// Query parameters by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, ValueConfig>,
    /// What the claims of the request's token say; all of it must hold. Without a token nothing does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<PredicateConfig>,
    /// Whose claims are meant: the name of a provider. Those of any accepted token, if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
}

/// What keeps a client at the function that it once got. Exactly one of `header`, `claim`, `cookie` and
/// `client_address` is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StickyConfig {
    /// The value of this request header. Requests without it are shared out at random.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// The value of this claim of the request's token, a text, a number or a boolean. Requests without
    /// it are shared out at random.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<ClaimConfig>,
    /// Whose claim is meant: the name of a provider. That of any accepted token, if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The value of this cookie. Clients without it are given one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cookie: Option<CookieConfig>,
    /// The client's address, as far as those in front of the gateway are trusted to tell it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub client_address: bool,
}

/// A cookie that the gateway gives to clients that have none (RFC 6265). It holds a random number and
/// tells nothing. It is always `HttpOnly`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CookieConfig {
    /// Its name.
    pub name: String,
    /// How long clients keep it; until the browser is closed, if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Duration>,
    /// The paths with which it is sent; `/`, which is all of them, if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Whether it is sent with requests from other sites; `Lax` if it is not given.
    #[serde(default, skip_serializing_if = "is_default")]
    pub same_site: SameSite,
    /// Whether it is sent over TLS alone. `same_site: None` needs it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub secure: bool,
}

/// `SameSite` of a cookie, in the words of RFC 6265bis.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum SameSite {
    /// Never sent with what another site asks for.
    Strict,
    /// Sent when a link of another site is followed.
    #[default]
    Lax,
    /// Always sent.
    None,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
