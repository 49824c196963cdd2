//! Upstreams that are called in ways that cannot be meant.

use std::collections::BTreeSet;

use filter_api::Duration;

use super::Check;
use crate::document::{Destination, Pattern, Protocol, Retries, Route, Upstream};

impl Check<'_> {
    pub(super) fn upstreams(&mut self) {
        for (name, upstream) in &self.gateway.upstreams {
            if let Some(retries) = &upstream.retries {
                let path = format!("{}.retries", upstream_path(name.as_str()));
                self.retries(&path, retries, upstream.timeout());
            }
        }
    }

    /// Where a destination says of itself how its upstream is called.
    pub(super) fn call(&mut self, path: &str, route: &Route, destination: &Destination) {
        let Some(upstream) = self.gateway.upstreams.get(&destination.upstream) else {
            return; // told already
        };
        if let Some(method) = &destination.method {
            self.method(&format!("{path}.method"), method, route, upstream);
        }
        let Some(retries) = &destination.retries else {
            return;
        };
        let path = format!("{path}.retries");
        let timeout = destination.timeout.unwrap_or(upstream.timeout());
        self.retries(&path, retries, timeout);
        if retries.budget.is_some() {
            let name = &destination.upstream;
            let problem = format!(
                "the budget is for all requests of an upstream together; move it to the retries of \
                 {name} under \"upstreams\""
            );
            self.error(format!("{path}.budget"), problem);
        }
    }

    /// A method instead of the request's, where the protocol needs that one.
    fn method(&mut self, path: &str, method: &str, route: &Route, upstream: &Upstream) {
        if let Pattern::Grpc(_) = route.matches.pattern {
            let problem = "found it with a match of \"grpc\", which is always POST; leave it out";
            self.error(path, problem);
            return;
        }
        let taken = route.matches.methods();
        let may_upgrade = taken.is_empty() || taken.contains(&"GET");
        if upstream.protocol == Protocol::WebSocket && may_upgrade && method != "GET" {
            let problem = "upgrades to WebSocket are GET (RFC 6455 section 4.1), and this route takes \
                           them; leave it out, or make an upstream without \"websocket\" of it";
            self.error(path, problem);
        }
    }

    /// `whole` is how long all tries together may take; zero is for ever.
    fn retries(&mut self, path: &str, retries: &Retries, whole: Duration) {
        let on = format!("{path}.on");
        if retries.on.is_empty() {
            let problem = "expected at least one reason, found none; write [connect-failure]";
            self.error(on.as_str(), problem);
        }
        let reasons = retries.on.iter().enumerate();
        let reasons = reasons.map(|(i, reason)| (format!("{on}[{i}]"), reason.as_str()));
        self.duplicates(reasons, "remove one of them");
        let one = retries.per_try_timeout.map(|one| one.get());
        if !whole.get().is_zero() && one.is_some_and(|one| one >= whole) {
            let problem = format!(
                "never used up: all tries together have {whole}, which is the timeout; write less than \
                 that"
            );
            self.warning(format!("{path}.per_try_timeout"), problem);
        }
    }

    pub(super) fn unused_upstreams(&mut self) {
        let gateway = self.gateway;
        let used: BTreeSet<_> = gateway
            .routes
            .iter()
            .flat_map(|route| {
                let mirrors = route.mirror.iter().map(|mirror| &mirror.upstream);
                route.to.iter().map(|to| &to.upstream).chain(mirrors)
            })
            .collect();
        for name in gateway
            .upstreams
            .keys()
            .filter(|&name| !used.contains(name))
        {
            let path = upstream_path(name.as_str());
            self.warning(path, "no route goes to this upstream");
        }
    }
}

/// The path to an upstream, whose name may hold dots.
pub(super) fn upstream_path(name: &str) -> String {
    if name.contains('.') {
        format!("upstreams[{name:?}]")
    } else {
        format!("upstreams.{name}")
    }
}
