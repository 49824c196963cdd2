//! The buckets of a limit's keys, in the host's shared data.

use std::time::Duration;

use filter_api::{HostError, SharedData};

use crate::bucket::{Bucket, Taken};
use crate::row::{Place, Row, WAYS};

/// How often a row is read again that another thread wrote meanwhile. It holds few keys and is written in
/// microseconds, so the second time does for all but the busiest.
const ATTEMPTS: usize = 8;

/// A table with room for so many keys whose buckets are not full. It never grows.
#[derive(Debug)]
pub struct Table {
    name: Box<str>,
    rows: u32,
    bucket: Bucket,
}

/// What a table says of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// There were enough tokens.
    Taken(Taken, Place),
    /// There will be enough after this time.
    Refused(Duration, Place),
    /// Others kept writing. Nothing was taken, so it counts as refused: a limit is never passed.
    Contended,
}

impl Table {
    /// A table of this name in shared data, with room for so many keys at least.
    pub fn new(name: &str, keys: u32, bucket: Bucket) -> Self {
        Self {
            name: name.into(),
            rows: keys.div_ceil(WAYS as u32).max(1),
            bucket,
        }
    }

    /// What its buckets are.
    pub fn bucket(&self) -> Bucket {
        self.bucket
    }

    /// Makes the rows that are not there. The first write of a value races in the host, so this comes
    /// before there is traffic, on the thread that configures first; buckets that are there stay.
    ///
    /// # Errors
    /// When the host fails.
    pub fn prepare<H: SharedData + ?Sized>(&self, host: &mut H) -> Result<(), HostError> {
        // Written last: where it is, all rows are.
        let last = self.rows - 1;
        if host.shared(&self.place(last))?.is_some() {
            return Ok(());
        }
        let empty = Row::default().encode();
        for row in 0..self.rows {
            let place = self.place(row);
            if host.shared(&place)?.is_none() {
                host.compare_and_swap(&place, &empty, 0)?;
            }
        }
        Ok(())
    }

    /// Takes tokens of the key with this fingerprint, at a moment in nanoseconds of the host's clock.
    ///
    /// # Errors
    /// When the host fails, or nobody has prepared the table.
    pub fn take<H: SharedData + ?Sized>(
        &self,
        host: &mut H,
        fingerprint: u64,
        now: u64,
        cost: u32,
    ) -> Result<Verdict, HostError> {
        let place = self.place((fingerprint % u64::from(self.rows)) as u32);
        let key = fingerprint.max(1); // 0 is nobody's
        for _ in 0..ATTEMPTS {
            let shared = host.shared(&place)?;
            let Some(shared) = shared else {
                return Err(HostError::WrongPhase("a table that nobody prepared"));
            };
            let mut row = Row::decode(&shared.value);
            match row.take(key, self.bucket, now, cost) {
                (Err(after), place) => return Ok(Verdict::Refused(after, place)),
                (Ok(taken), from) => {
                    if host.compare_and_swap(&place, &row.encode(), shared.generation)? {
                        return Ok(Verdict::Taken(taken, from));
                    }
                }
            }
        }
        Ok(Verdict::Contended)
    }

    fn place(&self, row: u32) -> String {
        format!("{}.{row:x}", self.name)
    }
}
