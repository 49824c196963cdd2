//! What the upstream answers.

use std::collections::VecDeque;

use hyper::body::Bytes;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, TRAILER};
use hyper::{HeaderMap, Response, StatusCode, Version};
use serde_json::{Value, json};

use super::SeenRequest;
use crate::body::{Outgoing, Source};
use crate::fields;
use crate::gate::Gate;

/// A response to come.
#[derive(Debug, Clone)]
pub struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Content,
    announced: bool,
    trailers: HeaderMap,
    gate: Option<Gate>,
    pause: Option<Gate>,
}

#[derive(Debug, Clone)]
enum Content {
    Pieces(VecDeque<Bytes>),
    Generated(u64),
}

impl Content {
    fn length(&self) -> u64 {
        match self {
            Self::Pieces(pieces) => pieces.iter().map(|piece| piece.len() as u64).sum(),
            Self::Generated(length) => *length,
        }
    }
}

impl Answer {
    /// An answer without a body.
    ///
    /// # Panics
    /// When `status` is not within 100 to 999.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self {
            status: StatusCode::from_u16(status).expect("a status code"),
            headers: HeaderMap::new(),
            body: Content::Pieces(VecDeque::new()),
            announced: true,
            trailers: HeaderMap::new(),
            gate: None,
            pause: None,
        }
    }

    /// 200 with what was seen, as JSON: `method`, `path`, `authority`, `version`, `headers` and
    /// `trailers` as lists of `[name, value]`, `body_length` and `body_sha256`. A value that is not
    /// UTF-8 stands there escaped (`\xff`).
    #[must_use]
    pub fn echo(seen: &SeenRequest) -> Self {
        let echo = json!({
            "method": seen.method,
            "path": seen.path,
            "authority": seen.authority,
            "version": format!("{:?}", seen.version),
            "headers": lines(&seen.headers),
            "body_length": seen.body_length,
            "body_sha256": seen.body_sha256,
            "trailers": lines(&seen.trailers),
        });
        Self::new(200)
            .header(CONTENT_TYPE.as_str(), "application/json")
            .body(echo.to_string())
    }

    /// Adds a header; the same name again makes a second line of it.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers
            .append(fields::name(name), fields::value(value));
        self
    }

    /// A body with `content-length`.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Content::Pieces(VecDeque::from([body.into()]));
        self.announced = true;
        self
    }

    /// A body in pieces without `content-length`: chunked encoding, or HTTP/2 data frames.
    #[must_use]
    pub fn chunked<B: Into<Bytes>>(mut self, pieces: impl IntoIterator<Item = B>) -> Self {
        self.body = Content::Pieces(pieces.into_iter().map(Into::into).collect());
        self.announced = false;
        self
    }

    /// A body of `length` bytes with `content-length`, made while it is sent. Its digest is
    /// [`generated_sha256`](crate::generated_sha256).
    #[must_use]
    pub fn generated(mut self, length: u64) -> Self {
        self.body = Content::Generated(length);
        self.announced = true;
        self
    }

    /// Adds a trailer. Over HTTP/1.1 it is sent only to a peer that asked with `te: trailers`
    /// (RFC 9110 §6.5.1).
    #[must_use]
    pub fn trailer(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.trailers
            .append(fields::name(name), fields::value(value));
        self
    }

    /// Answers only when `gate` is open; the request is read before that.
    #[must_use]
    pub fn after(mut self, gate: &Gate) -> Self {
        self.gate = Some(gate.clone());
        self
    }

    /// Sends what comes after the first piece of the body only when `gate` is open.
    #[must_use]
    pub fn pausing(mut self, gate: &Gate) -> Self {
        self.pause = Some(gate.clone());
        self
    }

    /// What HEAD is answered with (RFC 9110 §9.3.2).
    fn without_body(mut self) -> Self {
        if self.announced {
            let length = self.body.length();
            self.headers.entry(CONTENT_LENGTH).or_insert(length.into());
        }
        self.body = Content::Pieces(VecDeque::new());
        self.announced = false;
        self.trailers = HeaderMap::new();
        self
    }

    pub(super) async fn into_response(
        mut self,
        version: Version,
        to_head: bool,
    ) -> Response<Outgoing> {
        if let Some(gate) = &self.gate {
            gate.opened().await;
        }
        if to_head {
            // hyper leaves the body away over HTTP/1.1 alone.
            self = self.without_body();
        }
        if version != Version::HTTP_2 {
            // Over HTTP/1.1 hyper sends only those trailers that this header announces.
            for name in self.trailers.keys() {
                self.headers.append(TRAILER, fields::value(name));
            }
        }
        let source = match self.body {
            Content::Pieces(pieces) => Source::Pieces(pieces),
            Content::Generated(length) => Source::Generated(length),
        };
        let mut body = Outgoing::new(source, self.trailers, self.announced);
        if let Some(gate) = self.pause {
            body = body.pausing(1, gate);
        }
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

fn lines(fields: &HeaderMap) -> Vec<Value> {
    let text = |value: &[u8]| match std::str::from_utf8(value) {
        Ok(text) => text.to_owned(),
        Err(_) => value.escape_ascii().to_string(),
    };
    fields
        .iter()
        .map(|(name, value)| json!([name.as_str(), text(value.as_bytes())]))
        .collect()
}
