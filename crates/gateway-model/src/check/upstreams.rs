//! Upstreams that are called in ways that cannot be meant.

use std::collections::BTreeSet;

use super::Check;
use crate::document::{Retries, Upstream};

impl Check<'_> {
    pub(super) fn upstreams(&mut self) {
        for (name, upstream) in &self.gateway.upstreams {
            if let Some(retries) = &upstream.retries {
                let path = format!("{}.retries", upstream_path(name.as_str()));
                self.retries(&path, retries);
                self.time_of_a_try(&path, upstream, retries);
            }
        }
    }

    fn retries(&mut self, path: &str, retries: &Retries) {
        let path = format!("{path}.on");
        if retries.on.is_empty() {
            let problem = "expected at least one reason, found none; write [connect-failure]";
            self.error(path.as_str(), problem);
        }
        let reasons = retries.on.iter().enumerate();
        let reasons = reasons.map(|(i, reason)| (format!("{path}[{i}]"), reason.as_str()));
        self.duplicates(reasons, "remove one of them");
    }

    fn time_of_a_try(&mut self, path: &str, upstream: &Upstream, retries: &Retries) {
        let whole = upstream.timeout();
        let Some(one) = retries.per_try_timeout.map(|one| one.get()) else {
            return;
        };
        if !whole.get().is_zero() && one >= whole {
            let problem = format!(
                "never used up: all tries together have {whole}, the upstream's timeout; write less \
                 than that"
            );
            self.warning(format!("{path}.per_try_timeout"), problem);
        }
    }

    pub(super) fn unused_upstreams(&mut self) {
        let gateway = self.gateway;
        let used: BTreeSet<_> = gateway
            .routes
            .iter()
            .flat_map(|route| &route.to)
            .map(|to| &to.upstream)
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
fn upstream_path(name: &str) -> String {
    if name.contains('.') {
        format!("upstreams[{name:?}]")
    } else {
        format!("upstreams.{name}")
    }
}
