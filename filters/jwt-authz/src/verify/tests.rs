use filter_api::Refusal;
use serde_json::{Value, json};
use software_signatures::SoftwareSignatures;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::base64url;
use crate::testing::{NOW, provider, signed, token};
use crate::token::MOST_TOKEN_BYTES;

fn outcome(provider: &Provider, token: &str) -> Result<TokenClaims, &'static str> {
    let verified = verify(token.as_bytes(), provider, NOW, &mut SoftwareSignatures);
    verified.map_err(|denial| denial.label())
}

/// What is wrong before anybody asks whose it is.
#[test]
fn hostile_tokens_are_refused_for_a_reason() {
    let provider = provider(json!({}));
    let good = token(&json!({ "sub": "ada" }));
    assert!(outcome(&provider, &good).is_ok());
    let parts: Vec<&str> = good.split('.').collect();
    let [header, payload, signature] = parts[..] else {
        panic!("{good}")
    };
    let with = |header: &str| signed(header, r#"{"sub":"ada"}"#);
    let encoded = |text: &str| base64url::encode(text.as_bytes());
    let deep = format!("{}1{}", "[".repeat(40), "]".repeat(40));
    for (what, token, label) in [
        ("nothing", String::new(), "token_malformed"),
        ("dots", "..".into(), "token_malformed"),
        (
            "two parts",
            format!("{header}.{payload}"),
            "token_malformed",
        ),
        (
            "five parts, as of JWE",
            format!("{header}.{payload}.{signature}.a.a"),
            "token_malformed",
        ),
        (
            "no payload",
            format!("{header}..{signature}"),
            "token_malformed",
        ),
        (
            "padding",
            format!("{header}.{payload}.{signature}="),
            "token_malformed",
        ),
        (
            "white space",
            format!("{header} .{payload}.{signature}"),
            "token_malformed",
        ),
        (
            "a line feed",
            format!("{header}.{payload}.{signature}\n"),
            "token_malformed",
        ),
        (
            "the other alphabet",
            format!("{header}.{payload}.+///"),
            "token_malformed",
        ),
        (
            "bits beyond the end",
            format!("{header}.{payload}.AB"),
            "token_malformed",
        ),
        (
            "a header that is none",
            format!("{}.{payload}.{signature}", encoded("[]")),
            "token_malformed",
        ),
        (
            "a header in latin-1",
            format!(
                "{}.{payload}.{signature}",
                base64url::encode(b"{\"alg\":\"\xe9\"}")
            ),
            "token_malformed",
        ),
        (
            "a header too deep",
            with(&format!("{{\"alg\":\"HS256\",\"x\":{deep}}}")),
            "token_malformed",
        ),
        ("no alg", with("{}"), "token_malformed"),
        (
            "alg of another type",
            with(r#"{"alg":["HS256"]}"#),
            "token_malformed",
        ),
        (
            "kid of another type",
            with(r#"{"alg":"HS256","kid":7}"#),
            "token_malformed",
        ),
        (
            "two members of a name",
            with(r#"{"alg":"HS256","alg":"none"}"#),
            "duplicate_member",
        ),
        (
            "the same, escaped",
            with(r#"{"alg":"HS256","\u0061lg":"HS256"}"#),
            "duplicate_member",
        ),
        (
            "no signature",
            format!("{}.{payload}.", encoded(r#"{"alg":"none"}"#)),
            "algorithm_not_allowed",
        ),
        (
            "none, written otherwise",
            with(r#"{"alg":"nOnE"}"#),
            "algorithm_not_allowed",
        ),
        (
            "alg in lower case",
            with(r#"{"alg":"hs256"}"#),
            "algorithm_not_allowed",
        ),
        (
            "an algorithm that is not known",
            with(r#"{"alg":"ES256K"}"#),
            "algorithm_not_allowed",
        ),
        (
            "another length of the same",
            with(r#"{"alg":"HS512"}"#),
            "algorithm_not_allowed",
        ),
        (
            "another kind of key",
            with(r#"{"alg":"RS256"}"#),
            "algorithm_not_allowed",
        ),
        (
            "a key of its own",
            with(r#"{"alg":"HS256","jwk":{"kty":"oct","k":"AA"}}"#),
            "embedded_key",
        ),
        (
            "the URL of a key",
            with(r#"{"alg":"HS256","jku":"https://evil.example.com"}"#),
            "embedded_key",
        ),
        (
            "the URL of a certificate",
            with(r#"{"alg":"HS256","x5u":"https://evil.example.com"}"#),
            "embedded_key",
        ),
        (
            "an extension",
            with(r#"{"alg":"HS256","crit":["exp"],"exp":1}"#),
            "critical_header",
        ),
        (
            "no extension",
            with(r#"{"alg":"HS256","crit":[]}"#),
            "critical_header",
        ),
        (
            "a payload that is not encoded",
            with(r#"{"alg":"HS256","b64":false}"#),
            "critical_header",
        ),
        (
            "the signature of another",
            format!("{header}.{}.{signature}", encoded(r#"{"sub":"eve"}"#)),
            "signature_invalid",
        ),
        (
            "an empty signature",
            format!("{header}.{payload}."),
            "signature_invalid",
        ),
        (
            "a payload that is no JSON",
            signed(r#"{"alg":"HS256"}"#, "sub: ada"),
            "claims_malformed",
        ),
        (
            "a payload that is no object",
            signed(r#"{"alg":"HS256"}"#, "[]"),
            "claims_malformed",
        ),
        (
            "a token in a token",
            signed(r#"{"alg":"HS256","cty":"JWT"}"#, &good),
            "claims_malformed",
        ),
        (
            "two claims of a name",
            signed(r#"{"alg":"HS256"}"#, r#"{"sub":"ada","sub":"eve"}"#),
            "duplicate_member",
        ),
        (
            "exp in a text",
            token(&json!({ "exp": "4102444800" })),
            "claims_malformed",
        ),
        (
            "exp before all time",
            token(&json!({ "exp": -1 })),
            "claims_malformed",
        ),
        (
            "nbf that is null",
            token(&json!({ "nbf": null })),
            "claims_malformed",
        ),
        (
            "iat in a list",
            token(&json!({ "iat": [1] })),
            "claims_malformed",
        ),
        (
            "too long",
            "a".repeat(MOST_TOKEN_BYTES + 1),
            "token_too_large",
        ),
    ] {
        assert_eq!(outcome(&provider, &token).unwrap_err(), label, "{what}");
    }
}

#[test]
fn a_public_key_is_no_secret() {
    // Algorithm confusion: HS256 with the text of a public key as the secret.
    let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n\
               -----END PUBLIC KEY-----\n";
    let provider = provider(json!({ "keys": { "pem": pem } }));
    let token = token(&json!({ "sub": "eve" }));
    assert_eq!(outcome(&provider, &token), Err("algorithm_not_allowed"));
}

#[test]
fn claims_must_say_what_the_providers_do() {
    let now = NOW.as_secs();
    let ok = "";
    for (rules, claims, label) in [
        (json!({ "issuer": "a" }), json!({ "iss": "a" }), ok),
        (
            json!({ "issuer": "a" }),
            json!({ "iss": "A" }),
            "issuer_mismatch",
        ),
        (
            json!({ "issuer": "a" }),
            json!({ "iss": ["a"] }),
            "issuer_mismatch",
        ),
        (json!({ "issuer": "a" }), json!({}), "issuer_mismatch"),
        (
            json!({ "audiences": ["a", "b"] }),
            json!({ "aud": "b" }),
            ok,
        ),
        (
            json!({ "audiences": ["a"] }),
            json!({ "aud": ["c", "a"] }),
            ok,
        ),
        (
            json!({ "audiences": ["a"] }),
            json!({ "aud": ["c", 1] }),
            "audience_mismatch",
        ),
        (
            json!({ "audiences": ["a"] }),
            json!({ "aud": [] }),
            "audience_mismatch",
        ),
        (
            json!({ "audiences": ["a"] }),
            json!({ "aud": "a b" }),
            "audience_mismatch",
        ),
        (
            json!({ "audiences": ["a"] }),
            json!({}),
            "audience_mismatch",
        ),
        (json!({}), json!({ "exp": now + 1 }), ok),
        (json!({}), json!({ "exp": now }), "token_expired"),
        (json!({}), json!({ "exp": now as f64 + 0.5 }), ok),
        (json!({}), json!({ "exp": 1e300 }), ok),
        (json!({ "leeway": "10s" }), json!({ "exp": now - 9 }), ok),
        (
            json!({ "leeway": "10s" }),
            json!({ "exp": now - 10 }),
            "token_expired",
        ),
        (
            json!({ "require_expiration": true }),
            json!({}),
            "claim_missing",
        ),
        (json!({}), json!({ "nbf": now }), ok),
        (json!({}), json!({ "nbf": now + 1 }), "token_not_yet_valid"),
        (json!({ "leeway": "10s" }), json!({ "nbf": now + 10 }), ok),
        (json!({}), json!({ "iat": now }), ok),
        (json!({}), json!({ "iat": now + 1 }), "issued_in_future"),
        (json!({ "leeway": "10s" }), json!({ "iat": now + 10 }), ok),
        (
            json!({ "max_lifetime": "1h" }),
            json!({ "iat": now, "exp": now + 3600 }),
            ok,
        ),
        (
            json!({ "max_lifetime": "1h" }),
            json!({ "iat": now, "exp": now + 3601 }),
            "lifetime_too_long",
        ),
        (
            json!({ "max_lifetime": "1h" }),
            json!({ "exp": now + 1 }),
            "claim_missing",
        ),
        (
            json!({ "max_lifetime": "1h" }),
            json!({ "iat": now }),
            "claim_missing",
        ),
        (
            json!({ "required_claims": ["sub"] }),
            json!({ "sub": "ada" }),
            ok,
        ),
        (
            json!({ "required_claims": ["sub", "jti"] }),
            json!({ "sub": "ada" }),
            "claim_missing",
        ),
    ] {
        let outcome = outcome(&provider(rules.clone()), &token(&claims));
        assert_eq!(outcome.err().unwrap_or(ok), label, "{rules} {claims}");
    }
}

#[test]
fn a_token_is_of_a_type_and_an_algorithm_that_are_taken() {
    for (rules, header, label) in [
        (
            json!({ "types": ["at+jwt"] }),
            r#"{"alg":"HS256","typ":"at+jwt"}"#,
            "",
        ),
        (
            json!({ "types": ["at+jwt"] }),
            r#"{"alg":"HS256","typ":"application/AT+JWT"}"#,
            "",
        ),
        (
            json!({ "types": ["JWT", "at+jwt"] }),
            r#"{"alg":"HS256","typ":"JWT"}"#,
            "",
        ),
        (
            json!({ "types": ["at+jwt"] }),
            r#"{"alg":"HS256","typ":"JWT"}"#,
            "type_mismatch",
        ),
        (
            json!({ "types": ["at+jwt"] }),
            r#"{"alg":"HS256"}"#,
            "type_mismatch",
        ),
        (json!({ "algorithms": ["HS256"] }), r#"{"alg":"HS256"}"#, ""),
    ] {
        let outcome = outcome(&provider(rules.clone()), &signed(header, "{}"));
        assert_eq!(outcome.err().unwrap_or(""), label, "{rules} {header}");
    }
    let rsa_only =
        json!({ "keys": { "secret": { "algorithm": "HS256", "text": crate::testing::SECRET } } });
    let config: Value = json!({ "algorithms": ["RS256"], "keys": rsa_only["keys"] });
    let config = serde_json::from_value(config).unwrap();
    let error = Provider::compile("corp", &config).unwrap_err();
    assert_eq!(
        error.to_string(),
        "algorithms: must name one at least that a key is for"
    );
}

#[test]
fn a_token_names_its_key() {
    let secret =
        |kid: &str| json!({ "algorithm": "HS256", "text": crate::testing::SECRET, "kid": kid });
    let named = provider(json!({ "keys": { "secret": secret("1") } }));
    let with = |kid: &str| signed(&format!(r#"{{"alg":"HS256"{kid}}}"#), "{}");
    assert!(outcome(&named, &with(r#","kid":"1""#)).is_ok());
    assert!(outcome(&named, &with("")).is_ok());
    assert_eq!(outcome(&named, &with(r#","kid":"2""#)), Err("key_unknown"));
    assert_eq!(outcome(&named, &with(r#","kid":"""#)), Err("key_unknown"));
    let nameless = provider(json!({}));
    assert!(outcome(&nameless, &with(r#","kid":"2""#)).is_ok());
}
