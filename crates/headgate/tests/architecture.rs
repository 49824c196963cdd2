//! The invariants of ARCHITECTURE.md that are about the workspace itself.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // test code may stop

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["metadata", "--format-version", "1", "--locked"])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap()
}

#[test]
fn only_the_shell_names_proxy_wasm() {
    let metadata = metadata();
    let members: BTreeSet<&str> = metadata["workspace_members"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let users: Vec<&str> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|package| members.contains(text(package, "id")))
        .filter(|package| {
            let dependencies = package["dependencies"].as_array().unwrap();
            dependencies
                .iter()
                .any(|dependency| text(dependency, "name") == "proxy-wasm")
        })
        .map(|package| text(package, "name"))
        .collect();
    assert_eq!(users, ["filter-shell"]);
}

/// Packages that a package links when it runs, itself among them.
fn linked(package: &str, normal: &BTreeMap<&str, Vec<&str>>) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut open = vec![package];
    while let Some(id) = open.pop() {
        if seen.insert(id.to_owned()) {
            open.extend(normal.get(id).into_iter().flatten());
        }
    }
    seen
}

#[test]
fn no_filter_library_links_a_host_or_a_runtime() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let names: BTreeMap<&str, &str> = packages
        .iter()
        .map(|package| (text(package, "id"), text(package, "name")))
        .collect();
    let mut normal = BTreeMap::<&str, Vec<&str>>::new();
    for node in metadata["resolve"]["nodes"].as_array().unwrap() {
        for dependency in node["deps"].as_array().unwrap() {
            // A dependency without kind is one at run time; the others are of builds and tests.
            let kinds = dependency["dep_kinds"].as_array().unwrap();
            if kinds.iter().any(|kind| kind["kind"].is_null()) {
                normal
                    .entry(text(node, "id"))
                    .or_default()
                    .push(text(dependency, "pkg"));
            }
        }
    }
    let filters = root().join("filters").canonicalize().unwrap();
    let libraries: Vec<&Value> = packages
        .iter()
        .filter(|package| {
            let manifest = Path::new(text(package, "manifest_path"));
            manifest.starts_with(&filters) && !manifest.ends_with("wasm/Cargo.toml")
        })
        .collect();
    assert!(libraries.len() >= 2, "the filters are found");
    for library in libraries {
        for id in linked(text(library, "id"), &normal) {
            let name = names[id.as_str()];
            assert!(
                !["tokio", "proxy-wasm", "wasm-bindgen"].contains(&name),
                "{} links {name}",
                text(library, "name")
            );
        }
    }
}

#[test]
fn every_path_that_the_architecture_names_exists() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let mut paths = 0;
    // Between backticks, with a slash: a path.
    for (index, quoted) in text.split('`').enumerate() {
        let is_path = quoted.contains('/') && !quoted.contains([' ', '{', ':', '\n']);
        if index % 2 == 1 && is_path {
            paths += 1;
            assert!(
                root().join(quoted).exists(),
                "ARCHITECTURE.md names {quoted}"
            );
        }
    }
    assert!(paths >= 20, "found only {paths} paths");
}

/// The README's document is checked by what it recommends, and says what the README says.
#[test]
fn the_readmes_document_is_right() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let (_, rest) = readme.split_once("```yaml\n").unwrap();
    let (document, _) = rest.split_once("```").unwrap();
    let checked = gateway_model::read("gateway.yaml", document.as_bytes()).unwrap();
    assert_eq!(
        (
            checked.document.upstreams.len(),
            checked.document.routes.len()
        ),
        (3, 2)
    );
    let mistaken = document.replace("upstream: stock }]", "upstream: stok }]");
    let wrong = gateway_model::read("gateway.yaml", mistaken.as_bytes())
        .unwrap_err()
        .to_string();
    let shown: Vec<&str> = wrong.lines().map(str::trim).collect();
    for line in shown
        .iter()
        .filter(|line| line.starts_with("error:") || line.starts_with("-->"))
    {
        assert!(readme.contains(line), "the README does not show: {line}");
    }
}
