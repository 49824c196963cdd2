//! Some buckets side by side, which are read and written at once.

use crate::bucket::{Bucket, Short, Taken};

/// How many keys have a bucket of their own in a row.
pub const WAYS: usize = 8;

/// The limit that the row belongs to, and when its shared bucket is full again. Behind them the ways: of
/// each the key's fingerprint, 0 for none, and when its bucket is full again.
const OWNER: usize = 0;
const SHARED: usize = 1;
const FIRST_WAY: usize = 2;

/// Words of 64 bits, the least significant byte first.
pub(crate) const ROW_BYTES: usize = (FIRST_WAY + WAYS * 2) * 8;

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
///
/// It is kept as the host has it: of what is read one or two words change, and all of it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row(Box<[u8; ROW_BYTES]>);

/// A bucket of a row, by the place of the word that says when it is full again.
#[derive(Debug, Clone, Copy)]
struct Held(usize);

impl Row {
    /// An empty row of a limit.
    pub(crate) fn of(owner: u64) -> Self {
        let mut row = Self(Box::new([0; ROW_BYTES]));
        row.set(OWNER, owner);
        row
    }

    /// Takes over what was read, if it is a row of this limit.
    pub(crate) fn read(bytes: Vec<u8>, owner: u64) -> Option<Self> {
        let row = Self(bytes.try_into().ok()?);
        (row.word(OWNER) == owner).then_some(row)
    }

    /// What is to be written.
    pub(crate) fn bytes(&self) -> &[u8] {
        &*self.0
    }

    /// Takes tokens of a key, whose fingerprint is not 0. What is refused changes nothing.
    pub(crate) fn take(
        &mut self,
        key: u64,
        bucket: Bucket,
        now: u64,
        cost: u32,
    ) -> (Result<(Taken, Entry), Short>, Place) {
        let shared = self.word(SHARED);
        let own = self.way_of(key).map(|held| (held, self.word(held.0)));
        // Who had none takes along what is missing in the one that all share.
        let (held, before, place) = match own.or_else(|| Some((self.free_way(now)?, shared))) {
            Some((held, before)) => (held, before, Place::Own),
            None => (Held(SHARED), shared, Place::Shared),
        };
        let taken = bucket.take(before, now, cost).map(|taken| {
            if place == Place::Own {
                self.set_key(held, key);
            }
            self.set(held.0, taken.full_at);
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
        let held = match entry.place {
            Place::Own => self.way_of(key),
            Place::Shared => Some(Held(SHARED)),
        };
        let Some(held) = held else {
            return false;
        };
        let full_at = self.word(held.0);
        let left = if full_at == entry.after {
            entry.before
        } else {
            let taken = entry.after.saturating_sub(entry.before.max(entry.at));
            full_at.saturating_sub(taken.saturating_sub(now.saturating_sub(entry.at)))
        };
        self.set(held.0, left);
        left != full_at
    }

    /// Remembers a moment for a key. One that finds no place is forgotten: whether it did.
    pub(crate) fn remember(&mut self, key: u64, now: u64, until: u64) -> bool {
        let held = self.way_of(key).or_else(|| self.free_way(now));
        if let Some(held) = held {
            self.set_key(held, key);
            self.set(held.0, until);
        }
        held.is_some()
    }

    /// The moment that is remembered for a key, if it is still to come.
    pub(crate) fn remembered(&self, key: u64, now: u64) -> Option<u64> {
        let until = self.word(self.way_of(key)?.0);
        Some(until).filter(|until| *until > now)
    }

    fn way_of(&self, key: u64) -> Option<Held> {
        self.find(|found, _| found == key)
    }

    fn free_way(&self, now: u64) -> Option<Held> {
        self.find(|_, full_at| full_at <= now)
    }

    /// The first way of which this holds, by its key and by when it is full again.
    fn find(&self, holds: impl Fn(u64, u64) -> bool) -> Option<Held> {
        let (words, _) = self.0.as_chunks::<8>();
        let (ways, _) = words.get(FIRST_WAY..)?.as_chunks::<2>();
        let way = ways.iter().position(|[key, full_at]| {
            holds(u64::from_le_bytes(*key), u64::from_le_bytes(*full_at))
        })?;
        Some(Held(FIRST_WAY + 2 * way + 1))
    }

    fn set_key(&mut self, of: Held, key: u64) {
        self.set(of.0 - 1, key);
    }

    fn word(&self, place: usize) -> u64 {
        let (words, _) = self.0.as_chunks::<8>();
        words.get(place).copied().map_or(0, u64::from_le_bytes)
    }

    fn set(&mut self, place: usize, word: u64) {
        let (words, _) = self.0.as_chunks_mut::<8>();
        if let Some(place) = words.get_mut(place) {
            *place = word.to_le_bytes();
        }
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
        assert_eq!(Row::read(row.bytes().into(), 7), Some(row.clone()));
        assert_eq!(Row::read(row.bytes().into(), 8), None, "another limit's");
        for bytes in [&[][..], &[1; ROW_BYTES - 1], &[1; ROW_BYTES + 8]] {
            assert_eq!(Row::read(bytes.into(), 0x0101_0101_0101_0101), None);
        }
    }

    #[test]
    fn what_was_taken_can_be_put_back() {
        for others in 0..=8 {
            let mut row = Row::of(7);
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
            let mut row = Row::of(7);
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
        let mut row = Row::of(7);
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
        let mut row = Row::of(7);
        for key in 1..=8 {
            assert!(row.take(key, bucket(), SECOND, 2).0.is_ok());
        }
        assert!(row.take(9, bucket(), SECOND, 2).0.is_ok());
        let (refused, place) = row.take(10, bucket(), SECOND, 1);
        assert!(refused.is_err());
        assert_eq!(place, Place::Shared);
        // One way is free again a moment before the shared bucket is full.
        row.set(FIRST_WAY + 1, 2 * SECOND);
        let (refused, place) = row.take(9, bucket(), 2 * SECOND, 2);
        assert!(refused.is_err(), "a fresh bucket for who had one already");
        assert_eq!(place, Place::Own);
        assert!(row.take(9, bucket(), 2 * SECOND, 1).0.is_ok());
    }
}
