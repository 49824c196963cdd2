//! Patterns of paths, as configuration writes them.

use filter_api::escapes::{decode, escape};

use crate::value::Value;

/// What a request's path must look like, cut into segments at each `/`.
///
/// The path that is matched has been normalised by Envoy: no `.` and `..` segments, no doubled and no
/// escaped slashes. A query does not belong to it. Segments are compared by the octets that they mean,
/// so `/caf%C3%A9` takes `/caf%c3%a9` too: to the upstream they are one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathPattern {
    pub(crate) segments: Vec<Segment>,
    pub(crate) extent: Extent,
    /// The names of those segments that are variable, in order.
    pub(crate) variables: Vec<Box<str>>,
}

/// One segment of a pattern. Literal comes before variable.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Segment {
    /// These very octets.
    Literal(Box<[u8]>),
    /// One segment of any content but none.
    Any,
}

/// Bounds how deep a look-up can go.
const MOST_SEGMENTS: usize = 64;

/// How much of the path a pattern speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Extent {
    /// The whole of it.
    Whole,
    /// Its first segments.
    Prefix,
}

/// Why a path pattern cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It does not begin with a slash.
    #[error("must begin with \"/\", found \"{0}\"")]
    NoSlash(String),
    /// It holds a query or fragment.
    #[error("must be a path alone, found \"{0}\" in it; queries are not part of the path")]
    NotPath(char),
    /// It holds what no URI path may.
    #[error("must hold only characters of a URI path, found {0:?}; write it percent-encoded")]
    Character(char),
    /// A segment with parameters, without which segments are matched.
    #[error("can never match: what follows a \";\" is not matched; leave it out, or write \"%3B\"")]
    Parameters,
    /// Envoy resolves or refuses such paths before a request is matched.
    #[error("can never match: Envoy normalises \"{0}\" away before a request is matched")]
    Normalised(String),
    /// Braces that do not enclose the whole of one segment.
    #[error("must have \"{{name}}\" as a whole segment, found \"{0}\"")]
    Variable(String),
    /// A variable without a proper name.
    #[error(
        "must name the variable in \"{0}\" with letters, digits and \"_\", not beginning with a digit"
    )]
    VariableName(String),
    /// A variable named twice.
    #[error("must name each variable once, found \"{{{0}}}\" again")]
    VariableTwice(String),
    /// Neither or both of `path` and `prefix`.
    #[error("must have exactly one of \"path\", \"prefix\" and \"regex\"")]
    NotOne,
    /// More segments than any path needs.
    #[error("must have at most {MOST_SEGMENTS} segments, found {0}")]
    TooDeep(usize),
    /// A percent sign that begins no escape.
    #[error(
        "must have two hexadecimal digits after each \"%\", found \"{0}\"; a percent sign is \"%25\""
    )]
    Escape(String),
    /// A stage that is no path.
    #[error("must be a path such as \"/prod\", found \"{0}\"")]
    NoStage(String),
    /// A variable in a prefix.
    #[error("must not hold variables, found \"{0}\"; use \"path\"")]
    VariableInPrefix(String),
}

impl PathPattern {
    /// Reads a path in which `{name}` stands for a segment.
    pub(crate) fn template(text: &str) -> Result<Self, PathError> {
        let mut variables: Vec<Box<str>> = Vec::new();
        let mut segments = Vec::new();
        for segment in segments_of(text)? {
            if let Some(name) = variable(segment)? {
                if variables.iter().any(|known| **known == *name) {
                    return Err(PathError::VariableTwice(name.to_owned()));
                }
                variables.push(name.into());
                segments.push(Segment::Any);
            } else {
                segments.push(literal(segment)?);
            }
        }
        Ok(Self {
            segments,
            extent: Extent::Whole,
            variables,
        })
    }

    /// Reads the beginning of paths. A slash at its end says nothing more.
    pub(crate) fn prefix(text: &str) -> Result<Self, PathError> {
        let mut segments = Vec::new();
        for segment in segments_of(text)? {
            if variable(segment)?.is_some() {
                return Err(PathError::VariableInPrefix(segment.to_owned()));
            }
            segments.push(literal(segment)?);
        }
        if segments.last() == Some(&Segment::Literal([].into())) {
            segments.pop();
        }
        Ok(Self {
            segments,
            extent: Extent::Prefix,
            variables: Vec::new(),
        })
    }

    /// What the variable segments of a path are, in the order of their names. The path is one that the
    /// pattern matches.
    pub(crate) fn values<'p>(&self, path: &'p [u8]) -> Vec<Value<'p>> {
        self.segments
            .iter()
            .zip(split(path))
            .filter(|(segment, _)| **segment == Segment::Any)
            .map(|(_, value)| Value::Segment(value))
            .collect()
    }
}

fn literal(segment: &str) -> Result<Segment, PathError> {
    let bytes = segment.as_bytes();
    for (at, _) in segment.match_indices('%') {
        let rest = bytes.get(at..).unwrap_or_default();
        if escape(rest).is_none() {
            let shown = String::from_utf8_lossy(rest.get(..3).unwrap_or(rest));
            return Err(PathError::Escape(shown.into_owned()));
        }
    }
    Ok(Segment::Literal(decode(bytes).into()))
}

/// The segments after the leading slash: `/` has one, which is empty.
pub(crate) fn split(path: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    path.strip_prefix(b"/")
        .unwrap_or(path)
        .split(|&byte| byte == b'/')
}

fn segments_of(text: &str) -> Result<impl Iterator<Item = &str>, PathError> {
    let Some(rest) = text.strip_prefix('/') else {
        return Err(PathError::NoSlash(text.to_owned()));
    };
    if let Some(mark) = rest.chars().find(|c| matches!(c, '?' | '#')) {
        return Err(PathError::NotPath(mark));
    }
    // RFC 3986 section 3.3 (pchar), and braces, which are ours.
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@%/{}".contains(c);
    if let Some(strange) = rest.chars().find(|&c| !allowed(c)) {
        return Err(PathError::Character(strange));
    }
    if rest.contains(';') {
        return Err(PathError::Parameters);
    }
    let lower = rest.to_ascii_lowercase();
    for gone in ["//", "%2f", "%5c"] {
        if lower.contains(gone) || (gone == "//" && lower.starts_with('/')) {
            return Err(PathError::Normalised(gone.to_owned()));
        }
    }
    for gone in [".", "..", "%2e", "%2e%2e", ".%2e", "%2e."] {
        if lower.split('/').any(|segment| segment == gone) {
            return Err(PathError::Normalised(format!("/{gone}")));
        }
    }
    let depth = rest.split('/').count();
    if depth > MOST_SEGMENTS {
        return Err(PathError::TooDeep(depth));
    }
    Ok(rest.split('/'))
}

fn variable(segment: &str) -> Result<Option<&str>, PathError> {
    if !segment.contains(['{', '}']) {
        return Ok(None);
    }
    let name = segment
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .filter(|name| !name.contains(['{', '}']))
        .ok_or_else(|| PathError::Variable(segment.to_owned()))?;
    let mut characters = name.chars();
    let first = characters
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    if first && characters.all(|c| c.is_ascii_alphanumeric() || c == '_') {
        Ok(Some(name))
    } else {
        Err(PathError::VariableName(segment.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn literal(text: &str) -> Segment {
        Segment::Literal(text.as_bytes().into())
    }

    #[test]
    fn a_literal_means_its_octets_and_a_variable_has_a_value() {
        let pattern = PathPattern::template("/caf%c3%A9/{id}/{size}").unwrap();
        assert_eq!(pattern.segments.first(), Some(&literal("caf\u{e9}")));
        assert_eq!(pattern.variables, ["id".into(), "size".into()]);
        assert_eq!(
            pattern.values(b"/caf%C3%a9;x/7;v=1/b%69g"),
            [Value::Segment(b"7;v=1"), Value::Segment(b"b%69g")]
        );
    }

    #[test]
    fn a_template_is_cut_into_segments() {
        let pattern = PathPattern::template("/pets/{id}/photo").unwrap();
        assert_eq!(
            pattern.segments,
            [literal("pets"), Segment::Any, literal("photo")]
        );
        assert_eq!(pattern.extent, Extent::Whole);
        assert_eq!(PathPattern::template("/").unwrap().segments, [literal("")]);
        assert_eq!(
            PathPattern::template("/a/").unwrap().segments,
            [literal("a"), literal("")]
        );
    }

    #[test]
    fn a_prefix_does_not_care_for_its_last_slash() {
        assert_eq!(
            PathPattern::prefix("/a/").unwrap(),
            PathPattern::prefix("/a").unwrap()
        );
        assert!(PathPattern::prefix("/").unwrap().segments.is_empty());
    }

    #[test]
    fn what_is_no_pattern_is_named() {
        for (text, message) in [
            ("pets", "must begin with \"/\", found \"pets\""),
            ("", "must begin with \"/\", found \"\""),
            (
                "/a?b",
                "must be a path alone, found \"?\" in it; queries are not part of the path",
            ),
            (
                "/a b",
                "must hold only characters of a URI path, found ' '; write it percent-encoded",
            ),
            (
                "/é",
                "must hold only characters of a URI path, found 'é'; write it percent-encoded",
            ),
            (
                "/a//b",
                "can never match: Envoy normalises \"//\" away before a request is matched",
            ),
            (
                "//b",
                "can never match: Envoy normalises \"//\" away before a request is matched",
            ),
            (
                "/a/../b",
                "can never match: Envoy normalises \"/..\" away before a request is matched",
            ),
            (
                "/a%2Fb",
                "can never match: Envoy normalises \"%2f\" away before a request is matched",
            ),
            (
                "/a/x{id}",
                "must have \"{name}\" as a whole segment, found \"x{id}\"",
            ),
            (
                "/a/{id",
                "must have \"{name}\" as a whole segment, found \"{id\"",
            ),
            (
                "/a/{}",
                "must name the variable in \"{}\" with letters, digits and \"_\", not beginning with \
                 a digit",
            ),
            (
                "/50%/a",
                "must have two hexadecimal digits after each \"%\", found \"%\"; a percent sign is \
                 \"%25\"",
            ),
            (
                "/{id}/{id}",
                "must name each variable once, found \"{id}\" again",
            ),
        ] {
            assert_eq!(
                PathPattern::template(text).unwrap_err().to_string(),
                message,
                "{text}"
            );
        }
        assert_eq!(
            PathPattern::prefix("/a/{id}").unwrap_err().to_string(),
            "must not hold variables, found \"{id}\"; use \"path\""
        );
    }
}
