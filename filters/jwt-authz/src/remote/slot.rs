//! What the threads of a host tell each other of fetches.

use std::time::Duration;

/// The record that all threads share for a URL, in the host's shared data. Times are since the Unix epoch,
/// in whole milliseconds; what has not happened has none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Slot {
    /// Who fetches now.
    pub(crate) lease: Option<Lease>,
    /// When keys came last.
    pub(crate) fetched_at: Option<Duration>,
    /// When keys are fetched next, whatever requests want.
    pub(crate) next_at: Option<Duration>,
    /// When the last fetch for the sake of an unknown key began.
    pub(crate) wanted_at: Option<Duration>,
    /// Another number with each change of the keys; 0 while there are none.
    pub(crate) version: u64,
    /// How many fetches have failed since the last that did not.
    pub(crate) failures: u64,
}

/// The right to fetch. It expires, since whoever has it may go away, as with a change of configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lease {
    /// A random number, by which its holder knows it.
    pub(crate) holder: u64,
    /// When it expires.
    pub(crate) until: Duration,
}

/// The first byte of a record.
const FORMAT: u8 = 1;

/// How many numbers follow.
const NUMBERS: usize = 7;

/// No fetch takes longer. What says that it does is a record that is damaged, or of a clock that was set
/// back, and counts for nothing.
pub(crate) const LONGEST_FETCH: Duration = Duration::from_secs(60);

/// How long a lease outlives the fetch, so that its end is told before anybody else begins one.
pub(crate) const GRACE: Duration = Duration::from_secs(1);

impl Slot {
    /// The record in bytes: the format, then numbers of 64 bits, the lowest byte first.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let lease = self.lease;
        let numbers: [u64; NUMBERS] = [
            millis(lease.map(|lease| lease.until)),
            lease.map_or(0, |lease| lease.holder),
            millis(self.fetched_at),
            millis(self.next_at),
            millis(self.wanted_at),
            self.version,
            self.failures,
        ];
        let numbers = numbers.into_iter().flat_map(u64::to_le_bytes);
        std::iter::once(FORMAT).chain(numbers).collect()
    }

    /// Reads a record. Bytes that are none say nothing: keys are then fetched anew.
    pub(crate) fn decode(bytes: &[u8]) -> Self {
        let Some((&FORMAT, numbers)) = bytes.split_first() else {
            return Self::default();
        };
        let (numbers, rest) = numbers.as_chunks::<8>();
        let &[until, holder, fetched, next, wanted, version, failures] = numbers else {
            return Self::default();
        };
        if !rest.is_empty() {
            return Self::default();
        }
        let [until, holder, fetched, next, wanted, version, failures] =
            [until, holder, fetched, next, wanted, version, failures].map(u64::from_le_bytes);
        Self {
            lease: time(until).map(|until| Lease { holder, until }),
            fetched_at: time(fetched),
            next_at: time(next),
            wanted_at: time(wanted),
            version,
            failures,
        }
    }

    /// Whether somebody fetches.
    pub(crate) fn is_being_fetched(&self, now: Duration) -> bool {
        let latest = now.saturating_add(LONGEST_FETCH + GRACE);
        self.lease
            .is_some_and(|lease| (now..=latest).contains(&lease.until))
    }

    /// Whether keys have to be fetched though nobody asks for any. No answer holds for more than
    /// `longest`.
    pub(crate) fn is_due(&self, now: Duration, longest: Duration) -> bool {
        let latest = now.saturating_add(longest);
        self.next_at.is_none_or(|next| next <= now || next > latest)
    }

    /// Whether an unknown key is reason enough for a fetch.
    pub(crate) fn may_be_wanted(&self, now: Duration, cooldown: Duration) -> bool {
        self.wanted_at
            .is_none_or(|wanted| wanted > now || now - wanted >= cooldown)
    }

    /// Whether a fetch for the sake of an unknown key has begun since, and brought keys.
    pub(crate) fn has_answered(&self, since: Duration) -> bool {
        let since = time(millis(Some(since)));
        self.wanted_at >= since && self.fetched_at >= self.wanted_at && self.wanted_at.is_some()
    }

    /// Whether a fetch has ended between an earlier record and this one.
    pub(crate) fn has_ended_since(&self, earlier: &Self) -> bool {
        let of = |slot: &Self| (slot.fetched_at, slot.failures, slot.version);
        of(self) != of(earlier)
    }
}

fn millis(time: Option<Duration>) -> u64 {
    let millis = time.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    millis.unwrap_or(0)
}

fn time(millis: u64) -> Option<Duration> {
    (millis != 0).then(|| Duration::from_millis(millis))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const NOW: Duration = Duration::from_secs(1_000_000);

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn bytes_that_are_no_record_say_nothing() {
        let record = Slot {
            version: 7,
            ..Slot::default()
        };
        let encoded = record.encode();
        assert_eq!(Slot::decode(&encoded), record);
        let longer = [&encoded[..], &[0]].concat();
        let other_format = [&[2], &encoded[1..]].concat();
        for bytes in [&b""[..], b"pass", &encoded[1..], &longer, &other_format] {
            assert_eq!(Slot::decode(bytes), Slot::default(), "{bytes:?}");
        }
    }

    #[test]
    fn a_lease_expires_and_one_that_nobody_can_have_is_none() {
        for (until, is_being_fetched) in [
            (NOW - seconds(1), false),
            (NOW, true),
            (NOW + LONGEST_FETCH + GRACE, true),
            (NOW + LONGEST_FETCH + GRACE + seconds(1), false),
            (Duration::MAX, false),
        ] {
            let slot = Slot {
                lease: Some(Lease { holder: 1, until }),
                ..Slot::default()
            };
            assert_eq!(slot.is_being_fetched(NOW), is_being_fetched, "{until:?}");
        }
    }

    /// A clock that was set back does not keep keys for ever.
    #[test]
    fn keys_are_due_in_time_and_when_their_time_cannot_be() {
        for (next_at, is_due) in [
            (None, true),
            (Some(NOW), true),
            (Some(NOW + seconds(1)), false),
            (Some(NOW + seconds(60)), false),
            (Some(NOW + seconds(61)), true),
        ] {
            let slot = Slot {
                next_at,
                ..Slot::default()
            };
            assert_eq!(slot.is_due(NOW, seconds(60)), is_due, "{next_at:?}");
        }
    }

    #[test]
    fn an_unknown_key_is_reason_for_a_fetch_once_a_cooldown() {
        for (wanted_at, may_be) in [
            (None, true),
            (Some(NOW), false),
            (Some(NOW - seconds(9)), false),
            (Some(NOW - seconds(10)), true),
            (Some(NOW + seconds(1)), true),
        ] {
            let slot = Slot {
                wanted_at,
                ..Slot::default()
            };
            let may_be_wanted = slot.may_be_wanted(NOW, seconds(10));
            assert_eq!(may_be_wanted, may_be, "{wanted_at:?}");
        }
    }

    /// What has not begun since, or has not ended, may yet bring a key.
    #[test]
    fn a_fetch_answers_who_waited_when_it_began() {
        for (wanted_at, fetched_at, has_answered) in [
            (None, None, false),
            (None, Some(NOW + seconds(2)), false),
            (Some(NOW + seconds(1)), None, false),
            (Some(NOW + seconds(1)), Some(NOW), false),
            (Some(NOW + seconds(1)), Some(NOW + seconds(1)), true),
            (Some(NOW - seconds(1)), Some(NOW + seconds(1)), false),
        ] {
            let slot = Slot {
                wanted_at,
                fetched_at,
                ..Slot::default()
            };
            assert_eq!(
                slot.has_answered(NOW),
                has_answered,
                "{wanted_at:?} {fetched_at:?}"
            );
        }
    }
}
