//! How many tokens a request takes.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// How many tokens a request takes: `5`, or `{ header: x-cost }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CostConfig {
    /// This many.
    Fixed(u32),
    /// As many as this header field says, a whole number; 1 where it says none.
    Header(String),
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    header: String,
}

impl Serialize for CostConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Fixed(cost) => to.serialize_u32(*cost),
            Self::Header(header) => Fields {
                header: header.clone(),
            }
            .serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for CostConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Cost)
    }
}

struct Cost;

impl<'de> Visitor<'de> for Cost {
    type Value = CostConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number from 1, or { header: … }")
    }

    fn visit_u64<E: de::Error>(self, cost: u64) -> Result<CostConfig, E> {
        match u32::try_from(cost) {
            Ok(cost) if cost > 0 => Ok(CostConfig::Fixed(cost)),
            _ => Err(E::invalid_value(de::Unexpected::Unsigned(cost), &self)),
        }
    }

    fn visit_i64<E: de::Error>(self, cost: i64) -> Result<CostConfig, E> {
        match u64::try_from(cost) {
            Ok(cost) => self.visit_u64(cost),
            Err(_) => Err(E::invalid_value(de::Unexpected::Signed(cost), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<CostConfig, A::Error> {
        let fields = Fields::deserialize(MapAccessDeserializer::new(map))?;
        Ok(CostConfig::Header(fields.header))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for CostConfig {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Cost".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "How many tokens a request takes: a number, or { header: … }",
            "anyOf": [
                { "type": "integer", "minimum": 1, "maximum": u32::MAX },
                {
                    "type": "object",
                    "properties": { "header": { "type": "string" } },
                    "required": ["header"],
                    "additionalProperties": false,
                },
            ],
        })
    }
}
