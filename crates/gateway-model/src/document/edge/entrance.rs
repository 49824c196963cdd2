//! What stands before the gateway where it is deployed: an edge whose fields fit each other.

use std::collections::BTreeMap;

use filter_api::Duration;

use super::{Controller, EdgeError, EdgeTls, Front, Topology, faults};
use crate::document::{Gateway, Listener};
use crate::scalars::{IdleTimeout, Label, Port};

/// What stands before the gateway where it is deployed: an [`Edge`](super::Edge) whose fields fit each
/// other and the rest of the document. Both sides, Kubernetes' and Envoy's, are rendered from it, so that
/// neither expects what the other does not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entrance {
    /// How clients come to it.
    pub topology: Topology,
    /// What takes their requests before.
    pub front: Front,
    /// The Network Load Balancer, if there is one.
    pub balancer: Option<LoadBalancer>,
    /// The ports of the Service that are not those of the listeners.
    ports: BTreeMap<Label, Port>,
}

/// A Network Load Balancer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadBalancer {
    /// Who makes it.
    pub controller: Controller,
    /// TLS that ends there.
    pub tls: Option<EdgeTls>,
    /// How long it keeps a connection over which nothing comes.
    pub idle_timeout: IdleTimeout,
}

/// By which scheme clients called the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// By that of the connection: https, if the listener has TLS.
    OfConnection,
    /// As what stands before says in `x-forwarded-proto`.
    Forwarded,
    /// By https, though the connection is in the clear.
    Https,
}

impl Entrance {
    /// The port of Envoy's listener that tells how it is: health, readiness and metrics. It is there
    /// where a gateway is deployed, and on no port of the Service.
    pub const STATUS_PORT: Port = Port::STATUS;

    /// The host that no document has routes for: behind it the pipeline itself says that it works.
    pub const READY_HOST: &str = "ready.headgate.internal";

    /// What stands before a gateway that is deployed so; as the document says, if no topology is given.
    ///
    /// # Errors
    /// All that cannot be, each with its place in the document.
    pub fn of(
        gateway: &Gateway,
        topology: Option<Topology>,
    ) -> Result<Self, Vec<(String, EdgeError)>> {
        let edge = &gateway.edge;
        let Some(topology) = topology.or(edge.topology) else {
            return Err(vec![("edge".to_owned(), EdgeError::NoTopology)]);
        };
        let faults = faults(gateway, Some(topology));
        if !faults.is_empty() {
            return Err(faults);
        }
        let balancer = topology.has_balancer().then(|| LoadBalancer {
            controller: edge.controller.unwrap_or_default(),
            tls: edge.tls.clone(),
            idle_timeout: edge.idle_timeout.unwrap_or_default(),
        });
        Ok(Self {
            topology,
            front: edge.front.unwrap_or_default(),
            balancer,
            ports: edge.ports.clone(),
        })
    }

    /// The port of the Service, and so of its balancer, that leads to a listener.
    pub fn port(&self, listener: &Listener) -> Port {
        let port = self.ports.get(&listener.name).copied();
        port.unwrap_or(listener.port)
    }

    /// Whether each connection begins with a header of the PROXY protocol that says whose it is. The
    /// cloud provider's own controller lets the balancer call nodes instead, which keeps the address of
    /// the connection as long as no node hands it on to another.
    pub fn speaks_proxy_protocol(&self) -> bool {
        let controller = self.balancer.as_ref().map(|balancer| balancer.controller);
        controller == Some(Controller::AwsLoadBalancerController)
    }

    /// The TLS of a listener that ends at the balancer, if it does.
    pub fn tls(&self, listener: &Listener) -> Option<&EdgeTls> {
        let tls = self.balancer.as_ref()?.tls.as_ref()?;
        tls.listeners.contains(&listener.name).then_some(tls)
    }

    /// By which scheme clients called.
    pub fn scheme(&self, listener: &Listener) -> Scheme {
        match self.front {
            Front::Alb => Scheme::Forwarded,
            Front::ApiGatewayRest | Front::ApiGatewayHttp => Scheme::Https,
            Front::Nothing if self.tls(listener).is_some() => Scheme::Https,
            Front::Nothing => Scheme::OfConnection,
        }
    }

    /// How long the balancer keeps a connection to a listener over which nothing comes; none, if there is
    /// no balancer.
    pub fn idle_timeout(&self, listener: &Listener) -> Option<Duration> {
        let balancer = self.balancer.as_ref()?;
        Some(match self.tls(listener) {
            Some(_) => IdleTimeout::default().get(), // AWS lets nobody change that
            None => balancer.idle_timeout.get(),
        })
    }
}
