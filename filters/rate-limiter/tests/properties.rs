//! Whatever comes, in whatever order: no key is given more than its limit.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]

mod rig;

use std::collections::BTreeMap;
use std::time::Duration;

use filter_api::SharedValue;
use proptest::prelude::*;
use rig::{Envoy, Thread};
use serde_json::{Value, json};

const SECOND: i64 = 1_000_000_000;
const MILLISECOND: i64 = 1_000_000;

/// The bucket that a limit promises to a key, without any rounding: filled by `tokens` for each nanosecond, and
/// a token is as much as comes in a nanosecond of its period.
struct Promised {
    tokens: i128,
    period: i128,
    burst: i128,
    /// By how many nanoseconds tokens may come too early.
    early: i64,
    /// By key: how much there is, and since when.
    buckets: BTreeMap<String, (i128, i64)>,
}

impl Promised {
    fn new(tokens: u32, period: i64, burst: u32) -> Self {
        Self {
            tokens: tokens.into(),
            period: period.into(),
            burst: burst.into(),
            early: 0,
            buckets: BTreeMap::new(),
        }
    }

    /// How much is in the bucket of a key.
    fn level(&mut self, key: &str, now: i64) -> &mut i128 {
        let full = self.burst * self.period + i128::from(self.early) * self.tokens;
        let bucket = self.buckets.entry(key.to_owned()).or_insert((full, now));
        let come = i128::from(now - bucket.1) * self.tokens;
        *bucket = ((bucket.0 + come).min(full), now);
        &mut bucket.0
    }

    fn has(&mut self, key: &str, now: i64, cost: u32) -> bool {
        *self.level(key, now) >= i128::from(cost) * self.period
    }

    fn take(&mut self, key: &str, now: i64, cost: u32) {
        let taken = i128::from(cost) * self.period;
        let level = self.level(key, now);
        *level -= taken;
        assert!(*level >= 0, "{key} was given more than its limit: {level}");
    }
}

/// A request: how the clock moves before it, in milliseconds; its keys; its cost; and on which thread.
type Step = (i64, u8, u8, u32, bool);

fn steps(pauses: std::ops::Range<i64>, keys: u8) -> impl Strategy<Value = Vec<Step>> {
    let step = (pauses, 0..keys, 0..3_u8, 1..4_u32, any::<bool>());
    prop::collection::vec(step, 1..300)
}

/// The longest that a thread is held up, in milliseconds.
const LATE: i64 = 700;

/// Eight keys have a bucket of their own.
fn one_row(a_minute: u32, burst: u32) -> Value {
    json!({ "limits": [{
        "rate": format!("{a_minute}/m"),
        "burst": burst,
        "by": ["header.x-one"],
        "keys": 8,
        "cost": { "header": "x-cost" },
    }] })
}

fn nanoseconds(envoy: &Envoy) -> i64 {
    i64::try_from(envoy.0.borrow().now.as_nanos()).unwrap()
}

fn send(thread: &Thread, one: &str, other: &str, cost: u32) -> bool {
    let cost = cost.to_string();
    let request = [("x-one", one), ("x-other", other), ("x-cost", &*cost)];
    thread.send(&request).is_ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Few keys and one row with room for eight of them, and a clock that is set back and forth: buckets are lost
    /// and found all the time. Time that goes by again is not counted again.
    #[test]
    fn no_churn_gives_a_key_more(
        steps in steps(-900..1_000, 14),
        burst in 3..6_u32,
        a_minute in 50..400_u32,
    ) {
        let envoy = Envoy::new();
        let thread = envoy.thread(&one_row(a_minute, burst));
        let mut promised = Promised::new(a_minute, 60 * SECOND, burst);
        let mut now = nanoseconds(&envoy);
        let mut latest = 0;
        for (pause, one, _, cost, _) in steps {
            now += pause * MILLISECOND;
            envoy.0.borrow_mut().now = Duration::from_nanos(now.unsigned_abs());
            latest = latest.max(now);
            let one = format!("key {one}");
            if send(&thread, &one, "", cost) {
                promised.take(&one, latest, cost);
            }
        }
    }

    /// The same on two threads, which share the buckets. One that is held up after it has looked at the clock
    /// decides by that: so much can come early, and no more.
    #[test]
    fn no_churn_gives_a_key_more_on_several_threads(
        steps in steps(0..900, 14),
        late in prop::collection::vec(0..LATE, 300),
        burst in 3..6_u32,
        a_minute in 50..400_u32,
    ) {
        let envoy = Envoy::new();
        let config = one_row(a_minute, burst);
        let threads = [envoy.thread(&config), envoy.thread(&config)];
        let mut promised = Promised::new(a_minute, 60 * SECOND, burst);
        promised.early = LATE * MILLISECOND;
        let mut now = nanoseconds(&envoy);
        for ((pause, one, _, cost, second), late) in steps.into_iter().zip(late) {
            now += pause * MILLISECOND;
            let seen = now - late * MILLISECOND;
            envoy.0.borrow_mut().now = Duration::from_nanos(seen.unsigned_abs());
            let one = format!("key {one}");
            if send(&threads[usize::from(second)], &one, "", cost) {
                promised.take(&one, now, cost);
            }
        }
    }

    /// Where there is room for all, the limits give exactly what they promise, and what one of them refuses takes
    /// nothing from the other: every answer is that of exact buckets.
    #[test]
    fn with_room_for_all_keys_every_answer_is_exact(steps in steps(0..400, 6)) {
        let envoy = Envoy::new();
        let cost = json!({ "header": "x-cost" });
        let config = json!({ "limits": [
            { "name": "one", "rate": "4/s", "burst": 5, "by": ["header.x-one"], "cost": cost },
            { "name": "other", "rate": "120/m", "burst": 7, "by": ["header.x-other"], "cost": cost },
            { "name": "no limit", "rate": "1/d", "dry_run": true },
        ] });
        let threads = [envoy.thread(&config), envoy.thread(&config)];
        let mut first = Promised::new(4, SECOND, 5);
        let mut second = Promised::new(120, 60 * SECOND, 7);
        let mut now = nanoseconds(&envoy);
        for (pause, one, other, cost, on_second) in steps {
            now += pause * MILLISECOND;
            envoy.pass(Duration::from_millis(pause.unsigned_abs()));
            let (one, other) = (format!("key {one}"), format!("key {other}"));
            let expected = first.has(&one, now, cost) && second.has(&other, now, cost);
            let passes = send(&threads[usize::from(on_second)], &one, &other, cost);
            prop_assert_eq!(passes, expected);
            if passes {
                first.take(&one, now, cost);
                second.take(&other, now, cost);
            }
        }
    }

    /// What is in shared data may be anything: a table of another make, somebody else's value.
    #[test]
    fn shared_data_of_anything_does_no_harm(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        rows in prop::collection::vec(any::<u64>(), 18),
        place in 0..3_usize,
        seconds in 0..100_000_u64,
    ) {
        let config = json!({ "limits": [
            { "name": "a", "rate": "5/s", "burst": 5, "by": ["header.x-key"], "keys": 8 },
            { "name": "b", "rate": "5/s", "keys": 8, "engine": { "ratelimit": {} } },
        ] });
        let envoy = Envoy::new();
        envoy.thread(&config);
        // A row of the right limit with anything else in it, and anything else at all.
        let set = |key: &str, value: Vec<u8>| {
            let value = SharedValue { value, generation: 7 };
            envoy.0.borrow_mut().shared.insert(key.to_owned(), value);
        };
        let row = envoy.0.borrow().shared["limits1.0000000.00000"].value[..8].to_vec();
        let words = rows.iter().skip(1).flat_map(|word| word.to_le_bytes());
        set("limits1.0000000.00000", row.into_iter().chain(words).collect());
        let places = ["limits1.tables", "limits1.seed", "limits1.0000001.00000"];
        set(places[place], bytes);
        let mut thread = envoy.thread(&config);
        for _ in 0..20 {
            let _ = thread.passes("a");
            thread.tick();
        }
        envoy.pass(Duration::from_secs(seconds));
        let passed = (0..100).filter(|_| thread.passes("a")).count();
        prop_assert!(passed <= 5, "{passed}");
    }
}

/// A key by itself gets all that it may have: exactly the burst, and then the rate.
#[test]
fn a_key_by_itself_gets_all_that_it_may_have() {
    let envoy = Envoy::new();
    let thread = envoy.thread(&json!({ "limits": [{ "rate": "100/s", "burst": 10 }] }));
    let granted = (0..10_000_u64).filter(|_| {
        let passes = thread.passes("");
        envoy.pass(Duration::from_millis(1));
        passes
    });
    assert_eq!(granted.count(), 10 + 999);
}

/// A table stays as large as it was made, however many keys come; and no key that comes back finds more than it
/// left.
#[test]
fn a_hundred_thousand_keys_take_no_more_room_than_one() {
    const KEYS: u32 = 100_000;
    let envoy = Envoy::new();
    let config =
        json!({ "limits": [{ "rate": "2/h", "burst": 1, "by": ["header.x-key"], "keys": 1024 }] });
    let mut thread = envoy.thread(&config);
    let before = envoy.memory();
    let mut passed = 0;
    for key in 0..KEYS {
        passed += u32::from(thread.passes(&key.to_string()));
    }
    // A bucket for each key that there is room for, and one for each row.
    assert_eq!(passed, 1024 + 1024 / 8);
    assert_eq!(envoy.memory(), before);
    thread.tick();
    let counted = envoy.counted();
    let of = |outcome: &str| counted[&format!(";limit=2/h by header.x-key;;outcome={outcome};")];
    assert_eq!(of("passed") + of("passed_shared"), u64::from(passed));
    assert_eq!(of("refused_shared"), u64::from(KEYS - passed));
    // Whoever has passed comes back while others came and went.
    assert!(!thread.passes("0"));
}
