//! What the router looks at in a request.

use std::borrow::Cow;

use filter_api::HeaderList;

/// A request as the router sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request<'a> {
    /// The method.
    pub method: &'a [u8],
    /// The host in lower case, without port and without the dot of a fully qualified name.
    pub host: Cow<'a, [u8]>,
    /// The path without query, as Envoy normalised it; empty for CONNECT.
    pub path: &'a [u8],
    /// The client asks for another protocol on this connection (RFC 9110 section 7.8).
    pub upgrades: bool,
}

impl<'a> Request<'a> {
    /// Reads the header fields of a request.
    pub fn of(headers: &'a HeaderList) -> Self {
        // One walk finds them all. Envoy admits no second pseudo-header of a name.
        let (mut method, mut authority, mut path) = (&b""[..], &b""[..], &b""[..]);
        let mut upgrades = false;
        for (name, value) in headers.iter() {
            match name {
                b":method" => method = value,
                b":authority" => authority = value,
                b":path" => path = value,
                b"upgrade" => upgrades = true,
                _ => {}
            }
        }
        let end = path
            .iter()
            .position(|&byte| matches!(byte, b'?' | b'#'))
            .unwrap_or(path.len());
        Self {
            method,
            host: host(authority),
            path: path.get(..end).unwrap_or_default(),
            upgrades,
        }
    }
}

/// The host of an authority (RFC 3986 section 3.2).
fn host(authority: &[u8]) -> Cow<'_, [u8]> {
    let mut host = authority;
    if let Some(colon) = host.iter().rposition(|&byte| byte == b':') {
        let (before, port) = host.split_at(colon);
        // "[::1]" has colons of its own; a port is digits.
        if port.iter().skip(1).all(u8::is_ascii_digit)
            && (!before.contains(&b':') || before.ends_with(b"]"))
        {
            host = before;
        }
    }
    let host = host.strip_suffix(b".").unwrap_or(host);
    if host.iter().any(u8::is_ascii_uppercase) {
        Cow::Owned(host.to_ascii_lowercase())
    } else {
        Cow::Borrowed(host)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn hosts_lose_port_case_and_last_dot() {
        for (authority, expected) in [
            ("example.com", "example.com"),
            ("Example.COM:8080", "example.com"),
            ("example.com.:80", "example.com"),
            ("[::1]:80", "[::1]"),
            ("[::1]", "[::1]"),
            ("::1", "::1"),
            ("a:b", "a:b"),
            ("a:", "a"),
            (":80", ""),
            ("", ""),
        ] {
            assert_eq!(
                host(authority.as_bytes()),
                expected.as_bytes(),
                "{authority}"
            );
        }
    }

    #[test]
    fn a_path_ends_where_its_query_begins() {
        for (path, expected) in [
            ("/a?b=/c", "/a"),
            ("/a", "/a"),
            ("/a#b?c", "/a"),
            ("?", ""),
            ("", ""),
        ] {
            let headers: HeaderList = [(":method", "GET"), (":path", path)].into_iter().collect();
            assert_eq!(Request::of(&headers).path, expected.as_bytes(), "{path}");
        }
    }
}
