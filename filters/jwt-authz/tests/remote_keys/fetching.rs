//! Who fetches, and when.

use std::time::Duration;

use filter_api::{CalloutId, Filter, Root, parse_config};
use jwt_authz::JwtAuthz;
use serde_json::json;

use crate::rig::{Fate, NOW, Pair, Rig, TICK, config, set, status};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn ticks_are_rare_where_no_keys_are_fetched() {
    let secret = json!({ "algorithm": "HS256", "text": "x".repeat(32) });
    let mut config = config(&json!({}));
    let period = |config: &serde_json::Value| {
        let config = parse_config(config.to_string().as_bytes());
        let filter = std::rc::Rc::new(config.and_then(JwtAuthz::compile).unwrap());
        filter.root().tick_period()
    };
    assert_eq!(period(&config).unwrap().get(), TICK);
    config["providers"]["corp"]["keys"] = json!({ "secret": secret });
    // Good tokens are told once a second; without a provider there are none.
    assert_eq!(period(&config).unwrap().get(), Duration::from_secs(1));
    config["providers"] = json!({});
    config["rules"] = json!([]);
    assert_eq!(period(&config), None);
}

/// A thread on which a configuration is but tried starts and never ticks.
#[test]
fn a_start_fetches_nothing_and_the_first_tick_does() {
    let pair = Pair::new("a", 1);
    let mut rig = Rig::new(3, &config(&json!({})));
    rig.answer(set(&[&pair]));
    assert_eq!(rig.fetches(), 0);
    rig.tick(&mut []);
    assert_eq!(rig.fetches(), 1);
    rig.tick(&mut []);
    assert_eq!(rig.fates(&pair.token()), [Fate::Passed; 3]);
    assert_eq!((rig.fetches(), rig.ended("fresh")), (1, 1));
}

#[test]
fn keys_are_fetched_again_in_time() {
    let pair = Pair::new("a", 1);
    let rig = &mut Rig::with_keys(&config(&json!({})), &[&pair]);
    rig.pass(Duration::from_secs(9 * 60), &mut []);
    assert_eq!(rig.fetches(), 1);
    rig.pass(Duration::from_secs(61), &mut []);
    assert_eq!((rig.fetches(), rig.ended("unchanged")), (2, 1));
    let mut answer = set(&[&pair]);
    answer.headers = vec!["cache-control: max-age=60".to_owned()];
    rig.answer(answer);
    // Up to a tenth of the time earlier, and after that each minute.
    rig.pass(Duration::from_secs(10 * 60), &mut []);
    let fetches = rig.fetches();
    assert!((3..=5).contains(&fetches), "{fetches}");
    rig.pass(Duration::from_secs(600), &mut []);
    let more = rig.fetches() - fetches;
    assert!((10..=12).contains(&more), "{more}");
}

#[test]
fn the_age_of_keys_is_shown_once_there_are_any() {
    let mut rig = Rig::new(2, &config(&json!({})));
    rig.pass(SECOND, &mut []);
    assert!(rig.world.borrow().gauges.is_empty());
    let pair = Pair::new("a", 1);
    let mut rig = Rig::with_keys(&config(&json!({})), &[&pair]);
    rig.answer(status(503));
    rig.sleep(Duration::from_secs(3600) - 2 * TICK);
    rig.tick(&mut []);
    rig.tick(&mut []);
    let gauges = rig.world.borrow().gauges.clone();
    let age = gauges["headgate_jwt_keys_age_seconds;provider=corp;"];
    assert_eq!(age, 3600);
}

/// Each pause is twice the one before, to a minute; the keys that are there stay for good.
#[test]
fn a_server_that_is_down_is_asked_less_and_less_and_its_keys_stay() {
    let pair = Pair::new("a", 1);
    let mut rig = Rig::with_keys(&config(&json!({ "refresh": "30s" })), &[&pair]);
    rig.answer(status(503));
    let mut asked = Vec::new();
    for tick in 0..6000_u64 {
        let before = rig.fetches();
        rig.tick(&mut []);
        if rig.fetches() > before {
            asked.push(tick);
        }
    }
    let pauses: Vec<u64> = asked.windows(2).map(|two| two[1] - two[0]).collect();
    for (pause, seconds) in pauses.iter().zip([1, 2, 4, 8, 16, 32, 60, 60]) {
        let (least, most) = (seconds * 9, seconds * 10 + 1);
        assert!((least..=most).contains(pause), "{pauses:?}");
    }
    assert_eq!(rig.fates(&pair.token()), [Fate::Passed; 2]);
    assert_eq!(rig.ended("failed"), u64::from(rig.fetches() - 1));
    rig.answer(set(&[&pair]));
    rig.pass(61 * SECOND, &mut []);
    assert!(rig.ended("unchanged") > 0);
}

/// The lease of a thread that is gone with its fetch expires.
#[test]
fn a_fetch_whose_thread_is_gone_is_made_by_another() {
    let pair = Pair::new("a", 1);
    let mut rig = Rig::new(2, &config(&json!({ "timeout": "2s" })));
    rig.answer(set(&[&pair]));
    rig.tick_unanswered(&mut []);
    assert_eq!(rig.fetches(), 1);
    rig.end_thread(0);
    assert!(rig.world.borrow_mut().answer_next().is_some());
    rig.pass(3 * SECOND, &mut []);
    assert_eq!(rig.fetches(), 1);
    rig.tick(&mut []);
    assert_eq!(rig.fetches(), 2);
    assert_eq!(rig.fates(&pair.token()), [Fate::Passed]);
}

/// Whoever is late has lost the lease, and what it brings is not taken for new: neither while another
/// thread fetches, nor behind its answer.
#[test]
fn an_answer_that_comes_too_late_changes_nothing() {
    let (old, new) = (Pair::new("a", 1), Pair::new("b", 2));
    for is_behind in [false, true] {
        let mut rig = Rig::new(2, &config(&json!({ "timeout": "1s" })));
        rig.answer(set(&[&old]));
        rig.tick_unanswered(&mut []);
        let late = rig.world.borrow_mut().answer_next().unwrap();
        rig.answer(set(&[&new]));
        rig.sleep(3 * SECOND);
        rig.tick_of(1);
        assert_eq!(rig.fetches(), 2);
        if is_behind {
            rig.answers_come(&mut []);
        }
        let before = rig.ended("fresh");
        rig.deliver(late);
        assert_eq!(rig.ended("fresh"), before);
        rig.tick(&mut []);
        rig.tick(&mut []);
        assert_eq!(rig.fates(&new.token()), [Fate::Passed; 2]);
        assert_eq!((rig.ended("fresh"), rig.fetches()), (1, 2));
    }
}

#[test]
fn another_configuration_finds_the_keys_at_once() {
    let pair = Pair::new("a", 1);
    let mut rig = Rig::with_keys(&config(&json!({})), &[&pair]);
    rig.start_thread(&config(&json!({ "wait": "1s" })));
    assert_eq!(rig.fates(&pair.token()), [Fate::Passed; 3]);
    rig.tick(&mut []);
    assert_eq!(rig.fetches(), 1);
}

#[test]
fn providers_of_one_url_fetch_once() {
    let pair = Pair::new("a", 1);
    let mut config = config(&json!({}));
    config["providers"]["other"] = config["providers"]["corp"].clone();
    config["rules"][0]["require"] =
        json!({ "all": [{ "provider": "corp" }, { "provider": "other" }] });
    let rig = Rig::with_keys(&config, &[&pair]);
    assert_eq!(rig.fates(&pair.token()), [Fate::Passed; 2]);
}

/// Bytes that are no record, and records of a time that cannot be, have keys fetched again; meanwhile
/// those that are there stay.
#[test]
fn a_damaged_record_costs_a_fetch() {
    let pair = Pair::new("a", 1);
    let whole = {
        let rig = Rig::with_keys(&config(&json!({})), &[&pair]);
        let world = rig.world.borrow();
        let slot = world.shared.iter().find(|(key, _)| key.contains("slot"));
        slot.unwrap().1.value.clone()
    };
    let ones = [&[1][..], &[0xff; 56]].concat();
    for bytes in [b"".to_vec(), b"pass".to_vec(), whole[..20].to_vec(), ones] {
        let mut rig = Rig::with_keys(&config(&json!({})), &[&pair]);
        rig.damage("slot", &bytes);
        rig.tick(&mut []);
        rig.tick(&mut []);
        assert_eq!(rig.fetches(), 2, "{bytes:?}");
        assert_eq!(rig.fates(&pair.token()), [Fate::Passed; 2], "{bytes:?}");
        rig.pass(SECOND, &mut []);
        assert_eq!(rig.fetches(), 2, "{bytes:?}");
    }
}

#[test]
fn what_is_damaged_does_not_have_a_server_that_is_down_asked_more_often() {
    let pair = Pair::new("a", 1);
    for what in ["slot", "keys"] {
        let mut rig = Rig::with_keys(&config(&json!({})), &[&pair]);
        rig.damage(what, b"");
        rig.start_thread(&config(&json!({})));
        rig.answer(status(503));
        rig.pass(10 * SECOND, &mut []);
        assert!((4..=6).contains(&rig.fetches()), "{}", rig.fetches());
        let token = pair.token();
        let here = rig.fates(&token);
        assert_eq!(here, [Fate::Passed, Fate::Passed, Fate::Waits]);
    }
}

#[test]
fn damaged_keys_are_fetched_by_who_needs_them() {
    let pair = Pair::new("a", 1);
    for bytes in [&b""[..], b"<html>", b"{\"keys\":[]}"] {
        let mut rig = Rig::with_keys(&config(&json!({})), &[&pair]);
        rig.damage("keys", bytes);
        rig.start_thread(&config(&json!({})));
        rig.tick(&mut []);
        rig.tick(&mut []);
        assert_eq!(rig.fetches(), 2);
        assert_eq!(rig.fates(&pair.token()), [Fate::Passed; 3]);
    }
}

/// A clock that is set back by a year keeps no keys for a year.
#[test]
fn a_clock_that_was_set_back_hurts_nobody() {
    let pair = Pair::new("a", 1);
    let mut rig = Rig::with_keys(&config(&json!({})), &[&pair]);
    rig.world.borrow_mut().now = NOW / 2;
    rig.tick(&mut []);
    assert_eq!(rig.fetches(), 2);
    rig.pass(SECOND, &mut []);
    assert_eq!(rig.fetches(), 2);
}

#[test]
fn what_was_never_asked_is_not_taken_for_an_answer() {
    let pair = Pair::new("a", 1);
    let mut rig = Rig::new(1, &config(&json!({})));
    rig.answer(set(&[&pair]));
    rig.tick_unanswered(&mut []);
    let (_, outcome) = rig.world.borrow_mut().answer_next().unwrap();
    rig.deliver((CalloutId(4711), outcome));
    assert_eq!(rig.fates(&pair.token()), [Fate::Waits]);
}
