//! What tokens say, and what may be asked of it.
//!
//! Claims are the members of a token's payload (RFC 7519 section 4). A [`Selector`] names one of them,
//! however deep; a [`Predicate`] holds of them or does not. Authorisation and the choice between
//! functions ask by the same words.

mod config;
mod contradiction;
mod filter_state;
mod predicate;
mod said;
mod selector;
mod text;
mod told;

pub use config::{ClaimConfig, PredicateConfig};
pub use filter_state::{FILTER_STATE, from_filter_state, of_request, to_filter_state};
pub use predicate::{Predicate, Test};
pub use said::Said;
pub use selector::Selector;
pub use text::text;
pub use told::PredicateTold;

/// What a token says.
pub type Claims = serde_json::Map<String, serde_json::Value>;
