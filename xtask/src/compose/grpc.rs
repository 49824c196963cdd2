//! As much of gRPC over HTTP/2 (RFC 9113, without TLS, known beforehand) as one call needs whose
//! request is short and whose success shows in its answer: a call that fails sends no message.

use std::io::{Read, Write};
use std::net::SocketAddr;

use anyhow::{Context, Result, bail};

use super::http;

/// RFC 9113 §3.4.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// RFC 9113 §6.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;

const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// Frames of the connection have stream 0; the one call has the first that a client may use.
const CONNECTION: u32 = 0;
const CALL: u32 = 1;

/// Calls a unary method, such as `stock.v1.Stock/Reserve`, and returns the answer, both messages in
/// protobuf's encoding.
pub fn call(address: SocketAddr, method: &str, message: &[u8]) -> Result<Vec<u8>> {
    let mut stream = http::connect(address)?;
    let headers = header_block(&[
        (":method", "POST"),
        (":scheme", "http"),
        (":path", &format!("/{method}")),
        (":authority", "petstore.example"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ])?;
    stream.write_all(PREFACE)?;
    write_frame(&mut stream, SETTINGS, 0, CONNECTION, &[])?;
    write_frame(&mut stream, HEADERS, END_HEADERS, CALL, &headers)?;
    write_frame(&mut stream, DATA, END_STREAM, CALL, &delimited(message)?)?;

    let mut answer = Vec::new();
    loop {
        let frame = read_frame(&mut stream)?;
        match (frame.kind, frame.stream) {
            (SETTINGS, _) if frame.flags & ACK == 0 => {
                write_frame(&mut stream, SETTINGS, ACK, CONNECTION, &[])?;
            }
            (DATA, CALL) => answer.extend_from_slice(&frame.payload),
            (RST_STREAM, CALL) | (GOAWAY, _) => {
                bail!(
                    "the call was broken off: frame {} {:02x?}",
                    frame.kind,
                    frame.payload
                )
            }
            _ => {}
        }
        if matches!(frame.kind, DATA | HEADERS)
            && frame.stream == CALL
            && frame.flags & END_STREAM != 0
        {
            return undelimited(&answer);
        }
    }
}

struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

/// RFC 9113 §4.1.
fn write_frame(
    stream: &mut impl Write,
    kind: u8,
    flags: u8,
    id: u32,
    payload: &[u8],
) -> Result<()> {
    let [high, length @ ..] = u32::try_from(payload.len())?.to_be_bytes();
    if high != 0 {
        bail!("{} bytes do not fit a frame", payload.len());
    }
    stream.write_all(&[&length[..], &[kind, flags], &id.to_be_bytes(), payload].concat())?;
    Ok(())
}

fn read_frame(stream: &mut impl Read) -> Result<Frame> {
    let mut head = [0; 9];
    stream
        .read_exact(&mut head)
        .context("the connection ended before the call did")?;
    let [a, b, c, kind, flags, id @ ..] = head;
    let mut payload = vec![0; usize::try_from(u32::from_be_bytes([0, a, b, c]))?];
    stream.read_exact(&mut payload)?;
    Ok(Frame {
        kind,
        flags,
        stream: u32::from_be_bytes(id),
        payload,
    })
}

/// Each header as a literal without indexing and with a new name (RFC 7541 §6.2.2), not compressed,
/// so that no table is needed.
fn header_block(headers: &[(&str, &str)]) -> Result<Vec<u8>> {
    let mut block = Vec::new();
    for (name, value) in headers {
        block.push(0);
        for text in [name, value] {
            let Ok(length @ 0..127) = u8::try_from(text.len()) else {
                bail!("expected a header of fewer than 127 bytes, found {text:?}")
            };
            block.push(length);
            block.extend_from_slice(text.as_bytes());
        }
    }
    Ok(block)
}

/// gRPC over HTTP2, "Length-Prefixed-Message": not compressed, the length, the message.
fn delimited(message: &[u8]) -> Result<Vec<u8>> {
    Ok([
        &[0],
        &u32::try_from(message.len())?.to_be_bytes()[..],
        message,
    ]
    .concat())
}

fn undelimited(data: &[u8]) -> Result<Vec<u8>> {
    let Some(([0, length @ ..], message)) = data.split_first_chunk::<5>() else {
        bail!("the call ended without a message, so it failed: the gateway's log says how")
    };
    if usize::try_from(u32::from_be_bytes(*length))? != message.len() {
        bail!("expected one message, found {data:02x?}");
    }
    Ok(message.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_as_it_was_written() {
        let mut bytes = Vec::new();
        write_frame(&mut bytes, DATA, END_STREAM, CALL, b"abc").unwrap();
        assert_eq!(bytes, b"\0\0\x03\0\x01\0\0\0\x01abc");
        let frame = read_frame(&mut bytes.as_slice()).unwrap();
        assert_eq!(
            (frame.kind, frame.flags, frame.stream),
            (DATA, END_STREAM, CALL)
        );
        assert_eq!(frame.payload, b"abc");
    }

    #[test]
    fn only_one_whole_message_is_an_answer() {
        assert_eq!(undelimited(&delimited(b"abc").unwrap()).unwrap(), b"abc");
        for wrong in [&b""[..], b"\0\0\0\0", b"\0\0\0\0\x02a", b"\x01\0\0\0\x01a"] {
            assert!(undelimited(wrong).is_err(), "{wrong:?}");
        }
    }
}
