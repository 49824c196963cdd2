//! The docker engine that everything runs on, and the compose that talks to it.
//!
//! An engine that answers is used as it is. Where none does, and this is Debian and root, the
//! missing packages are installed and an engine of the project's own is started ([`Dockerd`]).

use std::process::Command;

use anyhow::{Result, bail};

use super::dockerd::Dockerd;
use crate::setup::system_packages::{self, SystemPackage};
use crate::sh;
use crate::workspace::Workspace;

const DOCKER: &[SystemPackage] = &[SystemPackage {
    name: "docker.io",
    why: "the docker engine that docker-compose.yml runs on",
}];

const DOCKER_COMPOSE: &[SystemPackage] = &[SystemPackage {
    name: "docker-compose",
    why: "reads docker-compose.yml",
}];

const START_DOCKER: &str = "start docker, https://docs.docker.com/engine/install, and make sure \
     that `docker version` shows a server";

const INSTALL_COMPOSE: &str = "install compose, https://docs.docker.com/compose/install";

/// An engine that answers.
pub struct Engine {
    /// The value of `DOCKER_HOST`; none where docker finds the engine by itself.
    host: Option<String>,
    compose: Compose,
}

#[derive(Clone, Copy)]
enum Compose {
    /// `docker compose`, version 2 and up.
    Plugin,
    /// `docker-compose`, version 1.29.
    Program,
}

impl Engine {
    /// The engine that answers: the project's own first, since `up` may have left it running.
    pub fn find(workspace: &Workspace) -> Result<Option<Self>> {
        let own = Dockerd::of(workspace);
        if own.answers() {
            return Self::at(Some(own.host())).map(Some);
        }
        if server_version(None).is_some() {
            return Self::at(None).map(Some);
        }
        Ok(None)
    }

    /// Installs docker where it is missing, and starts an engine if installing it has not.
    pub fn start(workspace: &Workspace) -> Result<Self> {
        if sh::output(Command::new("id").arg("-u"), START_DOCKER)? != "0" {
            bail!("no docker engine answers, and only root can start one: {START_DOCKER}");
        }
        if sh::find_program("dockerd").is_none() {
            system_packages::ensure(DOCKER, START_DOCKER)?;
            if let Some(engine) = Self::find(workspace)? {
                return Ok(engine);
            }
        }
        let compose = Compose::ensure()?;
        let own = Dockerd::of(workspace);
        own.start()?;
        Ok(Self {
            host: Some(own.host()),
            compose,
        })
    }

    /// Does something on the engine that answers, or on one that is stopped again afterwards, also when it
    /// failed.
    pub fn borrow(workspace: &Workspace, use_it: impl FnOnce(&Self) -> Result<()>) -> Result<()> {
        if let Some(engine) = Self::find(workspace)? {
            return use_it(&engine);
        }
        let used = use_it(&Self::start(workspace)?);
        used.and(Dockerd::of(workspace).stop())
    }

    /// `docker`, ready for arguments.
    pub fn docker(&self) -> Command {
        docker(self.host.as_deref())
    }

    /// Compose, ready for arguments; both versions take those that are used here.
    pub fn compose(&self) -> Command {
        match self.compose {
            Compose::Plugin => {
                let mut command = self.docker();
                command.arg("compose");
                command
            }
            Compose::Program => with_host("docker-compose", self.host.as_deref()),
        }
    }

    fn at(host: Option<String>) -> Result<Self> {
        let compose = Compose::ensure()?;
        Ok(Self { host, compose })
    }
}

impl Compose {
    fn ensure() -> Result<Self> {
        let plugin = docker(None).args(["compose", "version"]).output();
        if plugin.is_ok_and(|answer| answer.status.success()) {
            return Ok(Self::Plugin);
        }
        if sh::find_program("docker-compose").is_none() {
            system_packages::ensure(DOCKER_COMPOSE, INSTALL_COMPOSE)?;
        }
        Ok(Self::Program)
    }
}

/// The version of the engine at `host`, when it answers.
pub fn server_version(host: Option<&str>) -> Option<String> {
    let mut command = docker(host);
    command.args(["version", "--format", "{{.Server.Version}}"]);
    let answer = command.output().ok()?;
    let version = String::from_utf8(answer.stdout).ok()?;
    answer.status.success().then(|| version.trim().to_owned())
}

fn docker(host: Option<&str>) -> Command {
    with_host("docker", host)
}

fn with_host(program: &str, host: Option<&str>) -> Command {
    let mut command = Command::new(program);
    if let Some(host) = host {
        command.env("DOCKER_HOST", host);
    }
    command
}
