//! Paths that mean one thing to everybody.

/// Whether nobody behind the gateway can read another path out of this one: no empty segment but the
/// last, no `.` and `..`, no backslash, and no escape that stands for one of these or for a slash.
///
/// Envoy gives out no other path with `normalize_path`, `merge_slashes` and
/// `path_with_escaped_slashes_action: REJECT_REQUEST`. It is looked at here too, because a route is
/// what access hangs on, and these are settings of somebody else.
pub(crate) fn is_normal(path: &[u8]) -> bool {
    let Some(rest) = path.strip_prefix(b"/") else {
        return true; // "*" and the empty path of CONNECT, which match nothing
    };
    if is_plain(path) {
        return true;
    }
    let mut segments = rest.split(|&byte| byte == b'/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        // Servers of Java, and Envoy too, take "..;x" for ".."; the former take ";x" for nothing.
        let bare = segment.split(|&byte| byte == b';').next();
        let bare = bare.unwrap_or_default();
        if (bare.is_empty() && !is_last) || is_dots(bare) || has_separator(segment) {
            return false;
        }
    }
    true
}

/// Whether there is nothing to look at more closely, as in most paths: no empty segment but the last,
/// none that begins with a dot or with parameters, no backslash and no escape. One pass tells.
fn is_plain(path: &[u8]) -> bool {
    let mut before = 0;
    path.iter().all(|&byte| {
        let after_slash = std::mem::replace(&mut before, byte) == b'/';
        match byte {
            b'%' | b'\\' => false,
            b'/' | b'.' | b';' => !after_slash,
            _ => true,
        }
    })
}

/// `.` or `..`, each dot perhaps as an escape.
fn is_dots(segment: &[u8]) -> bool {
    let mut rest = segment;
    let mut dots = 0;
    loop {
        rest = match rest {
            [] => return (1..=2).contains(&dots),
            [b'.', after @ ..] | [b'%', b'2', b'e' | b'E', after @ ..] => after,
            _ => return false,
        };
        dots += 1;
    }
}

fn has_separator(segment: &[u8]) -> bool {
    segment.contains(&b'\\')
        || (segment.contains(&b'%')
            && segment.windows(3).any(|escape| {
                matches!(
                    escape,
                    [b'%', b'2', b'f' | b'F'] | [b'%', b'5', b'c' | b'C']
                )
            }))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_path_that_could_be_read_in_two_ways_is_not_normal() {
        for path in [
            "/",
            "/a",
            "/a/",
            "/a/.b/..c/...",
            "/a;v=1/...;/a..;",
            "/a/;x=1",
            "/%2e%2e%2e",
            "/a%2",
            "/%252f",
            "*",
            "",
        ] {
            assert!(is_normal(path.as_bytes()), "{path}");
        }
        for path in [
            "//", "/a//b", "/.", "/..", "/a/./b", "/a/..", "/%2e", "/.%2E/a", "/..;/a", "/a/.;x=1",
            "/%2e.;", "/;/a", "/a%2fb", "/a%5Cb", "/a\\b",
        ] {
            assert!(!is_normal(path.as_bytes()), "{path}");
        }
    }
}
