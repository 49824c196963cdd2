//! Keys that are in the configuration.

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use integration::client::Request;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::rig::Rig;

/// Keys, and tokens until 2100 that were signed by keys that are gone.
#[derive(Deserialize)]
struct Tokens {
    /// A JWK Set: RSA, P-256, a point beside the curve, a secret.
    keys: Value,
    /// RS256, `sub` ada, `tier` gold.
    gold: String,
    /// ES256, `sub` bob.
    plain: String,
    /// ES256 by the key beside the curve.
    off_curve: String,
}

fn tokens() -> Tokens {
    serde_json::from_str(include_str!("tokens.json")).unwrap()
}

fn corp(tokens: &Tokens) -> Value {
    json!({
        "providers": { "corp": {
            "keys": { "jwks": tokens.keys },
            "headers": [{ "name": "x-user", "claim": "sub" }, { "name": "x-tier", "claim": "tier" }],
        } },
        "rules": [{ "match": { "prefix": "/" }, "require": { "provider": "corp" } }],
        "filter_state": true,
    })
}

/// The claim goes to a header field, and the router chooses by it; no client can.
#[tokio::test]
async fn the_router_behind_chooses_by_a_claim() {
    let tokens = tokens();
    let router = json!({ "routes": [{
        "name": "pets",
        "match": { "prefix": "/" },
        "to": [{ "function": "next", "when": { "headers": { "x-tier": "gold" } } }, { "function": "pets" }],
    }] });
    let corp = corp(&tokens);
    let filters = [("jwt-authz", &corp), ("function-router", &router)];
    let rig = Rig::start(&filters, &["pets", "next"]).await;
    for (token, user, tier, function) in [
        (&tokens.gold, "ada", Some("gold"), "next"),
        (&tokens.plain, "bob", None, "pets"),
    ] {
        let request = Request::get("/pets/7")
            .header("authorization", format!("Bearer {token}"))
            .header("x-tier", "gold");
        assert_eq!(rig.client.send(request).await.unwrap().status, 200);
        let seen = rig.last();
        assert_eq!(seen.headers.get("authorization"), None);
        assert_eq!(seen.headers["x-user"], user);
        let seen_tier = seen
            .headers
            .get("x-tier")
            .map(|tier| tier.to_str().unwrap());
        assert_eq!(seen_tier, tier);
        assert_eq!(seen.headers["x-observed-function"], function);
    }
    rig.envoy.wait_for_log("\"sub\":\"bob\"").await;
    let log = rig.envoy.log();
    for line in [
        r#"log {"corp":{"exp":4102444800,"sub":"ada","tier":"gold"}}"#,
        r#"log {"corp":{"exp":4102444800,"sub":"bob"}}"#,
    ] {
        assert!(log.contains(line), "{line}\n{log}");
    }
    rig.envoy.stop().await;
}

#[tokio::test]
async fn a_verified_token_is_remembered_and_everything_is_counted() {
    let tokens = tokens();
    let rig = Rig::start(&[("jwt-authz", &corp(&tokens))], &[]).await;
    for _ in 0..3 {
        assert_eq!(rig.get("/", &tokens.gold).await, (200, None));
    }
    let forged = format!("{}AAAA", &tokens.gold[..tokens.gold.len() - 4]);
    for _ in 0..2 {
        let refused = (401, Some("signature_invalid".to_owned()));
        assert_eq!(rig.get("/", &forged).await, refused);
    }
    assert_eq!(rig.get("/..;/", &tokens.gold).await.0, 400);
    for (name, count) in [
        ("headgate_jwt_verified_total;provider=corp;", 1),
        ("headgate_jwt_cached_total;provider=corp;", 2),
        (
            "headgate_jwt_refusals_total;provider=corp;;reason=signature_invalid;",
            2,
        ),
        ("headgate_jwt_refusals_total;reason=path_not_normalised;", 1),
    ] {
        rig.wait_for_counter(name, count).await;
    }
    assert_eq!(rig.upstream.requests(), 3);
    rig.envoy.stop().await;
}

/// Of keys that cannot be used the log tells; those beside them work.
#[tokio::test]
async fn a_key_that_cannot_be_used_costs_no_other() {
    let tokens = tokens();
    let rig = Rig::start(&[("jwt-authz", &corp(&tokens))], &[]).await;
    for line in [
        "provider corp: key 3 is left out: must be a public key, found a secret (\"kty\" oct); write it \
         as \"secret\"",
        "provider corp: key \"off\" verifies nothing: verify_signature was refused by the host with status 2 \
         (bad argument)",
    ] {
        rig.envoy.wait_for_log(line).await;
    }
    for kid in ["rsa", "p256"] {
        let told = format!("key \"{kid}\"");
        assert!(!rig.envoy.log().contains(&told), "{told}");
    }
    let refused = (401, Some("signature_invalid".to_owned()));
    assert_eq!(rig.get("/", &tokens.off_curve).await, refused);
    assert_eq!(rig.get("/", &tokens.plain).await, (200, None));
    rig.envoy.stop().await;
}

/// The examples of the RFCs and a token of each algorithm, in a real Envoy. The examples of RFC 7515
/// expired in 2011 and others sign no claims, which is found out once the signature is verified.
#[tokio::test]
async fn published_vectors_verify() {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../filters/jwt-authz/tests/vectors");
    let read = |name: &str| {
        let text = fs::read_to_string(vectors.join(name)).unwrap();
        serde_json::from_str::<Vec<Value>>(&text).unwrap()
    };
    let (published, ours) = (read("rfc.json"), read("algorithms.json"));
    let all = || published.iter().chain(&ours).enumerate();
    // Not all keys say that they are for RSA-PSS.
    let provider = |(index, vector): (usize, &Value)| {
        let token = vector["token"].as_str().unwrap();
        let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap());
        let header: Value = serde_json::from_slice(&header.unwrap()).unwrap();
        let provider = json!({ "keys": vector["keys"], "algorithms": [header["alg"]] });
        (format!("v{index}"), provider)
    };
    let rule = |(index, _): (usize, &Value)| {
        let requirement = json!({ "provider": format!("v{index}") });
        json!({ "match": { "path": format!("/v{index}") }, "require": requirement })
    };
    let config = json!({
        "providers": all().map(provider).collect::<Map<_, _>>(),
        "rules": all().map(rule).collect::<Vec<_>>(),
    });
    let rig = Rig::start(&[("jwt-authz", &config)], &[]).await;
    for (index, vector) in all() {
        let (name, token) = (
            vector["name"].as_str().unwrap(),
            vector["token"].as_str().unwrap(),
        );
        let path = format!("/v{index}");
        let (_, reason) = rig.get(&path, token).await;
        let expected = match name {
            _ if index >= published.len() => None,
            "RFC 7515 A.1, RFC 7519 3.1" | "RFC 7515 A.2" | "RFC 7515 A.3" => Some("token_expired"),
            _ => Some("claims_malformed"),
        };
        assert_eq!(reason.as_deref(), expected, "{name}");
        let parts: Vec<&str> = token.split('.').collect();
        let forged = format!("{}.e30.{}", parts[0], parts[2]);
        let (_, reason) = rig.get(&path, &forged).await;
        assert_eq!(reason.as_deref(), Some("signature_invalid"), "{name}");
    }
    rig.envoy.stop().await;
}
