//! The sample services that stand behind a gateway in tests, in the demo and in docker-compose.
//!
//! Small, but real: each speaks its protocol in full and keeps state while it runs. All of them
//! speak HTTP/1.1 and HTTP/2 with prior knowledge on the same port, without TLS.

pub mod chat;
pub mod petstore;
pub mod stock;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How long open requests may go on after a stop was asked for. docker kills after 10 s.
const GRACE: Duration = Duration::from_secs(3);

/// One of the sample services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// A REST service in one of two versions, see [`petstore`].
    Petstore(petstore::Version),
    /// A gRPC service with unary and streaming methods, see [`stock`].
    Stock,
    /// A WebSocket echo, see [`chat`].
    Chat,
}

impl Service {
    fn router(self) -> Router {
        match self {
            Self::Petstore(version) => petstore::router(version),
            Self::Stock => stock::router(),
            Self::Chat => chat::router(),
        }
    }

    /// Answers on `listener` until `stop` resolves; then accepts nothing more, lets open requests
    /// end for up to 3 s, and returns.
    ///
    /// # Errors
    /// When the listener fails for good.
    pub async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let (stopping, stopped) = oneshot::channel();
        // Without TCP_NODELAY a stream's small messages wait for the peer's delayed ACK.
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        let serving = axum::serve(listener, self.router()).with_graceful_shutdown(async move {
            stop.await;
            let _ = stopping.send(());
        });
        let grace_is_over = async move {
            let _ = stopped.await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            result = serving => result,
            () = grace_is_over => Ok(()),
        }
    }

    /// Runs the service in this process on a free port of the loopback interface.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start(self) -> io::Result<Running> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(self.serve(listener, async move {
            let _ = stopped.await;
        }));
        Ok(Running {
            address,
            stop,
            task,
        })
    }
}

/// A [`Service`] that runs in this process. Dropping it stops it.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<io::Result<()>>,
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops it and waits until it has ended.
    ///
    /// # Errors
    /// When serving had failed, or panicked.
    pub async fn stop(self) -> io::Result<()> {
        let _ = self.stop.send(());
        self.task.await?
    }
}
