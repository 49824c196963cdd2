//! The runner of unit tests under node. Its version must be that of the wasm-bindgen library in
//! Cargo.lock, to the patch: the two share a format that is private to them.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::cargo_tool::CargoTool;
use crate::workspace::Workspace;

/// Builds the runner when it is missing.
pub fn ensure(workspace: &Workspace) -> Result<()> {
    match workspace.locked_version("wasm-bindgen")? {
        Some(version) => tool(&version).ensure(workspace),
        None => {
            eprintln!("not needed  wasm-bindgen-test-runner (Cargo.lock lists no wasm-bindgen)");
            Ok(())
        }
    }
}

/// Where the runner is, or will be.
pub fn path(workspace: &Workspace) -> Result<PathBuf> {
    let version = workspace.locked_version("wasm-bindgen")?.context(
        "Cargo.lock lists no wasm-bindgen: a package with `node-tests = true` needs \
         wasm-bindgen-test among its dev-dependencies for wasm32",
    )?;
    Ok(tool(&version).path(workspace))
}

fn tool(version: &str) -> CargoTool<'_> {
    CargoTool {
        package: "wasm-bindgen-cli",
        version,
        program: "wasm-bindgen-test-runner",
        no_default_features: true, // TLS, for driving browsers far away
    }
}
