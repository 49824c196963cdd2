//! What tokens must be.

use std::collections::BTreeSet;
use std::fmt;

use claims::PredicateConfig;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// What is required of a request: `none`, `{ provider: … }`, `{ any: [ … ] }`, `{ all: [ … ] }` or
/// `{ optional: { … } }`.
#[derive(Debug, Clone, PartialEq, Eq)]
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

impl RequirementConfig {
    /// The names of the providers that it is about.
    pub fn providers(&self) -> BTreeSet<&str> {
        match self {
            Self::None => BTreeSet::new(),
            Self::Token(access) => BTreeSet::from([access.provider.as_str()]),
            Self::Any(parts) | Self::All(parts) => parts.iter().flat_map(Self::providers).collect(),
            Self::Optional(part) => part.providers(),
        }
    }
}

/// A token of a provider, and what it must allow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccessConfig {
    /// The provider's name.
    pub provider: String,
    /// Scopes, all of which the token must have: in `scope`, as words or an array, or in `scp`.
    pub scopes: Vec<String>,
    /// What claims must say; all of it must hold.
    pub claims: Vec<PredicateConfig>,
}

/// All but `none`.
#[derive(Default, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Fields {
    /// The name of a provider, whose token it must be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    /// Scopes, all of which the token must have: in `scope`, as words or an array, or in `scp`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    scopes: Vec<String>,
    /// What claims must say; all of it must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    claims: Vec<PredicateConfig>,
    /// One of these at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    any: Option<Vec<RequirementConfig>>,
    /// All of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    all: Option<Vec<RequirementConfig>>,
    /// This, unless the request has no token at all. One that is there must be good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    optional: Option<Box<RequirementConfig>>,
}

const NONE: &str = "none";

impl TryFrom<Fields> for RequirementConfig {
    type Error = &'static str;

    fn try_from(fields: Fields) -> Result<Self, Self::Error> {
        let is_bare = fields.scopes.is_empty() && fields.claims.is_empty();
        match (fields.provider, fields.any, fields.all, fields.optional) {
            (Some(provider), None, None, None) => Ok(Self::Token(AccessConfig {
                provider,
                scopes: fields.scopes,
                claims: fields.claims,
            })),
            (None, Some(any), None, None) if is_bare => Ok(Self::Any(any)),
            (None, None, Some(all), None) if is_bare => Ok(Self::All(all)),
            (None, None, None, Some(optional)) if is_bare => Ok(Self::Optional(optional)),
            _ => Err(
                "expected a \"provider\", perhaps with \"scopes\" and \"claims\", or exactly one of \
                 \"any\", \"all\" and \"optional\"",
            ),
        }
    }
}

impl From<&RequirementConfig> for Fields {
    fn from(requirement: &RequirementConfig) -> Self {
        match requirement.clone() {
            RequirementConfig::None => Self::default(),
            RequirementConfig::Token(access) => Self {
                provider: Some(access.provider),
                scopes: access.scopes,
                claims: access.claims,
                ..Self::default()
            },
            RequirementConfig::Any(any) => Self {
                any: Some(any),
                ..Self::default()
            },
            RequirementConfig::All(all) => Self {
                all: Some(all),
                ..Self::default()
            },
            RequirementConfig::Optional(optional) => Self {
                optional: Some(optional),
                ..Self::default()
            },
        }
    }
}

impl Serialize for RequirementConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => NONE.serialize(to),
            _ => Fields::from(self).serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for RequirementConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Requirement)
    }
}

struct Requirement;

impl<'de> Visitor<'de> for Requirement {
    type Value = RequirementConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("none, { provider: … }, { any: … }, { all: … } or { optional: … }")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<RequirementConfig, E> {
        match text {
            NONE => Ok(RequirementConfig::None),
            _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RequirementConfig, A::Error> {
        let fields = Fields::deserialize(MapAccessDeserializer::new(map))?;
        fields.try_into().map_err(de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for RequirementConfig {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Requirement".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let fields = generator.subschema_for::<Fields>();
        schemars::json_schema!({
            "description": "What is required of a request's tokens",
            "anyOf": [{ "const": NONE }, fields],
        })
    }
}
