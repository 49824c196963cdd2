//! Load: a bounded number of requests over a few connections, on loopback.

use std::net::SocketAddr;

use anyhow::{Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Connections that are kept busy at once: enough that one worker of Envoy never waits.
const CONNECTIONS: usize = 4;

/// Sends `requests` GETs of `path`, each of which must be answered with 200 and no body.
pub async fn send(address: SocketAddr, path: &str, requests: usize) -> Result<()> {
    let mut connections = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let request = format!("GET {path} HTTP/1.1\r\nhost: api.example.com\r\n\r\n");
        connections.spawn(one_connection(address, request, requests / CONNECTIONS));
    }
    while let Some(done) = connections.join_next().await {
        done??;
    }
    Ok(())
}

async fn one_connection(address: SocketAddr, request: String, requests: usize) -> Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 4096];
    for _ in 0..requests {
        stream.write_all(request.as_bytes()).await?;
        let mut length = 0;
        loop {
            let read = stream
                .read(buffer.get_mut(length..).unwrap_or_default())
                .await?;
            ensure!(read > 0, "the connection was closed");
            length += read;
            if buffer
                .get(..length)
                .is_some_and(|seen| seen.ends_with(b"\r\n\r\n"))
            {
                break;
            }
        }
        ensure!(
            buffer.starts_with(b"HTTP/1.1 200 "),
            "a request was not answered with 200"
        );
    }
    Ok(())
}
