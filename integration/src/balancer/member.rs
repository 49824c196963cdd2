//! A target as the balancer's nodes know it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::watch;

use super::{Health, HealthCheck, Target};

#[derive(Debug)]
pub(super) struct Member {
    pub(super) target: Target,
    known: AtomicBool,
    health: watch::Sender<Health>,
    /// How often its connections were cut.
    cuts: watch::Sender<u32>,
    open: AtomicUsize,
    opened: AtomicUsize,
}

/// Counts a connection while it lasts.
#[derive(Debug)]
pub(super) struct Counted<'a>(&'a Member);

impl Member {
    pub(super) fn new(target: Target) -> Self {
        Self {
            target,
            known: AtomicBool::new(true),
            health: watch::Sender::new(Health::Initial),
            cuts: watch::Sender::new(0),
            open: AtomicUsize::new(0),
            opened: AtomicUsize::new(0),
        }
    }

    /// Whether the nodes take it for registered.
    pub(super) fn is_known(&self) -> bool {
        self.known.load(Ordering::Relaxed)
    }

    /// The nodes have heard that it is not.
    pub(super) fn leave(&self) {
        self.known.store(false, Ordering::Relaxed);
    }

    pub(super) fn health(&self) -> Health {
        *self.health.borrow()
    }

    pub(super) async fn until(&self, health: Health) {
        // The sender lives in `self`, so this cannot end but by what is waited for.
        let _ = self.health.subscribe().wait_for(|now| *now == health).await;
    }

    /// Takes in as how many checks in a row have gone as the last one; says whether it turns unhealthy.
    pub(super) fn checked(&self, passed: bool, in_a_row: u32, check: &HealthCheck) -> bool {
        let next = match (self.health(), passed) {
            (Health::Initial, true) => Health::Healthy,
            (Health::Unhealthy, true) if in_a_row >= check.healthy_threshold => Health::Healthy,
            (Health::Healthy | Health::Initial, false) if in_a_row >= check.unhealthy_threshold => {
                Health::Unhealthy
            }
            (same, _) => same,
        };
        let turns = self.health.send_replace(next) != next;
        turns && next == Health::Unhealthy
    }

    /// Resets its connections.
    pub(super) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// What [`cut`](Self::cut) changes from now on.
    pub(super) fn cuts(&self) -> watch::Receiver<u32> {
        self.cuts.subscribe()
    }

    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    pub(super) fn opened(&self) -> usize {
        self.opened.load(Ordering::Relaxed)
    }

    pub(super) fn count(&self) -> Counted<'_> {
        self.opened.fetch_add(1, Ordering::Relaxed);
        self.open.fetch_add(1, Ordering::Relaxed);
        Counted(self)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
