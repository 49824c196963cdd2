//! Requests that no library would send: header values that are not UTF-8, odd casing, absurd
//! hosts, the same header twice, a message cut short.

mod http2;
mod kept;
mod sender;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use httparse::Status;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub use http2::{Http2, Http2Failure, Http2Response};
pub use kept::Kept;
pub use sender::{RawRequest, Received, send_all};

/// Only there so that a test fails rather than hangs.
const DEADLINE: Duration = Duration::from_secs(30);

/// The first final response that came back over HTTP/1.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawResponse {
    /// Its status code; never 1xx.
    pub status: u16,
    /// Its header lines, in order, names as they were sent.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Its body, with chunked encoding undone.
    pub body: Vec<u8>,
    /// Bytes that came after it.
    pub rest: Vec<u8>,
}

impl RawResponse {
    /// The first value of a header, by its name in any casing; bytes that are not UTF-8 are
    /// replaced.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        let named = |line: &&(String, Vec<u8>)| line.0.eq_ignore_ascii_case(name);
        self.headers
            .iter()
            .find(named)
            .map(|(_, value)| String::from_utf8_lossy(value).into())
    }
}

/// Why there is no [`RawResponse`].
#[derive(Debug, thiserror::Error)]
pub enum RawFailure {
    /// Nobody listens there, or the connection was reset.
    #[error("connection failed: {0}")]
    Connection(#[from] io::Error),
    /// The server closed the connection in front of a complete response.
    #[error("closed by the server after \"{}\"", .0.escape_ascii())]
    Closed(Vec<u8>),
    /// What came is not HTTP/1.1.
    #[error("not a response ({problem}): \"{}\"", .bytes.escape_ascii())]
    Malformed {
        /// What is wrong with it.
        problem: String,
        /// All that came.
        bytes: Vec<u8>,
    },
    /// No complete response within 30 s.
    #[error("no complete response within {DEADLINE:?}")]
    Deadline,
}

/// Opens a connection, writes `request` as it is, and reads one response. The writing side stays
/// open meanwhile: a closed one would have Envoy give the request up.
///
/// # Errors
/// See [`RawFailure`].
pub async fn raw(
    address: SocketAddr,
    request: impl AsRef<[u8]>,
) -> Result<RawResponse, RawFailure> {
    let request = request.as_ref();
    let exchange = async {
        let (mut reader, mut writer) = TcpStream::connect(address).await?.into_split();
        let writing = async {
            // A server may answer, and close, before it has read everything.
            let _ = writer.write_all(request).await;
            std::future::pending::<Infallible>().await
        };
        let to_head = request.starts_with(b"HEAD ");
        tokio::select! {
            response = read_response(&mut reader, to_head) => response,
            never = writing => match never {},
        }
    };
    tokio::time::timeout(DEADLINE, exchange)
        .await
        .map_err(|_| RawFailure::Deadline)?
}

async fn read_response(
    reader: &mut (impl AsyncReadExt + Unpin),
    to_head: bool,
) -> Result<RawResponse, RawFailure> {
    let mut bytes = Vec::new();
    loop {
        let closed = reader.read_buf(&mut bytes).await? == 0;
        match parse(&bytes, to_head, closed) {
            Ok(Some(response)) => return Ok(response),
            Ok(None) if closed => return Err(RawFailure::Closed(bytes)),
            Ok(None) => {}
            Err(problem) => return Err(RawFailure::Malformed { problem, bytes }),
        }
    }
}

/// The first final response in `bytes`; `None` when it is not complete yet.
fn parse(bytes: &[u8], to_head: bool, closed: bool) -> Result<Option<RawResponse>, String> {
    let mut lines = [httparse::EMPTY_HEADER; 1000];
    let mut head = httparse::Response::new(&mut lines);
    let Status::Complete(length) = head.parse(bytes).map_err(|error| error.to_string())? else {
        return Ok(None);
    };
    let after = bytes.get(length..).unwrap_or_default();
    let status = head.code.unwrap_or_default();
    if (100..200).contains(&status) && status != 101 {
        return parse(after, to_head, closed);
    }
    let headers: Vec<_> = head
        .headers
        .iter()
        .map(|line| (line.name.to_owned(), line.value.to_owned()))
        .collect();
    let mut response = RawResponse {
        status,
        headers,
        body: Vec::new(),
        rest: Vec::new(),
    };
    let Some((body, used)) = parse_body(&response, after, to_head, closed)? else {
        return Ok(None);
    };
    response.body = body;
    response.rest = after.get(used..).unwrap_or_default().to_owned();
    Ok(Some(response))
}

/// The body of a response and how many bytes it takes up (RFC 9112 §6.3).
fn parse_body(
    head: &RawResponse,
    bytes: &[u8],
    to_head: bool,
    closed: bool,
) -> Result<Option<(Vec<u8>, usize)>, String> {
    if to_head || matches!(head.status, 101 | 204 | 304) {
        return Ok(Some((Vec::new(), 0)));
    }
    if let Some(coding) = head.header("transfer-encoding") {
        return match coding.eq_ignore_ascii_case("chunked") {
            true => parse_chunks(bytes),
            false => Err(format!("transfer-encoding {coding:?}")),
        };
    }
    if let Some(length) = head.header("content-length") {
        let length = length
            .parse()
            .map_err(|_| format!("content-length {length:?}"))?;
        return Ok(bytes.get(..length).map(|body| (body.to_owned(), length)));
    }
    Ok(closed.then(|| (bytes.to_owned(), bytes.len())))
}

fn parse_chunks(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>, String> {
    let mut body = Vec::new();
    let mut position = 0;
    loop {
        let left = bytes.get(position..).unwrap_or_default();
        let size = httparse::parse_chunk_size(left).map_err(|_| "chunk size".to_owned())?;
        let Status::Complete((head, size)) = size else {
            return Ok(None);
        };
        position += head;
        if size == 0 {
            return end_of_trailers(bytes.get(position..).unwrap_or_default())
                .map(|end| end.map(|end| (body, position + end)));
        }
        let size = usize::try_from(size).map_err(|_| format!("a chunk of {size} bytes"))?;
        let data = bytes.get(position..).and_then(|left| left.get(..size));
        let Some(data) = data else { return Ok(None) };
        body.extend_from_slice(data);
        position += size + "\r\n".len();
    }
}

fn end_of_trailers(bytes: &[u8]) -> Result<Option<usize>, String> {
    let mut lines = [httparse::EMPTY_HEADER; 100];
    match httparse::parse_headers(bytes, &mut lines).map_err(|error| error.to_string())? {
        Status::Complete((length, _)) => Ok(Some(length)),
        Status::Partial => Ok(None),
    }
}
