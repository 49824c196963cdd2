//! The pods of a gateway as pushes see them: they read one ConfigMap, each when its kubelet has looked at it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::cluster::{Applied, Cluster, ClusterError, Kind};
use super::envoy::PodEnvoy;
use super::objects::{Object, TooLarge, fit};
use super::pod::PodState;
use crate::push::stats::Kind as Part;
use crate::push::{CarryError, Reader, Target};
use crate::report::{count, say};

/// How often Envoys are asked, through the API server.
const PAUSE: Duration = Duration::from_millis(200);

/// An annotation of pods. That it changes makes a kubelet look at the pod, and so at what it mounts, at once;
/// otherwise it looks once a minute.
const LOOK: &str = "headgate.dev/configuration";

/// A kubelet that looks at a pod may not have heard of the ConfigMap's change yet, so it is told again.
const AGAIN: Duration = Duration::from_secs(2);

/// Why a step was not carried.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// Both versions together are too much.
    #[error(
        "while the old and the new document are both in use, {0}; or carry the change in two smaller ones"
    )]
    TooLarge(#[from] TooLarge),
}

/// The ConfigMap, and the pods that mount it.
pub struct Fleet {
    cluster: Cluster,
    /// The ConfigMap as it is rendered.
    config: Object,
    /// What it holds instead, in the latest step.
    data: BTreeMap<String, String>,
    /// What other pushers would change.
    resource_version: Option<String>,
    pods: Pods,
    force: bool,
    limit: Duration,
    nudged: Option<Instant>,
    may_nudge: bool,
    told: Option<(Part, usize, usize)>,
}

/// Finds the pods.
pub struct Pods {
    /// What they are labelled with.
    pub labels: String,
    /// The port of their admin endpoints.
    pub admin: u16,
    /// By container id.
    known: BTreeMap<String, PodEnvoy>,
}

impl Pods {
    /// Those with these labels.
    pub fn new(labels: String, admin: u16) -> Self {
        Self {
            labels,
            admin,
            known: BTreeMap::new(),
        }
    }

    /// Those that run, and mount this ConfigMap.
    async fn reading(
        &mut self,
        cluster: &Cluster,
        config: &str,
    ) -> Result<Vec<Reader<PodEnvoy>>, ClusterError> {
        let pods = cluster.list_pods(&self.labels).await?;
        let pods: Vec<PodState> = pods.iter().map(PodState::of).collect();
        let reading = pods.iter().filter(|pod| pod.reads(config));
        let readers = reading.filter_map(|pod| {
            let id = pod.running.clone()?;
            let envoy = self.known.get(&id).cloned();
            let envoy = envoy
                .unwrap_or_else(|| PodEnvoy::new(cluster, &pod.name, &pod.container, self.admin));
            Some(Reader {
                name: format!("pod {}", pod.name),
                id,
                serves: pod.is_ready,
                envoy,
            })
        });
        let readers: Vec<_> = readers.collect();
        let known = readers.iter();
        self.known = known
            .map(|reader| (reader.id.clone(), reader.envoy.clone()))
            .collect();
        Ok(readers)
    }
}

impl Fleet {
    /// For a ConfigMap that is there. `limit`: how long each step may take.
    ///
    /// # Errors
    /// When the pods cannot be asked.
    pub async fn new(
        cluster: &Cluster,
        config: &Object,
        data: BTreeMap<String, String>,
        resource_version: Option<String>,
        mut pods: Pods,
        limit: Duration,
        force: bool,
    ) -> Result<Self, ClusterError> {
        // Whether the rights are there is better known before anything changes.
        for reader in pods.reading(cluster, &config.name).await? {
            if let Err(error @ ClusterError::Forbidden { .. }) = reader.envoy.connect().await {
                return Err(error);
            }
        }
        Ok(Self {
            cluster: cluster.clone(),
            config: config.clone(),
            data,
            resource_version,
            pods,
            force,
            limit,
            nudged: None,
            may_nudge: true,
            told: None,
        })
    }

    /// Applies the ConfigMap with the data of this step, in one request; fails if somebody else has changed
    /// it since.
    async fn apply(&mut self) -> Result<(), FleetError> {
        let mut value = self.config.value.clone();
        if let Some(object) = value.as_object_mut() {
            let data = fit(&self.config.name, self.data.clone())?;
            object.insert("data".to_owned(), json!(data));
        }
        if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
            let version = json!(self.resource_version);
            metadata.insert("resourceVersion".to_owned(), version);
        }
        let how = Applied {
            force: self.force,
            dry_run: false,
        };
        let kind = Kind::CONFIG_MAP;
        let applied = self
            .cluster
            .apply_value(kind, &self.config.name, &value, how)
            .await?;
        self.resource_version = applied.metadata.resource_version;
        self.nudged = None;
        self.told = None;
        Ok(())
    }

    /// Lets all kubelets look at once.
    pub async fn look(&mut self) {
        let readers = self.readers().await.unwrap_or_default();
        let names: Vec<&str> = readers.iter().map(|one| one.name.as_str()).collect();
        self.nudged = None;
        self.nudge(&names).await;
    }

    /// Lets the kubelets of these pods look at once.
    async fn nudge(&mut self, pods: &[&str]) {
        let version = self.resource_version.clone().unwrap_or_default();
        #[allow(
            clippy::disallowed_methods,
            reason = "this is native code, which has a clock"
        )]
        let now = Instant::now();
        if !self.may_nudge || self.nudged.is_some_and(|last| now - last < AGAIN) {
            return;
        }
        // What changes is what a kubelet sees.
        let times = self.nudged.map_or(1, |last| (now - last).as_millis());
        self.nudged = Some(now);
        for pod in pods {
            let name = pod.strip_prefix("pod ").unwrap_or(pod);
            let value = format!("{version}.{times}");
            let told = self.cluster.annotate_pod(name, LOOK, &value).await;
            if let Err(error @ ClusterError::Forbidden { .. }) = told {
                self.may_nudge = false;
                say(&format!(
                    "  each kubelet may take a minute to look: {error}"
                ));
                return;
            }
        }
    }
}

impl Target for Fleet {
    type Envoy = PodEnvoy;

    fn limit(&self) -> Duration {
        self.limit
    }

    fn pause(&self) -> Duration {
        PAUSE
    }

    async fn carry(&mut self, files: &[(String, String)]) -> Result<(), CarryError> {
        self.data.extend(files.iter().cloned());
        self.apply().await.map_err(CarryError::new)
    }

    async fn remove(&mut self, files: &[String]) {
        self.data.retain(|file, _| !files.contains(file));
        if let Err(error) = self.apply().await {
            say(&format!("  files that nobody reads any more stay: {error}"));
        }
    }

    async fn readers(&mut self) -> Result<Vec<Reader<PodEnvoy>>, CarryError> {
        let readers = self.pods.reading(&self.cluster, &self.config.name).await;
        readers.map_err(CarryError::new)
    }

    async fn looked(&mut self, part: Part, taken: &[String], late: &[&str]) {
        let of = taken.len() + late.len();
        if self.told != Some((part, taken.len(), of)) && of > 0 {
            self.told = Some((part, taken.len(), of));
            let taken = taken.len();
            let verb = if taken == 1 { "has" } else { "have" };
            say(&format!(
                "  {taken} of {} {verb} taken {part}",
                count(of, "Envoy")
            ));
        }
        self.nudge(late).await;
    }
}
