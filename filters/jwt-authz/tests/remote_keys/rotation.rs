//! Keys change.

use std::time::Duration;

use serde_json::{Value, json};

use crate::rig::{Fate, Pair, Request, Rig, body, config, made_up, set, status};

const UNKNOWN: Fate = Fate::Refused("key_unknown");

fn fates(requests: &[Request]) -> Vec<Fate> {
    requests.iter().map(|request| request.fate).collect()
}

#[test]
fn a_token_by_a_new_key_waits_for_it_and_passes() {
    let (old, new) = (Pair::new("a", 1), Pair::new("b", 2));
    let mut rig = Rig::with_keys(&config(&json!({})), &[&old]);
    rig.answer(set(&[&old, &new]));
    let mut waiting: Vec<_> = (0..2)
        .map(|thread| rig.send(thread, &new.token()))
        .collect();
    assert_eq!(fates(&waiting), [Fate::Waits; 2]);
    // Nobody who has a key waits with them.
    assert_eq!(rig.fates(&old.token()), [Fate::Passed; 2]);
    rig.tick(&mut waiting);
    rig.tick(&mut waiting);
    assert_eq!(fates(&waiting), [Fate::Passed; 2]);
    assert_eq!((rig.fetches(), rig.ended("fresh")), (2, 2));
}

/// What is remembered of tokens goes with their key, and stays with a key that stays.
#[test]
fn a_token_by_a_key_that_went_does_not_pass_and_one_by_a_key_that_stays_does() {
    let (old, kept, new) = (Pair::new("a", 1), Pair::new("b", 2), Pair::new("c", 3));
    let mut rig = Rig::with_keys(&config(&json!({})), &[&old, &kept]);
    for token in [old.token(), kept.token()] {
        assert_eq!(rig.fates(&token), [Fate::Passed; 2]);
    }
    rig.answer(set(&[&new, &kept]));
    let mut waiting = [rig.send(0, &new.token())];
    rig.tick(&mut waiting);
    rig.tick(&mut waiting);
    assert_eq!(rig.fates(&old.token()), [UNKNOWN; 2]);
    assert_eq!(rig.fates(&new.token()), [Fate::Passed; 2]);
    let before = rig.cached();
    assert_eq!(rig.fates(&kept.token()), [Fate::Passed; 2]);
    assert_eq!(rig.cached(), before + 2);
}

/// A name is not a key: another one by the same name makes tokens of the first invalid.
#[test]
fn a_key_that_is_replaced_under_its_name_is_gone() {
    let (old, new) = (Pair::new("a", 1), Pair::new("a", 2));
    let mut rig = Rig::with_keys(&config(&json!({ "refresh": "30s" })), &[&old]);
    assert_eq!(rig.fates(&old.token()), [Fate::Passed; 2]);
    rig.answer(set(&[&new]));
    rig.pass(Duration::from_secs(31), &mut []);
    let invalid = Fate::Refused("signature_invalid");
    assert_eq!(rig.fates(&old.token()), [invalid; 2]);
    assert_eq!(rig.fates(&new.token()), [Fate::Passed; 2]);
}

#[test]
fn keys_without_names_rotate_too() {
    let (old, new) = (Pair::new("", 1), Pair::new("", 2));
    let mut rig = Rig::with_keys(&config(&json!({})), &[&old]);
    rig.answer(set(&[&new]));
    let mut waiting = [rig.send(0, &new.token())];
    assert_eq!(fates(&waiting), [Fate::Waits]);
    rig.tick(&mut waiting);
    rig.tick(&mut waiting);
    assert_eq!(fates(&waiting), [Fate::Passed]);
    assert_eq!(
        rig.fates(&old.token()),
        [Fate::Refused("signature_invalid"); 2]
    );
}

/// A thread learns at its tick what another has fetched; until then it refuses nothing for it.
#[test]
fn a_thread_that_is_behind_refuses_no_token_for_it() {
    let (old, same, new) = (Pair::new("a", 1), Pair::new("a", 2), Pair::new("b", 3));
    let fetch = json!({ "refresh": "30s", "cooldown": "1h" });
    let mut rig = Rig::with_keys(&config(&fetch), &[&old]);
    // The one fetch of this hour for the sake of a name.
    let mut made_up = [rig.send(0, &made_up("x"))];
    rig.tick(&mut made_up);
    rig.tick(&mut made_up);
    assert_eq!(rig.send(1, &new.token()).fate, UNKNOWN);
    rig.sleep(Duration::from_secs(31));
    rig.answer(set(&[&same, &new]));
    rig.tick(&mut []);
    let mut waiting = [rig.send(1, &same.token()), rig.send(1, &new.token())];
    assert_eq!(fates(&waiting), [Fate::Waits; 2]);
    rig.tick(&mut waiting);
    assert_eq!(fates(&waiting), [Fate::Passed; 2]);
}

/// A signature that is wrong for the key that its token names is no reason for a fetch.
#[test]
fn a_forged_token_waits_for_nothing() {
    let (mine, forger) = (Pair::new("a", 1), Pair::new("a", 2));
    let rig = Rig::with_keys(&config(&json!({})), &[&mine]);
    let invalid = Fate::Refused("signature_invalid");
    assert_eq!(rig.fates(&forger.token()), [invalid; 2]);
}

#[test]
fn a_flood_of_names_costs_a_fetch_a_cooldown() {
    let pair = Pair::new("a", 1);
    let mut rig = Rig::with_keys(&config(&json!({ "cooldown": "2s" })), &[&pair]);
    let before = rig.fetches();
    let mut flood = Vec::new();
    for number in 0..100_usize {
        for thread in 0..2 {
            let token = made_up(&format!("{thread} {number}"));
            flood.push(rig.send(thread, &token));
        }
        rig.tick(&mut flood);
    }
    // Ten seconds.
    let fetches = rig.fetches() - before;
    assert!((4..=6).contains(&fetches), "{fetches} fetches");
    rig.pass(Duration::from_secs(3), &mut flood);
    assert!(flood.iter().all(|request| request.fate == UNKNOWN));
    assert_eq!(rig.fates(&pair.token()), [Fate::Passed; 2]);
}

/// A name that a fetch has not brought is no reason for the next one.
#[test]
fn a_name_that_is_missing_is_refused_at_once_for_three_cooldowns() {
    let (pair, other) = (Pair::new("a", 1), Pair::new("b", 2));
    let mut rig = Rig::with_keys(&config(&json!({ "cooldown": "1s" })), &[&pair]);
    let mut waiting = [rig.send(0, &other.token())];
    rig.tick(&mut waiting);
    rig.tick(&mut waiting);
    assert_eq!(fates(&waiting), [UNKNOWN]);
    for _ in 0..2 {
        rig.pass(Duration::from_secs(1), &mut []);
        assert_eq!(rig.send(0, &other.token()).fate, UNKNOWN);
    }
    assert_eq!(rig.fetches(), 2);
    rig.pass(Duration::from_secs(1), &mut []);
    assert_eq!(rig.send(0, &other.token()).fate, Fate::Waits);
    // New keys, and it may be among them: nothing is missing any more.
    let mut waiting = [rig.send(0, &made_up("c"))];
    rig.answer(set(&[&pair, &other]));
    rig.tick(&mut waiting);
    rig.tick(&mut waiting);
    assert_eq!(rig.fates(&other.token()), [Fate::Passed; 2]);
}

#[test]
fn with_new_keys_no_name_is_missing_any_more() {
    let (pair, new) = (Pair::new("a", 1), Pair::new("b", 2));
    for (keys, fate) in [(vec![&pair], UNKNOWN), (vec![&pair, &new], Fate::Waits)] {
        let mut rig = Rig::with_keys(&config(&json!({ "cooldown": "2s" })), &[&pair]);
        for kid in ["x", "y"] {
            let mut waiting = [rig.send(0, &made_up(kid))];
            rig.pass(Duration::from_millis(2500), &mut waiting);
            assert_eq!(fates(&waiting), [UNKNOWN]);
            rig.answer(set(&keys));
        }
        assert_eq!(rig.send(0, &made_up("x")).fate, fate);
    }
}

/// While the server is down nobody knows whether a new name is a key's.
#[test]
fn a_new_name_waits_while_the_server_is_down_and_is_not_called_wrong() {
    let (pair, new) = (Pair::new("a", 1), Pair::new("b", 2));
    let mut rig = Rig::with_keys(&config(&json!({})), &[&pair]);
    rig.answer(status(503));
    let mut waiting = [rig.send(0, &new.token())];
    rig.pass(Duration::from_millis(4900), &mut waiting);
    assert_eq!(fates(&waiting), [Fate::Waits]);
    rig.pass(Duration::from_secs(1), &mut waiting);
    assert_eq!(fates(&waiting), [Fate::Refused("keys_unavailable")]);
    let mut waiting = [rig.send(0, &new.token())];
    rig.answer(set(&[&pair, &new]));
    rig.pass(Duration::from_secs(4), &mut waiting);
    assert_eq!(fates(&waiting), [Fate::Passed]);
}

/// One bad token without a name does not keep those of the next key, which have none either, from being
/// fetched for.
#[test]
fn a_bad_token_without_a_name_is_no_reason_to_refuse_the_next() {
    let (old, new) = (Pair::new("", 1), Pair::new("", 2));
    let mut rig = Rig::with_keys(&config(&json!({ "cooldown": "1s" })), &[&old]);
    let forged = Pair::new("", 3);
    let mut waiting = [rig.send(0, &forged.token())];
    rig.pass(Duration::from_millis(1500), &mut waiting);
    rig.answer(set(&[&new]));
    let mut waiting = [rig.send(0, &new.token())];
    rig.pass(Duration::from_millis(500), &mut waiting);
    assert_eq!(fates(&waiting), [Fate::Passed]);
}

/// Which algorithms are taken may be said by a key that is still to come.
#[test]
fn a_token_of_an_algorithm_that_only_a_new_key_is_for_waits_for_it() {
    let vectors: Vec<Value> =
        serde_json::from_str(include_str!("../vectors/algorithms.json")).unwrap();
    let pss = vectors.iter().find(|vector| vector["name"] == "PS256");
    let (token, mut key) = (&pss.unwrap()["token"], pss.unwrap()["keys"]["jwk"].clone());
    let token = token.as_str().unwrap();
    key["alg"] = "PS256".into();
    let pair = Pair::new("a", 1);
    let mut rig = Rig::with_keys(&config(&json!({})), &[&pair]);
    let mut waiting = [rig.send(0, token)];
    assert_eq!(fates(&waiting), [Fate::Waits]);
    rig.answer(body(json!({ "keys": [key] }).to_string()));
    rig.tick(&mut waiting);
    rig.tick(&mut waiting);
    assert_eq!(fates(&waiting), [Fate::Passed]);
}
