//! A pod: its volumes, and its Envoy.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use envoy_render::READY_PATH;
use gateway_model::Entrance;
use k8s_openapi::api::core::v1::{Container, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::atomic_writer::Volume;
use super::control_plane::ending_with_us;
use super::node::{Data, Source};
use crate::client::{self, Request};
use crate::envoy::{binary, crashes};
use crate::log;

/// Where everything of the gateway's image is.
const IMAGE: &str = "/etc/headgate/";

/// How long an Envoy may take to end when it was told to.
const GRACE: Duration = Duration::from_secs(10);

/// A pod that was taken on.
#[derive(Debug)]
pub(super) struct RunningPod {
    pub(super) name: String,
    pub(super) address: IpAddr,
    pub(super) ready: bool,
    pub(super) log: PathBuf,
    /// What the API server had of the pod when its volumes were looked at last.
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) looked: Instant,
    container: Container,
    place: TempDir,
    volumes: BTreeMap<PathBuf, (Source, Volume)>,
    child: Option<Child>,
    ended: Option<ExitStatus>,
    restarts: u32,
}

/// Addresses of pods: all of `127/8` is loopback, and each pod has one for itself.
pub fn next_address() -> IpAddr {
    static NEXT: AtomicU16 = AtomicU16::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let [high, low] = number.to_be_bytes();
    // Test programs that run at the same time differ in the second.
    let second = u8::try_from(std::process::id() % 200).unwrap_or_default() + 50;
    Ipv4Addr::new(127, second, high, low).into()
}

impl RunningPod {
    /// Takes a pod on: places the image's modules, and says what is to be mounted.
    pub(super) fn new(pod: &Pod, modules: &Path) -> Self {
        let spec = pod.spec.as_ref().expect("a pod's spec");
        let container = spec.containers.first().expect("a container").clone();
        let place = TempDir::new().expect("a temporary directory");
        let mut running = Self {
            name: pod.metadata.name.clone().unwrap_or_default(),
            address: next_address(),
            ready: false,
            log: place.path().join("envoy.log"),
            annotations: pod.metadata.annotations.clone().unwrap_or_default(),
            looked: now(),
            container,
            place,
            volumes: BTreeMap::new(),
            child: None,
            ended: None,
            restarts: 0,
        };
        let inside = running.inside(IMAGE);
        fs::create_dir_all(&inside).expect("a directory");
        symlink(modules, inside.join("modules")).expect("a link");
        let sources: BTreeMap<&str, Source> = spec
            .volumes
            .iter()
            .flatten()
            .filter_map(|volume| {
                let config_map = volume.config_map.as_ref();
                let config_map = config_map.map(|one| Source::ConfigMap(one.name.clone()));
                let secret = volume
                    .secret
                    .as_ref()
                    .and_then(|one| one.secret_name.clone());
                let source = config_map.or_else(|| secret.map(Source::Secret))?;
                Some((volume.name.as_str(), source))
            })
            .collect();
        for mount in running
            .container
            .volume_mounts
            .clone()
            .into_iter()
            .flatten()
        {
            if let Some(source) = sources.get(mount.name.as_str()) {
                let directory = running.inside(&mount.mount_path);
                let volume = Volume::new(directory.clone());
                running.volumes.insert(directory, (source.clone(), volume));
            }
        }
        running
    }

    /// Where a path of the pod is.
    fn inside(&self, path: &str) -> PathBuf {
        self.place.path().join(path.trim_start_matches('/'))
    }

    /// What it mounts.
    pub(super) fn sources(&self) -> impl Iterator<Item = &Source> {
        self.volumes.values().map(|(source, _)| source)
    }

    /// Writes what it mounts. Without namespaces of its own the pod has another root and another address, and
    /// asks another DNS: where files speak of them, they are told so.
    pub(super) fn mount(
        &mut self,
        data: &BTreeMap<Source, Data>,
        services: &BTreeMap<String, IpAddr>,
    ) {
        let root = format!("{}{IMAGE}", self.place.path().display());
        let address = self.address.to_string();
        for (source, volume) in self.volumes.values_mut() {
            let Some(files) = data.get(source) else {
                continue;
            };
            let told = |(name, text): (&String, &String)| {
                let mut text = text.replace(IMAGE, &root);
                for (service, address) in services {
                    text = text.replace(service, &address.to_string());
                }
                if name == envoy_render::BOOTSTRAP {
                    text = text
                        .replace("0.0.0.0", &address)
                        .replace("127.0.0.1", &address);
                }
                (name.clone(), text)
            };
            volume.write(files.iter().map(told).collect());
        }
    }

    /// Whether all that it mounts is there.
    pub(super) fn is_mountable(&self, data: &BTreeMap<Source, Data>) -> bool {
        self.sources().all(|source| data.contains_key(source))
    }

    /// Starts its Envoy, with the arguments that the pod has for it.
    pub(super) fn start(&mut self) {
        let root = self.place.path().display().to_string();
        // The command's first word is Envoy.
        let command = self.container.command.iter().flatten().skip(1);
        let arguments = command.chain(self.container.args.iter().flatten());
        let arguments = arguments
            .map(|argument| argument.replace("/etc/headgate", &format!("{root}/etc/headgate")));
        let output = File::options().create(true).append(true).open(&self.log);
        let output = output.expect("a log file");
        let both = output.try_clone().expect("a second handle of the log file");
        let child = ending_with_us(&binary())
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(both)
            .stderr(output)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run {}: {error}", binary().display()));
        self.child = Some(child);
    }

    /// Sees whether Envoy has ended by itself, and starts it again, as a kubelet does.
    pub(super) fn restart_if_ended(&mut self) -> bool {
        let ended = match &mut self.child {
            Some(child) => child.try_wait().ok().flatten(),
            None => None,
        };
        let Some(status) = ended else {
            return false;
        };
        self.ended = Some(status);
        self.restarts += 1;
        self.ready = false;
        self.start();
        true
    }

    /// Ends it with no warning, as a kernel that has no memory left does.
    pub(super) fn kill(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
        }
    }

    /// The port of its admin endpoint.
    fn admin(&self) -> Option<u16> {
        let mut directories = self.volumes.keys();
        directories.find_map(|directory| {
            let text = fs::read_to_string(directory.join(envoy_render::BOOTSTRAP)).ok()?;
            let (_, rest) = text.split_once("admin:")?;
            let (_, rest) = rest.split_once("port_value:")?;
            rest.split_whitespace().next()?.parse().ok()
        })
    }

    async fn ask(&self, request: Request) -> Option<String> {
        let admin = client::http1((self.address, self.admin()?).into());
        Some(admin.send(request).await.ok()?.text())
    }

    /// Whether a request goes through its pipeline, which is what the pod's own check asks.
    pub(super) async fn is_ready(&self) -> bool {
        let status = client::http1((self.address, Entrance::STATUS_PORT.get()).into());
        let asked = Request::get(READY_PATH).authority(Entrance::READY_HOST);
        let answer = status.send(asked).await;
        answer.is_ok_and(|answer| answer.status == 200)
    }

    /// Ends it in order. The image's `headgate drain` is stood in for by what it begins with.
    pub(super) async fn end(&mut self) {
        self.ask(Request::post("/healthcheck/fail")).await;
        self.ask(Request::post("/drain_listeners?graceful&skip_exit"))
            .await;
        let Some(child) = &mut self.child else {
            return;
        };
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            let _ = kill_process(pid, Signal::TERM);
        }
        let until = now() + GRACE;
        while matches!(child.try_wait(), Ok(None)) && now() < until {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.kill();
        if let Some(mut child) = self.child.take() {
            let _ = child.wait();
        }
    }

    /// The lines of Envoy's log that tell of a crash. That a module refuses its configuration is none.
    pub(super) fn crashes(&self) -> Vec<String> {
        let log = log::read(&self.log);
        let crashes = crashes(&log).into_iter();
        let crashes = crashes.filter(|line| !line.contains("Failed to configure"));
        crashes
            .map(|line| format!("{}: {line}", self.name))
            .collect()
    }

    /// What the API server is told.
    pub(super) fn status(&self) -> Value {
        let name = &self.container.name;
        let image = self.container.image.clone().unwrap_or_default();
        let last = self.ended.map(|status| {
            json!({ "terminated": { "exitCode": status.code().unwrap_or(137), "reason": "Error" } })
        });
        let ready = if self.ready { "True" } else { "False" };
        // It is told when something of it changes: what `minReadySeconds` counts from.
        let since = Time(Timestamp::now());
        let conditions = ["PodScheduled", "Initialized"].map(|kind| (kind, "True"));
        let conditions = conditions
            .into_iter()
            .chain([("ContainersReady", ready), ("Ready", ready)]);
        let conditions: Vec<Value> = conditions
            .map(|(kind, status)| json!({ "type": kind, "status": status, "lastTransitionTime": since }))
            .collect();
        json!({
            "phase": "Running",
            "podIP": self.address,
            "podIPs": [{ "ip": self.address }],
            "hostIP": "127.0.0.1",
            "hostIPs": [{ "ip": "127.0.0.1" }],
            "conditions": conditions,
            "containerStatuses": [{
                "name": name,
                "image": image,
                "imageID": image,
                "containerID": format!("test://{}/{}", self.name, self.restarts),
                "ready": self.ready,
                "started": true,
                "restartCount": self.restarts,
                "state": { "running": {} },
                "lastState": last.unwrap_or_else(|| json!({})),
            }],
        })
    }
}

impl Drop for RunningPod {
    fn drop(&mut self) {
        self.kill();
        if let Some(mut child) = self.child.take() {
            let _ = child.wait();
        }
    }
}

/// The moment that it is.
pub(super) fn now() -> Instant {
    #[allow(
        clippy::disallowed_methods,
        reason = "this is native code, which has a clock"
    )]
    Instant::now()
}
