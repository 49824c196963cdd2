//! A recording HTTP upstream: what a test compares with what it had sent.
//!
//! It speaks HTTP/1.1 and HTTP/2 on one port, in the clear or over TLS. A request is on record from the
//! moment its headers arrive, so "the upstream has seen nothing" is a statement about the proxy
//! and not about timing.

mod answer;
mod recording;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::body::Outgoing;
pub use crate::gate::Gate;
use crate::tls::{self, ServerSide};
pub use answer::Answer;
pub use recording::{Arrival, SeenRequest};
use recording::{Origin, Recording};

/// Only there so that a test fails rather than hangs.
const DEADLINE: Duration = Duration::from_secs(30);

/// HTTP/2 counts headers that it takes; hyper's default is 16 KiB, less than tests send.
const MAX_HEADERS: u32 = 1 << 20;

type Answering = Arc<dyn Fn(&SeenRequest) -> Answer + Send + Sync>;

/// A recording upstream in this process. Dropping it closes its port and its connections.
#[derive(Debug)]
pub struct Upstream {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

struct Shared {
    seen: watch::Sender<Vec<SeenRequest>>,
    connections: AtomicUsize,
    answering: Mutex<Answering>,
    /// Answers before the request has ended.
    early: Mutex<Option<Answer>>,
    tls: Option<ServerSide>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Shared")
            .field("seen", &self.seen)
            .finish_non_exhaustive()
    }
}

impl Upstream {
    /// Starts on a free port of the loopback interface, and answers with [`Answer::echo`].
    ///
    /// # Panics
    /// When no port can be bound.
    pub async fn start() -> Self {
        Self::start_on(0).await
    }

    /// [`start`](Self::start) on this port, for one that comes up late.
    ///
    /// # Panics
    /// When it cannot be bound.
    pub async fn start_on(port: u16) -> Self {
        Self::start_at((Ipv4Addr::LOCALHOST, port).into()).await
    }

    /// [`start`](Self::start) at this address.
    ///
    /// # Panics
    /// When it cannot be bound.
    pub async fn start_at(address: SocketAddr) -> Self {
        Self::start_as(address, None).await
    }

    /// [`start`](Self::start) over TLS.
    ///
    /// # Panics
    /// When no port can be bound.
    pub async fn start_over(tls: ServerSide) -> Self {
        Self::start_as((Ipv4Addr::LOCALHOST, 0).into(), Some(tls)).await
    }

    async fn start_as(address: SocketAddr, tls: Option<ServerSide>) -> Self {
        let listener = TcpListener::bind(address)
            .await
            .expect("a free port for an upstream");
        let address = listener.local_addr().expect("the upstream's address");
        let shared = Arc::new(Shared {
            seen: watch::Sender::default(),
            connections: AtomicUsize::new(0),
            answering: Mutex::new(Arc::new(Answer::echo)),
            early: Mutex::default(),
            tls,
        });
        let serving = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self {
            address,
            shared,
            serving,
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port that it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Answers every request like this from now on.
    pub fn answer(&self, answer: Answer) {
        self.answer_with(move |_| answer.clone());
    }

    /// Answers each request with what `answering` makes of it, from now on. It is called when the
    /// request has arrived whole.
    pub fn answer_with(&self, answering: impl Fn(&SeenRequest) -> Answer + Send + Sync + 'static) {
        *self
            .shared
            .answering
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(answering);
    }

    /// Answers every request like this from now on, as soon as its headers are there. The rest of it
    /// is read and recorded meanwhile.
    pub fn answer_early(&self, answer: Answer) {
        *self
            .shared
            .early
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(answer);
    }

    /// How many requests' headers have arrived.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.shared.seen.borrow().len()
    }

    /// How many connections were accepted, open or not.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// All requests so far, in the order in which their headers arrived, each as far as it has
    /// arrived.
    #[must_use]
    pub fn seen(&self) -> Vec<SeenRequest> {
        self.shared.seen.borrow().clone()
    }

    /// The latest request.
    ///
    /// # Panics
    /// When none has arrived.
    #[must_use]
    pub fn last(&self) -> SeenRequest {
        self.shared
            .seen
            .borrow()
            .last()
            .cloned()
            .expect("the upstream has seen a request")
    }

    /// Waits until `condition` holds of what was seen, and returns that.
    ///
    /// # Panics
    /// When it does not within 30 s.
    pub async fn wait_for(&self, condition: impl Fn(&[SeenRequest]) -> bool) -> Vec<SeenRequest> {
        let mut seen = self.shared.seen.subscribe();
        let waiting = seen.wait_for(|seen| condition(seen));
        match tokio::time::timeout(DEADLINE, waiting).await {
            Ok(Ok(seen)) => seen.clone(),
            _ => panic!(
                "not within {DEADLINE:?}; the upstream has seen {:#?}",
                self.seen()
            ),
        }
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Accepts until it is dropped, and every connection with it.
async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    let connection = shared.connections.fetch_add(1, Ordering::Relaxed) + 1;
                    open.spawn(serve(stream, connection, Arc::clone(&shared)));
                }
            }
            Some(_) = open.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, connection: usize, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let (stream, handshake): (Box<dyn tls::Stream>, _) = match &shared.tls {
        None => (Box::new(stream), None),
        Some(side) => match tls::accepted(side, stream).await {
            Ok((stream, handshake)) => (Box::new(stream), Some(handshake)),
            // Told by the record: there is nothing.
            Err(_) => return,
        },
    };
    let origin = Origin {
        connection,
        handshake,
    };
    let service = service_fn(move |request| respond(request, origin.clone(), Arc::clone(&shared)));
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http1().max_headers(1000).timer(TokioTimer::new());
    server
        .http2()
        .max_header_list_size(MAX_HEADERS)
        .timer(TokioTimer::new());
    // A peer that hangs up, or speaks no HTTP, is visible in the record: nothing complete.
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}

async fn respond(
    request: Request<Incoming>,
    origin: Origin,
    shared: Arc<Shared>,
) -> Result<Response<Outgoing>, hyper::Error> {
    let version = request.version();
    let to_head = request.method() == Method::HEAD;
    let recording = Recording::begin(Arc::clone(&shared), &request, origin);
    let early = shared
        .early
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    if let Some(answer) = early {
        tokio::spawn(recording.complete(request.into_body()));
        return Ok(answer.into_response(version, to_head).await);
    }
    let seen = recording.complete(request.into_body()).await?;
    let answering = Arc::clone(
        &shared
            .answering
            .lock()
            .unwrap_or_else(PoisonError::into_inner),
    );
    Ok(answering(&seen).into_response(version, to_head).await)
}
