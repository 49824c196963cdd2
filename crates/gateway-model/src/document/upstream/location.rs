//! Where an upstream is.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::scalars::{Address, Service};

/// Where an upstream is: `pets:8080`, or `{ service: pets.shop:8080 }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// At an address.
    Address(Address),
    /// At a Kubernetes Service.
    Service(Service),
}

impl Location {
    /// The address, which a Service has in DNS.
    pub fn address(&self) -> Address {
        match self {
            Self::Address(address) => address.clone(),
            Self::Service(service) => service.address(),
        }
    }
}

/// A Kubernetes Service, as the document writes it.
#[derive(Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ServiceFields")]
struct OfService {
    /// The name of the Service, its namespace and one of its ports: `pets.shop:8080`.
    service: Service,
}

impl<'de> Deserialize<'de> for Location {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Either)
    }
}

/// Takes either form.
struct Either;

impl<'de> Visitor<'de> for Either {
    type Value = Location;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a host and port such as \"pets:8080\", or { service: … }")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Location, E> {
        text.parse().map(Location::Address).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Location, A::Error> {
        let OfService { service } = OfService::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Location::Service(service))
    }
}

impl Serialize for Location {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Address(address) => address.serialize(to),
            Self::Service(service) => OfService {
                service: service.clone(),
            }
            .serialize(to),
        }
    }
}

impl JsonSchema for Location {
    fn schema_name() -> Cow<'static, str> {
        "Location".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            generator.subschema_for::<Address>(),
            generator.subschema_for::<OfService>(),
        ] })
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Service(service) => write!(f, "{{ service: {service} }}"),
        }
    }
}
