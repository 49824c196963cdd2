//! What is written anew on the way to a function.

use filter_api::ConfigError;

use crate::config::DestinationConfig;
use crate::denial::Denial;
use crate::hosts::{is_label, is_name};
use crate::path_rewrite::PathRewrite;
use crate::pattern::Pattern;
use crate::request::Request;
use crate::template::Template;
use crate::tokens::is_token;
use crate::value::Value;

/// What is written anew; what is not given stays.
#[derive(Debug)]
pub(crate) struct Rewrite {
    path: Option<PathRewrite>,
    query: Option<Template>,
    host: Option<Template>,
    method: Option<Box<str>>,
}

/// The pseudo-headers that a request gets instead of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rewritten {
    /// `:path`: path and query.
    pub path: Option<Vec<u8>>,
    /// `:authority`.
    pub authority: Option<Vec<u8>>,
    /// `:method`.
    pub method: Option<Box<str>>,
}

/// Why a request cannot be rewritten so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RewriteError {
    /// Not of the form of a query.
    #[error("must be a query without \"?\", percent-encoded, found \"{0}\"")]
    Query(String),
    /// Not of the form of a host.
    #[error("must be a host in lower case such as \"pets.internal\", found \"{0}\"")]
    Host(String),
    /// A host that a client would choose.
    #[error(
        "must end in a name that is written down, such as \".pets.internal\", found \"{0}\"; a client \
         chooses what a value is"
    )]
    HostOfClient(String),
    /// No method of HTTP (RFC 9110 section 9.1).
    #[error("must be a method such as \"POST\", found \"{0}\"")]
    Method(String),
    /// The client would wait for a body that never comes.
    #[error("must not be \"HEAD\", whose answers have no body; write \"GET\"")]
    Head,
}

impl Rewrite {
    pub(crate) fn compile(
        config: &DestinationConfig,
        pattern: &Pattern,
    ) -> Result<Self, ConfigError> {
        let path = PathRewrite::compile(config.path.as_deref(), config.prefix.as_deref(), pattern)?;
        let query = config.query.as_deref().map(|text| {
            let template = Template::parse(text, pattern.names())
                .map_err(|error| ConfigError::new("query", error))?;
            let allowed = |byte: &u8| byte.is_ascii_graphic() && !b"\"<>#\\^`{|}".contains(byte);
            if !template.texts().flatten().all(allowed) || text.starts_with('?') {
                let error = RewriteError::Query(text.to_owned());
                return Err(ConfigError::new("query", error));
            }
            Ok(template)
        });
        let host = config.host.as_deref();
        let host = host.map(|text| host_template(text, pattern.names()));
        let method = config.method.as_deref().map(|method| {
            if method == "HEAD" {
                Err(ConfigError::new("method", RewriteError::Head))
            } else if is_token(method.as_bytes()) && method != "CONNECT" {
                Ok(method.into())
            } else {
                let error = RewriteError::Method(method.to_owned());
                Err(ConfigError::new("method", error))
            }
        });
        Ok(Self {
            path,
            query: query.transpose()?,
            host: host.transpose()?,
            method: method.transpose()?,
        })
    }

    /// What the function sees instead.
    ///
    /// # Errors
    /// When a value of the request cannot stand where it would be put.
    pub(crate) fn apply(
        &self,
        request: &Request<'_>,
        pattern: &Pattern,
    ) -> Result<Rewritten, Denial> {
        // A function that were asked otherwise would answer with a body, which the client of a HEAD
        // takes for the beginning of its next answer (RFC 9112 section 6.3).
        let method = self.method.clone().filter(|_| request.method != b"HEAD");
        let is_empty = self.path.is_none() && self.query.is_none() && self.host.is_none();
        if is_empty && request.stage.is_empty() {
            return Ok(Rewritten {
                method,
                ..Rewritten::default()
            });
        }
        let values = pattern.values(request);
        Ok(Rewritten {
            path: self.target(request, &values)?,
            authority: match &self.host {
                Some(host) => Some(host_of(host, &values)?),
                None => None,
            },
            method,
        })
    }

    fn target(
        &self,
        request: &Request<'_>,
        values: &[Value<'_>],
    ) -> Result<Option<Vec<u8>>, Denial> {
        if self.path.is_none() && self.query.is_none() && request.stage.is_empty() {
            return Ok(None);
        }
        let mut target = match &self.path {
            Some(path) => path.apply(request, values)?,
            None => request.path.to_vec(),
        };
        match &self.query {
            Some(query) => append_query(&mut target, Some(&query.query(values))),
            None => append_query(&mut target, request.query),
        }
        Ok(Some(target))
    }
}

/// An empty query leaves no `?` behind.
pub(crate) fn append_query(target: &mut Vec<u8>, query: Option<&[u8]>) {
    if let Some(query) = query.filter(|query| !query.is_empty()) {
        target.push(b'?');
        target.extend_from_slice(query);
    }
}

/// A host, perhaps with values and a port.
pub(crate) fn host_template(text: &str, names: &[Box<str>]) -> Result<Template, ConfigError> {
    let template = Template::parse(text, names).map_err(|error| ConfigError::new("host", error))?;
    if !template.ends_in_text_with(b'.') {
        let error = RewriteError::HostOfClient(text.to_owned());
        return Err(ConfigError::new("host", error));
    }
    let sample = template.with(b"x");
    if is_authority(&sample) && !sample.iter().any(u8::is_ascii_uppercase) {
        Ok(template)
    } else {
        let error = RewriteError::Host(text.to_owned());
        Err(ConfigError::new("host", error))
    }
}

/// The host with the values of a request, in lower case.
///
/// # Errors
/// When a value is more or less than one label: values come from the client, and one with a dot, a
/// colon or a slash would lead to a host that nobody wrote down.
pub(crate) fn host_of(template: &Template, values: &[Value<'_>]) -> Result<Vec<u8>, Denial> {
    let authority = template.plain(values).to_ascii_lowercase();
    let mut put_in = template.values_in(values);
    if put_in.all(|value| is_label(&value.octets())) && is_authority(&authority) {
        Ok(authority)
    } else {
        Err(Denial::ValueNotAllowed)
    }
}

fn is_authority(text: &[u8]) -> bool {
    let mut halves = text.rsplitn(2, |&byte| byte == b':');
    match (halves.next(), halves.next()) {
        (Some(port), Some(host)) => {
            let port = std::str::from_utf8(port).ok();
            is_name(host) && port.is_some_and(|port| port.parse().is_ok_and(|port: u16| port > 0))
        }
        _ => is_name(text),
    }
}
