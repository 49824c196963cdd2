//! Asking the Envoy beside this program, over the loopback interface that they share: another process of
//! this machine, or of this container.

use std::net::Ipv4Addr;
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::header::HOST;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// What is asked of one of Envoy's ports.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    pub method: &'a Method,
    pub port: u16,
    pub host: &'a str,
    pub path: &'a str,
}

/// What Envoy answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Bytes that are no UTF-8 are replaced.
    pub body: String,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Silence {
    #[error("no Envoy listens at 127.0.0.1:{0}")]
    Nobody(u16),
    #[error("127.0.0.1:{port} took the connection and gave no answer within {}", filter_api::Duration::from_millis(*.millis))]
    Late { port: u16, millis: u64 },
    #[error("127.0.0.1:{port} gave no answer: {error}")]
    Broken {
        port: u16,
        error: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Question<'_> {
    /// Asks on a connection of its own. This takes no longer than it may.
    pub async fn ask(self, within: Duration) -> Result<Answer, Silence> {
        let port = self.port;
        match tokio::time::timeout(within, self.exchange()).await {
            Ok(answer) => answer,
            Err(_) => Err(Silence::Late {
                port,
                millis: u64::try_from(within.as_millis()).unwrap_or(u64::MAX),
            }),
        }
    }

    async fn exchange(self) -> Result<Answer, Silence> {
        let port = self.port;
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port));
        let stream = stream.await.map_err(|_| Silence::Nobody(port))?;
        self.over(stream)
            .await
            .map_err(|error| Silence::Broken { port, error })
    }

    async fn over(
        self,
        stream: TcpStream,
    ) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>> {
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        // What goes wrong on it is told to the exchange.
        tokio::spawn(connection);
        let request = Request::builder()
            .method(self.method)
            .uri(self.path)
            .header(HOST, self.host)
            .body(Empty::<Bytes>::new())?;
        let response = sender.send_request(request).await?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await?.to_bytes();
        Ok(Answer {
            status,
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }
}
