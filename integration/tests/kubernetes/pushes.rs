//! A document changes under load, and the pods that are there take it up: no request fails, none sees half a
//! change.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use integration::client;
use integration::kubernetes::{ControlPlane, Kubelet};
use integration::tls::{Authority, ServerSide};
use integration::upstream::Upstream;

use crate::load::Load;
use crate::objects::simple;
use crate::rig::{NAME, Rig};
use crate::versions::{Services, Version};

/// The port of the document's listener.
const PORT: u16 = 8080;

/// A version as it is deployed.
fn document(version: &Version, services: &Services) -> String {
    let document = version.document(services, PORT, 9901);
    // In a pod it listens to everybody.
    let document = document.replace(", address: 127.0.0.1", "");
    format!("metadata: {{ name: {NAME} }}\nedge: {{ topology: cluster-ip }}\n{document}")
}

/// A gateway that runs, with load on each of its pods.
struct Running {
    rig: Rig,
    kubelet: Kubelet,
    services: Services,
    version: Version,
    random: Rng,
    number: u32,
    pods: BTreeMap<String, IpAddr>,
    load: Vec<Load>,
}

impl Running {
    async fn start(cluster: Arc<ControlPlane>, seed: u64) -> Self {
        let services = Services::start().await;
        let version = Version::first();
        let rig = Rig::with(cluster, &document(&version, &services)).await;
        let kubelet = rig.kubelet().await;
        rig.deploying(&["apply"]).await.well();
        let pods = kubelet.wait_for_ready(2).await;
        let load = pods.values();
        let load = load.map(|pod| Load::start((*pod, PORT).into(), version.answers()));
        Self {
            load: load.collect(),
            rig,
            kubelet,
            services,
            version,
            random: Rng::with_seed(seed),
            number: 0,
            pods,
        }
    }

    /// Saves the next version, which may answer from now on.
    fn next(&mut self) {
        self.version = self.version.next(self.number, &mut self.random);
        self.number += 1;
        self.rig.save(&document(&self.version, &self.services));
        for load in &self.load {
            load.begin(self.version.answers());
        }
    }

    /// From now on nothing else may answer.
    fn taken(&self) {
        for load in &self.load {
            load.taken();
        }
    }

    async fn more(&self, requests: u64) {
        for load in &self.load {
            load.more(requests).await;
        }
    }

    /// That not one request failed, no connection ended, and the pods are those of the beginning.
    async fn stop(self) {
        let (mut answered, mut faults) = (0, Vec::new());
        for load in self.load {
            let outcome = load.stop().await;
            answered += outcome.answered;
            faults.extend(outcome.faults);
            assert_eq!(outcome.connections, [1; 7], "connections end");
        }
        println!(
            "{} versions: {answered} requests, {} of them wrong",
            self.number,
            faults.len()
        );
        assert_eq!(faults, [""; 0]);
        assert_eq!(self.kubelet.ready().await, self.pods);
        self.kubelet.stop().await;
    }
}

pub async fn no_request_fails_while_a_fleet_takes_up_changes(cluster: Arc<ControlPlane>) {
    let mut running = Running::start(cluster, 3).await;
    for _ in 0..7 {
        running.next();
        running.rig.deploying(&["apply"]).await.well();
        running.taken();
        running.more(100).await;
    }
    // And what nothing names any more is gone: it is as if the last version were the first.
    let rendered = running.rig.deploying(&["diff", "--exit-code"]).await;
    assert_eq!(rendered.code, 0, "{rendered:?}");
    running.stop().await;
}

/// Its copies of ConfigMaps are old, so that it does not see each step; and it looks when it likes.
pub async fn a_slow_kubelet_takes_its_time_and_no_request_fails(cluster: Arc<ControlPlane>) {
    let mut running = Running::start(cluster, 4).await;
    running
        .kubelet
        .set(|settings| {
            settings.cache_delay = Duration::from_millis(1500);
            settings.sync_period = Duration::from_secs(4);
        })
        .await;
    for _ in 0..3 {
        running.next();
        let applied = running.rig.deploying(&["apply"]).await.well();
        assert!(
            applied.err.contains("0 of 2 Envoys have taken"),
            "{}",
            applied.err
        );
        running.taken();
        running.more(100).await;
    }
    running.stop().await;
}

/// Somebody who may not change pods: then kubelets look when it is time.
pub async fn without_the_right_to_pods_a_kubelet_looks_when_it_is_time(cluster: Arc<ControlPlane>) {
    let mut running = Running::start(cluster, 5).await;
    let _role = running.rig.take_right("pods", "patch").await;
    running
        .kubelet
        .set(|settings| settings.sync_period = Duration::from_secs(3))
        .await;
    running.next();
    let applied = running.rig.deploying(&["apply"]).await.well();
    let told = "each kubelet may take a minute to look: system:serviceaccount:";
    assert!(applied.err.contains(told), "{}", applied.err);
    running.taken();
    running.more(100).await;
    running.stop().await;
}

pub async fn an_apply_that_is_killed_anywhere_is_completed_by_the_next(cluster: Arc<ControlPlane>) {
    const KILLS: u32 = 8;
    let mut running = Running::start(cluster, 6).await;
    running
        .kubelet
        .set(|settings| settings.cache_delay = Duration::from_millis(300))
        .await;
    for kill in 0..KILLS {
        running.next();
        let mut apply = running.rig.start(&["apply"]);
        // A push takes some two seconds here: before it, in any of its steps, and when it is done.
        let moment = running.random.u64(100..2500);
        tokio::time::sleep(Duration::from_millis(moment)).await;
        let _ = apply.kill();
        apply.wait().unwrap();
        running.more(20).await;
        if kill % 3 == 2 {
            running.rig.deploying(&["apply"]).await.well();
            running.taken();
        }
    }
    running.rig.deploying(&["apply"]).await.well();
    running.taken();
    running.more(100).await;
    let again = running.rig.deploying(&["apply"]).await.well();
    assert!(again.err.contains("nothing has changed"), "{}", again.err);
    running.stop().await;
}

/// What an upstream is held against is a file in the ConfigMap, which is new with it, and then another.
pub async fn authorities_come_with_what_names_them_and_are_renewed(cluster: Arc<ControlPlane>) {
    let (first, second) = (Authority::new("first"), Authority::new("second"));
    let upstream = |authority: &Authority| {
        let side = ServerSide::new(&authority.issue(&["localhost"]));
        Upstream::start_over(side)
    };
    let (of_first, of_second) = (upstream(&first).await, upstream(&second).await);
    let services = Services::start().await;
    let rig = Rig::with(cluster, &simple(&services)).await;
    let kubelet = rig.kubelet().await;
    rig.deploying(&["apply"]).await.well();
    let pods = kubelet.wait_for_ready(2).await;

    let secure = |upstream: &Upstream| {
        let address = upstream.address();
        let tls = format!("{{ http: \"{address}\", tls: {{ ca: ca.pem, sni: localhost }} }}");
        let document =
            simple(&services).replace("upstreams: {", &format!("upstreams: {{ secure: {tls},"));
        format!("{document}  - {{ match: {{ path: /secure }}, to: [{{ upstream: secure }}] }}\n")
    };
    let answers = async |path: &str, status: u16| {
        for pod in pods.values() {
            let client = client::http1((*pod, PORT).into());
            rig.wait("what the upstream's certificate comes to", async || {
                client.get(path).await.unwrap().status == status
            })
            .await;
        }
    };
    first.write(&rig.path("ca.pem"));
    rig.save(&secure(&of_first));
    rig.deploying(&["apply"]).await.well();
    answers("/secure", 200).await;
    rig.save(&secure(&of_second));
    rig.deploying(&["apply"]).await.well();
    answers("/secure", 503).await;

    // Nothing but the file is another.
    second.write(&rig.path("ca.pem"));
    let renewed = rig.deploying(&["apply"]).await.well().err;
    assert_eq!(renewed.matches(" changed\n").count(), 1, "{renewed}");
    answers("/secure", 200).await;
    assert_eq!(kubelet.ready().await, pods);
    kubelet.stop().await;
}

/// A Secret that pods do not mount yet takes new pods; the old ones never read of it.
pub async fn what_mounts_another_secret_replaces_the_pods(cluster: Arc<ControlPlane>) {
    let services = Services::start().await;
    let rig = Rig::with(cluster, &simple(&services)).await;
    let kubelet = rig.kubelet().await;
    rig.deploying(&["apply"]).await.well();
    let before = kubelet.wait_for_ready(2).await;
    let names = rig.config_map_names().await;
    rig.make_tls_secret("client-tls").await;
    rig.save(&simple(&services).replace(
        "upstreams: {",
        "upstreams: { secure: { http: \"127.0.0.1:1\", tls: { certificate: { secret: client-tls } } },",
    ));
    let applied = rig.deploying(&["apply"]).await.well().err;
    assert!(applied.contains("Deployment web changed"), "{applied}");
    let after = kubelet.wait_for_ready(2).await;
    assert!(
        after.keys().all(|pod| !before.contains_key(pod)),
        "{after:?}"
    );
    // One for the new pods; the old ones' is gone with them, and the bootstrap is the same.
    let now = rig.config_map_names().await;
    assert_eq!(
        (now.len(), now.difference(&names).count()),
        (names.len(), 1),
        "{now:?}"
    );
    kubelet.stop().await;
}

/// What the steps are for: the same load sees a ConfigMap that is changed at once.
pub async fn a_config_map_that_is_changed_at_once_is_seen(cluster: Arc<ControlPlane>) {
    let mut running = Running::start(cluster, 7).await;
    let mut faults = 0;
    for _ in 0..20 {
        running.next();
        running.rig.replace_config_map().await;
        running.rig.wait_until_taken().await;
        running.more(50).await;
    }
    for load in std::mem::take(&mut running.load) {
        faults += load.stop().await.faults.len();
    }
    assert!(faults > 0, "nobody sees it");
    running.kubelet.stop().await;
}
