//! What Envoy makes of a request before the pipeline sees it: refuses it, or makes one authority and
//! one path of what was sent. The router matches that path, and it is what the upstream receives
//! where no route rewrites it.
//!
//! As Envoy 1.40 does with the connection manager that `envoy-render` writes: paths are normalised,
//! slashes merged, escaped slashes refused. `integration/tests/normalisation` sends what is said here
//! through a real Envoy.

mod canonical_path;
mod http1;
mod http2;
mod refusal;
mod url;

use filter_api::HeaderList;

pub use refusal::EdgeRefusal;

/// The version of HTTP that a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpVersion {
    /// HTTP/1.1 (RFC 9112).
    Http1,
    /// HTTP/2 (RFC 9113).
    Http2,
}

/// A request as a client sends it; only what Envoy looks at.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    /// Which HTTP.
    pub version: HttpVersion,
    /// Whether the connection is one with TLS.
    pub tls: bool,
    /// The method.
    pub method: &'a [u8],
    /// The request target of HTTP/1.1 in any of its forms (RFC 9112 section 3.2), or `:path` of
    /// HTTP/2; empty where HTTP/2 sends none.
    pub target: &'a [u8],
    /// The `Host` field of HTTP/1.1, or `:authority` of HTTP/2.
    pub host: Option<&'a [u8]>,
    /// The other header fields, without pseudo-headers.
    pub fields: &'a HeaderList,
}

/// A request as the pipeline sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    /// `:authority`.
    pub authority: Vec<u8>,
    /// `:path`, query included; none for CONNECT.
    pub path: Option<Vec<u8>>,
}

impl Sent<'_> {
    /// What the pipeline sees of this request.
    ///
    /// # Errors
    /// When Envoy answers it itself, or closes the connection.
    pub fn admit(&self) -> Result<Admitted, EdgeRefusal> {
        let read = match self.version {
            HttpVersion::Http1 => http1::read(self)?,
            HttpVersion::Http2 => http2::read(self)?,
        };
        let path = match read.path {
            None => None,
            Some(path) if path.starts_with(b"/") => Some(normalised(path)?),
            Some(_) => return Err(EdgeRefusal::NoPath),
        };
        let authority = read.authority.to_vec();
        Ok(Admitted { authority, path })
    }
}

/// What a codec reads out of a request, before paths are normalised.
struct Read<'a> {
    authority: &'a [u8],
    /// None for CONNECT.
    path: Option<&'a [u8]>,
}

/// `maybeNormalizePath` of Envoy's connection manager. `path` begins with a slash.
fn normalised(path: &[u8]) -> Result<Vec<u8>, EdgeRefusal> {
    if path.contains(&b'#') {
        return Err(EdgeRefusal::Fragment);
    }
    let end = path.iter().position(|&byte| byte == b'?');
    let (path, query) = path.split_at(end.unwrap_or(path.len()));
    if has_escaped_slash(path) {
        return Err(EdgeRefusal::EscapedSlash);
    }
    let bare = canonical_path::without_parameters_of_dot_segments(path);
    let canonical = canonical_path::canonical(&bare).ok_or(EdgeRefusal::EscapedNul)?;
    let mut normalised = merged(&canonical);
    normalised.extend_from_slice(query);
    Ok(normalised)
}

fn has_escaped_slash(path: &[u8]) -> bool {
    let is_slash = |escape: &[u8]| matches!(escape, b"%2f" | b"%2F" | b"%5c" | b"%5C");
    path.windows(3).any(is_slash)
}

/// Makes one slash of several; but a path of nothing else becomes two, as Envoy writes the first one
/// and the last one.
fn merged(path: &[u8]) -> Vec<u8> {
    if path.len() > 1 && path.iter().all(|&byte| byte == b'/') {
        return b"//".to_vec();
    }
    let mut merged = Vec::with_capacity(path.len());
    for &byte in path {
        if byte != b'/' || merged.last() != Some(&b'/') {
            merged.push(byte);
        }
    }
    merged
}

#[cfg(test)]
mod tests;
