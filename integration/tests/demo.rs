//! The README's first command, without the builds before it.
#![allow(clippy::unwrap_used, clippy::panic)] // test code may stop

use std::process::Command;

#[test]
fn the_demo_shows_answers_of_both_versions() {
    let output = Command::new(env!("CARGO_BIN_EXE_demo")).output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{shown}\n{log}");
    for expected in [
        "200 OK pets-v1:",
        "200 OK pets-v2:",
        "201 Created",
        "404 Not Found",
        "405 Method Not Allowed",
        "reserved ReserveReply",
        "hello",
        "GET /pets/{id} -> pets-",
    ] {
        assert!(
            shown.contains(expected),
            "no {expected:?} in:\n{shown}\n{log}"
        );
    }
    assert!(!log.contains("Wasm VM failed"), "{log}");
}
