//! Percent-encoding (RFC 3986 section 2.1).

use std::borrow::Cow;

/// The octets that are meant: each `%` and two hexadecimal digits is one. What is no escape stands for
/// itself.
pub fn decode(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'%') {
        return Cow::Borrowed(text);
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        match escape(rest) {
            Some((octet, after)) => {
                decoded.push(octet);
                rest = after;
            }
            None => {
                decoded.push(*first);
                rest = after;
            }
        }
    }
    Cow::Owned(decoded)
}

/// The octet that the text begins with, if it begins with an escape, and what follows.
pub fn escape(text: &[u8]) -> Option<(u8, &[u8])> {
    let [b'%', high, low, rest @ ..] = text else {
        return None;
    };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let octet = digit(high)? * 16 + digit(low)?;
    Some((u8::try_from(octet).ok()?, rest))
}

/// Writes octets so that they mean themselves where only `allowed` may stand for itself.
pub fn encode(octets: &[u8], allowed: fn(u8) -> bool, to: &mut Vec<u8>) {
    const DIGITS: [u8; 16] = *b"0123456789ABCDEF";
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or_default();
    for &octet in octets {
        if allowed(octet) {
            to.push(octet);
        } else {
            to.extend([b'%', digit(octet >> 4), digit(octet & 15)]);
        }
    }
}

/// RFC 3986 section 2.3.
pub fn is_unreserved(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"-._~".contains(&octet)
}

/// What may stand in a path: segments (`pchar`, RFC 3986 section 3.3), and the slashes between them.
pub fn in_path(octet: u8) -> bool {
    is_unreserved(octet) || b"!$&'()*+,;=:@/".contains(&octet)
}

/// What means itself in the value of a query parameter, to those too who read `+` as a space.
pub fn in_query_value(octet: u8) -> bool {
    is_unreserved(octet) || b"!$'()*,:@/".contains(&octet)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn escapes_are_read_in_either_case_and_what_is_none_is_kept() {
        for (text, octets) in [
            ("a", &b"a"[..]),
            ("%61", b"a"),
            ("caf%c3%A9", b"caf\xc3\xa9"),
            ("%2", b"%2"),
            ("%", b"%"),
            ("%zz%41", b"%zzA"),
            ("%2541", b"%41"),
            ("", b""),
        ] {
            assert_eq!(*decode(text.as_bytes()), *octets, "{text}");
        }
    }

    #[test]
    fn octets_are_written_for_the_place_where_they_stand() {
        for (octets, in_a_path, in_a_query) in [
            (&b"a b"[..], "a%20b", "a%20b"),
            (b"a+b&c=d", "a+b&c=d", "a%2Bb%26c%3Dd"),
            (b"a/b", "a/b", "a/b"),
            (b"\x00?#%\xff", "%00%3F%23%25%FF", "%00%3F%23%25%FF"),
        ] {
            let encoded = |allowed| {
                let mut text = Vec::new();
                encode(octets, allowed, &mut text);
                String::from_utf8(text).unwrap()
            };
            assert_eq!(encoded(in_path), in_a_path);
            assert_eq!(encoded(in_query_value), in_a_query);
        }
    }
}
