//! What is shown while bytes travel: on a terminal alone.

use std::process::Stdio;

use integration::registry::Registry;
use tokio::process::Command;

use crate::headgate::{call, program};

#[tokio::test]
async fn bars_are_shown_on_a_terminal() {
    let registry = Registry::start();
    let (program, image) = (program(), registry.image("a:1"));
    let push = format!("{} image push function-router {image}", program.display());
    // util-linux's: it runs a command in a terminal of its own.
    let output = Command::new("script")
        .args(["--quiet", "--return", "--command", &push, "/dev/null"])
        .env("DOCKER_CONFIG", "/nonexistent")
        .env("TERM", "xterm")
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{shown}");
    assert!(shown.contains("pushing"), "{shown}");
    assert!(shown.contains('█'), "{shown}");
    assert!(shown.contains(&format!("pushed {image}")), "{shown}");
}

#[tokio::test]
async fn elsewhere_only_the_result_is() {
    let registry = Registry::start();
    let done = call(&format!("push function-router {}", registry.image("a:1"))).await;
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    assert_eq!(done.out.lines().count(), 2);
}
