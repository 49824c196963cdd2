//! What Envoy's own rate-limit filter behind this one is told, and what is learned of its answers.
//!
//! For each limit that a rate-limit service holds a request has a slot of header fields: the limit's name,
//! the request's key, its cost. Of each slot that is there Envoy's filter makes a descriptor. Nobody outside
//! sees the fields, and nobody outside can write them.

use std::hash::Hasher;
use std::time::Duration;

use filter_api::{Fields as Message, HeaderList, Host, HostError};

use crate::denial::OverLimit;
use crate::ledger::{Ledger, Question};
use crate::limit::{Holder, Limit};
use crate::limiter::{RateLimiter, Refused, Started, nanoseconds};
use crate::metrics::Outcome;

/// How the fields' names begin.
pub const PREFIX: &str = "x-headgate-limit-";

/// The field that Envoy's filter adds to what it refuses, and which is taken off what upstreams answer: so
/// nobody else can have written it.
pub const OVER_HEADER: &str = "x-headgate-over";

/// The largest cost that Envoy's filter takes; with a larger one it would not ask.
const MOST_COST: u32 = 1_000_000_000;

/// What is asked in one call. A service may be set up to count nothing of limits asked about together when one
/// of them is over: beside a dry run that is over it would hold none of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// About limits that refuse.
    Limits,
    /// About dry runs, by a filter of Envoy's that refuses nothing.
    DryRuns,
}

impl Call {
    /// The names of the fields of a slot: limit, key, cost.
    pub fn slot(self, slot: usize) -> [String; 3] {
        let kind = match self {
            Self::Limits => "",
            Self::DryRuns => "dry-",
        };
        ["name", "key", "cost"].map(|field| format!("{PREFIX}{kind}{field}-{slot}"))
    }
}

/// The period of which least is left, and behind it all (`DRAFT_VERSION_03` of Envoy's filter):
/// `5, 5;w=60;name="five", 10;w=3600;name="ten"`.
const LIMIT: &str = "x-ratelimit-limit";

/// After how many seconds that period is over.
const RESET: &str = "x-ratelimit-reset";

/// What Envoy's filter tells of limits, which are told by this one as its configuration says.
const TOLD_BY_ENVOY: [&str; 5] = [
    OVER_HEADER,
    LIMIT,
    RESET,
    "x-ratelimit-remaining",
    "x-envoy-ratelimited",
];

impl RateLimiter {
    /// Removes what a client says in fields that are for the service. Returns what is left, by which all that
    /// follows has to go, if it is less.
    ///
    /// # Errors
    /// When the host fails.
    pub fn sanitise(
        &self,
        host: &mut dyn Host,
        headers: &HeaderList,
    ) -> Result<Option<HeaderList>, HostError> {
        let is_ours = |name: &[u8]| name.starts_with(PREFIX.as_bytes());
        if !headers.iter().any(|(name, _)| is_ours(name)) {
            return Ok(None);
        }
        for (name, _) in headers.iter().filter(|(name, _)| is_ours(name)) {
            if let Ok(name) = std::str::from_utf8(name) {
                host.remove_field(Message::RequestHeaders, name)?;
            }
        }
        Ok(Some(headers.without(is_ours)))
    }

    /// Writes what the service is asked about a request, which then goes on to Envoy's filter; unless it is known
    /// what the answer would be.
    ///
    /// # Errors
    /// When the host fails, or refuses an edit.
    pub fn ask_service(
        &self,
        host: &mut dyn Host,
        ledger: &mut Ledger,
    ) -> Result<Option<OverLimit>, HostError> {
        if ledger.asked.is_empty() {
            return Ok(None);
        }
        let asked = std::mem::take(&mut ledger.asked).into_iter();
        let (dry_runs, asked) = asked.partition(|question| {
            let limit = self.limit(question);
            limit.is_some_and(|limit| limit.dry_run)
        });
        ledger.asked = asked;
        // Of one alone it is known by now.
        if ledger.asked.len() > 1
            && let Some(together) = self.together(&ledger.asked)
            && let Some(refused) = self.known_over(host, &together)?
        {
            self.put_back(host, ledger);
            return Ok(Some(refused));
        }
        ledger.asked_at = host.unix_time();
        self.write(host, Call::Limits, &ledger.asked)?;
        self.write(host, Call::DryRuns, &dry_runs)?;
        Ok(None)
    }

    /// Writes what is asked in one call.
    fn write(&self, host: &mut dyn Host, call: Call, asked: &[Question]) -> Result<(), HostError> {
        for (index, question) in asked.iter().enumerate() {
            let Some(limit) = self.limit(question) else {
                continue;
            };
            let [name, key, cost] = call.slot(index);
            let mut set =
                |name: &str, value: &[u8]| host.set_field(Message::RequestHeaders, name, value);
            set(&name, limit.full_name.as_bytes())?;
            set(&key, question.key.as_bytes())?;
            set(&cost, question.cost.min(MOST_COST).to_string().as_bytes())?;
            self.count(question.limit, Outcome::Asked);
        }
        Ok(())
    }

    /// Reads the answer to a request about which the service was asked, and takes from the response what Envoy's
    /// filter says of limits. What is over is remembered, so that nobody is asked about it before it can be
    /// otherwise.
    ///
    /// # Errors
    /// When the host fails.
    pub fn hear_service(
        &self,
        host: &mut dyn Host,
        ledger: &mut Ledger,
    ) -> Result<Option<OverLimit>, HostError> {
        let asked = std::mem::take(&mut ledger.asked);
        if asked.is_empty() {
            return Ok(None);
        }
        let mut told = |name| host.field(Message::ResponseHeaders, name);
        let (over, limit, reset) = (told(OVER_HEADER)?, told(LIMIT)?, told(RESET)?);
        for name in TOLD_BY_ENVOY {
            host.remove_field(Message::ResponseHeaders, name)?;
        }
        if over.is_none() {
            return Ok(None);
        }
        let number = |text: Option<Vec<u8>>| {
            let text = text?;
            let first = text.split(|byte| !byte.is_ascii_digit()).next()?;
            std::str::from_utf8(first).ok()?.parse::<u32>().ok()
        };
        let (tokens, reset) = (number(limit), number(reset).unwrap_or(1));
        let reset_in = Duration::from_secs(reset.into());
        // Periods begin at whole seconds of the wall clock, and so they end. Where one began while the service was
        // asked, it may have decided before: nothing of that holds for what began.
        let end = Duration::from_secs(ledger.asked_at.as_secs()).saturating_add(reset_in);
        let after = end.saturating_sub(host.unix_time()).min(reset_in);
        let mut nearest = asked.iter().filter(|question| {
            let limit = self.limit(question);
            limit.is_some_and(|limit| limit.may_end(tokens, reset))
        });
        let (first, second) = (nearest.next(), nearest.next());
        let Some(told) = first.or(asked.first()) else {
            return Ok(None);
        };
        let over = match (first, second) {
            (Some(one), None) => Some(Over::of(one)),
            _ => self.together(&asked),
        };
        if let Some(over) = over {
            self.remember(host, &over, after)?;
        }
        let Some(limit) = self.limit(told) else {
            return Ok(None);
        };
        self.count(told.limit, Outcome::RefusedByService);
        self.put_back(host, ledger);
        Ok(Some(self.over(limit, &Refused::by_service(reset_in))))
    }

    fn limit(&self, question: &Question) -> Option<&Limit> {
        self.limits.get(question.limit)
    }

    /// All that a request asks about, as one key: where the answer does not tell which of them is over, it is
    /// the answer to all of them together.
    fn together(&self, asked: &[Question]) -> Option<Over> {
        let (first, others) = asked.split_first()?;
        if others.is_empty() {
            return Some(Over::of(first));
        }
        let started = self.started.borrow();
        let mut hasher = started.as_ref()?.seed.hasher();
        for question in asked {
            let limit = self.limit(question)?;
            hasher.write(&limit.holder.content().to_le_bytes());
            hasher.write(&question.fingerprint.to_le_bytes());
        }
        Some(Over {
            limit: first.limit,
            fingerprint: hasher.finish(),
        })
    }

    /// The refusal of what is known to be over.
    fn known_over(&self, host: &mut dyn Host, over: &Over) -> Result<Option<OverLimit>, HostError> {
        let now = self.now(host);
        let Some(limit) = self.limits.get(over.limit) else {
            return Ok(None);
        };
        let started = self.started.borrow();
        let refused = match &*started {
            Some(started) => started.known_over(limit, over.fingerprint, host, now)?,
            None => None,
        };
        Ok(refused.map(|refused| {
            self.count(over.limit, Outcome::Refused);
            self.over(limit, &refused)
        }))
    }

    fn remember(&self, host: &mut dyn Host, over: &Over, after: Duration) -> Result<(), HostError> {
        let now = self.now(host);
        let started = self.started.borrow();
        let limit = self.limits.get(over.limit);
        let table = limit.and_then(|limit| started.as_ref()?.over(limit));
        let until = now.saturating_add(nanoseconds(after));
        match table {
            Some(table) => table.remember(host, over.fingerprint, now, until),
            None => Ok(()),
        }
    }
}

/// A key that a rate-limit service refuses for a while.
struct Over {
    /// The limit's index, whose table remembers it.
    limit: usize,
    fingerprint: u64,
}

impl Over {
    fn of(question: &Question) -> Self {
        Self {
            limit: question.limit,
            fingerprint: question.fingerprint,
        }
    }
}

impl Limit {
    /// Whether it can be the limit of so many tokens whose period ends after so many seconds.
    fn may_end(&self, tokens: Option<u32>, reset: u32) -> bool {
        let Holder::Service { rate, .. } = &self.holder else {
            return false;
        };
        tokens.is_none_or(|tokens| tokens == rate.tokens())
            && u64::from(reset) <= rate.period().as_secs()
    }
}

impl Started {
    /// How a key of a limit is refused, if it is known that the service would refuse it.
    pub(crate) fn known_over(
        &self,
        limit: &Limit,
        fingerprint: u64,
        host: &mut dyn Host,
        now: u64,
    ) -> Result<Option<Refused>, HostError> {
        let until = match self.over(limit) {
            Some(table) => table.remembered(host, fingerprint, now)?,
            None => None,
        };
        let after = until.map(|until| Duration::from_nanos(until.saturating_sub(now)));
        Ok(after.map(Refused::by_service))
    }

    /// Where it is remembered which keys of a limit are over.
    fn over(&self, limit: &Limit) -> Option<crate::Table> {
        match &limit.holder {
            Holder::Here(_) => None,
            Holder::Service { over, .. } => self.tables.get(over).copied(),
        }
    }
}
