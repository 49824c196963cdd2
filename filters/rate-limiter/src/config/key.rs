//! What has a bucket of its own.

use std::fmt;

use claims::ClaimConfig;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// A part of a key: `address`, `header.x-user`, `cookie.session`, `query.tenant`, `path.id`, `claim.sub`,
/// `host`, `method`; or as a map, `{ header: x-user }`, where there is more to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyConfig {
    /// The client's address, or the network it is in.
    Address(AddressConfig),
    /// The value of a header field.
    Header(String),
    /// The value of a cookie.
    Cookie(String),
    /// The value of a query parameter.
    Query(String),
    /// The value of a variable in the path that the route matches.
    Path(String),
    /// The value of a claim of the request's token.
    Claim {
        /// Which.
        claim: ClaimConfig,
        /// Whose: the name of a provider. That of any accepted token, if it is not given.
        provider: Option<String>,
    },
    /// The host, in lower case, without port.
    Host,
    /// The method.
    Method,
    /// The same for all.
    Constant(String),
}

/// How much of an address counts. A client of IPv6 has a whole network of at least /64 to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AddressConfig {
    /// How many bits of an IPv4 address, 1 to 32; 32 if it is not given.
    #[serde(default = "whole_ipv4")]
    pub ipv4: u8,
    /// How many bits of an IPv6 address, 1 to 128; 64 if it is not given.
    #[serde(default = "network_of_ipv6")]
    pub ipv6: u8,
}

const fn whole_ipv4() -> u8 {
    32
}

const fn network_of_ipv6() -> u8 {
    64
}

impl Default for AddressConfig {
    fn default() -> Self {
        Self {
            ipv4: whole_ipv4(),
            ipv6: network_of_ipv6(),
        }
    }
}

#[derive(Default, Deserialize, Serialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "KeyFields")
)]
#[serde(deny_unknown_fields)]
struct Fields {
    /// The client's address, or the network it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<AddressConfig>,
    /// The name of a header field, in lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    header: Option<String>,
    /// The name of a cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cookie: Option<String>,
    /// The name of a query parameter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    query: Option<String>,
    /// The name of a value in the path that the route matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// The claim of the request's token, as its dotted name or as its names one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    claim: Option<ClaimConfig>,
    /// Whose claims are meant: the name of a provider. Those of any accepted token, if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    /// A text that is the same for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    constant: Option<String>,
}

/// As it is written in short.
impl fmt::Display for KeyConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(AddressConfig { ipv4: 32, ipv6: 64 }) => f.write_str("address"),
            Self::Address(AddressConfig { ipv4, ipv6 }) => write!(f, "address/{ipv4}/{ipv6}"),
            Self::Header(name) => write!(f, "header.{name}"),
            Self::Cookie(name) => write!(f, "cookie.{name}"),
            Self::Query(name) => write!(f, "query.{name}"),
            Self::Path(name) => write!(f, "path.{name}"),
            Self::Claim { claim, provider } => {
                match claim {
                    ClaimConfig::Dotted(name) => write!(f, "claim.{name}")?,
                    ClaimConfig::Names(names) => write!(f, "claim.{}", names.join("."))?,
                }
                let provider = provider.as_ref();
                provider.map_or(Ok(()), |provider| write!(f, " of {provider}"))
            }
            Self::Host => f.write_str("host"),
            Self::Method => f.write_str("method"),
            Self::Constant(text) => write!(f, "constant {text}"),
        }
    }
}

impl KeyConfig {
    /// Reads the short form.
    fn short(text: &str) -> Option<Self> {
        let (kind, name) = match text.split_once('.') {
            Some((kind, name)) => (kind, Some(name).filter(|name| !name.is_empty())),
            None => (text, None),
        };
        let owned = |name: &str| name.to_owned();
        Some(match (kind, name) {
            ("address", None) => Self::Address(AddressConfig::default()),
            ("host", None) => Self::Host,
            ("method", None) => Self::Method,
            ("header", Some(name)) => Self::Header(owned(name)),
            ("cookie", Some(name)) => Self::Cookie(owned(name)),
            ("query", Some(name)) => Self::Query(owned(name)),
            ("path", Some(name)) => Self::Path(owned(name)),
            ("claim", Some(name)) => Self::Claim {
                claim: ClaimConfig::Dotted(owned(name)),
                provider: None,
            },
            _ => return None,
        })
    }
}

impl TryFrom<Fields> for KeyConfig {
    type Error = &'static str;

    fn try_from(fields: Fields) -> Result<Self, &'static str> {
        let Fields {
            address,
            header,
            cookie,
            query,
            path,
            claim,
            provider,
            constant,
        } = fields;
        if provider.is_some() && claim.is_none() {
            return Err("\"provider\" must stand beside \"claim\"");
        }
        let mut all = [
            address.map(Self::Address),
            header.map(Self::Header),
            cookie.map(Self::Cookie),
            query.map(Self::Query),
            path.map(Self::Path),
            claim.map(|claim| Self::Claim { claim, provider }),
            constant.map(Self::Constant),
        ]
        .into_iter()
        .flatten();
        match (all.next(), all.next()) {
            (Some(one), None) => Ok(one),
            _ => Err(
                "expected exactly one of \"address\", \"header\", \"cookie\", \"query\", \"path\", \
                      \"claim\" and \"constant\"; several keys are several entries of the list",
            ),
        }
    }
}

impl Serialize for KeyConfig {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let short = self.to_string();
        if Self::short(&short).as_ref() == Some(self) {
            return to.serialize_str(&short);
        }
        let mut fields = Fields::default();
        match self.clone() {
            Self::Address(address) => fields.address = Some(address),
            Self::Header(name) => fields.header = Some(name),
            Self::Cookie(name) => fields.cookie = Some(name),
            Self::Query(name) => fields.query = Some(name),
            Self::Path(name) => fields.path = Some(name),
            Self::Claim { claim, provider } => {
                fields.claim = Some(claim);
                fields.provider = provider;
            }
            Self::Constant(text) => fields.constant = Some(text),
            Self::Host | Self::Method => {} // always short
        }
        fields.serialize(to)
    }
}

impl<'de> Deserialize<'de> for KeyConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Key)
    }
}

struct Key;

impl<'de> Visitor<'de> for Key {
    type Value = KeyConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "\"address\", \"host\", \"method\", or \"header.\", \"cookie.\", \"query.\", \"path.\" or \
             \"claim.\" and a name",
        )
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<KeyConfig, E> {
        KeyConfig::short(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<KeyConfig, A::Error> {
        let fields = Fields::deserialize(MapAccessDeserializer::new(map))?;
        KeyConfig::try_from(fields).map_err(de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for KeyConfig {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Key".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let fields = generator.subschema_for::<Fields>();
        schemars::json_schema!({
            "description": "A part of a key: address, host, method, or header., cookie., query., path. or claim. \
                            and a name; or a map, where there is more to say",
            "anyOf": [
                {
                    "type": "string",
                    "pattern": "^(address|host|method|(header|cookie|query|path|claim)\\..+)$",
                },
                fields,
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn what_is_short_is_written_short() {
        for text in [
            r#""address""#,
            r#""host""#,
            r#""method""#,
            r#""header.x-user""#,
            r#""cookie.session""#,
            r#""query.a.b""#,
            r#""path.id""#,
            r#""claim.realm.role""#,
            r#"{"address":{"ipv4":24,"ipv6":48}}"#,
            r#"{"claim":["https://x/y"]}"#,
            r#"{"claim":"sub","provider":"corp"}"#,
            r#"{"constant":"all"}"#,
        ] {
            let key: KeyConfig = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&key).unwrap(), text);
        }
        let long: KeyConfig = serde_json::from_str(r#"{"header":"x-user"}"#).unwrap();
        assert_eq!(long, KeyConfig::Header("x-user".to_owned()));
    }

    #[test]
    fn what_is_no_key_is_named() {
        for (text, problem) in [
            (r#""adress""#, "invalid value: string \"adress\", expected"),
            (r#""header.""#, "invalid value: string \"header.\""),
            (r#""address.x""#, "invalid value: string \"address.x\""),
            ("{}", "expected exactly one of"),
            (r#"{"header":"a","cookie":"b"}"#, "expected exactly one of"),
            (
                r#"{"header":"a","provider":"b"}"#,
                "\"provider\" must stand",
            ),
        ] {
            let error = serde_json::from_str::<KeyConfig>(text).unwrap_err();
            let error = error.to_string();
            assert!(error.starts_with(problem), "{error}");
        }
    }
}
