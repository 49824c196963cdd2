//! What of an edge cannot be.

use super::{Controller, Front, Topology};
use crate::scalars::{Label, Port};
use crate::words::quoted;

/// Why fields of an edge do not fit each other, or the rest of the document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EdgeError {
    /// It is not known what the gateway is deployed behind.
    #[error(
        "expected how clients come to the gateway, found nothing; write topology: nlb-public, nlb-private, \
         cluster-ip or node-port, or name it with --topology"
    )]
    NoTopology,
    /// Nobody knows whom to believe.
    #[error(
        "expected \"front\", which says whose word on a client's address is believed, found nothing; write \
         front: nothing, alb, api-gateway-rest or api-gateway-http"
    )]
    NoFront,
    /// Another balancer has the clients.
    #[error(
        "nothing stands before a balancer that clients call from the internet, found {:?}; leave it out, or \
         write topology: nlb-private", .0.as_str()
    )]
    FrontOfPublic(Front),
    /// A field of balancers.
    #[error(
        "found it with {:?}, which has no Network Load Balancer; leave it out, or write topology: \
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
    /// The Service has each port once.
    #[error(
        "port {port} of the Service would lead to listeners {} and {}; write a port of its own for one of \
         them", quoted(name.as_str()), quoted(other.as_str())
    )]
    SamePort {
        /// A listener.
        name: Label,
        /// Another one.
        other: Label,
        /// The port.
        port: Port,
    },
    /// A list with nothing in it.
    #[error("expected at least one {0}, found none; write such as {1}")]
    Nothing(&'static str, &'static str),
    /// An item of a list that was there before.
    #[error("{} is there twice; remove one of them", quoted(.0))]
    Twice(String),
    /// TLS would have to end in two places.
    #[error(
        "TLS of listener {} ends at the gateway, which has its \"tls\"; leave that out, or this",
        quoted(.0.as_str())
    )]
    TwoEnds(Label),
    /// Clients would be sent in a circle.
    #[error(
        "listener {} sends clients to https, where those of its TLS are; leave its \"redirect_to_https\" \
         out, or this", quoted(.0.as_str())
    )]
    RedirectBehindTls(Label),
    /// Clients would be sent in a circle.
    #[error(
        "clients of an API Gateway use https already, and would be sent there again and again; leave it out"
    )]
    RedirectBehindApiGateway,
    /// A balancer takes certificates of its own region.
    #[error(
        "expected certificates of one region, that of the balancer, found {} and {}; import it into the \
         other region", quoted(.first), quoted(.other)
    )]
    Regions {
        /// That of the first certificate.
        first: String,
        /// That of this one.
        other: String,
    },
    /// Nobody can set it.
    #[error(
        "the cloud provider's controller sets no attributes of a balancer, so it stays at 350s; leave it \
         out, or write controller: {}", Controller::AwsLoadBalancerController.as_str()
    )]
    IdleTimeoutOfProvider,
    /// Nobody can set it.
    #[error(
        "where TLS ends at the balancer it is 350s and nobody can change that, and so it is for every \
         listener here; leave it out"
    )]
    IdleTimeoutOfTls,
    /// HTTP/2 has to be agreed on.
    #[error(
        "gRPC needs HTTP/2, on which clients could not agree with any listener: the cloud provider's \
         controller sets no ALPN where TLS ends at the balancer; let TLS end at the gateway, or write \
         controller: {}", Controller::AwsLoadBalancerController.as_str()
    )]
    GrpcWithoutAlpn,
    /// The gateway has no right to it.
    #[error(
        "port {port} takes a right that the gateway does not have in its container; write port: {higher}, \
         and edge: {{ ports: {{ {name}: {port} }} }} for clients"
    )]
    LowPort {
        /// The listener.
        name: Label,
        /// Its port.
        port: Port,
        /// One that is free to take.
        higher: u16,
    },
    /// The port where the gateway tells how it is.
    #[error(
        "port {} is where a deployed gateway tells how it is; take another",
        Port::STATUS
    )]
    StatusPort,
    /// Nobody outside the pod would get there.
    #[error(
        "found {}, where nobody can come from outside of the pod; leave it out, or write \"0.0.0.0\" or \"::\"",
        quoted(.0)
    )]
    Address(String),
    /// The pipeline answers there itself.
    #[error("host {} is Headgate's own, by which a deployed gateway says that it works; write another", quoted(.0))]
    ReadyHost(String),
}
