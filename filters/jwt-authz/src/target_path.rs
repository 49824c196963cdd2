//! Paths of requests, as whoever is behind the gateway reads them.

use std::borrow::Cow;

use filter_api::escapes::decode;

/// The octets that a path means: escapes decoded, the parameters of its segments (`;v=1`) and the query
/// taken off. `None` when it can be read in two ways: with `//`, `.`, `..` or `\`, escaped or not, with an
/// escaped `/` or an octet of zero, or when it is no path at all.
///
/// Access hangs on it: what a rule does not see, the next one decides, which may ask for less.
pub(crate) fn meaning(target: &[u8]) -> Option<Vec<u8>> {
    let path = target.split(|&byte| matches!(byte, b'?' | b'#')).next()?;
    let mut segments = path
        .strip_prefix(b"/")?
        .split(|&byte| byte == b'/')
        .peekable();
    let mut meaning = Vec::with_capacity(path.len());
    while let Some(segment) = segments.next() {
        let segment = decoded(segment)?;
        let bare = segment.split(|&byte| byte == b';').next()?;
        let is_last = segments.peek().is_none();
        if (bare.is_empty() && !is_last) || matches!(bare, b"." | b"..") {
            return None;
        }
        meaning.push(b'/');
        meaning.extend_from_slice(bare);
    }
    Some(meaning)
}

/// A segment without its escapes.
fn decoded(segment: &[u8]) -> Option<Cow<'_, [u8]>> {
    let decoded = decode(segment);
    let is_ambiguous = |byte: &u8| matches!(byte, b'/' | b'\\' | 0);
    (!decoded.iter().any(is_ambiguous)).then_some(decoded)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_path_means_its_octets() {
        for (target, expected) in [
            ("/", "/"),
            ("/a/b", "/a/b"),
            ("/a/?b=/../c", "/a/"),
            ("/%61dmin", "/admin"),
            ("/admin;x=1/b;y", "/admin/b"),
            ("/a%3bb", "/a"),
            ("/a%2", "/a%2"),
            ("/a%zz", "/a%zz"),
            ("/.a/...", "/.a/..."),
            ("/%252e%252e", "/%2e%2e"),
        ] {
            let meaning = meaning(target.as_bytes()).unwrap();
            assert_eq!(String::from_utf8(meaning).unwrap(), expected, "{target}");
        }
    }

    #[test]
    fn a_path_that_can_be_read_in_two_ways_means_nothing() {
        for target in [
            "",
            "*",
            "a",
            "//",
            "//a",
            "/a//b",
            "/.",
            "/a/..",
            "/a/../b",
            "/%2e%2E/a",
            "/..;/a",
            "/a/.;x/b",
            "/a%2fb",
            "/a\\b",
            "/a%5cb",
            "/a%00",
            "/;x/a",
        ] {
            assert_eq!(meaning(target.as_bytes()), None, "{target}");
        }
    }
}
