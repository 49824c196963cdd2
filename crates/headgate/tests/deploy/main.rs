//! Renders the document of each way to deploy a gateway for Kubernetes, and compares with what is committed
//! beside it.
//!
//! `UPDATE_GOLDENS=1` writes instead of comparing. That an API server takes each of them is asked in
//! `integration`.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)] // it is test code, and a test may stop

mod api_server;
mod command;
mod requests;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Failed, Trial};
use tempfile::TempDir;

/// What is rendered for: never a module that was built, whose name would change with it.
const MODULE: &[u8] = b"module";
const MODULES: &str = r#"[{
  "name": "gateway",
  "sha256": "120970d812836f19888625587a4606a5ad23cef31c8684e601771552548fc6b9"
}]"#;

const DOCUMENT: &str = ".gateway.yaml";

fn main() -> ExitCode {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/deploy");
    let arguments = Arguments::from_args();
    let names = names(&folder);
    assert!(!names.is_empty(), "{} holds no documents", folder.display());
    let mut trials: Vec<Trial> = names
        .iter()
        .map(|name| {
            let (folder, name) = (folder.clone(), name.clone());
            let title = name.clone();
            Trial::test(title, move || compare(&folder, &name).map_err(Failed::from))
        })
        .collect();
    trials.extend(command::trials());
    trials.extend(requests::trials());
    trials.push(Trial::test("no_orphans", move || {
        no_orphans(&folder, &names).map_err(Failed::from)
    }));
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let paths = entries.map(|entry| entry.expect("a folder can be read").path());
    paths.collect()
}

fn file_name(path: &Path) -> &str {
    path.file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default()
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = entries(folder);
    let names = entries
        .iter()
        .filter_map(|path| file_name(path).strip_suffix(DOCUMENT));
    names.map(str::to_owned).collect()
}

fn updating() -> bool {
    std::env::var_os("UPDATE_GOLDENS").is_some()
}

/// A directory of modules.
fn modules() -> TempDir {
    let modules = tempfile::tempdir().expect("a temporary directory");
    fs::write(modules.path().join("modules.json"), MODULES).expect("it can be written");
    fs::write(modules.path().join("gateway.wasm"), MODULE).expect("it can be written");
    modules
}

fn render(document: &Path) -> Result<String, String> {
    let modules = modules();
    let output = Command::new(env!("CARGO_BIN_EXE_headgate"))
        .args(["deploy", "render", "--namespace", "shop"])
        .args(["--image", "registry.example.com/headgate/gateway:1"])
        .arg("--modules")
        .arg(modules.path())
        .arg(document)
        .output()
        .map_err(|error| error.to_string())?;
    let text = |bytes| String::from_utf8(bytes).map_err(|error| error.to_string());
    if output.status.success() {
        text(output.stdout)
    } else {
        Err(text(output.stderr)?)
    }
}

fn compare(folder: &Path, name: &str) -> Result<(), String> {
    let document = folder.join(format!("{name}{DOCUMENT}"));
    let golden = folder.join(format!("{name}.yaml"));
    let rendered = render(&document)?;
    assert_eq!(render(&document)?, rendered, "two renders differ");
    if updating() {
        return fs::write(&golden, rendered).map_err(|error| error.to_string());
    }
    if fs::read_to_string(&golden).unwrap_or_default() == rendered {
        return Ok(());
    }
    Err(format!(
        "{} is not what is rendered now. Look at the difference with `make golden` and `git diff`.",
        golden.display()
    ))
}

/// A render whose document is gone is deleted, or a fault.
fn no_orphans(folder: &Path, names: &BTreeSet<String>) -> Result<(), String> {
    for path in entries(folder) {
        let file = file_name(&path);
        let Some(name) = file.strip_suffix(".yaml") else {
            continue;
        };
        if file.ends_with(DOCUMENT) || names.contains(name) {
            continue;
        }
        if !updating() {
            return Err(format!(
                "{} has no document; `make golden` deletes it",
                path.display()
            ));
        }
        fs::remove_file(&path).map_err(|error| error.to_string())?;
    }
    Ok(())
}
