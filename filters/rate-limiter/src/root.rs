//! What happens outside of requests: limits get their tables, and what was counted is told.

use std::collections::BTreeMap;
use std::rc::Rc;

use filter_api::{HostError, Level, Root, RootHost};

use twox_hash::XxHash64;

use crate::directory::{Claim, LEASE, Wanted, claim, renew};
use crate::limit::Limit;
use crate::limiter::{RateLimiter, Started};
use crate::seed::Seed;
use crate::table::Table;

/// How often what was counted is told.
const TICK: filter_api::Duration = filter_api::Duration::from_secs(1);

/// The root of a filter that limits requests.
#[derive(Debug)]
pub struct RateLimiterRoot {
    limiter: Rc<RateLimiter>,
    /// When its tables were last said to be in use, in nanoseconds of the host's clock.
    renewed: u64,
}

impl RateLimiterRoot {
    /// The root of the filter that has these limits.
    pub fn new(limiter: &Rc<RateLimiter>) -> Self {
        Self {
            limiter: Rc::clone(limiter),
            renewed: 0,
        }
    }

    /// Gets the tables of all limits, and says of which limits buckets are kept.
    fn claim(&self, host: &mut dyn RootHost, now: u64) -> Result<BTreeMap<u64, Table>, HostError> {
        let limits = &self.limiter.limits;
        let of_limit = |limit: &Limit| {
            let rows = Table::rows_for(limit.keys);
            let tables = limit.holder.tables();
            tables.map(move |owner| Wanted { owner, rows }).collect()
        };
        let wanted: Vec<Vec<Wanted>> = limits.iter().map(of_limit).collect();
        let all = wanted.concat();
        let owners = all.iter().flat_map(|one| one.owner.to_le_bytes());
        let configuration = XxHash64::oneshot(1, &owners.collect::<Vec<u8>>());
        let Claim { tables, is_first } = claim(host, configuration, &all, now)?;
        let is_kept = |owner: u64| {
            let mut tables = tables.iter();
            tables.any(|claimed| claimed.table.owner() == owner && claimed.is_kept)
        };
        if is_first {
            for (limit, wanted) in limits.iter().zip(&wanted) {
                let said = match wanted.iter().all(|one| is_kept(one.owner)) {
                    true => "keeps its buckets",
                    false => "begins with full buckets",
                };
                let name = limit.full_name();
                host.log(Level::Info, &format!("limit \"{name}\" {said}"));
            }
        }
        let tables = tables.iter().map(|claimed| claimed.table);
        Ok(tables.map(|table| (table.owner(), table)).collect())
    }
}

impl Root for RateLimiterRoot {
    fn tick_period(&self) -> Option<filter_api::Duration> {
        (!self.limiter.limits.is_empty()).then_some(TICK)
    }

    fn on_start(&mut self, host: &mut dyn RootHost) -> Result<(), HostError> {
        // Nobody will ask, so shared data is left alone.
        if self.limiter.limits.is_empty() {
            return Ok(());
        }
        let now = self.limiter.now(host);
        self.renewed = now;
        let tables = self.claim(host, now)?;
        let seed = Seed::of(host)?;
        *self.limiter.started.borrow_mut() = Some(Started { seed, tables });
        Ok(())
    }

    fn on_tick(&mut self, host: &mut dyn RootHost) -> Result<(), HostError> {
        for (limit, counters) in self.limiter.limits.iter().zip(&self.limiter.counters) {
            counters.tell(host, &limit.full_name);
        }
        let now = self.limiter.now(host);
        if now.saturating_sub(self.renewed) < LEASE / 4 && !self.limiter.lost.get() {
            return Ok(());
        }
        let started = self.limiter.started.borrow();
        let tables = started
            .as_ref()
            .map(|started| started.tables.values().copied());
        let tables: Vec<Table> = tables.into_iter().flatten().collect();
        drop(started);
        if !tables.is_empty() && !renew(host, &tables, now)?.is_empty() {
            let tables = self.claim(host, now)?;
            if let Some(started) = &mut *self.limiter.started.borrow_mut() {
                started.tables = tables;
            }
        }
        // Where the host fails the next tick tries again.
        self.renewed = now;
        self.limiter.lost.set(false);
        Ok(())
    }
}
