//! A kubelet of a test: no container runtime, and otherwise what a gateway sees of a real one.
//!
//! - It takes each pod of its namespace onto its node, which is a scheduler's work.
//! - It starts a real Envoy with the pod's arguments and what the pod mounts, asks it whether it is ready, and
//!   tells the API server.
//! - It writes what a pod mounts as the real one does ([`atomic_writer`](super::atomic_writer)): when something
//!   of the pod changes, else once each [`sync_period`](Settings::sync_period); from a copy of the ConfigMap
//!   that is [`cache_delay`](Settings::cache_delay) old, so that of quick changes some are never seen.
//! - It forwards ports and shows logs when the API server asks, over TLS.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Pod;
use kube::Client;
use serde_json::json;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use super::node::{Data, Reports, Source};
use super::pod::{RunningPod, now};
use super::server;
use crate::log;

/// How a kubelet works.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How often it looks at a pod of which nothing has changed. A real one: once a minute.
    pub sync_period: Duration,
    /// How old its copies of ConfigMaps are.
    pub cache_delay: Duration,
    /// What each image has in `/etc/headgate/modules`.
    pub images: BTreeMap<String, PathBuf>,
    /// Where Services of the cluster are, by the names that its DNS has for them: `pets.shop.svc.cluster.local.`.
    pub services: BTreeMap<String, IpAddr>,
}

/// How often it does what is due.
const TICK: Duration = Duration::from_millis(100);

/// Only there so that a test fails rather than hangs.
const DEADLINE: Duration = Duration::from_secs(40);

/// The kubelet of a node, for one namespace. Its Envoys end with it.
pub struct Kubelet {
    shared: Arc<Shared>,
    working: JoinHandle<()>,
    serving: JoinHandle<()>,
}

/// What the kubelet's server needs too.
pub(super) struct Shared {
    pub(super) pods: Mutex<BTreeMap<String, RunningPod>>,
    settings: Mutex<Settings>,
    reports: Reports,
    cache: Mutex<Cache>,
    /// What logs told of crashes, of pods that are gone.
    crashed: Arc<Mutex<Vec<String>>>,
}

/// Copies of ConfigMaps and Secrets.
#[derive(Default)]
struct Cache {
    seen: BTreeMap<Source, Data>,
    /// What has come, and when it is seen.
    coming: BTreeMap<Source, (Instant, Data)>,
}

impl Kubelet {
    /// Joins the cluster with a node, and takes the pods of a namespace.
    ///
    /// # Panics
    /// When the cluster does not take it.
    pub async fn start(client: &Client, namespace: &str, settings: Settings) -> Self {
        let node = format!("node-of-{namespace}");
        let reports = Reports::new(client, &node, namespace);
        let shared = Arc::new(Shared {
            pods: Mutex::default(),
            settings: Mutex::new(settings),
            reports,
            cache: Mutex::default(),
            crashed: Arc::default(),
        });
        let (port, serving) = server::start(Arc::clone(&shared)).await;
        shared.reports.join(port).await;
        let at_work = Arc::clone(&shared);
        let working = tokio::spawn(async move {
            loop {
                at_work.tick().await;
                tokio::time::sleep(TICK).await;
            }
        });
        Self {
            shared,
            working,
            serving,
        }
    }

    /// From now on it works in another way.
    pub async fn set(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut *self.shared.settings.lock().await);
    }

    /// Where the pods that are ready take requests, by name.
    pub async fn ready(&self) -> BTreeMap<String, IpAddr> {
        let pods = self.shared.pods.lock().await;
        let ready = pods.values().filter(|pod| pod.ready);
        ready.map(|pod| (pod.name.clone(), pod.address)).collect()
    }

    /// Waits until so many pods are ready.
    ///
    /// # Panics
    /// When that does not come about.
    pub async fn wait_for_ready(&self, pods: usize) -> BTreeMap<String, IpAddr> {
        let waiting = async {
            loop {
                let ready = self.ready().await;
                if ready.len() == pods {
                    return ready;
                }
                tokio::time::sleep(TICK).await;
            }
        };
        match tokio::time::timeout(DEADLINE, waiting).await {
            Ok(ready) => ready,
            Err(_) => panic!(
                "not {pods} pods are ready: {:?}\n{}",
                self.ready().await,
                self.shared.logs().await
            ),
        }
    }

    /// Ends the Envoy of a pod with no warning.
    pub async fn kill(&self, pod: &str) {
        let mut pods = self.shared.pods.lock().await;
        if let Some(pod) = pods.values_mut().find(|one| one.name == pod) {
            pod.kill();
        }
    }

    /// What the Envoy of a pod has written.
    pub async fn log(&self, pod: &str) -> String {
        self.shared.log(pod).await.unwrap_or_default()
    }

    /// Ends all of it.
    ///
    /// # Panics
    /// When the log of an Envoy tells of a crash.
    pub async fn stop(self) {
        self.working.abort();
        self.serving.abort();
        let mut pods = self.shared.pods.lock().await;
        let mut crashed = self.shared.crashed.lock().await;
        for pod in pods.values_mut() {
            pod.end().await;
            crashed.extend(pod.crashes());
        }
        pods.clear();
        assert!(crashed.is_empty(), "{crashed:#?}");
    }
}

impl Drop for Kubelet {
    fn drop(&mut self) {
        self.working.abort();
        self.serving.abort();
    }
}

impl Shared {
    /// What is due.
    async fn tick(&self) {
        // Without the API server a kubelet leaves everything as it is.
        let Some(all) = self.reports.pods().await else {
            return;
        };
        self.refresh().await;
        for pod in &all {
            let spec = pod.spec.as_ref();
            let node = spec.and_then(|spec| spec.node_name.as_deref());
            let is_ending = pod.metadata.deletion_timestamp.is_some();
            match node {
                None if !is_ending => self.reports.bind(name(pod)).await,
                Some(node) if node == self.reports.node => match is_ending {
                    true => self.end(pod).await,
                    false => self.keep(pod).await,
                },
                _ => {}
            }
        }
        let mut pods = self.pods.lock().await;
        pods.retain(|uid, _| all.iter().any(|pod| uid_of(pod) == uid));
    }

    /// Has a pod run, and its volumes be right.
    async fn keep(&self, pod: &Pod) {
        let mut pods = self.pods.lock().await;
        let uid = uid_of(pod).to_owned();
        if !pods.contains_key(&uid) {
            let Some(modules) = self.image_of(pod).await else {
                return self.tell_no_image(pod).await;
            };
            pods.insert(uid.clone(), RunningPod::new(pod, &modules));
        }
        let Some(running) = pods.get_mut(&uid) else {
            return;
        };
        let data = self.data_for(running).await;
        let services = self.settings.lock().await.services.clone();
        if running.log.exists() {
            let annotations = pod.metadata.annotations.clone().unwrap_or_default();
            let sync_period = self.settings.lock().await.sync_period;
            if annotations != running.annotations || now() - running.looked >= sync_period {
                running.annotations = annotations;
                running.looked = now();
                running.mount(&data, &services);
            }
        } else if running.is_mountable(&data) {
            running.mount(&data, &services);
            running.start();
            return self
                .reports
                .set_status(&running.name, running.status())
                .await;
        } else {
            // As `MountVolume.SetUp failed`: it waits for what it mounts.
            return;
        }
        let restarted = running.restart_if_ended();
        let ready = running.is_ready().await;
        if restarted || ready != running.ready {
            running.ready = ready;
            self.reports
                .set_status(&running.name, running.status())
                .await;
        }
    }

    async fn end(&self, pod: &Pod) {
        let running = self.pods.lock().await.remove(uid_of(pod));
        let name = name(pod).to_owned();
        let reports = self.reports.clone();
        let crashed = Arc::clone(&self.crashed);
        // Others need not wait for it.
        tokio::spawn(async move {
            if let Some(mut running) = running {
                running.end().await;
                crashed.lock().await.extend(running.crashes());
            }
            reports.is_gone(&name).await;
        });
    }

    async fn image_of(&self, pod: &Pod) -> Option<PathBuf> {
        let container = pod.spec.as_ref()?.containers.first()?;
        let settings = self.settings.lock().await;
        settings.images.get(container.image.as_deref()?).cloned()
    }

    async fn tell_no_image(&self, pod: &Pod) {
        let container = pod.spec.as_ref().and_then(|spec| spec.containers.first());
        let Some(container) = container else {
            return;
        };
        let image = container.image.clone().unwrap_or_default();
        let waiting = json!({ "waiting": { "reason": "ImagePullBackOff", "message": format!("no image {image}") } });
        let status = json!({ "phase": "Pending", "containerStatuses": [{
            "name": container.name, "image": image, "imageID": "", "ready": false, "restartCount": 0,
            "state": waiting,
        }] });
        self.reports.set_status(name(pod), status).await;
    }

    /// What a pod mounts, as it is in the copies; what is not there yet is asked for at once.
    async fn data_for(&self, pod: &RunningPod) -> BTreeMap<Source, Data> {
        let mut cache = self.cache.lock().await;
        for source in pod.sources() {
            if !cache.seen.contains_key(source)
                && let Some(data) = self.reports.data(source).await
            {
                cache.seen.insert(source.clone(), data);
            }
        }
        cache.seen.clone()
    }

    /// Hears of what has changed, and shows it when it is old enough.
    async fn refresh(&self) {
        let delay = self.settings.lock().await.cache_delay;
        let mut cache = self.cache.lock().await;
        let sources: Vec<Source> = cache.seen.keys().cloned().collect();
        for source in sources {
            let Some(data) = self.reports.data(&source).await else {
                continue;
            };
            let known = cache.coming.get(&source).map(|(_, data)| data);
            if known.or(cache.seen.get(&source)) != Some(&data) {
                cache.coming.insert(source, (now() + delay, data));
            }
        }
        let due = now();
        let (shown, coming) = std::mem::take(&mut cache.coming)
            .into_iter()
            .partition(|(_, (when, _))| *when <= due);
        cache.coming = coming;
        let shown: BTreeMap<Source, (Instant, Data)> = shown;
        let shown = shown.into_iter();
        cache
            .seen
            .extend(shown.map(|(source, (_, data))| (source, data)));
    }

    /// The ends of what all Envoys have written.
    async fn logs(&self) -> String {
        let pods = self.pods.lock().await;
        let log = |pod: &RunningPod| {
            let end = log::tail(&log::read(&pod.log), 15);
            format!("--- {}\n{end}\n", pod.name)
        };
        pods.values().map(log).collect()
    }

    /// Where a port of a pod is.
    pub(super) async fn place(&self, pod: &str, port: u16) -> Option<SocketAddr> {
        let pods = self.pods.lock().await;
        let pod = pods.values().find(|one| one.name == pod)?;
        Some((pod.address, port).into())
    }

    /// What the Envoy of a pod has written.
    pub(super) async fn log(&self, pod: &str) -> Option<String> {
        let pods = self.pods.lock().await;
        let pod = pods.values().find(|one| one.name == pod)?;
        Some(log::read(&pod.log))
    }
}

fn name(pod: &Pod) -> &str {
    pod.metadata.name.as_deref().unwrap_or_default()
}

fn uid_of(pod: &Pod) -> &str {
    pod.metadata.uid.as_deref().unwrap_or_default()
}
