//! What tokens say, and what may be asked of it.
//!
//! Claims are the members of a token's payload (RFC 7519 section 4). A [`Selector`] names one of them,
//! however deep; a [`Predicate`] holds of them or does not. Authorisation and the choice between
//! functions ask by the same words.

mod config;
mod contradiction;
mod predicate;
mod selector;
mod text;
mod told;

pub use config::{ClaimConfig, PredicateConfig};
pub use predicate::{Predicate, Test};
pub use selector::Selector;
pub use text::text;
pub use told::PredicateTold;

/// What a token says.
pub type Claims = serde_json::Map<String, serde_json::Value>;
