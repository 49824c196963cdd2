//! How a gateway is in a cluster: its pods, and which configuration each Envoy has.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde::Serialize;
use serde_json::Value;

use super::carry::data;
use super::cluster::{Cluster, ClusterError, Kind};
use super::envoy::PodEnvoy;
use super::owned::{self, Found};
use super::pod::PodState;
use super::{applied_document, balancer};
use crate::push::Envoy as _;
use crate::push::stats::{Kind as Part, Stats};
use crate::report::say;

/// How a gateway is.
#[derive(Debug, Serialize)]
pub struct State {
    pub gateway: String,
    pub namespace: String,
    /// All that belongs to it.
    pub objects: Vec<ObjectState>,
    /// Where clients reach it, if a balancer stands before it.
    pub addresses: Vec<String>,
    pub pods: Vec<PodReport>,
    /// Whether each pod is ready and has the configuration that it is to have.
    pub is_well: bool,
}

/// An object that is there.
#[derive(Debug, Serialize)]
pub struct ObjectState {
    pub kind: &'static str,
    pub name: String,
    /// It carries the labels, and was not applied by headgate.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub of_somebody_else: bool,
    /// It is a ConfigMap that the Deployment does not name: the next apply that waits deletes it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_left_over: bool,
}

/// A pod, and what its Envoy has.
#[derive(Debug, Serialize)]
pub struct PodReport {
    pub name: String,
    pub ready: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ending: bool,
    pub restarts: i32,
    /// The version of the pipeline's configuration that it is to have.
    pub wanted: Option<String>,
    pub configuration: Configuration,
}

/// What an Envoy has of what it is to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Configuration {
    /// All of it.
    Taken,
    /// Not these parts, yet.
    Missing { parts: Vec<String> },
    /// It has refused a part, and goes on with what it had.
    Refused { part: String, reason: String },
    /// It does not answer.
    Silent { reason: String },
    /// It does not run.
    NotRunning { reason: String },
}

impl State {
    /// Asks the cluster, and each Envoy.
    ///
    /// # Errors
    /// When the cluster does not answer, or the rights do not reach.
    pub async fn of(cluster: &Cluster, gateway: &str) -> Result<Self, ClusterError> {
        let (found, hidden) = owned::find(cluster, gateway).await?;
        for error in hidden {
            say(&format!("not all is shown: {error}"));
        }
        let pods = cluster.list_pods(&owned::labels_of_pods(gateway)).await?;
        let pods: Vec<PodState> = pods.iter().map(PodState::of).collect();
        let maps = ConfigMaps::of(&found);
        let reports = pods.iter().map(|pod| maps.report(cluster, pod));
        let pods: Vec<PodReport> = join_all(reports).await;
        let services = found.iter().filter(|one| one.kind.kind == "Service");
        let addresses = services.flat_map(|service| balancer::addresses(&service.object.data));
        let deployments = found.iter().filter(|one| one.kind.kind == "Deployment");
        let wanted: u64 = deployments.map(|one| replicas(&one.object.data)).sum();
        let staying = pods.iter().filter(|pod| !pod.ending);
        let well = staying.filter(|pod| pod.is_well()).count();
        let others = pods
            .iter()
            .filter(|pod| !pod.ending && !pod.is_well())
            .count();
        Ok(Self {
            gateway: gateway.to_owned(),
            namespace: cluster.namespace().to_owned(),
            addresses: addresses.collect(),
            is_well: others == 0 && well > 0 && well as u64 >= wanted,
            pods,
            objects: found
                .iter()
                .map(|one| ObjectState::of(one, is_left_over(one, &found, gateway)))
                .collect(),
        })
    }
}

impl ObjectState {
    fn of(found: &Found, is_left_over: bool) -> Self {
        Self {
            is_left_over,
            kind: found.kind.kind,
            name: found.name.clone(),
            of_somebody_else: !found.is_ours(),
        }
    }
}

impl PodReport {
    fn is_well(&self) -> bool {
        self.ready && self.configuration == Configuration::Taken
    }
}

/// Whether it is a ConfigMap of an earlier apply: the Deployment does not name it any more.
fn is_left_over(one: &Found, found: &[Found], gateway: &str) -> bool {
    let Some(deployment) = found.iter().find(|one| one.kind.kind == "Deployment") else {
        return false;
    };
    let volumes = deployment
        .object
        .data
        .pointer("/spec/template/spec/volumes");
    let volumes = volumes.and_then(Value::as_array).into_iter().flatten();
    let mut named = volumes.filter_map(|one| one.pointer("/configMap/name"));
    one.kind == Kind::CONFIG_MAP
        && one.is_ours()
        && one.name != applied_document::name(gateway)
        && !named.any(|name| *name == one.name)
}

fn replicas(deployment: &Value) -> u64 {
    let wanted = deployment.pointer("/spec/replicas");
    wanted.and_then(Value::as_u64).unwrap_or(1)
}

/// What pods mount, by name.
struct ConfigMaps(BTreeMap<String, BTreeMap<String, String>>);

impl ConfigMaps {
    fn of(found: &[Found]) -> Self {
        let maps = found.iter().filter(|one| one.kind == Kind::CONFIG_MAP);
        let maps = maps.map(|one| (one.name.clone(), data(&one.object.data)));
        Self(maps.collect())
    }

    /// A file among those that a pod mounts.
    fn file(&self, pod: &PodState, file: &str) -> Option<&str> {
        let mut mounted = pod.config_maps.iter().filter_map(|name| self.0.get(name));
        mounted
            .find_map(|files| files.get(file))
            .map(String::as_str)
    }

    async fn report(&self, cluster: &Cluster, pod: &PodState) -> PodReport {
        let wanted = self.file(pod, envoy_render::PIPELINE);
        PodReport {
            name: pod.name.clone(),
            ready: pod.is_ready,
            ending: pod.is_ending,
            restarts: pod.restarts,
            wanted: wanted
                .and_then(envoy_render::version)
                .map(ToOwned::to_owned),
            configuration: self.configuration(cluster, pod).await,
        }
    }

    async fn configuration(&self, cluster: &Cluster, pod: &PodState) -> Configuration {
        if pod.running.is_none() {
            let reason = pod.problem.clone();
            return Configuration::NotRunning {
                reason: reason.unwrap_or_else(|| "its container has not started".to_owned()),
            };
        }
        let silent = |reason: &str| Configuration::Silent {
            reason: reason.to_owned(),
        };
        let bootstrap = self.file(pod, envoy_render::BOOTSTRAP);
        let Some(admin) = bootstrap.and_then(admin_port) else {
            return silent("what it was started with is no longer there");
        };
        let envoy = PodEnvoy::new(cluster, &pod.name, &pod.container, admin);
        if let Err(error) = envoy.connect().await {
            return silent(&error.to_string());
        }
        let Some(stats) = envoy.stats().await else {
            return silent("its admin endpoint does not answer");
        };
        let missing: Vec<Part> = Part::ALL
            .into_iter()
            .filter(|part| {
                let version = self.file(pod, part.file()).and_then(envoy_render::version);
                !version.is_some_and(|version| stats.has(*part, version))
            })
            .collect();
        let refused = missing.iter().find(|part| stats.refusals(**part) > 0);
        match (missing.is_empty(), refused) {
            (true, _) => with_workers(&stats),
            (false, Some(part)) => Configuration::Refused {
                part: part.to_string(),
                reason: envoy
                    .refusal_in_log()
                    .await
                    .unwrap_or_else(|| "its log says why".to_owned()),
            },
            (false, None) => Configuration::Missing {
                parts: missing.iter().map(ToString::to_string).collect(),
            },
        }
    }
}

fn with_workers(stats: &Stats) -> Configuration {
    if stats.pipelines() == 0 {
        return Configuration::Missing {
            parts: vec![Part::Pipeline.to_string()],
        };
    }
    Configuration::Taken
}

/// The port of the admin endpoint, as a bootstrap has it.
fn admin_port(bootstrap: &str) -> Option<u16> {
    let bootstrap: Value = serde_saphyr::from_str(bootstrap).ok()?;
    let port = bootstrap.pointer("/admin/address/socket_address/port_value")?;
    u16::try_from(port.as_u64()?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_deployment_does_not_name_is_left_over() {
        let found = |kind: Kind, name: &str, manager: &str, spec: Value| {
            Found {
            kind,
            name: name.to_owned(),
            object: serde_json::from_value(json!({
                "metadata": { "name": name, "managedFields": [{ "manager": manager, "operation": "Apply" }] },
                "spec": spec,
            }))
            .unwrap(),
        }
        };
        let map = |name: &str, manager: &str| found(Kind::CONFIG_MAP, name, manager, Value::Null);
        let volumes =
            json!([{ "name": "config", "configMap": { "name": "web-new" } }, { "name": "other" }]);
        let deployment = super::super::cluster::KINDS
            .into_iter()
            .find(|kind| kind.kind == "Deployment")
            .unwrap();
        let all = [
            map("web-new", "headgate"),
            map("web-old", "headgate"),
            map("web-document", "headgate"),
            map("of-somebody", "somebody"),
            found(
                deployment,
                "web",
                "headgate",
                json!({ "template": { "spec": { "volumes": volumes } } }),
            ),
        ];
        let left_over = all.iter().filter(|one| is_left_over(one, &all, "web"));
        let left_over: Vec<&str> = left_over.map(|one| one.name.as_str()).collect();
        assert_eq!(left_over, ["web-old"]);
    }
}
