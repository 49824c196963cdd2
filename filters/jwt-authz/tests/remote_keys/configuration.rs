//! What is wrong in a configuration is named.

use filter_api::{Filter, parse_config};
use jwt_authz::JwtAuthz;
use serde_json::{Value, json};

use crate::rig::{Pair, config};

fn refusal(config: &Value) -> String {
    let config = parse_config(config.to_string().as_bytes());
    config.and_then(JwtAuthz::compile).unwrap_err().to_string()
}

#[test]
fn faults_have_their_place_and_their_repair() {
    let place = "providers.corp.keys.remote";
    for (field, value, problem) in [
        (
            "cluster",
            json!(""),
            "cluster: must name the cluster of Envoy that is asked",
        ),
        (
            "url",
            json!("id.example.com/keys"),
            "url: must be an http or https URL with a host, without user and fragment, such as \
             https://id.example.com/keys, found \"id.example.com/keys\"",
        ),
        (
            "fetch",
            json!({ "min_refresh": "2h" }),
            "fetch.min_refresh: must not be longer than max_refresh, 1h, found 2h",
        ),
        (
            "fetch",
            json!({ "timeout": "2m" }),
            "fetch.timeout: must not be longer than 1m, found 2m",
        ),
        (
            "fetch",
            json!({ "timeout": "0s" }),
            "fetch.timeout: must be longer than 0s",
        ),
        (
            "fetch",
            json!({ "cooldown": "0s" }),
            "fetch.cooldown: must be longer than 0s",
        ),
        (
            "fetch",
            json!({ "min_refresh": "0s" }),
            "fetch.min_refresh: must be longer than 0s",
        ),
    ] {
        let mut config = config(&json!({}));
        config["providers"]["corp"]["keys"]["remote"][field] = value;
        assert_eq!(refusal(&config), format!("{place}.{problem}"));
    }
}

#[test]
fn keys_are_in_one_place() {
    let mut config = config(&json!({}));
    config["providers"]["corp"]["keys"]["jwk"] = Pair::new("a", 1).jwk();
    let problem = "providers.corp.keys: must have exactly one of \"jwks\", \"jwk\", \"pem\", \"secret\" and \
                   \"remote\"";
    assert_eq!(refusal(&config), problem);
}
