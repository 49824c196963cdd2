//! Functions that Envoy has beside those of the ABI. They take and return protobuf.

use filter_api::{Hash, HostError, Signed};

use crate::abi;

/// Envoy's `verify_signature` (`source/extensions/common/wasm/ext/verify_signature.proto`): fields
/// `hash_function = 1`, `public_key = 2`, `signature = 3` and `text = 4`; in the result `result = 1` and
/// `error = 2`.
pub(crate) fn verify_signature(signed: &Signed<'_>) -> Result<bool, HostError> {
    let hash = match signed.hash {
        Hash::Sha256 => "sha256",
        Hash::Sha384 => "sha384",
        Hash::Sha512 => "sha512",
    };
    let fields = [
        (1, hash.as_bytes()),
        (2, signed.public_key),
        (3, signed.signature),
        (4, signed.text),
    ];
    // The number and the length before each field take eleven bytes at most.
    let size = fields.iter().map(|(_, bytes)| bytes.len() + 11).sum();
    let mut arguments = Vec::with_capacity(size);
    for (number, bytes) in fields {
        push_field(&mut arguments, number, bytes);
    }
    let result = abi::call_foreign(NAME, &arguments)?;
    // The host writes fields in the order of their numbers, and leaves out what is false or empty.
    if result.starts_with(&[1 << 3, 1]) {
        return Ok(true);
    }
    match contains(&result, UNREADABLE_KEY) {
        true => Err(HostError::Refused {
            call: NAME,
            status: abi::BAD_ARGUMENT,
        }),
        false => Ok(false),
    }
}

const NAME: &str = "verify_signature";

/// How Envoy 1.40 tells of a key that it cannot read, in the field `error = 2` beside a `result` that is
/// false. Later ones refuse the call with the status for a bad argument.
const UNREADABLE_KEY: &[u8] = b"Failed to initialize digest verify";

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// A field of bytes (wire type 2): its number, the length as a varint, the bytes.
fn push_field(message: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    message.push(number << 3 | 2);
    let mut length = bytes.len();
    while length >= 0x80 {
        message.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    message.push(length as u8);
    message.extend_from_slice(bytes);
}
