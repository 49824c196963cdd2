//! Patterns of paths, as configuration writes them.

/// What a request's path must look like, cut into segments at each `/`.
///
/// The path that is matched has been normalised by Envoy: no `.` and `..` segments, no doubled and no
/// escaped slashes. A query does not belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathPattern {
    pub(crate) segments: Vec<Segment>,
    pub(crate) extent: Extent,
}

/// One segment of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    /// These very bytes.
    Literal(Box<[u8]>),
    /// One segment of any content but none.
    Any,
}

/// Bounds how deep a look-up can go.
const MOST_SEGMENTS: usize = 64;

/// How much of the path a pattern speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    #[error("must have exactly one of \"path\" and \"prefix\"")]
    NotOne,
    /// More segments than any path needs.
    #[error("must have at most {MOST_SEGMENTS} segments, found {0}")]
    TooDeep(usize),
    /// A variable in a prefix.
    #[error("must not hold variables, found \"{0}\"; use \"path\"")]
    VariableInPrefix(String),
}

impl PathPattern {
    /// Reads a path in which `{name}` stands for a segment.
    pub(crate) fn template(text: &str) -> Result<Self, PathError> {
        let mut names = Vec::new();
        let mut segments = Vec::new();
        for segment in segments_of(text)? {
            if let Some(name) = variable(segment)? {
                if names.contains(&name) {
                    return Err(PathError::VariableTwice(name.to_owned()));
                }
                names.push(name);
                segments.push(Segment::Any);
            } else {
                segments.push(Segment::Literal(segment.as_bytes().into()));
            }
        }
        Ok(Self {
            segments,
            extent: Extent::Whole,
        })
    }

    /// Reads the beginning of paths. A slash at its end says nothing more.
    pub(crate) fn prefix(text: &str) -> Result<Self, PathError> {
        let mut segments = Vec::new();
        for segment in segments_of(text)? {
            if variable(segment)?.is_some() {
                return Err(PathError::VariableInPrefix(segment.to_owned()));
            }
            segments.push(Segment::Literal(segment.as_bytes().into()));
        }
        if segments.last() == Some(&Segment::Literal([].into())) {
            segments.pop();
        }
        Ok(Self {
            segments,
            extent: Extent::Prefix,
        })
    }
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
