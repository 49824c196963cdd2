//! cargo-fuzz, which builds and runs the fuzz targets.

use std::path::PathBuf;

use anyhow::Result;

use super::cargo_tool::CargoTool;
use crate::workspace::Workspace;

const TOOL: CargoTool<'static> = CargoTool {
    package: "cargo-fuzz",
    version: "0.13.2",
    program: "cargo-fuzz",
    no_default_features: false,
};

/// Builds the program when it is missing.
pub fn ensure(workspace: &Workspace) -> Result<()> {
    TOOL.ensure(workspace)
}

/// Where the program is, or will be.
pub fn path(workspace: &Workspace) -> PathBuf {
    TOOL.path(workspace)
}
