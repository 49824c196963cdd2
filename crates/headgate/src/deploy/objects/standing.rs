//! What stands before a gateway that is deployed, as its Service tells.

use std::collections::BTreeMap;

use gateway_model::{Controller, Topology};
use serde_json::Value;

use super::annotations::PREFIX;
use super::service::CLASS;

/// What stands before a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub topology: Topology,
    /// Who has made the balancer, if there is one.
    pub controller: Option<Controller>,
    /// By port.
    pub ports: BTreeMap<u64, StandingPort>,
}

/// A port of the Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingPort {
    pub listener: String,
    /// Whether TLS ends at the balancer.
    pub is_tls: bool,
}

impl Standing {
    /// Of a Service as headgate makes them.
    pub fn of(service: &Value) -> Self {
        let text = |path: &str| service.pointer(path).and_then(Value::as_str);
        let annotation = |name: &str| {
            let all = service.pointer("/metadata/annotations")?;
            all.get(format!("{PREFIX}{name}"))?.as_str()
        };
        let topology = match (text("/spec/type"), annotation("scheme")) {
            (Some("LoadBalancer"), Some("internal")) => Topology::NlbPrivate,
            (Some("LoadBalancer"), _) => Topology::NlbPublic,
            (Some("NodePort"), _) => Topology::NodePort,
            _ => Topology::ClusterIp,
        };
        let controller = match text("/spec/loadBalancerClass") {
            Some(CLASS) => Controller::AwsLoadBalancerController,
            _ => Controller::CloudProviderAws,
        };
        let tls: Vec<&str> = annotation("ssl-ports")
            .unwrap_or_default()
            .split(',')
            .collect();
        let ports = service.pointer("/spec/ports").and_then(Value::as_array);
        let ports = ports.into_iter().flatten().filter_map(|port| {
            let number = port.get("port")?.as_u64()?;
            let port = StandingPort {
                listener: port.get("name")?.as_str()?.to_owned(),
                is_tls: tls.contains(&number.to_string().as_str()),
            };
            Some((number, port))
        });
        Self {
            topology,
            controller: topology.has_balancer().then_some(controller),
            ports: ports.collect(),
        }
    }
}
