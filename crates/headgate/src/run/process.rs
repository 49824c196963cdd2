//! The Envoy that runs. It outlives a `headgate run` that is killed, and the next one takes it over.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::fs::{FileType, Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::unix::pipe::Receiver;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::lines;
use super::log::Log;
use super::state::{Launch, State};

/// A running Envoy, and the tasks that show what it says.
#[derive(Debug)]
pub struct Envoy {
    /// None for one that was taken over, which is nobody's child any more.
    child: Option<Child>,
    /// What it was started with, by which it is known.
    bootstrap: PathBuf,
    /// Ends when Envoy does.
    requests: JoinHandle<()>,
    log: Log,
}

/// How long Envoy may take to stop before it is stopped.
const GRACE: Duration = Duration::from_secs(10);

/// With hot restart Envoy asks the kernel to end it when its parent ends (`PR_SET_PDEATHSIG`), and two of
/// them on one machine share memory. It is also what Envoys of Headgate are known by.
const ALONE: &str = "--disable-hot-restart";

impl Envoy {
    /// Starts Envoy on the files in the state's directory.
    pub fn start(state: &State, launch: &Launch) -> Result<Self> {
        state.keep(launch)?;
        make_pipe(&state.requests())?;
        let requests = show_requests(&state.requests())?;
        let to_requests = OpenOptions::new().write(true).open(state.requests())?;
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(state.log())?;
        let bootstrap = bootstrap(state);
        let mut command = Command::new(&launch.binary);
        command
            .arg("-c")
            .arg(&bootstrap)
            .args(["--concurrency", &launch.concurrency.to_string()])
            .arg(ALONE)
            .args(["--log-format", lines::FORMAT])
            .args([
                "--log-level",
                if launch.verbose { "info" } else { "warning" },
            ])
            .args(["--component-log-level", "wasm:info"])
            // A line is for somebody who looks.
            .args(["--file-flush-interval-msec", "100"])
            .stdin(Stdio::null())
            .stdout(to_requests)
            .stderr(log)
            // Ctrl-C reaches a whole foreground group; Envoy is to be stopped by us, in order.
            .process_group(0)
            .kill_on_drop(true);
        let child = command
            .spawn()
            .with_context(|| format!("{} does not start", launch.binary.display()))?;
        Ok(Self {
            child: Some(child),
            bootstrap,
            requests,
            log: Log::from_start(&state.log())?,
        })
    }

    /// Takes over the Envoy that a `headgate run` which was killed has left, if there is one.
    pub fn left_in(state: &State) -> Result<Option<Self>> {
        let bootstrap = bootstrap(state);
        if find(&bootstrap).is_none() {
            return Ok(None);
        }
        Ok(Some(Self {
            child: None,
            bootstrap,
            requests: show_requests(&state.requests())?,
            log: Log::from_end(&state.log())?,
        }))
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> String {
        let how = match &mut self.child {
            Some(child) => {
                let ended = child.wait().await;
                ended.map_or_else(|error| error.to_string(), |status| status.to_string())
            }
            None => "nobody knows how".to_owned(),
        };
        self.said_all().await;
        how
    }

    /// Stops it, first as asked, then for good.
    pub async fn stop(mut self) -> Result<()> {
        self.signal(Signal::TERM);
        if let Ok(ended) = timeout(GRACE, self.wait()).await {
            self.said_all().await;
            return ended;
        }
        self.signal(Signal::KILL);
        let _ = self.wait().await;
        bail!(
            "Envoy did not stop within {} s and was killed",
            GRACE.as_secs()
        )
    }

    async fn wait(&mut self) -> Result<()> {
        let Some(child) = &mut self.child else {
            self.said_all().await;
            return Ok(());
        };
        let status = child.wait().await?;
        if !status.success() {
            bail!("Envoy ended: {status}")
        }
        Ok(())
    }

    /// An error means that it has just ended, which waiting for it tells better.
    fn signal(&self, signal: Signal) {
        let id = match &self.child {
            Some(child) => child.id().and_then(|id| i32::try_from(id).ok()),
            None => find(&self.bootstrap),
        };
        if let Some(id) = id.and_then(Pid::from_raw) {
            let _ = kill_process(id, signal);
        }
    }

    async fn said_all(&mut self) {
        if !self.requests.is_finished() {
            let _ = (&mut self.requests).await;
        }
        self.log.said_all().await;
    }
}

fn bootstrap(state: &State) -> PathBuf {
    state.config().join(envoy_render::BOOTSTRAP)
}

/// The id of the Envoy that was started with this bootstrap. It is a file of one user's one gateway, so
/// no other process can be meant, whatever ids are used again.
fn find(bootstrap: &Path) -> Option<i32> {
    let bootstrap = bootstrap.as_os_str().as_encoded_bytes();
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let mut ids = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
    ids.find(|id: &i32| {
        let arguments = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        let arguments: Vec<&[u8]> = arguments.split(|byte| *byte == 0).collect();
        let starts_with_it = |pair: &[&[u8]]| *pair == [b"-c".as_slice(), bootstrap];
        arguments.windows(2).any(starts_with_it) && arguments.contains(&ALONE.as_bytes())
    })
}

/// Makes a pipe with a name.
fn make_pipe(path: &Path) -> Result<()> {
    let mode = Mode::RUSR | Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, path, FileType::Fifo, mode, 0)
        .with_context(|| format!("{}: no pipe can be made", path.display()))
}

/// Shows a line for each request, until Envoy ends.
fn show_requests(pipe: &Path) -> Result<JoinHandle<()>> {
    let opened = open_without_waiting(pipe).and_then(Receiver::from_file);
    let pipe = opened.with_context(|| pipe.display().to_string())?;
    Ok(tokio::spawn(async move {
        let mut lines = BufReader::new(pipe).split(b'\n');
        while let Ok(Some(line)) = lines.next_segment().await {
            let line = lines::request(&String::from_utf8_lossy(&line));
            let _ = writeln!(anstream::stdout(), "{line}");
        }
    }))
}

/// As it is, opening a pipe waits for its other end.
fn open_without_waiting(pipe: &Path) -> io::Result<File> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    OpenOptions::new().read(true).custom_flags(flags).open(pipe)
}
