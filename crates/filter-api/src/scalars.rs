//! Values as people write them in configuration: `"1m30s"`, `"64KiB"`.

use std::fmt;
use std::time;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Why a scalar could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScalarError {
    /// Not of the form of a duration.
    #[error("expected a duration such as \"1m30s\" or \"250ms\", found \"{0}\"")]
    Duration(String),
    /// Not of the form of a size.
    #[error("expected a size such as \"64KiB\" or \"10MiB\", found \"{0}\"")]
    ByteSize(String),
}

/// A length of time, written as the Gateway API writes it (GEP-2257): one to four numbers with a unit
/// of `h`, `m`, `s` or `ms`, without sign or fraction; the greatest is 99999h.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(time::Duration);

impl Duration {
    /// A duration of whole milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(time::Duration::from_millis(millis))
    }

    /// A duration of whole seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(time::Duration::from_secs(seconds))
    }

    /// The same length as the standard library's type.
    pub const fn get(self) -> time::Duration {
        self.0
    }
}

impl std::str::FromStr for Duration {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let error = || ScalarError::Duration(text.to_owned());
        let mut rest = text;
        let mut millis = 0_u64;
        let mut parts = 0;
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (number, after) = rest.split_at(digits);
            let unit = after.bytes().take_while(u8::is_ascii_alphabetic).count();
            let (unit, after) = after.split_at(unit);
            let factor: u64 = match unit {
                "h" => 3_600_000,
                "m" => 60_000,
                "s" => 1_000,
                "ms" => 1,
                _ => return Err(error()),
            };
            if digits > 5 {
                return Err(error());
            }
            let number: u64 = number.parse().map_err(|_| error())?;
            millis += number * factor; // at most four numbers of five digits: no overflow
            rest = after;
            parts += 1;
            if parts > 4 {
                return Err(error());
            }
        }
        if parts == 0 {
            Err(error())
        } else {
            Ok(Self::from_millis(millis))
        }
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut millis = self.0.as_millis();
        if millis == 0 {
            return f.write_str("0s");
        }
        for (unit, size) in [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)] {
            let number = millis / size;
            if number > 0 {
                write!(f, "{number}{unit}")?;
            }
            millis %= size;
        }
        Ok(())
    }
}

/// A number of bytes, written with a unit of `B`, `KiB`, `MiB` or `GiB`; a bare number is bytes. It
/// stays below 4 GiB, which is what a 32-bit module and Envoy's limits can count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(u32);

impl ByteSize {
    /// A size in bytes.
    pub const fn from_bytes(bytes: u32) -> Self {
        Self(bytes)
    }

    /// A size in binary kilobytes.
    pub const fn from_kib(kib: u16) -> Self {
        Self(kib as u32 * 1024)
    }

    /// The size in bytes.
    pub const fn bytes(self) -> u32 {
        self.0
    }
}

impl std::str::FromStr for ByteSize {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let error = || ScalarError::ByteSize(text.to_owned());
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let factor: u32 = match unit {
            "" | "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return Err(error()),
        };
        let number: u32 = number.parse().map_err(|_| error())?;
        number.checked_mul(factor).map(Self).ok_or_else(error)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, size) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] {
            if self.0 >= size && self.0.is_multiple_of(size) {
                return write!(f, "{}{unit}", self.0 / size);
            }
        }
        write!(f, "{}B", self.0)
    }
}

/// Both scalars travel as strings in JSON and YAML.
struct Text<T>(std::marker::PhantomData<T>, &'static str);

impl<T: std::str::FromStr<Err = ScalarError>> de::Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.1)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(Text(
            std::marker::PhantomData,
            "a duration such as \"1m30s\"",
        ))
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(Text(std::marker::PhantomData, "a size such as \"64KiB\""))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Duration {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A duration such as 1m30s or 250ms",
            "pattern": "^([0-9]{1,5}(h|m|s|ms)){1,4}$",
        })
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn durations_are_read_and_written_as_the_gateway_api_does() {
        for (text, millis, written) in [
            ("2s", 2_000, "2s"),
            ("1m30s", 90_000, "1m30s"),
            ("250ms", 250, "250ms"),
            ("1h1m1s1ms", 3_661_001, "1h1m1s1ms"),
            ("120s", 120_000, "2m"),
            ("0s", 0, "0s"),
        ] {
            let duration: Duration = text.parse().unwrap();
            assert_eq!(duration, Duration::from_millis(millis), "{text}");
            assert_eq!(duration.to_string(), written);
        }
    }

    #[test]
    fn what_is_no_duration_is_named() {
        for text in [
            "",
            "1",
            "s",
            "1 s",
            "-1s",
            "1.5s",
            "1d",
            "100000h",
            "1s1s1s1s1s",
            "é",
        ] {
            let error = text.parse::<Duration>().unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("expected a duration such as \"1m30s\" or \"250ms\", found \"{text}\"")
            );
        }
    }

    #[test]
    fn sizes_are_binary_and_bounded() {
        assert_eq!("64KiB".parse::<ByteSize>().unwrap().bytes(), 65_536);
        assert_eq!("10".parse::<ByteSize>().unwrap().to_string(), "10B");
        assert_eq!("2048KiB".parse::<ByteSize>().unwrap().to_string(), "2MiB");
        for text in ["", "KiB", "64kb", "64 KiB", "4GiB", "-1", "1.5MiB"] {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
    }
}
