//! How fast tokens come, as people write it: `100/s`.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// So many tokens in a second, a minute, an hour or a day: `100/s`, `30/m`, `1000/h`, `5000/d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    tokens: u32,
    unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Second,
    Minute,
    Hour,
    Day,
}

const UNITS: [(&str, Unit, u64); 4] = [
    ("s", Unit::Second, 1),
    ("m", Unit::Minute, 60),
    ("h", Unit::Hour, 3_600),
    ("d", Unit::Day, 86_400),
];

/// Above this, tokens come faster than requests can, and the time between two is no longer told exactly.
const MOST_A_SECOND: u64 = 1_000_000;

/// Why a rate cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RateError {
    /// Not of the form of a rate.
    #[error("expected a rate such as \"100/s\", \"30/m\", \"1000/h\" or \"5000/d\", found \"{0}\"")]
    Form(String),
    /// No token ever comes.
    #[error("must be at least 1, found \"{0}\"")]
    Nothing(String),
    /// More than can be told apart.
    #[error("must be at most {MOST_A_SECOND} a second, found \"{0}\"")]
    TooFast(String),
}

impl Rate {
    /// How many tokens come in [`Rate::period`].
    pub const fn tokens(self) -> u32 {
        self.tokens
    }

    /// The time in which they come.
    pub fn period(self) -> Duration {
        let mut units = UNITS.iter();
        let seconds = units.find(|(_, unit, _)| *unit == self.unit);
        Duration::from_secs(seconds.map_or(1, |(_, _, seconds)| *seconds))
    }
}

impl std::str::FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let form = || RateError::Form(text.to_owned());
        let (number, unit) = text.split_once('/').ok_or_else(form)?;
        let mut units = UNITS.iter();
        let (_, unit, seconds) = units.find(|(name, ..)| *name == unit).ok_or_else(form)?;
        // `parse` would take a sign.
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(form());
        }
        let tokens: u32 = number.parse().map_err(|_| form())?;
        if tokens == 0 {
            return Err(RateError::Nothing(text.to_owned()));
        }
        if u64::from(tokens) > MOST_A_SECOND * seconds {
            return Err(RateError::TooFast(text.to_owned()));
        }
        Ok(Self {
            tokens,
            unit: *unit,
        })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut units = UNITS.iter();
        let unit = units.find(|(_, unit, _)| *unit == self.unit);
        write!(
            f,
            "{}/{}",
            self.tokens,
            unit.map_or("s", |(name, ..)| *name)
        )
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Rate;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a rate such as \"100/s\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Rate, E> {
                text.parse().map_err(E::custom)
            }
        }
        from.deserialize_str(Text)
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Rate {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Rate".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A rate such as 100/s, 30/m, 1000/h or 5000/d",
            "pattern": "^[0-9]{1,10}/(s|m|h|d)$",
        })
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn rates_are_read_and_written_alike() {
        for (text, tokens, seconds) in [
            ("100/s", 100, 1),
            ("1/m", 1, 60),
            ("1000/h", 1000, 3_600),
            ("5/d", 5, 86_400),
            ("1000000/s", 1_000_000, 1),
            ("60000000/m", 60_000_000, 60),
        ] {
            let rate: Rate = text.parse().unwrap();
            let period = Duration::from_secs(seconds);
            assert_eq!((rate.tokens(), rate.period()), (tokens, period), "{text}");
            assert_eq!(rate.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_rate_is_named() {
        for (text, problem) in [
            ("", "expected a rate such as"),
            ("100", "expected a rate such as"),
            ("/s", "expected a rate such as"),
            ("-1/s", "expected a rate such as"),
            ("+1/s", "expected a rate such as"),
            ("1.5/s", "expected a rate such as"),
            ("1/w", "expected a rate such as"),
            ("1 /s", "expected a rate such as"),
            ("99999999999/d", "expected a rate such as"),
            ("0/s", "must be at least 1"),
            ("1000001/s", "must be at most 1000000 a second"),
        ] {
            let error = text.parse::<Rate>().unwrap_err().to_string();
            assert!(error.starts_with(problem), "{error}");
            assert!(error.ends_with(&format!("found \"{text}\"")), "{error}");
        }
    }
}
