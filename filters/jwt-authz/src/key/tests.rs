use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::config::KeysConfig;
use crate::keys::Keys;

/// The modulus of a key of 2048 bits, and of one of 1024.
const N: &str = "m37e8QIB3PPOdNl23E7RCKKUAy1oa2r8AnKrU_5i7OnHi87OkuCc_08KHm88wdm2Pjcf2xg7DDr0xIxeclWkL_Uu_spDKxXF8PubMcYxKZhwgzjqA2nNwx0hoCVrI8Ez0EIGjqI1iKZe2_NbxLGbu5qmqN5LoE0KfbP4XGuWPdh09PQIsf2udIZ9ATYbWrQE_6sFA_xXPJnQFxXV5WXPMTma5OQ1BWAflUoPrifButT4HnHa1zjl4qvLYTJnwmTwMMIGlZBdsPPYH5TFEj_6hxn2oL9Zw8GP227rWIpbr_YzCl_Y_M_I32mJqKgkifCYCLaBXpcmiVQ_BEMLCTlOqQ";
const SHORT_N: &str = "wDGuFrzXqvON2iVFZiDeS4aVSlMPENQF7kYam_4kStUK8ECg7vxfCUUEJIEkS5R2CcxJdY6irJeJ_0tDoA7nqYJXMSIbvchu0Di8Xr2hNWXAZexsytl_DXDaFdkr0v_JLeuKMY9qlFDLgpw_wtMWfMiONf3slk5iga9UAxzMc1s";

fn rsa(more: &Value) -> Value {
    with(json!({ "kty": "RSA", "n": N, "e": "AQAB" }), more)
}

fn curve(more: &Value) -> Value {
    let (x, y) = (
        "lSFyj9D6-wOYqSSEAiLbrFAHd0-eQg4sCVE7QcbrNJw",
        "sHD_RQie9CyBdlE8AnNQFRNFxCw_YJXw5ZeKu29-YOg",
    );
    with(json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y }), more)
}

fn ed(more: &Value) -> Value {
    let x = "8mNad3JqnKnnaucKzkcmEOzqoRC_vxzn7F2c8AFbeaI";
    with(json!({ "kty": "OKP", "crv": "Ed25519", "x": x }), more)
}

fn with(mut jwk: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        jwk[name] = value.clone();
    }
    jwk
}

#[test]
fn a_key_is_for_algorithms_of_its_kind() {
    let none = json!({});
    let all = [
        "RS256", "RS512", "PS256", "PS384", "ES256", "ES384", "ES512", "EdDSA", "HS256",
    ];
    for (jwk, expected) in [
        (rsa(&none), vec!["RS256", "RS512", "PS256", "PS384"]),
        (rsa(&json!({ "alg": "PS256" })), vec!["PS256"]),
        (
            rsa(&json!({ "use": "sig", "key_ops": ["verify"] })),
            vec!["RS256", "RS512", "PS256", "PS384"],
        ),
        (curve(&none), vec!["ES256"]),
        (ed(&none), vec!["EdDSA"]),
        (ed(&json!({ "alg": "Ed25519" })), vec!["EdDSA"]),
    ] {
        let key = Key::from_jwk(&jwk).unwrap();
        let fits = |name: &&&str| key.fits(Algorithm::named(name).unwrap());
        assert_eq!(
            all.iter().filter(fits).copied().collect::<Vec<_>>(),
            expected,
            "{jwk}"
        );
    }
}

#[test]
fn a_key_is_wrong_in_many_ways() {
    for (jwk, message) in [
        (
            json!([]),
            "must be a JSON Web Key, invalid length 0, expected struct Jwk with 11 elements",
        ),
        (json!({}), "must be a JSON Web Key, missing field `kty`"),
        (
            json!({ "kty": "RSA", "kid": 7 }),
            "must be a JSON Web Key, invalid type: integer `7`, expected a string",
        ),
        (
            json!({ "kty": "oct", "k": "AA" }),
            "must be a public key, found a secret (\"kty\" oct); write it as \"secret\"",
        ),
        (
            rsa(&json!({ "d": "AQ" })),
            "must be a public key, found a private one; whoever can read it can issue tokens",
        ),
        (
            json!({ "kty": "AKP" }),
            "must be of \"kty\" RSA, EC or OKP, found \"AKP\"",
        ),
        (
            rsa(&json!({ "use": "enc" })),
            "is not for verifying signatures, by its \"use\" or \"key_ops\"",
        ),
        (
            rsa(&json!({ "key_ops": ["wrapKey"] })),
            "is not for verifying signatures, by its \"use\" or \"key_ops\"",
        ),
        (
            rsa(&json!({ "alg": "ES256" })),
            "must have an \"alg\" for signatures that fits the key, found \"ES256\"",
        ),
        (
            rsa(&json!({ "alg": "RSA-OAEP" })),
            "must have an \"alg\" for signatures that fits the key, found \"RSA-OAEP\"",
        ),
        (
            curve(&json!({ "alg": "ES384" })),
            "must have an \"alg\" for signatures that fits the key, found \"ES384\"",
        ),
        (
            rsa(&json!({ "n": SHORT_N })),
            "must be an RSA key of 2048 to 8192 bits",
        ),
        (
            rsa(&json!({ "n": "" })),
            "must be an RSA key of 2048 to 8192 bits",
        ),
        (
            rsa(&json!({ "e": "AA" })),
            "must be an RSA key of 2048 to 8192 bits",
        ),
        (
            rsa(&json!({ "e": "AQ" })),
            "must be an RSA key of 2048 to 8192 bits",
        ),
        (
            rsa(&json!({ "n": format!("{N}=") })),
            "must have a proper \"n\"",
        ),
        (rsa(&json!({ "e": null })), "must have a proper \"e\""),
        (json!({ "kty": "EC" }), "must have a proper \"crv\""),
        (
            curve(&json!({ "crv": "secp256k1" })),
            "must be on P-256, P-384, P-521 or Ed25519, found \"secp256k1\"",
        ),
        (
            curve(&json!({ "crv": "P-384" })),
            "must have a proper \"x\"",
        ),
        (curve(&json!({ "y": null })), "must have a proper \"y\""),
        (
            ed(&json!({ "crv": "Ed448" })),
            "must be on P-256, P-384, P-521 or Ed25519, found \"Ed448\"",
        ),
        (ed(&json!({ "x": "AA" })), "must have a proper \"x\""),
        // A key of small order: anybody can sign for it.
        (
            ed(&json!({ "x": "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" })),
            "must have a proper \"x\"",
        ),
    ] {
        assert_eq!(
            Key::from_jwk(&jwk).unwrap_err().to_string(),
            message,
            "{jwk}"
        );
    }
}

fn refusal(keys: Value) -> String {
    let config: KeysConfig = serde_json::from_value(keys).unwrap();
    Keys::compile(&config).unwrap_err().to_string()
}

#[test]
fn keys_are_in_one_form() {
    let secret =
        |secret: Value| json!({ "secret": with(json!({ "algorithm": "HS256" }), &secret) });
    for (keys, message) in [
        (
            json!({}),
            "must have exactly one of \"jwks\", \"jwk\", \"pem\", \"secret\" and \"remote\"",
        ),
        (
            json!({ "pem": "", "jwks": {} }),
            "must have exactly one of \"jwks\", \"jwk\", \"pem\", \"secret\" and \"remote\"",
        ),
        (
            json!({ "pem": "MCow" }),
            "pem: must be a public key in PEM, \"-----BEGIN PUBLIC KEY-----\"",
        ),
        (json!({ "jwks": [] }), "jwks: must have a proper \"keys\""),
        (
            json!({ "jwks": { "keys": [] } }),
            "jwks: must have a proper \"keys\"",
        ),
        (
            json!({ "jwks": { "keys": [{ "kty": "oct" }] } }),
            "jwks.keys[0]: must be a public key, found a secret (\"kty\" oct); write it as \"secret\"",
        ),
        (
            json!({ "jwk": { "kty": "EC" } }),
            "jwk: must have a proper \"crv\"",
        ),
        (
            secret(json!({})),
            "secret: must have exactly one of \"text\" and \"base64url\"",
        ),
        (
            secret(json!({ "base64url": "A" })),
            "secret: must have a proper \"base64url\"",
        ),
        (
            secret(json!({ "text": "secret" })),
            "secret: must be of 32 bytes at least for HS256, found 6",
        ),
        (
            secret(json!({ "text": "x".repeat(63), "algorithm": "HS512" })),
            "secret: must be of 64 bytes at least for HS512, found 63",
        ),
        (
            secret(json!({ "text": "x", "algorithm": "RS256" })),
            "secret: must have an \"alg\" for signatures that fits the key, found \"RS256\"",
        ),
    ] {
        assert_eq!(refusal(keys), message);
    }
}

#[test]
fn bad_keys_are_left_out_of_a_set_and_told() {
    let set = json!({ "keys": [
        { "kty": "oct", "k": "AA" }, rsa(&json!({ "kid": "1" })), 7, curve(&json!({ "use": "enc" })), ed(&json!({})),
    ] });
    let (keys, faults) = Keys::from_jwks(&set).unwrap();
    let kids: Vec<_> = keys.iter().map(Key::kid).collect();
    assert_eq!(kids, [Some("1"), None]);
    let places: Vec<usize> = faults.iter().map(|fault| fault.index).collect();
    assert_eq!(places, [0, 2, 3]);
}

#[test]
fn a_thousand_keys_are_a_set_like_another() {
    let key = |n: usize| ed(&json!({ "kid": n.to_string() }));
    let set = json!({ "keys": (0..1000).map(key).collect::<Vec<_>>() });
    let (keys, faults) = Keys::from_jwks(&set).unwrap();
    assert_eq!((keys.iter().count(), faults.len()), (1000, 0));
}

#[test]
fn a_secret_is_not_shown() {
    let config =
        json!({ "secret": { "algorithm": "HS256", "text": "nobody is to read this in any log" } });
    let config: KeysConfig = serde_json::from_value(config).unwrap();
    let (keys, _) = Keys::compile(&config).unwrap();
    let shown = format!("{config:?} {keys:?}");
    assert!(!shown.contains("nobody"), "{shown}");
}
