//! What becomes of the buckets of limits, by the code that keeps them.

use std::collections::BTreeMap;

use filter_api::ConfigError;
use function_router::Router;
use gateway_model::{Gateway, RateLimit};
use rate_limiter::RateLimiter;
use serde::Serialize;

/// A limit that is new or not what it was, and what its buckets are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Buckets {
    /// The limit, as metrics call it.
    pub limit: String,
    /// What they are.
    pub buckets: Kept,
}

/// What becomes of buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// What was taken of them stays taken.
    Kept,
    /// All are full again.
    Anew,
    /// There were none.
    New,
}

/// The limits of the later document that are new or not what they were, in the order of the document.
pub fn of(before: &Gateway, after: &Gateway) -> Result<Vec<Buckets>, ConfigError> {
    let known: BTreeMap<String, &RateLimit> = before
        .named_limits()
        .map(|(_, name, limit)| (name, limit))
        .collect();
    let differ = after
        .named_limits()
        .filter(|(_, name, limit)| known.get(name) != Some(limit));
    let differ: Vec<String> = differ.map(|(_, name, _)| name).collect();
    if differ.is_empty() && before.most_replicas() == after.most_replicas() {
        return Ok(Vec::new());
    }
    let (was, is) = (compiled(before)?, compiled(after)?);
    let find = |of: &RateLimiter, name: &str| {
        let mut limits = of.limits().iter();
        let limit = limits.find(|limit| limit.full_name() == name);
        limit.map(|limit| limit.contents().collect::<Vec<u64>>())
    };
    let all = after.named_limits().filter_map(|(_, name, _)| {
        let buckets = match (find(&was, &name), find(&is, &name)) {
            (None, _) => Kept::New,
            (was, is) if was == is => Kept::Kept,
            _ => Kept::Anew,
        };
        let is_told = buckets != Kept::Kept || differ.contains(&name);
        is_told.then_some(Buckets {
            limit: name,
            buckets,
        })
    });
    Ok(all.collect())
}

fn compiled(gateway: &Gateway) -> Result<RateLimiter, ConfigError> {
    let routes = gateway.routes.iter();
    let routes = routes.map(|route| route.to_config(|at, _| (format!("function-{at}"), false)));
    let router = Router::compile(&routes.collect::<Vec<_>>(), None)?;
    let config = gateway.limits_config(gateway.most_replicas());
    RateLimiter::compile(&config, &router, |_| true)
}
