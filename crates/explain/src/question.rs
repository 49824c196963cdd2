//! The request that is asked about.

use std::net::IpAddr;
use std::time::Duration;

use envoy_render::OF_PROXIES;
use filter_api::HeaderList;

use crate::edge::{HttpVersion, Sent};

/// The content types of gRPC-Web that Envoy knows.
const GRPC_WEB: [&[u8]; 4] = [
    b"application/grpc-web",
    b"application/grpc-web+proto",
    b"application/grpc-web-text",
    b"application/grpc-web-text+proto",
];

/// What it makes of them.
const GRPC: &[u8] = b"application/grpc";

/// A request as a client would send it.
#[derive(Debug, Clone)]
pub struct Question {
    /// Which HTTP the client speaks.
    pub version: HttpVersion,
    /// Whether it speaks TLS, with the gateway or with who stands in front of it.
    pub https: bool,
    /// The method.
    pub method: Vec<u8>,
    /// The request target, or `:path`.
    pub target: Vec<u8>,
    /// `Host`, or `:authority`; none for a request without one.
    pub host: Option<Vec<u8>>,
    /// The other header fields, without pseudo-headers; names in lower case.
    pub fields: HeaderList,
    /// The client's address, as far as it is known.
    pub client: Option<IpAddr>,
    /// When it is sent, as time since the Unix epoch: tokens hold for a time.
    pub now: Duration,
}

/// Why there is no request to ask about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuestionError {
    /// Neither a URL nor a path.
    #[error(
        "expected a URL such as http://api.example.com/pets, a path such as /pets, or \"*\", found \
         \"{0}\""
    )]
    Url(String),
    /// Another scheme.
    #[error("expected a URL of http or https, found \"{0}\"")]
    Scheme(String),
    /// Not a header field.
    #[error("expected a header as \"name: value\", found \"{0}\"")]
    Header(String),
}

impl Question {
    /// Reads what a person writes: a URL, or a target as a client sends it, and header lines
    /// `name: value`. Of a URL the client sends the path, the fragment apart; nothing else of it is
    /// changed.
    ///
    /// # Errors
    /// See [`QuestionError`].
    pub fn new(
        version: HttpVersion,
        method: &str,
        url: &str,
        headers: &[impl AsRef<str>],
    ) -> Result<Self, QuestionError> {
        let (https, host, target) = match url.split_once("://") {
            _ if url == "*" || url.starts_with('/') || method == "CONNECT" => (false, None, url),
            Some((scheme, rest)) => {
                let https = match &*scheme.to_ascii_lowercase() {
                    "http" => false,
                    "https" => true,
                    _ => return Err(QuestionError::Scheme(url.to_owned())),
                };
                let rest = rest.split('#').next().unwrap_or_default();
                let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
                let host = host.rsplit('@').next().unwrap_or_default();
                (https, Some(host), path)
            }
            None => return Err(QuestionError::Url(url.to_owned())),
        };
        let mut target = target.to_owned();
        if host.is_some() && !target.starts_with('/') {
            target.insert(0, '/');
        }
        let mut host = host.map(str::to_owned);
        let mut fields = Vec::new();
        for line in headers {
            let line = line.as_ref();
            let halves = line.split_once(':');
            let (name, value) = halves.ok_or_else(|| QuestionError::Header(line.to_owned()))?;
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim().to_owned());
            if name.is_empty() {
                return Err(QuestionError::Header(line.to_owned()));
            }
            match &*name {
                // What curl does: this one is sent instead.
                "host" => host = Some(value),
                _ => fields.push((name, value)),
            }
        }
        let mut host = host.map(String::into_bytes);
        if method == "CONNECT" && version == HttpVersion::Http2 {
            host = Some(std::mem::take(&mut target).into_bytes());
        }
        Ok(Self {
            version,
            https,
            method: method.as_bytes().to_vec(),
            target: target.into_bytes(),
            host: Some(host.unwrap_or_else(|| b"localhost".to_vec())),
            fields: fields.into_iter().collect(),
            client: None,
            now: Duration::ZERO,
        })
    }

    /// What Envoy is sent. `tls`: whether the gateway itself can be spoken to with TLS.
    pub(crate) fn sent(&self, tls: bool) -> Sent<'_> {
        Sent {
            version: self.version,
            tls: self.https && tls,
            method: &self.method,
            target: &self.target,
            host: self.host.as_deref(),
            fields: &self.fields,
        }
    }

    /// What the pipeline is given.
    pub(crate) fn headers(&self, tls: bool, authority: &[u8], path: Option<&[u8]>) -> HeaderList {
        let scheme: &[u8] = if self.https && tls { b"https" } else { b"http" };
        let path = path.map(|path| (&b":path"[..], path));
        let pseudo = [
            (&b":authority"[..], authority),
            (b":method", &self.method),
            (b":scheme", scheme),
        ];
        let is_of_proxies = |name: &[u8]| OF_PROXIES.iter().any(|one| one.as_bytes() == name);
        // Nothing stands before this gateway, so Envoy removes what is written in the name of a proxy.
        let fields = self.fields.iter().filter(|(name, _)| !is_of_proxies(name));
        let fields = fields.map(|(name, value)| match name {
            // Envoy's filter for gRPC-Web stands before the pipeline.
            b"content-type" if GRPC_WEB.contains(&value) => (name, GRPC),
            _ => (name, value),
        });
        pseudo.into_iter().chain(path).chain(fields).collect()
    }
}
