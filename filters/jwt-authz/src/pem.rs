//! PEM (RFC 7468), as far as public keys go.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::key::KeyError;

/// What a block holds, and its octets.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Block {
    /// `PUBLIC KEY`: a `SubjectPublicKeyInfo`.
    PublicKey(Vec<u8>),
    /// `RSA PUBLIC KEY`: an `RSAPublicKey` (RFC 8017 appendix A.1.1).
    RsaPublicKey(Vec<u8>),
}

/// The blocks of a text, of which there is one at least. What is between them is not looked at.
pub(crate) fn blocks(text: &str) -> Result<Vec<Block>, KeyError> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("-----BEGIN ") {
        let (label, after) = after.split_once("-----").ok_or(KeyError::Pem)?;
        let end = format!("-----END {label}-----");
        let (body, after) = after.split_once(end.as_str()).ok_or(KeyError::Pem)?;
        rest = after;
        let body: String = body.split_ascii_whitespace().collect();
        let octets = || STANDARD.decode(&body).map_err(|_| KeyError::Pem);
        blocks.push(match label {
            "PUBLIC KEY" => Block::PublicKey(octets()?),
            "RSA PUBLIC KEY" => Block::RsaPublicKey(octets()?),
            "CERTIFICATE" => return Err(KeyError::Certificate),
            label if label.ends_with("PRIVATE KEY") => return Err(KeyError::Private),
            _ => return Err(KeyError::Pem),
        });
    }
    match blocks.is_empty() {
        true => Err(KeyError::Pem),
        false => Ok(blocks),
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn blocks_are_told_by_their_labels() {
        let text = "# ours\n-----BEGIN PUBLIC KEY-----\nAA\n==\n-----END PUBLIC KEY-----\n\
                    -----BEGIN RSA PUBLIC KEY-----\r\nAQ==\r\n-----END RSA PUBLIC KEY-----\r\n";
        let expected = [Block::PublicKey(vec![0]), Block::RsaPublicKey(vec![1])];
        assert_eq!(blocks(text).unwrap(), expected);
    }

    #[test]
    fn what_is_no_public_key_is_named() {
        for (text, error) in [
            ("", KeyError::Pem),
            ("AA==", KeyError::Pem),
            ("-----BEGIN PUBLIC KEY-----\nAA==\n", KeyError::Pem),
            (
                "-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----",
                KeyError::Pem,
            ),
            ("-----BEGIN X-----\n-----END X-----", KeyError::Pem),
            (
                "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
                KeyError::Certificate,
            ),
            (
                "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----",
                KeyError::Private,
            ),
            (
                "-----BEGIN EC PRIVATE KEY-----\n-----END EC PRIVATE KEY-----",
                KeyError::Private,
            ),
        ] {
            assert_eq!(blocks(text).unwrap_err(), error, "{text}");
        }
    }
}
