//! `cargo xtask lint`: everything about the code that needs no run of it.

use std::process::Command;

use anyhow::{Result, bail};

use crate::setup::cargo_deny;
use crate::sh;
use crate::wasm_toolchain::WasmToolchain;
use crate::workspace::{Workspace, cargo};

const DENY_WARNINGS: [&str; 3] = ["--", "--deny", "warnings"];

/// Formatting, clippy natively and for wasm, and the dependencies.
pub fn run(workspace: &Workspace) -> Result<()> {
    sh::run(
        Command::new(cargo()).args(["fmt", "--all", "--check"]),
        "run `make fmt`",
    )?;
    sh::run(
        Command::new(cargo())
            .args(["clippy", "--workspace", "--all-targets"])
            .args(DENY_WARNINGS),
        "correct what clippy says above",
    )?;
    clippy_wasm(workspace)?;
    deny(workspace)
}

/// The dependencies' licences, sources and bans. Advisories are left out: they need a database from
/// the net, and change without a commit of ours.
pub fn deny(workspace: &Workspace) -> Result<()> {
    let program = cargo_deny::path(workspace);
    if !program.is_file() {
        bail!("{} is missing: run `make setup` first", program.display());
    }
    sh::run(
        Command::new(program).args(["check", "bans", "licenses", "sources"]),
        "replace the dependency, or change deny.toml and say why",
    )
}

/// What exists on wasm32 only, which the native clippy never sees: the modules' entry points and
/// the calls to the host.
fn clippy_wasm(workspace: &Workspace) -> Result<()> {
    let modules = workspace.modules()?;
    if modules.is_empty() {
        return Ok(());
    }
    let mut command = WasmToolchain::require(workspace)?.cargo(workspace, "clippy");
    for module in &modules {
        command.args(["--package", &module.package]);
    }
    command.args(DENY_WARNINGS);
    sh::run(&mut command, "correct what clippy says above")
}
