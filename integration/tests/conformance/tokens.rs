//! Tokens that say what a case's claims are, and the filter in front that finds it out.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use integration::bootstrap::wasm_filter;
use integration::module;
use ring::hmac;
use serde_json::{Value, json};

const MODULE: &str = "jwt-authz";

const SECRET: &str = "a secret that nobody but both of us may know";

/// The field that a provider's tokens are in.
pub fn field(provider: &str) -> String {
    format!("x-token-{provider}")
}

/// Lets every request pass, and those behind it know what its tokens say.
pub fn filter(providers: &BTreeSet<String>) -> Value {
    let configs = providers.iter().map(|name| {
        let config = json!({
            "keys": { "secret": { "algorithm": "HS256", "text": SECRET } },
            "from": [{ "header": field(name) }],
            "require_expiration": false,
        });
        (name.clone(), config)
    });
    let configs: serde_json::Map<String, Value> = configs.collect();
    let each = providers
        .iter()
        .map(|name| json!({ "optional": { "provider": name } }));
    let config = json!({
        "providers": configs,
        "rules": [{ "match": { "prefix": "/" }, "require": { "all": each.collect::<Vec<_>>() } }],
        "filter_state": true,
    });
    wasm_filter(MODULE, &module(MODULE), &config, json!({}))
}

/// A token with these claims (RFC 7519), signed with HS256.
pub fn token(claims: &Value) -> String {
    let encoded = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!(
        "{}.{}",
        encoded(&json!({ "alg": "HS256" })),
        encoded(claims)
    );
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let signature = hmac::sign(&key, signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}
