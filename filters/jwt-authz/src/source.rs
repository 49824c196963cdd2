//! Where in a request tokens are, and how they are taken out.

use std::borrow::Cow;

use filter_api::escapes::decode;
use filter_api::{ConfigError, Fields, HeaderList, Host, HostError};

use crate::config::SourceConfig;
use crate::denial::Denial;
use crate::header_value::is_name;

/// A place in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A header field; with a scheme, only values that begin with it.
    Header {
        name: Box<str>,
        scheme: Option<Box<str>>,
    },
    Cookie(Box<str>),
    Query(Box<str>),
}

impl Source {
    /// Where RFC 6750 section 2.1 has it.
    pub(crate) fn bearer() -> Self {
        Self::Header {
            name: "authorization".into(),
            scheme: Some("Bearer".into()),
        }
    }

    pub(crate) fn compile(config: &SourceConfig) -> Result<Self, ConfigError> {
        let is_plain = |name: &str| {
            let is_special = |byte| matches!(byte, b';' | b',' | b'=' | b'&' | b'"' | b'\\' | b'%');
            !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_graphic() && !is_special(byte))
        };
        let named = |place: &str, name: &str| match is_plain(name) {
            true => Ok(Box::from(name)),
            false => Err(ConfigError::new(
                place,
                format!("must be a name, found \"{name}\""),
            )),
        };
        match (&config.header, &config.cookie, &config.query) {
            (Some(name), None, None) => {
                if !is_name(name) {
                    let problem = format!("must be a header field in lower case, found \"{name}\"");
                    return Err(ConfigError::new("header", problem));
                }
                let scheme = config.scheme.as_deref();
                let scheme = scheme.map(|scheme| named("scheme", scheme)).transpose()?;
                Ok(Self::Header {
                    name: name.as_str().into(),
                    scheme,
                })
            }
            (None, Some(name), None) if config.scheme.is_none() => {
                named("cookie", name).map(Self::Cookie)
            }
            (None, None, Some(name)) if config.scheme.is_none() => {
                named("query", name).map(Self::Query)
            }
            (None, ..) if config.scheme.is_some() => {
                Err(ConfigError::new("scheme", "must stand beside \"header\""))
            }
            _ => {
                let problem = "must have exactly one of \"header\", \"cookie\" and \"query\"";
                Err(ConfigError::new("", problem))
            }
        }
    }

    /// The token that is there.
    ///
    /// # Errors
    /// When there is more than one.
    pub(crate) fn find<'h>(
        &'h self,
        headers: &'h HeaderList,
    ) -> Result<Option<Cow<'h, [u8]>>, Denial> {
        match self {
            Self::Header { name, scheme } => {
                let scheme = scheme.as_deref();
                if headers
                    .get_all(name)
                    .any(|line| hides_another(line, scheme))
                {
                    return Err(Denial::TokenRepeated);
                }
                let lines = headers.get_all(name);
                let tokens = lines.filter_map(|line| of_scheme(line, scheme));
                only(tokens.map(Cow::Borrowed))
            }
            Self::Cookie(name) => {
                let pairs = headers.get_all("cookie").flat_map(cookies);
                let tokens = pairs.filter_map(|pair| value_of(pair, name.as_bytes()));
                only(tokens.map(|token| Cow::Borrowed(unquoted(token))))
            }
            Self::Query(name) => {
                let parameters = parameters(headers.path());
                only(parameters.filter_map(|pair| parameter_value(pair, name.as_bytes())))
            }
        }
    }

    /// Whether it is in the request's target, which logs show.
    pub(crate) fn is_query(&self) -> bool {
        matches!(self, Self::Query(_))
    }

    /// Whether [`Source::strip`] changes the request's target.
    pub(crate) fn is_in_target(&self, headers: &HeaderList) -> bool {
        let Self::Query(name) = self else {
            return false;
        };
        let is_token = |pair| parameter_value(pair, name.as_bytes()).is_some();
        parameters(headers.path()).any(is_token)
    }

    /// A request's target without the tokens that are in its query.
    pub(crate) fn target_without(&self, target: &[u8]) -> Vec<u8> {
        let Self::Query(name) = self else {
            return target.to_vec();
        };
        let keep = |pair: &&[u8]| parameter_value(pair, name.as_bytes()).is_none();
        let mut parts = target.split(|&byte| byte == b'?');
        let mut stripped = parts.next().unwrap_or_default().to_vec();
        let query = parameters(target)
            .filter(keep)
            .collect::<Vec<_>>()
            .join(&b"&"[..]);
        if !query.is_empty() {
            stripped.push(b'?');
            stripped.extend_from_slice(&query);
        }
        stripped
    }

    /// Takes out whatever tokens are there, and leaves all else as it is. `headers` are the request's as
    /// they came.
    ///
    /// # Errors
    /// When the host refuses an edit.
    pub(crate) fn strip(&self, host: &mut dyn Host, headers: &HeaderList) -> Result<(), HostError> {
        match self {
            Self::Header { name, scheme } => {
                let scheme = scheme.as_deref();
                let keep = |line: &&[u8]| of_scheme(line, scheme).is_none();
                let (mut some_go, mut some_stay) = (false, false);
                for line in headers.get_all(name) {
                    let stays = keep(&line);
                    some_stay |= stays;
                    some_go |= !stays;
                }
                match (some_go, some_stay) {
                    (false, _) => return Ok(()),
                    (true, false) => return host.remove_field(Fields::RequestHeaders, name),
                    (true, true) => {}
                }
                // Another source may have taken out some of it.
                let fields = host.fields(Fields::RequestHeaders)?;
                let kept: Vec<&[u8]> = fields.get_all(name).filter(keep).collect();
                replace(host, name, &kept)
            }
            Self::Cookie(name) => {
                let keep = |pair: &&[u8]| value_of(pair, name.as_bytes()).is_none();
                let mut pairs = headers.get_all("cookie").flat_map(cookies);
                if pairs.all(|pair| keep(&pair)) {
                    return Ok(());
                }
                let fields = host.fields(Fields::RequestHeaders)?;
                let rest = |line| {
                    cookies(line)
                        .filter(keep)
                        .collect::<Vec<_>>()
                        .join(&b"; "[..])
                };
                let lines: Vec<Vec<u8>> = fields.get_all("cookie").map(rest).collect();
                let lines = lines.iter().map(Vec::as_slice);
                let kept: Vec<&[u8]> = lines.filter(|line| !line.is_empty()).collect();
                replace(host, "cookie", &kept)
            }
            Self::Query(_) => {
                if !self.is_in_target(headers) {
                    return Ok(());
                }
                let path = host.field(Fields::RequestHeaders, ":path")?;
                let stripped = self.target_without(&path.unwrap_or_default());
                host.set_field(Fields::RequestHeaders, ":path", &stripped)
            }
        }
    }
}

/// The only one of them, if there is any.
fn only<'t>(
    mut tokens: impl Iterator<Item = Cow<'t, [u8]>>,
) -> Result<Option<Cow<'t, [u8]>>, Denial> {
    let first = tokens.next();
    match tokens.next() {
        Some(_) => Err(Denial::TokenRepeated),
        None => Ok(first),
    }
}

fn replace(host: &mut dyn Host, name: &str, lines: &[&[u8]]) -> Result<(), HostError> {
    host.remove_field(Fields::RequestHeaders, name)?;
    for line in lines {
        host.add_field(Fields::RequestHeaders, name, line)?;
    }
    Ok(())
}

/// Whether a line of another scheme has one of this behind a comma: Envoy makes one line of several, and
/// whoever is next may take it apart.
fn hides_another(line: &[u8], scheme: Option<&str>) -> bool {
    let mut parts = line.split(|&byte| byte == b',').skip(1);
    scheme.is_some()
        && of_scheme(line, scheme).is_none()
        && parts.any(|part| of_scheme(part, scheme).is_some())
}

/// What stands behind a scheme, whose case does not count (RFC 9110 section 11.1), and spaces.
fn of_scheme<'l>(line: &'l [u8], scheme: Option<&str>) -> Option<&'l [u8]> {
    let Some(scheme) = scheme else {
        return Some(line.trim_ascii());
    };
    let line = line.trim_ascii();
    let (begin, rest) = line.split_at_checked(scheme.len())?;
    let is_of = begin.eq_ignore_ascii_case(scheme.as_bytes());
    match rest {
        [b' ' | b'\t', ..] if is_of => Some(rest.trim_ascii()),
        // The scheme alone: a token that is empty.
        [] if is_of => Some(rest),
        _ => None,
    }
}

fn cookies(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|&byte| byte == b';').map(<[u8]>::trim_ascii)
}

/// The value of a cookie of this name. Spaces around the name are none of it.
fn value_of<'p>(pair: &'p [u8], name: &[u8]) -> Option<&'p [u8]> {
    let equals = pair.iter().position(|&byte| byte == b'=')?;
    let (key, value) = pair.split_at(equals);
    (key.trim_ascii() == name).then(|| value.get(1..).unwrap_or_default().trim_ascii())
}

fn unquoted(value: &[u8]) -> &[u8] {
    let within = value
        .strip_prefix(b"\"")
        .and_then(|value| value.strip_suffix(b"\""));
    within.unwrap_or(value)
}

fn parameters(target: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut parts = target.splitn(2, |&byte| byte == b'?');
    let query = parts.nth(1);
    query
        .into_iter()
        .flat_map(|query| query.split(|&byte| byte == b'&'))
}

/// The value of a parameter, decoded. Its name is compared decoded, as whoever is behind compares it.
fn parameter_value<'p>(pair: &'p [u8], name: &[u8]) -> Option<Cow<'p, [u8]>> {
    let mut parts = pair.splitn(2, |&byte| byte == b'=');
    let key = parts.next()?;
    let value = parts.next().unwrap_or_default();
    (*decode(key) == *name).then(|| decode(value))
}

#[cfg(test)]
mod tests;
