//! What limits are to a request, told to people. Nothing is taken of any.

use filter_api::{Client, HostError};
use function_router::Mismatch;

use crate::bucket::Bucket;
use crate::conditions::Unmet;
use crate::facts::Facts;
use crate::limit::{Concern, Holder, Limit};
use crate::limiter::RateLimiter;

/// When limits are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Before anybody knows who the client is.
    Early,
    /// When claims are known, and the function, which has this index in its route.
    Late(Option<usize>),
}

/// What a limit is to a request.
#[derive(Debug, Clone)]
pub struct Inspected<'l> {
    /// Which.
    pub limit: &'l Limit,
    /// Whether the request is subject to it.
    pub subject: Subject,
    /// The parts of the request's key, as they are told; `-` is a value that it has not.
    pub key: Vec<String>,
    /// How many tokens it takes.
    pub cost: u32,
    /// The buckets that each Envoy holds of it.
    pub bucket: Option<Bucket>,
    /// Whether a rate-limit service is asked.
    pub asks_service: bool,
}

/// Whether a request is subject to a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// It is.
    Yes,
    /// It is exempt, by this name.
    Exempt(String),
    /// It does not meet one of the limit's conditions: the one on this.
    No(String),
}

impl RateLimiter {
    /// What the limits of a stage are to a request, in the order in which they are asked.
    ///
    /// # Errors
    /// When the host fails.
    pub fn inspect<H: Client + ?Sized>(
        &self,
        host: &mut H,
        facts: &mut Facts<'_>,
        stage: Stage,
    ) -> Result<Vec<Inspected<'_>>, HostError> {
        let indices = match stage {
            Stage::Early => self.early(facts.route),
            Stage::Late(function) => self.late(facts.route, function),
        };
        let limits = indices.iter().filter_map(|index| self.limits.get(*index));
        limits.map(|limit| limit.inspect(host, facts)).collect()
    }
}

impl Limit {
    /// Hashes of all that its buckets depend on: where they stay what they are, what was taken stays taken.
    pub fn contents(&self) -> impl Iterator<Item = u64> {
        self.holder.tables()
    }

    fn inspect<H: Client + ?Sized>(
        &self,
        host: &mut H,
        facts: &mut Facts<'_>,
    ) -> Result<Inspected<'_>, HostError> {
        let subject = match self.concern(facts, host)? {
            Concern::Yes => Subject::Yes,
            Concern::Exempt(name) => Subject::Exempt(name.to_owned()),
            Concern::No(unmet) => Subject::No(told(&unmet)),
        };
        let mut key = Vec::with_capacity(self.key.len());
        for part in &self.key {
            key.push(part.value(facts, host)?.told());
        }
        Ok(Inspected {
            limit: self,
            subject,
            key,
            cost: self.cost.of(facts),
            bucket: self.stock().map(|stock| stock.bucket),
            asks_service: matches!(self.holder, Holder::Service { .. }),
        })
    }
}

fn told(unmet: &Unmet<'_>) -> String {
    match unmet {
        Unmet::Method => "its method".to_owned(),
        Unmet::Address => "the client's address".to_owned(),
        Unmet::Value(Mismatch::Header(name)) => format!("header \"{name}\""),
        Unmet::Value(Mismatch::Query(name)) => format!("query parameter \"{name}\""),
        Unmet::Value(Mismatch::Claims) => "claims".to_owned(),
        // Limits ask nothing of the body.
        Unmet::Value(Mismatch::Method | Mismatch::ContentType) => String::new(),
    }
}
