//! How a document writes keys.

use std::fmt;

use jwt_authz::{Algorithm, FetchConfig, SecretConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::is_default;
use crate::scalars::{FileName, Url};

/// What signatures of a provider are checked with.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub enum ProviderKeys {
    /// They are fetched.
    Remote(RemoteKeys),
    /// They are in a file: a JWK Set, a JWK, or PEM.
    File(FileName),
    /// A secret that the issuer shares with the gateway.
    Secret(SharedSecret),
}

/// Where keys are fetched, and when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RemoteKeys {
    /// A JWK Set; where the issuer says that its keys are, if it is not given.
    pub url: Option<Url>,
    /// The file of the authorities that the server's certificate must come from; those of the system, if
    /// it is not given.
    pub ca: Option<FileName>,
    /// When.
    pub fetch: FetchConfig,
}

/// A secret for HMAC. Exactly one of `file`, `text` and `base64url` is given.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SharedSecret {
    /// `HS256`, `HS384` or `HS512`.
    pub algorithm: Algorithm,
    /// The file that it is in. One line end at the end of a text is not of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FileName>,
    /// The secret as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The secret in base64url without padding, as `k` of a JWK.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64url: Option<String>,
    /// The secret's name, if tokens say one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
}

impl SharedSecret {
    /// The same for the filter, where the secret stands in the document.
    pub(crate) fn to_config(&self) -> SecretConfig {
        SecretConfig {
            algorithm: self.algorithm,
            text: self.text.clone(),
            base64url: self.base64url.clone(),
            kid: self.kid.clone(),
        }
    }
}

impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The secret is nobody's to read.
        f.debug_struct("SharedSecret")
            .field("algorithm", &self.algorithm)
            .field("file", &self.file)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

/// Keys as the document writes them.
#[derive(Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProviderKeysFields")]
struct Fields {
    /// Where the JWK Set (RFC 7517 section 5) is fetched: `https://id.example.com/keys`. Without `url`,
    /// `file` and `secret` the issuer says where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<Url>,
    /// When it is fetched.
    #[serde(default, skip_serializing_if = "is_default")]
    fetch: FetchConfig,
    /// The file of the authorities that the certificate of the server there must come from, PEM; those of
    /// the system, if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ca: Option<FileName>,
    /// The file of the keys, beside the document: a JWK Set, one JWK, or public keys in PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<FileName>,
    /// A secret that the issuer shares with the gateway, instead of keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret: Option<SharedSecret>,
}

/// Why the fields of keys do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderKeysError {
    /// In two places.
    #[error(
        "expected one of \"url\", \"file\" and \"secret\", found several; make a provider for each"
    )]
    Several,
    /// What is not fetched is fetched at no time and from nobody.
    #[error(
        "\"fetch\" and \"ca\" are for keys that are fetched, found one with {0:?}; leave it out"
    )]
    NotFetched(&'static str),
}

impl TryFrom<Fields> for ProviderKeys {
    type Error = ProviderKeysError;

    fn try_from(fields: Fields) -> Result<Self, ProviderKeysError> {
        let is_fetched = fields.fetch != FetchConfig::default() || fields.ca.is_some();
        match (fields.url, fields.file, fields.secret) {
            (_, Some(_), None) if is_fetched => Err(ProviderKeysError::NotFetched("file")),
            (_, None, Some(_)) if is_fetched => Err(ProviderKeysError::NotFetched("secret")),
            (None, Some(file), None) => Ok(Self::File(file)),
            (None, None, Some(secret)) => Ok(Self::Secret(secret)),
            (url, None, None) => Ok(Self::Remote(RemoteKeys {
                url,
                ca: fields.ca,
                fetch: fields.fetch,
            })),
            _ => Err(ProviderKeysError::Several),
        }
    }
}

impl From<ProviderKeys> for Fields {
    fn from(keys: ProviderKeys) -> Self {
        let nothing = Self::default();
        match keys {
            ProviderKeys::Remote(RemoteKeys { url, ca, fetch }) => Self {
                url,
                ca,
                fetch,
                ..nothing
            },
            ProviderKeys::File(file) => Self {
                file: Some(file),
                ..nothing
            },
            ProviderKeys::Secret(secret) => Self {
                secret: Some(secret),
                ..nothing
            },
        }
    }
}
