//! Calls of `headgate` and of `kubectl`, and what they come to.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use integration::kubernetes::User;
use integration::{module, program};
use serde_json::Value;

use super::{IMAGE, Rig};

/// What a call came to.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Said {
    /// That it went well.
    #[track_caller]
    pub fn well(self) -> Self {
        assert_eq!(self.code, 0, "{self:#?}");
        self
    }

    /// That it went wrong around the document, and what was said of it.
    #[track_caller]
    pub fn wrong(self) -> String {
        assert_eq!(self.code, 3, "{self:#?}");
        self.err
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap()
    }
}

impl Rig {
    /// Calls `headgate deploy` under the gateway's own rights, without keeping this thread; for the document,
    /// unless it is named.
    pub async fn deploying(&self, arguments: &[&str]) -> Said {
        let mut command = self.command(&self.path("pusher.kubeconfig"), arguments);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap());
        said(output.await.unwrap())
    }

    /// The same as somebody else.
    pub fn call(&self, user: User, arguments: &[&str]) -> Said {
        let kubeconfig = self.cluster.kubeconfig(user);
        said(self.command(&kubeconfig, arguments).output().unwrap())
    }

    /// Starts it, to be killed.
    pub fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(&self.path("pusher.kubeconfig"), arguments);
        let silent = command.stdout(Stdio::null()).stderr(Stdio::null());
        silent.spawn().unwrap()
    }

    pub fn command(&self, kubeconfig: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program("headgate"));
        let (verb, others) = arguments.split_first().unwrap();
        command.args(["deploy", verb]);
        if !others.contains(&"--name") {
            command.arg(self.path("gateway.yaml"));
        }
        if !others.contains(&"--namespace") {
            command.args(["--namespace", &self.namespace]);
        }
        command
            .args(others)
            .env("KUBECONFIG", kubeconfig)
            .env("HEADGATE_IMAGE", IMAGE)
            .env("HEADGATE_MODULES", module("gateway").parent().unwrap())
            .stdin(Stdio::null());
        command
    }

    /// Calls `kubectl`, with all rights, and gives it something to read; returns what it says.
    pub fn kubectl(&self, arguments: &[&str], input: &str) -> String {
        let said = self.try_kubectl(arguments, input);
        said.unwrap_or_else(|said| panic!("{arguments:?}: {said}"))
    }

    /// The same where it may go wrong.
    ///
    /// # Errors
    /// What it says then.
    pub fn try_kubectl(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        let mut process = Command::new(integration::kubernetes::program("kubectl"))
            .args(arguments)
            .args(["--namespace", &self.namespace, "--kubeconfig"])
            .arg(self.cluster.kubeconfig(User::Admin))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = process.stdin.take().unwrap();
        // What reads a file reads nothing here.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let said = said(process.wait_with_output().unwrap());
        match said.code {
            0 => Ok(said.out),
            _ => Err(said.err),
        }
    }
}

fn said(output: Output) -> Said {
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}
