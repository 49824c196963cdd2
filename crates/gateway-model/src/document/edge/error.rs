//! What of an edge cannot be.

use super::{Controller, Front, Topology};
use crate::scalars::{Label, Port};
use crate::words::quoted;

/// Why fields of an edge do not fit each other, or the rest of the document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EdgeError {
    /// It is not known what the gateway is deployed behind.
    #[error(
        "expected how clients come to the gateway, found nothing; write edge: {{ topology: nlb-public }}, \
         or name one with --topology: nlb-public, nlb-private, cluster-ip or node-port"
    )]
    NoTopology,
    /// Nobody knows whom to believe.
    #[error(
        "\"{}\" needs to know what hands requests on to the gateway; write front: nothing, alb or \
         api-gateway", .0.as_str()
    )]
    NoFront(Topology),
    /// Another balancer has the clients.
    #[error(
        "found \"{}\" with \"{}\", which clients reach directly; leave it out, or write topology: \
         nlb-private", .0.as_str(), Topology::NlbPublic.as_str()
    )]
    FrontOfPublic(Front),
    /// A field of balancers.
    #[error(
        "it is for a Network Load Balancer, and \"{}\" has none; leave it out, or write topology: \
         nlb-public or nlb-private", .0.as_str()
    )]
    NoBalancer(Topology),
    /// A name that no listener has.
    #[error("no listener {}; {help}", quoted(name.as_str()))]
    NoListener {
        /// The name.
        name: Label,
        /// What to write.
        help: String,
    },
    /// The service has each port once.
    #[error(
        "port {port} of the Service leads to listener {} already; give each listener a port of its own, \
         such as ports: {{ {name}: … }}", quoted(other.as_str())
    )]
    SamePort {
        /// The listener.
        name: Label,
        /// The one that has the port.
        other: Label,
        /// The port.
        port: Port,
    },
    /// Of another kind, or not to be changed.
    #[error("\"{}\" cannot set it: {why}; {help}", .controller.as_str())]
    Controller {
        /// Which.
        controller: Controller,
        /// Why.
        why: &'static str,
        /// What to write.
        help: &'static str,
    },
}
