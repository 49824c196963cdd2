//! Whom pods may be called by, and whom they may call.

use std::collections::{BTreeMap, BTreeSet};

use gateway_model::{Address, Entrance, Gateway, Host, Location, Port};
use k8s_openapi::api::networking::v1::{
    IPBlock, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer,
    NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::Deployed;

/// Listeners and the status port may be called by everybody: a balancer has no labels, and the address of a
/// client is not known. Called may be what the document names, and DNS.
pub(super) fn network_policy(of: &Deployed<'_>) -> NetworkPolicy {
    let (gateway, names) = (of.gateway, &of.names);
    let listeners = gateway.listeners.iter().map(|listener| listener.port);
    let open = listeners.chain([Entrance::STATUS_PORT]);
    NetworkPolicy {
        metadata: names.metadata(),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(names.label_selector()),
            policy_types: Some(vec!["Ingress".to_owned(), "Egress".to_owned()]),
            ingress: Some(vec![NetworkPolicyIngressRule {
                ports: Some(open.map(tcp).collect()),
                ..NetworkPolicyIngressRule::default()
            }]),
            egress: Some(egress(gateway)),
        }),
    }
}

fn egress(gateway: &Gateway) -> Vec<NetworkPolicyEgressRule> {
    let mut called = Called::default();
    for upstream in gateway.upstreams.values() {
        called.add(&upstream.location);
    }
    for (_, url, _) in gateway.key_servers() {
        called.add_address(url.address());
    }
    if let Some(service) = &gateway.rate_limiting.service {
        called.add(&service.grpc);
    }
    let mut rules = vec![dns()];
    for (ip, ports) in called.addresses {
        rules.push(NetworkPolicyEgressRule {
            to: Some(vec![block(&ip, &[])]),
            ports: Some(ports.into_iter().map(tcp).collect()),
        });
    }
    if !called.by_name.is_empty() {
        // A name says nothing of where it is. Outside the cluster its port is the one that is called...
        rules.push(NetworkPolicyEgressRule {
            to: Some(vec![
                block("0.0.0.0/0", &METADATA),
                block("::/0", &METADATA_V6),
            ]),
            ports: Some(called.by_name.into_iter().map(tcp).collect()),
        });
        // ... and a name of a Service within it leads to a port of its pods, which is any.
        rules.push(NetworkPolicyEgressRule {
            to: Some(vec![namespaces(LabelSelector::default())]),
            ..NetworkPolicyEgressRule::default()
        });
    } else if !called.namespaces.is_empty() {
        let of = called.namespaces.into_iter().map(|name| {
            let label = ("kubernetes.io/metadata.name".to_owned(), name.to_owned());
            namespaces(LabelSelector {
                match_labels: Some(BTreeMap::from([label])),
                ..LabelSelector::default()
            })
        });
        rules.push(NetworkPolicyEgressRule {
            to: Some(of.collect()),
            ..NetworkPolicyEgressRule::default()
        });
    }
    rules
}

/// Where nodes tell of themselves and their rights: no upstream is there, whatever a name resolves to.
const METADATA: [&str; 1] = ["169.254.0.0/16"];
const METADATA_V6: [&str; 2] = ["fd00:ec2::/32", "fe80::/10"];

/// Whom a document has called.
#[derive(Default)]
struct Called<'a> {
    /// By address, each with a prefix as long as itself.
    addresses: BTreeMap<String, BTreeSet<Port>>,
    /// Ports of names that DNS knows.
    by_name: BTreeSet<Port>,
    /// Namespaces of Services. Which ports their pods have the document does not know.
    namespaces: BTreeSet<&'a str>,
}

impl<'a> Called<'a> {
    fn add(&mut self, location: &'a Location) {
        match location {
            Location::Service(service) => {
                self.namespaces.insert(service.namespace());
            }
            Location::Address(address) => self.add_address(address),
        }
    }

    fn add_address(&mut self, address: &Address) {
        match address.host {
            Host::Ip(ip) => {
                let bits = if ip.is_ipv4() { 32 } else { 128 };
                let block = format!("{ip}/{bits}");
                self.addresses
                    .entry(block)
                    .or_default()
                    .insert(address.port);
            }
            Host::Name(_) => {
                self.by_name.insert(address.port);
            }
        }
    }
}

/// Names are looked up, wherever that is done.
fn dns() -> NetworkPolicyEgressRule {
    let ports = ["UDP", "TCP"].map(|protocol| port(protocol, 53));
    NetworkPolicyEgressRule {
        ports: Some(ports.into()),
        ..NetworkPolicyEgressRule::default()
    }
}

fn tcp(number: Port) -> NetworkPolicyPort {
    port("TCP", number.get())
}

fn port(protocol: &str, number: u16) -> NetworkPolicyPort {
    NetworkPolicyPort {
        protocol: Some(protocol.to_owned()),
        port: Some(IntOrString::Int(number.into())),
        ..NetworkPolicyPort::default()
    }
}

fn block(cidr: &str, except: &[&str]) -> NetworkPolicyPeer {
    let except = except.iter().map(|&block| block.to_owned());
    let except: Vec<String> = except.collect();
    NetworkPolicyPeer {
        ip_block: Some(IPBlock {
            cidr: cidr.to_owned(),
            except: (!except.is_empty()).then_some(except),
        }),
        ..NetworkPolicyPeer::default()
    }
}

fn namespaces(selector: LabelSelector) -> NetworkPolicyPeer {
    NetworkPolicyPeer {
        namespace_selector: Some(selector),
        ..NetworkPolicyPeer::default()
    }
}
