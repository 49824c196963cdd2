//! A container that runs as a cluster with the strictest rules would have it run.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::{Engine, poll};
use crate::sh;

const SEE_ABOVE: &str = "see docker's message above";

/// What no container may do: Kubernetes' restricted pod security, and a root that is read only. It has no
/// network but its loopback interface.
const CONFINED: [&str; 5] = [
    "--read-only",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges:true",
    "--network=none",
    "--detach",
];

/// A container, removed when it is dropped.
pub struct Container<'a> {
    engine: &'a Engine,
    id: String,
}

impl<'a> Container<'a> {
    /// Runs an image as this user, with files and directories of this machine at paths of its own.
    pub fn run(
        engine: &'a Engine,
        image: &str,
        user: &str,
        mounts: &[(&Path, &str)],
        arguments: &[&str],
    ) -> Result<Self> {
        let mut run = engine.docker();
        run.arg("run").args(CONFINED).args(["--user", user]);
        for (here, there) in mounts {
            let here = here.canonicalize();
            let here = here.with_context(|| format!("nothing to mount at {there}"))?;
            run.arg(format!("--volume={}:{there}:ro", here.display()));
        }
        let id = sh::output(run.arg(image).args(arguments), SEE_ABOVE)?;
        Ok(Self { engine, id })
    }

    /// What a program in it says on its standard output, and how it ended.
    pub fn exec(&self, arguments: &[&str]) -> Result<(Option<i32>, String)> {
        let mut exec = self.engine.docker();
        let output = exec.args(["exec", &self.id]).args(arguments).output()?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Ok((output.status.code(), text))
    }

    /// Waits until a program in it ends with 0; returns what it has said.
    pub fn until(&self, arguments: &[&str]) -> Result<String> {
        let mut last = String::new();
        let said = poll::until(|| {
            let (code, text) = self.exec(arguments)?;
            last.clone_from(&text);
            Ok((code == Some(0)).then_some(text))
        })?;
        said.with_context(|| format!("{arguments:?} says: {last}. The log:\n{}", self.log()))
    }

    /// Stops it as a kubelet does; returns its exit code.
    pub fn stop(&self) -> Result<String> {
        sh::output(&mut self.docker("stop"), SEE_ABOVE)?;
        self.exit_code()
    }

    /// Waits for its end; returns its exit code.
    pub fn wait(&self) -> Result<String> {
        sh::output(&mut self.docker("wait"), SEE_ABOVE)
    }

    /// The end of what it has said on both outputs.
    pub fn log(&self) -> String {
        let mut logs = self.engine.docker();
        let output = logs.args(["logs", "--tail=20", &self.id]).output();
        let text = |output: std::process::Output| [output.stdout, output.stderr].concat();
        String::from_utf8_lossy(&output.map(text).unwrap_or_default()).into_owned()
    }

    fn exit_code(&self) -> Result<String> {
        let mut inspect = self.engine.docker();
        inspect.args(["inspect", "--format={{.State.ExitCode}}", &self.id]);
        sh::output(&mut inspect, SEE_ABOVE)
    }

    fn docker(&self, verb: &str) -> Command {
        let mut command = self.engine.docker();
        command.args([verb, &self.id]);
        command
    }
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        // One that cannot be removed is no reason to fail.
        let _ = self.docker("rm").arg("--force").output();
    }
}
