//! Renders every document in `envoy-configs/` and compares with what is committed beside it.
//!
//! `UPDATE_GOLDENS=1` writes instead of comparing. That Envoy takes each of them is asked in
//! `integration`.
#![allow(clippy::expect_used, clippy::panic)] // it is test code, and a test may stop

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use envoy_render::{Placement, render};
use libtest_mimic::{Arguments, Failed, Trial};

/// As docker-compose mounts it.
fn placement() -> Placement {
    Placement::in_directory("/etc/headgate")
}

fn main() -> ExitCode {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../envoy-configs");
    let arguments = Arguments::from_args();
    let mut trials: Vec<Trial> = documents(&folder)
        .into_iter()
        .map(|(name, document)| {
            let golden = folder.join(&name);
            Trial::test(name, move || {
                compare(&document, &golden).map_err(Failed::from)
            })
        })
        .collect();
    assert!(
        !trials.is_empty(),
        "{} holds no documents",
        folder.display()
    );
    trials.push(Trial::test("no_orphans", move || {
        no_orphans(&folder).map_err(Failed::from)
    }));
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries
        .map(|entry| entry.expect("a folder can be read").path())
        .collect()
}

fn documents(folder: &Path) -> BTreeMap<String, PathBuf> {
    let name = |path: &Path| {
        let name = path.file_name()?.to_str()?.strip_suffix(".gateway.yaml")?;
        Some(name.to_owned())
    };
    entries(folder)
        .into_iter()
        .filter_map(|path| Some((name(&path)?, path)))
        .collect()
}

fn updating() -> bool {
    std::env::var_os("UPDATE_GOLDENS").is_some()
}

fn compare(document: &Path, golden: &Path) -> Result<(), String> {
    let bytes = fs::read(document).map_err(|error| error.to_string())?;
    let name = document.to_string_lossy();
    let checked = gateway_model::read(&name, &bytes).map_err(|faults| faults.to_string())?;
    let rendered = render(&checked.document, &placement());
    assert_eq!(
        render(&checked.document, &placement()),
        rendered,
        "two renders differ"
    );
    if updating() {
        if golden.exists() {
            fs::remove_dir_all(golden).map_err(|error| error.to_string())?;
        }
        fs::create_dir_all(golden).map_err(|error| error.to_string())?;
        for (file, text) in &rendered {
            fs::write(golden.join(file), text).map_err(|error| error.to_string())?;
        }
        return Ok(());
    }
    for (file, text) in &rendered {
        let path = golden.join(file);
        let committed = fs::read_to_string(&path).unwrap_or_default();
        if committed != *text {
            return Err(format!(
                "{} is not what is rendered now. Look at the difference with `make golden` and \
                 `git diff`.",
                path.display()
            ));
        }
    }
    let strange: Vec<PathBuf> = entries(golden)
        .into_iter()
        .filter(|path| !rendered.keys().any(|file| path.ends_with(file.as_str())))
        .collect();
    if strange.is_empty() {
        Ok(())
    } else {
        Err(format!("nothing renders {strange:?}"))
    }
}

/// A render whose document is gone is deleted, or a fault.
fn no_orphans(folder: &Path) -> Result<(), String> {
    let documents = documents(folder);
    for path in entries(folder).into_iter().filter(|path| path.is_dir()) {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if documents.contains_key(&name) {
            continue;
        }
        if !updating() {
            return Err(format!(
                "{} has no document; `make golden` deletes it",
                path.display()
            ));
        }
        fs::remove_dir_all(&path).map_err(|error| error.to_string())?;
    }
    Ok(())
}
