//! What the parts of a request may be made of (RFC 9110).

/// Whether it is a token, such as a method and the name of a field are (RFC 9110 section 5.6.2).
pub fn is_token(text: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !text.is_empty() && text.iter().all(allowed)
}

/// The name of a field in lower case (RFC 9110 section 5.1).
pub(crate) fn is_field_name(text: &[u8]) -> bool {
    is_token(text) && !text.iter().any(u8::is_ascii_uppercase)
}

/// The value of a field (RFC 9110 section 5.5): no control characters, no space at its ends.
pub(crate) fn is_field_value(text: &[u8]) -> bool {
    let allowed = |&byte: &u8| byte == b'\t' || !byte.is_ascii_control();
    text.iter().all(allowed) && text.trim_ascii().len() == text.len()
}
