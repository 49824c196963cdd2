//! Who issues tokens: keys, what claims must say, where tokens are, what becomes of them.

use filter_api::Duration;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Algorithm;

/// Who issues tokens.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderConfig {
    /// What `iss` must be. None means that any will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Of which `aud` must name one at least. None means that `aud` is not looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// What signatures are checked with.
    pub keys: KeysConfig,
    /// Which algorithms are taken, among those that fit the keys. None means all that fit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub algorithms: Vec<Algorithm>,
    /// By how much clocks may differ, for `exp`, `nbf` and `iat`.
    #[serde(default = "leeway")]
    pub leeway: Duration,
    /// Whether `exp` must be there.
    #[serde(default = "yes")]
    pub require_expiration: bool,
    /// The longest time from `iat` to `exp`, both of which must then be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_lifetime: Option<Duration>,
    /// Of which the header parameter `typ` must be one, as `at+jwt`. None means that it is not looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    /// Claims that must be there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required_claims: Vec<String>,
    /// Where tokens are, the first place first. None means `authorization: Bearer`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<SourceConfig>,
    /// Whether the upstream gets the token too.
    #[serde(default)]
    pub forward: bool,
    /// Header fields that tell the upstream of claims. A client's own are removed from every request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<ClaimHeaderConfig>,
}

/// Keys, in exactly one form.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
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
}

/// A shared secret for HMAC. Exactly one of `text` and `base64url` is given.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
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

/// A place in a request. Exactly one of `header`, `cookie` and `query` is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// A header field, in lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// What stands before the token in the header field, as `Bearer`; its case does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// A cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cookie: Option<String>,
    /// A query parameter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
}

/// A header field for a claim. Exactly one of `claim` and `path` is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimHeaderConfig {
    /// The header field, in lower case.
    pub name: String,
    /// The claim, `realm_access.roles` for one within another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<String>,
    /// The claim by the names on the way to it, where these hold dots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Vec<String>>,
    /// How an array is written.
    #[serde(default)]
    pub array: ArrayForm,
    /// How the value is written.
    #[serde(default)]
    pub encoding: Encoding,
}

/// How an array is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ArrayForm {
    /// `a,b`; elements with a comma of their own, or that are no text, number or boolean, cannot be.
    #[default]
    Joined,
    /// `["a","b"]`.
    Json,
}

/// How a value is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// As it is; with control characters it cannot be.
    #[default]
    Plain,
    /// In base64url without padding.
    Base64url,
}

const fn leeway() -> Duration {
    Duration::from_secs(60)
}

const fn yes() -> bool {
    true
}
