//! Lengths of time that are never nothing.

use filter_api::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

/// A length of time above zero: `250ms`, `1m30s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Period(Duration);

impl Period {
    /// For a default.
    pub(crate) const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// For a default.
    pub(crate) const fn from_millis(milliseconds: u64) -> Self {
        Self(Duration::from_millis(milliseconds))
    }

    /// The length.
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let duration = Duration::deserialize(from)?;
        if duration.get().is_zero() {
            return Err(de::Error::custom(
                "expected more than no time, found 0s; write such as 1s",
            ));
        }
        Ok(Self(duration))
    }
}
