//! What happens outside of requests: limits get their tables, and what was counted is told.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use filter_api::{HostError, Level, Root, RootHost};

use crate::directory::{Claimed, LEASE, claim, renew};
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

    /// Gets the table of a limit's buckets, and says whether it is new.
    fn claim(
        host: &mut dyn RootHost,
        limit: &Limit,
        owner: u64,
        now: u64,
    ) -> Result<Table, HostError> {
        let rows = Table::rows_for(limit.keys);
        let (table, said) = match claim(host, owner, rows, now)? {
            Claimed::Kept(table) => (table, "keeps its buckets"),
            Claimed::New(table) => (table, "begins with full buckets"),
        };
        let name = limit.full_name();
        host.log(Level::Info, &format!("limit \"{name}\" {said}"));
        Ok(table)
    }
}

fn now(host: &dyn RootHost) -> u64 {
    nanoseconds(host.monotonic_time())
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
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
        let now = now(host);
        self.renewed = now;
        let mut tables = BTreeMap::new();
        for limit in &self.limiter.limits {
            for owner in limit.holder.tables() {
                tables.insert(owner, Self::claim(host, limit, owner, now)?);
            }
        }
        let seed = Seed::of(host)?;
        *self.limiter.started.borrow_mut() = Some(Started { seed, tables });
        Ok(())
    }

    fn on_tick(&mut self, host: &mut dyn RootHost) -> Result<(), HostError> {
        for (limit, counters) in self.limiter.limits.iter().zip(&self.limiter.counters) {
            counters.tell(host, &limit.full_name);
        }
        let now = now(host);
        if now.saturating_sub(self.renewed) < LEASE / 4 {
            return Ok(());
        }
        self.renewed = now;
        let mut started = self.limiter.started.borrow_mut();
        let Some(started) = &mut *started else {
            return Ok(());
        };
        let tables: Vec<Table> = started.tables.values().copied().collect();
        for lost in renew(host, &tables, now)? {
            let mut limits = self.limiter.limits.iter();
            let limit = limits.find(|limit| limit.holder.tables().any(|one| one == lost.owner()));
            if let Some(limit) = limit {
                let table = Self::claim(host, limit, lost.owner(), now)?;
                started.tables.insert(lost.owner(), table);
            }
        }
        Ok(())
    }
}
