//! What may stand in header fields.

/// Whether this is the name of a header field in lower case.
pub(crate) fn is_name(name: &str) -> bool {
    let is_of_name = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.!#$&'*+^`|~".contains(&byte)
    };
    !name.is_empty() && name.bytes().all(is_of_name)
}

/// What a claim cannot be told in: fields that say where a message goes and how it is read (RFC 9110
/// section 7.6.1, RFC 9112 section 6), and those by which gateways and upstreams know who asked.
const TAKEN: [&str; 19] = [
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-real-ip",
    "x-request-id",
];

/// How more of them begin.
const TAKEN_PREFIXES: [&str; 3] = ["x-envoy-", "x-forwarded-", "x-headgate-"];

/// Whether a claim can be told in a field of this name.
///
/// # Errors
/// Why not.
pub fn check_claim_field(name: &str) -> Result<(), String> {
    let mut prefixes = TAKEN_PREFIXES.iter();
    if !is_name(name) {
        return Err(format!(
            "must be a header field in lower case, found \"{name}\""
        ));
    }
    if name.contains('_') {
        return Err(format!(
            "must not hold \"_\", which many servers take for \"-\", found \"{name}\""
        ));
    }
    if TAKEN.contains(&name) || prefixes.any(|prefix| name.starts_with(prefix)) {
        return Err(format!(
            "must not be \"{name}\", which HTTP, Envoy or the gateway itself writes; write another, such as \"x-user\""
        ));
    }
    Ok(())
}

/// Whether a value can stand in a header field: nothing that ends a line or that logs cannot show, and
/// no space at an end, where it would be lost.
pub(crate) fn is_writable(value: &str) -> bool {
    !value.bytes().any(|byte| byte < 0x20 || byte == 0x7f) && value.trim() == value
}

/// Names that servers take for one: `x_user` is `x-user` to all that pass fields on in variables of the
/// environment (RFC 3875 section 4.1.18), and to some of them so is `x.user`.
pub fn is_same_name(one: &[u8], other: &[u8]) -> bool {
    let alike = |byte: u8| match byte.is_ascii_alphanumeric() {
        true => byte.to_ascii_lowercase(),
        false => b'-',
    };
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| alike(*a) == alike(*b))
}
