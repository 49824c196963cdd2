//! Logs show the target of a request, and tokens are no affair of theirs.
#![allow(clippy::unwrap_used, reason = "test code: a panic is how a test fails")]

use std::cell::RefCell;
use std::rc::Rc;

use filter_api::{Direction, Filter, parse_config};
use filter_driver::{Driver, Verdict};
use filter_testing::{FakeHost, Message, World};
use jwt_authz::JwtAuthz;
use serde_json::json;

/// Until 2100, of `ada`.
const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEiLCJleHAiOjQxMDI0NDQ4MDB9.A-ddGIC9PqBgN4L31B8mTlMTV3cUGyWUv5gUIygavH8";

/// What becomes of a request with a token in its target, and the target that the log then shows.
fn target(path: &str) -> (Verdict, String) {
    let secret = json!({ "secret": { "algorithm": "HS256", "text": "a secret that nobody but both of us may know" } });
    let remote = json!({ "remote": { "cluster": "idp", "url": "http://idp/keys" } });
    let from = json!([{ "query": "access_token" }]);
    let provider = |name: &str| json!({ "provider": name });
    let config = json!({
        "providers": {
            "corp": { "keys": secret, "from": from },
            "kept": { "keys": secret, "from": from, "forward": true },
            "late": { "keys": remote, "from": from },
            "late-kept": { "keys": remote, "from": from, "forward": true },
        },
        "rules": [
            { "match": { "path": "/scoped" }, "require": { "provider": "corp", "scopes": ["a"] } },
            { "match": { "path": "/corp" }, "require": provider("corp") },
            { "match": { "path": "/kept" }, "require": provider("kept") },
            { "match": { "path": "/late" }, "require": provider("late") },
            { "match": { "path": "/late-kept" }, "require": provider("late-kept") },
        ],
    });
    let config = parse_config(config.to_string().as_bytes());
    let filter = Rc::new(config.and_then(JwtAuthz::compile).unwrap());
    let field = |name: &str, value: &str| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
    let path = format!("{path}?a=1&access_token={TOKEN}");
    let request = Message {
        headers: vec![field(":method", "GET"), field(":path", &path)],
        ..Message::default()
    };
    let mut host = FakeHost::new(Rc::<RefCell<World>>::default(), request);
    let mut driver = Driver::new(filter.exchange(), filter.holding());
    let verdict = driver.on_headers(&mut host, Direction::Request, true);
    let mut fields = host.request.headers.iter();
    let target = fields.find(|(name, _)| name == b":path").unwrap().1.clone();
    (verdict, String::from_utf8(target).unwrap())
}

#[test]
fn whatever_becomes_of_a_request_no_log_shows_its_token() {
    for path in ["/scoped", "/corp", "/late", "/no-rule", "/no//rule"] {
        let (_, target) = target(path);
        assert_eq!(target, format!("{path}?a=1"));
    }
    assert!(matches!(target("/late").0, Verdict::Hold));
    // Who wants it forwarded wants it there, whoever else looks in the same place.
    for path in ["/kept", "/late-kept"] {
        let (verdict, target) = target(path);
        assert!(matches!(verdict, Verdict::Continue | Verdict::Hold));
        assert!(target.ends_with(TOKEN), "{target}");
    }
}
