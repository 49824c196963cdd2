//! Finding, starting and validating.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::crashes::TAIL;
use super::process::Process;
use super::{Envoy, POLL};
use crate::client;
use crate::log;
use crate::made::installed;

/// Loading wasm modules on a busy machine takes a while.
const DEADLINE: Duration = Duration::from_secs(60);

/// The Envoy to test with: what `ENVOY_BIN` names, else what the set-up has installed.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("ENVOY_BIN") {
        return path.into();
    }
    installed("envoy-1.40.0/envoy")
}

/// An Envoy bootstrap configuration.
#[derive(Debug, Clone)]
pub enum Bootstrap {
    /// One that the test has made. It needs no `admin`; the harness puts its own there.
    Inline(Value),
    /// A file. Its `admin` must have a socket address, whose port is not used.
    File(PathBuf),
    /// A file that is used as it is, the port of its `admin` too.
    Whole(PathBuf),
}

impl From<Value> for Bootstrap {
    fn from(bootstrap: Value) -> Self {
        Self::Inline(bootstrap)
    }
}

impl From<PathBuf> for Bootstrap {
    fn from(path: PathBuf) -> Self {
        Self::File(path)
    }
}

impl From<&Path> for Bootstrap {
    fn from(path: &Path) -> Self {
        Self::File(path.to_owned())
    }
}

impl Bootstrap {
    /// The arguments that give it to Envoy, its admin endpoint on a port that the kernel chooses.
    fn arguments(&self, directory: &Path) -> io::Result<Vec<String>> {
        match self {
            Self::Inline(bootstrap) => {
                let mut bootstrap = bootstrap.clone();
                if let Some(bootstrap) = bootstrap.as_object_mut() {
                    let address = json!({ "address": Ipv4Addr::LOCALHOST, "port_value": 0 });
                    let admin = json!({ "address": { "socket_address": address } });
                    bootstrap.insert("admin".into(), admin);
                }
                let path = directory.join("bootstrap.json");
                std::fs::write(&path, bootstrap.to_string())?;
                Ok(vec!["--config-path".into(), path.display().to_string()])
            }
            Self::Whole(path) => Ok(vec!["--config-path".into(), path.display().to_string()]),
            Self::File(path) => {
                let port = json!({ "socket_address": { "port_value": 0 } });
                let merged = json!({ "admin": { "address": port } }).to_string();
                let path = path.display().to_string();
                Ok(vec![
                    "--config-path".into(),
                    path,
                    "--config-yaml".into(),
                    merged,
                ])
            }
        }
    }
}

/// Envoy did not start, or does not accept a configuration.
#[derive(Debug, thiserror::Error)]
#[error("{reason}\n{log}")]
pub struct Refused {
    /// In one line.
    pub reason: String,
    /// All that Envoy wrote.
    pub log: String,
}

/// What `envoy --mode validate` says of a bootstrap, the modules that it names included. Paths in
/// it are relative to this process's directory.
///
/// # Errors
/// When Envoy does not accept it.
///
/// # Panics
/// When there is no Envoy to ask.
pub fn validate(bootstrap: impl Into<Bootstrap>) -> Result<(), Refused> {
    let directory = TempDir::new().expect("a temporary directory");
    let arguments = bootstrap
        .into()
        .arguments(directory.path())
        .expect("a bootstrap file");
    let output = Command::new(binary())
        .args(["--mode", "validate"])
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("cannot run {}: {error}", binary().display()));
    match output.status.success() {
        true => Ok(()),
        false => Err(Refused {
            reason: format!("envoy --mode validate ended with {}", output.status),
            log: String::from_utf8_lossy(&output.stderr).into_owned(),
        }),
    }
}

/// How to start an [`Envoy`].
#[derive(Debug, Clone)]
#[must_use]
pub struct Launch {
    bootstrap: Bootstrap,
    concurrency: usize,
    log_level: String,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    working_directory: Option<PathBuf>,
}

impl Launch {
    pub(super) fn new(bootstrap: Bootstrap) -> Self {
        Self {
            bootstrap,
            concurrency: 2,
            log_level: "info".into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            working_directory: None,
        }
    }

    /// How many worker threads, and so wasm VMs; 2 when this is not called.
    pub fn concurrency(mut self, workers: usize) -> Self {
        self.concurrency = workers;
        self
    }

    /// `trace` to `off`; `info` when this is not called.
    pub fn log_level(mut self, level: &str) -> Self {
        self.log_level = level.into();
        self
    }

    /// Further arguments, for example `["--component-log-level", "wasm:debug"]`. Envoy takes no
    /// `--name=value`.
    pub fn arguments(mut self, arguments: impl IntoIterator<Item = &'static str>) -> Self {
        self.arguments
            .extend(arguments.into_iter().map(ToOwned::to_owned));
        self
    }

    /// Adds a variable to Envoy's environment.
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// The directory that relative paths in the configuration start from; this process's own when
    /// this is not called.
    pub fn working_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.working_directory = Some(directory.into());
        self
    }

    /// Starts Envoy and returns once it is live.
    ///
    /// # Panics
    /// When it does not get there within a minute; the message has the log's end.
    pub async fn start(self) -> Envoy {
        match self.try_start().await {
            Ok(envoy) => envoy,
            Err(refused) => panic!("{}\n{}", refused.reason, log::tail(&refused.log, TAIL)),
        }
    }

    /// Starts Envoy and returns once it is live, for a test of what Envoy refuses.
    ///
    /// # Errors
    /// When Envoy ends or is not live within a minute.
    ///
    /// # Panics
    /// When there is no Envoy to start.
    pub async fn try_start(self) -> Result<Envoy, Refused> {
        let directory = TempDir::new().expect("a temporary directory");
        let address_path = directory.path().join("admin-address.txt");
        let mut arguments = self
            .bootstrap
            .arguments(directory.path())
            .expect("a bootstrap file");
        let own = [
            "--disable-hot-restart".to_owned(),
            "--concurrency".to_owned(),
            self.concurrency.to_string(),
            "--log-level".to_owned(),
            self.log_level,
            "--admin-address-path".to_owned(),
            address_path.display().to_string(),
        ];
        arguments.extend(own);
        arguments.extend(self.arguments);
        let mut process = Process::spawn(
            directory,
            &arguments,
            &self.environment,
            self.working_directory.as_deref(),
        );
        let reason = match tokio::time::timeout(DEADLINE, live(&mut process, &address_path)).await {
            Ok(Ok(admin)) => return Ok(Envoy::new(process, admin)),
            Ok(Err(status)) => format!("Envoy ended instead of starting: {status}"),
            Err(_) => format!("Envoy was not live within {DEADLINE:?}"),
        };
        Err(Refused {
            reason,
            log: process.log(),
        })
    }
}

/// Waits until the admin endpoint, whose address Envoy writes to a file, says LIVE.
async fn live(process: &mut Process, address_path: &Path) -> Result<SocketAddr, ExitStatus> {
    loop {
        if let Some(status) = process.exit_status() {
            return Err(status);
        }
        let address = std::fs::read_to_string(address_path).ok();
        if let Some(address) = address.and_then(|text| text.parse().ok())
            && let Ok(ready) = client::http1(address).get("/ready").await
            && ready.status == 200
        {
            return Ok(address);
        }
        tokio::time::sleep(POLL).await;
    }
}
