//! Requests over HTTP/1.1, as Envoy's codec reads them.

use super::url::{self, Authority};
use super::{EdgeRefusal, Read, Sent};

/// The most that request line and header fields may take up, line ends included: Envoy's default of
/// `max_request_headers_kb`.
const MOST_BYTES: usize = 60 * 1024;

/// The methods that Envoy knows over HTTP/1.1.
const METHODS: [&str; 34] = [
    "ACL",
    "BIND",
    "CHECKOUT",
    "CONNECT",
    "COPY",
    "DELETE",
    "GET",
    "HEAD",
    "LINK",
    "LOCK",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MOVE",
    "MSEARCH",
    "NOTIFY",
    "OPTIONS",
    "PATCH",
    "POST",
    "PROPFIND",
    "PROPPATCH",
    "PURGE",
    "PUT",
    "REBIND",
    "REPORT",
    "SEARCH",
    "SOURCE",
    "SUBSCRIBE",
    "TRACE",
    "UNBIND",
    "UNLINK",
    "UNLOCK",
    "UNSUBSCRIBE",
];

pub(super) fn read<'a>(sent: &Sent<'a>) -> Result<Read<'a>, EdgeRefusal> {
    // More than one space, a tab or a carriage return around it parts it from its neighbours as well.
    let target = trim(sent.target);
    let ends_early = check_bytes(target)?;
    if size(sent) > MOST_BYTES {
        return Err(EdgeRefusal::TooLarge);
    }
    if !METHODS.iter().any(|known| known.as_bytes() == sent.method) {
        return Err(EdgeRefusal::Method);
    }
    let names = sent.fields.iter().map(|(name, _)| name);
    if names.into_iter().any(|name| name.contains(&b'_')) {
        return Err(EdgeRefusal::UnderscoreOverHttp1);
    }
    let target = match ends_early {
        Some(end) => target.get(..end).unwrap_or_default(),
        None => target,
    };
    let read = of_target(sent, target)?;
    if ends_early.is_some() {
        return Err(EdgeRefusal::LineEnd);
    }
    Ok(read)
}

fn trim(mut target: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b'\r', rest @ ..] | [rest @ .., b' ' | b'\t' | b'\r'] = target {
        target = rest;
    }
    target
}

/// Says where a line end is, if there is one.
fn check_bytes(target: &[u8]) -> Result<Option<usize>, EdgeRefusal> {
    let odd = target.iter().position(|byte| !byte.is_ascii_graphic());
    let Some(at) = odd else { return Ok(None) };
    match target.get(at) {
        _ if at > 0 && is_line_end(target.get(at..).unwrap_or_default()) => Ok(Some(at)),
        Some(b'\n' | b'\t' | b'\r' | b' ' | 0x80..) | None => Err(EdgeRefusal::Target),
        Some(_) => Err(EdgeRefusal::ControlCharacter),
    }
}

fn is_line_end(text: &[u8]) -> bool {
    text.starts_with(b"\n") || text.starts_with(b"\r\n")
}

fn of_target<'a>(sent: &Sent<'a>, target: &'a [u8]) -> Result<Read<'a>, EdgeRefusal> {
    if sent.method == b"CONNECT" {
        if target.starts_with(b"/") || target.starts_with(b"*") {
            return Err(EdgeRefusal::Target);
        }
        let authority = url::authority_form(target)?;
        return Ok(Read {
            authority,
            path: None,
        });
    }
    if target.starts_with(b"/") || (sent.method == b"OPTIONS" && target.starts_with(b"*")) {
        let authority = host(sent)?;
        return Ok(Read {
            authority,
            path: Some(target),
        });
    }
    let Authority { authority, path } = url::absolute_form(target, sent.tls)?;
    Ok(Read {
        authority,
        path: Some(path),
    })
}

fn host<'a>(sent: &Sent<'a>) -> Result<&'a [u8], EdgeRefusal> {
    let host = sent.host.ok_or(EdgeRefusal::NoHost)?;
    if host.iter().all(|&byte| may_be_in_host(byte)) {
        Ok(host)
    } else {
        Err(EdgeRefusal::Authority)
    }
}

/// RFC 3986 section 3.2, with user information.
fn may_be_in_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!$%&'()*+,-.:;=@[]_~".contains(&byte)
}

/// Of request line and header fields on the wire.
fn size(sent: &Sent<'_>) -> usize {
    let line = sent.method.len() + sent.target.len() + "  HTTP/1.1\r\n".len();
    let field = |(name, value): (&[u8], &[u8])| name.len() + value.len() + ": \r\n".len();
    let host = sent.host.map_or(0, |host| field((b"host", host)));
    line + host + sent.fields.iter().map(field).sum::<usize>() + "\r\n".len()
}
