//! A token bucket, on integers.
//!
//! This is the generic cell rate algorithm in its form of virtual scheduling (ITU-T I.371, annex A): of a
//! bucket nothing is kept but the moment at which it is full again.

use std::time::Duration;

use crate::rate::Rate;

/// What a limit says of each of its keys: how fast tokens come, and how many there can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// From one token to the next, in nanoseconds: rounded up, so that no rounding gives more.
    interval: u64,
    /// From an empty bucket to a full one, in nanoseconds.
    capacity: u64,
}

/// Tokens that were taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// When the bucket is full again, in nanoseconds of the host's clock.
    pub full_at: u64,
    /// How many tokens are left.
    pub remaining: u32,
}

/// There were not enough tokens. None was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Short {
    /// How long it takes until there are enough, if nobody else takes any; none, if there never are.
    pub after: Option<Duration>,
    /// How many there are.
    pub remaining: u32,
}

impl Bucket {
    /// A bucket of so many tokens.
    pub fn new(rate: Rate, burst: u32) -> Self {
        Self::divided(rate, burst, 1)
    }

    /// One of so many buckets which together are one of this rate and burst.
    pub fn divided(rate: Rate, burst: u32, among: u32) -> Self {
        let among = among.max(1);
        let period = rate.period().as_nanos() as u64; // of a day at most
        let interval = period.saturating_mul(u64::from(among));
        let interval = interval.div_ceil(u64::from(rate.tokens()));
        let burst = burst / among;
        Self {
            interval,
            // A day by 2^32 is less than 2^79: a bucket that fills for centuries is full in centuries.
            capacity: interval.saturating_mul(u64::from(burst)).min(u64::MAX / 4),
        }
    }

    /// Takes `cost` tokens at a moment from a bucket that is full again at another, both in nanoseconds of
    /// one clock. One of 0 has always been full.
    ///
    /// # Errors
    /// When there are fewer; nothing is taken then.
    pub fn take(self, full_at: u64, now: u64, cost: u32) -> Result<Taken, Short> {
        // More can be missing only if the clock was set back: the bucket is then empty.
        let missing = full_at.saturating_sub(now).min(self.capacity);
        let tokens = |nanoseconds| u32::try_from(nanoseconds / self.interval).unwrap_or(u32::MAX);
        let after = missing.saturating_add(self.interval.saturating_mul(u64::from(cost)));
        match self.capacity.checked_sub(after) {
            Some(left) => Ok(Taken {
                full_at: now.saturating_add(after),
                remaining: tokens(left),
            }),
            None => Err(Short {
                after: (cost <= self.burst()).then(|| Duration::from_nanos(after - self.capacity)),
                remaining: tokens(self.capacity - missing),
            }),
        }
    }

    /// How many tokens there can be.
    pub fn burst(self) -> u32 {
        u32::try_from(self.capacity / self.interval).unwrap_or(u32::MAX)
    }

    /// How long it takes until so many tokens have come.
    pub fn time_of(self, tokens: u32) -> Duration {
        Duration::from_nanos(self.interval.saturating_mul(u64::from(tokens)))
    }

    /// How long an empty bucket takes to be full.
    pub fn fills_in(self) -> Duration {
        Duration::from_nanos(self.capacity)
    }

    /// How long a bucket that is full again then takes to be full.
    pub fn until_full(self, full_at: u64, now: u64) -> Duration {
        Duration::from_nanos(full_at.saturating_sub(now).min(self.capacity))
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn bucket(rate: &str, burst: u32) -> Bucket {
        Bucket::new(rate.parse().unwrap(), burst)
    }

    #[test]
    fn a_burst_and_then_the_rate() {
        let bucket = bucket("10/s", 3);
        let mut full_at = 0;
        let mut take = |now| match bucket.take(full_at, now, 1) {
            Ok(taken) => {
                full_at = taken.full_at;
                Ok(taken.remaining)
            }
            Err(short) => Err(short.after.unwrap().as_millis()),
        };
        let start = 50 * SECOND;
        assert_eq!(take(start), Ok(2));
        assert_eq!(take(start), Ok(1));
        assert_eq!(take(start), Ok(0));
        assert_eq!(take(start), Err(100));
        assert_eq!(take(start + 60_000_000), Err(40));
        assert_eq!(take(start + 100_000_000), Ok(0));
        assert_eq!(take(start + SECOND), Ok(2));
    }

    #[test]
    fn a_request_may_cost_more_and_never_more_than_there_can_be() {
        let bucket = bucket("1/s", 5);
        let taken = bucket.take(0, SECOND, 4).unwrap();
        assert_eq!((taken.full_at, taken.remaining), (5 * SECOND, 1));
        let short = bucket.take(taken.full_at, SECOND, 2).unwrap_err();
        let after = Some(Duration::from_secs(1));
        assert_eq!((short.after, short.remaining), (after, 1));
        assert_eq!(bucket.take(0, SECOND, 6).unwrap_err().after, None);
        assert!(bucket.take(0, SECOND, u32::MAX).is_err());
    }

    #[test]
    fn a_clock_that_was_set_back_leaves_an_empty_bucket_that_fills() {
        let bucket = bucket("1/s", 2);
        let full_at = 1000 * SECOND;
        let short = bucket.take(full_at, SECOND, 1).unwrap_err();
        assert_eq!(short.after, Some(Duration::from_secs(1)));
    }

    #[test]
    fn the_parts_of_a_bucket_are_together_no_more_than_the_whole() {
        let part = Bucket::divided("10/s".parse().unwrap(), 7, 3);
        assert_eq!(part.burst(), 2);
        let taken = part.take(0, SECOND, 1).unwrap();
        assert_eq!(taken.full_at, SECOND + 300_000_000);
    }

    #[test]
    fn no_rounding_gives_more() {
        for rate in ["3/s", "7/s", "99/m", "999983/s", "1000/h", "7/d"] {
            let rate: Rate = rate.parse().unwrap();
            let bucket = Bucket::new(rate, 1);
            assert!(bucket.time_of(rate.tokens()) >= rate.period(), "{rate}");
        }
    }

    #[test]
    fn numbers_at_the_end_of_their_range_do_no_harm() {
        for (rate, burst) in [("1/d", u32::MAX), ("1000000/s", u32::MAX), ("1/d", 1)] {
            let bucket = bucket(rate, burst);
            for (full_at, now) in [(0, 0), (u64::MAX, 0), (0, u64::MAX), (u64::MAX, u64::MAX)] {
                for cost in [0, 1, u32::MAX] {
                    let _ = bucket.take(full_at, now, cost);
                }
            }
        }
    }
}
