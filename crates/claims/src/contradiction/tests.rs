#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use serde_json::{Value, json};

use super::*;
use crate::PredicateConfig;

/// The claim of which these demand what cannot be.
fn contradiction(predicates: Value) -> Option<String> {
    let configs: Vec<PredicateConfig> = serde_json::from_value(predicates).unwrap();
    let all = Predicate::compile_all(&configs, "").unwrap();
    Predicate::contradiction(&[&all]).map(ToString::to_string)
}

#[test]
fn what_no_claims_can_meet_is_found() {
    for predicates in [
        json!([{ "claim": "a", "equals": 1 }, { "claim": "a", "equals": 2 }]),
        json!([{ "claim": "a", "equals": 1, "in": [2, 3] }]),
        json!([{ "claim": "a", "in": [] }]),
        json!([{ "claim": "a", "at_least": 3, "at_most": 2 }]),
        json!([{ "claim": "a", "at_least": 3 }, { "claim": "a", "at_most": 2.5 }]),
        json!([{ "claim": "a", "exists": false, "equals": 1 }]),
        json!([{ "claim": "a", "exists": false }, { "claim": "a", "matches": "x" }]),
        json!([{ "claim": "a", "equals": "x", "at_least": 1 }]),
        json!([{ "claim": "a", "equals": "x", "matches": "y" }]),
        json!([{ "claim": "a", "matches": "x", "at_most": 1 }]),
        json!([{ "claim": "a", "contains": 1, "matches": "x" }]),
        json!([{ "claim": "a", "contains": "x", "at_least": 1 }]),
        json!([{ "claim": "a", "equals": 1 }, { "not": { "claim": "a", "equals": 1 } }]),
        json!([{ "claim": "a", "exists": true }, { "not": { "claim": "a", "exists": true } }]),
        json!([{ "not": { "any": [{ "claim": "a", "exists": true }, { "claim": "a", "exists": false }] } }]),
        json!([{ "any": [{ "claim": "a", "in": [] }, { "claim": "a", "equals": 1, "at_least": 2 }] }]),
        json!([
            { "any": [{ "claim": "a", "equals": 1 }, { "claim": "a", "equals": 2 }] },
            { "claim": "a", "at_least": 3 },
        ]),
    ] {
        assert_eq!(
            contradiction(predicates.clone()).as_deref(),
            Some("a"),
            "{predicates}"
        );
    }
}

#[test]
fn what_some_claims_meet_is_not() {
    for predicates in [
        json!([]),
        json!([{ "claim": "a", "equals": 1 }, { "claim": "b", "equals": 2 }]),
        json!([{ "claim": "a", "equals": 1 }, { "claim": "a", "equals": 1.0 }]),
        json!([{ "claim": "a", "equals": 1, "in": [2, 1] }]),
        json!([{ "claim": "a", "at_least": 2, "at_most": 2 }]),
        json!([{ "claim": "a", "exists": false }]),
        json!([{ "claim": "a", "contains": "x" }, { "claim": "a", "contains": "y" }]),
        json!([{ "claim": "a", "contains": "x", "matches": "x y" }]),
        json!([{ "not": { "claim": "a", "in": [] } }]),
        json!([{ "claim": "a", "equals": 1 }, { "not": { "claim": "a", "equals": 2 } }]),
        json!([{ "any": [{ "claim": "a", "in": [] }, { "claim": "a", "equals": 1 }] }]),
        json!([
            { "claim": "a", "exists": false },
            { "not": { "claim": "a", "equals": 1 } },
        ]),
    ] {
        assert_eq!(contradiction(predicates.clone()), None, "{predicates}");
    }
}

#[test]
fn several_predicates_are_held_against_each_other() {
    let compile = |predicate: Value| {
        let config: PredicateConfig = serde_json::from_value(predicate).unwrap();
        Predicate::compile_all(&[config], "").unwrap()
    };
    let (one, other) = (
        compile(json!({ "claim": ["https://x.org/role"], "equals": "a" })),
        compile(json!({ "claim": ["https://x.org/role"], "equals": "b" })),
    );
    assert!(Predicate::contradiction(&[&one]).is_none());
    let found = Predicate::contradiction(&[&one, &other]).map(ToString::to_string);
    assert_eq!(found.as_deref(), Some("[\"https://x.org/role\"]"));
}

#[test]
fn of_too_many_ways_nothing_is_said() {
    let any = json!({ "any": [{ "claim": "a", "equals": 1 }, { "claim": "a", "equals": 2 }] });
    let mut predicates = vec![any; 10];
    predicates.push(json!({ "claim": "a", "equals": 3 }));
    assert_eq!(contradiction(predicates.into()), None);
}
