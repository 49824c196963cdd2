//! Which limit has which table.
//!
//! Shared data has no delete. So tables are places that are handed out: to each limit one, as long as
//! somebody asks for it. Of what a limit says a hash is kept; a limit that says the same after a change of the
//! configuration finds its table, and its buckets, again, and one that says something else has another. There
//! are never more tables than there were limits at once.

use filter_api::{HostError, SharedData};

use crate::table::Table;

/// Where it is in shared data.
const PLACE: &str = "headgate.limits.tables";

/// How long a table stays a limit's of which nobody has heard, in nanoseconds.
pub(crate) const LEASE: u64 = 60_000_000_000;

/// How often the directory is read again that another thread wrote meanwhile. Threads write it when they are
/// configured, and each once in half a lease.
const ATTEMPTS: usize = 64;

const ENTRY_BYTES: usize = 24;

/// A table, and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    owner: u64,
    /// Until when it stays its owner's.
    until: u64,
    /// How many rows were ever made.
    rows: u64,
}

/// What a limit was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claimed {
    /// The table it had, with all its buckets.
    Kept(Table),
    /// A table without anything in it.
    New(Table),
}

/// Gives a limit its table, with so many rows.
///
/// # Errors
/// When the host fails, or others kept writing.
pub(crate) fn claim<H: SharedData + ?Sized>(
    host: &mut H,
    owner: u64,
    rows: u32,
    now: u64,
) -> Result<Claimed, HostError> {
    let (slot, is_kept) = change(host, |entries| {
        let until = now.saturating_add(LEASE);
        let own = entries.iter().position(|entry| entry.owner == owner);
        if let Some((slot, entry)) = own.and_then(|slot| Some((slot, entries.get_mut(slot)?))) {
            entry.until = until.max(entry.until);
            return (slot, true);
        }
        let free = entries.iter().enumerate();
        let free = free.filter(|(_, entry)| entry.until <= now);
        // The one that needs the fewest new rows.
        let best = free.min_by_key(|(_, entry)| entry.rows.abs_diff(u64::from(rows)));
        let slot = best.map_or(entries.len(), |(slot, _)| slot);
        let new = Entry {
            owner,
            until,
            rows: u64::from(rows),
        };
        match entries.get_mut(slot) {
            Some(entry) => {
                let made = entry.rows.max(new.rows);
                *entry = Entry { rows: made, ..new };
            }
            None => entries.push(new),
        }
        (slot, false)
    })?;
    let table = Table::new(u32::try_from(slot).unwrap_or(u32::MAX), rows, owner);
    if is_kept {
        return Ok(Claimed::Kept(table));
    }
    table.clear(host)?;
    Ok(Claimed::New(table))
}

/// Says that these tables are in use. Which of them are another's by now, as nobody has said so for long.
///
/// # Errors
/// As [`claim`].
pub(crate) fn renew<H: SharedData + ?Sized>(
    host: &mut H,
    tables: &[Table],
    now: u64,
) -> Result<Vec<Table>, HostError> {
    change(host, |entries| {
        let until = now.saturating_add(LEASE);
        let mut lost = Vec::new();
        for table in tables {
            let slot = usize::try_from(table.slot()).unwrap_or(usize::MAX);
            match entries.get_mut(slot) {
                Some(entry) if entry.owner == table.owner() => {
                    entry.until = until.max(entry.until);
                }
                _ => lost.push(*table),
            }
        }
        lost
    })
}

fn change<H: SharedData + ?Sized, T>(
    host: &mut H,
    mut change: impl FnMut(&mut Vec<Entry>) -> T,
) -> Result<T, HostError> {
    for _ in 0..ATTEMPTS {
        let shared = host.shared(PLACE)?;
        let (mut entries, generation) = match &shared {
            Some(shared) => (decode(&shared.value), shared.generation),
            None => (Vec::new(), 0),
        };
        let outcome = change(&mut entries);
        if host.compare_and_swap(PLACE, &encode(&entries), generation)? {
            return Ok(outcome);
        }
    }
    Err(HostError::WrongPhase(
        "the directory of limits, which others keep writing,",
    ))
}

fn decode(bytes: &[u8]) -> Vec<Entry> {
    let (words, _) = bytes.as_chunks::<8>();
    let (entries, _) = words.as_chunks::<{ ENTRY_BYTES / 8 }>();
    let entry = |words: &[[u8; 8]; 3]| {
        let [owner, until, rows] = words.map(u64::from_le_bytes);
        Entry { owner, until, rows }
    };
    entries.iter().map(entry).collect()
}

fn encode(entries: &[Entry]) -> Vec<u8> {
    let words = entries
        .iter()
        .flat_map(|entry| [entry.owner, entry.until, entry.rows]);
    words.flat_map(u64::to_le_bytes).collect()
}
