//! Claims, and what they must say, as they are written: in the document and in the configuration of
//! modules alike.

use std::fmt;

use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

/// Which claim is meant: `sub`; `realm_access.roles` for one within another; the names one by one where
/// these hold dots, `["https://example.com/roles"]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ClaimConfig {
    /// Names with dots between them.
    Dotted(String),
    /// Each name by itself.
    Names(Vec<String>),
}

impl Default for ClaimConfig {
    fn default() -> Self {
        Self::Dotted(String::new())
    }
}

impl<'de> Deserialize<'de> for ClaimConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Claim)
    }
}

struct Claim;

impl<'de> Visitor<'de> for Claim {
    type Value = ClaimConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a claim, or a list of names")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<ClaimConfig, E> {
        Ok(ClaimConfig::Dotted(name.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<ClaimConfig, A::Error> {
        let mut all = Vec::new();
        while let Some(name) = names.next_element()? {
            all.push(name);
        }
        Ok(ClaimConfig::Names(all))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for ClaimConfig {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Claim".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A claim, as sub or realm_access.roles; or the names on the way to it, one by \
                            one, where these hold dots",
            "anyOf": [
                { "type": "string", "minLength": 1 },
                { "type": "array", "items": { "type": "string", "minLength": 1 }, "minItems": 1 },
            ],
        })
    }
}

/// What claims must say: either of one claim, all that is said of it; or exactly one of `any`, `all` and
/// `not`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PredicateConfig {
    /// Which claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<ClaimConfig>,
    /// It is this value.
    #[serde(
        default,
        deserialize_with = "even_null",
        skip_serializing_if = "Option::is_none"
    )]
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
    pub at_least: Option<Number>,
    /// It is a number of at most this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Number>,
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

/// A value that is given, `null` too, which would else be as if nothing was given.
fn even_null<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}
