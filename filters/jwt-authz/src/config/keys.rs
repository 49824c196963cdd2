//! What signatures are checked with.

use filter_api::Duration;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Algorithm;

/// Keys, in exactly one form.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct KeysConfig {
    /// A JWK Set (RFC 7517 section 5): an object with `keys`. What in it cannot be used is left out and
    /// logged, as long as something can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Value>,
    /// One JWK (RFC 7517 section 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwk: Option<Value>,
    /// Public keys in PEM, one or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pem: Option<String>,
    /// A secret that the issuer shares with this gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretConfig>,
    /// A JWK Set that is fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<RemoteConfig>,
}

impl KeysConfig {
    /// Keys of a server that nobody asks, for who looks at all else of a configuration.
    pub fn unasked(url: Option<String>, fetch: FetchConfig) -> Self {
        let nobody = || "https://keys.invalid/".to_owned(); // RFC 2606 section 2
        Self {
            remote: Some(RemoteConfig {
                cluster: "keys".to_owned(),
                url: url.unwrap_or_else(nobody),
                fetch,
            }),
            ..Self::default()
        }
    }
}

/// A shared secret for HMAC. Exactly one of `text` and `base64url` is given.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SecretConfig {
    /// `HS256`, `HS384` or `HS512`.
    pub algorithm: Algorithm,
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

impl std::fmt::Debug for SecretConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The secret is nobody's to read.
        f.debug_struct("SecretConfig")
            .field("algorithm", &self.algorithm)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

/// A JWK Set that is fetched, and fetched again.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RemoteConfig {
    /// The cluster of the Envoy around this module that is asked.
    pub cluster: String,
    /// Where the set is: `https://id.example.com/keys`.
    pub url: String,
    /// When it is fetched.
    #[serde(default)]
    pub fetch: FetchConfig,
}

/// When keys are fetched, and how long anybody waits for them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct FetchConfig {
    /// After this time keys are fetched again, where the answer's `cache-control` does not say when;
    /// `10m` if it is not given.
    pub refresh: Duration,
    /// No answer is taken to hold for less time; `30s` if it is not given.
    pub min_refresh: Duration,
    /// No answer is taken to hold for more time; `1h` if it is not given.
    pub max_refresh: Duration,
    /// After this time a fetch has failed; `5s` if it is not given.
    pub timeout: Duration,
    /// A token whose key is not known makes keys be fetched again; no more often than this; `10s` if it
    /// is not given.
    pub cooldown: Duration,
    /// So long a request waits for keys; then it is answered 503. `5s` if it is not given.
    pub wait: Duration,
}

impl Default for FetchConfig {
    fn default() -> Self {
        Self {
            refresh: Duration::from_secs(10 * 60),
            min_refresh: Duration::from_secs(30),
            max_refresh: Duration::from_secs(60 * 60),
            timeout: Duration::from_secs(5),
            cooldown: Duration::from_secs(10),
            wait: Duration::from_secs(5),
        }
    }
}
