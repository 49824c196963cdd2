//! Public keys, as cosign writes them.

use std::path::{Path, PathBuf};

use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};

/// What comes before the point in the DER of a `SubjectPublicKeyInfo` of ECDSA on P-256: the
/// algorithm (RFC 5480 §2.1.1) and the head of the bit string.
const P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// An uncompressed point of P-256.
const POINT: usize = 65;

/// A key to verify with.
#[derive(Debug, Clone)]
pub struct PublicKey(Vec<u8>);

/// A file without such a key.
#[derive(Debug, thiserror::Error)]
pub enum NoPublicKey {
    /// Not to be read.
    #[error("cannot read the key {}: {error}", path.display())]
    Unreadable {
        path: PathBuf,
        error: std::io::Error,
    },
    /// No key in PEM.
    #[error(
        "{} holds no public key in PEM (-----BEGIN PUBLIC KEY-----); `cosign generate-key-pair` writes one, \
         cosign.pub",
        .0.display()
    )]
    Missing(PathBuf),
    /// A key of another kind.
    #[error("{} is a key of another kind than ECDSA on P-256, which cosign makes", .0.display())]
    OtherKind(PathBuf),
}

impl PublicKey {
    /// From a file.
    ///
    /// # Errors
    /// When there is no such key in it.
    pub fn read(path: &Path) -> Result<Self, NoPublicKey> {
        let bytes = std::fs::read(path).map_err(|error| NoPublicKey::Unreadable {
            path: path.to_owned(),
            error,
        })?;
        let keys = pem::parse_many(&bytes).unwrap_or_default();
        let key = keys
            .iter()
            .find(|key| key.tag() == "PUBLIC KEY")
            .ok_or_else(|| NoPublicKey::Missing(path.to_owned()))?;
        let point = key.contents().strip_prefix(&P256);
        match point {
            Some(point) if point.len() == POINT => Ok(Self(point.to_owned())),
            _ => Err(NoPublicKey::OtherKind(path.to_owned())),
        }
    }

    /// By its point.
    pub fn of_point(point: &[u8]) -> Self {
        Self(point.to_owned())
    }

    /// Whether it has signed this: ECDSA over the SHA-256 of `message`, in ASN.1.
    pub fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.0)
            .verify(message, signature)
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let error = PublicKey::read(file.path()).unwrap_err().to_string();
        error.replace(&file.path().display().to_string(), "a.pub")
    }

    #[test]
    fn what_is_wrong_with_a_key_is_told() {
        assert_eq!(
            problem("no key"),
            "a.pub holds no public key in PEM (-----BEGIN PUBLIC KEY-----); `cosign generate-key-pair` writes one, \
             cosign.pub"
        );
        let ed25519 = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n\
                       -----END PUBLIC KEY-----\n";
        assert_eq!(
            problem(ed25519),
            "a.pub is a key of another kind than ECDSA on P-256, which cosign makes"
        );
    }
}
