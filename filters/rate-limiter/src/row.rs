//! Some buckets side by side, which are read and written at once.

use crate::bucket::{Bucket, Short, Taken};

/// How many keys have a bucket of their own in a row.
pub const WAYS: usize = 8;

/// Of a way: the key's fingerprint, and when its bucket is full again.
const WAY_BYTES: usize = 16;

/// Whose row it is, when the shared bucket is full again, then the ways.
pub(crate) const ROW_BYTES: usize = 16 + WAYS * WAY_BYTES;

/// Where a key's tokens came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A bucket of its own.
    Own,
    /// The one that all share who find none of their own.
    Shared,
}

/// What was taken from a row, so that it can be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) place: Place,
    /// When.
    at: u64,
    before: u64,
    after: u64,
}

/// The buckets of a row.
///
/// A way whose bucket is full is free: to forget it loses nothing. A key that finds none takes from one
/// bucket with all that find none. That one is strict: a key that gets a way later begins with what is
/// missing there, so whatever it took there it has still taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Row {
    /// The limit that it belongs to.
    owner: u64,
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
    /// An empty row of a limit.
    pub(crate) fn of(owner: u64) -> Self {
        Self {
            owner,
            ..Self::default()
        }
    }

    /// Reads a row, if it is one of this limit.
    pub(crate) fn decode(bytes: &[u8], owner: u64) -> Option<Self> {
        let mut row = Self::default();
        let (words, rest) = bytes.as_chunks::<8>();
        let mut words = words.iter().map(|word| u64::from_le_bytes(*word));
        if !rest.is_empty() || words.len() != ROW_BYTES / 8 {
            return None;
        }
        row.owner = words.next().filter(|found| *found == owner)?;
        row.shared = words.next().unwrap_or_default();
        for way in &mut row.ways {
            way.key = words.next().unwrap_or_default();
            way.full_at = words.next().unwrap_or_default();
        }
        Some(row)
    }

    pub(crate) fn encode(&self) -> [u8; ROW_BYTES] {
        let mut bytes = [0; ROW_BYTES];
        let ways = self.ways.iter().flat_map(|way| [way.key, way.full_at]);
        let words = [self.owner, self.shared].into_iter().chain(ways);
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
    ) -> (Result<(Taken, Entry), Short>, Place) {
        let shared = self.shared;
        let (full_at, before, place) = match self.way_of(key, now) {
            Some(way) => {
                if way.key != key {
                    *way = Way {
                        key,
                        full_at: shared,
                    };
                }
                let before = way.full_at;
                (&mut way.full_at, before, Place::Own)
            }
            None => (&mut self.shared, shared, Place::Shared),
        };
        let taken = bucket.take(before, now, cost).map(|taken| {
            *full_at = taken.full_at;
            let entry = Entry {
                place,
                at: now,
                before,
                after: taken.full_at,
            };
            (taken, entry)
        });
        (taken, place)
    }

    /// Puts back what was taken. If nobody has taken from there since, it is as if it had never been taken.
    /// Else of the tokens that have come since some would have found the bucket full, had this not been
    /// taken: as many as can have come are not put back. `now` is not before anybody took. Whether anything was
    /// put back.
    pub(crate) fn undo(&mut self, key: u64, entry: Entry, now: u64) -> bool {
        let place = match entry.place {
            Place::Own => {
                let mut ways = self.ways.iter_mut();
                ways.find(|way| way.key == key).map(|way| &mut way.full_at)
            }
            Place::Shared => Some(&mut self.shared),
        };
        let Some(full_at) = place else {
            return false;
        };
        let left = if *full_at == entry.after {
            entry.before
        } else {
            let taken = entry.after.saturating_sub(entry.before.max(entry.at));
            full_at.saturating_sub(taken.saturating_sub(now.saturating_sub(entry.at)))
        };
        std::mem::replace(full_at, left) != left
    }

    /// Remembers a moment for a key. One that finds no place is forgotten: whether it did.
    pub(crate) fn remember(&mut self, key: u64, now: u64, until: u64) -> bool {
        let way = self.way_of(key, now);
        let found = way.is_some();
        if let Some(way) = way {
            *way = Way {
                key,
                full_at: until,
            };
        }
        found
    }

    /// The moment that is remembered for a key, if it is still to come.
    pub(crate) fn remembered(&self, key: u64, now: u64) -> Option<u64> {
        let way = self.ways.iter().find(|way| way.key == key)?;
        Some(way.full_at).filter(|until| *until > now)
    }

    /// The way of a key, or one that is free.
    fn way_of(&mut self, key: u64, now: u64) -> Option<&mut Way> {
        let own = self.ways.iter().position(|way| way.key == key);
        let free = || self.ways.iter().position(|way| way.full_at <= now);
        own.or_else(free).and_then(|index| self.ways.get_mut(index))
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
        let mut row = Row::of(7);
        for key in 1..=10 {
            let (taken, place) = row.take(key, bucket(), SECOND, 1);
            assert!(taken.is_ok());
            let expected = if key <= 8 { Place::Own } else { Place::Shared };
            assert_eq!(place, expected, "{key}");
        }
        assert_eq!(Row::decode(&row.encode(), 7), Some(row.clone()));
        assert_eq!(Row::decode(&row.encode(), 8), None, "another limit's");
        for bytes in [&[][..], &[1; ROW_BYTES - 1], &[1; ROW_BYTES + 8]] {
            assert_eq!(Row::decode(bytes, 0x0101_0101_0101_0101), None);
        }
    }

    #[test]
    fn what_was_taken_can_be_put_back() {
        for others in 0..=8 {
            let mut row = Row::default();
            for key in 2..2 + others {
                assert!(row.take(key, bucket(), SECOND, 2).0.is_ok());
            }
            assert!(row.take(1, bucket(), SECOND, 1).0.is_ok());
            let before = row.clone();
            let (_, entry) = row.take(1, bucket(), SECOND, 1).0.unwrap();
            let mut undone = row.clone();
            assert!(undone.undo(1, entry, 2 * SECOND));
            assert_eq!(undone, before);
        }
    }

    #[test]
    fn what_others_took_since_leaves_as_much_as_cannot_have_overflown() {
        let bucket = Bucket::new("1/s".parse().unwrap(), 4);
        let after = |pause: u64| {
            let mut row = Row::default();
            let (_, entry) = row.take(1, bucket, SECOND, 2).0.unwrap();
            let later = SECOND + pause;
            assert!(row.take(1, bucket, later, 1).0.is_ok());
            row.undo(1, entry, later);
            let (left, _) = row.take(1, bucket, later, 1);
            left.unwrap().0.remaining
        };
        // Of 4, 1 is taken and another now.
        assert_eq!([0, SECOND / 2, 3 * SECOND].map(after), [2, 2, 2]);
    }

    #[test]
    fn moments_are_remembered_until_they_come() {
        let mut row = Row::default();
        for key in 1..=8 {
            assert!(row.remember(key, SECOND, 3 * SECOND));
        }
        assert!(!row.remember(9, SECOND, 3 * SECOND));
        assert_eq!(row.remembered(1, 2 * SECOND), Some(3 * SECOND));
        assert_eq!(row.remembered(1, 3 * SECOND), None);
        assert_eq!(row.remembered(9, 2 * SECOND), None);
        assert!(row.remember(9, 3 * SECOND, 4 * SECOND));
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
