//! Request targets in absolute form and in authority form (RFC 9112 section 3.2), as the parser reads
//! them that Envoy calls.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::EdgeRefusal;

/// What an absolute form holds.
pub(super) struct Authority<'a> {
    /// Host and port, without user information.
    pub(super) authority: &'a [u8],
    /// What follows: a path, or a query alone.
    pub(super) path: &'a [u8],
}

/// Reads `http://host:port/path?query`.
pub(super) fn absolute_form(target: &[u8], tls: bool) -> Result<Authority<'_>, EdgeRefusal> {
    let mark = target.windows(3).position(|three| three == b"://");
    let (scheme, rest) = target.split_at(mark.ok_or(EdgeRefusal::Target)?);
    let is_scheme = scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme
            .iter()
            .all(|&byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    if !is_scheme {
        return Err(EdgeRefusal::Target);
    }
    let rest = rest.get(3..).unwrap_or_default();
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?'));
    let (authority, path) = rest.split_at(end.unwrap_or(rest.len()));
    check_characters(authority)?;
    let (authority, _) = host_and_port(authority)?;
    // The parser of URLs knows schemes of letters alone.
    if !scheme.iter().all(u8::is_ascii_alphabetic) {
        return Err(EdgeRefusal::Url);
    }
    match &*scheme.to_ascii_lowercase() {
        b"https" if !tls => return Err(EdgeRefusal::HttpsWithoutTls),
        b"http" | b"https" => {}
        _ => return Err(EdgeRefusal::Scheme),
    }
    let path = if path.is_empty() { b"/" } else { path };
    Ok(Authority { authority, path })
}

/// Reads `host:port`.
pub(super) fn authority_form(target: &[u8]) -> Result<&[u8], EdgeRefusal> {
    if target.iter().any(|byte| matches!(byte, b'/' | b'?')) {
        return Err(EdgeRefusal::Url);
    }
    check_characters(target)?;
    match host_and_port(target)? {
        (authority, true) if authority.len() == target.len() => Ok(authority),
        _ => Err(EdgeRefusal::Url),
    }
}

/// What the codec looks for before anything is parsed.
fn check_characters(authority: &[u8]) -> Result<(), EdgeRefusal> {
    let allowed =
        |&byte: &u8| byte.is_ascii_alphanumeric() || b"!$%&'()*+,-.:;=@[]_~".contains(&byte);
    if authority.iter().all(allowed) && !authority.windows(2).any(|two| two == b"@@") {
        Ok(())
    } else {
        Err(EdgeRefusal::Target)
    }
}

/// The host with its port, and whether it has one.
fn host_and_port(authority: &[u8]) -> Result<(&[u8], bool), EdgeRefusal> {
    let at = authority.iter().position(|&byte| byte == b'@');
    let start = at.map_or(0, |at| at + 1);
    let user = authority.get(..start).unwrap_or_default();
    let host_and_port = authority.get(start..).unwrap_or_default();
    let end_of_address = host_and_port.iter().position(|&byte| byte == b']');
    let end = match end_of_address {
        Some(bracket) => bracket + 1,
        None => {
            let colon = host_and_port.iter().position(|&byte| byte == b':');
            colon.unwrap_or(host_and_port.len())
        }
    };
    let (host, port) = host_and_port.split_at(end);
    let is_user = !user.iter().any(|byte| matches!(byte, b'[' | b']'));
    if is_user && is_host(host) && (port.is_empty() || is_port(port)) {
        Ok((host_and_port, !port.is_empty()))
    } else {
        Err(EdgeRefusal::Url)
    }
}

fn is_host(host: &[u8]) -> bool {
    if let Some(address) = host
        .strip_prefix(b"[")
        .and_then(|rest| rest.strip_suffix(b"]"))
    {
        return is_address(std::str::from_utf8(address).unwrap_or_default());
    }
    let in_host = |&byte: &u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
    !host.is_empty() && host.iter().all(in_host)
}

/// With the number of a zone, if it is one of version 6. (Envoy also takes the name of an interface of
/// the machine that it runs on.)
fn is_address(text: &str) -> bool {
    let (address, zone) = text.split_once('%').unwrap_or((text, "0"));
    let is_zone = zone.bytes().all(|byte| byte.is_ascii_digit()) && zone.parse::<u32>().is_ok();
    (is_zone && address.parse::<Ipv6Addr>().is_ok()) || text.parse::<Ipv4Addr>().is_ok()
}

/// A colon, and digits up to 65535.
fn is_port(port: &[u8]) -> bool {
    let Some((b':', digits)) = port.split_first() else {
        return false;
    };
    let number = std::str::from_utf8(digits)
        .ok()
        .and_then(|text| text.parse::<u128>().ok());
    digits.iter().all(u8::is_ascii_digit) && number.is_some_and(|number| number <= 0xffff)
}
