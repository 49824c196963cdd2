use std::collections::BTreeMap;

use filter_api::Refusal;
use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::config::ProviderConfig;
use crate::testing::{SECRET, claims};

fn providers() -> Providers {
    let provider = json!({ "keys": { "secret": { "algorithm": "HS256", "text": SECRET } } });
    let provider: ProviderConfig = serde_json::from_value(provider).unwrap();
    let named = ["a", "b"].map(|name| (name.to_owned(), provider.clone()));
    Providers::compile(&BTreeMap::from(named)).unwrap()
}

fn compiled(requirement: &Value) -> Result<Requirement, String> {
    let config = serde_json::from_value(requirement.clone()).unwrap();
    Requirement::compile(&config, &providers()).map_err(|error| error.to_string())
}

/// Who is accepted, or why nobody is.
fn decide(requirement: &Value, a: &Value, b: &Value) -> Result<Vec<usize>, &'static str> {
    let found = [a, b].map(|found| match found.as_str() {
        Some("missing") => Err(Denial::TokenMissing),
        Some("forged") => Err(Denial::SignatureInvalid),
        Some(_) => Err(Denial::TokenExpired),
        None => Ok(Rc::new(claims(found))),
    });
    let requirement = compiled(requirement).unwrap();
    let accepted = requirement.authorise(&mut |provider| found[provider].clone());
    accepted
        .map(|accepted| accepted.iter().map(|one| one.provider).collect())
        .map_err(|denied| denied.denial.label())
}

#[test]
fn requirements_are_met_or_say_why_not() {
    let of = |provider: &str| json!({ "provider": provider });
    let (a, b) = (of("a"), of("b"));
    let any = json!({ "any": [a, b] });
    let all = json!({ "all": [a, b] });
    let optional = json!({ "optional": any });
    let scoped = json!({ "provider": "a", "scopes": ["read", "write"] });
    let admin = json!({ "provider": "a", "claims": [{ "claim": "role", "equals": "admin" }] });
    let either = json!({ "any": [admin, scoped] });
    let (missing, forged, expired, good) = (
        json!("missing"),
        json!("forged"),
        json!("expired"),
        json!({}),
    );
    for (requirement, a, b, decided) in [
        (&json!("none"), &forged, &forged, Ok(vec![])),
        (&a, &good, &forged, Ok(vec![0])),
        (&a, &missing, &good, Err("token_missing")),
        (&any, &missing, &good, Ok(vec![1])),
        (&any, &forged, &good, Ok(vec![1])),
        (&any, &good, &good, Ok(vec![0])),
        (&any, &missing, &missing, Err("token_missing")),
        (&any, &missing, &forged, Err("signature_invalid")),
        (&any, &expired, &forged, Err("token_expired")),
        (&all, &good, &good, Ok(vec![0, 1])),
        (&all, &good, &missing, Err("token_missing")),
        (&all, &missing, &forged, Err("signature_invalid")),
        (&optional, &missing, &missing, Ok(vec![])),
        (&optional, &missing, &good, Ok(vec![1])),
        (&optional, &missing, &expired, Err("token_expired")),
        (
            &scoped,
            &json!({ "scope": "write read admin" }),
            &missing,
            Ok(vec![0]),
        ),
        (
            &scoped,
            &json!({ "scope": ["read", "write"] }),
            &missing,
            Ok(vec![0]),
        ),
        (
            &scoped,
            &json!({ "scp": ["read"], "scope": "write" }),
            &missing,
            Ok(vec![0]),
        ),
        (
            &scoped,
            &json!({ "scope": "read writer" }),
            &missing,
            Err("insufficient_scope"),
        ),
        (&scoped, &good, &missing, Err("insufficient_scope")),
        (&admin, &json!({ "role": "admin" }), &missing, Ok(vec![0])),
        (
            &admin,
            &json!({ "role": ["admin"] }),
            &missing,
            Err("claim_mismatch"),
        ),
        (&either, &json!({ "role": "admin" }), &missing, Ok(vec![0])),
        (
            &either,
            &json!({ "scope": "read write" }),
            &missing,
            Ok(vec![0]),
        ),
        (
            &either,
            &json!({ "scope": "read" }),
            &missing,
            Err("insufficient_scope"),
        ),
        (
            &json!({ "all": [of("a"), of("a")] }),
            &good,
            &missing,
            Ok(vec![0]),
        ),
    ] {
        assert_eq!(decide(requirement, a, b), decided, "{requirement} {a} {b}");
    }
}

#[test]
fn a_requirement_is_wrong_in_many_ways() {
    let mut deep = json!("none");
    for _ in 0..8 {
        deep = json!({ "optional": deep });
    }
    for (requirement, message) in [
        (json!({ "any": [] }), "any: must not be empty"),
        (
            json!({ "all": ["none", { "provider": "c" }] }),
            "all[1].provider: must name a provider, found \"c\"; there are a, b",
        ),
        (
            json!({ "provider": "a", "scopes": ["read", "a\"b"] }),
            "scopes[1]: must be one scope of printable ASCII without spaces and quotes, found \
             \"a\"b\"",
        ),
    ] {
        assert_eq!(compiled(&requirement).unwrap_err(), message);
    }
    let message = compiled(&deep).unwrap_err();
    assert!(
        message.ends_with("optional: must not be within 8 others"),
        "{message}"
    );
}

#[test]
fn a_challenge_says_what_to_bring() {
    for (denial, challenge) in [
        (Denial::TokenMissing, Some("Bearer realm=\"gateway\"")),
        (
            Denial::TokenExpired,
            Some(
                "Bearer realm=\"gateway\", error=\"invalid_token\", \
                 error_description=\"The access token has expired.\"",
            ),
        ),
        (
            Denial::InsufficientScope {
                scopes: "a b".into(),
            },
            Some(
                "Bearer realm=\"gateway\", error=\"insufficient_scope\", error_description=\"The access \
                 token does not have the scope for this.\", scope=\"a b\"",
            ),
        ),
        (
            Denial::TokenRepeated,
            Some(
                "Bearer realm=\"gateway\", error=\"invalid_request\", error_description=\"There is more \
                 than one access token.\"",
            ),
        ),
        (Denial::NoRule, None),
    ] {
        let headers = denial.headers();
        let header = headers.first().map(|(name, value)| (*name, value.as_str()));
        assert_eq!(
            header,
            challenge.map(|challenge| ("www-authenticate", challenge))
        );
    }
}
