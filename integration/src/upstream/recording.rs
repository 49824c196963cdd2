//! Writes down a request while it arrives.

use std::sync::Arc;

use http_body_util::BodyExt;
use hyper::body::{Frame, Incoming};
use hyper::header::HOST;
use hyper::{HeaderMap, Request, Version};
use sha2::{Digest, Sha256};

use super::Shared;
use crate::body::hex;
use crate::tls::Handshake;

/// How much of a body is kept; the rest is only counted and digested.
const KEPT: usize = 1 << 20;

/// How far a request has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// Its headers are here; its body, or the end of it, is not.
    Arriving,
    /// It is here whole.
    Complete,
    /// It was reset or its connection closed before its end.
    Aborted,
}

/// A request as the upstream saw it.
#[derive(Debug, Clone)]
pub struct SeenRequest {
    /// The method.
    pub method: String,
    /// Path and query as they came.
    pub path: String,
    /// `Host` or `:authority`; `None` for neither.
    pub authority: Option<String>,
    /// HTTP/1.1 or HTTP/2.
    pub version: Version,
    /// Its header lines, in order, names in lower case, values as bytes.
    pub headers: HeaderMap,
    /// The first MiB of its body.
    pub body: Vec<u8>,
    /// How many bytes of body have arrived.
    pub body_length: u64,
    /// Their SHA-256, in lower-case hex, once the request is complete; empty until then.
    pub body_sha256: String,
    /// Its trailers; empty where there are none.
    pub trailers: HeaderMap,
    /// How far it has come.
    pub arrival: Arrival,
    /// The connection that it came on, counted from 1.
    pub connection: usize,
    /// What the client had said in the TLS handshake of that connection.
    pub handshake: Option<Handshake>,
}

/// The connection that requests come on.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    pub(super) connection: usize,
    pub(super) handshake: Option<Handshake>,
}

impl SeenRequest {
    fn begin(request: &Request<Incoming>, origin: Origin) -> Self {
        let uri = request.uri();
        let host = request.headers().get(HOST);
        let host = host.map(|host| String::from_utf8_lossy(host.as_bytes()).into_owned());
        Self {
            method: request.method().to_string(),
            path: uri
                .path_and_query()
                .map(ToString::to_string)
                .unwrap_or_default(),
            authority: uri.authority().map(ToString::to_string).or(host),
            version: request.version(),
            headers: request.headers().clone(),
            body: Vec::new(),
            body_length: 0,
            body_sha256: String::new(),
            trailers: HeaderMap::new(),
            arrival: Arrival::Arriving,
            connection: origin.connection,
            handshake: origin.handshake,
        }
    }

    fn add_data(&mut self, data: &[u8]) {
        let room = KEPT.saturating_sub(self.body.len());
        self.body
            .extend_from_slice(data.get(..room).unwrap_or(data));
        self.body_length += data.len() as u64;
    }
}

/// The line of the record that a request in arrival is written to.
pub(super) struct Recording {
    shared: Arc<Shared>,
    line: usize,
    digest: Sha256,
}

impl Recording {
    pub(super) fn begin(shared: Arc<Shared>, request: &Request<Incoming>, origin: Origin) -> Self {
        let mut line = 0;
        shared.seen.send_modify(|seen| {
            line = seen.len();
            seen.push(SeenRequest::begin(request, origin));
        });
        Self {
            shared,
            line,
            digest: Sha256::new(),
        }
    }

    /// Reads the request to its end.
    pub(super) async fn complete(
        mut self,
        mut body: Incoming,
    ) -> Result<SeenRequest, hyper::Error> {
        while let Some(frame) = body.frame().await {
            self.add(frame?);
        }
        let digest = hex(std::mem::take(&mut self.digest));
        self.write(|seen| {
            seen.arrival = Arrival::Complete;
            seen.body_sha256 = digest;
        });
        let complete = self.shared.seen.borrow().get(self.line).cloned();
        Ok(complete.expect("the line that this recording wrote"))
    }

    fn add(&mut self, frame: Frame<hyper::body::Bytes>) {
        match frame.into_data() {
            Ok(data) => {
                self.digest.update(&data);
                self.write(|seen| seen.add_data(&data));
            }
            Err(frame) => {
                let trailers = frame.into_trailers().unwrap_or_default();
                self.write(|seen| seen.trailers = trailers);
            }
        }
    }

    fn write(&self, change: impl FnOnce(&mut SeenRequest)) {
        self.shared.seen.send_modify(|seen| {
            if let Some(seen) = seen.get_mut(self.line) {
                change(seen);
            }
        });
    }
}

/// hyper drops a request's future when its peer resets it: the only notice that there is.
impl Drop for Recording {
    fn drop(&mut self) {
        self.write(|seen| {
            if seen.arrival == Arrival::Arriving {
                seen.arrival = Arrival::Aborted;
            }
        });
    }
}
