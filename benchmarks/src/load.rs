//! Load: a bounded number of requests over a few connections, on loopback.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Connections that are kept busy at once: enough that one worker of Envoy never waits.
const CONNECTIONS: usize = 4;

/// Requests lie so far apart, so that no cache holds the next route because it held the last.
const STRIDE: usize = 7919; // a prime, so that every route has its turn

/// What is asked for, by turns.
#[derive(Debug, Clone)]
pub struct Requests(Arc<[Box<[u8]>]>);

impl Requests {
    /// GET requests of these paths, with the header fields of a plain client and further ones.
    pub fn of(paths: impl IntoIterator<Item = String>, fields: &str) -> Self {
        let requests = paths.into_iter().map(|path| request(&path, fields));
        Self(requests.collect())
    }

    /// The same, where each has further fields of its own.
    pub fn with_fields<'t>(requests: impl Iterator<Item = (&'t str, &'t str)>) -> Self {
        Self(
            requests
                .map(|(path, fields)| request(path, fields))
                .collect(),
        )
    }

    /// How many different ones there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    fn turn(&self, number: usize) -> &[u8] {
        let place = number.wrapping_mul(STRIDE) % self.0.len().max(1);
        self.0
            .get(place)
            .map(|request| &**request)
            .unwrap_or_default()
    }
}

fn request(path: &str, fields: &str) -> Box<[u8]> {
    let text = format!(
        "GET {path} HTTP/1.1\r\nhost: api.example.com\r\nuser-agent: benchmarks\r\n\
         accept: application/json\r\naccept-encoding: gzip\r\n{fields}\r\n"
    );
    text.into_bytes().into()
}

/// Sends requests from number `first` on, each of which must be answered with 200 and no body.
pub async fn send(
    address: SocketAddr,
    requests: &Requests,
    first: usize,
    count: usize,
) -> Result<()> {
    let mut connections = JoinSet::new();
    for connection in 0..CONNECTIONS {
        let numbers = (first + connection..first + count).step_by(CONNECTIONS);
        connections.spawn(one_connection(address, requests.clone(), numbers));
    }
    while let Some(done) = connections.join_next().await {
        done??;
    }
    Ok(())
}

async fn one_connection(
    address: SocketAddr,
    requests: Requests,
    numbers: impl Iterator<Item = usize>,
) -> Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 4096];
    for number in numbers {
        stream.write_all(requests.turn(number)).await?;
        let mut length = 0;
        loop {
            let free = buffer.get_mut(length..).unwrap_or_default();
            let read = stream.read(free).await?;
            ensure!(read > 0, "the connection was closed");
            length += read;
            let seen = buffer.get(..length).unwrap_or_default();
            if seen.ends_with(b"\r\n\r\n") {
                break;
            }
        }
        ensure!(
            buffer.starts_with(b"HTTP/1.1 200 "),
            "a request was not answered with 200: {}",
            String::from_utf8_lossy(buffer.get(..length).unwrap_or_default())
        );
    }
    Ok(())
}
