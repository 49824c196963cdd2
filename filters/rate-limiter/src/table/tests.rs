#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use std::collections::BTreeMap;
use std::time::Duration;

use filter_api::SharedValue;

use super::*;

const SECOND: u64 = 1_000_000_000;

/// More than there are attempts.
const BURST: u32 = 300;

/// Shared data of which another thread writes whatever it likes between a read and the write behind it.
#[derive(Default)]
struct Busy {
    values: BTreeMap<String, SharedValue>,
    /// How often another thread takes a token of key 2 before a write.
    intrusions: usize,
    writes: usize,
}

impl SharedData for Busy {
    fn shared(&mut self, key: &str) -> Result<Option<SharedValue>, HostError> {
        Ok(self.values.get(key).cloned())
    }

    fn compare_and_swap(
        &mut self,
        key: &str,
        value: &[u8],
        generation: u32,
    ) -> Result<bool, HostError> {
        if self.intrusions > 0 {
            self.intrusions -= 1;
            let before = std::mem::take(&mut self.intrusions);
            take(self, 2)?;
            self.intrusions = before;
        }
        self.writes += 1;
        let current = self.values.get(key).map_or(0, |shared| shared.generation);
        if generation != 0 && generation != current {
            return Ok(false);
        }
        let value = SharedValue {
            value: value.to_vec(),
            generation: current + 1,
        };
        self.values.insert(key.to_owned(), value);
        Ok(true)
    }
}

impl Clock for Busy {
    fn unix_time(&self) -> Duration {
        self.monotonic_time()
    }

    fn monotonic_time(&self) -> Duration {
        Duration::from_nanos(SECOND)
    }
}

fn table() -> Table {
    Table::new(0, 1, 7)
}

fn take(host: &mut Busy, key: u64) -> Result<Verdict, HostError> {
    let bucket = Bucket::new("1/s".parse().unwrap(), BURST);
    table().take(host, key, bucket, SECOND, 1)
}

fn busy(intrusions: usize) -> Busy {
    let mut host = Busy::default();
    table().clear(&mut host).unwrap();
    host.intrusions = intrusions;
    host.writes = 0;
    host
}

fn left(host: &mut Busy, key: u64) -> u32 {
    match take(host, key).unwrap() {
        Verdict::Taken(taken, _) => taken.remaining + 1,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_others_write_meanwhile_is_not_lost() {
    for intrusions in 0..ATTEMPTS {
        let mut host = busy(intrusions);
        assert!(matches!(take(&mut host, 1), Ok(Verdict::Taken(..))));
        assert_eq!(left(&mut host, 1), BURST - 1);
        let others = u32::try_from(intrusions).unwrap();
        assert_eq!(left(&mut host, 2), BURST - others);
    }
}

#[test]
fn where_others_keep_writing_nothing_is_taken_and_no_thread_is_kept_for_ever() {
    let mut host = busy(1_000);
    assert_eq!(take(&mut host, 1).unwrap(), Verdict::Contended);
    assert_eq!(host.writes, 2 * ATTEMPTS);
    host.intrusions = 0;
    assert_eq!(left(&mut host, 1), BURST);
}

#[test]
fn a_row_that_is_anothers_is_left_as_it_is() {
    let mut host = busy(0);
    Table::new(0, 1, 8).clear(&mut host).unwrap();
    let before = host.values.clone();
    assert_eq!(take(&mut host, 1).unwrap(), Verdict::Lost);
    table().remember(&mut host, 1, SECOND, 2 * SECOND).unwrap();
    assert_eq!(table().remembered(&mut host, 1, SECOND).unwrap(), None);
    assert_eq!(host.values, before);
    let mut nowhere = Busy::default();
    assert_eq!(take(&mut nowhere, 1).unwrap(), Verdict::Lost);
    assert!(nowhere.values.is_empty(), "a first write would race");
}

#[test]
fn what_was_put_back_is_there_again() {
    let mut host = busy(0);
    for (others, expected) in [(0, BURST), (1, BURST - 1)] {
        let Ok(Verdict::Taken(_, receipt)) = take(&mut host, 1) else {
            panic!("there are tokens");
        };
        for _ in 0..others {
            take(&mut host, 1).unwrap();
        }
        table().put_back(&mut host, receipt).unwrap();
        assert_eq!(left(&mut host, 1), expected);
        table().clear(&mut host).unwrap();
    }
}
