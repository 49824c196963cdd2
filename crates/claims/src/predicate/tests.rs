use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

fn claims(claims: &Value) -> Claims {
    claims.as_object().unwrap().clone()
}

fn compiled(predicate: &Value) -> Result<Predicate, String> {
    let config: PredicateConfig = serde_json::from_value(predicate.clone()).unwrap();
    Predicate::compile_all(&[config], "claims").map_err(|error| error.to_string())
}

#[test]
fn a_predicate_holds_or_does_not() {
    let said = claims(&json!({
        "sub": "ada", "n": 7, "half": 0.5, "yes": true, "none": null, "scope": "read write",
        "realm": { "roles": ["admin", 1, true] }, "https://example.com/roles": ["dev"], "": 1,
    }));
    for (predicate, holds) in [
        (json!({ "claim": "sub", "equals": "ada" }), true),
        (json!({ "claim": "sub", "equals": "Ada" }), false),
        (json!({ "claim": "n", "equals": 7.0 }), true),
        (json!({ "claim": "n", "equals": "7" }), false),
        (json!({ "claim": "yes", "equals": true }), true),
        (
            json!({ "claim": "realm.roles", "equals": ["admin", 1, true] }),
            true,
        ),
        (json!({ "claim": "realm.roles", "contains": "admin" }), true),
        (json!({ "claim": "realm.roles", "contains": "adm" }), false),
        (json!({ "claim": "realm.roles", "contains": 1 }), true),
        (
            json!({ "claim": "realm.roles.admin", "exists": true }),
            false,
        ),
        (json!({ "claim": "scope", "contains": "write" }), true),
        (json!({ "claim": "scope", "contains": "rit" }), false),
        (json!({ "claim": "n", "contains": 7 }), false),
        (
            json!({ "claim": ["https://example.com/roles"], "contains": "dev" }),
            true,
        ),
        (
            json!({ "claim": ["realm", "roles"], "contains": true }),
            true,
        ),
        (json!({ "claim": "sub", "in": ["bob", "ada"] }), true),
        (json!({ "claim": "sub", "in": [] }), false),
        (json!({ "claim": "sub", "matches": "a.a" }), true),
        (json!({ "claim": "sub", "matches": "a" }), false),
        (json!({ "claim": "n", "matches": "7" }), false),
        (json!({ "claim": "n", "at_least": 7 }), true),
        (json!({ "claim": "n", "at_least": 7.5 }), false),
        (
            json!({ "claim": "half", "at_least": 0, "at_most": 1 }),
            true,
        ),
        (
            json!({ "claim": "half", "at_least": 0, "at_most": 0.4 }),
            false,
        ),
        (json!({ "claim": "sub", "at_most": 1 }), false),
        (json!({ "claim": "sub", "exists": true }), true),
        (json!({ "claim": "sub", "exists": false }), false),
        (json!({ "claim": "nobody", "exists": false }), true),
        (json!({ "claim": "none", "exists": false }), true),
        (json!({ "claim": "nobody", "in": [null] }), false),
        (json!({ "claim": "nobody", "matches": ".*" }), false),
        (json!({ "not": { "claim": "sub", "equals": "eve" } }), true),
        (
            json!({ "not": { "claim": "nobody", "equals": "eve" } }),
            true,
        ),
        (
            json!({ "any": [{ "claim": "n", "equals": 1 }, { "claim": "sub", "equals": "ada" }] }),
            true,
        ),
        (
            json!({ "all": [{ "claim": "n", "equals": 1 }, { "claim": "sub", "equals": "ada" }] }),
            false,
        ),
    ] {
        assert_eq!(
            compiled(&predicate).unwrap().holds(&said),
            holds,
            "{predicate}"
        );
    }
}

#[test]
fn a_predicate_is_wrong_in_many_ways() {
    let mut deep = json!({ "claim": "a", "exists": true });
    for _ in 0..16 {
        deep = json!({ "not": deep });
    }
    let one_of =
        "claims[0]: must speak of a claim, or have exactly one of \"any\", \"all\" and \"not\"";
    for (predicate, message) in [
        (json!({}), one_of),
        (
            json!({ "any": [], "not": { "claim": "a", "exists": true } }),
            one_of,
        ),
        (json!({ "claim": "a", "equals": 1, "any": [] }), one_of),
        (json!({ "any": [] }), "claims[0].any: must not be empty"),
        (
            json!({ "equals": 1 }),
            "claims[0]: must name the \"claim\" that it is about",
        ),
        (
            json!({ "claim": "a" }),
            "claims[0]: must say something of the claim: \"equals\", \"in\", \"contains\", \"matches\", \
             \"exists\", \"at_least\" or \"at_most\"",
        ),
        (
            json!({ "all": [{ "claim": "a..b", "exists": true }] }),
            "claims[0].all[0].claim: must name a claim, as \"sub\" or \"realm_access.roles\"",
        ),
        (
            json!({ "not": { "claim": "https://example.com/banned", "equals": true } }),
            "claims[0].not.claim: must be a list if a name holds dots of its own, write \
             [\"https://example.com/banned\"]",
        ),
        (
            json!({ "claim": "a", "equals": null, "exists": true }),
            "claims[0].equals: must not be null, which counts as no claim at all; write exists: false",
        ),
        (
            json!({ "claim": [], "exists": true }),
            "claims[0].claim: must name a claim, as \"sub\" or \"realm_access.roles\"",
        ),
        (
            json!({ "not": { "claim": "a", "matches": "a)|(b" } }),
            "claims[0].not.matches: must be a regular expression that compiles to at most 256 KiB, found \
             \"a)|(b\"",
        ),
    ] {
        assert_eq!(compiled(&predicate).unwrap_err(), message, "{predicate}");
    }
    let message = compiled(&deep).unwrap_err();
    assert!(
        message.ends_with("not: must not be within 16 others"),
        "{message}"
    );
}
