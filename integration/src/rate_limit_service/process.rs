//! One of the two programs, while it runs.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::log;

/// Only there so that a test fails rather than hangs.
pub(super) const DEADLINE: Duration = Duration::from_secs(30);

/// How often a condition of another process is looked at again.
pub(super) const POLL: Duration = Duration::from_millis(10);

/// How many lines of a log are shown.
const TAIL: usize = 40;

/// Killed when it is dropped; in a test that is failing the end of its log is printed then.
#[derive(Debug)]
pub(super) struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Runs it, its output at the end of a file.
    pub(super) fn run(name: &'static str, mut command: Command, log: &Path) -> Self {
        let output = append(log);
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a second handle of the log file"))
            .stderr(output)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run {name}: {error}"));
        Self {
            name,
            child,
            log: log.to_owned(),
        }
    }

    /// Waits until `answers`.
    ///
    /// # Panics
    /// When it ends instead, or does not within 30 s.
    pub(super) async fn wait_until(&mut self, mut answers: impl AsyncFnMut() -> bool) {
        let waiting = async {
            while !answers().await {
                let ended = self.child.try_wait().expect("the state of our own child");
                assert_eq!(ended, None, "{} has ended", self.name);
                tokio::time::sleep(POLL).await;
            }
        };
        let waited = tokio::time::timeout(DEADLINE, waiting).await;
        assert!(waited.is_ok(), "{} does not answer", self.name);
    }

    /// Stops it, and returns when no thread of it runs.
    pub(super) async fn stop(&self) {
        self.signal(Signal::STOP);
        let stopping = async {
            while !self.is_stopped() {
                tokio::time::sleep(POLL).await;
            }
        };
        let stopped = tokio::time::timeout(DEADLINE, stopping).await;
        assert!(stopped.is_ok(), "{} does not stop", self.name);
    }

    /// Ends a [`stop`](Self::stop).
    pub(super) fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(id.expect("a process id"), signal).expect("our own child");
    }

    /// Whether the state of every thread is "T (stopped)" (proc(5)).
    fn is_stopped(&self) -> bool {
        let threads = fs::read_dir(format!("/proc/{}/task", self.child.id())).expect("/proc");
        threads.flatten().all(|thread| {
            let status = fs::read_to_string(thread.path().join("status")).unwrap_or_default();
            status.lines().any(|line| line.starts_with("State:\tT"))
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = log::tail(&log::read(&self.log), TAIL);
            eprintln!("--- the end of the log of {} ---\n{log}---", self.name);
        }
    }
}

fn append(log: &Path) -> File {
    let file = OpenOptions::new().create(true).append(true).open(log);
    file.expect("a log file")
}
