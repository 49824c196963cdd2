//! Private keys to sign with: cosign's, encrypted with a password, and bare ones in PKCS #8.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use crypto_secretbox::aead::{Aead, KeyInit};
use crypto_secretbox::{Key, Nonce, XSalsa20Poly1305};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use serde::Deserialize;

use super::public_key::PublicKey;

/// Where cosign takes the password of a key from.
const PASSWORD: &str = "COSIGN_PASSWORD";

/// What cosign calls its keys, now and before.
const ENCRYPTED: [&str; 2] = [
    "ENCRYPTED SIGSTORE PRIVATE KEY",
    "ENCRYPTED COSIGN PRIVATE KEY",
];

/// The parameters that cosign has encrypted keys with. Others would let a file choose how much memory
/// and time it takes.
const SCRYPT_LOG_N: [u8; 2] = [15, 16];
const SCRYPT_R: u32 = 8;
const SCRYPT_P: u32 = 1;

/// A key to sign with: ECDSA on P-256.
pub struct SigningKey(EcdsaKeyPair);

/// A file without such a key.
#[derive(Debug, thiserror::Error)]
pub enum NoSigningKey {
    /// Not to be read.
    #[error("cannot read the key {}: {error}", path.display())]
    Unreadable {
        path: PathBuf,
        error: std::io::Error,
    },
    /// No private key in PEM.
    #[error(
        "{} holds no private key; `cosign generate-key-pair` writes one, cosign.key, and so does `openssl \
         genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`",
        .0.display()
    )]
    Missing(PathBuf),
    /// In the older form.
    #[error(
        "{path} is in the form of SEC 1; bring it into PKCS #8 with `openssl pkcs8 -topk8 -nocrypt -in {path}`"
    )]
    Sec1 { path: String },
    /// No password for it.
    #[error("{} is encrypted; give its password in the environment variable {PASSWORD}", .0.display())]
    NoPassword(PathBuf),
    /// Another password.
    #[error("{} cannot be decrypted: the password in {PASSWORD} is not its own", .0.display())]
    WrongPassword(PathBuf),
    /// Not as cosign encrypts.
    #[error("{} is not encrypted as cosign does it: {problem}", path.display())]
    OtherEncryption { path: PathBuf, problem: String },
    /// A key of another kind.
    #[error("{} is a key of another kind than ECDSA on P-256, which cosign makes", .0.display())]
    OtherKind(PathBuf),
}

/// What is within the PEM of an encrypted key (go-securesystemslib's `encrypted`).
#[derive(Deserialize)]
struct Encrypted {
    kdf: Kdf,
    cipher: Cipher,
    ciphertext: String,
}

#[derive(Deserialize)]
struct Kdf {
    name: String,
    params: Params,
    salt: String,
}

#[derive(Deserialize)]
struct Params {
    #[serde(rename = "N")]
    n: u64,
    r: u32,
    p: u32,
}

#[derive(Deserialize)]
struct Cipher {
    name: String,
    nonce: String,
}

impl SigningKey {
    /// From a file, with the password in the environment if it is encrypted.
    ///
    /// # Errors
    /// When there is no such key in it.
    pub fn read(path: &Path) -> Result<Self, NoSigningKey> {
        let password = std::env::var(PASSWORD).ok();
        Self::read_with(path, password.as_deref())
    }

    /// The same with this password.
    pub fn read_with(path: &Path, password: Option<&str>) -> Result<Self, NoSigningKey> {
        let place = || path.to_owned();
        let bytes = std::fs::read(path).map_err(|error| NoSigningKey::Unreadable {
            path: place(),
            error,
        })?;
        let keys = pem::parse_many(&bytes).unwrap_or_default();
        let key = keys
            .iter()
            .find(|key| key.tag().ends_with("PRIVATE KEY"))
            .ok_or_else(|| NoSigningKey::Missing(place()))?;
        let pkcs8 = match key.tag() {
            "PRIVATE KEY" => key.contents().to_owned(),
            "EC PRIVATE KEY" => {
                return Err(NoSigningKey::Sec1 {
                    path: path.display().to_string(),
                });
            }
            tag if ENCRYPTED.contains(&tag) => {
                let password = password.ok_or_else(|| NoSigningKey::NoPassword(place()))?;
                decrypted(key.contents(), password)
                    .map_err(|problem| NoSigningKey::OtherEncryption {
                        path: place(),
                        problem,
                    })?
                    .ok_or_else(|| NoSigningKey::WrongPassword(place()))?
            }
            _ => return Err(NoSigningKey::Missing(place())),
        };
        let random = SystemRandom::new();
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &pkcs8, &random)
            .map(Self)
            .map_err(|_| NoSigningKey::OtherKind(place()))
    }

    /// Signs the SHA-256 of a message; in ASN.1.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn sign(&self, message: &[u8]) -> anyhow::Result<Vec<u8>> {
        let signature = self.0.sign(&SystemRandom::new(), message);
        let signature = signature.map_err(|_| anyhow::anyhow!("the system has no randomness"))?;
        Ok(signature.as_ref().to_owned())
    }

    /// The other half.
    pub fn public(&self) -> PublicKey {
        PublicKey::of_point(self.0.public_key().as_ref())
    }
}

/// The key in PKCS #8; none if the password is another.
fn decrypted(contents: &[u8], password: &str) -> Result<Option<Vec<u8>>, String> {
    let encrypted: Encrypted =
        serde_json::from_slice(contents).map_err(|error| error.to_string())?;
    let Encrypted {
        kdf,
        cipher,
        ciphertext,
    } = encrypted;
    if (kdf.name.as_str(), cipher.name.as_str()) != ("scrypt", "nacl/secretbox") {
        return Err(format!("it names {} and {}", kdf.name, cipher.name));
    }
    let Params { n, r, p } = kdf.params;
    let log_n = SCRYPT_LOG_N.into_iter().find(|log_n| n == 1 << log_n);
    let (Some(log_n), SCRYPT_R, SCRYPT_P) = (log_n, r, p) else {
        return Err(format!("its scrypt has N {n}, r {r} and p {p}"));
    };
    let base64 = |text: &str| {
        BASE64_STANDARD
            .decode(text)
            .map_err(|error| error.to_string())
    };
    let (salt, nonce, ciphertext) = (
        base64(&kdf.salt)?,
        base64(&cipher.nonce)?,
        base64(&ciphertext)?,
    );
    let nonce: [u8; 24] = nonce
        .try_into()
        .map_err(|_| "its nonce has not 24 bytes".to_owned())?;
    let mut key = Key::default();
    scrypt::Params::new(log_n, r, p, key.len())
        .map_err(|error| error.to_string())
        .and_then(|parameters| {
            scrypt::scrypt(password.as_bytes(), &salt, &parameters, &mut key)
                .map_err(|error| error.to_string())
        })?;
    let opened = XSalsa20Poly1305::new(&key).decrypt(&Nonce::from(nonce), ciphertext.as_slice());
    Ok(opened.ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const COSIGNS: &str = "src/image/fixtures/cosign.key";

    fn problem(text: &str, password: Option<&str>) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let error = SigningKey::read_with(file.path(), password).err().unwrap();
        let path = file.path().display().to_string();
        error.to_string().replace(&path, "a.key")
    }

    #[test]
    fn what_is_wrong_with_a_key_is_told() {
        let cosigns = std::fs::read_to_string(COSIGNS).unwrap();
        assert_eq!(
            problem(&cosigns, None),
            "a.key is encrypted; give its password in the environment variable COSIGN_PASSWORD"
        );
        assert_eq!(
            problem(&cosigns, Some("other")),
            "a.key cannot be decrypted: the password in COSIGN_PASSWORD is not its own"
        );
        assert_eq!(
            problem("no key", None),
            "a.key holds no private key; `cosign generate-key-pair` writes one, cosign.key, and so does `openssl \
             genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`"
        );
        let pem = |tag: &str, contents: &[u8]| pem::encode(&pem::Pem::new(tag, contents));
        assert_eq!(
            problem(&pem("EC PRIVATE KEY", b"sec1"), None),
            "a.key is in the form of SEC 1; bring it into PKCS #8 with `openssl pkcs8 -topk8 -nocrypt -in a.key`"
        );
        assert_eq!(
            problem(&pem("PRIVATE KEY", b"no such key"), None),
            "a.key is a key of another kind than ECDSA on P-256, which cosign makes"
        );
    }

    /// It would take as much memory as it likes.
    #[test]
    fn a_key_does_not_choose_what_it_costs() {
        let encrypted =
            br#"{"kdf":{"name":"scrypt","params":{"N":1073741824,"r":8,"p":1},"salt":""},
            "cipher":{"name":"nacl/secretbox","nonce":""},"ciphertext":""}"#;
        let pem = pem::encode(&pem::Pem::new(ENCRYPTED[0], encrypted.as_slice()));
        assert_eq!(
            problem(&pem, Some("any")),
            "a.key is not encrypted as cosign does it: its scrypt has N 1073741824, r 8 and p 1"
        );
    }
}
