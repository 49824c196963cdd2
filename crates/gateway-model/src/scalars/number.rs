//! Numbers with bounds.

use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A whole number within bounds; what is outside of them is told what was expected.
macro_rules! bounded {
    ($(#[$docs:meta])* $name:ident($number:ty), $range:expr, $what:literal, $deserialize:ident) => {
        $(#[$docs])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub struct $name($number);

        impl $name {
            const RANGE: RangeInclusive<$number> = $range;

            /// The number.
            pub const fn get(self) -> $number {
                self.0
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let bounds = Bounded { what: $what, range: Self::RANGE };
                from.$deserialize(bounds).map(Self)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let (minimum, maximum) = (Self::RANGE.start(), Self::RANGE.end());
                json_schema!({ "type": "integer", "minimum": minimum, "maximum": maximum })
            }
        }
    };
}

bounded! {
    /// A TCP port, 1 to 65535.
    Port(u16), 1..=u16::MAX, "a port", deserialize_u16
}

bounded! {
    /// A destination's share of a route's requests, 0 to 1,000,000, in relation to the sum of the
    /// route's weights.
    Weight(u32), 0..=1_000_000, "a weight", deserialize_u32
}

bounded! {
    /// How many times a request is tried again, 1 to 10.
    Attempts(u8), 1..=10, "a number", deserialize_u8
}

bounded! {
    /// How many there may be at once, or in a row, 1 to 1,000,000.
    Limit(u32), 1..=1_000_000, "a number", deserialize_u32
}

bounded! {
    /// A part of a hundred, 1 to 100.
    WholePercent(u8), 1..=100, "a percentage", deserialize_u8
}

/// A share of requests in percent, above 0 to 100, with at most four digits behind the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent {
    /// In millionths of all.
    millionths: u32,
}

impl Percent {
    /// In millionths of all.
    pub const fn millionths(self) -> u32 {
        self.millionths
    }

    fn new(percent: f64) -> Option<Self> {
        let millionths = (percent * 10_000.0).round();
        let is_exact = (millionths / 10_000.0 - percent).abs() < 1e-9;
        let in_range = (1.0..=1_000_000.0).contains(&millionths);
        (is_exact && in_range).then_some(Self {
            millionths: millionths as u32,
        })
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (f64::from(self.millionths) / 10_000.0).fmt(f)
    }
}

/// Takes percents.
struct InPercent;

impl de::Visitor<'_> for InPercent {
    type Value = Percent;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of percent, above 0 to 100, such as 10 or 0.5")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Percent, E> {
        let percent = u32::try_from(number).ok().map(f64::from);
        percent
            .and_then(Percent::new)
            .ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Percent, E> {
        Percent::new(number).ok_or_else(|| E::invalid_value(Unexpected::Float(number), &self))
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(InPercent)
    }
}

impl JsonSchema for Percent {
    fn schema_name() -> Cow<'static, str> {
        "Percent".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "exclusiveMinimum": 0, "maximum": 100 })
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.millionths.is_multiple_of(10_000) {
            true => to.serialize_u32(self.millionths / 10_000),
            false => to.serialize_f64(f64::from(self.millionths) / 10_000.0),
        }
    }
}

impl Port {
    /// The port of this number, unless it is 0.
    pub fn new(number: u16) -> Option<Self> {
        Self::RANGE.contains(&number).then_some(Self(number))
    }

    /// Port 9901, where Envoy's own examples put its admin endpoint.
    pub(crate) const ADMIN: Self = Self(9901);

    /// Port 8090, where a deployed gateway tells how it is.
    pub(crate) const STATUS: Self = Self(8090);
}

impl Limit {
    /// For a default, which is within the bounds.
    pub(crate) const fn of(number: u32) -> Self {
        Self(number)
    }
}

impl WholePercent {
    /// For a default, which is within the bounds.
    pub(crate) const fn of(number: u8) -> Self {
        Self(number)
    }
}

impl Default for Weight {
    fn default() -> Self {
        Self(1)
    }
}

impl Default for Attempts {
    fn default() -> Self {
        Self(1)
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Takes whole numbers within bounds.
struct Bounded<T> {
    what: &'static str,
    range: RangeInclusive<T>,
}

impl<T: TryFrom<u64> + PartialOrd + fmt::Display> de::Visitor<'_> for Bounded<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} from {} to {}",
            self.what,
            self.range.start(),
            self.range.end()
        )
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
        T::try_from(number)
            .ok()
            .filter(|number| self.range.contains(number))
            .ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
    }
}
