//! What holds one limit for many Envoys, for tests and docker-compose: Envoy's rate-limit service, and the
//! Redis in which it counts.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::go_tool::GoTool;
use super::have;
use super::system_packages::{self, SystemPackage};
use crate::sh;
use crate::workspace::Workspace;

/// Envoy's project releases it as images and gives its commits no tags.
const SERVICE: GoTool = GoTool {
    package: "github.com/envoyproxy/ratelimit/src/service_cmd",
    version: "1.4.1-0.20260122083618-3fb702589d36",
    program: "service_cmd",
    place: "ratelimit",
};

const REDIS: &str = "redis-server";

const PACKAGES: &[SystemPackage] = &[SystemPackage {
    name: "redis-server",
    why: "where the rate-limit service counts",
}];

const BRING_YOUR_OWN: &str =
    "install Redis 6 or newer, https://redis.io/downloads, with redis-server in the PATH";

/// Installs what is missing.
pub fn ensure(workspace: &Workspace) -> Result<()> {
    match sh::find_program(REDIS) {
        Some(path) => have(REDIS, &path.display().to_string()),
        None => system_packages::ensure(PACKAGES, BRING_YOUR_OWN)?,
    }
    SERVICE.ensure(workspace)
}

/// Where [`ensure`] has put the service.
pub fn service(workspace: &Workspace) -> PathBuf {
    SERVICE.path(workspace)
}

/// The Redis that [`ensure`] has found or installed.
pub fn redis() -> Result<PathBuf> {
    sh::find_program(REDIS).with_context(|| format!("no {REDIS} in the PATH: {BRING_YOUR_OWN}"))
}
