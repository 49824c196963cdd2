//! Claims on their way from the filter that verified them to those behind it.

use serde_json::Value;

use crate::Claims;

/// The name under which filters and the access log find the claims of accepted tokens, there as
/// `%FILTER_STATE(wasm.headgate.claims:PLAIN)%`: an object by provider, `{"corp":{"sub":"ada"}}`.
pub const FILTER_STATE: &str = "headgate.claims";

/// Claims by provider, as they are set.
pub fn to_filter_state<'c>(claims: impl Iterator<Item = (&'c str, &'c Claims)>) -> String {
    let entry =
        |(provider, claims): (&str, &Claims)| (provider.to_owned(), Value::Object(claims.clone()));
    Value::Object(claims.map(entry).collect()).to_string()
}

/// What was set: the claims of each provider's token, in the order of the providers' names. What cannot
/// be read says nothing.
pub fn from_filter_state(state: &[u8]) -> Vec<Claims> {
    let by_provider: serde_json::Map<String, Value> =
        serde_json::from_slice(state).unwrap_or_default();
    let claims = by_provider.into_iter().filter_map(|(_, said)| match said {
        Value::Object(claims) => Some(claims),
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
        let (ada, bob) = (json!({ "sub": "ada" }), json!({ "sub": "bob", "n": [1] }));
        let claims = [("b", &ada), ("a", &bob)];
        let claims = claims.map(|(name, said)| (name, said.as_object().unwrap()));
        let state = to_filter_state(claims.into_iter());
        assert_eq!(state, r#"{"a":{"n":[1],"sub":"bob"},"b":{"sub":"ada"}}"#);
        let read = from_filter_state(state.as_bytes());
        assert_eq!(read, [claims[1].1.clone(), claims[0].1.clone()]);
        for state in ["", "{", "[]", "null", r#"{"a":1}"#, "\u{feff}{}"] {
            assert!(from_filter_state(state.as_bytes()).is_empty(), "{state}");
        }
        assert!(from_filter_state(b"\xff").is_empty());
    }
}
