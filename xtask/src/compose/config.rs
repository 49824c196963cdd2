//! What the gateway of docker-compose.yml runs: the petstore, rendered as a user would render it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::sh;
use crate::workspace::{Workspace, cargo};

const DOCUMENT: &str = "envoy-configs/petstore.gateway.yaml";

/// Where docker-compose.yml mounts it.
const SEEN_AT: &str = "/etc/headgate";

/// Where it is rendered.
pub fn directory(workspace: &Workspace) -> PathBuf {
    workspace.target.join("compose/petstore")
}

/// Renders the document, with the modules that `make wasm` has built.
pub fn place(workspace: &Workspace) -> Result<()> {
    let directory = directory(workspace);
    sh::run(
        Command::new(cargo())
            .args([
                "run",
                "--quiet",
                "--package",
                "headgate",
                "--",
                "render",
                DOCUMENT,
            ])
            .arg("--modules")
            .arg(workspace.modules_dir())
            .arg("--out")
            .arg(&directory)
            .args(["--seen-at", SEEN_AT]),
        "see the message above",
    )?;
    // Envoy is not root in its container, and a strict umask would keep the files from it.
    sh::make_readable(&directory)
}

/// Where docker-compose.yml's rate-limit service finds what it enforces.
pub fn limits(workspace: &Workspace) -> PathBuf {
    workspace.target.join("compose/ratelimit")
}

/// Makes that directory; the service enforces nothing as long as it is empty.
pub fn place_limits(workspace: &Workspace) -> Result<()> {
    let directory = limits(workspace);
    fs::create_dir_all(&directory)?;
    sh::make_readable(&directory)
}
