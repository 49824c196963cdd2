//! Renders every document in `envoy-configs/`, and for where they are deployed those in
//! `tests/deployed/`, and compares with what is committed beside it.
//!
//! `UPDATE_GOLDENS=1` writes instead of comparing. That Envoy takes each of them is asked in
//! `integration`.
#![allow(clippy::expect_used, clippy::panic)] // it is test code, and a test may stop

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use envoy_render::{BOOTSTRAP, PIPELINE, Placement, render};
use gateway_model::{Entrance, FileName, Gateway};
use libtest_mimic::{Arguments, Failed, Trial};

/// Where a document is rendered for.
type Place = fn(&Gateway) -> Result<Placement, String>;

/// As docker-compose mounts it.
fn composed(_: &Gateway) -> Result<Placement, String> {
    Ok(Placement::in_directory("/etc/headgate"))
}

/// As the image of the gateway has it.
fn deployed(gateway: &Gateway) -> Result<Placement, String> {
    let entrance = Entrance::of(gateway, None).map_err(|faults| format!("{faults:?}"))?;
    Ok(Placement::in_image("gateway-0123456789ab.wasm", entrance))
}

fn main() -> ExitCode {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for (kind, folder, place) in [
        (
            "composed",
            here.join("../../envoy-configs"),
            composed as Place,
        ),
        ("deployed", here.join("tests/deployed"), deployed as Place),
    ] {
        let documents = documents(&folder);
        assert!(
            !documents.is_empty(),
            "{} holds no documents",
            folder.display()
        );
        trials.extend(documents.into_iter().map(|(name, document)| {
            let golden = folder.join(&name);
            Trial::test(format!("{kind}::{name}"), move || {
                compare(&document, &golden, place).map_err(Failed::from)
            })
        }));
        trials.push(Trial::test(format!("{kind}::no_orphans"), move || {
            no_orphans(&folder).map_err(Failed::from)
        }));
    }
    let folder = here.join("tests/deployed");
    trials.push(Trial::test(
        "only_two_files_depend_on_the_place",
        move || only_two_files_depend_on_the_place(&folder).map_err(Failed::from),
    ));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Routes and clusters are the same behind any balancer, so that their keys are.
fn only_two_files_depend_on_the_place(folder: &Path) -> Result<(), String> {
    for (name, document) in documents(folder) {
        let gateway = read(&document)?;
        let placement = deployed(&gateway)?;
        let local = Placement {
            entrance: None,
            ..placement.clone()
        };
        let (behind, before) = (render(&gateway, &placement), render(&gateway, &local));
        for (file, text) in &behind {
            let depends = [BOOTSTRAP, PIPELINE].contains(&file.as_str());
            if (before.get(file) != Some(text)) != depends {
                return Err(format!("{name}: {file}"));
            }
        }
    }
    Ok(())
}

fn read(document: &Path) -> Result<Gateway, String> {
    let bytes = fs::read(document).map_err(|error| error.to_string())?;
    let beside = document.parent().expect("a folder");
    let files = |name: &FileName| fs::read(beside.join(name.as_str()));
    let checked = gateway_model::read_with_files(&document.to_string_lossy(), &bytes, &files);
    let checked = checked.map_err(|faults| faults.to_string())?;
    match checked.warnings.as_slice() {
        [] => Ok(checked.document),
        warnings => Err(format!("{warnings:?}")),
    }
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

fn compare(document: &Path, golden: &Path, place: Place) -> Result<(), String> {
    let gateway = read(document)?;
    let placement = place(&gateway)?;
    let rendered = render(&gateway, &placement);
    assert_eq!(render(&gateway, &placement), rendered, "two renders differ");
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
