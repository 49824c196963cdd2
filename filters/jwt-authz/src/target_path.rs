//! Paths of requests, as whoever is behind the gateway reads them.

use std::borrow::Cow;

use filter_api::escapes::decode;

/// The octets that a path means: escapes decoded, the parameters of its segments (`;v=1`) and the query
/// taken off. `None` when it can be read in two ways: with `//`, `.`, `..` or `\`, escaped or not, with an
/// escaped `/` or an octet of zero, or when it is no path at all.
///
/// Access hangs on it: what a rule does not see, the next one decides, which may ask for less.
pub(crate) fn meaning(target: &[u8]) -> Option<Cow<'_, [u8]>> {
    let path = target.split(|&byte| matches!(byte, b'?' | b'#')).next()?;
    match is_plain(path) {
        true => Some(Cow::Borrowed(path)),
        false => by_segments(path).map(Cow::Owned),
    }
}

fn by_segments(path: &[u8]) -> Option<Vec<u8>> {
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

/// Whether a path means what stands there, as most do: there is nothing in it that has to be looked at.
fn is_plain(path: &[u8]) -> bool {
    let is_special = |byte: &u8| matches!(byte, b'%' | b';' | b'\\' | 0);
    // A segment that is empty, or that begins with a dot as "." and ".." do.
    let is_suspect = |pair: &[u8; 2]| matches!(pair, [b'/', b'/' | b'.']);
    path.first() == Some(&b'/')
        && !path.iter().any(is_special)
        && !path.array_windows().any(is_suspect)
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
            assert_eq!(meaning, expected.as_bytes(), "{target}");
        }
    }

    #[test]
    fn a_plain_path_means_what_its_segments_mean() {
        let mut paths = vec![Vec::new()];
        let mut plain = 0;
        for _ in 0..6 {
            let longer = |path: &Vec<u8>| {
                b"/.;%\\a".map(|byte| path.iter().copied().chain([byte]).collect::<Vec<u8>>())
            };
            paths = paths.iter().flat_map(longer).collect();
            for path in paths.iter().filter(|path| is_plain(path)) {
                assert_eq!(by_segments(path).as_ref(), Some(path));
                plain += 1;
            }
        }
        assert!(plain > 40, "{plain}");
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
