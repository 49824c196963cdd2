//! Limits that a rate-limit service holds: what of its answers is remembered, and for which requests.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]

mod rig;

use std::time::Duration;

use rig::{Envoy, Thread};
use serde_json::{Value, json};

/// A limit by user and one by tenant, of these rates.
fn config(user: &str, tenant: &str) -> Value {
    let limit = |name: &str, rate: &str| json!({ "name": name, "rate": rate, "by": [format!("header.x-{name}")], "engine": { "ratelimit": {} } });
    json!({ "limits": [limit("user", user), limit("tenant", tenant)] })
}

/// As Envoy's filter answers for the service: the rate of the limit that is over, and after how many seconds its
/// period is.
fn refused<'a>(tokens: &'a str, reset: &'a str) -> [(&'a str, &'a str); 4] {
    [
        (":status", "429"),
        ("x-headgate-over", "1"),
        ("x-ratelimit-limit", tokens),
        ("x-ratelimit-reset", reset),
    ]
}

fn of<'a>(user: &'a str, tenant: &'a str) -> [(&'a str, &'a str); 2] {
    [("x-user", user), ("x-tenant", tenant)]
}

/// Sends a request that the service refuses; what its client is told.
fn flood(thread: &Thread, request: &[(&str, &str)], answer: &[(&str, &str)]) -> String {
    let passed = thread.send(request).map_err(|reply| reply.label).unwrap();
    let reply = passed.answered(answer).map(|_| ()).unwrap_err();
    assert_eq!(reply.status, 429);
    String::from_utf8(reply.body).unwrap()
}

#[test]
fn the_limit_that_is_over_is_told_by_its_rate_and_remembered_alone() {
    let envoy = Envoy::new();
    let thread = envoy.thread(&config("10/m", "100/m"));
    let told = flood(
        &thread,
        &of("ada", "shop"),
        &refused("100, 10;w=60, 100;w=60", "30"),
    );
    assert!(
        told.contains("The limit \\\"tenant\\\" is reached."),
        "{told}"
    );
    // The tenant is over for all its users, on every thread; the user is not.
    let other = envoy.thread(&config("10/m", "100/m"));
    assert!(other.send(&of("bob", "shop")).is_err());
    assert!(other.send(&of("ada", "bank")).is_ok());
    envoy.pass(Duration::from_secs(29));
    assert!(thread.send(&of("bob", "shop")).is_err());
    envoy.pass(Duration::from_secs(1));
    assert!(thread.send(&of("bob", "shop")).is_ok());
}

/// Periods end at whole seconds of the wall clock: what is left of one is not a second too long.
#[test]
fn a_period_ends_with_its_second() {
    let envoy = Envoy::new();
    envoy.pass(Duration::from_millis(800));
    let thread = envoy.thread(&config("10/m", "100/m"));
    flood(&thread, &of("ada", "shop"), &refused("10, 10;w=60", "2"));
    envoy.pass(Duration::from_millis(1_199));
    assert!(thread.send(&of("ada", "bank")).is_err());
    envoy.pass(Duration::from_millis(1));
    assert!(thread.send(&of("ada", "bank")).is_ok());
}

/// A period ends while the service is asked. It may have decided before, and the next period is new.
#[test]
fn a_refusal_of_a_period_that_ended_meanwhile_is_not_remembered() {
    let envoy = Envoy::new();
    envoy.pass(Duration::from_millis(990));
    let thread = envoy.thread(&config("10/s", "100/s"));
    let request = of("ada", "shop");
    let passed = thread.send(&request).map_err(|reply| reply.label).unwrap();
    envoy.pass(Duration::from_millis(20));
    let answer = refused("10, 10;w=1, 100;w=1", "1");
    assert_eq!(
        passed.answered(&answer).map(|_| ()).unwrap_err().status,
        429
    );
    assert!(thread.send(&request).is_ok());
    // Of the period that lasts, it is.
    flood(&thread, &request, &answer);
    assert!(thread.send(&request).is_err());
}

/// Both have the rate that is told: only who asks for both again is known to be refused.
#[test]
fn where_it_is_not_told_which_is_over_both_together_are() {
    let envoy = Envoy::new();
    let thread = envoy.thread(&config("10/m", "10/m"));
    flood(
        &thread,
        &of("ada", "shop"),
        &refused("10, 10;w=60, 10;w=60", "30"),
    );
    assert!(thread.send(&of("ada", "shop")).is_err());
    assert!(thread.send(&of("bob", "shop")).is_ok());
    assert!(thread.send(&of("ada", "bank")).is_ok());
    envoy.pass(Duration::from_secs(30));
    assert!(thread.send(&of("ada", "shop")).is_ok());
}

/// A period of a minute does not end in an hour: it is the other's.
#[test]
fn a_limit_whose_period_is_shorter_is_not_the_one() {
    let envoy = Envoy::new();
    let thread = envoy.thread(&config("10/m", "10/h"));
    flood(
        &thread,
        &of("ada", "shop"),
        &refused("10, 10;w=60, 10;w=3600", "61"),
    );
    assert!(thread.send(&of("ada", "bank")).is_ok());
    assert!(thread.send(&of("bob", "shop")).is_err());
}

/// Fields that cannot be read, or are not there: for a moment nobody asks for both again.
#[test]
fn an_answer_that_cannot_be_read_is_believed_for_a_second() {
    for answer in [
        refused("", ""),
        refused("many", "soon"),
        refused("-1", "-1"),
        refused("99999999999", "99999999999"),
    ] {
        let envoy = Envoy::new();
        let thread = envoy.thread(&config("10/m", "100/m"));
        flood(&thread, &of("ada", "shop"), &answer);
        assert!(thread.send(&of("bob", "bank")).is_ok(), "{answer:?}");
        envoy.pass(Duration::from_secs(1));
        assert!(thread.send(&of("ada", "shop")).is_ok(), "{answer:?}");
    }
}

/// Where nobody was asked, what an answer says of limits is an upstream's own, and stays.
#[test]
fn who_was_not_asked_about_is_not_told_about() {
    let envoy = Envoy::new();
    let mut config = config("10/m", "100/m");
    for limit in config["limits"].as_array_mut().unwrap() {
        limit["when"] = json!({ "methods": ["POST"] });
    }
    let thread = envoy.thread(&config);
    let passed = thread.send(&of("ada", "shop")).map_err(|reply| reply.label);
    let host = passed.unwrap().answered(&refused("10, 10;w=60", "30"));
    let host = host.map_err(|reply| reply.label).unwrap();
    assert_eq!(host.response.headers.len(), 4);
}

/// Nobody outside writes what the service is asked, in whatever case or place.
#[test]
fn forged_fields_go_and_those_of_the_limiter_stay() {
    let envoy = Envoy::new();
    let thread = envoy.thread(&config("10/m", "100/m"));
    let forged = [
        ("x-headgate-limit-name-0", "none"),
        ("x-headgate-limit-key-0", "mine"),
        ("x-headgate-limit-name-2", "user"),
        ("x-headgate-limit-key-2", "eve"),
        ("x-headgate-limit-", ""),
        ("x-user", "ada"),
    ];
    let passed = thread.send(&forged).map_err(|reply| reply.label).unwrap();
    assert_eq!(passed.forwarded("x-headgate-limit-name-0").unwrap(), "user");
    assert_eq!(passed.forwarded("x-headgate-limit-key-0").unwrap(), "ada");
    assert_eq!(passed.forwarded("x-headgate-limit-cost-0").unwrap(), "1");
    assert_eq!(passed.forwarded("x-headgate-limit-key-1").unwrap(), "-");
    assert_eq!(passed.forwarded("x-headgate-limit-name-2"), None);
    assert_eq!(passed.forwarded("x-headgate-limit-"), None);
    assert_eq!(passed.forwarded("x-user").unwrap(), "ada");
}

/// What a user's own Envoy holds beside the service is given back when the service refuses.
#[test]
fn what_the_service_refuses_takes_nothing_here() {
    let envoy = Envoy::new();
    let mut config = config("10/m", "100/m");
    config["limits"][0]["engine"]["ratelimit"]["local"] = json!({ "rate": "1/d" });
    let thread = envoy.thread(&config);
    flood(&thread, &of("ada", "shop"), &refused("100, 100;w=60", "1"));
    envoy.pass(Duration::from_secs(1));
    assert!(thread.send(&of("ada", "shop")).is_ok());
    assert!(thread.send(&of("ada", "shop")).is_err());
}

#[test]
fn a_dry_run_is_not_asked_in_vain_and_refuses_nobody() {
    let envoy = Envoy::new();
    let mut config = config("10/m", "100/m");
    config["limits"][0]["dry_run"] = true.into();
    let mut thread = envoy.thread(&config);
    flood(&thread, &of("ada", "shop"), &refused("100, 100;w=60", "30"));
    let passed = thread.send(&of("ada", "bank")).map_err(|reply| reply.label);
    // Asked about apart, so that it is in no other's way.
    let passed = passed.unwrap();
    assert_eq!(
        passed.forwarded("x-headgate-limit-name-0").unwrap(),
        "tenant"
    );
    assert_eq!(
        passed.forwarded("x-headgate-limit-dry-name-0").unwrap(),
        "user"
    );
    assert_eq!(passed.forwarded("x-headgate-limit-name-1"), None);
    thread.tick();
    let counted = envoy.counted();
    assert_eq!(counted[";limit=tenant;;outcome=refused_by_service;"], 1);
    assert_eq!(counted[";limit=user;;outcome=asked;"], 2);
}
