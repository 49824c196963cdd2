//! What a header field or a query parameter must be.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// What the value of a header field or of a query parameter must be: `blue`, `{ regex: "v[0-9]+" }`,
/// `{ present: true }` or `{ present: false }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueConfig {
    /// This very text.
    Exact(String),
    /// A text all of which the regular expression matches.
    Regex(String),
    /// Anything, or nothing at all.
    Present(bool),
}

/// All but the exact text.
#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Fields {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    regex: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    present: Option<bool>,
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for ValueConfig {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let object = |field: &str, kind: &str| {
            schemars::json_schema!({
                "type": "object",
                "properties": { field: { "type": kind } },
                "required": [field],
                "additionalProperties": false,
            })
        };
        schemars::json_schema!({
            "description": "A text, { regex: … } or { present: … }",
            "anyOf": [{ "type": "string" }, object("regex", "string"), object("present", "boolean")],
        })
    }
}

impl Serialize for ValueConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let (regex, present) = match self {
            Self::Exact(text) => return to.serialize_str(text),
            Self::Regex(regex) => (Some(regex.clone()), None),
            Self::Present(present) => (None, Some(*present)),
        };
        Fields { regex, present }.serialize(to)
    }
}

impl<'de> Deserialize<'de> for ValueConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Value)
    }
}

struct Value;

impl<'de> Visitor<'de> for Value {
    type Value = ValueConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, { regex: … } or { present: … }")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ValueConfig, E> {
        Ok(ValueConfig::Exact(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ValueConfig, A::Error> {
        let fields = Fields::deserialize(MapAccessDeserializer::new(map))?;
        match (fields.regex, fields.present) {
            (Some(regex), None) => Ok(ValueConfig::Regex(regex)),
            (None, Some(present)) => Ok(ValueConfig::Present(present)),
            (None, None) => Err(de::Error::custom(
                "expected one of \"regex\" and \"present\", found neither",
            )),
            (Some(_), Some(_)) => Err(de::Error::custom(
                "expected one of \"regex\" and \"present\", found both; a regex needs the value to be \
                 there anyway",
            )),
        }
    }
}
