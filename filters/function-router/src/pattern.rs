//! What a path must look like, in either of the two languages.

use filter_api::ConfigError;

use crate::config::MatchConfig;
use crate::path::{Extent, PathError, PathPattern, Segment};
use crate::precedence::{PathRank, SegmentRank};
use crate::regex_pattern::WholeRegex;
use crate::request::Request;
use crate::value::Value;

/// What a path must look like.
#[derive(Debug)]
pub(crate) enum Pattern {
    /// Segments, the whole path or its beginning.
    Path(PathPattern),
    /// A regular expression for the whole of it, and the names of its values.
    Regex(WholeRegex, Box<[Box<str>]>),
}

impl Pattern {
    pub(crate) fn compile(config: &MatchConfig) -> Result<Self, ConfigError> {
        let at = |place: &'static str| move |error: PathError| ConfigError::new(place, error);
        match (&config.path, &config.prefix, &config.regex) {
            (Some(path), None, None) => {
                let pattern = PathPattern::template(path).map_err(at("path"))?;
                Ok(Self::Path(pattern))
            }
            (None, Some(prefix), None) => {
                let pattern = PathPattern::prefix(prefix).map_err(at("prefix"))?;
                Ok(Self::Path(pattern))
            }
            (None, None, Some(regex)) => {
                let regex =
                    WholeRegex::compile(regex).map_err(|error| ConfigError::new("regex", error))?;
                let names = regex.names().into();
                Ok(Self::Regex(regex, names))
            }
            _ => Err(at("")(PathError::NotOne)),
        }
    }

    /// The names of the values, in order.
    pub(crate) fn names(&self) -> &[Box<str>] {
        match self {
            Self::Path(path) => &path.variables,
            Self::Regex(_, names) => names,
        }
    }

    /// The values in the path of a request that it matches, in the order of their names: whole
    /// segments of a template, parameters included; of a regular expression what it was shown.
    pub(crate) fn values<'p>(&self, request: &'p Request<'_>) -> Vec<Value<'p>> {
        match self {
            Self::Path(pattern) => pattern.values(request.path),
            Self::Regex(regex, _) => {
                let caught = regex.values(&request.matched_path);
                caught.into_iter().map(Value::Caught).collect()
            }
        }
    }

    pub(crate) fn rank(&self) -> PathRank {
        match self {
            Self::Regex(regex, _) => PathRank::Regex(std::cmp::Reverse(regex.text().len())),
            Self::Path(path) => match path.extent {
                Extent::Prefix => PathRank::Prefix(std::cmp::Reverse(path.segments.len())),
                Extent::Whole => {
                    let rank = |segment: &Segment| match segment {
                        Segment::Literal(_) => SegmentRank::Literal,
                        Segment::Any => SegmentRank::Variable,
                    };
                    PathRank::Whole(path.segments.iter().map(rank).collect())
                }
            },
        }
    }
}
