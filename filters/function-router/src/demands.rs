//! What matches ask for, held against each other: for finding routes that no request reaches.

use filter_api::ConfigError;

use crate::conditions::Conditions;
use crate::config::MatchConfig;
use crate::path::{Extent, PathError, PathPattern, Segment};

/// What a match asks of a request, beside its host and its method.
#[derive(Debug)]
pub struct Demands {
    path: PathDemand,
    conditions: Conditions,
}

/// What a match asks of a path. Two are equal if they take the same paths for the same reasons: what
/// variables are called, how escapes are written and a slash at the end of a prefix count for nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PathDemand(Path);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Path {
    Segments(Vec<Segment>, Extent),
    Regex(String),
}

impl Demands {
    /// Reads a match; a regular expression of its path is not compiled.
    ///
    /// # Errors
    /// What the router would refuse of it too.
    pub fn compile(config: &MatchConfig) -> Result<Self, ConfigError> {
        Ok(Self {
            path: PathDemand(Path::of(config)?),
            conditions: Conditions::compile(config)?,
        })
    }

    /// What it asks of the path.
    pub fn path(&self) -> &PathDemand {
        &self.path
    }

    /// Whether each request that meets these conditions on header fields, query and body meets the
    /// others too, with as many of them, so that they are no less specific. `false` where it is hard
    /// to tell: of two regular expressions only equal ones are known to imply each other.
    pub fn imply_as_many(&self, others: &Self) -> bool {
        let (own, others) = (&self.conditions, &others.conditions);
        own.header_count() == others.header_count()
            && own.query_count() == others.query_count()
            && own.imply(others)
    }
}

impl Path {
    fn of(config: &MatchConfig) -> Result<Self, ConfigError> {
        let at = |place: &'static str| move |error: PathError| ConfigError::new(place, error);
        let pattern = match (&config.path, &config.prefix, &config.regex) {
            (Some(path), None, None) => PathPattern::template(path).map_err(at("path"))?,
            (None, Some(prefix), None) => PathPattern::prefix(prefix).map_err(at("prefix"))?,
            (None, None, Some(regex)) => return Ok(Self::Regex(regex.clone())),
            _ => return Err(at("")(PathError::NotOne)),
        };
        Ok(Self::Segments(pattern.segments, pattern.extent))
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn demands(match_of: &str) -> Demands {
        let config: MatchConfig = serde_json::from_str(match_of).unwrap();
        Demands::compile(&config).unwrap()
    }

    #[test]
    fn paths_are_equal_by_what_they_take() {
        for (one, other, equal) in [
            (
                r#"{"path": "/caf%C3%A9"}"#,
                r#"{"path": "/caf%c3%a9"}"#,
                true,
            ),
            (r#"{"path": "/%70ets"}"#, r#"{"path": "/pets"}"#, true),
            (r#"{"path": "/{a}/x"}"#, r#"{"path": "/{b}/x"}"#, true),
            (r#"{"path": "/{a}"}"#, r#"{"path": "/%7Ba%7D"}"#, false),
            (r#"{"prefix": "/a"}"#, r#"{"prefix": "/a/"}"#, true),
            (r#"{"path": "/a"}"#, r#"{"path": "/a/"}"#, false),
            (r#"{"path": "/a"}"#, r#"{"prefix": "/a"}"#, false),
            (r#"{"regex": "/a"}"#, r#"{"path": "/a"}"#, false),
        ] {
            let paths = [one, other].map(|text| demands(text).path().clone());
            assert_eq!(paths[0] == paths[1], equal, "{one} {other}");
        }
    }

    #[test]
    fn conditions_imply_those_that_ask_for_less() {
        for (own, other, implied) in [
            ("", "", true),
            (r#""headers": {"x": "b"}"#, r#""headers": {"x": "b"}"#, true),
            (
                r#""headers": {"x": "b"}"#,
                r#""headers": {"x": "c"}"#,
                false,
            ),
            (
                r#""headers": {"x": "b"}"#,
                r#""headers": {"x": {"present": true}}"#,
                true,
            ),
            (
                r#""headers": {"x": {"present": true}}"#,
                r#""headers": {"x": "b"}"#,
                false,
            ),
            (
                r#""headers": {"x": {"present": false}}"#,
                r#""headers": {"x": {"present": true}}"#,
                false,
            ),
            (
                r#""query": {"x": "b1"}"#,
                r#""query": {"x": {"regex": "b[0-9]|c"}}"#,
                true,
            ),
            (
                r#""query": {"x": "b"}"#,
                r#""query": {"x": {"regex": "b[0-9]|c"}}"#,
                false,
            ),
            (
                r#""query": {"x": {"regex": "b"}}"#,
                r#""query": {"x": {"present": true}}"#,
                true,
            ),
            (
                r#""query": {"x": {"regex": "b+"}}"#,
                r#""query": {"x": {"regex": "b+"}}"#,
                true,
            ),
            (
                r#""query": {"x": {"regex": "b+"}}"#,
                r#""query": {"x": {"regex": "b*"}}"#,
                false,
            ),
            (r#""query": {"x": "b"}"#, r#""query": {"y": "b"}"#, false),
            // More conditions come first.
            (r#""headers": {"x": "b"}"#, "", false),
            (r#""headers": {"x": "b"}"#, r#""query": {"x": "b"}"#, false),
            (
                r#""content_types": ["Application/json"]"#,
                r#""content_types": ["text/*", "application/json"]"#,
                true,
            ),
            (
                r#""content_types": ["text/html", "text/x*"]"#,
                r#""content_types": ["text/*"]"#,
                true,
            ),
            (
                r#""content_types": ["text/*"]"#,
                r#""content_types": ["text/html"]"#,
                false,
            ),
            (
                r#""content_types": ["text/html"]"#,
                r#""content_types": ["text/htm"]"#,
                false,
            ),
        ] {
            let [own, other] = [own, other].map(|conditions| match conditions {
                "" => demands(r#"{"path": "/"}"#),
                conditions => demands(&format!(r#"{{"path": "/", {conditions}}}"#)),
            });
            assert_eq!(own.imply_as_many(&other), implied, "{own:?} {other:?}");
        }
    }
}
