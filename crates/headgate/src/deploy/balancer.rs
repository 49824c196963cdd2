//! Waiting until the load balancer has an address.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::cluster::{Cluster, ClusterError, Kind};
use super::objects::Object;
use super::rollout::has_passed;
use crate::report::say;

/// How often the cluster is asked.
const PAUSE: Duration = Duration::from_millis(500);

/// Why there is no address.
#[derive(Debug, thiserror::Error)]
pub enum BalancerError {
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// Nobody has made a balancer.
    #[error(
        "Service {service} has no load balancer yet. The controller that makes them says why in its events: \
         kubectl describe service {service} --namespace {namespace}. If there are none, no controller \
         takes it: see edge.controller in the document, and that the controller runs in the cluster. \
         Apply again to wait on"
    )]
    None { service: String, namespace: String },
}

/// Whether a Service is one that a balancer is made for.
pub fn is_balanced(object: &Object) -> bool {
    let kind = object.value.pointer("/spec/type").and_then(Value::as_str);
    object.kind == "Service" && kind == Some("LoadBalancer")
}

/// The addresses of a Service's balancer: names, or IP addresses.
pub fn addresses(service: &Value) -> Vec<String> {
    let ingress = service.pointer("/status/loadBalancer/ingress");
    let ingress = ingress.and_then(Value::as_array).into_iter().flatten();
    let address = |one: &Value| {
        let address = one.get("hostname").or_else(|| one.get("ip"))?;
        Some(address.as_str()?.to_owned())
    };
    ingress.filter_map(address).collect()
}

/// Waits for the addresses.
///
/// # Errors
/// When there are none in time.
pub async fn wait(
    cluster: &Cluster,
    service: &Object,
    until: Instant,
) -> Result<Vec<String>, BalancerError> {
    let mut told = false;
    loop {
        let found = cluster.get(Kind::of(service), &service.name).await?;
        let found = found
            .map(|found| addresses(&found.data))
            .unwrap_or_default();
        if !found.is_empty() {
            return Ok(found);
        }
        if has_passed(until) {
            return Err(BalancerError::None {
                service: service.name.clone(),
                namespace: cluster.namespace().to_owned(),
            });
        }
        if !std::mem::replace(&mut told, true) {
            say("  waiting for the load balancer, which takes AWS some minutes the first time");
        }
        sleep(PAUSE).await;
    }
}
