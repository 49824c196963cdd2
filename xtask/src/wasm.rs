//! `cargo xtask wasm`: every module of the workspace, built in one cargo invocation, checked, and
//! placed in `target/modules/` beside `modules.json`, which says what they are.
//!
//! Files whose content did not change keep their time, so nothing downstream is built again.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::cargo_artifacts::{self, Artifact};
use crate::check_wasm;
use crate::wasm_toolchain::WasmToolchain;
use crate::workspace::{Module, Workspace};

pub mod revision;

use revision::Revision;

/// One entry of `modules.json`.
#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    version: &'a str,
    revision: &'a str,
    sha256: String,
    bytes: usize,
    test_only: bool,
}

/// Builds, checks and places the modules.
pub fn run(workspace: &Workspace) -> Result<()> {
    let modules = workspace.modules()?;
    if modules.is_empty() {
        bail!("no package says `module = \"<name>\"` in its [package.metadata.headgate]");
    }
    let revision = Revision::of_head()?;
    let artifacts = build(workspace, &modules, &revision)?;

    let mut contents = Vec::new();
    for module in &modules {
        let path = built_file(module, &artifacts)?;
        let bytes = fs::read(path).with_context(|| format!("{} went away", path.display()))?;
        check_wasm::require(module, &bytes)?;
        contents.push((module, bytes));
    }

    let shown = revision.with_state_of_tree();
    let entries: Vec<_> = contents
        .iter()
        .map(|(module, bytes)| Entry {
            name: &module.name,
            version: &module.version,
            revision: &shown,
            sha256: hex(&Sha256::digest(bytes)),
            bytes: bytes.len(),
            test_only: module.test_only,
        })
        .collect();
    let mut list = serde_json::to_vec_pretty(&entries)?;
    list.push(b'\n');

    let mut files: Vec<_> = contents
        .into_iter()
        .map(|(module, bytes)| (format!("{}.wasm", module.name), bytes))
        .collect();
    files.push(("modules.json".to_owned(), list));
    place(&workspace.modules_dir(), &files)
}

/// One invocation for all: cargo then builds what they share once, and side by side.
fn build(workspace: &Workspace, modules: &[Module], revision: &Revision) -> Result<Vec<Artifact>> {
    let mut command = WasmToolchain::require(workspace)?.cargo(workspace, "build");
    command.args(["--profile", "wasm"]);
    for module in modules {
        command.args(["--package", &module.package]);
    }
    // Read by filter-shell with `option_env!`. It is the commit alone: with the state of the tree
    // in it, every first edit after a commit would rebuild every module.
    command.env("HEADGATE_REVISION", &revision.commit);
    command.env("CARGO_ENCODED_RUSTFLAGS", without_home_paths()?);
    cargo_artifacts::build(&mut command, "correct what the compiler says above")
}

/// Compiler flags that take the builder's home out of panic messages, so that one commit gives the
/// same bytes, and so the same SHA-256, wherever it is built.
fn without_home_paths() -> Result<OsString> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home
        .or_else(|| Some(std::env::home_dir()?.join(".cargo")))
        .context("neither CARGO_HOME nor HOME is set: set one")?;
    let mut flag = OsString::from("--remap-path-prefix=");
    flag.push(home);
    flag.push("=/cargo");
    Ok(flag)
}

fn built_file<'a>(module: &Module, artifacts: &'a [Artifact]) -> Result<&'a PathBuf> {
    artifacts
        .iter()
        .filter(|artifact| artifact.package_id == module.package_id)
        .find_map(|artifact| artifact.file("wasm"))
        .with_context(|| {
            format!(
                "package {} makes no .wasm file: it needs `crate-type = [\"cdylib\"]`",
                module.package
            )
        })
}

/// Makes `dir` hold these files and no other, touching only what differs.
fn place(dir: &Path, files: &[(String, Vec<u8>)]) -> Result<()> {
    fs::create_dir_all(dir)?;
    let wanted: BTreeSet<_> = files.iter().map(|(name, _)| name.as_str()).collect();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if !entry
            .file_name()
            .to_str()
            .is_some_and(|name| wanted.contains(name))
        {
            fs::remove_file(entry.path())?;
        }
    }
    for (name, content) in files {
        let path = dir.join(name);
        if fs::read(&path).is_ok_and(|present| present == *content) {
            continue;
        }
        fs::write(&path, content)
            .with_context(|| format!("{} could not be written", path.display()))?;
        eprintln!("placed      {}", path.display());
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placing_keeps_the_time_of_what_did_not_change_and_removes_the_rest() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, content: &str| (name.to_owned(), content.as_bytes().to_vec());
        place(dir.path(), &[file("a.wasm", "a"), file("b.wasm", "b")]).unwrap();
        let long_ago = fs::File::open(dir.path().join("a.wasm")).unwrap();
        long_ago.set_modified(std::time::UNIX_EPOCH).unwrap();

        place(dir.path(), &[file("a.wasm", "a"), file("c.wasm", "c")]).unwrap();

        let modified = fs::metadata(dir.path().join("a.wasm"))
            .unwrap()
            .modified()
            .unwrap();
        assert_eq!(modified, std::time::UNIX_EPOCH);
        assert!(!dir.path().join("b.wasm").exists());
        assert_eq!(fs::read(dir.path().join("c.wasm")).unwrap(), b"c");
    }

    #[test]
    fn a_digest_is_written_as_everyone_writes_it() {
        assert_eq!(
            hex(&Sha256::digest(b"")),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }
}
