//! `docs/images.md`: its commands are run, and print what it shows.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use integration::registry::Registry;
use tempfile::TempDir;
use tokio::process::Command;

use crate::headgate::program;

/// The registry of the page.
const REGISTRY: &str = "registry.example.com";

/// What differs from build to build, as the page has it.
fn shown(printed: &str, registry: &Registry) -> String {
    let mut text = printed.replace(&registry.address().to_string(), REGISTRY);
    for digits in digests(&text) {
        text = text.replace(&digits, "…");
    }
    let lines = text.lines().map(|line| {
        if let Some((name, _)) = line.split_once("image.revision: ") {
            return format!("{name}image.revision: …\n");
        }
        match line.split_once(" bytes, ") {
            Some((before, after)) => {
                let (before, _) = before.rsplit_once(' ').unwrap();
                format!("{before} … bytes, {after}\n")
            }
            None => format!("{line}\n"),
        }
    });
    lines.collect()
}

/// Runs of 64 hexadecimal digits.
fn digests(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_ascii_hexdigit());
    words
        .filter(|word| word.len() == 64)
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn the_page_shows_what_is_printed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = fs::read_to_string(root.join("docs/images.md")).unwrap();
    let (registry, place) = (Registry::start(), TempDir::new().unwrap());
    let binaries = program().parent().unwrap().display().to_string();
    let path = format!("{binaries}:{}", std::env::var("PATH").unwrap());
    let mut commands = 0;
    for block in page.split("```console\n").skip(1) {
        let (block, _) = block.split_once("```").unwrap();
        for example in block.split("$ ").skip(1) {
            let (command, expected) = example.split_once('\n').unwrap();
            let output = Command::new("sh")
                .args([
                    "-c",
                    &command.replace(REGISTRY, &registry.address().to_string()),
                ])
                .env("PATH", &path)
                .env("DOCKER_CONFIG", place.path())
                .current_dir(place.path())
                .stdin(Stdio::null())
                .output()
                .await
                .unwrap();
            let err = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{command}: {err}");
            let printed = String::from_utf8(output.stdout).unwrap();
            assert_eq!(shown(&printed, &registry), expected, "{command}");
            commands += 1;
        }
    }
    assert!(commands >= 8, "found only {commands} commands");
}
