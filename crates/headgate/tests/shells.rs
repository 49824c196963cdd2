//! What headgate prints for shells and editors.

#![allow(clippy::unwrap_used)] // in helpers of tests, as in tests

use std::process::{Command, Stdio};

fn headgate(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_headgate"))
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_schema_is_that_of_the_document() {
    let printed: serde_json::Value = serde_json::from_str(&headgate(&["schema"])).unwrap();
    assert_eq!(printed, gateway_model::json_schema());
}

#[test]
fn each_shell_learns_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = headgate(&["completions", shell]);
        for command in ["check", "render", "run", "schema", "completions"] {
            assert!(script.contains(command), "{shell}: no {command}");
        }
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_headgate"))
        .arg("schema")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}
