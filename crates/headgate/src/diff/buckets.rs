//! What becomes of the buckets of limits, by the code that keeps them.

use std::collections::BTreeMap;

use filter_api::ConfigError;
use gateway_model::{Gateway, RateLimit};
use rate_limiter::RateLimiter;
use serde::Serialize;

/// A limit that is new or not what it was, and what its buckets are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Buckets {
    /// The limit, as metrics call it.
    pub limit: String,
    /// What they are.
    pub buckets: State,
}

/// What becomes of buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
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
    let [was, is] = [before, after].map(|gateway| gateway.limiter(gateway.most_replicas()));
    let (was, is) = (was?, is?);
    let find = |of: &RateLimiter, name: &str| {
        let mut limits = of.limits().iter();
        let limit = limits.find(|limit| limit.full_name() == name);
        limit.map(|limit| limit.contents().collect::<Vec<u64>>())
    };
    let all = after.named_limits().filter_map(|(_, name, _)| {
        let buckets = match (find(&was, &name), find(&is, &name)) {
            (None, _) => State::New,
            (was, is) if was == is => State::Kept,
            _ => State::Anew,
        };
        let is_told = buckets != State::Kept || differ.contains(&name);
        is_told.then_some(Buckets {
            limit: name,
            buckets,
        })
    });
    Ok(all.collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "test code: a panic is how a test fails")]

    use super::*;

    fn gateway(limits: &str, of_route: &str) -> Gateway {
        let document = format!(
            "apiVersion: headgate.dev/v1alpha1\nkind: Gateway\nlisteners: [{{ name: http, port: 8080 }}]\n\
             upstreams: {{ pets: {{ http: \"pets:80\" }} }}\nlimits: [{limits}]\n\
             routes: [{{ name: a, match: {{ path: /a }}, limits: [{of_route}], to: [{{ upstream: pets }}] }}]\n"
        );
        let read = gateway_model::read("gateway.yaml", document.as_bytes());
        read.unwrap_or_else(|wrong| panic!("{wrong}")).document
    }

    #[test]
    fn buckets_are_kept_if_all_that_they_depend_on_is() {
        let before = gateway("{ name: x, rate: 5/s, by: [address] }", "{ rate: 1/s }");
        let told = |limits: &str, of_route: &str| {
            let after = gateway(limits, of_route);
            let all = of(&before, &after).unwrap_or_else(|error| panic!("{error}"));
            let all = all.into_iter().map(|one| (one.limit, one.buckets));
            all.collect::<Vec<_>>()
        };
        let x = |buckets: State| vec![("x".to_owned(), buckets)];
        for (limits, buckets) in [
            (
                "{ name: x, rate: 5/s, by: [address], status: 503 }",
                State::Kept,
            ),
            (
                "{ name: x, rate: 5/s, burst: 5, by: [address] }",
                State::Kept,
            ),
            (
                "{ name: x, rate: 5/s, by: [address], dry_run: true, cost: 2 }",
                State::Kept,
            ),
            ("{ name: x, rate: 6/s, by: [address] }", State::Anew),
            ("{ name: x, rate: 5/s, by: [host] }", State::Anew),
            (
                "{ name: x, rate: 5/s, by: [address], keys: 7 }",
                State::Anew,
            ),
        ] {
            assert_eq!(told(limits, "{ rate: 1/s }"), x(buckets), "{limits}");
        }
        let same = "{ name: x, rate: 5/s, by: [address] }";
        assert_eq!(told(same, "{ rate: 1/s }"), []);
        let new = ("a/2/s".to_owned(), State::New);
        assert_eq!(told(same, "{ rate: 1/s }, { rate: 2/s }"), [new]);
    }
}
