//! As much of WebSocket (RFC 6455) as an echo of one short text needs.

use std::io::{BufReader, Read, Write};
use std::net::SocketAddr;

use anyhow::{Result, bail};

use super::http;

/// The key and the answer to it that RFC 6455 §1.3 shows.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// FIN and the opcode for text (§5.2).
const TEXT: u8 = 0x81;
const MASKED: u8 = 0x80;
/// A client masks what it sends (§5.3); any mask will do.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// Upgrades a connection at `path`, sends `text`, of fewer than 126 bytes, and returns the answer.
pub fn echo(address: SocketAddr, path: &str, text: &str) -> Result<String> {
    let mut stream = http::connect(address)?;
    let upgrade = [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", KEY),
    ];
    http::write_request(&stream, "GET", path, &upgrade, "")?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let handshake = http::read_response(&mut reader)?;
    if handshake.status != 101 || handshake.header("sec-websocket-accept") != Some(ACCEPT) {
        bail!("expected 101 and sec-websocket-accept: {ACCEPT}, found {handshake:?}");
    }
    stream.write_all(&frame(text)?)?;
    read_text(&mut reader)
}

fn frame(text: &str) -> Result<Vec<u8>> {
    let Ok(length @ 0..126) = u8::try_from(text.len()) else {
        bail!("{} bytes do not fit a short frame", text.len())
    };
    let masked = text
        .bytes()
        .zip(MASK.iter().cycle())
        .map(|(byte, mask)| byte ^ mask);
    Ok([TEXT, MASKED | length]
        .into_iter()
        .chain(MASK)
        .chain(masked)
        .collect())
}

fn read_text(stream: &mut impl Read) -> Result<String> {
    let mut head = [0; 2];
    stream.read_exact(&mut head)?;
    let [TEXT, length @ 0..126] = head else {
        bail!("expected a short text frame, found one that starts {head:02x?}")
    };
    let mut text = vec![0; length.into()];
    stream.read_exact(&mut text)?;
    Ok(String::from_utf8(text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6455 §5.7: "A single-frame masked text message" and the unmasked one.
    #[test]
    fn frames_are_those_of_the_rfc() {
        let masked = [
            0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
        ];
        assert_eq!(frame("Hello").unwrap(), masked);
        let unmasked = [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f];
        assert_eq!(read_text(&mut unmasked.as_slice()).unwrap(), "Hello");
    }
}
