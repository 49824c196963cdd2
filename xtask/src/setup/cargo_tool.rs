//! Programs that come by `cargo install`, into a directory of `.tools/` that carries their version.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::{have, installing};
use crate::sh;
use crate::workspace::{Workspace, cargo};

/// A program from the registry of crates.
pub struct CargoTool<'a> {
    /// The crate that carries it.
    pub package: &'a str,
    /// The one version that is wanted.
    pub version: &'a str,
    /// The program's name.
    pub program: &'a str,
    /// Whether to build it without the crate's default features.
    pub no_default_features: bool,
}

impl CargoTool<'_> {
    /// Where the program is, or will be.
    pub fn path(&self, workspace: &Workspace) -> PathBuf {
        self.dir(workspace).join("bin").join(self.program)
    }

    /// Builds the program when it is missing.
    pub fn ensure(&self, workspace: &Workspace) -> Result<()> {
        let path = self.path(workspace);
        if path.is_file() {
            have(
                self.program,
                &format!("{}, {}", self.version, path.display()),
            );
            return Ok(());
        }
        installing(
            self.program,
            &format!("{}, {}", self.version, path.display()),
        );
        // The lock file that a crate ships may name a release that was withdrawn, or that the
        // registry in use has not yet: then the newest compatible ones do.
        if sh::try_run(self.install(workspace).arg("--locked")) {
            return Ok(());
        }
        sh::run(
            &mut self.install(workspace),
            "see the compiler's message above; a newer Rust may be needed",
        )
    }

    fn dir(&self, workspace: &Workspace) -> PathBuf {
        workspace.tool(&format!("{}-{}", self.package, self.version))
    }

    /// Unoptimised and without debug information: each of these works for seconds a day and would
    /// take minutes to optimise.
    fn install(&self, workspace: &Workspace) -> Command {
        let mut command = Command::new(cargo());
        command.args([
            "install",
            self.package,
            "--version",
            self.version,
            "--debug",
        ]);
        command.env("CARGO_PROFILE_DEV_DEBUG", "false");
        command
            .args(["--bin", self.program])
            .arg("--root")
            .arg(self.dir(workspace));
        if self.no_default_features {
            command.arg("--no-default-features");
        }
        command
    }
}
