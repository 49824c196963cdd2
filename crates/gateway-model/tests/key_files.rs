//! Files of keys, as a document names them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test code: a panic is how a test fails"
)]

use std::io;

use gateway_model::{Diagnostics, FileName, Gateway, read, read_with_files};
use serde_json::json;

const KEY: &str = r#"{ "kty": "OKP", "crv": "Ed25519", "kid": "a",
                       "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }"#;

fn document(keys: &str) -> String {
    format!(
        "apiVersion: headgate.dev/v1alpha1\nkind: Gateway\n\
         listeners: [{{ name: http, port: 8080 }}]\n\
         upstreams: {{ pets: {{ http: \"pets:80\" }} }}\n\
         providers: {{ corp: {{ keys: {keys} }} }}\n\
         jwt: {{ provider: corp }}\n\
         routes: [{{ match: {{ path: /a }}, to: [{{ upstream: pets }}] }}]\n"
    )
}

/// With a file of keys in which this is; others are not there.
fn with(keys: &str, content: &str) -> Result<(Gateway, Vec<String>), Diagnostics> {
    let files = |name: &FileName| match name.as_str() {
        "tls/corp.keys" => Ok(content.as_bytes().to_owned()),
        _ => Err(io::Error::from(io::ErrorKind::NotFound)),
    };
    let checked = read_with_files("gateway.yaml", document(keys).as_bytes(), &files)?;
    let warnings = checked.warnings.iter().map(ToString::to_string).collect();
    Ok((checked.document, warnings))
}

#[test]
fn what_is_in_a_file_of_keys_belongs_to_the_document() {
    let set = format!(r#"{{ "keys": [{KEY}] }}"#);
    let (gateway, warnings) = with("{ file: tls/corp.keys }", &set).unwrap();
    assert_eq!(warnings, Vec::<String>::new());
    let (name, keys) = gateway.learned.keys.first_key_value().unwrap();
    assert_eq!(name.as_str(), "corp");
    assert_eq!(keys.jwks.as_ref().unwrap()["keys"][0]["kid"], "a");
    let files: Vec<String> = gateway.files().into_iter().map(|(path, _)| path).collect();
    assert_eq!(files, ["providers.corp.keys.file"]);
    // And it is no part of what is written of it.
    let written = serde_json::to_string(&gateway).unwrap();
    assert!(!written.contains("Ed25519"), "{written}");

    let secret = "{ secret: { algorithm: HS256, file: tls/corp.keys } }";
    let (gateway, _) = with(secret, "a secret that is long enough for it\n").unwrap();
    let keys = gateway.learned.keys.first_key_value().unwrap().1;
    let config = json!({ "secret": {
        "algorithm": "HS256", "base64url": "YSBzZWNyZXQgdGhhdCBpcyBsb25nIGVub3VnaCBmb3IgaXQ",
    } });
    assert_eq!(serde_json::to_value(keys).unwrap(), config);
}

#[test]
fn keys_that_are_left_out_are_told() {
    let set = format!(r#"{{ "keys": [{{ "kty": "OKP", "crv": "X25519", "x": "AAAA" }}, {KEY}] }}"#);
    let (_, warnings) = with("{ file: tls/corp.keys }", &set).unwrap();
    assert_eq!(
        warnings,
        [
            "warning: providers.corp.keys.file: key 0 of tls/corp.keys is left out: it must be on P-256, \
          P-384, P-521 or Ed25519, found \"X25519\"\n  --> gateway.yaml:5:36"
        ]
    );
}

#[test]
fn what_is_wrong_with_a_file_is_told_where_it_is_named() {
    for (keys, content, problem) in [
        (
            "{ file: other.keys }",
            "",
            "error: providers.corp.keys.file: cannot read other.keys: entity not found; put the file there, \
             or name another\n  --> gateway.yaml:5:36",
        ),
        (
            "{ file: tls/corp.keys }",
            "<html>",
            "error: providers.corp.keys.file: tls/corp.keys: expected a JWK Set such as {\"keys\": […]}, one \
             JWK, or public keys in PEM, found none of them\n  --> gateway.yaml:5:36",
        ),
        (
            "{ file: tls/corp.keys }",
            r#"{ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA" }"#,
            "error: providers.corp.keys.file: must have a proper \"x\"\n  --> gateway.yaml:5:36",
        ),
        (
            "{ file: tls/corp.keys }",
            "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
            "error: providers.corp.keys.file: must be a public key, found a private one; whoever can read it \
             can issue tokens\n  --> gateway.yaml:5:36",
        ),
        (
            "{ secret: { algorithm: HS256, file: tls/corp.keys } }",
            "short\n",
            "error: providers.corp.keys.secret.file: must be of 32 bytes at least for HS256, found 5\n  --> \
             gateway.yaml:5:64",
        ),
    ] {
        let found = with(keys, content).unwrap_err().to_string();
        assert_eq!(found, problem);
    }
    // An algorithm that no key of the file is for.
    let keys = "{ file: tls/corp.keys }, algorithms: [RS256]";
    let found = with(keys, KEY).unwrap_err().to_string();
    assert!(
        found.contains("providers.corp.algorithms: must name one"),
        "{found}"
    );
}

#[test]
fn a_point_that_is_on_no_curve_is_no_key() {
    let octets = "A".repeat(42) + "E"; // 32 octets: 0, …, 0, 1
    let key = format!(
        r#"{{ "kty": "EC", "crv": "P-256", "kid": "p", "x": "{octets}", "y": "{octets}" }}"#
    );
    let found = with("{ file: tls/corp.keys }", &key)
        .unwrap_err()
        .to_string();
    assert!(
        found.contains("key \"p\" is no point of its curve"),
        "{found}"
    );
}

#[test]
fn files_are_left_alone_where_they_are_not_read() {
    let document = document("{ file: tls/corp.keys }");
    let checked = read("gateway.yaml", document.as_bytes()).unwrap();
    assert!(checked.document.learned.keys.is_empty());
}
