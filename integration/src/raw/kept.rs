//! Many raw requests over one connection.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{DEADLINE, RawFailure, RawResponse, parse};

/// A connection of HTTP/1.1 that is kept for the next request where the server keeps it, and opened
/// again where it does not.
#[derive(Debug)]
pub struct Kept {
    address: SocketAddr,
    open: Option<TcpStream>,
}

impl Kept {
    /// Connects with the first request.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            open: None,
        }
    }

    /// Writes `request` as it is, and reads one response.
    ///
    /// # Errors
    /// See [`RawFailure`].
    pub async fn exchange(&mut self, request: &[u8]) -> Result<RawResponse, RawFailure> {
        let mut stream = match self.open.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(self.address).await?;
                stream.set_nodelay(true)?;
                stream
            }
        };
        let response = tokio::time::timeout(DEADLINE, exchange(&mut stream, request))
            .await
            .map_err(|_| RawFailure::Deadline)??;
        let connection = response.header("connection");
        if connection.as_deref() != Some("close") {
            self.open = Some(stream);
        }
        Ok(response)
    }
}

async fn exchange(stream: &mut TcpStream, request: &[u8]) -> Result<RawResponse, RawFailure> {
    // A server may answer, and close, before it has read everything.
    let _ = stream.write_all(request).await;
    let to_head = request.starts_with(b"HEAD ");
    let mut bytes = Vec::new();
    loop {
        let closed = stream.read_buf(&mut bytes).await? == 0;
        match parse(&bytes, to_head, closed) {
            Ok(Some(response)) => return Ok(response),
            Ok(None) if closed => return Err(RawFailure::Closed(bytes)),
            Ok(None) => {}
            Err(problem) => return Err(RawFailure::Malformed { problem, bytes }),
        }
    }
}
