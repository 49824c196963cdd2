//! What limits keep of a request while it lasts.

use std::time::Duration;

use crate::bucket::Taken;
use crate::table::{Receipt, Table};

/// What was taken for a request, and what a rate-limit service is to be asked.
#[derive(Debug, Default)]
pub struct Ledger {
    pub(crate) taken: Vec<Withdrawal>,
    pub(crate) asked: Vec<Question>,
    /// When it was, by the wall clock.
    pub(crate) asked_at: Duration,
}

/// What was taken by a limit.
#[derive(Debug)]
pub(crate) struct Withdrawal {
    /// The limit's index.
    pub(crate) limit: usize,
    pub(crate) table: Table,
    pub(crate) receipt: Receipt,
    pub(crate) taken: Taken,
    /// When, in nanoseconds of the host's clock.
    pub(crate) now: u64,
}

/// What a rate-limit service is asked about a limit.
#[derive(Debug)]
pub(crate) struct Question {
    /// The limit's index.
    pub(crate) limit: usize,
    pub(crate) fingerprint: u64,
    /// The key, as it is told.
    pub(crate) key: String,
    pub(crate) cost: u32,
}
