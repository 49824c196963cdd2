//! What concerns several parts of a document at once.

mod listeners;
mod reach;
mod upstreams;

use std::collections::BTreeMap;
use std::fmt::Display;

use function_router::{DestinationConfig, RouteConfig, Router};

use crate::document::{Destination, Gateway, Pattern, Protocol, Route};
use crate::words::{proposal, quoted};
use crate::yaml::{Fault, Faults, Node, locate};

/// What a document holds that its types cannot forbid.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) errors: Faults,
    pub(crate) warnings: Vec<Fault>,
}

/// Checks a document. `root` is where it was read from.
pub(crate) fn check(gateway: &Gateway, root: &Node) -> Findings {
    let mut check = Check {
        gateway,
        root,
        findings: Findings::default(),
    };
    check.listeners();
    check.upstreams();
    check.routes();
    if check.findings.errors.is_empty() {
        check.unused_upstreams(); // before, it may be a name that a route misspells
    }
    check.findings
}

struct Check<'d> {
    gateway: &'d Gateway,
    root: &'d Node,
    findings: Findings,
}

impl Check<'_> {
    fn error(&mut self, path: impl Into<String>, problem: impl Display) {
        let fault = self.fault(path.into(), problem);
        self.findings.errors.push(fault);
    }

    fn warning(&mut self, path: impl Into<String>, problem: impl Display) {
        let fault = self.fault(path.into(), problem);
        self.findings.warnings.push(fault);
    }

    fn fault(&self, path: String, problem: impl Display) -> Fault {
        Fault {
            mark: locate(self.root, &path),
            problem: problem.to_string(),
            path,
        }
    }

    fn line(&self, path: &str) -> usize {
        locate(self.root, path).line
    }

    /// Names each item that was there before, and what to do about it.
    fn duplicates<T: Ord + Display>(
        &mut self,
        items: impl IntoIterator<Item = (String, T)>,
        help: &str,
    ) {
        let mut first = BTreeMap::<T, String>::new();
        for (path, item) in items {
            match first.get(&item) {
                Some(before) => {
                    let line = self.line(before);
                    let item = quoted(&item.to_string());
                    self.error(
                        path,
                        format!("{item} is there twice, first on line {line}; {help}"),
                    );
                }
                None => {
                    first.insert(item, path);
                }
            }
        }
    }

    fn routes(&mut self) {
        let gateway = self.gateway;
        if gateway.routes.is_empty() {
            self.error("routes", "expected at least one route, found none");
        }
        for (i, route) in gateway.routes.iter().enumerate() {
            let path = format!("routes[{i}]");
            self.matches(&path, route);
            self.destinations(&path, route);
        }
        self.reach();
    }

    fn matches(&mut self, path: &str, route: &Route) {
        let hosts = route.matches.hosts.iter().enumerate();
        let hosts = hosts.map(|(i, host)| (format!("{path}.match.hosts[{i}]"), host));
        self.duplicates(hosts, "remove one of them");
        let methods = route.matches.methods.iter().enumerate();
        let methods = methods.map(|(i, method)| (format!("{path}.match.methods[{i}]"), method));
        self.duplicates(methods, "remove one of them");
        // What the router itself would refuse. Each route is shown to it alone, since it stops at
        // the first fault.
        let config = RouteConfig {
            name: "route".to_owned(),
            matches: route.matches.to_config(),
            to: vec![DestinationConfig {
                function: "function".to_owned(),
                weight: 1,
                websocket: false,
            }],
        };
        if let Err(error) = Router::compile(&[config]) {
            let within = error.path.strip_prefix("routes[0]").unwrap_or_default();
            self.error(format!("{path}{within}"), error.problem);
        }
    }

    fn destinations(&mut self, path: &str, route: &Route) {
        let path = format!("{path}.to");
        if route.to.is_empty() {
            self.error(path.as_str(), "expected at least one upstream, found none");
        } else if route
            .to
            .iter()
            .all(|destination| destination.weight.get() == 0)
        {
            self.error(
                path.as_str(),
                "expected a weight above 0 for some upstream, found none",
            );
        }
        let upstreams = route.to.iter().enumerate();
        let upstreams = upstreams.map(|(i, to)| (format!("{path}[{i}].upstream"), &to.upstream));
        self.duplicates(upstreams, "give it both weights at once");
        for (i, destination) in route.to.iter().enumerate() {
            self.destination(format!("{path}[{i}].upstream"), route, destination);
        }
    }

    fn destination(&mut self, path: String, route: &Route, destination: &Destination) {
        let upstreams = &self.gateway.upstreams;
        let name = &destination.upstream;
        let is_call = matches!(route.matches.pattern, Pattern::Grpc(_));
        match upstreams.get(name) {
            None => {
                let name = name.as_str();
                let help = if upstreams.is_empty() {
                    "add it under \"upstreams\"".to_owned()
                } else {
                    proposal(name, upstreams.keys().map(|name| name.as_str()))
                };
                self.error(path, format!("no upstream {}; {help}", quoted(name)));
            }
            Some(upstream) if is_call && upstream.protocol != Protocol::Grpc => {
                let address = quoted(&upstream.address.to_string());
                let problem = format!(
                    "expected an upstream that speaks gRPC, found {}, which is http; if it does, \
                     write {name}: {{ grpc: {address} }}",
                    quoted(name.as_str())
                );
                self.error(path, problem);
            }
            Some(_) => {}
        }
    }
}
