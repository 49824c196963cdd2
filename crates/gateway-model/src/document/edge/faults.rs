//! Finding what of an edge cannot be.

use std::collections::{BTreeMap, BTreeSet};

use super::{Controller, Edge, EdgeError, EdgeTls, Entrance, Front, Topology};
use crate::document::{Gateway, Listener, Pattern};
use crate::scalars::{Label, Port};
use crate::words::proposal;

/// Ports below it take a right of their own on Linux.
const FIRST_FREE_PORT: u16 = 1024;

/// All that cannot be, each with its place in the document. What depends on the topology is left out, if
/// that is not known.
pub(crate) fn faults(gateway: &Gateway, topology: Option<Topology>) -> Vec<(String, EdgeError)> {
    let mut faults = Faults {
        gateway,
        edge: &gateway.edge,
        found: Vec::new(),
    };
    faults.ports();
    if let Some(tls) = &gateway.edge.tls {
        faults.tls(tls);
    }
    faults.idle_timeout();
    if let Some(topology) = topology {
        faults.front(topology);
        faults.balancer(topology);
        faults.listeners();
        faults.hosts();
    }
    faults.found
}

struct Faults<'g> {
    gateway: &'g Gateway,
    edge: &'g Edge,
    found: Vec<(String, EdgeError)>,
}

impl<'g> Faults<'g> {
    fn push(&mut self, path: impl Into<String>, error: EdgeError) {
        self.found.push((path.into(), error));
    }

    fn listener(&self, name: &Label) -> Option<&'g Listener> {
        let mut listeners = self.gateway.listeners.iter();
        listeners.find(|listener| listener.name == *name)
    }

    fn no_listener(&self, name: &Label) -> EdgeError {
        let known = self.gateway.listeners.iter();
        EdgeError::NoListener {
            name: name.clone(),
            help: proposal(name.as_str(), known.map(|one| one.name.as_str())),
        }
    }

    fn ports(&mut self) {
        let mut taken = BTreeMap::<Port, &Label>::new();
        for listener in &self.gateway.listeners {
            let said = self.edge.ports.get(&listener.name);
            let port = said.copied().unwrap_or(listener.port);
            let Some(other) = taken.insert(port, &listener.name) else {
                continue;
            };
            // Of two listeners of one port the check of listeners tells.
            if said.is_some() || self.edge.ports.contains_key(other) {
                let at = if said.is_some() {
                    &listener.name
                } else {
                    other
                };
                let error = EdgeError::SamePort {
                    name: listener.name.clone(),
                    other: other.clone(),
                    port,
                };
                self.push(format!("edge.ports.{at}"), error);
            }
        }
        for name in self.edge.ports.keys() {
            if self.listener(name).is_none() {
                let error = self.no_listener(name);
                self.push(format!("edge.ports.{name}"), error);
            }
        }
    }

    fn tls(&mut self, tls: &EdgeTls) {
        if tls.listeners.is_empty() {
            self.push(
                "edge.tls.listeners",
                EdgeError::Nothing("listener", "[https]"),
            );
        }
        if tls.certificates.is_empty() {
            let example = "[\"arn:aws:acm:eu-west-1:123456789012:certificate/…\"]";
            self.push(
                "edge.tls.certificates",
                EdgeError::Nothing("certificate", example),
            );
        }
        let mut seen = BTreeSet::new();
        for (i, name) in tls.listeners.iter().enumerate() {
            let path = format!("edge.tls.listeners[{i}]");
            if !seen.insert(name) {
                self.push(path, EdgeError::Twice(name.to_string()));
                continue;
            }
            match self.listener(name) {
                None => self.push(path, self.no_listener(name)),
                Some(listener) if listener.tls.is_some() => {
                    self.push(path, EdgeError::TwoEnds(name.clone()));
                }
                Some(listener) if listener.redirect_to_https.is_some() => {
                    self.push(path, EdgeError::RedirectBehindTls(name.clone()));
                }
                Some(_) => {}
            }
        }
        let mut seen = BTreeSet::new();
        let mut first = None;
        for (i, arn) in tls.certificates.iter().enumerate() {
            let path = format!("edge.tls.certificates[{i}]");
            if !seen.insert(arn) {
                self.push(path, EdgeError::Twice(arn.to_string()));
            } else if let Some(region) = arn.region() {
                let first = *first.get_or_insert(region);
                if region != first {
                    let (first, other) = (first.to_owned(), region.to_owned());
                    self.push(path, EdgeError::Regions { first, other });
                }
            }
        }
    }

    /// Whether TLS of a listener ends at the balancer.
    fn ends_before(&self, listener: &Listener) -> bool {
        let tls = self.edge.tls.as_ref();
        tls.is_some_and(|tls| tls.listeners.contains(&listener.name))
    }

    fn idle_timeout(&mut self) {
        if self.edge.idle_timeout.is_none() {
            return;
        }
        let mut listeners = self.gateway.listeners.iter();
        if self.edge.controller == Some(Controller::CloudProviderAws) {
            self.push("edge.idle_timeout", EdgeError::IdleTimeoutOfProvider);
        } else if listeners.all(|listener| self.ends_before(listener)) {
            self.push("edge.idle_timeout", EdgeError::IdleTimeoutOfTls);
        }
    }

    fn front(&mut self, topology: Topology) {
        match (topology, self.edge.front) {
            (Topology::NlbPrivate, None) => self.push("edge", EdgeError::NoFront),
            (Topology::NlbPublic, Some(front)) if front != Front::Nothing => {
                self.push("edge.front", EdgeError::FrontOfPublic(front));
            }
            (_, Some(front)) if front.is_api_gateway() => {
                for (i, listener) in self.gateway.listeners.iter().enumerate() {
                    if listener.redirect_to_https.is_some() {
                        let path = format!("listeners[{i}].redirect_to_https");
                        self.push(path, EdgeError::RedirectBehindApiGateway);
                    }
                }
            }
            _ => {}
        }
    }

    fn balancer(&mut self, topology: Topology) {
        let edge = self.edge;
        if !topology.has_balancer() {
            for (field, is_said) in [
                ("controller", edge.controller.is_some()),
                ("tls", edge.tls.is_some()),
                ("idle_timeout", edge.idle_timeout.is_some()),
            ] {
                if is_said {
                    self.push(format!("edge.{field}"), EdgeError::NoBalancer(topology));
                }
            }
            return;
        }
        // The listener that redirects is for no call of gRPC.
        let mut serving = self.gateway.listeners.iter();
        let mut routes = self.gateway.routes.iter();
        if edge.controller == Some(Controller::CloudProviderAws)
            && edge.tls.is_some()
            && serving.all(|one| one.redirect_to_https.is_some() || self.ends_before(one))
            && routes.any(|route| matches!(route.matches.pattern, Pattern::Grpc(_)))
        {
            self.push("edge.tls", EdgeError::GrpcWithoutAlpn);
        }
    }

    fn listeners(&mut self) {
        for (i, listener) in self.gateway.listeners.iter().enumerate() {
            let (name, port) = (&listener.name, listener.port);
            if port.get() < FIRST_FREE_PORT {
                let error = EdgeError::LowPort {
                    name: name.clone(),
                    port,
                    higher: 8000 + port.get(),
                };
                self.push(format!("listeners[{i}].port"), error);
            } else if port == Entrance::STATUS_PORT {
                self.push(format!("listeners[{i}].port"), EdgeError::StatusPort);
            }
            if !listener.address.0.is_unspecified() {
                let address = listener.address.to_string();
                self.push(
                    format!("listeners[{i}].address"),
                    EdgeError::Address(address),
                );
            }
        }
        if self.gateway.admin.port == Entrance::STATUS_PORT {
            self.push("admin.port", EdgeError::StatusPort);
        }
    }

    fn hosts(&mut self) {
        for (i, route) in self.gateway.routes.iter().enumerate() {
            for (j, host) in route.matches.hosts.iter().enumerate() {
                if host.as_str() == Entrance::READY_HOST {
                    let path = format!("routes[{i}].match.hosts[{j}]");
                    self.push(path, EdgeError::ReadyHost(host.to_string()));
                }
            }
        }
    }
}
