//! Envoy's process, with the directory that its log lives in.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::crashes::TAIL;
use super::{POLL, binary};
use crate::log;

/// Killed when it is dropped; in a test that is failing the end of its log is printed then.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    /// Removed with the process.
    _directory: TempDir,
    log: PathBuf,
}

impl Process {
    /// Runs Envoy with `arguments`, its output in a file of `directory`.
    pub(super) fn spawn(
        directory: TempDir,
        arguments: &[String],
        environment: &[(String, String)],
        working_directory: Option<&Path>,
    ) -> Self {
        let log = directory.path().join("envoy.log");
        let output = File::create(&log).expect("a log file");
        let mut command = Command::new(binary());
        command
            .args(arguments)
            .envs(environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a second handle of the log file"))
            .stderr(output);
        if let Some(working_directory) = working_directory {
            command.current_dir(working_directory);
        }
        let child = command
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run {}: {error}", binary().display()));
        Self {
            child,
            _directory: directory,
            log,
        }
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn log(&self) -> String {
        log::read(&self.log)
    }

    /// How it has ended; `None` while it runs.
    pub(super) fn exit_status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the state of our own child")
    }

    /// Waits until it has ended, at most so long.
    pub(super) async fn ended(&mut self, at_most: Duration) -> Option<ExitStatus> {
        let ending = async {
            loop {
                match self.exit_status() {
                    Some(status) => return status,
                    None => tokio::time::sleep(POLL).await,
                }
            }
        };
        tokio::time::timeout(at_most, ending).await.ok()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!(
                "--- the end of Envoy's log ---\n{}---",
                log::tail(&self.log(), TAIL)
            );
        }
    }
}
