//! An upstream that answers with the very bytes that it was sent: what no HTTP library would hand on,
//! such as a query that is no UTF-8.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// A header of each answer: the mirror's name.
const NAME: &str = "x-mirror";

/// The head of a request as an upstream has read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenHead {
    /// The mirror's name.
    pub mirror: String,
    /// The method.
    pub method: Vec<u8>,
    /// The request target.
    pub path: Vec<u8>,
    /// Each `host` line's value.
    pub hosts: Vec<Vec<u8>>,
    /// The other lines, names in lower case.
    pub fields: Vec<(String, Vec<u8>)>,
}

/// An upstream of HTTP/1.1 for requests without a body. The body of its answer is the head of the
/// request; to HEAD, which takes no body, it answers with a length alone.
#[derive(Debug)]
pub struct Mirror {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Mirror {
    /// Starts on a free port of the loopback interface.
    ///
    /// # Panics
    /// When no port can be bound.
    pub async fn start(name: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free port for an upstream");
        let address = listener.local_addr().expect("the upstream's address");
        let serving = tokio::spawn(accept(listener, name.to_owned()));
        Self { address, serving }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl SeenHead {
    /// Reads an answer's header fields and its body; `None` for an answer that no mirror has given.
    pub fn of<'a>(
        fields: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
        body: &[u8],
    ) -> Option<Self> {
        let mut fields = fields.into_iter();
        let name = fields.find(|(name, _)| name.eq_ignore_ascii_case(NAME.as_bytes()))?;
        let mut lines = body.split(|&byte| byte == b'\n');
        let line = lines.next()?.strip_suffix(b"\r")?;
        let method_end = line.iter().position(|&byte| byte == b' ')?;
        let path_end = line.iter().rposition(|&byte| byte == b' ')?;
        let mut seen = Self {
            mirror: String::from_utf8_lossy(name.1).into_owned(),
            method: line.get(..method_end)?.to_owned(),
            path: line.get(method_end + 1..path_end)?.to_owned(),
            hosts: Vec::new(),
            fields: Vec::new(),
        };
        for line in lines {
            let Some(colon) = line.iter().position(|&byte| byte == b':') else {
                break;
            };
            let (name, value) = line.split_at(colon);
            let name = String::from_utf8_lossy(name).to_ascii_lowercase();
            let value = value.get(1..)?.trim_ascii().to_owned();
            match &*name {
                "host" => seen.hosts.push(value),
                _ => seen.fields.push((name, value)),
            }
        }
        Some(seen)
    }
}

/// Accepts until it is dropped, and every connection with it.
async fn accept(listener: TcpListener, name: String) {
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    open.spawn(serve(stream, name.clone()));
                }
            }
            Some(_) = open.join_next() => {}
        }
    }
}

/// A peer that hangs up ends it.
async fn serve(mut stream: TcpStream, name: String) {
    let _ = stream.set_nodelay(true);
    let mut received = Vec::new();
    loop {
        let end = received.windows(4).position(|four| four == b"\r\n\r\n");
        let Some(end) = end else {
            match stream.read_buf(&mut received).await {
                Ok(read) if read > 0 => continue,
                _ => return,
            }
        };
        let head: Vec<u8> = received.drain(..end + 4).collect();
        let line = format!(
            "HTTP/1.1 200 OK\r\n{NAME}: {name}\r\ncontent-length: {}\r\n\r\n",
            head.len()
        );
        let mut answer = line.into_bytes();
        if !head.starts_with(b"HEAD ") {
            answer.extend(head);
        }
        if stream.write_all(&answer).await.is_err() {
            return;
        }
    }
}
