//! Files of keys: a JWK Set, one JWK or public keys in PEM, told apart by what is in them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt_authz::{Key, KeyError, KeysConfig, SecretConfig};
use serde_json::{Value, json};

use crate::document::SharedSecret;

/// The greatest file of keys, in bytes: what is fetched may be as great.
pub const MOST_KEY_BYTES: usize = 1024 * 1024;

/// What is in a file of keys.
#[derive(Debug)]
pub(crate) struct KeyFile {
    /// The keys that can be used.
    pub(crate) keys: KeysConfig,
    /// The others: which, and why not.
    pub(crate) left_out: Vec<(usize, KeyError)>,
}

/// Why a file holds no keys.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyFileError {
    /// Larger than anybody's keys.
    #[error("expected at most {MOST_KEY_BYTES} bytes")]
    TooLarge,
    /// Nothing that is known here.
    #[error(
        "expected a JWK Set such as {{\"keys\": […]}}, one JWK, or public keys in PEM, found none of them"
    )]
    Unknown,
    /// JSON, and yet none.
    #[error("expected JSON, found a mistake at line {} column {}", .0.line(), .0.column())]
    Json(serde_json::Error),
    /// A key that nobody may have but its owner, which would be rendered with the others.
    #[error("key {index}: {error}")]
    Key {
        /// Its place in the set.
        index: usize,
        /// What it is.
        error: KeyError,
    },
    /// A set without a key that can be used.
    #[error("expected at least one key for signatures, found none; key {index}: {error}")]
    NoKey {
        /// The place of the first.
        index: usize,
        /// Why it cannot be used.
        error: KeyError,
    },
    /// A set of nothing.
    #[error("expected at least one key, found none")]
    Empty,
}

impl KeyFile {
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, KeyFileError> {
        if bytes.len() > MOST_KEY_BYTES {
            return Err(KeyFileError::TooLarge);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| KeyFileError::Unknown)?;
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.contains("-----BEGIN ") {
            return Ok(Self::whole(KeysConfig {
                pem: Some(text.to_owned()),
                ..KeysConfig::default()
            }));
        }
        if !text.starts_with('{') {
            return Err(KeyFileError::Unknown);
        }
        let value: Value = serde_json::from_str(text).map_err(KeyFileError::Json)?;
        match value.get("keys").and_then(Value::as_array) {
            Some(keys) => Self::of_set(keys),
            None if value.get("kty").is_some() => Ok(Self::whole(KeysConfig {
                jwk: Some(value),
                ..KeysConfig::default()
            })),
            None => Err(KeyFileError::Unknown),
        }
    }

    fn whole(keys: KeysConfig) -> Self {
        Self {
            keys,
            left_out: Vec::new(),
        }
    }

    /// What cannot be used stays here: a set may hold keys for encryption, and of kinds yet to come.
    fn of_set(keys: &[Value]) -> Result<Self, KeyFileError> {
        let (mut good, mut left_out) = (Vec::new(), Vec::new());
        for (index, jwk) in keys.iter().enumerate() {
            match Key::from_jwk(jwk) {
                Ok(_) => good.push(jwk.clone()),
                Err(error @ (KeyError::Private | KeyError::Secret)) => {
                    return Err(KeyFileError::Key { index, error });
                }
                Err(error) => left_out.push((index, error)),
            }
        }
        if good.is_empty() {
            return Err(match left_out.into_iter().next() {
                Some((index, error)) => KeyFileError::NoKey { index, error },
                None => KeyFileError::Empty,
            });
        }
        Ok(Self {
            keys: KeysConfig {
                jwks: Some(json!({ "keys": good })),
                ..KeysConfig::default()
            },
            left_out,
        })
    }
}

/// A shared secret for the filter, with what is in its file, if it is in one.
pub(crate) fn secret(secret: &SharedSecret, file: Option<&[u8]>) -> KeysConfig {
    let mut config = secret.to_config();
    if let Some(bytes) = file {
        // Editors end a text with a line end; of anything else it could be a part.
        let is_text = std::str::from_utf8(bytes).is_ok();
        let line = bytes.strip_suffix(b"\n").filter(|_| is_text);
        let line = line.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        config = SecretConfig {
            base64url: Some(URL_SAFE_NO_PAD.encode(line.unwrap_or(bytes))),
            ..config
        };
    }
    KeysConfig {
        secret: Some(config),
        ..KeysConfig::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: &str) -> Value {
        match kind {
            "good" => json!({
                "kty": "OKP", "crv": "Ed25519", "kid": "a",
                "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            }),
            "private" => json!({
                "kty": "OKP", "crv": "Ed25519", "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
                "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            }),
            "secret" => json!({ "kty": "oct", "k": "AAAA" }),
            _ => json!({ "kty": "OKP", "crv": "X25519", "x": "AAAA" }),
        }
    }

    fn read(text: &Value) -> Result<KeyFile, String> {
        KeyFile::read(text.to_string().as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_file_is_told_by_what_is_in_it() {
        let set = read(&json!({ "keys": [key("other"), key("good")] })).unwrap();
        assert_eq!(set.keys.jwks, Some(json!({ "keys": [key("good")] })));
        assert_eq!(set.left_out.len(), 1);
        assert_eq!(read(&key("good")).unwrap().keys.jwk, Some(key("good")));
        let pem = "\n-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
        let keys = KeyFile::read(pem.as_bytes()).unwrap().keys;
        assert_eq!(keys.pem.as_deref(), Some(pem.trim()));
    }

    #[test]
    fn what_must_not_be_rendered_or_cannot_be_used_is_refused() {
        for (text, problem) in [
            (
                json!({ "keys": [key("good"), key("private")] }),
                "key 1: must be a public key, found a private one",
            ),
            (
                json!({ "keys": [key("secret")] }),
                "key 0: must be a public key, found a secret",
            ),
            (
                json!({ "keys": [key("other")] }),
                "expected at least one key for signatures, found none; key 0:",
            ),
            (
                json!({ "keys": [] }),
                "expected at least one key, found none",
            ),
            (json!({ "issuer": "x" }), "expected a JWK Set"),
            (json!([]), "expected a JWK Set"),
        ] {
            let found = read(&text).unwrap_err();
            assert!(found.starts_with(problem), "{found}");
        }
        let large = vec![b' '; MOST_KEY_BYTES + 1];
        assert!(matches!(KeyFile::read(&large), Err(KeyFileError::TooLarge)));
        assert!(matches!(KeyFile::read(b"{"), Err(KeyFileError::Json(_))));
        assert!(matches!(KeyFile::read(b"\xff"), Err(KeyFileError::Unknown)));
    }

    #[test]
    fn a_secret_is_what_is_in_its_file_but_for_the_line_end() {
        let written = serde_json::from_value(json!({ "algorithm": "HS256", "file": "robot.key" }));
        let written: SharedSecret = written.unwrap();
        for (bytes, secret_bytes) in [
            (&b"abc\n"[..], &b"abc"[..]),
            (b"abc\r\n", b"abc"),
            (b"abc\n\n", b"abc\n"),
            (b"abc", b"abc"),
            (b"\xff\n", b"\xff\n"),
        ] {
            let config = secret(&written, Some(bytes)).secret.unwrap();
            assert_eq!(config.base64url, Some(URL_SAFE_NO_PAD.encode(secret_bytes)));
        }
    }
}
