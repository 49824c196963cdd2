//! The buckets of a limit's keys, in the host's shared data.

use filter_api::{Clock, HostError, SharedData};

use crate::bucket::{Bucket, Short, Taken};
use crate::limiter::nanoseconds;
use crate::place::RowPlace;
use crate::row::{Entry, Place, Row, WAYS};

/// How often a row is read again that another thread wrote meanwhile. Where four workers on two cores write
/// one bucket 15,000 times a second, another is first 3 times in 1,000; with this many attempts nobody is refused
/// for it, however many workers there are. (`integration/tests/limits/contention.rs`)
const ATTEMPTS: usize = 64;

/// Room for so many keys whose buckets are not full. It never grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// Its place among all tables of this host.
    slot: u32,
    rows: u32,
    /// The limit that it belongs to, by a hash of what it says.
    owner: u64,
}

/// What a table says of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// There were enough tokens.
    Taken(Taken, Receipt),
    /// There were not.
    Refused(Short, Place),
    /// Others kept writing. Nothing was taken, so it counts as refused: a limit is never passed.
    Contended,
    /// The table is another limit's by now. Nothing was taken.
    Lost,
}

/// What was taken of which key, so that it can be put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    fingerprint: u64,
    entry: Entry,
}

impl Receipt {
    /// Where it was taken from.
    pub fn place(self) -> Place {
        self.entry.place
    }
}

/// What came of an attempt to change a row.
enum Change<T> {
    Done(T),
    /// It is another limit's.
    Foreign,
    /// Others kept writing.
    Contended,
}

impl Table {
    /// How many rows hold so many keys.
    pub(crate) fn rows_for(keys: u32) -> u32 {
        keys.div_ceil(WAYS as u32).max(1)
    }

    pub(crate) fn new(slot: u32, rows: u32, owner: u64) -> Self {
        Self { slot, rows, owner }
    }

    pub(crate) fn owner(self) -> u64 {
        self.owner
    }

    pub(crate) fn slot(self) -> u32 {
        self.slot
    }

    /// Empties all rows, and makes those that are not there. The first write of a value races in the host,
    /// so this comes before there is traffic, on the thread that configures first.
    ///
    /// # Errors
    /// When the host fails.
    pub(crate) fn clear<H: SharedData + ?Sized>(self, host: &mut H) -> Result<(), HostError> {
        let empty = Row::of(self.owner);
        for row in 0..self.rows {
            // Whatever is there, it was another's.
            host.compare_and_swap(self.place(row).as_str(), empty.bytes(), 0)?;
        }
        Ok(())
    }

    /// Whether its last row is its limit's.
    ///
    /// # Errors
    /// When the host fails.
    pub(crate) fn is_cleared<H: SharedData + ?Sized>(
        self,
        host: &mut H,
    ) -> Result<bool, HostError> {
        let last = host.shared(self.place(self.rows.saturating_sub(1)).as_str())?;
        let row = last.and_then(|last| Row::read(last.value, self.owner));
        Ok(row.is_some())
    }

    /// Takes tokens of the key with this fingerprint, at a moment in nanoseconds of the host's clock.
    ///
    /// # Errors
    /// When the host fails.
    pub fn take<H: SharedData + ?Sized>(
        self,
        host: &mut H,
        fingerprint: u64,
        bucket: Bucket,
        now: u64,
        cost: u32,
    ) -> Result<Verdict, HostError> {
        let key = key(fingerprint);
        let change = self.change(host, fingerprint, |_, row| {
            let (taken, place) = row.take(key, bucket, now, cost);
            (taken.is_ok(), (taken, place))
        })?;
        Ok(match change {
            Change::Done((Ok((taken, entry)), _)) => {
                Verdict::Taken(taken, Receipt { fingerprint, entry })
            }
            Change::Done((Err(short), place)) => Verdict::Refused(short, place),
            Change::Foreign => Verdict::Lost,
            Change::Contended => Verdict::Contended,
        })
    }

    /// Puts back what was taken, as far as that gives nobody more.
    ///
    /// # Errors
    /// When the host fails.
    pub fn put_back<H: SharedData + Clock + ?Sized>(
        self,
        host: &mut H,
        receipt: Receipt,
    ) -> Result<(), HostError> {
        let key = key(receipt.fingerprint);
        // When the row is known: whoever took has done so before.
        let undo = |host: &mut H, row: &mut Row| {
            let now = nanoseconds(host.monotonic_time());
            (row.undo(key, receipt.entry, now), ())
        };
        self.change(host, receipt.fingerprint, undo).map(|_| ())
    }

    /// Remembers a moment for a key. Where there is no room it is forgotten.
    ///
    /// # Errors
    /// When the host fails.
    pub fn remember<H: SharedData + ?Sized>(
        self,
        host: &mut H,
        fingerprint: u64,
        now: u64,
        until: u64,
    ) -> Result<(), HostError> {
        let key = key(fingerprint);
        let remember = |_: &mut H, row: &mut Row| (row.remember(key, now, until), ());
        self.change(host, fingerprint, remember).map(|_| ())
    }

    /// The moment that is remembered for a key, if it is still to come.
    ///
    /// # Errors
    /// When the host fails.
    pub fn remembered<H: SharedData + ?Sized>(
        self,
        host: &mut H,
        fingerprint: u64,
        now: u64,
    ) -> Result<Option<u64>, HostError> {
        let shared = host.shared(self.place_of(fingerprint).as_str())?;
        let row = shared.and_then(|shared| Row::read(shared.value, self.owner));
        Ok(row.and_then(|row| row.remembered(key(fingerprint), now)))
    }

    /// Changes the row of a key. `change` says whether the row is to be written, and what comes of it.
    fn change<H: SharedData + ?Sized, T>(
        self,
        host: &mut H,
        fingerprint: u64,
        mut change: impl FnMut(&mut H, &mut Row) -> (bool, T),
    ) -> Result<Change<T>, HostError> {
        let place = self.place_of(fingerprint);
        for _ in 0..ATTEMPTS {
            let shared = host.shared(place.as_str())?;
            let row = shared.and_then(|shared| {
                let row = Row::read(shared.value, self.owner)?;
                Some((row, shared.generation))
            });
            let Some((mut row, generation)) = row else {
                return Ok(Change::Foreign);
            };
            let (is_changed, outcome) = change(host, &mut row);
            if !is_changed || host.compare_and_swap(place.as_str(), row.bytes(), generation)? {
                return Ok(Change::Done(outcome));
            }
        }
        Ok(Change::Contended)
    }

    fn place_of(self, fingerprint: u64) -> RowPlace {
        self.place((fingerprint % u64::from(self.rows)) as u32)
    }

    fn place(self, row: u32) -> RowPlace {
        RowPlace::of(self.slot, row)
    }
}

/// 0 is nobody's.
fn key(fingerprint: u64) -> u64 {
    fingerprint.max(1)
}

#[cfg(test)]
mod tests;
