//! base64url as RFC 7515 section 2 has it: without padding, and in its only form.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The octets of a text; `None` for whatever is not the one way of writing them: padding, white space,
/// other alphabets, bits beyond the end.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Writes octets.
pub(crate) fn encode(octets: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn there_is_one_way_to_write_octets() {
        assert_eq!(decode(b"AA"), Some(vec![0]));
        assert_eq!(decode(b"-_8"), Some(vec![0xfb, 0xff]));
        assert_eq!(decode(b""), Some(Vec::new()));
        for text in [
            "AB", "AA==", "AA=", "+/8", "A", "A A", "AA\n", "AAAB\r\n", "A.A", "é",
        ] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
        }
        assert_eq!(encode(&[0xfb, 0xff]), "-_8");
    }
}
