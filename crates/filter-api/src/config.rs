//! Reading a filter's JSON configuration, and saying where it is wrong.

use std::fmt;

use serde::de::DeserializeOwned;

/// A fault in a configuration: where it is, and what is wrong there.
///
/// `path` names the place as `routes[2].match.path`; it is empty when the fault concerns the whole.
/// `problem` is a fragment that says what was found and what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The place, as a path of field names and indices.
    pub path: String,
    /// What is wrong there.
    pub problem: String,
}

impl ConfigError {
    /// A fault at `path`.
    pub fn new(path: impl Into<String>, problem: impl fmt::Display) -> Self {
        Self {
            path: path.into(),
            problem: problem.to_string(),
        }
    }

    /// The same fault seen from one level further out: `routes[2]` and `match.path` become
    /// `routes[2].match.path`.
    #[must_use]
    pub fn within(self, outer: &str) -> Self {
        let path = match (outer.is_empty(), self.path.is_empty()) {
            (true, _) => self.path,
            (false, true) => outer.to_owned(),
            (false, false) => format!("{outer}.{}", self.path),
        };
        Self {
            path,
            problem: self.problem,
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.problem)
        } else {
            write!(f, "{}: {}", self.path, self.problem)
        }
    }
}

impl std::error::Error for ConfigError {}

/// Reads a filter's JSON configuration. No bytes at all mean an empty object, which is what Envoy
/// passes when a plugin has no configuration.
///
/// # Errors
/// The first fault, with its path.
pub fn parse_config<C: DeserializeOwned>(json: &[u8]) -> Result<C, ConfigError> {
    let json = if json.is_empty() { b"{}" } else { json };
    let mut reader = serde_json::Deserializer::from_slice(json);
    let config = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = match error.path().to_string() {
            path if path == "." => String::new(),
            path => path,
        };
        ConfigError::new(path, error.inner())
    })?;
    reader.end().map_err(|error| ConfigError::new("", error))?;
    Ok(config)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::Duration;

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields, default)]
    struct Config {
        limits: Vec<Limit>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Limit {
        per: Duration,
    }

    #[test]
    fn no_configuration_is_an_empty_object() {
        assert_eq!(parse_config::<Config>(b"").unwrap(), Config::default());
    }

    #[test]
    fn a_fault_is_named_with_its_path() {
        for (json, message) in [
            (
                r#"{"limits": [{"per": "1s"}, {"per": "1 fortnight"}]}"#,
                "limits[1].per: expected a duration such as \"1m30s\" or \"250ms\", \
                 found \"1 fortnight\" at line 1 column 48",
            ),
            (
                r#"{"limit": []}"#,
                "limit: unknown field `limit`, expected `limits` at line 1 column 8",
            ),
            ("{} {}", "trailing characters at line 1 column 4"),
        ] {
            let error = parse_config::<Config>(json.as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn a_fault_knows_its_place_from_further_out() {
        let error = ConfigError::new("match.path", "must begin with \"/\"");
        assert_eq!(error.within("routes[2]").path, "routes[2].match.path");
        assert_eq!(ConfigError::new("", "x").within("routes").path, "routes");
        assert_eq!(ConfigError::new("routes", "x").within("").path, "routes");
    }
}
