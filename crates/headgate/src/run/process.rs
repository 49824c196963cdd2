//! The Envoy that runs.

use std::io::Write;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{bound, lines};

/// A running Envoy, and the tasks that show what it says.
#[derive(Debug)]
pub struct Envoy {
    child: Child,
    shown: [JoinHandle<()>; 2],
}

/// How long Envoy may take to stop before it is stopped.
const GRACE: Duration = Duration::from_secs(10);

impl Envoy {
    /// Starts Envoy on the files in a directory.
    pub fn start(binary: &Path, directory: &Path, concurrency: u16, verbose: bool) -> Result<Self> {
        let mut command = Command::from(bound::command(binary));
        command
            .arg("-c")
            .arg(directory.join(envoy_render::BOOTSTRAP))
            .args(["--concurrency", &concurrency.to_string()])
            // Two gateways on one machine are two gateways.
            .arg("--use-dynamic-base-id")
            .args(["--log-format", lines::FORMAT])
            .args(["--log-level", if verbose { "info" } else { "warning" }])
            .args(["--component-log-level", "wasm:info"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C reaches a whole foreground group; Envoy is to be stopped by us, in order.
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command
            .spawn()
            .with_context(|| format!("{} does not start", binary.display()))?;
        let requests = show(child.stdout.take(), |line| {
            let _ = writeln!(anstream::stdout(), "{}", lines::request(line));
        });
        // Each thread's VM says the same.
        let mut before = String::new();
        let log = show(child.stderr.take(), move |line| {
            if before != line
                && let Some(shown) = lines::log(line)
            {
                let _ = writeln!(anstream::stderr(), "{shown}");
            }
            line.clone_into(&mut before);
        });
        Ok(Self {
            child,
            shown: [requests, log],
        })
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> String {
        let ended = self.child.wait().await;
        self.said_all().await;
        ended.map_or_else(|error| error.to_string(), |status| status.to_string())
    }

    /// Stops it, first as asked, then for good.
    pub async fn stop(mut self) -> Result<()> {
        let status = match self.child.id() {
            None => self.child.wait().await?,
            Some(id) => self.terminate(id).await?,
        };
        self.said_all().await;
        if status.success() {
            Ok(())
        } else {
            bail!("Envoy ended: {status}")
        }
    }

    async fn terminate(&mut self, id: u32) -> Result<ExitStatus> {
        let id = rustix::process::Pid::from_raw(i32::try_from(id)?).context("no process id")?;
        // An error means that it has just ended, which `wait` tells better.
        let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        if let Ok(status) = timeout(GRACE, self.child.wait()).await {
            return Ok(status?);
        }
        self.child.kill().await?;
        bail!(
            "Envoy did not stop within {} s and was killed",
            GRACE.as_secs()
        )
    }

    async fn said_all(&mut self) {
        for shown in &mut self.shown {
            if !shown.is_finished() {
                let _ = shown.await;
            }
        }
    }
}

fn show(
    from: Option<impl AsyncRead + Unpin + Send + 'static>,
    mut line: impl FnMut(&str) + Send + 'static,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let Some(from) = from else { return };
        let mut lines = BufReader::new(from).split(b'\n');
        while let Ok(Some(bytes)) = lines.next_segment().await {
            line(&String::from_utf8_lossy(&bytes));
        }
    })
}
