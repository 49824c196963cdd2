//! Mistakes, as they are gathered.

use super::node::Mark;

/// Something wrong at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) mark: Mark,
    /// `routes[2].to[0].upstream`; empty for the whole document.
    pub(crate) path: String,
    /// What was found and expected; after the last "; " what to write instead.
    pub(crate) problem: String,
}

/// How many faults are told at once. Whoever has more has made one mistake many times.
pub(crate) const MOST_FAULTS: usize = 50;

/// Faults, no more than [`MOST_FAULTS`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults {
    pub(crate) list: Vec<Fault>,
    /// Whether there were more.
    pub(crate) more: bool,
}

impl Faults {
    pub(crate) fn push(&mut self, fault: Fault) {
        if self.list.len() < MOST_FAULTS {
            self.list.push(fault);
        } else {
            self.more = true;
        }
    }

    pub(crate) fn append(&mut self, other: Self) {
        other.list.into_iter().for_each(|fault| self.push(fault));
        self.more |= other.more;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}
