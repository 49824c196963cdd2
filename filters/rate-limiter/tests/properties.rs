//! Whatever comes, in whatever order: no key is given more than its limit.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use filter_api::SharedData;
use filter_testing::{FakeHost, Message, World};
use proptest::prelude::*;
use rate_limiter::{Bucket, Table, Verdict};

const MILLISECOND: u64 = 1_000_000;

fn host() -> FakeHost {
    FakeHost::new(Rc::<RefCell<World>>::default(), Message::default())
}

/// What a bucket of its own would give a key.
#[derive(Clone, Copy)]
struct Exact {
    tokens: f64,
    at: u64,
}

/// Sends requests as (milliseconds since the one before, key, cost), and holds what is granted against exact
/// buckets.
fn never_more_than_the_limit(keys: u32, rate: &str, burst: u32, requests: &[(u64, u64, u32)]) {
    let bucket = Bucket::new(rate.parse().unwrap(), burst);
    let a_second: f64 = rate.strip_suffix("/s").unwrap().parse().unwrap();
    let table = Table::new("t", keys, bucket);
    let mut host = host();
    table.prepare(&mut host).unwrap();
    let mut exact = BTreeMap::<u64, Exact>::new();
    let mut now = 3_600_000 * MILLISECOND;
    for &(pause, key, cost) in requests {
        now += pause * MILLISECOND;
        // Neighbours in a row, so that they are in each other's way.
        let fingerprint = 1 + key * u64::from(keys.div_ceil(8).max(1));
        let verdict = table.take(&mut host, fingerprint, now, cost).unwrap();
        let own = exact.entry(key).or_insert(Exact {
            tokens: f64::from(burst),
            at: now,
        });
        let earned = (now - own.at) as f64 / 1e9 * a_second;
        own.tokens = (own.tokens + earned).min(f64::from(burst));
        own.at = now;
        if let Verdict::Taken(..) = verdict {
            own.tokens -= f64::from(cost);
            assert!(own.tokens > -1e-6, "key {key} has {} tokens", own.tokens);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Few keys and one row with room for eight of them: ways are lost and found all the time.
    #[test]
    fn no_churn_gives_a_key_more(
        requests in prop::collection::vec((0..400_u64, 0..14_u64, 1..4_u32), 1..400),
        burst in 1..6_u32,
    ) {
        never_more_than_the_limit(8, "3/s", burst, &requests);
    }

    /// What is in shared data may be anything: a table of another make, somebody else's value.
    #[test]
    fn rows_of_anything_do_no_harm(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        now in any::<u64>(),
        cost in any::<u32>(),
    ) {
        let table = Table::new("t", 8, Bucket::new("1/s".parse().unwrap(), 5));
        let mut host = host();
        host.compare_and_swap("t.0", &bytes, 0).unwrap();
        table.take(&mut host, 7, now, cost).unwrap();
    }
}

/// A key by itself gets all that it may have: exactly the burst, and then the rate.
#[test]
fn a_key_by_itself_gets_all_that_it_may_have() {
    let table = Table::new("t", 64, Bucket::new("100/s".parse().unwrap(), 10));
    let mut host = host();
    table.prepare(&mut host).unwrap();
    let start = 1_000 * MILLISECOND;
    let granted = (0..10_000_u64).filter(|step| {
        let verdict = table.take(&mut host, 7, start + step * MILLISECOND, 1);
        matches!(verdict.unwrap(), Verdict::Taken(..))
    });
    assert_eq!(granted.count(), 10 + 999);
}

/// A table stays as large as it was made, however many keys come.
#[test]
fn a_million_keys_take_no_more_room_than_one() {
    let table = Table::new("t", 1024, Bucket::new("1000/s".parse().unwrap(), 1));
    let mut host = host();
    table.prepare(&mut host).unwrap();
    let size = |host: &FakeHost| {
        let world = host.world.borrow();
        let values = world
            .shared
            .iter()
            .map(|(key, shared)| key.len() + shared.value.len());
        (world.shared.len(), values.sum::<usize>())
    };
    let before = size(&host);
    let mut key = 1_u64;
    for step in 0..1_000_000_u64 {
        key = key.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        table
            .take(&mut host, key, 1_000 * MILLISECOND + step * 1_000, 1)
            .unwrap();
    }
    assert_eq!(size(&host), before);
}

#[test]
fn a_table_that_is_there_keeps_its_buckets() {
    let table = Table::new("t", 8, Bucket::new("1/d".parse().unwrap(), 1));
    let mut host = host();
    table.prepare(&mut host).unwrap();
    let now = 1_000 * MILLISECOND;
    assert!(matches!(
        table.take(&mut host, 7, now, 1),
        Ok(Verdict::Taken(..))
    ));
    table.prepare(&mut host).unwrap();
    assert!(matches!(
        table.take(&mut host, 7, now, 1),
        Ok(Verdict::Refused(..))
    ));
}
