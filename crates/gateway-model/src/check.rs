//! What concerns several parts of a document at once.

mod edge;
mod limits;
mod listeners;
mod patterns;
mod providers;
mod reach;
mod redirects;
mod requirements;
mod upstreams;

use std::collections::BTreeMap;
use std::fmt::Display;

use function_router::Router;
use gateway::cors::{Cors, CorsConfig};
use jwt_authz::KeysConfig;

use crate::ReadFile;
use crate::document::{Gateway, Location, Pattern, Protocol, Route};
use crate::scalars::{ProviderName, UpstreamName};
use crate::words::{proposal, quoted};
use crate::yaml::{Fault, Faults, Node, locate};

/// What a document holds that its types cannot forbid.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) errors: Faults,
    pub(crate) warnings: Vec<Fault>,
    /// The keys of providers that are not fetched, as far as they are known.
    pub(crate) keys: BTreeMap<ProviderName, KeysConfig>,
}

/// Checks a document. `root` is where it was read from; `read` reads the files of keys that it names, if
/// they are to be read.
pub(crate) fn check(gateway: &Gateway, root: &Node, read: Option<ReadFile<'_>>) -> Findings {
    let mut check = Check {
        gateway,
        root,
        findings: Findings::default(),
    };
    check.listeners();
    check.upstreams();
    check.edge();
    check.cors("cors", gateway.cors.as_ref());
    check.providers(read);
    check.requirements();
    check.routes();
    check.limits();
    if check.findings.errors.is_empty() {
        check.router_of_all();
        check.limits_of_all();
        check.unused_upstreams(); // before, it may be a name that a route misspells
        check.unused_providers();
        check.unused_service();
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

    fn cors(&mut self, path: &str, policy: Option<&CorsConfig>) {
        if let Some(Err(error)) = policy.map(Cors::compile) {
            let error = error.within(path);
            self.error(error.path, error.problem);
        }
    }

    fn route_cors(&mut self, path: &str, route: &Route) {
        let Some(policy) = &route.cors else { return };
        self.cors(path, Some(policy));
        let taken = route.matches.methods();
        for (i, method) in policy.methods.iter().enumerate() {
            if !taken.is_empty() && !taken.contains(&method.as_str()) {
                let problem = format!(
                    "the route does not take {method}, and this policy is for its requests alone; leave \
                     it out, or add it to the methods of the match"
                );
                self.warning(format!("{path}.methods[{i}]"), problem);
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
            self.actions(&path, route);
            self.route_cors(&format!("{path}.cors"), route);
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
        let types = route.matches.content_types.iter().enumerate();
        let types = types.map(|(i, kind)| (format!("{path}.match.content_types[{i}]"), kind));
        self.duplicates(types, "remove one of them");
        self.pattern(&format!("{path}.match"), route);
    }

    /// What the router itself would refuse. Each route is shown to it alone, since it stops at the
    /// first fault.
    fn router(&mut self, path: &str, route: &Route) {
        let config = route.to_config(|index, _| (format!("function-{index}"), false));
        if let Err(error) = Router::compile(&[config], None) {
            let within = error.path.strip_prefix("routes[0]").unwrap_or_default();
            self.error(format!("{path}{within}"), error.problem);
        }
    }

    /// What the router would refuse of all routes together.
    fn router_of_all(&mut self) {
        let routes = self.gateway.routes.iter();
        let configs =
            routes.map(|route| route.to_config(|at, _| (format!("function-{at}"), false)));
        if let Err(error) = Router::compile(&configs.collect::<Vec<_>>(), None) {
            self.error(error.path, error.problem);
        }
    }

    fn actions(&mut self, path: &str, route: &Route) {
        let answers = route.redirect.is_some() || route.respond.is_some();
        if route.to.is_empty() && !answers {
            let problem = "expected one of \"to\", \"redirect\" and \"respond\", found none; write to: \
                           [{ upstream: pets }]";
            self.error(path, problem);
            return;
        }
        self.router(path, route);
        self.redirect(path, route);
        for (i, destination) in route.to.iter().enumerate() {
            self.upstream(
                format!("{path}.to[{i}].upstream"),
                route,
                &destination.upstream,
            );
            self.call(&format!("{path}.to[{i}]"), route, destination);
        }
        for (i, mirror) in route.mirror.iter().enumerate() {
            self.upstream(
                format!("{path}.mirror[{i}].upstream"),
                route,
                &mirror.upstream,
            );
        }
        if answers && !route.mirror.is_empty() {
            let problem = "found where no upstream is asked; leave it out";
            self.error(format!("{path}.mirror"), problem);
        }
        let mirrors = route.mirror.iter().enumerate();
        let mirrors = mirrors.map(|(i, to)| (format!("{path}.mirror[{i}].upstream"), &to.upstream));
        self.duplicates(mirrors, "remove one of them");
    }

    fn upstream(&mut self, path: String, route: &Route, name: &UpstreamName) {
        let upstreams = &self.gateway.upstreams;
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
                let location = match &upstream.location {
                    Location::Address(address) => quoted(&address.to_string()),
                    service @ Location::Service(_) => service.to_string(),
                };
                let problem = format!(
                    "expected an upstream that speaks gRPC, found {}, which is http; if it does, \
                     write {name}: {{ grpc: {location} }}",
                    quoted(name.as_str())
                );
                self.error(path, problem);
            }
            Some(_) => {}
        }
    }
}
