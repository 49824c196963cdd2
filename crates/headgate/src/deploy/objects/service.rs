//! How clients, or what stands before the gateway, come to its pods.

use gateway_model::{Controller, Entrance, Topology};
use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::Deployed;
use super::annotations::annotations;
use super::ports;

/// Who makes the balancer, where it is the AWS Load Balancer Controller. It cannot be changed in a Service
/// that is there.
pub(super) const CLASS: &str = "service.k8s.aws/nlb";

/// A Service with a port for each listener. The status port is none of them: it is for the health checks
/// of a balancer and for who reads metrics, which call pods.
pub(super) fn service(of: &Deployed<'_>) -> Service {
    let (entrance, names) = (&of.entrance, &of.names);
    let mut metadata = names.metadata();
    if let Some(balancer) = &entrance.balancer {
        metadata.annotations = Some(annotations(of, balancer));
    }
    let listeners = of.gateway.listeners.iter();
    let ports = listeners.map(|listener| ServicePort {
        name: Some(listener.name.as_str().to_owned()),
        port: entrance.port(listener).get().into(),
        target_port: Some(IntOrString::String(ports::name(listener))),
        protocol: Some("TCP".to_owned()),
        ..ServicePort::default()
    });
    let spec = ServiceSpec {
        selector: Some(names.selector()),
        ports: Some(ports.collect()),
        ..reached(entrance)
    };
    Service {
        metadata,
        spec: Some(spec),
        ..Service::default()
    }
}

/// What makes it reachable.
fn reached(entrance: &Entrance) -> ServiceSpec {
    let controller = entrance
        .balancer
        .as_ref()
        .map(|balancer| balancer.controller);
    match (entrance.topology, controller) {
        (_, Some(Controller::AwsLoadBalancerController)) => ServiceSpec {
            type_: Some("LoadBalancer".to_owned()),
            load_balancer_class: Some(CLASS.to_owned()),
            // The balancer calls pods: no node need have a port open.
            allocate_load_balancer_node_ports: Some(false),
            ..ServiceSpec::default()
        },
        (_, Some(Controller::CloudProviderAws)) => ServiceSpec {
            type_: Some("LoadBalancer".to_owned()),
            ..to_pods_of_the_node()
        },
        (Topology::NodePort, _) => ServiceSpec {
            type_: Some("NodePort".to_owned()),
            ..to_pods_of_the_node()
        },
        _ => ServiceSpec {
            type_: Some("ClusterIP".to_owned()),
            ..ServiceSpec::default()
        },
    }
}

/// A node hands on to its own pods alone: otherwise pods see the node's address in place of the client's.
fn to_pods_of_the_node() -> ServiceSpec {
    ServiceSpec {
        external_traffic_policy: Some("Local".to_owned()),
        ..ServiceSpec::default()
    }
}
