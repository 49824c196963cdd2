//! What each kind of request may ask the host for. A hostcall costs from 0.1 µs (one that brings nothing
//! back) to 3.5 (all header fields, the first that is asked for), so one more is a decision: whoever
//! makes it changes this table.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]

use filter_api::{Filter, parse_config};
use filter_testing::{Case, FakeProxy};
use jwt_authz::JwtAuthz;
use serde_json::{Value, json};

/// A kind of request, where its token is looked for, and its hostcalls.
struct Budget {
    about: &'static str,
    path: &'static str,
    headers: &'static [&'static str],
    hostcalls: &'static str,
}

/// In a header field, `TOKEN` stands for a good token. Good tokens are told to the host once a second.
const BUDGETS: [Budget; 8] = [
    Budget {
        about: "a token that is known",
        path: "/plain",
        headers: &["authorization: Bearer TOKEN"],
        hostcalls: "get_current_time_nanoseconds 1, get_header_map_pairs 1, \
                    remove_header_map_value 1",
    },
    Budget {
        about: "a token that is known, two claims for the upstream and all for the access log",
        path: "/told",
        headers: &["authorization: Bearer TOKEN"],
        hostcalls: "get_current_time_nanoseconds 1, get_header_map_pairs 1, \
                    remove_header_map_value 1, replace_header_map_value 2, set_property 1",
    },
    Budget {
        about: "the same, and the client says one of them itself",
        path: "/told",
        headers: &["authorization: Bearer TOKEN", "x-user: eve"],
        hostcalls: "get_current_time_nanoseconds 1, get_header_map_pairs 1, \
                    remove_header_map_value 2, replace_header_map_value 2, set_property 1",
    },
    Budget {
        about: "a token that is known, in the query",
        path: "/query?token=TOKEN",
        headers: &[],
        hostcalls: "get_current_time_nanoseconds 1, get_header_map_pairs 1, get_header_map_value 2, \
                    replace_header_map_value 1",
    },
    Budget {
        about: "a token that is known, of the second of two providers with one key: the first refuses it anew",
        path: "/any",
        headers: &["authorization: Bearer TOKEN"],
        hostcalls: "call_foreign_function 1, get_current_time_nanoseconds 1, get_header_map_pairs 1, \
                    remove_header_map_value 1",
    },
    Budget {
        about: "no token, where one is needed",
        path: "/plain",
        headers: &[],
        hostcalls: "get_current_time_nanoseconds 1, get_header_map_pairs 1, increment_metric 1, \
                    send_local_response 1",
    },
    Budget {
        about: "no token, where none is needed",
        path: "/open",
        headers: &[],
        hostcalls: "get_current_time_nanoseconds 1, get_header_map_pairs 1",
    },
    Budget {
        about: "a forged token",
        path: "/plain",
        headers: &["authorization: Bearer FORGED"],
        hostcalls: "call_foreign_function 1, get_current_time_nanoseconds 1, get_header_map_pairs 1, \
                    increment_metric 1, send_local_response 1",
    },
];

fn vector() -> Value {
    let vectors = include_str!("vectors/algorithms.json");
    let vectors: Vec<Value> = serde_json::from_str(vectors).unwrap();
    assert_eq!(vectors[0]["name"], "RS256");
    vectors[0].clone()
}

/// The hostcalls of such a request, when it is not the first.
fn hostcalls(vector: &Value, budget: &Budget) -> String {
    let keys = &vector["keys"];
    let headers = json!([
        { "name": "x-user", "claim": "sub" },
        { "name": "x-until", "claim": "exp" },
    ]);
    let rule =
        |path: &str, require: Value| json!({ "match": { "path": path }, "require": require });
    let config = json!({
        "providers": {
            "plain": { "keys": keys },
            "other": { "keys": keys, "audiences": ["somebody"] },
            "told": { "keys": keys, "headers": if budget.path == "/told" { headers } else { json!([]) } },
            "query": { "keys": keys, "from": [{ "query": "token" }] },
        },
        "rules": [
            rule("/plain", json!({ "provider": "plain" })),
            rule("/told", json!({ "provider": "told" })),
            rule("/query", json!({ "provider": "query" })),
            rule("/any", json!({ "any": [{ "provider": "other" }, { "provider": "plain" }] })),
            rule("/open", json!("none")),
        ],
        "filter_state": budget.path == "/told",
    });
    let config = parse_config(config.to_string().as_bytes());
    let mut proxy = FakeProxy::new(config.and_then(JwtAuthz::compile).unwrap());
    let token = vector["token"].as_str().unwrap();
    let forged = format!("{}AAAA", &token[..token.len() - 4]);
    let filled = |text: &str| text.replace("TOKEN", token).replace("FORGED", &forged);
    let headers: Vec<String> = budget.headers.iter().map(|field| filled(field)).collect();
    let request = json!({ "path": filled(budget.path), "headers": headers });
    let case: Case = serde_json::from_value(json!({ "request": request, "expect": {} })).unwrap();
    proxy.hostcalls_of_second(&case)
}

#[test]
fn no_request_asks_the_host_for_more_than_its_budget() {
    let vector = vector();
    for budget in BUDGETS {
        let made = hostcalls(&vector, &budget);
        assert_eq!(made, budget.hostcalls, "{}", budget.about);
    }
}
