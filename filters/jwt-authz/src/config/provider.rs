//! Who issues tokens: what claims must say, where tokens are, what becomes of them.

use claims::ClaimConfig;
use filter_api::Duration;
use serde::{Deserialize, Serialize};

use super::keys::KeysConfig;
use crate::Algorithm;

/// Who issues tokens. `Keys` is how keys are written, which differs between the document and here.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ProviderConfig<Keys = KeysConfig> {
    /// What `iss` must be. None means that any will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Of which `aud` must name one at least. None means that `aud` is not looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// What signatures are checked with.
    pub keys: Keys,
    /// Which algorithms are taken, among those that fit the keys. None means all that fit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub algorithms: Vec<Algorithm>,
    /// By how much clocks may differ, for `exp`, `nbf` and `iat`.
    #[serde(default = "leeway", skip_serializing_if = "is_usual_leeway")]
    pub leeway: Duration,
    /// Whether `exp` must be there.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
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
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forward: bool,
    /// Header fields that tell the upstream of claims. A client's own are removed from every request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<ClaimHeaderConfig>,
}

impl<Keys> ProviderConfig<Keys> {
    /// The same provider with its keys written otherwise.
    pub fn with_keys<Other>(&self, keys: Other) -> ProviderConfig<Other> {
        ProviderConfig {
            keys,
            issuer: self.issuer.clone(),
            audiences: self.audiences.clone(),
            algorithms: self.algorithms.clone(),
            leeway: self.leeway,
            require_expiration: self.require_expiration,
            max_lifetime: self.max_lifetime,
            types: self.types.clone(),
            required_claims: self.required_claims.clone(),
            from: self.from.clone(),
            forward: self.forward,
            headers: self.headers.clone(),
        }
    }
}

/// A place in a request. Exactly one of `header`, `cookie` and `query` is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

/// A header field for a claim.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ClaimHeaderConfig {
    /// The header field, in lower case.
    pub name: String,
    /// Which claim.
    pub claim: ClaimConfig,
    /// How an array is written.
    #[serde(default)]
    pub array: ArrayForm,
    /// How the value is written.
    #[serde(default)]
    pub encoding: Encoding,
}

/// How an array is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

fn is_usual_leeway(time: &Duration) -> bool {
    *time == leeway()
}

const fn yes() -> bool {
    true
}
