use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::testing::claims;

fn written(more: Value, claim: &Value) -> Option<String> {
    let mut config = json!({ "name": "x-claim", "claim": "c" });
    for (name, value) in more.as_object().unwrap() {
        config[name] = value.clone();
    }
    let header = ClaimHeader::compile(&serde_json::from_value(config).unwrap()).unwrap();
    header.value(&claims(&json!({ "c": claim })))
}

#[test]
fn a_claim_is_written_so_that_it_can_be_read_in_one_way() {
    let (plain, as_json, encoded) = (
        json!({}),
        json!({ "array": "json" }),
        json!({ "encoding": "base64url" }),
    );
    for (form, claim, expected) in [
        (&plain, json!("ada"), Some("ada")),
        (&plain, json!("Zoë"), Some("Zoë")),
        (&plain, json!(7), Some("7")),
        (&plain, json!(true), Some("true")),
        (&plain, json!(null), None),
        (
            &plain,
            json!({ "b": 1, "a": [2] }),
            Some(r#"{"a":[2],"b":1}"#),
        ),
        (&plain, json!(["a", 1, false]), Some("a,1,false")),
        (&plain, json!([]), Some("")),
        (&plain, json!(["a,b", "c"]), None),
        (&plain, json!(["a", ["b"]]), None),
        (&plain, json!("a\r\nx-admin: 1"), None),
        (&plain, json!("a\u{0}"), None),
        (&plain, json!(" a"), None),
        (
            &as_json,
            json!(["a,b", { "c": 1 }]),
            Some(r#"["a,b",{"c":1}]"#),
        ),
        (&as_json, json!("ada"), Some("ada")),
        (&as_json, json!(["a\nb"]), Some(r#"["a\nb"]"#)),
        (&encoded, json!("a\r\nb"), Some("YQ0KYg")),
        (&encoded, json!(["a", "b"]), Some("YSxi")),
    ] {
        assert_eq!(
            written(form.clone(), &claim).as_deref(),
            expected,
            "{form} {claim}"
        );
    }
}

#[test]
fn a_field_is_wrong_in_some_ways() {
    for (config, message) in [
        (
            json!({ "name": "X-A", "claim": "a" }),
            "name: must be a header field in lower case, found \"X-A\"",
        ),
        (
            json!({ "name": ":path", "claim": "a" }),
            "name: must be a header field in lower case, found \":path\"",
        ),
        (
            json!({ "name": "host", "claim": "a" }),
            "name: must not be \"host\", which HTTP, Envoy or the gateway itself writes; write another, such as \"x-user\"",
        ),
        (
            json!({ "name": "x-headgate-function", "claim": "a" }),
            "name: must not be \"x-headgate-function\", which HTTP, Envoy or the gateway itself writes; write another, such as \"x-user\"",
        ),
        (
            json!({ "name": "x_a", "claim": "a" }),
            "name: must not hold \"_\", which many servers take for \"-\", found \"x_a\"",
        ),
        (
            json!({ "name": "x-a", "claim": [] }),
            "claim: must name a claim, as \"sub\" or \"realm_access.roles\"",
        ),
    ] {
        let config = serde_json::from_value(config).unwrap();
        assert_eq!(
            ClaimHeader::compile(&config).unwrap_err().to_string(),
            message
        );
    }
}
