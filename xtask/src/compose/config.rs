//! What the gateway and the rate-limit service of docker-compose.yml run: the petstore, rendered as a user would
//! render it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::sh;
use crate::workspace::{Workspace, cargo};

/// Where docker-compose.yml mounts what the gateway runs.
const SEEN_AT: &str = "/etc/headgate";

/// What the rate-limit service reads, as `headgate render` calls it.
const SERVICE: &str = "ratelimit.yaml";

/// The sample: with limits, if there is a service that holds them.
fn sample(limits: bool) -> &'static str {
    if limits {
        "petstore-limits"
    } else {
        "petstore"
    }
}

/// Where it is rendered.
pub fn directory(workspace: &Workspace, limits: bool) -> PathBuf {
    workspace.target.join("compose").join(sample(limits))
}

/// Renders the document, with the modules that `make wasm` has built.
pub fn place(workspace: &Workspace, limits: bool) -> Result<()> {
    let directory = directory(workspace, limits);
    let document = format!("envoy-configs/{}.gateway.yaml", sample(limits));
    sh::run(
        Command::new(cargo())
            .args(["run", "--quiet", "--package", "headgate", "--"])
            .args(["render", &document])
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

/// Puts there what was rendered for it beside what the gateway runs.
pub fn place_limits(workspace: &Workspace) -> Result<()> {
    let directory = limits(workspace);
    fs::create_dir_all(&directory)?;
    let rendered = self::directory(workspace, true).join(SERVICE);
    // It may run, and reads whatever it sees there but names that begin with a dot.
    let next = directory.join(".next");
    fs::copy(&rendered, &next).with_context(|| format!("cannot read {}", rendered.display()))?;
    sh::make_readable(&directory)?;
    Ok(fs::rename(next, directory.join(SERVICE))?)
}
