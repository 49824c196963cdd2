//! Programs and files of Go modules, into directories of `.tools/` that carry their version.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::{have, installing};
use crate::sh;
use crate::workspace::Workspace;

const GO: &str = "install Go 1.26 or newer, https://go.dev/dl";

/// A program that `go install` builds.
pub struct GoTool {
    /// The package of its `main`.
    pub package: &'static str,
    /// The one version that is wanted, without its "v".
    pub version: &'static str,
    /// The program's name, which is the package's last word.
    pub program: &'static str,
    /// What it is called in `.tools/<place>-<version>/`.
    pub place: &'static str,
}

impl GoTool {
    /// Builds the program when it is missing.
    pub fn ensure(&self, workspace: &Workspace) -> Result<()> {
        let path = self.path(workspace);
        let detail = format!("{}, {}", self.version, path.display());
        if path.is_file() {
            have(self.place, &detail);
            return Ok(());
        }
        require_go()?;
        installing(self.place, &detail);
        sh::run(
            Command::new("go")
                .arg("install")
                .arg(format!("{}@v{}", self.package, self.version))
                .env("GOBIN", self.directory(workspace))
                .env("CGO_ENABLED", "0"),
            GO,
        )
    }

    /// Where the program is, once it is built.
    pub fn path(&self, workspace: &Workspace) -> PathBuf {
        self.directory(workspace).join(self.program)
    }

    fn directory(&self, workspace: &Workspace) -> PathBuf {
        workspace.tool(&format!("{}-{}", self.place, self.version))
    }
}

/// A file that a Go module carries.
pub struct GoFile {
    /// The module.
    pub module: &'static str,
    /// Its version, without its "v".
    pub version: &'static str,
    /// The file within it.
    pub file: &'static str,
    /// What it is called in `.tools/<place>-<version>/`.
    pub place: &'static str,
}

/// What `go mod download -json` says.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Downloaded {
    dir: PathBuf,
}

impl GoFile {
    /// Copies the file when it is missing.
    pub fn ensure(&self, workspace: &Workspace) -> Result<()> {
        let (file, name) = (PathBuf::from(self.file), self.place);
        let file_name = file.file_name().context("a path that ends with a file")?;
        let dir = workspace.tool(&format!("{name}-{}", self.version));
        let path = dir.join(file_name);
        let detail = format!("{}, {}", self.version, path.display());
        if path.is_file() {
            have(name, &detail);
            return Ok(());
        }
        require_go()?;
        installing(name, &detail);
        let mut download = Command::new("go");
        // Not inside a module: it would be asked for the module's own list of modules.
        download
            .current_dir(std::env::temp_dir())
            .args(["mod", "download", "-json"])
            .arg(format!("{}@v{}", self.module, self.version));
        let said = sh::capture(&mut download, GO)?;
        let Downloaded { dir: from } = serde_json::from_str(&said)?;
        fs::create_dir_all(&dir)?;
        let beside = dir.join("new");
        fs::write(&beside, fs::read(from.join(file))?)?;
        fs::rename(beside, path)?;
        Ok(())
    }
}

fn require_go() -> Result<()> {
    if sh::find_program("go").is_none() {
        bail!("this machine has no Go: {GO}");
    }
    Ok(())
}
