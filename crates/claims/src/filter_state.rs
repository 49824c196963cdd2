//! Claims on their way from the filter that verified them to those behind it.

use std::collections::BTreeMap;

use filter_api::{FilterState, HostError};
use serde_json::Value;

use crate::Claims;

/// The name under which filters and the access log find the claims of accepted tokens, there as
/// `%FILTER_STATE(wasm.headgate.claims:PLAIN)%`: an object by provider, `{"corp":{"sub":"ada"}}`.
pub const FILTER_STATE: &str = "headgate.claims";

/// Claims by provider, as they are set. `said` are names, in which nothing has to be escaped, and claims as
/// JSON, which whoever verified a token wrote once.
pub fn to_filter_state(said: &[(&str, &str)]) -> String {
    let entries = said
        .iter()
        .map(|(provider, claims)| format!("\"{provider}\":{claims}"));
    format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
}

/// What a request's tokens say, by provider, as a filter in front has left it.
///
/// # Errors
/// When the host refuses.
pub fn of_request<H: FilterState + ?Sized>(
    host: &mut H,
) -> Result<BTreeMap<String, Claims>, HostError> {
    let state = host.filter_state(FILTER_STATE)?;
    Ok(from_filter_state(&state.unwrap_or_default()))
}

/// What was set: claims by provider. What cannot be read says nothing.
pub fn from_filter_state(state: &[u8]) -> BTreeMap<String, Claims> {
    let by_provider: BTreeMap<String, Value> = serde_json::from_slice(state).unwrap_or_default();
    let claims = by_provider
        .into_iter()
        .filter_map(|(provider, said)| match said {
            Value::Object(claims) => Some((provider, claims)),
            _ => None,
        });
    claims.collect()
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn what_is_set_is_read_again_and_all_else_says_nothing() {
        let (ada, bob) = (r#"{"sub":"ada"}"#, r#"{"n":[1]}"#);
        let state = to_filter_state(&[("b", ada), ("a", bob)]);
        assert_eq!(state, r#"{"b":{"sub":"ada"},"a":{"n":[1]}}"#);
        let read = from_filter_state(state.as_bytes());
        let read: Vec<(&str, String)> = read
            .iter()
            .map(|(provider, claims)| {
                (provider.as_str(), Value::Object(claims.clone()).to_string())
            })
            .collect();
        assert_eq!(read, [("a", bob.to_owned()), ("b", ada.to_owned())]);
        for state in ["", "{", "[]", "null", r#"{"a":1}"#, "\u{feff}{}"] {
            assert!(from_filter_state(state.as_bytes()).is_empty(), "{state}");
        }
        assert!(from_filter_state(b"\xff").is_empty());
    }
}
