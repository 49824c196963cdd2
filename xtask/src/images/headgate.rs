//! A `headgate` that needs nothing of the image that it is in.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::cargo_artifacts;
use crate::sh;
use crate::workspace::{Workspace, cargo};

/// A document, for a render. It may be any.
const DOCUMENT: &str = "envoy-configs/petstore.gateway.yaml";

/// Builds it with glibc linked in: the target is then the one that every toolchain has, where musl would
/// be one more, and a C compiler for it.
pub fn build_static() -> Result<PathBuf> {
    let host = host()?;
    let mut build = Command::new(cargo());
    build
        .args(["build", "--package", "headgate", "--profile", "image"])
        // With a target named, build scripts and macros are built without the flag, as they have to be.
        .args(["--target", &host])
        .env("RUSTFLAGS", "-C target-feature=+crt-static");
    cargo_artifacts::program(&mut build, "headgate")
}

/// The directory with the pipeline's module, under the name that `program` renders for it.
pub fn module(workspace: &Workspace, program: &Path) -> Result<PathBuf> {
    let rendered = workspace.target.join("images/rendered");
    if rendered.exists() {
        std::fs::remove_dir_all(&rendered)?;
    }
    sh::run(
        Command::new(program)
            .args(["render", DOCUMENT, "--out"])
            .arg(&rendered)
            .arg("--modules")
            .arg(workspace.modules_dir()),
        "see the message above",
    )?;
    Ok(rendered.join("modules"))
}

/// The target that the compiler builds for by itself.
fn host() -> Result<String> {
    let version = sh::output(Command::new("rustc").arg("-vV"), "install Rust")?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(ToOwned::to_owned)
        .context("rustc -vV names no host")
}
