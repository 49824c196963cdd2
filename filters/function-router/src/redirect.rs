//! Answers that send a client elsewhere, and answers that need nobody.

use filter_api::{ConfigError, Reply};

use crate::config::{RedirectConfig, RespondConfig, Scheme};
use crate::denial::Denial;
use crate::hosts::is_host;
use crate::path_rewrite::PathRewrite;
use crate::pattern::Pattern;
use crate::request::Request;
use crate::rewrite::{append_query, host_of, host_template};
use crate::template::Template;
use crate::tokens::is_field_value;

/// Where a client is sent.
#[derive(Debug)]
pub(crate) struct Redirect {
    scheme: Option<Scheme>,
    host: Option<Template>,
    port: Option<u16>,
    path: Option<PathRewrite>,
    status: u16,
}

/// An answer of the gateway's own.
#[derive(Debug)]
pub(crate) struct Respond {
    status: u16,
    content_type: Box<str>,
    body: Box<[u8]>,
}

/// Why a route cannot answer so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// No status of a redirect.
    #[error("must be 301, 302, 303, 307 or 308, found {0}")]
    RedirectStatus(u16),
    /// No status of a response.
    #[error("must be 200 to 599, found {0}")]
    Status(u16),
    /// No port.
    #[error("must be 1 to 65535, found 0")]
    Port,
    /// A host with a port.
    #[error("must be a host without port, found \"{0}\"; write the port as \"port\"")]
    HostWithPort(String),
    /// It would send the client to where it is.
    #[error("must change something: \"scheme\", \"host\", \"port\", \"path\" or \"prefix\"")]
    Nothing,
    /// What no header can hold.
    #[error("must be a media type such as \"application/json\", found \"{0}\"")]
    ContentType(String),
    /// A status that has no body (RFC 9110 section 6.4.1).
    #[error("must not be there with status {0}, which has none")]
    BodyOfStatus(u16),
}

impl Redirect {
    pub(crate) fn compile(config: &RedirectConfig, pattern: &Pattern) -> Result<Self, ConfigError> {
        let path = PathRewrite::compile(config.path.as_deref(), config.prefix.as_deref(), pattern)?;
        let at = |place: &str, error: AnswerError| Err(ConfigError::new(place, error));
        let status = config.status.unwrap_or(302);
        if !matches!(status, 301..=303 | 307 | 308) {
            return at("status", AnswerError::RedirectStatus(status));
        }
        if config.port == Some(0) {
            return at("port", AnswerError::Port);
        }
        let host = config.host.as_deref();
        if let Some(host) = host.filter(|host| host.contains(':')) {
            return at("host", AnswerError::HostWithPort(host.to_owned()));
        }
        let host = host.map(|text| host_template(text, pattern.names()));
        let redirect = Self {
            scheme: config.scheme,
            host: host.transpose()?,
            port: config.port,
            path,
            status,
        };
        match redirect {
            Self {
                scheme: None,
                host: None,
                port: None,
                path: None,
                ..
            } => at("", AnswerError::Nothing),
            redirect => Ok(redirect),
        }
    }

    /// The answer with its `location`.
    ///
    /// # Errors
    /// When a value of the request cannot stand where it would be put.
    pub(crate) fn answer(&self, request: &Request<'_>, pattern: &Pattern) -> Result<Reply, Denial> {
        let values = pattern.values(request);
        let scheme = self.scheme.unwrap_or_else(|| scheme_of(request));
        let mut location = match scheme {
            Scheme::Http => b"http://".to_vec(),
            Scheme::Https => b"https://".to_vec(),
        };
        match &self.host {
            Some(host) => location.extend(host_of(host, &values)?),
            None if is_host(&request.host) => location.extend_from_slice(&request.host),
            None => return Err(Denial::ValueNotAllowed),
        }
        if let Some(port) = self.port(scheme, request) {
            location.extend(format!(":{port}").into_bytes());
        }
        let mut target = match &self.path {
            Some(path) => path.apply(request, &values)?,
            None => request.path.to_vec(),
        };
        append_query(&mut target, request.query);
        // What somebody in front takes for its own is put back, unless the client goes elsewhere.
        if self.host.is_none() {
            location.extend_from_slice(request.stage);
        }
        location.extend(target);
        // Whatever is no text by now is no URL either.
        let location = String::from_utf8(location).map_err(|_| Denial::ValueNotAllowed)?;
        Ok(Reply {
            status: self.status,
            headers: vec![("location", location)],
            body: Vec::new(),
            label: "redirect",
            refuses: false,
        })
    }

    /// The port to write, if it is not the scheme's own.
    fn port(&self, scheme: Scheme, request: &Request<'_>) -> Option<u16> {
        let used = || {
            let port = std::str::from_utf8(request.port?).ok()?;
            port.parse().ok()
        };
        let port = match (self.port, self.scheme) {
            (Some(port), _) => Some(port),
            (None, Some(_)) => None,
            (None, None) => used(),
        };
        let own = match scheme {
            Scheme::Http => 80,
            Scheme::Https => 443,
        };
        port.filter(|&port| port != own)
    }
}

/// What the client used, as far as Envoy knows.
fn scheme_of(request: &Request<'_>) -> Scheme {
    match request.headers.get(":scheme") {
        Some(b"https") => Scheme::Https,
        _ => Scheme::Http,
    }
}

impl Respond {
    pub(crate) fn compile(config: &RespondConfig) -> Result<Self, ConfigError> {
        let at = |place: &str, error: AnswerError| Err(ConfigError::new(place, error));
        if !(200..=599).contains(&config.status) {
            return at("status", AnswerError::Status(config.status));
        }
        let body = config.body.as_deref().unwrap_or_default();
        if matches!(config.status, 204 | 205 | 304) && !body.is_empty() {
            return at("body", AnswerError::BodyOfStatus(config.status));
        }
        let content_type = config.content_type.as_deref();
        let content_type = content_type.unwrap_or("text/plain; charset=utf-8");
        if !is_field_value(content_type.as_bytes()) || !content_type.contains('/') {
            return at(
                "content_type",
                AnswerError::ContentType(content_type.to_owned()),
            );
        }
        Ok(Self {
            status: config.status,
            content_type: content_type.into(),
            body: body.as_bytes().into(),
        })
    }

    pub(crate) fn answer(&self) -> Reply {
        let headers = match *self.body {
            [] => Vec::new(),
            _ => vec![("content-type", self.content_type.to_string())],
        };
        Reply {
            status: self.status,
            headers,
            body: self.body.to_vec(),
            label: "direct_response",
            refuses: false,
        }
    }
}
