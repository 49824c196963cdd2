//! Tokens and providers for tests.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use rsa::sha2::Sha256;
use serde_json::{Value, json};

use crate::base64url;
use crate::config::ProviderConfig;
use crate::json::parse_object;
use crate::provider::Provider;
use crate::token_claims::TokenClaims;

/// What [`signed`] signs with.
pub(crate) const SECRET: &str = "a secret that nobody but both of us may know";

/// When tests take place.
pub(crate) const NOW: Duration = Duration::from_secs(1_000_000);

/// A token with this header and this payload, as they are written here, and a signature by [`SECRET`]
/// with HS256, whatever the header says.
pub(crate) fn signed(header: &str, payload: &str) -> String {
    let parts = [header, payload].map(|part| base64url::encode(part.as_bytes()));
    let text = parts.join(".");
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    format!("{text}.{}", base64url::encode(&mac.finalize().into_bytes()))
}

/// A token that says this.
pub(crate) fn token(claims: &Value) -> String {
    signed(r#"{"alg":"HS256"}"#, &claims.to_string())
}

/// The provider of [`token`], with these fields too.
pub(crate) fn provider(more: Value) -> Provider {
    let mut config = json!({
        "keys": { "secret": { "algorithm": "HS256", "text": SECRET } },
        "leeway": "0s",
        "require_expiration": false,
    });
    for (name, value) in more.as_object().unwrap() {
        config[name] = value.clone();
    }
    let config: ProviderConfig = serde_json::from_value(config).unwrap();
    Provider::compile("corp", &config).unwrap()
}

/// These claims.
pub(crate) fn claims(claims: &Value) -> TokenClaims {
    TokenClaims::new(parse_object(claims.to_string().as_bytes()).unwrap()).unwrap()
}
