//! All limits of a configuration, and what they say of a request.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use filter_api::{Clock, ConfigError, Host, HostError, SharedData};
use function_router::{Route, Router};

use crate::bucket::{Bucket, Short};
use crate::config::{AnswersConfig, LimitsConfig, TellOn};
use crate::denial::OverLimit;
use crate::facts::Facts;
use crate::fields::{Standing, fields};
use crate::key::fingerprint;
use crate::ledger::{Ledger, Question, Withdrawal};
use crate::limit::{Concern, Holder, Limit, Stock};
use crate::metrics::{Counters, Outcome};
use crate::plan::{Plan, Plans};
use crate::row::Place;
use crate::seed::Seed;
use crate::table::{Table, Verdict};

/// The limits of a gateway, compiled.
#[derive(Debug)]
pub struct RateLimiter {
    pub(crate) limits: Box<[Limit]>,
    /// By the limit's index.
    pub(crate) counters: Box<[Counters]>,
    answers: AnswersConfig,
    /// Of requests that no route takes.
    unrouted: Plan,
    /// By the route's index.
    routes: Box<[Plan]>,
    /// What the host's shared data has for this configuration, from the start on.
    pub(crate) started: RefCell<Option<Started>>,
    /// A table was found to be another's.
    pub(crate) lost: Cell<bool>,
    /// The last moment that was seen.
    last: Cell<u64>,
}

/// What is in the host's shared data.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) seed: Seed,
    /// By the hash of what is in them.
    pub(crate) tables: BTreeMap<u64, Table>,
}

impl RateLimiter {
    /// Compiles the limits of these routes. `asks_tokens` says whether tokens are looked at of requests that a
    /// route takes, or none: of others nobody knows what they say.
    ///
    /// # Errors
    /// The first fault, its path relative to the limits.
    pub fn compile(
        config: &LimitsConfig,
        router: &Router,
        asks_tokens: impl Fn(Option<&Route>) -> bool,
    ) -> Result<Self, ConfigError> {
        let Plans {
            limits,
            unrouted,
            routes,
        } = Plans::compile(config, router.routes(), asks_tokens)?;
        Ok(Self {
            answers: config.answers,
            counters: limits.iter().map(|_| Counters::default()).collect(),
            limits: limits.into(),
            unrouted,
            routes,
            started: RefCell::default(),
            lost: Cell::default(),
            last: Cell::default(),
        })
    }

    /// All limits.
    pub fn limits(&self) -> &[Limit] {
        &self.limits
    }

    /// The most limits that a rate-limit service is asked about for one request.
    pub fn most_asked(&self) -> usize {
        let plans = self.routes.iter().chain([&self.unrouted]);
        let most_asked = plans.map(|plan| plan.most_asked(&self.limits));
        most_asked.max().unwrap_or(0)
    }

    /// Asks the limits that need nobody's identity.
    ///
    /// # Errors
    /// When the host fails.
    pub fn ask_early(
        &self,
        host: &mut dyn Host,
        facts: &mut Facts<'_>,
        ledger: &mut Ledger,
    ) -> Result<Option<OverLimit>, HostError> {
        self.ask(host, self.early(facts.route), facts, ledger)
    }

    /// The limits that need nobody's identity, by their indices, of requests that this route takes, or none.
    pub(crate) fn early(&self, route: Option<&Route>) -> &[usize] {
        let plan = self.plan(route);
        plan.map(|plan| &*plan.early).unwrap_or_default()
    }

    /// Those that need claims, and those of the function.
    pub(crate) fn late(&self, route: Option<&Route>, function: Option<usize>) -> &[usize] {
        let plan = self.plan(route);
        plan.map(|plan| plan.late(function)).unwrap_or_default()
    }

    /// Asks those that need claims, and those of the function, which has this index in its route.
    ///
    /// # Errors
    /// When the host fails.
    pub fn ask_late(
        &self,
        host: &mut dyn Host,
        facts: &mut Facts<'_>,
        function: Option<usize>,
        ledger: &mut Ledger,
    ) -> Result<Option<OverLimit>, HostError> {
        self.ask(host, self.late(facts.route, function), facts, ledger)
    }

    /// Whether any limit asks what the tokens of a request say that this route takes, or none.
    pub fn asks_claims(&self, route: Option<&Route>) -> bool {
        !self.late(route, None).is_empty()
    }

    fn plan(&self, route: Option<&Route>) -> Option<&Plan> {
        match route {
            Some(route) => self.routes.get(route.index()),
            None => Some(&self.unrouted),
        }
    }

    fn ask(
        &self,
        host: &mut dyn Host,
        indices: &[usize],
        facts: &mut Facts<'_>,
        ledger: &mut Ledger,
    ) -> Result<Option<OverLimit>, HostError> {
        if indices.is_empty() {
            return Ok(None);
        }
        let started = self.started.borrow();
        let Some(started) = &*started else {
            return Err(HostError::WrongPhase("a limit before the filter's start"));
        };
        let now = self.now(host);
        for &index in indices {
            let (Some(limit), Some(counters)) = (self.limits.get(index), self.counters.get(index))
            else {
                continue;
            };
            match limit.concern(facts, host)? {
                Concern::Yes => {}
                Concern::No(_) => continue,
                Concern::Exempt(_) => {
                    counters.count(Outcome::Exempt);
                    continue;
                }
            }
            let refused = started.ask(limit, index, now, facts, host, ledger)?;
            if let Err((Outcome::Lost, _)) = refused {
                self.lost.set(true);
            }
            let (outcome, refused) = match refused {
                Ok(None) => continue,
                Ok(Some(outcome)) => (outcome, None),
                Err((outcome, refused)) if !limit.dry_run => (outcome, Some(refused)),
                Err(_) => (Outcome::WouldRefuse, None),
            };
            counters.count(outcome);
            if let Some(refused) = refused {
                self.put_back(host, ledger);
                return Ok(Some(self.over(limit, &refused)));
            }
        }
        Ok(None)
    }

    /// A request that one limit refuses has taken nothing from the others. Where a host fails, they are the
    /// stricter for it.
    pub(crate) fn put_back<H: SharedData + Clock + ?Sized>(
        &self,
        host: &mut H,
        ledger: &mut Ledger,
    ) {
        ledger.asked.clear();
        for withdrawal in ledger.taken.drain(..) {
            let _ = withdrawal.table.put_back(host, withdrawal.receipt);
        }
    }

    pub(crate) fn count(&self, limit: usize, outcome: Outcome) {
        if let Some(counters) = self.counters.get(limit) {
            counters.count(outcome);
        }
    }

    pub(crate) fn over(&self, limit: &Limit, refused: &Refused) -> OverLimit {
        let Refused {
            bucket,
            after,
            remaining,
            reset,
        } = refused;
        let standing = bucket.map(|bucket| Standing {
            name: &limit.name,
            quota: bucket.burst(),
            window: bucket.fills_in(),
            remaining: *remaining,
            reset: *reset,
        });
        OverLimit {
            name: limit.name.clone(),
            status: limit.status,
            retry_after: *after,
            headers: fields(self.answers.headers, standing.as_slice()),
        }
    }

    /// The header fields by which a response tells what is left, if responses do.
    pub fn fields_told(&self, ledger: &Ledger) -> Vec<(&'static str, String)> {
        if self.answers.on == TellOn::Refusals {
            return Vec::new();
        }
        let standings = ledger.taken.iter().filter_map(|withdrawal| {
            let limit = self.limits.get(withdrawal.limit)?;
            let limit = Some(limit).filter(|limit| !limit.dry_run)?;
            let bucket = limit.stock()?.bucket;
            Some(Standing {
                name: &limit.name,
                quota: bucket.burst(),
                window: bucket.fills_in(),
                remaining: withdrawal.taken.remaining,
                reset: bucket.until_full(withdrawal.taken.full_at, withdrawal.now),
            })
        });
        fields(self.answers.headers, &standings.collect::<Vec<_>>())
    }

    /// Now, in nanoseconds: never before what was now.
    pub(crate) fn now<H: Clock + ?Sized>(&self, host: &H) -> u64 {
        let now = nanoseconds(host.monotonic_time());
        let now = now.max(self.last.get());
        self.last.set(now);
        now
    }
}

pub(crate) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// How a limit refused.
pub(crate) struct Refused {
    /// By which bucket, if this Envoy has it.
    bucket: Option<Bucket>,
    after: Option<Duration>,
    remaining: u32,
    reset: Duration,
}

impl Limit {
    /// The buckets that this Envoy holds of it.
    pub(crate) fn stock(&self) -> Option<Stock> {
        match &self.holder {
            Holder::Here(stock) => Some(*stock),
            Holder::Service { local, .. } => *local,
        }
    }
}

impl Started {
    /// Asks a limit about a request that it concerns.
    fn ask(
        &self,
        limit: &Limit,
        index: usize,
        now: u64,
        facts: &mut Facts<'_>,
        host: &mut dyn Host,
        ledger: &mut Ledger,
    ) -> Result<Result<Option<Outcome>, (Outcome, Refused)>, HostError> {
        let fingerprint = fingerprint(&limit.key, self.seed, facts, host)?;
        let cost = limit.cost.of(facts);
        if let Holder::Service { rate, .. } = &limit.holder
            && cost > rate.tokens()
        {
            // A service would refuse it too, and count it: nothing would be left for others in this period.
            return Ok(Err((Outcome::Refused, Refused::for_good())));
        }
        if let Some(refused) = self.known_over(limit, fingerprint, host, now)? {
            return Ok(Err((Outcome::Refused, refused)));
        }
        let mut outcome = None;
        if let Some(Stock { bucket, content }) = limit.stock() {
            let Some(table) = self.tables.get(&content) else {
                return Err(HostError::WrongPhase("a limit without a table"));
            };
            match table.take(host, fingerprint, bucket, now, cost)? {
                Verdict::Taken(taken, receipt) => {
                    outcome = Some(match receipt.place() {
                        Place::Own => Outcome::Passed,
                        Place::Shared => Outcome::PassedShared,
                    });
                    ledger.taken.push(Withdrawal {
                        limit: index,
                        table: *table,
                        receipt,
                        taken,
                        now,
                    });
                }
                Verdict::Refused(short, place) => {
                    let outcome = match place {
                        Place::Own => Outcome::Refused,
                        Place::Shared => Outcome::RefusedShared,
                    };
                    return Ok(Err((outcome, Refused::short(bucket, short))));
                }
                Verdict::Contended => {
                    return Ok(Err((Outcome::Contended, Refused::unknown(bucket))));
                }
                Verdict::Lost => return Ok(Err((Outcome::Lost, Refused::unknown(bucket)))),
            }
        }
        if let Holder::Service { .. } = &limit.holder {
            let mut key = Vec::with_capacity(limit.key.len());
            for part in &limit.key {
                key.push(part.value(facts, host)?.told());
            }
            ledger.asked.push(Question {
                limit: index,
                fingerprint,
                key: key.join(","),
                cost,
            });
        }
        Ok(Ok(outcome))
    }
}

impl Refused {
    /// By a rate-limit service, until after this time.
    pub(crate) fn by_service(after: Duration) -> Self {
        Self {
            bucket: None,
            after: Some(after),
            remaining: 0,
            reset: after,
        }
    }

    /// Of a request that costs more than there ever is.
    fn for_good() -> Self {
        Self {
            bucket: None,
            after: None,
            remaining: 0,
            reset: Duration::ZERO,
        }
    }

    /// Of a bucket of which it is not known how much is left; a moment later it may be.
    fn unknown(bucket: Bucket) -> Self {
        let short = Short {
            after: Some(Duration::from_millis(1)),
            remaining: 0,
        };
        Self::short(bucket, short)
    }

    fn short(bucket: Bucket, short: Short) -> Self {
        let missing = bucket.burst().saturating_sub(short.remaining);
        Self {
            bucket: Some(bucket),
            after: short.after,
            remaining: short.remaining,
            reset: bucket.time_of(missing),
        }
    }
}
