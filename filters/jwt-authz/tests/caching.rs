//! What is remembered of verified tokens.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test code: a panic is how a test fails"
)]

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use filter_api::{Direction, Filter, parse_config};
use filter_driver::{Driver, Verdict};
use filter_testing::{FakeHost, Message, World};
use jwt_authz::JwtAuthz;
use serde_json::{Value, json};

/// Expires in 2100.
const EXPIRES: Duration = Duration::from_secs(4_102_444_800);

struct Rig {
    filter: Rc<JwtAuthz>,
    world: Rc<RefCell<World>>,
    token: String,
}

impl Rig {
    fn new(more: &Value) -> Self {
        let vectors = include_str!("vectors/algorithms.json");
        let vectors: Vec<Value> = serde_json::from_str(vectors).unwrap();
        assert_eq!(vectors[0]["name"], "RS256");
        let mut config = json!({
            "providers": { "corp": { "keys": vectors[0]["keys"], "leeway": "0s" } },
            "rules": [{ "match": { "prefix": "/" }, "require": { "provider": "corp" } }],
        });
        for (name, value) in more.as_object().unwrap() {
            config[name] = value.clone();
        }
        let config = parse_config(config.to_string().as_bytes());
        Self {
            filter: Rc::new(config.and_then(JwtAuthz::compile).unwrap()),
            world: Rc::default(),
            token: vectors[0]["token"].as_str().unwrap().to_owned(),
        }
    }

    /// The reason of a refusal, and how often the host verified a signature.
    fn send(&self, token: &str) -> (Option<&'static str>, u32) {
        let field = |name: &str, value: &str| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
        let headers = vec![
            field(":method", "GET"),
            field(":path", "/"),
            field("authorization", &format!("Bearer {token}")),
        ];
        let request = Message {
            headers,
            ..Message::default()
        };
        self.world.borrow_mut().hostcalls.clear();
        let mut host = FakeHost::new(Rc::clone(&self.world), request);
        let mut driver = Driver::new(self.filter.exchange(), self.filter.holding());
        let refused = match driver.on_headers(&mut host, Direction::Request, true) {
            Verdict::Continue => None,
            Verdict::Reply(reply) => Some(reply.label),
            Verdict::Hold => panic!("nothing here waits"),
        };
        let world = self.world.borrow();
        let verified = world.hostcalls.get("proxy_call_foreign_function");
        (refused, verified.copied().unwrap_or(0))
    }

    fn sleep_until(&self, now: Duration) {
        self.world.borrow_mut().now = now;
    }
}

#[test]
fn a_token_is_verified_once() {
    let rig = Rig::new(&json!({}));
    assert_eq!(rig.send(&rig.token), (None, 1));
    assert_eq!(rig.send(&rig.token), (None, 0));
}

#[test]
fn a_cached_token_holds_no_longer_than_it_says() {
    let rig = Rig::new(&json!({}));
    rig.sleep_until(EXPIRES - Duration::from_secs(1));
    assert_eq!(rig.send(&rig.token), (None, 1));
    rig.sleep_until(EXPIRES);
    assert_eq!(rig.send(&rig.token), (Some("token_expired"), 0));
    // The clock was set back: nothing is remembered of it.
    rig.sleep_until(EXPIRES - Duration::from_secs(1));
    assert_eq!(rig.send(&rig.token), (None, 1));
}

#[test]
fn nothing_but_a_verified_token_is_remembered() {
    let rig = Rig::new(&json!({}));
    let forged = format!("{}AAAA", &rig.token[..rig.token.len() - 4]);
    for _ in 0..3 {
        assert_eq!(rig.send(&forged), (Some("signature_invalid"), 1));
    }
    assert_eq!(rig.send(&rig.token), (None, 1));
    assert_eq!(rig.send(&forged), (Some("signature_invalid"), 1));
    assert_eq!(rig.send(&rig.token), (None, 0));
}

#[test]
fn without_room_each_token_is_verified_each_time() {
    let rig = Rig::new(&json!({ "cached_tokens": 0 }));
    assert_eq!(rig.send(&rig.token), (None, 1));
    assert_eq!(rig.send(&rig.token), (None, 1));
}
