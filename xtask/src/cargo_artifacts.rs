//! What a cargo build made, in cargo's own words (`--message-format=json`), so that no path into a
//! target directory is guessed.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::sh;

/// One compiled target of one package.
#[derive(Debug, Deserialize)]
pub struct Artifact {
    /// The package, as `cargo metadata` names it.
    pub package_id: String,
    /// The files that the compiler wrote for it.
    pub filenames: Vec<PathBuf>,
}

impl Artifact {
    /// The first of its files with this extension.
    pub fn file(&self, extension: &str) -> Option<&PathBuf> {
        self.filenames
            .iter()
            .find(|file| file.extension().is_some_and(|found| found == extension))
    }
}

/// Runs a `cargo build` and returns what it made, what was up to date included.
pub fn build(command: &mut Command, repair: &str) -> Result<Vec<Artifact>> {
    command.arg("--message-format=json-render-diagnostics");
    parse(&sh::capture(command, repair)?)
}

/// Runs a `cargo build` and returns the program of this name that it made.
pub fn program(command: &mut Command, name: &str) -> Result<PathBuf> {
    let artifacts = build(command, "correct what cargo says above")?;
    let mut files = artifacts.iter().flat_map(|artifact| &artifact.filenames);
    let found = files.find(|file| file.file_name().is_some_and(|found| found == name));
    found
        .cloned()
        .with_context(|| format!("cargo built no program {name}"))
}

fn parse(messages: &str) -> Result<Vec<Artifact>> {
    let mut artifacts = Vec::new();
    for line in messages.lines() {
        let message = serde_json::from_str(line)
            .with_context(|| format!("cargo wrote a message that is not understood: {line}"))?;
        if let Message::CompilerArtifact(artifact) = message {
            artifacts.push(artifact);
        }
    }
    Ok(artifacts)
}

#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Message {
    CompilerArtifact(Artifact),
    #[serde(other)]
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn artifacts_are_picked_out_of_cargos_messages() {
        let artifacts = parse(concat!(
            r#"{"reason":"build-script-executed","package_id":"a"}"#,
            "\n",
            r#"{"reason":"compiler-artifact","package_id":"b","filenames":["t/b.rmeta","t/b.wasm"]}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#,
        ))
        .unwrap();
        let [artifact] = artifacts.as_slice() else {
            panic!("one artifact, not {artifacts:?}")
        };
        assert_eq!(artifact.package_id, "b");
        assert_eq!(artifact.file("wasm"), Some(&PathBuf::from("t/b.wasm")));
        assert_eq!(artifact.file("rlib"), None);
    }
}
