//! A docker engine of the project's own, for machines where none runs: a new virtual machine, a CI
//! runner. It shares no state with an engine that is installed there: images, containers and the
//! log are in `target/docker/`, sockets and the process id in a directory under `/run`.
//!
//! dockerd chooses the storage driver that works, and needs iptables: `--iptables=false` would let
//! it start without, but then containers cannot find each other by name, since that needs it too.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use super::engine::server_version;
use super::poll;
use crate::sh;
use crate::workspace::Workspace;

const START_ANOTHER: &str = "start docker in a way that works here, so that `docker version` shows \
     a server";

/// The workspace's own engine, running or not.
pub struct Dockerd {
    run: PathBuf,
    data: PathBuf,
}

impl Dockerd {
    /// The one of this workspace.
    pub fn of(workspace: &Workspace) -> Self {
        // A socket's path may have 107 bytes, and dockerd nests its own deeply: not in target/.
        let root = Sha256::digest(workspace.root.as_os_str().as_encoded_bytes());
        let name: String = root
            .iter()
            .take(4)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self {
            run: PathBuf::from(format!("/run/headgate-docker-{name}")),
            data: workspace.target.join("docker"),
        }
    }

    /// The value of `DOCKER_HOST` that leads to it.
    pub fn host(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// Whether it runs and answers.
    pub fn answers(&self) -> bool {
        self.socket().exists() && server_version(Some(&self.host())).is_some()
    }

    /// Starts it and waits until it answers. It goes on when this program ends.
    pub fn start(&self) -> Result<()> {
        let log = self.log();
        eprintln!(
            "starting    a docker engine of the project's own (log: {})",
            log.display()
        );
        for dir in [&self.run, &self.data] {
            fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
        }
        if self.pid_file().exists() {
            fs::remove_file(self.pid_file())?; // of one that was killed; dockerd would not start
        }
        let output =
            File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut command = Command::new("dockerd");
        command
            .args(["--host", &self.host()])
            .arg("--data-root")
            .arg(self.data.join("data"))
            .arg("--exec-root")
            .arg(self.run.join("exec"))
            .arg("--pidfile")
            .arg(self.pid_file())
            .arg("--bridge=none") // compose makes a network for each project
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        let mut process = command
            .spawn()
            .with_context(|| format!("dockerd could not be started: {START_ANOTHER}"))?;
        let answer = poll::until(|| {
            if let Some(status) = process.try_wait()? {
                bail!(
                    "dockerd ended ({status}) instead of starting: {START_ANOTHER}. The end of \
                     {}:\n{}",
                    log.display(),
                    tail(&log)?
                );
            }
            Ok(server_version(Some(&self.host())))
        })?;
        let Some(version) = answer else {
            self.stop()?;
            bail!(
                "dockerd does not answer: {START_ANOTHER}. Its log is {}",
                log.display()
            );
        };
        eprintln!("started     docker {version} (DOCKER_HOST={})", self.host());
        Ok(())
    }

    /// Stops it by its own process id, if it runs. Its images stay, which makes the next time quick.
    pub fn stop(&self) -> Result<()> {
        let Some(pid) = self.process() else {
            return Ok(());
        };
        sh::run(
            Command::new("sh").args(["-c", &format!("kill -TERM {pid}")]), // not all have /bin/kill
            "stop it by hand",
        )?;
        if poll::until(|| Ok((!self.is_process(pid)).then_some(())))?.is_none() {
            bail!(
                "dockerd, process {pid}, does not stop: see {}",
                self.log().display()
            );
        }
        fs::remove_dir_all(&self.run)
            .with_context(|| format!("{} could not be removed", self.run.display()))
    }

    /// The process id, when the process still is the one that `start` started.
    fn process(&self) -> Option<u32> {
        let pid = fs::read_to_string(self.pid_file()).ok()?;
        pid.trim().parse().ok().filter(|pid| self.is_process(*pid))
    }

    /// A number is given to another process some day: only one that was told these paths is ours.
    fn is_process(&self, pid: u32) -> bool {
        let ours = self.run.as_os_str().as_encoded_bytes();
        fs::read(format!("/proc/{pid}/cmdline"))
            .is_ok_and(|arguments| arguments.windows(ours.len()).any(|window| window == ours))
    }

    fn socket(&self) -> PathBuf {
        self.run.join("docker.sock")
    }

    fn pid_file(&self) -> PathBuf {
        self.run.join("docker.pid")
    }

    fn log(&self) -> PathBuf {
        self.data.join("dockerd.log")
    }
}

/// The last lines of a log.
fn tail(log: &Path) -> Result<String> {
    let bytes = fs::read(log).with_context(|| format!("cannot read {}", log.display()))?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<_> = text.lines().collect();
    Ok(lines
        .iter()
        .skip(lines.len().saturating_sub(10))
        .map(|line| format!("{line}\n"))
        .collect())
}
