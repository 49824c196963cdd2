//! An HTTP client that sends what a test says and reports what came back, byte for byte.

mod request;

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::{HeaderMap, StatusCode, Version, http};
use hyper_util::rt::{TokioExecutor, TokioIo};
use sha2::{Digest, Sha256};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio_rustls::rustls::pki_types::CertificateDer;

use crate::body::{Outgoing, hex};
use crate::tls::{self, ClientSide};
pub use request::{Feed, Request};

/// The longest that one exchange may take. Generous, since a busy machine is slow; its only use
/// is that a test fails rather than hangs.
const DEADLINE: Duration = Duration::from_secs(60);

/// HTTP/2 counts headers that it takes; hyper's default is 16 KiB.
const MAX_HEADERS: u32 = 1 << 20;

/// A client of one server. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Client(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    address: SocketAddr,
    /// Where connections come from; the kernel chooses if not said.
    source: Option<IpAddr>,
    connections: AtomicUsize,
    protocol: Protocol,
    tls: Option<ClientSide>,
    /// What the server showed on the latest connection.
    shown: std::sync::Mutex<Option<CertificateDer<'static>>>,
}

#[derive(Debug)]
enum Protocol {
    /// The connections that wait for a request.
    Http1(Mutex<Vec<http1::SendRequest<Outgoing>>>),
    /// The connection that all requests share.
    Http2(Mutex<Option<http2::SendRequest<Outgoing>>>),
}

/// A client that speaks HTTP/1.1 and keeps its connections alive.
#[must_use]
pub fn http1(address: SocketAddr) -> Client {
    Client::new(address, Protocol::Http1(Mutex::default()), None)
}

/// [`http1`] over TLS.
#[must_use]
pub fn https1(address: SocketAddr, tls: ClientSide) -> Client {
    let tls = tls.offering("http/1.1");
    Client::new(address, Protocol::Http1(Mutex::default()), Some(tls))
}

/// A client that speaks HTTP/2 with prior knowledge, over one connection.
#[must_use]
pub fn h2(address: SocketAddr) -> Client {
    Client::new(address, Protocol::Http2(Mutex::default()), None)
}

/// A client that speaks HTTP/2 over TLS, over one connection.
#[must_use]
pub fn https2(address: SocketAddr, tls: ClientSide) -> Client {
    let tls = tls.offering("h2");
    Client::new(address, Protocol::Http2(Mutex::default()), Some(tls))
}

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Nobody listens there.
    #[error("cannot connect to {0}: {1}")]
    Connect(SocketAddr, std::io::Error),
    /// The parts make no request, for example a path with a space.
    #[error("not a request: {0}")]
    Request(#[from] http::Error),
    /// The server closed, reset or broke the protocol.
    #[error("exchange failed: {0}")]
    Exchange(#[from] hyper::Error),
    /// Not over after a minute.
    #[error("no complete response within {DEADLINE:?}")]
    Deadline,
}

/// A complete response.
#[derive(Debug, Clone)]
pub struct Response {
    /// Its status.
    pub status: StatusCode,
    /// HTTP/1.1 or HTTP/2.
    pub version: Version,
    /// Its header lines, in order, names in lower case, values as bytes.
    pub headers: HeaderMap,
    /// Its whole body.
    pub body: Bytes,
    /// Its trailers; empty where there are none.
    pub trailers: HeaderMap,
}

impl Response {
    /// The body as text; bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The SHA-256 of the body, in lower-case hex.
    #[must_use]
    pub fn sha256(&self) -> String {
        hex(Sha256::new_with_prefix(&self.body))
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("not JSON, {error}: {self:?}"))
    }
}

/// A response whose head has arrived and whose body is still to be read.
#[derive(Debug)]
pub struct Arriving(http::Response<Incoming>);

impl Arriving {
    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status()
    }

    /// The header lines.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.0.headers()
    }

    /// The next piece of the body, when it arrives; `None` at the end. Trailers are dropped.
    ///
    /// # Errors
    /// When the server cuts the response, or sends nothing for a minute.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            match within_deadline(self.0.frame()).await? {
                None => return Ok(None),
                Some(frame) => match frame?.into_data() {
                    Ok(data) => return Ok(Some(data)),
                    Err(_trailers) => {}
                },
            }
        }
    }

    async fn complete(self) -> Result<Response, Failure> {
        let (head, body) = self.0.into_parts();
        let body = body.collect().await?;
        Ok(Response {
            status: head.status,
            version: head.version,
            headers: head.headers,
            trailers: body.trailers().cloned().unwrap_or_default(),
            body: body.to_bytes(),
        })
    }
}

impl Client {
    fn new(address: SocketAddr, protocol: Protocol, tls: Option<ClientSide>) -> Self {
        Self(Arc::new(Shared {
            address,
            source: None,
            connections: AtomicUsize::new(0),
            protocol,
            tls,
            shown: std::sync::Mutex::default(),
        }))
    }

    /// The same from this address: a client in 127.0.0.0/8 that can be told from others.
    ///
    /// # Panics
    /// When it has a clone.
    #[must_use]
    pub fn from(mut self, source: IpAddr) -> Self {
        Arc::get_mut(&mut self.0).expect("no clone").source = Some(source);
        self
    }

    /// The certificate that the server showed on the latest connection.
    ///
    /// # Panics
    /// When there was no connection over TLS.
    #[must_use]
    pub fn server_certificate(&self) -> CertificateDer<'static> {
        let shown = self.0.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.clone().expect("a connection over TLS")
    }

    /// How many connections it has opened so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.0.connections.load(Ordering::Relaxed)
    }

    /// `GET path`.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn get(&self, path: &str) -> Result<Response, Failure> {
        self.send(Request::get(path)).await
    }

    /// Sends a request and reads the whole response. One that comes early, while the request's
    /// body is still being sent, is a response all the same. Nothing is ever sent twice.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn send(&self, request: Request) -> Result<Response, Failure> {
        within_deadline(async {
            match &self.0.protocol {
                Protocol::Http1(idle) => {
                    let request = self.prepare(request, Version::HTTP_11)?;
                    let unsent = request.body().unsent();
                    let mut sender = self.idle_or_new(idle).await?;
                    let response = Arriving(sender.send_request(request).await?)
                        .complete()
                        .await?;
                    // Behind half a request the connection takes no other one.
                    if unsent.upgrade().is_none() {
                        idle.lock().await.push(sender);
                    }
                    Ok(response)
                }
                Protocol::Http2(_) => self.head(request).await?.complete().await,
            }
        })
        .await?
    }

    /// [`send`](Self::send) in the background, while the test does something about it. Aborting the
    /// task is a client that leaves.
    #[must_use]
    pub fn spawn(&self, request: Request) -> JoinHandle<Result<Response, Failure>> {
        let client = self.clone();
        tokio::spawn(async move { client.send(request).await })
    }

    /// Sends a request and returns as soon as the response's head is there, for a response that
    /// has to be read while it comes. Over HTTP/1.1 on a connection of its own.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn begin(&self, request: Request) -> Result<Arriving, Failure> {
        within_deadline(self.head(request)).await?
    }

    async fn head(&self, request: Request) -> Result<Arriving, Failure> {
        let response = match &self.0.protocol {
            Protocol::Http1(_) => {
                let request = self.prepare(request, Version::HTTP_11)?;
                self.connect_http1().await?.send_request(request).await?
            }
            Protocol::Http2(shared) => {
                let request = self.prepare(request, Version::HTTP_2)?;
                let mut sender = self.shared_or_new(shared).await?;
                sender.send_request(request).await?
            }
        };
        Ok(Arriving(response))
    }

    fn prepare(
        &self,
        request: Request,
        version: Version,
    ) -> Result<http::Request<Outgoing>, Failure> {
        let scheme = self.0.tls.as_ref().map_or("http", |_| "https");
        Ok(request.into_http(version, scheme, &self.0.address.to_string())?)
    }

    async fn idle_or_new(
        &self,
        idle: &Mutex<Vec<http1::SendRequest<Outgoing>>>,
    ) -> Result<http1::SendRequest<Outgoing>, Failure> {
        loop {
            let Some(mut sender) = idle.lock().await.pop() else {
                return self.connect_http1().await;
            };
            if sender.ready().await.is_ok() {
                return Ok(sender);
            }
        }
    }

    async fn shared_or_new(
        &self,
        shared: &Mutex<Option<http2::SendRequest<Outgoing>>>,
    ) -> Result<http2::SendRequest<Outgoing>, Failure> {
        let mut shared = shared.lock().await;
        if let Some(sender) = shared.as_mut()
            && sender.ready().await.is_ok()
        {
            return Ok(sender.clone());
        }
        let sender = self.connect_http2().await?;
        *shared = Some(sender.clone());
        Ok(sender)
    }

    async fn connect_http1(&self) -> Result<http1::SendRequest<Outgoing>, Failure> {
        let (sender, connection) = http1::Builder::new()
            .max_headers(1000)
            .handshake(self.connect().await?)
            .await?;
        // What goes wrong on it is reported by the exchange that it goes wrong for.
        tokio::spawn(connection);
        Ok(sender)
    }

    async fn connect_http2(&self) -> Result<http2::SendRequest<Outgoing>, Failure> {
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .max_header_list_size(MAX_HEADERS)
            .handshake(self.connect().await?)
            .await?;
        tokio::spawn(connection);
        Ok(sender)
    }

    async fn connect(&self) -> Result<TokioIo<Box<dyn tls::Stream>>, Failure> {
        let failed = |error| Failure::Connect(self.0.address, error);
        let stream = connect(self.0.source, self.0.address)
            .await
            .map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        let stream: Box<dyn tls::Stream> = match &self.0.tls {
            None => Box::new(stream),
            Some(side) => {
                let (stream, shown) = tls::connected(side, stream).await.map_err(failed)?;
                *self.0.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown);
                Box::new(stream)
            }
        };
        self.0.connections.fetch_add(1, Ordering::Relaxed);
        Ok(TokioIo::new(stream))
    }
}

async fn connect(source: Option<IpAddr>, to: SocketAddr) -> std::io::Result<TcpStream> {
    let Some(source) = source else {
        return TcpStream::connect(to).await;
    };
    let socket = match source {
        IpAddr::V4(_) => TcpSocket::new_v4()?,
        IpAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.bind((source, 0).into())?;
    socket.connect(to).await
}

async fn within_deadline<T>(exchange: impl Future<Output = T>) -> Result<T, Failure> {
    tokio::time::timeout(DEADLINE, exchange)
        .await
        .map_err(|_| Failure::Deadline)
}
