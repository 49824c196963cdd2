//! A pod of the gateway, and what the kubelet does with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use envoy_render::{BOOTSTRAP, IMAGE_BOOTSTRAP, Placement, STATUS_LISTENER, SYSTEM_CAS, render};
use gateway_model::Entrance;
use integration::balancer::Target;
use integration::envoy::Envoy;
use integration::{module, program};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// Only there so that a test fails rather than hangs.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// How often a probe is made; a kubelet makes one every few seconds.
const PERIOD: Duration = Duration::from_millis(50);

/// What the image has, and what is mounted into it.
const ROOT: &str = "/etc/headgate";

/// The module's name in it.
const MODULE: &str = "gateway-0123456789ab.wasm";

/// A running container of the gateway's image.
#[derive(Debug)]
pub struct Pod {
    envoy: Envoy,
    /// Where the balancer finds it.
    pub target: Target,
    /// Its root directory, as long as it runs.
    _root: TempDir,
}

impl Pod {
    /// Starts one. It may not be ready.
    pub async fn start(document: &str) -> Self {
        Self::changed(document, |_, text| text).await
    }

    /// The same with files of its ConfigMap changed.
    pub async fn changed(document: &str, change: impl Fn(&str, String) -> String) -> Self {
        let root = TempDir::new().unwrap();
        lay_out(root.path(), document, change);
        let bootstrap = within(root.path(), IMAGE_BOOTSTRAP);
        // The scale of these tests makes a fifth of a second of the 20 s that a deployed Envoy takes.
        let arguments = ["--drain-time-s", "1"];
        let envoy = Envoy::launch(bootstrap).arguments(arguments).start().await;
        let target = Target {
            address: envoy.listener("http").await,
            health: envoy.listener(STATUS_LISTENER).await,
        };
        Self {
            envoy,
            target,
            _root: root,
        }
    }

    pub fn envoy(&self) -> &Envoy {
        &self.envoy
    }

    /// What the readiness probe of the container says: its exit code, and its text.
    pub async fn probe(&self) -> (i32, String) {
        let output = Command::new(program("headgate"))
            .arg("probe")
            .args(["--port", &self.target.health.port().to_string()])
            .args(["--admin-port", &self.admin_port()])
            // Longer than a container's: this machine may be busy.
            .args(["--timeout", "10s"])
            .output();
        let output = output.await.unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        (output.status.code().unwrap(), text.trim().to_owned())
    }

    /// Waits until it is ready.
    pub async fn ready(&self) {
        let mut last = String::new();
        let waiting = async {
            loop {
                match self.probe().await {
                    (0, _) => return,
                    (_, text) => last = text,
                }
                tokio::time::sleep(PERIOD).await;
            }
        };
        let waited = tokio::time::timeout(DEADLINE, waiting).await;
        waited.unwrap_or_else(|_| panic!("it is not ready: {last}"));
    }

    /// Begins the preStop hook.
    pub fn pre_stop(&self, accept_for: &str, drain_for: &str) -> PreStop {
        let mut process = Command::new(program("headgate"))
            .arg("drain")
            .args(["--admin-port", &self.admin_port()])
            .args(["--accept-for", accept_for, "--drain-for", drain_for])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        PreStop { process, lines }
    }

    /// What the kubelet does after the preStop hook, or without one.
    pub async fn terminate(self) {
        self.envoy.terminate().await;
    }

    fn admin_port(&self) -> String {
        self.envoy.admin_address().port().to_string()
    }
}

/// A preStop hook that runs.
#[derive(Debug)]
pub struct PreStop {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl PreStop {
    /// Waits until it tells this.
    pub async fn until(&mut self, text: &str) {
        let waiting = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                if line.contains(text) {
                    return;
                }
            }
            panic!("the preStop hook does not tell {text:?}");
        };
        tokio::time::timeout(DEADLINE, waiting).await.unwrap();
    }

    /// Waits until it has returned; its last line.
    pub async fn returned(mut self) -> String {
        let waiting = async {
            let mut last = String::new();
            while let Some(line) = self.lines.next_line().await.unwrap() {
                last = line;
            }
            assert!(self.process.wait().await.unwrap().success(), "{last}");
            last
        };
        tokio::time::timeout(DEADLINE, waiting).await.unwrap()
    }
}

/// Writes the files of the image and of its mounts, for an Envoy that sees another root.
fn lay_out(root: &Path, document: &str, change: impl Fn(&str, String) -> String) {
    let checked = gateway_model::read("gateway.yaml", document.as_bytes())
        .unwrap_or_else(|faults| panic!("{faults}"));
    let entrance = Entrance::of(&checked.document, None);
    let placement = Placement::in_image(MODULE, entrance.unwrap());
    let at = |path: &str| within(root, path);
    for (file, text) in render(&checked.document, &placement) {
        let (path, text) = match file.as_str() {
            BOOTSTRAP => (IMAGE_BOOTSTRAP.to_owned(), on_ports_of_the_kernel(&text)),
            _ => (
                format!("{}/{file}", placement.directory),
                change(&file, text),
            ),
        };
        let text = text.replace(ROOT, &at(ROOT).display().to_string());
        let text = text.replace(SYSTEM_CAS, &at(SYSTEM_CAS).display().to_string());
        write(&at(&path), text.as_bytes());
    }
    write(
        &at(&placement.module),
        &fs::read(module("gateway")).unwrap(),
    );
}

/// Pods have addresses of their own; these share that of the loopback interface, so the kernel chooses their
/// ports.
fn on_ports_of_the_kernel(bootstrap: &str) -> String {
    const PORT: &str = "port_value:";
    let line = |line: &str| match line.split_once(PORT) {
        Some((before, _)) => format!("{before}{PORT} 0\n"),
        None => format!("{line}\n"),
    };
    let lines = bootstrap.lines().map(line).collect::<String>();
    lines.replace("0.0.0.0", "127.0.0.1")
}

fn within(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}

fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}
