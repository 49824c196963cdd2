//! What a test sends.

use std::collections::VecDeque;

use hyper::body::{Bytes, Frame};
use hyper::header::{HOST, TRAILER};
use hyper::{HeaderMap, Method, Uri, Version, http};
use tokio::sync::mpsc;

use crate::body::{Outgoing, Source};
use crate::fields;
use crate::gate::Gate;

/// A request, sent by [`Client::send`](super::Client::send).
#[derive(Debug)]
pub struct Request {
    method: Method,
    path: String,
    authority: Option<String>,
    headers: HeaderMap,
    trailers: HeaderMap,
    source: Source,
    announced: bool,
    gate: Option<Gate>,
}

impl Request {
    /// A request without a body. `path` includes the query.
    ///
    /// # Panics
    /// When `method` is no token (RFC 9110 §9.1); [`raw`](crate::raw::raw) sends even that.
    #[must_use]
    pub fn new(method: &str, path: &str) -> Self {
        Self {
            method: Method::from_bytes(method.as_bytes()).expect("a method"),
            path: path.to_owned(),
            authority: None,
            headers: HeaderMap::new(),
            trailers: HeaderMap::new(),
            source: Source::Pieces(VecDeque::new()),
            announced: true,
            gate: None,
        }
    }

    /// `GET path`.
    #[must_use]
    pub fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    /// `POST path`.
    #[must_use]
    pub fn post(path: &str) -> Self {
        Self::new("POST", path)
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &str {
        self.method.as_str()
    }

    /// The path with its query.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The host that the request is for (`Host`, `:authority`) instead of the address that it is
    /// sent to.
    #[must_use]
    pub fn authority(mut self, authority: &str) -> Self {
        self.authority = Some(authority.to_owned());
        self
    }

    /// Adds a header; the same name again makes a second line of it. The value may hold any bytes
    /// but controls (RFC 9110 §5.5), so ones that are not UTF-8, too.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers
            .append(fields::name(name), fields::value(value));
        self
    }

    /// Adds a trailer, after whatever body. HTTP/1.1 then uses chunked encoding.
    #[must_use]
    pub fn trailer(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.trailers
            .append(fields::name(name), fields::value(value));
        self
    }

    /// A body with `content-length`.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.source = Source::Pieces(VecDeque::from([body.into()]));
        self.announced = true;
        self
    }

    /// A body in pieces without `content-length`: chunked encoding, or HTTP/2 data frames.
    #[must_use]
    pub fn chunked<B: Into<Bytes>>(mut self, pieces: impl IntoIterator<Item = B>) -> Self {
        self.source = Source::Pieces(pieces.into_iter().map(Into::into).collect());
        self.announced = false;
        self
    }

    /// A body of `length` bytes that is made while it is sent and never held whole; with
    /// `content-length`. Its digest is [`generated_sha256`](crate::generated_sha256).
    #[must_use]
    pub fn generated(mut self, length: u64) -> Self {
        self.source = Source::Generated(length);
        self.announced = true;
        self
    }

    /// Leaves `content-length` away whatever the body.
    #[must_use]
    pub fn unannounced(mut self) -> Self {
        self.announced = false;
        self
    }

    /// Sends the body only when `gate` is open; the head is sent before that.
    #[must_use]
    pub fn after(mut self, gate: &Gate) -> Self {
        self.gate = Some(gate.clone());
        self
    }

    /// A body that the test hands in piece by piece while the request is on its way.
    #[must_use]
    pub fn fed(mut self) -> (Self, Feed) {
        let (feed, frames) = mpsc::channel(1);
        self.source = Source::Fed(frames);
        self.announced = false;
        (self, Feed(feed))
    }

    /// The request as hyper sends it. `default_authority`: where it is sent to.
    pub(super) fn into_http(
        mut self,
        version: Version,
        scheme: &str,
        default_authority: &str,
    ) -> Result<http::Request<Outgoing>, http::Error> {
        let authority = self.authority.as_deref().unwrap_or(default_authority);
        let uri = if version == Version::HTTP_2 {
            let uri = Uri::builder().scheme(scheme).authority(authority);
            uri.path_and_query(self.path).build()?
        } else {
            if !self.headers.contains_key(HOST) {
                self.headers.insert(HOST, fields::value(authority));
            }
            // Over HTTP/1.1 hyper sends only those trailers that this header announces.
            for name in self.trailers.keys() {
                self.headers.append(TRAILER, fields::value(name));
            }
            Uri::try_from(self.path)?
        };
        let mut body = Outgoing::new(self.source, self.trailers, self.announced);
        if let Some(gate) = self.gate {
            body = body.pausing(0, gate);
        }
        let mut request = http::Request::new(body);
        *request.method_mut() = self.method;
        *request.uri_mut() = uri;
        *request.version_mut() = version;
        *request.headers_mut() = self.headers;
        Ok(request)
    }
}

/// The test's end of a [`Request::fed`] body. Dropping it ends the body.
#[derive(Debug)]
pub struct Feed(mpsc::Sender<Frame<Bytes>>);

impl Feed {
    /// Hands in one piece; returns once the connection has room for it. Says whether the request
    /// still takes any: not when it was answered, cut or given up.
    pub async fn data(&self, piece: impl Into<Bytes>) -> bool {
        self.0.send(Frame::data(piece.into())).await.is_ok()
    }

    /// Ends the body with one trailer, which the request must not have as well.
    pub async fn end_with_trailer(self, name: &str, value: impl AsRef<[u8]>) -> bool {
        let trailers = HeaderMap::from_iter([(fields::name(name), fields::value(value))]);
        self.0.send(Frame::trailers(trailers)).await.is_ok()
    }
}
