//! What may stand in header fields.

/// Whether this is the name of a header field in lower case, and none that Envoy lives by.
pub(crate) fn is_name(name: &str) -> bool {
    let is_of_name = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.!#$&'*+^`|~".contains(&byte)
    };
    !name.is_empty() && name.bytes().all(is_of_name) && name != "host"
}

/// Whether a value can stand in a header field: nothing that ends a line or that logs cannot show, and
/// no space at an end, where it would be lost.
pub(crate) fn is_writable(value: &str) -> bool {
    !value.bytes().any(|byte| byte < 0x20 || byte == 0x7f) && value.trim() == value
}

/// Names that servers take for one: `x_user` is `x-user` to all that pass fields on in variables of the
/// environment (RFC 3875 section 4.1.18).
pub(crate) fn is_same_name(one: &[u8], other: &[u8]) -> bool {
    let alike = |byte: u8| match byte {
        b'_' => b'-',
        byte => byte.to_ascii_lowercase(),
    };
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| alike(*a) == alike(*b))
}
