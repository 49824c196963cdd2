//! The configuration as it travels in JSON.

mod keys;
mod provider;
mod requirement;

use std::collections::BTreeMap;

use filter_api::Holding;
use serde::{Deserialize, Serialize};

pub use keys::{FetchConfig, KeysConfig, RemoteConfig, SecretConfig};
pub use provider::{ArrayForm, ClaimHeaderConfig, Encoding, ProviderConfig, SourceConfig};
pub use requirement::{AccessConfig, RequirementConfig};

/// The configuration of the single-filter module.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Who issues tokens, by name.
    pub providers: BTreeMap<String, ProviderConfig>,
    /// What is required of which requests; the first that matches a request decides. What none matches
    /// is refused.
    pub rules: Vec<RuleConfig>,
    /// Sets the claims of accepted tokens as filter state, `wasm.headgate.claims`: an object by
    /// provider. The access log has it as `%FILTER_STATE(wasm.headgate.claims:PLAIN)%`.
    #[serde(default)]
    pub filter_state: bool,
    /// How many verified tokens each worker remembers; 0 means none.
    #[serde(default = "remembered")]
    pub cached_tokens: u16,
    /// Lets CORS preflights pass without a token, on paths for which there is a rule: for upstreams that
    /// answer them themselves. Envoy's filter `cors` in front of this one answers those that it allows.
    #[serde(default)]
    pub pass_preflights: bool,
    /// What the Envoy around this module was told about held requests.
    #[serde(default)]
    pub holding: Holding,
}

/// What is required of some requests.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RuleConfig {
    /// Which requests.
    #[serde(rename = "match")]
    pub matches: MatchConfig,
    /// What their tokens must be.
    pub require: RequirementConfig,
}

/// Conditions on a request. Exactly one of `path` and `prefix` is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MatchConfig {
    /// The whole path, without query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The beginning of a path, whole segments: `/api` matches `/api` and `/api/pets`, not `/apis`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Methods, as they are written in a request. None means any method.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
}

/// How many verified tokens each worker remembers, where nobody says it.
pub const CACHED_TOKENS: u16 = 1024;

const fn remembered() -> u16 {
    CACHED_TOKENS
}
