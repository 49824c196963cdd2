//! What holds of any record and of any answer.

use std::time::Duration;

use filter_api::HeaderList;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::schedule::{longest, pause_after, refresh_in};
use super::slot::{Lease, Slot};
use crate::config::FetchConfig;

fn time() -> impl Strategy<Value = Duration> {
    (1..u64::MAX).prop_map(Duration::from_millis)
}

fn slot() -> impl Strategy<Value = Slot> {
    let lease = (any::<u64>(), time()).prop_map(|(holder, until)| Lease { holder, until });
    let times = [option::of(time()), option::of(time()), option::of(time())];
    let numbers = (any::<u64>(), any::<u64>());
    (option::of(lease), times, numbers).prop_map(|(lease, times, (version, failures))| {
        let [fetched_at, next_at, wanted_at] = times;
        Slot {
            lease,
            fetched_at,
            next_at,
            wanted_at,
            version,
            failures,
        }
    })
}

fn fetch() -> impl Strategy<Value = FetchConfig> {
    (1..100_000_u64, 0..100_000_u64, 0..200_000_u64).prop_map(|(least, more, refresh)| {
        FetchConfig {
            refresh: filter_api::Duration::from_millis(refresh),
            min_refresh: filter_api::Duration::from_millis(least),
            max_refresh: filter_api::Duration::from_millis(least + more),
            ..FetchConfig::default()
        }
    })
}

proptest! {
    #[test]
    fn a_record_is_read_as_it_was_written(slot in slot()) {
        prop_assert_eq!(Slot::decode(&slot.encode()), slot);
    }

    /// Whatever is there, it is read, and every question about it has an answer.
    #[test]
    fn any_bytes_are_some_record(bytes in vec(any::<u8>(), 0..80), now in time()) {
        let slot = Slot::decode(&bytes);
        slot.is_being_fetched(now);
        slot.is_due(now, Duration::MAX);
        slot.may_be_wanted(now, Duration::MAX);
        slot.has_answered(now);
    }

    /// No record keeps a thread from fetching for longer than the longest that a fetch can be off.
    #[test]
    fn any_record_is_over_some_time(slot in slot(), now in time(), fetch in fetch()) {
        let longest = longest(&fetch);
        let later = now.saturating_add(longest + Duration::from_secs(62));
        prop_assert!(!slot.is_being_fetched(now) || !slot.is_being_fetched(later));
        prop_assert!(slot.is_due(now, longest) || slot.is_due(later, longest));
    }

    #[test]
    fn keys_hold_within_the_bounds(
        fetch in fetch(),
        cache_control in "(max-age=[0-9]{0,12}|no-store|[a-z=,\" 0-9-]{0,30})",
        age in option::of("[0-9]{0,12}"),
        chance in any::<u64>(),
    ) {
        let mut fields = vec![("cache-control", cache_control)];
        fields.extend(age.map(|age| ("age", age)));
        let headers: HeaderList = fields.into_iter().collect();
        let refresh = refresh_in(&fetch, &headers, chance);
        prop_assert!(refresh >= fetch.min_refresh.get(), "{:?}", refresh);
        prop_assert!(refresh <= fetch.max_refresh.get(), "{:?}", refresh);
        prop_assert!(refresh <= longest(&fetch));
    }

    #[test]
    fn a_pause_is_some_time_and_no_more_than_a_minute(failures in 1_u64.., chance in any::<u64>()) {
        let pause = pause_after(failures, chance);
        prop_assert!(pause >= Duration::from_millis(900), "{:?}", pause);
        prop_assert!(pause <= Duration::from_secs(60), "{:?}", pause);
        prop_assert!(pause_after(failures, 0) >= pause);
    }
}
