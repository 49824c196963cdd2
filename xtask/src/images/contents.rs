//! What is in an image.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::REPAIR;
use crate::docker::Engine;
use crate::sh;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Manifest {
    layers: Vec<String>,
}

/// The files of all layers, without directories, sorted. `scratch` is a directory that may be written.
pub fn files(engine: &Engine, tag: &str, scratch: &Path) -> Result<Vec<String>> {
    if scratch.exists() {
        fs::remove_dir_all(scratch)?;
    }
    fs::create_dir_all(scratch)?;
    let saved = scratch.join("image.tar");
    let mut save = engine.docker();
    sh::output(save.args(["save", tag, "--output"]).arg(&saved), REPAIR)?;
    sh::output(
        Command::new("tar")
            .arg("-xf")
            .arg(&saved)
            .arg("-C")
            .arg(scratch),
        "install tar",
    )?;
    let manifest = fs::read(scratch.join("manifest.json"))?;
    let manifest: Vec<Manifest> =
        serde_json::from_slice(&manifest).context("docker saved the image in another form")?;
    let mut files = Vec::new();
    for layer in manifest.iter().flat_map(|manifest| &manifest.layers) {
        let mut list = Command::new("tar");
        let listed = sh::output(list.arg("-tf").arg(scratch.join(layer)), "install tar")?;
        let listed = listed.lines().filter(|line| !line.ends_with('/'));
        files.extend(listed.map(ToOwned::to_owned));
    }
    files.sort();
    fs::remove_dir_all(scratch)?;
    Ok(files)
}
