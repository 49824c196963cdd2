//! Requests wait for keys that may come.

use std::time::Duration;

use serde_json::json;

use crate::rig::{Fate, Pair, Request, Rig, TICK, config, set, status};

const UNAVAILABLE: Fate = Fate::Refused("keys_unavailable");
const MISSING: Fate = Fate::Refused("token_missing");
const MALFORMED: Fate = Fate::Refused("token_malformed");

#[test]
fn a_request_before_the_first_keys_waits_and_what_needs_none_does_not() {
    let pair = Pair::new("a", 1);
    let mut rig = Rig::new(2, &config(&json!({})));
    let forged = Pair::new("a", 2).token();
    let tokens = [pair.token(), forged, "".to_owned(), "a.b.c".to_owned()];
    let mut requests: Vec<Request> = tokens.iter().map(|token| rig.send(1, token)).collect();
    let fates = |requests: &[Request]| -> Vec<Fate> {
        requests.iter().map(|request| request.fate).collect()
    };
    assert_eq!(
        fates(&requests),
        [Fate::Waits, Fate::Waits, MISSING, MALFORMED]
    );
    // The first attempts fail; a second later keys come.
    rig.pass(Duration::from_millis(300), &mut requests);
    rig.answer(set(&[&pair]));
    rig.pass(Duration::from_millis(1200), &mut requests);
    let invalid = Fate::Refused("signature_invalid");
    assert_eq!(
        fates(&requests),
        [Fate::Passed, invalid, MISSING, MALFORMED]
    );
    assert_eq!(rig.fetches(), 2);
}

#[test]
fn waiting_ends() {
    let pair = Pair::new("a", 1);
    let mut rig = Rig::new(1, &config(&json!({ "wait": "2s" })));
    let mut requests = [rig.send(0, &pair.token())];
    rig.pass(Duration::from_secs(2) - TICK, &mut requests);
    assert_eq!(requests[0].fate, Fate::Waits);
    rig.tick(&mut requests);
    assert_eq!(requests[0].fate, UNAVAILABLE);
    let counters = rig.world.borrow().counters.clone();
    let refusals = "headgate_jwt_refusals_total;provider=corp;;reason=keys_unavailable;";
    assert_eq!(counters[refusals], 1);
}

#[test]
fn who_may_not_wait_is_answered_at_once() {
    let rig = Rig::new(1, &config(&json!({ "wait": "0s" })));
    assert_eq!(rig.fates(&Pair::new("a", 1).token()), [UNAVAILABLE]);
}

#[test]
fn no_more_than_128_wait_on_a_thread() {
    let token = Pair::new("a", 1).token();
    let mut rig = Rig::new(2, &config(&json!({})));
    let mut waiting: Vec<Request> = (0..128).map(|_| rig.send(0, &token)).collect();
    assert!(waiting.iter().all(|request| request.fate == Fate::Waits));
    assert_eq!(rig.fates(&token), [UNAVAILABLE, Fate::Waits]);
    // A client leaves.
    waiting.pop();
    let last = rig.send(0, &token);
    assert_eq!(last.fate, Fate::Waits);
    assert_eq!(rig.send(0, &token).fate, UNAVAILABLE);
    drop(last);
    // They are answered, and nobody is counted who waits no longer.
    rig.pass(Duration::from_secs(6), &mut waiting);
    assert!(waiting.iter().all(|request| request.fate == UNAVAILABLE));
    let again: Vec<Request> = (0..128).map(|_| rig.send(0, &token)).collect();
    assert!(again.iter().all(|request| request.fate == Fate::Waits));
}

/// Nobody waits for a provider on which nothing depends.
#[test]
fn what_is_decided_without_keys_waits_for_none() {
    let (remote, local) = (Pair::new("a", 1), Pair::new("b", 2));
    let mut config = config(&json!({}));
    let from = json!([{ "header": "x-local" }]);
    config["providers"]["local"] = json!({ "keys": { "jwk": local.jwk() }, "from": from });
    let requirement =
        |path: &str, require| json!({ "match": { "path": path }, "require": require });
    let (corp, here) = (
        json!({ "provider": "corp" }),
        json!({ "provider": "local" }),
    );
    let scoped = json!({ "provider": "local", "scopes": ["pets"] });
    config["rules"] = json!([
        requirement("/any", json!({ "any": [corp, here] })),
        requirement("/all", json!({ "all": [corp, here] })),
        requirement("/scoped", json!({ "all": [corp, scoped] })),
        requirement(
            "/either",
            json!({ "any": [{ "all": [corp, scoped] }, here] })
        ),
        requirement("/optional", json!({ "optional": corp })),
    ]);
    let mut rig = Rig::new(1, &config);
    let token = remote.token();
    let both = format!("{token} x-local:{}", local.token());
    let mut waiting = Vec::new();
    for (path, tokens, fate) in [
        ("/any", &both, Fate::Passed),
        ("/any", &token, Fate::Waits),
        ("/all", &both, Fate::Waits),
        ("/all", &token, MISSING),
        ("/scoped", &both, Fate::Refused("insufficient_scope")),
        ("/either", &both, Fate::Passed),
        ("/optional", &String::new(), Fate::Passed),
        ("/optional", &token, Fate::Waits),
    ] {
        let request = rig.send_to(path, 0, tokens);
        assert_eq!(request.fate, fate, "{path} {tokens}");
        waiting.push(request);
    }
    rig.answer(set(&[&remote]));
    rig.tick(&mut waiting);
    let still = waiting.iter().filter(|one| one.fate == Fate::Waits);
    assert_eq!(still.count(), 0);
}

#[test]
fn a_request_waits_once_however_often_it_is_woken() {
    let pair = Pair::new("a", 1);
    let mut rig = Rig::new(1, &config(&json!({ "wait": "4s", "timeout": "1s" })));
    rig.answer(status(500));
    let mut waiting = [rig.send(0, &pair.token())];
    // Woken by two fetches that fail.
    rig.pass(Duration::from_millis(3900), &mut waiting);
    assert_eq!((waiting[0].fate, rig.fetches()), (Fate::Waits, 3));
    rig.tick(&mut waiting);
    assert_eq!(waiting[0].fate, UNAVAILABLE);
}
