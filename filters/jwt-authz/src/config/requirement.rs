//! What tokens must be.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is required of a request: exactly one of its fields is given.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RequirementConfig {
    /// Nothing; tokens are not looked at.
    None,
    /// A token of this provider.
    Token(AccessConfig),
    /// One of these at least.
    Any(Vec<RequirementConfig>),
    /// All of these.
    All(Vec<RequirementConfig>),
    /// This, unless the request has no token at all. One that is there must be good.
    Optional(Box<RequirementConfig>),
}

/// A token of a provider, and what it must allow.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AccessConfig {
    /// The provider's name.
    pub provider: String,
    /// Scopes, all of which the token must have: in `scope`, as words or an array, or in `scp`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// What claims must say; all of it must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<PredicateConfig>,
}

/// What claims must say: either of one claim, named by `claim` or `path`, all that is said of it; or
/// exactly one of `any`, `all` and `not`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PredicateConfig {
    /// The claim, `realm_access.roles` for one within another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<String>,
    /// The claim by the names on the way to it, where these hold dots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Vec<String>>,
    /// It is this value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<Value>,
    /// It is one of these values.
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    pub one_of: Option<Vec<Value>>,
    /// It is an array with this element, or a text with this word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contains: Option<Value>,
    /// It is a text that this regular expression matches as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matches: Option<String>,
    /// It is there, or it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exists: Option<bool>,
    /// It is a number of at least this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// It is a number of at most this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
    /// One of these holds at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub any: Option<Vec<PredicateConfig>>,
    /// All of these hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<Vec<PredicateConfig>>,
    /// This does not hold. Nothing holds of a claim that is not there but `exists: false`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not: Option<Box<PredicateConfig>>,
}
