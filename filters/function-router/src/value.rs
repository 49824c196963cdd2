//! Values of the match: what a request has where a pattern names something.

use std::borrow::Cow;

use filter_api::escapes::{decode, encode, is_unreserved};

/// A value in the path of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'p> {
    /// A segment as the client wrote it, escapes and parameters included.
    Segment(&'p [u8]),
    /// What a group of a regular expression caught, of the path without escapes.
    Caught(&'p [u8]),
}

impl<'p> Value<'p> {
    /// The octets that are meant.
    pub fn octets(self) -> Cow<'p, [u8]> {
        match self {
            Self::Segment(raw) => decode(raw),
            Self::Caught(octets) => Cow::Borrowed(octets),
        }
    }

    /// The octets that are meant, without the parameters of a segment (RFC 3986 section 3.3), which are not
    /// matched either.
    pub fn bare(self) -> Cow<'p, [u8]> {
        match self {
            Self::Segment(raw) => {
                let mut parts = raw.split(|&byte| byte == b';');
                decode(parts.next().unwrap_or_default())
            }
            Self::Caught(octets) => Cow::Borrowed(octets),
        }
    }

    /// Writes it into a path. What was escaped stays so: `%3B` is no `;`, which would begin parameters
    /// (RFC 3986 section 2.2).
    pub(crate) fn write_in_path(self, path: &mut Vec<u8>) {
        match self {
            Self::Segment(raw) => path.extend_from_slice(raw),
            Self::Caught(octets) => {
                encode(octets, |octet| is_unreserved(octet) || octet == b'/', path);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn what_was_escaped_stays_so_in_a_path() {
        for (value, octets, in_path) in [
            (Value::Segment(b"a%3Bb%2b+"), "a;b++", "a%3Bb%2b+"),
            (Value::Caught(b"a;b+/c d"), "a;b+/c d", "a%3Bb%2B/c%20d"),
        ] {
            assert_eq!(*value.octets(), *octets.as_bytes());
            let mut path = Vec::new();
            value.write_in_path(&mut path);
            assert_eq!(String::from_utf8(path).unwrap(), in_path);
        }
    }
}
