//! What docker-compose.yml describes, as one project on one engine.

use std::net::SocketAddr;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{config, http};
use crate::docker::{Engine, poll};
use crate::sh;
use crate::workspace::Workspace;

/// Each says `<name> listens on <address>` when it does.
const SERVICES: [&str; 4] = ["pets", "pets-next", "stock", "chat"];

/// What the profile adds: each service, and what it says when it can be asked.
const LIMITS: [(&str, &str); 2] = [
    ("redis", "Ready to accept connections"),
    ("ratelimit", "Listening for gRPC"),
];

/// The profile with what holds one limit for many gateways.
const PROFILE: &str = "limits";

const SEE_ABOVE: &str = "see the message above";

/// The containers of one project.
pub struct Stack<'a> {
    engine: &'a Engine,
    workspace: &'a Workspace,
    project: &'static str,
    /// `HEADGATE_PORT`; the user's own choice, or docker-compose.yml's, when none.
    port: Option<&'static str>,
    /// Whether [`PROFILE`] is part of it.
    pub limits: bool,
}

impl<'a> Stack<'a> {
    /// The one that people start and stop, on the port that they choose.
    pub fn of_users(engine: &'a Engine, workspace: &'a Workspace, limits: bool) -> Self {
        Self {
            engine,
            workspace,
            project: "headgate",
            port: None,
            limits,
        }
    }

    /// One beside it for a test, with all that there is, on a port that docker chooses.
    pub fn of_test(engine: &'a Engine, workspace: &'a Workspace) -> Self {
        Self {
            engine,
            workspace,
            project: "headgate-test",
            port: Some("0"),
            limits: true,
        }
    }

    /// Creates and starts everything; what runs already stays when nothing about it changed.
    pub fn start(&self) -> Result<()> {
        sh::run(
            self.compose().args(["up", "--detach", "--remove-orphans"]),
            SEE_ABOVE,
        )
    }

    /// Waits until a request gets through, and each service listens. Returns the gateway's address.
    pub fn wait_until_ready(&self) -> Result<SocketAddr> {
        let gateway = self.gateway()?;
        let address = poll::until(|| {
            ensure!(
                self.is_running(&gateway)?,
                "the gateway ended instead of starting: see its log"
            );
            let address = self.published(&gateway)?;
            let answers = http::get(address, "/pets").is_ok_and(|answer| answer.status == 200);
            Ok(answers.then_some(address))
        })?;
        let address = address.context("the gateway does not answer GET /pets with 200")?;
        let listening = poll::until(|| {
            let log = self.log(&SERVICES)?;
            Ok((log.matches(" listens on ").count() >= SERVICES.len()).then_some(()))
        })?;
        listening.context("not every service behind the gateway says that it listens")?;
        if self.limits {
            for (service, says) in LIMITS {
                poll::until(|| Ok(self.log(&[service])?.contains(says).then_some(())))?
                    .with_context(|| format!("{service} does not say {says:?}: see its log"))?;
            }
        }
        Ok(address)
    }

    /// What the gateway has logged.
    pub fn gateway_log(&self) -> Result<String> {
        self.log(&["gateway"])
    }

    /// Prints the end of each log, for a failure.
    pub fn show_logs(&self) {
        sh::try_run(self.compose().args(["logs", "--no-color", "--tail=40"]));
    }

    /// Stops and removes the containers and their network.
    pub fn remove(&self) -> Result<()> {
        sh::run(
            self.compose()
                .args(["down", "--volumes", "--remove-orphans"]),
            SEE_ABOVE,
        )
    }

    fn log(&self, services: &[&str]) -> Result<String> {
        sh::output(
            self.compose().args(["logs", "--no-color"]).args(services),
            SEE_ABOVE,
        )
    }

    /// The gateway's container, running or not.
    fn gateway(&self) -> Result<String> {
        sh::output(
            self.compose().args(["ps", "--all", "--quiet", "gateway"]),
            SEE_ABOVE,
        )
    }

    /// Where the gateway's port is published. Docker says it a line for each address.
    fn published(&self, gateway: &str) -> Result<SocketAddr> {
        let mut port = self.engine.docker();
        port.args(["port", gateway, "8080/tcp"]);
        let published = sh::output(&mut port, SEE_ABOVE)?;
        let address = published.lines().next().unwrap_or_default();
        address
            .parse()
            .with_context(|| format!("docker published the gateway at {address:?}"))
    }

    fn is_running(&self, container: &str) -> Result<bool> {
        let mut inspect = self.engine.docker();
        inspect.args(["inspect", "--format", "{{.State.Running}}", container]);
        Ok(sh::output(&mut inspect, SEE_ABOVE)? == "true")
    }

    fn compose(&self) -> Command {
        let mut command = self.engine.compose();
        command.args(["--project-name", self.project]);
        command
            .arg("--file")
            .arg(self.workspace.root.join("docker-compose.yml"));
        if self.limits {
            command.args(["--profile", PROFILE]);
        }
        command.env(
            "HEADGATE_CONFIG",
            config::directory(self.workspace, self.limits),
        );
        command.env("RATELIMIT_CONFIG", config::limits(self.workspace));
        if let Some(port) = self.port {
            command.env("HEADGATE_PORT", port);
        }
        command
    }
}
