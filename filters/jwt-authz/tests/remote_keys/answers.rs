//! What a server may answer.

use std::fmt::Write;
use std::time::Duration;

use filter_testing::Answer;
use serde_json::{Value, json};

use crate::rig::{Fate, Pair, Rig, URL, body, config, set, status};

/// Each of these leaves the keys that are there, and the log says why.
#[test]
fn what_is_no_set_of_keys_changes_nothing() {
    let pair = Pair::new("a", 1);
    let secret = json!({ "keys": [{ "kty": "oct", "k": "AAAA" }] });
    let redirect = Answer {
        headers: vec!["location: https://id.example.com/elsewhere".to_owned()],
        ..set(&[&Pair::new("b", 2)])
    };
    for (answer, why) in [
        (
            body("<!DOCTYPE html><html></html>"),
            "the answer is no JSON: expected value at line 1 column 1",
        ),
        (
            body(""),
            "the answer is no JSON: EOF while parsing a value at line 1 column 0",
        ),
        (
            body("[]"),
            "the answer is no JWK Set: it must have a proper \"keys\"",
        ),
        (
            body("{}"),
            "the answer is no JWK Set: it must have a proper \"keys\"",
        ),
        (
            body("{\"keys\": []}"),
            "the answer is no JWK Set: it must have a proper \"keys\"",
        ),
        (
            body("{\"keys\": 7}"),
            "the answer is no JWK Set: it must have a proper \"keys\"",
        ),
        (
            body("[".repeat(100_000)),
            "the answer is no JSON: recursion limit exceeded at line 1 column 128",
        ),
        (
            body(secret.to_string()),
            "none of 1 keys can be used; key 0 must be a public key, found a secret \
          (\"kty\" oct); write it as \"secret\"",
        ),
        (
            body("x".repeat(10 << 20)),
            "the answer is larger than 1 MiB",
        ),
        (status(404), "the answer is status 404"),
        (status(204), "the answer is status 204"),
        (
            Answer {
                status: 302,
                ..redirect
            },
            "the answer is status 302, a redirect, which is not followed; write the URL that it leads to",
        ),
    ] {
        let mut rig = Rig::with_keys(&config(&json!({ "refresh": "30s" })), &[&pair]);
        rig.answer(answer);
        rig.pass(Duration::from_secs(31), &mut []);
        assert_eq!(rig.fates(&pair.token()), [Fate::Passed; 2], "{why}");
        assert!(rig.ended("failed") > 0, "{why}");
        let warning = format!("provider corp: no keys from {URL}: {why}");
        assert_eq!(rig.warnings().first(), Some(&warning));
    }
}

#[test]
fn a_cluster_that_does_not_exist_is_named_in_the_log() {
    let mut config = config(&json!({}));
    config["providers"]["corp"]["keys"]["remote"]["cluster"] = "elsewhere".into();
    let mut rig = Rig::new(2, &config);
    rig.tick(&mut []);
    let warnings = rig.warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let end = "(bad argument); is there such a cluster?";
    assert!(warnings[0].ends_with(end), "{warnings:?}");
    rig.pass(Duration::from_secs(2), &mut []);
    assert_eq!(rig.ended("failed"), 2);
}

#[test]
fn bad_keys_among_good_ones_are_left_out_and_told_once() {
    let pair = Pair::new("a", 1);
    let mut keys = vec![json!({ "kty": "oct", "k": "AAAA" }), pair.jwk(), json!(7)];
    keys.extend((0..1000).map(|_| json!({ "kty": "EC", "crv": "P-256" })));
    let mut rig = Rig::new(3, &config(&json!({ "refresh": "30s" })));
    rig.answer(body(json!({ "keys": keys }).to_string()));
    rig.pass(Duration::from_secs(300), &mut []);
    assert!(rig.fetches() > 2);
    assert_eq!(rig.fates(&pair.token()), [Fate::Passed; 3]);
    let warnings = rig.warnings();
    let first = "provider corp: key 0 is left out: must be a public key, found a secret";
    assert!(warnings[0].starts_with(first), "{warnings:?}");
    assert!(warnings[1].contains("key 2 is left out"), "{warnings:?}");
    let last = "provider corp: 992 more keys are left out";
    assert_eq!(warnings.last().unwrap(), last);
    assert_eq!(warnings.len(), 11, "{warnings:?}");
}

#[test]
fn a_key_that_the_host_does_not_take_is_told() {
    let pair = Pair::new("a", 1);
    let off = json!({ "kty": "EC", "crv": "P-256", "kid": "off", "x": "A".repeat(43), "y": "A".repeat(43) });
    let mut rig = Rig::new(2, &config(&json!({})));
    rig.answer(body(json!({ "keys": [pair.jwk(), off] }).to_string()));
    rig.tick(&mut []);
    rig.tick(&mut []);
    let warnings = rig.warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let expected = "provider corp: key \"off\" verifies nothing: ";
    assert!(warnings[0].starts_with(expected), "{warnings:?}");
}

#[test]
fn a_thousand_keys_work() {
    let (first, last) = (Pair::new("first", 1), Pair::new("last", 2));
    let template = Pair::new("", 3).jwk();
    let named = |number: u32| {
        let mut jwk = template.clone();
        jwk["kid"] = format!("key {number}").into();
        jwk
    };
    let mut keys: Vec<Value> = vec![first.jwk()];
    keys.extend((0..1000).map(named));
    keys.push(last.jwk());
    let mut rig = Rig::new(2, &config(&json!({})));
    rig.answer(body(json!({ "keys": keys }).to_string()));
    rig.tick(&mut []);
    rig.tick(&mut []);
    for pair in [first, last] {
        assert_eq!(rig.fates(&pair.token()), [Fate::Passed; 2]);
    }
    let forged = Pair::new("key 999", 4).token();
    assert_eq!(rig.fates(&forged), [Fate::Refused("signature_invalid"); 2]);
}

/// What a server says of its keys is nobody's to read in a log but in numbers.
#[test]
fn the_log_is_bounded_whatever_the_answer() {
    let mut html = String::from("<html>");
    (0..10_000).for_each(|n| write!(html, "<p>{n}</p>").unwrap());
    let mut rig = Rig::new(2, &config(&json!({})));
    rig.answer(body(html));
    rig.pass(Duration::from_secs(600), &mut []);
    let warnings = rig.warnings();
    assert!(warnings.len() < 20, "{}", warnings.len());
    assert!(warnings.iter().all(|line| line.len() < 200), "{warnings:?}");
}
