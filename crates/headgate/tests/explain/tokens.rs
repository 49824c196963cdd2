//! What is told of tokens. It is shown in `docs/jwt.md`.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{document, page, run, shows_what_is_printed};

/// Keys, and tokens until 2100 that were signed by a key that is gone; one was never good for longer than
/// 2023, one is of another issuer, one names another key.
fn tokens() -> Value {
    serde_json::from_str(include_str!("tokens.json")).unwrap()
}

/// The directory of the page's document and its file of keys.
fn directory() -> TempDir {
    let directory = document(&fs::read_to_string(page("jwt")).unwrap());
    let keys = tokens()["keys"].to_string();
    fs::write(directory.path().join("corp.jwks.json"), keys).unwrap();
    directory
}

/// A command line with tokens in place of their names: `$ADA`.
fn with_tokens(line: &str) -> String {
    let tokens = tokens();
    let tokens = tokens.as_object().unwrap().iter();
    tokens.fold(line.to_owned(), |line, (name, token)| {
        let variable = format!("${}", name.to_uppercase());
        line.replace(&variable, token.as_str().unwrap_or_default())
    })
}

#[test]
fn the_page_shows_what_is_printed() {
    let directory = directory();
    shows_what_is_printed(&page("jwt"), directory.path(), &with_tokens);
}

fn told(directory: &TempDir, arguments: &str) -> (i32, Value) {
    let line = with_tokens(&format!("explain gateway.yaml {arguments} --output json"));
    let (code, out, err) = run(directory.path(), &line);
    assert_eq!(err, "", "{arguments}");
    (code, serde_json::from_str(&out).unwrap())
}

#[test]
fn programs_are_told_what_was_found_and_what_is_not_met() {
    let directory = directory();
    let (code, told_of) = told(&directory, "DELETE /pets/1 --token $BOB");
    assert_eq!(
        (code, &told_of["refused"]["reason"]),
        (4, &json!("insufficient_scope"))
    );
    let jwt = &told_of["jwt"];
    let token = &jwt["tokens"][0];
    assert_eq!(
        (
            &token["provider"],
            &token["good"],
            &token["signed"],
            &token["kid"]
        ),
        (
            &json!("corp"),
            &json!(true),
            &json!(true),
            &json!("2026-11")
        )
    );
    assert_eq!(token["claims"]["tier"], "silver");
    let tier = &jwt["required"]["parts"][1]["parts"][1]["parts"][0];
    let expected = json!({
        "demand": "claim tier in [\"gold\", \"platinum\"]", "met": false, "why": "it is \"silver\"",
    });
    assert_eq!(*tier, expected);
    let (code, told_of) = told(
        &directory,
        "GET /pets/1 -H 'authorization: bearer $EXPIRED'",
    );
    let token = &told_of["jwt"]["tokens"][0];
    assert_eq!(
        (code, &token["reason"], &token["signed"]),
        (4, &json!("token_expired"), &json!(true))
    );
    assert!(
        token["why"]
            .as_str()
            .unwrap()
            .starts_with("exp is 1700000000; it is ")
    );
}

/// A server that answers one request after the other with this.
fn serve(answers: Vec<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let own = url.clone();
    thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).unwrap();
            let body = answer.replace("OWN", &own);
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
            );
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    url
}

/// The page's document with other keys.
fn with_keys(keys: &str) -> TempDir {
    let directory = directory();
    let path = directory.path().join("gateway.yaml");
    let document = fs::read_to_string(&path).unwrap();
    let written = "keys: { file: corp.jwks.json }";
    assert!(document.contains(written));
    fs::write(path, document.replace(written, keys)).unwrap();
    directory
}

#[test]
fn keys_are_fetched_if_a_token_needs_them() {
    let set = tokens()["keys"].to_string();
    let url = serve(vec![set]);
    let directory = with_keys(&format!("keys: {{ url: \"{url}/keys\" }}"));
    // The server answers once: this one asks for nothing.
    let (code, without) = told(&directory, "GET /pets/1");
    assert_eq!(
        (code, &without["refused"]["reason"]),
        (4, &json!("token_missing"))
    );
    let (code, told_of) = told(&directory, "GET /pets/1 --token $ADA");
    assert_eq!(
        (code, &told_of["choice"]["by"]),
        (0, &json!("the request meets the conditions of pets-next"))
    );
    assert_eq!(told_of["jwt"]["headers"][0], json!(["x-user", "ada"]));
}

#[test]
fn keys_that_cannot_be_had_are_told_and_nothing_else_fails() {
    let url = serve(vec!["<html>".to_owned()]);
    let directory = with_keys(&format!("keys: {{ url: \"{url}/keys\" }}"));
    let (code, told_of) = told(&directory, "GET /pets/1 --token $ADA");
    assert_eq!(
        (code, &told_of["refused"]["reason"]),
        (4, &json!("keys_unavailable"))
    );
    assert_eq!(told_of["refused"]["status"], 503);
    let why = told_of["jwt"]["tokens"][0]["why"].as_str().unwrap();
    let expected =
        format!("the provider's keys could not be had: {url}/keys: its answer is no JSON");
    assert_eq!(why, expected);
}

#[test]
fn an_issuer_is_asked_where_its_keys_are() {
    let set = tokens()["keys"].to_string();
    let metadata = json!({ "issuer": "OWN", "jwks_uri": "OWN/keys" }).to_string();
    let url = serve(vec![metadata, set]);
    let directory = with_keys("");
    let path = directory.path().join("gateway.yaml");
    let document = fs::read_to_string(&path).unwrap();
    fs::write(&path, document.replace("https://id.example.com", &url)).unwrap();
    let (code, told_of) = told(&directory, "GET /pets/1 --token $ADA");
    // It is signed by a key of this issuer, and says that it is another's.
    let token = &told_of["jwt"]["tokens"][0];
    assert_eq!((code, &token["reason"]), (4, &json!("issuer_mismatch")));
    assert_eq!(token["signed"], true);
}
