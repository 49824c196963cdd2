//! What the router looks at in a request.

use std::borrow::Cow;

use filter_api::HeaderList;
use filter_api::escapes::decode;

/// A request as the router sees it.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The method.
    pub method: &'a [u8],
    /// The host in lower case, without port and without the dot of a fully qualified name.
    pub host: Cow<'a, [u8]>,
    /// The port of the authority, in digits; none if the client did not write it.
    pub port: Option<&'a [u8]>,
    /// The path without query, as Envoy normalised it; empty for CONNECT.
    pub path: &'a [u8],
    /// What is matched: the path without the parameters of its segments (RFC 3986 section 3.3), with
    /// the octets that its escapes mean.
    pub matched_path: Cow<'a, [u8]>,
    /// The query without its `?`; none if there is no `?`.
    pub query: Option<&'a [u8]>,
    /// What was taken off the path's beginning; it is no part of `path`.
    pub stage: &'a [u8],
    /// The client asks for another protocol on this connection (RFC 9110 section 7.8).
    pub upgrades: bool,
    /// All header fields, pseudo-headers among them.
    pub headers: &'a HeaderList,
}

impl<'a> Request<'a> {
    /// Reads the header fields of a request.
    pub fn of(headers: &'a HeaderList) -> Self {
        // One walk finds them all. Envoy admits no second pseudo-header of a name.
        let (mut method, mut authority, mut target) = (&b""[..], &b""[..], &b""[..]);
        let mut upgrades = false;
        for (name, value) in headers.iter() {
            match name {
                b":method" => method = value,
                b":authority" => authority = value,
                b":path" => target = value,
                b"upgrade" => upgrades = true,
                _ => {}
            }
        }
        let (path, query) = split_target(target);
        let (host, port) = split_authority(authority);
        Self {
            method,
            host,
            port,
            path,
            matched_path: matched(path),
            query,
            stage: b"",
            upgrades,
            headers,
        }
    }

    /// The same request without what somebody in front put before its path. A path without it stays as
    /// it is.
    #[must_use]
    pub fn without_stage(mut self, stage: &[u8]) -> Self {
        let rest = self.path.strip_prefix(stage);
        if let Some(rest) = rest.filter(|rest| rest.is_empty() || rest.starts_with(b"/")) {
            self.stage = self.path.get(..stage.len()).unwrap_or_default();
            self.path = if rest.is_empty() { b"/" } else { rest };
            self.matched_path = matched(self.path);
        }
        self
    }

    /// The value of a header field, its lines joined as RFC 9110 section 5.3 has it. `name` is in lower
    /// case.
    pub fn header<'s>(&'s self, name: &'s str) -> Option<Cow<'s, [u8]>> {
        let mut lines = self.headers.get_all(name);
        let first = lines.next()?;
        let Some(second) = lines.next() else {
            return Some(Cow::Borrowed(first));
        };
        let mut value = first.to_vec();
        for line in [second].into_iter().chain(lines) {
            value.extend_from_slice(b", ");
            value.extend_from_slice(line);
        }
        Some(Cow::Owned(value))
    }

    /// The values of the cookies of a name (RFC 6265 section 4.2.1) that have one, as they are written.
    pub fn cookies<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s [u8]> {
        self.headers
            .get_all("cookie")
            .flat_map(|line| line.split(|&byte| byte == b';'))
            .filter_map(move |pair| {
                let value = pair.trim_ascii_start().strip_prefix(name.as_bytes())?;
                value.strip_prefix(b"=")
            })
            .map(<[u8]>::trim_ascii_end)
            .filter(|value| !value.is_empty())
    }

    /// The first value of a query parameter: see [`Request::parameters`].
    pub fn parameter<'s>(&'s self, name: &'s str) -> Option<Cow<'s, [u8]>> {
        self.parameters(name).next()
    }

    /// The values of a query parameter, decoded, `+` as a space
    /// (<https://url.spec.whatwg.org/#urlencoded-parsing>); empty for one without `=`. Other parameters cost a
    /// look, and nothing is kept of them: queries are as long as clients like.
    pub fn parameters<'s>(&'s self, name: &'s str) -> impl Iterator<Item = Cow<'s, [u8]>> {
        let query = self.query.unwrap_or_default();
        let pairs = query.split(|&byte| byte == b'&');
        pairs.filter_map(move |pair| {
            let mut halves = pair.splitn(2, |&byte| byte == b'=');
            let found = decode_form(halves.next().unwrap_or_default());
            let is_named = !pair.is_empty() && *found == *name.as_bytes();
            is_named.then(|| decode_form(halves.next().unwrap_or_default()))
        })
    }
}

/// `/a;v=1/b%21` as `/a/b!`. Servers of Java read paths so, others take parameters for a part of the
/// segment; to both, what follows a `;` must lead around no route. An escaped `;` begins none.
fn matched(path: &[u8]) -> Cow<'_, [u8]> {
    if !path.contains(&b';') {
        return decode(path);
    }
    let mut bare = Vec::with_capacity(path.len());
    let mut in_parameters = false;
    for &byte in path {
        in_parameters = byte == b';' || (in_parameters && byte != b'/');
        if !in_parameters {
            bare.push(byte);
        }
    }
    Cow::Owned(decode(&bare).into_owned())
}

fn decode_form(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'+') {
        return decode(text);
    }
    let spaced: Vec<u8> = text
        .iter()
        .map(|&byte| if byte == b'+' { b' ' } else { byte })
        .collect();
    Cow::Owned(decode(&spaced).into_owned())
}

/// Path and query of a target. A fragment, which no client may send, belongs to neither.
fn split_target(target: &[u8]) -> (&[u8], Option<&[u8]>) {
    let end = target.iter().position(|byte| matches!(byte, b'?' | b'#'));
    let Some((path, rest)) = end.and_then(|end| target.split_at_checked(end)) else {
        return (target, None);
    };
    let query = rest.strip_prefix(b"?");
    let query = query.and_then(|query| query.split(|&byte| byte == b'#').next());
    (path, query)
}

/// The host and the port of an authority (RFC 3986 section 3.2).
fn split_authority(authority: &[u8]) -> (Cow<'_, [u8]>, Option<&[u8]>) {
    let (mut host, mut port) = (authority, None);
    if let Some(colon) = host.iter().rposition(|&byte| byte == b':') {
        let (before, after) = host.split_at(colon);
        let digits = after.get(1..).unwrap_or_default();
        // "[::1]" has colons of its own; a port is digits.
        if digits.iter().all(u8::is_ascii_digit)
            && (!before.contains(&b':') || before.ends_with(b"]"))
        {
            (host, port) = (before, Some(digits).filter(|digits| !digits.is_empty()));
        }
    }
    let host = host.strip_suffix(b".").unwrap_or(host);
    let host = if host.iter().any(u8::is_ascii_uppercase) {
        Cow::Owned(host.to_ascii_lowercase())
    } else {
        Cow::Borrowed(host)
    };
    (host, port)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn hosts_lose_port_case_and_last_dot() {
        for (authority, host, port) in [
            ("example.com", "example.com", None),
            ("Example.COM:8080", "example.com", Some("8080")),
            ("example.com.:80", "example.com", Some("80")),
            ("[::1]:80", "[::1]", Some("80")),
            ("[::1]", "[::1]", None),
            ("::1", "::1", None),
            ("a:b", "a:b", None),
            ("a:", "a", None),
            (":80", "", Some("80")),
            ("", "", None),
        ] {
            let (found, found_port) = split_authority(authority.as_bytes());
            assert_eq!(found, host.as_bytes(), "{authority}");
            assert_eq!(found_port, port.map(str::as_bytes), "{authority}");
        }
    }

    #[test]
    fn a_path_ends_where_its_query_begins() {
        for (target, path, query) in [
            ("/a?b=/c", "/a", Some("b=/c")),
            ("/a?", "/a", Some("")),
            ("/a", "/a", None),
            ("/a#b?c", "/a", None),
            ("/a?b#c", "/a", Some("b")),
            ("?", "", Some("")),
            ("", "", None),
        ] {
            let headers: HeaderList = [(":path", target)].into_iter().collect();
            let request = Request::of(&headers);
            assert_eq!(request.path, path.as_bytes(), "{target}");
            assert_eq!(request.query, query.map(str::as_bytes), "{target}");
        }
    }

    #[test]
    fn parameters_of_segments_are_not_matched() {
        for (path, expected) in [
            ("/a;v=1/b", "/a/b"),
            ("/a/b;", "/a/b"),
            ("/a;x;y/;z", "/a/"),
            ("/a%3Bv=1", "/a;v=1"),
            ("/%61;%2F/b%21", "/a/b!"),
        ] {
            assert_eq!(*matched(path.as_bytes()), *expected.as_bytes(), "{path}");
        }
    }

    #[test]
    fn a_stage_is_taken_off_once_and_only_as_a_whole() {
        for (target, path, stage) in [
            ("/prod/a?b", "/a", "/prod"),
            ("/prod", "/", "/prod"),
            ("/prod/", "/", "/prod"),
            ("/prod/prod/a", "/prod/a", "/prod"),
            ("/production", "/production", ""),
            ("/a/prod", "/a/prod", ""),
        ] {
            let headers: HeaderList = [(":path", target)].into_iter().collect();
            let request = Request::of(&headers).without_stage(b"/prod");
            assert_eq!(request.path, path.as_bytes(), "{target}");
            assert_eq!(request.stage, stage.as_bytes(), "{target}");
        }
    }
}
