//! Names made of content.

use sha2::{Digest, Sha256};

/// The SHA-256 in hexadecimal digits: 64 of them.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// So many of its first digits, four bits each.
pub fn short(bytes: &[u8], digits: usize) -> String {
    sha256(bytes).chars().take(digits).collect()
}

/// Two digits a byte.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
