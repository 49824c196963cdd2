//! Requests over HTTP/2, as Envoy's codec reads them. What it does not take ends the connection.

use super::{EdgeRefusal, Read, Sent};

pub(super) fn read<'a>(sent: &Sent<'a>) -> Result<Read<'a>, EdgeRefusal> {
    let authority = sent.host.unwrap_or_default();
    if sent.method.is_empty() || !sent.method.iter().all(|&byte| is_token(byte)) {
        return Err(EdgeRefusal::PseudoHeader);
    }
    if !authority.iter().all(|&byte| may_be_in_authority(byte)) {
        return Err(EdgeRefusal::PseudoHeader);
    }
    if sent
        .target
        .iter()
        .any(|byte| matches!(byte, 0..=b' ' | 0x7f))
    {
        return Err(EdgeRefusal::PseudoHeader);
    }
    if sent.fields.iter().any(|(name, _)| name.contains(&b'_')) {
        return Err(EdgeRefusal::UnderscoreOverHttp2);
    }
    if authority.is_empty() {
        return Err(EdgeRefusal::Messaging);
    }
    let is_connect = sent.method == b"CONNECT";
    let path = match sent.target {
        b"" if is_connect => None,
        path if is_connect || !is_path(path, sent.method) => return Err(EdgeRefusal::Messaging),
        path => Some(path),
    };
    Ok(Read { authority, path })
}

/// RFC 9113 section 8.3.1.
fn is_path(path: &[u8], method: &[u8]) -> bool {
    path.starts_with(b"/") || (path == b"*" && method == b"OPTIONS")
}

/// RFC 9110 section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// RFC 9113 section 8.3.1: no user information.
fn may_be_in_authority(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!$%&'()*+,-.:;=[]_~".contains(&byte)
}
