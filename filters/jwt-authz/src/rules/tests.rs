use filter_api::Refusal;
use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

fn rules(matches: &[Value]) -> Result<Rules, String> {
    let rule = |matches: &Value| json!({ "match": matches, "require": "none" });
    let configs: Vec<Value> = matches.iter().map(rule).collect();
    let configs: Vec<RuleConfig> = serde_json::from_value(configs.into()).unwrap();
    let providers = Providers::compile(&std::collections::BTreeMap::new()).unwrap();
    Rules::compile(&configs, &providers).map_err(|error| error.to_string())
}

#[test]
fn the_first_rule_that_matches_decides() {
    let rules = rules(&[
        json!({ "path": "/" }),
        json!({ "prefix": "/admin", "methods": ["GET", "HEAD"] }),
        json!({ "path": "/pets" }),
        json!({ "prefix": "/files/" }),
    ])
    .unwrap();
    for (method, target, expected) in [
        ("GET", "/", Ok(0)),
        ("GET", "/?a=/admin", Ok(0)),
        ("GET", "/admin", Ok(1)),
        ("HEAD", "/admin/", Ok(1)),
        ("GET", "/%61dmin/users", Ok(1)),
        ("GET", "/admin;v=1/users", Ok(1)),
        ("POST", "/admin", Err("no_rule")),
        ("GET", "/administrators", Err("no_rule")),
        ("GET", "/pets?x", Ok(2)),
        ("GET", "/pets/", Ok(2)),
        ("GET", "/files", Ok(3)),
        ("GET", "/files/a", Ok(3)),
        ("GET", "/pets/../admin", Err("path_not_normalised")),
        ("GET", "//admin", Err("path_not_normalised")),
        ("GET", "/files/%2e%2e/admin", Err("path_not_normalised")),
        ("OPTIONS", "*", Err("path_not_normalised")),
    ] {
        let found = rules.requirement(method.as_bytes(), target.as_bytes());
        let all: Vec<_> = rules
            .0
            .iter()
            .map(|rule| &raw const rule.requirement)
            .collect();
        let index = found.map(|found| {
            all.iter()
                .position(|one| std::ptr::eq(*one, found))
                .unwrap()
        });
        assert_eq!(
            index.map_err(|denial| denial.label()),
            expected,
            "{method} {target}"
        );
    }
}

#[test]
fn a_match_is_wrong_in_many_ways() {
    let path = |found: &str| {
        format!(
            "must be a path such as \"/pets\", without escapes, parameters and query, found \"{found}\""
        )
    };
    for (matches, message) in [
        (
            json!({}),
            "rules[0].match: must have exactly one of \"path\" and \"prefix\"".to_owned(),
        ),
        (
            json!({ "path": "/a", "prefix": "/" }),
            "rules[0].match: must have exactly one of \"path\" and \"prefix\"".to_owned(),
        ),
        (
            json!({ "path": "a" }),
            format!("rules[0].match.path: {}", path("a")),
        ),
        (
            json!({ "prefix": "/a/../b" }),
            format!("rules[0].match.prefix: {}", path("/a/../b")),
        ),
        (
            json!({ "path": "/a%20b" }),
            format!("rules[0].match.path: {}", path("/a%20b")),
        ),
        (
            json!({ "path": "/a?b" }),
            format!("rules[0].match.path: {}", path("/a?b")),
        ),
        (
            json!({ "path": "/a", "methods": ["get"] }),
            "rules[0].match.methods[0]: must be a method such as \"GET\", found \"get\"".to_owned(),
        ),
    ] {
        assert_eq!(rules(&[matches]).unwrap_err(), message);
    }
}
