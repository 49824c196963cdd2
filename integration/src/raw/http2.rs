//! Requests over HTTP/2 with fields that no library would send.

use std::io;
use std::net::SocketAddr;

use fluke_hpack::Decoder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::DEADLINE;

/// RFC 9113 section 3.4.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Bodies of any size: no test waits for a window.
const WINDOW: u32 = 0x7fff_0000;

/// The most that a frame may hold before the peer has allowed more.
const FRAME: usize = 16 * 1024;

mod frame {
    pub const DATA: u8 = 0;
    pub const HEADERS: u8 = 1;
    pub const RST_STREAM: u8 = 3;
    pub const SETTINGS: u8 = 4;
    pub const PING: u8 = 6;
    pub const GOAWAY: u8 = 7;
    pub const WINDOW_UPDATE: u8 = 8;
    pub const CONTINUATION: u8 = 9;
    pub const END_STREAM: u8 = 0x1;
    pub const ACK: u8 = 0x1;
    pub const END_HEADERS: u8 = 0x4;
}

/// A response over HTTP/2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http2Response {
    /// Its status code.
    pub status: u16,
    /// Its header fields, pseudo-headers included.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// Its body.
    pub body: Vec<u8>,
}

/// Why there is no [`Http2Response`].
#[derive(Debug, thiserror::Error)]
pub enum Http2Failure {
    /// Nobody listens there.
    #[error("connection failed: {0}")]
    Connection(#[from] io::Error),
    /// The server ended the stream or the connection without a response.
    #[error("ended by the server")]
    Ended,
    /// No complete response within the deadline.
    #[error("no complete response within {DEADLINE:?}")]
    Deadline,
}

/// A connection of HTTP/2 for one request after the other, opened again where the server has closed
/// it.
#[derive(Debug)]
pub struct Http2 {
    address: SocketAddr,
    open: Option<Connection>,
}

impl Http2 {
    /// Connects with the first request.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            open: None,
        }
    }

    /// Sends a request of these fields, as they are and in this order, without a body.
    ///
    /// # Errors
    /// See [`Http2Failure`].
    pub async fn exchange(
        &mut self,
        fields: &[(&[u8], &[u8])],
    ) -> Result<Http2Response, Http2Failure> {
        let mut connection = match self.open.take() {
            Some(connection) => connection,
            None => Connection::open(self.address).await?,
        };
        let exchange = connection.exchange(fields);
        let response = tokio::time::timeout(DEADLINE, exchange)
            .await
            .map_err(|_| Http2Failure::Deadline)??;
        self.open = Some(connection);
        Ok(response)
    }
}

struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
    decoder: Decoder<'static>,
    next_stream: u32,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Connection")
            .field("next_stream", &self.next_stream)
            .finish_non_exhaustive()
    }
}

struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr) -> io::Result<Self> {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut opening = PREFACE.to_vec();
        // SETTINGS_INITIAL_WINDOW_SIZE (RFC 9113 section 6.5.2).
        let setting = [&[0, 4][..], &WINDOW.to_be_bytes()].concat();
        opening.extend(frame_of(frame::SETTINGS, 0, 0, &setting));
        opening.extend(frame_of(frame::WINDOW_UPDATE, 0, 0, &WINDOW.to_be_bytes()));
        stream.write_all(&opening).await?;
        Ok(Self {
            stream,
            received: Vec::new(),
            decoder: Decoder::new(),
            next_stream: 1,
        })
    }

    async fn exchange(&mut self, fields: &[(&[u8], &[u8])]) -> Result<Http2Response, Http2Failure> {
        let stream = self.next_stream;
        self.next_stream += 2;
        // A server may close before it has read everything.
        let _ = self.stream.write_all(&headers_of(stream, fields)).await;
        let mut headers = Vec::new();
        let mut block = Vec::new();
        let mut body = Vec::new();
        loop {
            let frame = self.frame().await?;
            match frame.kind {
                frame::SETTINGS if frame.flags & frame::ACK == 0 => {
                    let ack = frame_of(frame::SETTINGS, frame::ACK, 0, &[]);
                    let _ = self.stream.write_all(&ack).await;
                }
                frame::PING if frame.flags & frame::ACK == 0 => {
                    let ack = frame_of(frame::PING, frame::ACK, 0, &frame.payload);
                    let _ = self.stream.write_all(&ack).await;
                }
                frame::GOAWAY => return Err(Http2Failure::Ended),
                frame::RST_STREAM if frame.stream == stream => return Err(Http2Failure::Ended),
                frame::HEADERS | frame::CONTINUATION => {
                    block.extend(frame.payload);
                    if frame.flags & frame::END_HEADERS != 0 {
                        let decoded = self.decoder.decode(&std::mem::take(&mut block));
                        let decoded = decoded.map_err(|_| Http2Failure::Ended)?;
                        headers.extend(decoded);
                    }
                }
                frame::DATA => body.extend(frame.payload),
                _ => {}
            }
            let ends = matches!(frame.kind, frame::HEADERS | frame::DATA);
            if ends && frame.stream == stream && frame.flags & frame::END_STREAM != 0 {
                let status = headers.iter().find(|(name, _)| name == b":status");
                let status = status.and_then(|(_, value)| std::str::from_utf8(value).ok());
                return Ok(Http2Response {
                    status: status
                        .and_then(|text| text.parse().ok())
                        .unwrap_or_default(),
                    headers,
                    body,
                });
            }
        }
    }

    async fn frame(&mut self) -> Result<Frame, Http2Failure> {
        loop {
            if let Some((frame, length)) = first_frame(&self.received) {
                self.received.drain(..length);
                return Ok(frame);
            }
            // A reset is an end as well.
            match self.stream.read_buf(&mut self.received).await {
                Ok(read) if read > 0 => {}
                _ => return Err(Http2Failure::Ended),
            }
        }
    }
}

/// The first frame, if it is there whole, and how many bytes it takes up.
fn first_frame(bytes: &[u8]) -> Option<(Frame, usize)> {
    let (head, rest) = bytes.split_first_chunk::<9>()?;
    let [l1, l2, l3, kind, flags, s1, s2, s3, s4] = *head;
    let length = u32::from_be_bytes([0, l1, l2, l3]) as usize;
    let frame = Frame {
        kind,
        flags,
        stream: u32::from_be_bytes([s1, s2, s3, s4]) & 0x7fff_ffff,
        payload: rest.get(..length)?.to_owned(),
    };
    Some((frame, head.len() + length))
}

fn frame_of(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = (payload.len() as u32).to_be_bytes();
    [&length[..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A request that ends with its header fields. They are literals (RFC 7541 section 6.2.3), not
/// compressed: what a test says is what goes out.
fn headers_of(stream: u32, fields: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0x10);
        for text in [name, value] {
            fluke_hpack::encoder::encode_integer_into(text.len(), 7, 0, &mut block)
                .unwrap_or_default();
            block.extend_from_slice(text);
        }
    }
    let mut frames = Vec::new();
    let mut pieces = block.chunks(FRAME).peekable();
    let mut kind = frame::HEADERS;
    while let Some(piece) = pieces.next() {
        let mut flags = 0;
        if kind == frame::HEADERS {
            flags |= frame::END_STREAM;
        }
        if pieces.peek().is_none() {
            flags |= frame::END_HEADERS;
        }
        frames.extend(frame_of(kind, flags, stream, piece));
        kind = frame::CONTINUATION;
    }
    frames
}
