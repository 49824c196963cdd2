//! Some buckets side by side, which are read and written at once.

use crate::bucket::{Bucket, Taken};

/// How many keys have a bucket of their own in a row.
pub const WAYS: usize = 8;

/// Of a way: the key's fingerprint, and when its bucket is full again.
const WAY_BYTES: usize = 16;

/// When the shared bucket is full again, then the ways.
pub(crate) const ROW_BYTES: usize = 8 + WAYS * WAY_BYTES;

/// Where a key's tokens came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A bucket of its own.
    Own,
    /// The one that all share who find none of their own.
    Shared,
}

/// The buckets of a row.
///
/// A way whose bucket is full is free: to forget it loses nothing. A key that finds none takes from one
/// bucket with all that find none. That one is strict: a key that gets a way later begins with what is
/// missing there, so whatever it took there it has still taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Row {
    shared: u64,
    ways: [Way; WAYS],
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Way {
    /// 0 for none.
    key: u64,
    full_at: u64,
}

impl Row {
    /// Reads a row. What is none is an empty one.
    pub(crate) fn decode(bytes: &[u8]) -> Self {
        let mut row = Self::default();
        let (words, rest) = bytes.as_chunks::<8>();
        let mut words = words.iter().map(|word| u64::from_le_bytes(*word));
        if !rest.is_empty() || words.len() != ROW_BYTES / 8 {
            return row;
        }
        row.shared = words.next().unwrap_or_default();
        for way in &mut row.ways {
            way.key = words.next().unwrap_or_default();
            way.full_at = words.next().unwrap_or_default();
        }
        row
    }

    pub(crate) fn encode(&self) -> [u8; ROW_BYTES] {
        let mut bytes = [0; ROW_BYTES];
        let ways = self.ways.iter().flat_map(|way| [way.key, way.full_at]);
        let words = [self.shared].into_iter().chain(ways);
        let (places, _) = bytes.as_chunks_mut::<8>();
        for (place, word) in places.iter_mut().zip(words) {
            *place = word.to_le_bytes();
        }
        bytes
    }

    /// Takes tokens of a key, whose fingerprint is not 0. What is refused changes nothing.
    pub(crate) fn take(
        &mut self,
        key: u64,
        bucket: Bucket,
        now: u64,
        cost: u32,
    ) -> (Result<Taken, std::time::Duration>, Place) {
        let own = self.ways.iter().position(|way| way.key == key);
        let free = || self.ways.iter().position(|way| way.full_at <= now);
        let way = own.or_else(free).and_then(|index| self.ways.get_mut(index));
        let Some(way) = way else {
            let taken = bucket.take(self.shared, now, cost);
            if let Ok(taken) = taken {
                self.shared = taken.full_at;
            }
            return (taken, Place::Shared);
        };
        let full_at = match way.key == key {
            true => way.full_at,
            false => self.shared,
        };
        let taken = bucket.take(full_at, now, cost);
        if let Ok(taken) = taken {
            *way = Way {
                key,
                full_at: taken.full_at,
            };
        }
        (taken, Place::Own)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn bucket() -> Bucket {
        Bucket::new("1/s".parse().unwrap(), 2)
    }

    #[test]
    fn a_row_is_read_as_it_was_written_and_all_else_is_empty() {
        let mut row = Row::default();
        for key in 1..=10 {
            let (taken, place) = row.take(key, bucket(), SECOND, 1);
            assert!(taken.is_ok());
            let expected = if key <= 8 { Place::Own } else { Place::Shared };
            assert_eq!(place, expected, "{key}");
        }
        assert_eq!(Row::decode(&row.encode()), row);
        for bytes in [&[][..], &[1; ROW_BYTES - 1], &[1; ROW_BYTES + 8]] {
            assert_eq!(Row::decode(bytes), Row::default());
        }
    }

    #[test]
    fn who_finds_no_way_shares_and_takes_its_debt_along() {
        let mut row = Row::default();
        for key in 1..=8 {
            assert!(row.take(key, bucket(), SECOND, 2).0.is_ok());
        }
        assert!(row.take(9, bucket(), SECOND, 2).0.is_ok());
        let (refused, place) = row.take(10, bucket(), SECOND, 1);
        assert!(refused.is_err());
        assert_eq!(place, Place::Shared);
        // One way is free again a moment before the shared bucket is full.
        row.ways[0].full_at = 2 * SECOND;
        let (refused, place) = row.take(9, bucket(), 2 * SECOND, 2);
        assert!(refused.is_err(), "a fresh bucket for who had one already");
        assert_eq!(place, Place::Own);
        assert!(row.take(9, bucket(), 2 * SECOND, 1).0.is_ok());
    }
}
