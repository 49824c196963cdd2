//! Which limit has which table.
//!
//! Shared data has no delete. So tables are places that are handed out: to each limit one, as long as
//! somebody asks for it. Of what a limit says a hash is kept; a limit that says the same after a change of the
//! configuration finds its table, and its buckets, again, and one that says something else has another. There
//! are never more tables than there were limits within one [`LEASE`].

use filter_api::{HostError, SharedData};

use crate::place::TABLES;
use crate::table::Table;

/// How long a table stays a limit's of which nobody has heard, in nanoseconds.
pub(crate) const LEASE: u64 = 60_000_000_000;

/// How often the directory is read again that another thread wrote meanwhile. The thread that is configured
/// first writes it, and each once in a quarter of a lease.
const ATTEMPTS: usize = 256;

/// A table that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// By whom: a hash of what its limit says.
    pub(crate) owner: u64,
    pub(crate) rows: u32,
}

/// What a limit was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Claimed {
    pub(crate) table: Table,
    /// Whether there is anything in it.
    pub(crate) is_kept: bool,
}

/// What was given to a configuration's limits.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) tables: Vec<Claimed>,
    /// Whether this configuration is the first of its kind since another: its first thread's is.
    pub(crate) is_first: bool,
}

/// All tables.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Directory {
    /// The configuration whose thread was the latest that came with another.
    configuration: u64,
    entries: Vec<Entry>,
}

/// A table, and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    owner: u64,
    /// Until when it stays its owner's.
    until: u64,
    /// How many rows were ever made.
    rows: u64,
}

/// Gives a configuration's limits their tables. `configuration` tells it from others.
///
/// # Errors
/// When the host fails, or others kept writing.
pub(crate) fn claim<H: SharedData + ?Sized>(
    host: &mut H,
    configuration: u64,
    wanted: &[Wanted],
    now: u64,
) -> Result<Claim, HostError> {
    let mut claim = change(host, |directory| {
        let is_first = directory.configuration != configuration;
        directory.configuration = configuration;
        let tables = wanted.iter().map(|one| directory.give(*one, now)).collect();
        Claim { tables, is_first }
    })?;
    for claimed in &mut claim.tables {
        // Rows are cleared in order: where the last one is another's, whoever had it never came to the end.
        claimed.is_kept = claimed.is_kept && claimed.table.is_cleared(host)?;
        if !claimed.is_kept {
            claimed.table.clear(host)?;
        }
    }
    Ok(claim)
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
    change(host, |directory| {
        let lost = tables.iter().filter(|table| {
            let slot = usize::try_from(table.slot()).unwrap_or(usize::MAX);
            let entry = directory.entries.get_mut(slot);
            let own = entry.filter(|entry| entry.owner == table.owner());
            own.map(|entry| entry.renew(now)).is_none()
        });
        lost.copied().collect()
    })
}

impl Entry {
    /// Threads that say the same within a moment write it once.
    fn renew(&mut self, now: u64) {
        if self.until.saturating_sub(now) < LEASE / 8 * 7 {
            self.until = now.saturating_add(LEASE);
        }
    }
}

impl Directory {
    fn give(&mut self, wanted: Wanted, now: u64) -> Claimed {
        let Wanted { owner, rows } = wanted;
        let table = |slot| Table::new(u32::try_from(slot).unwrap_or(u32::MAX), rows, owner);
        let mut entries = self.entries.iter_mut().enumerate();
        if let Some((slot, entry)) = entries.find(|(_, entry)| entry.owner == owner) {
            entry.renew(now);
            return Claimed {
                table: table(slot),
                is_kept: true,
            };
        }
        let free = self.entries.iter_mut().enumerate();
        let free = free.filter(|(_, entry)| entry.until <= now);
        // The smallest that is large enough, else the largest.
        let best = free.min_by_key(|(_, entry)| {
            let missing = u64::from(rows).saturating_sub(entry.rows);
            (missing, entry.rows)
        });
        let mut new = Entry {
            owner,
            until: now.saturating_add(LEASE),
            rows: u64::from(rows),
        };
        let slot = match best {
            Some((slot, entry)) => {
                new.rows = new.rows.max(entry.rows);
                *entry = new;
                slot
            }
            None => {
                self.entries.push(new);
                self.entries.len() - 1
            }
        };
        Claimed {
            table: table(slot),
            is_kept: false,
        }
    }

    fn decode(bytes: &[u8]) -> Self {
        let (words, _) = bytes.as_chunks::<8>();
        let mut words = words.iter().map(|word| u64::from_le_bytes(*word));
        let configuration = words.next().unwrap_or_default();
        let words: Vec<u64> = words.collect();
        let (entries, _) = words.as_chunks::<3>();
        let entries = entries
            .iter()
            .map(|&[owner, until, rows]| Entry { owner, until, rows });
        Self {
            configuration,
            entries: entries.collect(),
        }
    }

    fn encode(&self) -> Vec<u8> {
        let entries = self.entries.iter();
        let words = entries.flat_map(|entry| [entry.owner, entry.until, entry.rows]);
        let words = std::iter::once(self.configuration).chain(words);
        words.flat_map(u64::to_le_bytes).collect()
    }
}

/// Changes the directory. What stays as it is is not written.
fn change<H: SharedData + ?Sized, T>(
    host: &mut H,
    mut change: impl FnMut(&mut Directory) -> T,
) -> Result<T, HostError> {
    for _ in 0..ATTEMPTS {
        let shared = host.shared(TABLES)?;
        let (before, generation) = match &shared {
            Some(shared) => (Directory::decode(&shared.value), shared.generation),
            None => (Directory::default(), 0),
        };
        let mut directory = before.clone();
        let outcome = change(&mut directory);
        if directory == before || host.compare_and_swap(TABLES, &directory.encode(), generation)? {
            return Ok(outcome);
        }
    }
    Err(HostError::Contended(TABLES))
}
