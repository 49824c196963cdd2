//! The same request over either version of HTTP.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinSet;

use super::{Http2, Http2Failure, Kept, RawFailure};
use crate::mirror::SeenHead;

/// A request without a body, to be sent as it is.
#[derive(Debug, Clone)]
pub struct RawRequest {
    /// Over HTTP/2, or HTTP/1.1.
    pub http2: bool,
    /// The method.
    pub method: Vec<u8>,
    /// The request target, or `:path`; over HTTP/2 there is none if it is empty.
    pub target: Vec<u8>,
    /// `Host`, or `:authority`.
    pub host: Option<Vec<u8>>,
    /// Further header fields, names in lower case.
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// A response.
    Response {
        /// Its status code.
        status: u16,
        /// Its header fields, names in lower case.
        fields: Vec<(Vec<u8>, Vec<u8>)>,
        /// Its body.
        body: Vec<u8>,
    },
    /// The server ended the connection or the stream instead.
    Closed,
}

impl Received {
    /// What a [`Mirror`](crate::mirror::Mirror) has read, if it was one that answered.
    #[must_use]
    pub fn seen(&self) -> Option<SeenHead> {
        let Self::Response { fields, body, .. } = self else {
            return None;
        };
        let fields = fields.iter().map(|(name, value)| (&**name, &**value));
        SeenHead::of(fields, body)
    }

    /// The first value of a header field.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let Self::Response { fields, .. } = self else {
            return None;
        };
        let found = fields.iter().find(|(found, _)| found == name.as_bytes());
        found.map(|(_, value)| &**value)
    }
}

/// Sends requests one after the other, over a connection for each version that it keeps while the
/// server does.
#[derive(Debug)]
struct Sender {
    http1: Kept,
    http2: Http2,
}

/// Sends all requests, over so many connections at once, and returns what came back in their order.
///
/// # Errors
/// The first failure, with its request.
pub async fn send_all(
    address: SocketAddr,
    requests: Vec<RawRequest>,
    connections: usize,
) -> Result<Vec<Received>, String> {
    let mut received: Vec<Option<Received>> = vec![None; requests.len()];
    let left = Arc::new(Mutex::new(requests.into_iter().enumerate()));
    let mut workers = JoinSet::<Result<Vec<(usize, Received)>, String>>::new();
    for _ in 0..connections {
        let left = Arc::clone(&left);
        workers.spawn(async move {
            let mut sender = Sender {
                http1: Kept::new(address),
                http2: Http2::new(address),
            };
            let mut received = Vec::new();
            loop {
                let next = left.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some((place, request)) = next else {
                    return Ok(received);
                };
                let answer = sender.send(&request).await;
                received.push((
                    place,
                    answer.map_err(|failure| format!("{failure}: {request}"))?,
                ));
            }
        });
    }
    while let Some(worker) = workers.join_next().await {
        for (place, answer) in worker.map_err(|error| error.to_string())?? {
            if let Some(slot) = received.get_mut(place) {
                *slot = Some(answer);
            }
        }
    }
    received
        .into_iter()
        .collect::<Option<_>>()
        .ok_or_else(|| "a request was not sent".to_owned())
}

impl Sender {
    async fn send(&mut self, request: &RawRequest) -> Result<Received, String> {
        match request.http2 {
            true => self.over_http2(request).await,
            false => self
                .over_http1(request)
                .await
                .map_err(|failure| failure.to_string()),
        }
    }

    async fn over_http1(&mut self, request: &RawRequest) -> Result<Received, RawFailure> {
        let line = [&*request.method, b" ", &request.target, b" HTTP/1.1\r\n"].concat();
        let host = request.host.iter().map(|host| (&b"host"[..], &**host));
        let fields = request
            .fields
            .iter()
            .map(|(name, value)| (&**name, &**value));
        let mut bytes = line;
        for (name, value) in host.chain(fields) {
            bytes.extend([name, b": ", value, b"\r\n"].concat());
        }
        bytes.extend(b"\r\n");
        let response = self.http1.exchange(&bytes).await?;
        let lines = response.headers.into_iter();
        Ok(Received::Response {
            status: response.status,
            fields: lines
                .map(|(name, value)| (name.to_ascii_lowercase().into_bytes(), value))
                .collect(),
            body: response.body,
        })
    }

    async fn over_http2(&mut self, request: &RawRequest) -> Result<Received, String> {
        let mut fields = vec![(&b":method"[..], &*request.method)];
        if request.method != b"CONNECT" {
            fields.push((b":scheme", b"http"));
        }
        fields.extend(
            request
                .host
                .iter()
                .map(|host| (&b":authority"[..], &**host)),
        );
        if !request.target.is_empty() {
            fields.push((b":path", &request.target));
        }
        let others = request.fields.iter();
        fields.extend(others.map(|(name, value)| (&**name, &**value)));
        match self.http2.exchange(&fields).await {
            Ok(response) => Ok(Received::Response {
                status: response.status,
                fields: response.headers,
                body: response.body,
            }),
            Err(Http2Failure::Ended) => Ok(Received::Closed),
            Err(failure) => Err(failure.to_string()),
        }
    }
}

impl std::fmt::Display for RawRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let version = if self.http2 { "HTTP/2" } else { "HTTP/1.1" };
        let (method, target) = (self.method.escape_ascii(), self.target.escape_ascii());
        write!(f, "{version} {method} {target}")?;
        match &self.host {
            Some(host) => write!(f, ", host {}", host.escape_ascii())?,
            None => write!(f, ", no host")?,
        }
        for (name, value) in &self.fields {
            write!(f, ", {}: {}", name.escape_ascii(), value.escape_ascii())?;
        }
        Ok(())
    }
}
