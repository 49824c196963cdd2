//! `headgate diff` as a user calls it. What it prints is shown in `docs/diff.md`, and compared with that
//! page; `UPDATE_GOLDENS=1` writes the page anew.

#![allow(clippy::unwrap_used)] // in helpers of tests, as in tests

mod command;
mod meaning;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Exit code, standard output, standard error.
type Told = (i32, String, String);

fn headgate(directory: &Path, arguments: &[&str], input: &str) -> Told {
    let mut child = Command::new(env!("CARGO_BIN_EXE_headgate"))
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end without having read everything.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// A directory with both documents.
fn documents(old: &str, new: &str) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("old.yaml"), old).unwrap();
    fs::write(directory.path().join("new.yaml"), new).unwrap();
    directory
}

fn diff(old: &str, new: &str, more: &[&str]) -> Told {
    let arguments = [&["diff", "old.yaml", "new.yaml"], more].concat();
    headgate(documents(old, new).path(), &arguments, "")
}

/// A document with these upstreams and routes, and more.
fn document(routes: &[&str], more: &str) -> String {
    let routes: String = routes
        .iter()
        .map(|route| format!("  - {route}\n"))
        .collect();
    format!(
        "apiVersion: headgate.dev/v1alpha1\n\
         kind: Gateway\n\
         listeners: [{{ name: http, port: 8080 }}, {{ name: inner, port: 8081 }}]\n\
         upstreams: {{ pets: {{ http: \"pets:80\" }}, cats: {{ http: \"cats:80\" }} }}\n\
         {more}routes:\n{routes}"
    )
}

const CATS: &str = "{ match: { prefix: /cats }, to: [{ upstream: cats }] }";
