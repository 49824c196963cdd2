//! Where a pulled module goes.

use std::fs;
use std::process::Stdio;

use integration::registry::Registry;
use tempfile::TempDir;
use tokio::process::Command;

use crate::headgate::{call, program};

#[tokio::test]
async fn a_full_disk_leaves_what_was_there() {
    let (registry, place) = (Registry::start(), TempDir::new().unwrap());
    let image = registry.image("a:1");
    call(&format!("push function-router {image}")).await.ok();
    // A file system of 64 kB, in a name space of the command's own.
    let script = format!(
        "mount -t tmpfs -o size=64k none {place} && cd {place} && echo old > a.wasm && \
         {{ {program} image pull {image}; echo code $?; ls -A; cat a.wasm; }}",
        place = place.path().display(),
        program = program().display()
    );
    let output = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", &script])
        .env("DOCKER_CONFIG", place.path())
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert_eq!(
        err,
        "error: cannot write a.wasm: No space left on device (os error 28); nothing of it was kept\n"
    );
    assert_eq!(out, "code 3\na.wasm\nold\n");
}

#[tokio::test]
async fn a_device_that_is_full_is_told() {
    let registry = Registry::start();
    let image = registry.image("a:1");
    call(&format!("push function-router {image}")).await.ok();
    let pull = call(&format!("pull {image} --file /dev/full")).await;
    assert_eq!(
        pull.refused(),
        (
            3,
            "error: cannot write /dev/full: No space left on device (os error 28); nothing of it was kept"
                .to_owned()
        )
    );
    assert!(fs::metadata("/dev/full").is_ok_and(|there| !there.is_file()));
}
