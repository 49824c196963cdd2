//! Buckets over changes of the configuration: who keeps them, who begins anew, and that it never takes more room.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]

mod rig;

use std::time::Duration;

use rig::Envoy;
use serde_json::{Value, json};

fn config(limits: &[(&str, &str)]) -> Value {
    let limits = limits.iter().map(|(name, rate)| {
        json!({ "name": name, "rate": rate, "burst": 1, "by": ["header.x-key"], "keys": 64 })
    });
    json!({ "limits": limits.collect::<Vec<_>>() })
}

#[test]
fn threads_share_buckets() {
    let envoy = Envoy::new();
    let config = config(&[("a", "1/d")]);
    let (one, other) = (envoy.thread(&config), envoy.thread(&config));
    assert!(one.passes("ada"));
    assert!(!other.passes("ada"));
    assert!(other.passes("bob"));
    assert!(!one.passes("bob"));
}

#[test]
fn what_did_not_change_keeps_its_buckets_and_what_did_begins_anew() {
    let envoy = Envoy::new();
    let thread = envoy.thread(&config(&[("a", "1/d"), ("b", "1/h")]));
    assert!(thread.passes("ada"));
    envoy.logged();

    let same = envoy.thread(&config(&[("a", "1/d"), ("b", "1/h")]));
    assert!(!same.passes("ada"));
    // Every thread starts with it, and nothing has changed.
    assert_eq!(envoy.logged(), [""; 0]);

    // An hour of another rate, and in another order.
    let changed = envoy.thread(&config(&[("b", "2/h"), ("a", "1/d")]));
    let said = [
        "limit \"b\" begins with full buckets",
        "limit \"a\" keeps its buckets",
    ];
    assert_eq!(envoy.logged(), said);
    assert!(!changed.passes("ada"));

    let without = envoy.thread(&config(&[("b", "2/h")]));
    assert!(without.passes("ada"));
    assert!(!without.passes("ada"));
}

/// What the rest of a limit says, its buckets do not depend on.
#[test]
fn buckets_depend_on_nothing_but_rate_burst_keys_and_name() {
    let limit = json!({ "name": "a", "rate": "1/d", "by": ["header.x-key"] });
    let kept = |changed: Value| {
        let envoy = Envoy::new();
        assert!(envoy.thread(&json!({ "limits": [limit] })).passes("ada"));
        let mut other = limit.clone();
        other
            .as_object_mut()
            .unwrap()
            .append(&mut changed.as_object().unwrap().clone());
        !envoy.thread(&json!({ "limits": [other] })).passes("ada")
    };
    assert!(kept(json!({})));
    assert!(kept(json!({ "status": 503 })));
    assert!(kept(json!({ "exempt": { "x": { "methods": ["PUT"] } } })));
    assert!(kept(json!({ "burst": 1 })));
    assert!(!kept(json!({ "rate": "2/d", "burst": 1 })));
    assert!(!kept(json!({ "burst": 2 })));
    assert!(!kept(json!({ "by": [{ "header": "x-key" }, "host"] })));
    assert!(!kept(json!({ "name": "b" })));
    assert!(!kept(json!({ "keys": 8 })));
    assert!(!kept(json!({ "rate": "2/d", "burst": 2, "share": 2 })));
}

#[test]
fn a_table_stays_its_owners_while_somebody_lives_with_it() {
    let envoy = Envoy::new();
    let mut thread = envoy.thread(&config(&[("a", "1/d")]));
    assert!(thread.passes("ada"));
    thread.live(600);
    envoy.thread(&config(&[("b", "1/d")]));
    assert!(!thread.passes("ada"));
}

/// After a pause in which nobody said that it is in use, a table may be another's: then who believes that it
/// is his is refused, until he has been given another.
#[test]
fn who_has_lost_its_table_gets_nothing_from_it() {
    let envoy = Envoy::new();
    let mut stale = envoy.thread(&config(&[("a", "1/d")]));
    assert!(stale.passes("ada"));
    envoy.pass(Duration::from_secs(61));
    let before = envoy.memory();
    let new = envoy.thread(&config(&[("b", "1/d")]));
    assert_eq!(envoy.memory(), before, "it has the table of the other");

    let over = stale.send(&[("x-key", "bob")]).map(|_| ()).unwrap_err();
    assert_eq!(over.status, 429);
    assert!(!stale.passes("ada"));
    assert!(new.passes("ada"));
    assert!(!new.passes("ada"));

    envoy.logged();
    stale.tick();
    assert_eq!(envoy.logged(), ["limit \"a\" begins with full buckets"]);
    let refused = ";limit=a;;outcome=lost;".to_owned();
    assert_eq!(envoy.counted()[&refused], 2);
    assert!(stale.passes("bob"));
    assert!(!stale.passes("bob"));
    assert!(!new.passes("ada"));
}

/// Whoever was given it has trapped while it was cleared.
#[test]
fn a_table_that_nobody_cleared_to_the_end_is_cleared_by_who_comes_next() {
    let envoy = Envoy::new();
    let config = config(&[("a", "1/d")]);
    envoy.thread(&config);
    for row in 1..8 {
        let place = format!("limits1.0000000.{row:05x}");
        envoy.0.borrow_mut().shared.remove(&place).unwrap();
    }
    let thread = envoy.thread(&config);
    let keys: Vec<String> = (0..64).map(|key| key.to_string()).collect();
    let passed = keys.iter().filter(|key| thread.passes(key)).count();
    assert!(passed > 48, "{passed}");
}

/// Nobody was given its table meanwhile.
#[test]
fn who_was_away_and_lost_nothing_keeps_its_buckets() {
    let envoy = Envoy::new();
    let mut thread = envoy.thread(&config(&[("a", "1/d")]));
    assert!(thread.passes("ada"));
    envoy.pass(Duration::from_secs(3_600));
    thread.tick();
    envoy.thread(&config(&[("b", "1/d")]));
    assert!(!thread.passes("ada"));
}

#[test]
fn a_hundred_changes_take_no_more_room_than_two() {
    let envoy = Envoy::new();
    let mut sizes = Vec::new();
    for change in 1..=100 {
        // The old thread ends while the new one begins.
        let rate = format!("{change}/d");
        let mut thread = envoy.thread(&config(&[("a", &rate), ("b", "1/d")]));
        assert!(thread.passes("ada") || change > 1, "b keeps its buckets");
        thread.live(61);
        sizes.push(envoy.memory());
    }
    assert!(sizes[2..].iter().all(|size| *size == sizes[1]), "{sizes:?}");
}

#[test]
fn counters_are_named_by_limit_and_outcome() {
    let envoy = Envoy::new();
    let of = |name: &str, more: Value| {
        let mut limit = json!({ "name": name, "rate": "1/d", "by": ["header.x-key"] });
        limit
            .as_object_mut()
            .unwrap()
            .append(&mut more.as_object().unwrap().clone());
        limit
    };
    let config = json!({
        "limits": [
            of("a;b%", json!({ "exempt": { "eve": { "headers": { "x-key": "eve" } } } })),
            of("tried", json!({ "dry_run": true, "keys": 1 })),
        ],
        "routes": [{ "name": "home", "match": { "path": "/" }, "limits": [of("own", json!({}))] }],
    });
    let mut thread = envoy.thread(&config);
    for (key, passes) in [("ada", true), ("ada", false), ("eve", true)] {
        assert_eq!(thread.passes(key), passes);
    }
    assert!(envoy.counted().is_empty(), "it is told in ticks");
    thread.tick();
    let expected = [
        (";limit=a%3Bb%25;;outcome=exempt;", 1),
        (";limit=a%3Bb%25;;outcome=passed;", 1),
        (";limit=home/own;;outcome=passed;", 2),
        (";limit=home/own;;outcome=refused;", 1),
        (";limit=tried;;outcome=passed;", 2),
    ];
    let expected = expected.map(|(name, count)| (name.to_owned(), count));
    assert_eq!(envoy.counted().into_iter().collect::<Vec<_>>(), expected);
    thread.tick();
    assert_eq!(envoy.counted().len(), 5, "and told once");
}
