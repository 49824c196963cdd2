//! Verifies JSON Web Tokens (RFC 7519), and decides by their claims.
//!
//! [`verify`] says whether a token is one of a [`Provider`]'s and holds now; [`Requirement::authorise`]
//! says whether what a request brought is enough, and if not, why. [`JwtAuthz`] is the filter of its own
//! around both: it finds the requirement by path and method, takes tokens out of requests, and hands
//! claims on as header fields and filter state.
//!
//! Keys are in the configuration, or [`AuthorisationRoot`] fetches them. A request whose token is by a key
//! that has not come yet waits for it.
//!
//! Time and randomness are arguments. Signatures of RSA (PKCS #1 v1.5) and on the curves of NIST are
//! checked by the host; RSA-PSS, Ed25519 and HMAC here, since no host offers them.

mod algorithm;
mod authorisation;
mod base64url;
mod cache;
mod config;
mod denial;
mod filter;
mod forwarding;
mod header_value;
mod inspection;
mod json;
mod key;
mod key_report;
mod key_wait;
mod keys;
mod metrics;
mod output;
mod pem;
mod provider;
mod public_key_info;
mod remote;
mod requirement;
mod root;
mod rules;
mod source;
mod target_path;
mod token;
mod token_claims;
mod verify;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod vectors;

pub use algorithm::Algorithm;
pub use authorisation::{Authorisation, Verdict};
pub use config::{
    AccessConfig, ArrayForm, CACHED_TOKENS, ClaimHeaderConfig, Config, Encoding, FetchConfig,
    KeysConfig, MatchConfig, ProviderConfig, RemoteConfig, RequirementConfig, RuleConfig,
    SecretConfig, SourceConfig,
};
pub use denial::Denial;
pub use filter::{JwtAuthz, JwtExchange};
pub use header_value::{check_claim_field, is_same_name};
pub use inspection::{Inspection, RequirementTold, TokenSeen, inspect};
pub use key::{Key, KeyError};
pub use key_wait::KeyWait;
pub use keys::{KeyFault, Keys};
pub use provider::{Provider, Providers};
pub use requirement::{Accepted, Denied, Requirement};
pub use root::AuthorisationRoot;
pub use token::{MOST_TOKEN_BYTES, Token};
pub use token_claims::{ClaimRules, TokenClaims};
pub use verify::verify;
