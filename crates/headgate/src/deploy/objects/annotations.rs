//! What the annotations of a Service ask of the controller that makes its Network Load Balancer.
//!
//! Names and meanings are those of the AWS Load Balancer Controller (its guide, "Annotations" of NLB); the
//! cloud provider's own controller knows a part of them (cloud-provider-aws, `docs/service_controller.md`).

use std::collections::BTreeMap;

use envoy_render::HEALTH_PATH;
use gateway_model::{Controller, EdgeTls, Entrance, Gateway, Listener, LoadBalancer, Topology};

use super::Deployed;
use super::shutdown::{HealthCheck, Shutdown};

/// What all of their names begin with.
pub(super) const PREFIX: &str = "service.beta.kubernetes.io/aws-load-balancer-";

/// The annotations for a balancer.
pub(super) fn annotations(of: &Deployed<'_>, balancer: &LoadBalancer) -> BTreeMap<String, String> {
    let entrance = &of.entrance;
    let mut all = Annotations::default();
    // Each controller has another default. The cloud provider's does not know this one; should the other
    // have taken over the Service, as it does where both are installed, it is not taken for private.
    let scheme = match entrance.topology {
        Topology::NlbPublic => "internet-facing",
        _ => "internal",
    };
    all.set("scheme", scheme);
    match balancer.controller {
        Controller::AwsLoadBalancerController => of_pods(&mut all, of.gateway, entrance),
        Controller::CloudProviderAws => of_nodes(&mut all, entrance.topology),
    }
    let check = HealthCheck::of(balancer.controller);
    all.set("healthcheck-interval", check.interval);
    all.set("healthcheck-healthy-threshold", check.threshold);
    all.set("healthcheck-unhealthy-threshold", check.threshold);
    if let Some(tls) = &balancer.tls {
        ending_tls(&mut all, of.gateway, entrance, tls);
    }
    all.0
}

/// For a balancer that calls the pods themselves, and says in a header of the PROXY protocol who the client
/// is.
fn of_pods(all: &mut Annotations, gateway: &Gateway, entrance: &Entrance) {
    all.set("nlb-target-type", "ip");
    all.set("proxy-protocol", "*");
    all.set("attributes", "load_balancing.cross_zone.enabled=true");
    let waits = Shutdown::of(entrance).balancer_waits();
    let attributes = [
        format!("deregistration_delay.timeout_seconds={waits}"),
        // A pod that calls the gateway could otherwise be its own target, and its connection time out.
        "preserve_client_ip.enabled=false".to_owned(),
        // Left to itself it cuts what is open on a target as soon as its health check fails.
        "target_health_state.unhealthy.connection_termination.enabled=false".to_owned(),
        format!("target_health_state.unhealthy.draining_interval_seconds={waits}"),
    ];
    all.set("target-group-attributes", attributes.join(","));
    all.set("healthcheck-protocol", "http");
    all.set("healthcheck-port", Entrance::STATUS_PORT);
    all.set("healthcheck-path", HEALTH_PATH);
    all.set("healthcheck-success-codes", "200");
    for listener in &gateway.listeners {
        if entrance.tls(listener).is_some() {
            continue; // AWS has 350 s for TLS and lets nobody change it.
        }
        if let Some(idle) = entrance.idle_timeout(listener) {
            let key = format!("listener-attributes.TCP-{}", entrance.port(listener));
            let seconds = idle.get().as_secs();
            all.set(&key, format!("tcp.idle_timeout.seconds={seconds}"));
        }
    }
}

/// For a balancer that calls nodes, whose kube-proxy hands on to a pod of the same node: what the balancer
/// asks there is kube-proxy, and it does so by itself (`externalTrafficPolicy: Local`).
fn of_nodes(all: &mut Annotations, topology: Topology) {
    // Without it a Classic Load Balancer is made, which no VPC link can use.
    all.set("type", "nlb");
    if topology == Topology::NlbPrivate {
        all.set("internal", "true");
    }
}

/// For listeners whose TLS ends at the balancer.
fn ending_tls(all: &mut Annotations, gateway: &Gateway, entrance: &Entrance, tls: &EdgeTls) {
    let certificates = tls.certificates.iter().map(ToString::to_string);
    all.set("ssl-cert", certificates.collect::<Vec<_>>().join(","));
    let ends_there = |listener: &&Listener| entrance.tls(listener).is_some();
    let ports = gateway.listeners.iter().filter(ends_there);
    let ports = ports.map(|listener| entrance.port(listener).to_string());
    all.set("ssl-ports", ports.collect::<Vec<_>>().join(","));
    all.set("ssl-negotiation-policy", &tls.policy);
    // Without it nothing is negotiated, and clients of gRPC, which need HTTP/2, go away.
    all.set("alpn-policy", "HTTP2Preferred");
}

/// Annotations, by their whole names.
#[derive(Default)]
struct Annotations(BTreeMap<String, String>);

impl Annotations {
    fn set(&mut self, name: &str, value: impl ToString) {
        self.0.insert(format!("{PREFIX}{name}"), value.to_string());
    }
}
