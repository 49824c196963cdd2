//! `cargo xtask test-wasm`: the filter libraries' unit tests, the same ones that run natively,
//! compiled to wasm and run under node. It shows what a native run cannot: 32-bit sizes, and calls
//! that the target does not have.

use anyhow::{Result, bail};

use crate::setup::{node, wasm_bindgen};
use crate::sh;
use crate::wasm_toolchain::WasmToolchain;
use crate::workspace::Workspace;

/// Runs the tests of every package with `node-tests = true`.
pub fn run(workspace: &Workspace) -> Result<()> {
    let packages = workspace.node_tested()?;
    if packages.is_empty() {
        bail!("no package says `node-tests = true` in its [package.metadata.headgate]");
    }
    let runner = wasm_bindgen::path(workspace)?;
    if !runner.is_file() {
        bail!("{} is missing: run `make setup` first", runner.display());
    }
    node::require()?;
    let mut command = WasmToolchain::require(workspace)?.cargo(workspace, "test");
    command.arg("--lib");
    for package in packages {
        command.args(["--package", package]);
    }
    command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner);
    sh::run(&mut command, "see the test's message above")
}
