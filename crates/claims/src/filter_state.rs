//! Claims on their way from the filter that verified them to those behind it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{Claims, Said};

/// The name under which filters and the access log find the claims of accepted tokens, there as
/// `%FILTER_STATE(wasm.headgate.claims:PLAIN)%`: an object by provider, `{"corp":{"sub":"ada"}}`.
pub const FILTER_STATE: &str = "headgate.claims";

/// Claims by provider, as they are set.
pub fn to_filter_state(said: &[Said<'_>]) -> String {
    let claims = said.iter().map(|said| (said.provider, said.claims));
    let claims: BTreeMap<&str, &Claims> = claims.collect();
    serde_json::to_string(&claims).unwrap_or_default()
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
    use serde_json::json;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn what_is_set_is_read_again_and_all_else_says_nothing() {
        let (ada, bob) = (json!({ "sub": "ada" }), json!({ "n": [1] }));
        let said = [("b", &ada), ("a", &bob)].map(|(provider, claims)| Said {
            provider,
            claims: claims.as_object().unwrap(),
        });
        let state = to_filter_state(&said);
        assert_eq!(state, r#"{"a":{"n":[1]},"b":{"sub":"ada"}}"#);
        let read = from_filter_state(state.as_bytes());
        let read: Vec<_> = read.iter().collect();
        let expected = [
            ("a".to_owned(), said[1].claims),
            ("b".to_owned(), said[0].claims),
        ];
        assert_eq!(
            read,
            expected.each_ref().map(|(name, claims)| (name, *claims))
        );
        for state in ["", "{", "[]", "null", r#"{"a":1}"#, "\u{feff}{}"] {
            assert!(from_filter_state(state.as_bytes()).is_empty(), "{state}");
        }
        assert!(from_filter_state(b"\xff").is_empty());
    }
}
