//! Another path in place of the one that was matched.

use filter_api::ConfigError;
use filter_api::escapes::{escape, in_path};

use crate::denial::Denial;
use crate::normal::is_normal;
use crate::path::Extent;
use crate::pattern::Pattern;
use crate::request::Request;
use crate::template::Template;
use crate::value::Value;

/// Another path.
#[derive(Debug)]
pub(crate) enum PathRewrite {
    /// The whole of it.
    Whole(Template),
    /// Instead of the first segments, of which there are `matched`.
    Prefix {
        replacement: Box<[u8]>,
        matched: usize,
    },
}

/// Why a path cannot be put in place of another.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathRewriteError {
    /// Both ways at once.
    #[error("must have at most one of \"path\" and \"prefix\"")]
    Both,
    /// No prefix to replace.
    #[error("must stand beside a match by prefix; use \"path\"")]
    NoPrefix,
    /// Not of the form of a path.
    #[error(
        "must be a path that begins with \"/\", has no query, no \"//\" and no \".\" segment, found \
         \"{0}\""
    )]
    NotPath(String),
}

impl PathRewrite {
    /// `None` when nothing is to be rewritten.
    pub(crate) fn compile(
        path: Option<&str>,
        prefix: Option<&str>,
        pattern: &Pattern,
    ) -> Result<Option<Self>, ConfigError> {
        match (path, prefix) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => Err(ConfigError::new("", PathRewriteError::Both)),
            (Some(path), None) => {
                let template = Template::parse(path, pattern.names());
                let template = template.map_err(|error| ConfigError::new("path", error))?;
                check(path, &template.with(b"x"))
                    .map_err(|error| ConfigError::new("path", error))?;
                Ok(Some(Self::Whole(template)))
            }
            (None, Some(replacement)) => {
                let matched = match pattern {
                    Pattern::Path(path) if path.extent == Extent::Prefix => path.segments.len(),
                    _ => return Err(ConfigError::new("prefix", PathRewriteError::NoPrefix)),
                };
                check(replacement, replacement.as_bytes())
                    .map_err(|error| ConfigError::new("prefix", error))?;
                let replacement = replacement.strip_suffix('/').unwrap_or(replacement);
                Ok(Some(Self::Prefix {
                    replacement: replacement.as_bytes().into(),
                    matched,
                }))
            }
        }
    }

    /// The path instead of the request's.
    ///
    /// # Errors
    /// When a value would make it a path that can be read in two ways.
    pub(crate) fn apply(
        &self,
        request: &Request<'_>,
        values: &[Value<'_>],
    ) -> Result<Vec<u8>, Denial> {
        let path = match self {
            Self::Whole(template) => template.path(values),
            Self::Prefix {
                replacement,
                matched,
            } => {
                let mut path = replacement.to_vec();
                path.extend_from_slice(after_segments(request.path, *matched));
                if path.is_empty() {
                    path.push(b'/');
                }
                path
            }
        };
        if is_normal(&path) {
            Ok(path)
        } else {
            Err(Denial::ValueNotAllowed)
        }
    }
}

/// What follows the first segments of a path: nothing, or something that begins with a slash.
fn after_segments(path: &[u8], segments: usize) -> &[u8] {
    let mut slashes = path.iter().enumerate().filter(|&(_, &byte)| byte == b'/');
    let next = slashes.nth(segments);
    next.and_then(|(at, _)| path.get(at..)).unwrap_or_default()
}

/// Holds a path against what a request may carry; `shown` is what the configuration wrote.
fn check(shown: &str, path: &[u8]) -> Result<(), PathRewriteError> {
    let mut escapes = (0..path.len())
        .filter(|&at| path.get(at) == Some(&b'%'))
        .map(|at| escape(path.get(at..).unwrap_or_default()));
    let is_path = path.starts_with(b"/")
        && path.iter().all(|&byte| in_path(byte) || byte == b'%')
        && escapes.all(|escape| escape.is_some())
        && is_normal(path);
    if is_path {
        Ok(())
    } else {
        Err(PathRewriteError::NotPath(shown.to_owned()))
    }
}
