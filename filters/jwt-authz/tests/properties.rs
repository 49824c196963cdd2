//! What holds of any token.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jwt_authz::{Denial, Provider, Token, TokenClaims, verify};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use rsa::sha2::Sha256;
use serde_json::{Value, json};
use software_signatures::SoftwareSignatures;

const SECRET: &str = "a secret that nobody but both of us may know";

fn provider() -> Provider {
    let config = json!({
        "keys": { "secret": { "algorithm": "HS256", "text": SECRET } },
        "require_expiration": false,
    });
    Provider::compile("corp", &serde_json::from_value(config).unwrap()).unwrap()
}

fn signed(header: &str, payload: &str) -> String {
    let text = [header, payload]
        .map(|part| URL_SAFE_NO_PAD.encode(part))
        .join(".");
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    format!("{text}.{signature}")
}

fn outcome(token: &[u8]) -> Result<TokenClaims, Denial> {
    verify(token, &provider(), Duration::ZERO, &mut SoftwareSignatures)
}

/// JSON that is not too deep.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        // Halves, which are read back as they were written to the last bit.
        any::<i32>().prop_map(|number| Value::from(f64::from(number) / 2.0)),
        ".*".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            btree_map(".*", inner, 0..6)
                .prop_map(|object| Value::Object(object.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn octets_are_a_token_or_not_and_nothing_panics(text in vec(any::<u8>(), 0..200)) {
        prop_assert!(outcome(&text).is_err());
    }

    #[test]
    fn what_looks_like_a_token_is_one_or_not(text in "[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,40}") {
        prop_assert!(outcome(text.as_bytes()).is_err());
    }

    #[test]
    fn a_signed_header_of_any_text_never_panics(header in ".*", payload in ".*") {
        let _ = outcome(signed(&header, &payload).as_bytes());
    }

    #[test]
    fn claims_are_what_was_signed(claims in btree_map("[a-z]{6}", json_value(), 0..8)) {
        let claims = Value::Object(claims.into_iter().collect());
        let verified = outcome(signed(r#"{"alg":"HS256"}"#, &claims.to_string()).as_bytes()).unwrap();
        prop_assert_eq!(Value::Object(verified.members().clone()), claims);
    }

    /// One token, one spelling: nobody makes a second of it, for instance to get around a list of
    /// revoked ones.
    #[test]
    fn a_token_that_is_changed_anywhere_is_another(at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let mut token = signed(r#"{"alg":"HS256"}"#, r#"{"sub":"ada"}"#).into_bytes();
        prop_assert!(outcome(&token).is_ok());
        let at = at.index(token.len());
        prop_assume!(token[at] != to);
        token[at] = to;
        prop_assert!(outcome(&token).is_err());
    }

    #[test]
    fn a_token_that_is_cut_or_lengthened_is_none(cut in any::<prop::sample::Index>(), more in "[A-Za-z0-9_.=-]{1,5}") {
        let token = signed(r#"{"alg":"HS256"}"#, r#"{"sub":"ada"}"#);
        prop_assert!(outcome(&token.as_bytes()[..cut.index(token.len())]).is_err());
        let longer = token + &more;
        prop_assert!(outcome(longer.as_bytes()).is_err());
    }

    #[test]
    fn what_is_parsed_says_what_was_written(kid in ".*", kind in ".*") {
        let header = json!({ "alg": "ES256", "kid": kid, "typ": kind }).to_string();
        let token = signed(&header, "{}");
        let parsed = Token::parse(token.as_bytes()).unwrap();
        prop_assert_eq!(parsed.kid, Some(kid));
        prop_assert_eq!(parsed.kind, Some(kind));
        prop_assert_eq!(parsed.signature.len(), 32);
        prop_assert_eq!(parsed.signed, token.rsplit_once('.').unwrap().0.as_bytes());
    }
}
