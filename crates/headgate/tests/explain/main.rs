//! `headgate explain` as a user calls it. What it prints is shown in `docs/explain.md`, and compared
//! with that page; `UPDATE_GOLDENS=1` writes the page anew.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]

mod tokens;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

const BEGIN: &str = "```console\n";
const END: &str = "```";
const PROMPT: &str = "$ headgate ";

fn page(name: &str) -> PathBuf {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    docs.join(format!("{name}.md"))
}

/// The page's document, in a directory of its own.
fn document(page: &str) -> TempDir {
    let (_, document) = page.split_once("```yaml\n").unwrap();
    let (document, _) = document.split_once(END).unwrap();
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("gateway.yaml"), document).unwrap();
    directory
}

/// Runs a command line as a shell would, with quotes and nothing else.
fn run(directory: &Path, line: &str) -> (i32, String, String) {
    let mut words = vec![String::new()];
    for (index, part) in line.split('\'').enumerate() {
        match index % 2 {
            1 => words.last_mut().unwrap().push_str(part),
            _ => {
                let mut pieces = part.split(' ');
                words.last_mut().unwrap().push_str(pieces.next().unwrap());
                words.extend(pieces.map(str::to_owned));
            }
        }
    }
    let output = Command::new(env!("CARGO_BIN_EXE_headgate"))
        .args(words)
        .current_dir(directory)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn explain(arguments: &str) -> (i32, String, String) {
    let directory = document(&fs::read_to_string(page("explain")).unwrap());
    run(
        directory.path(),
        &format!("explain gateway.yaml {arguments}"),
    )
}

/// Runs the commands of a page, and holds what they print against it. `with` makes the command line of what
/// is shown.
fn shows_what_is_printed(page: &Path, directory: &Path, with: &dyn Fn(&str) -> String) {
    let shown = fs::read_to_string(page).unwrap();
    let mut printed = String::new();
    let mut commands = 0;
    for (index, part) in shown.split(BEGIN).enumerate() {
        if index == 0 {
            printed += part;
            continue;
        }
        let (block, after) = part.split_once(END).unwrap();
        printed += BEGIN;
        for line in block.lines().filter_map(|line| line.strip_prefix(PROMPT)) {
            let (code, out, err) = run(directory, &with(line));
            assert_eq!(err, "", "{line}");
            let refused = out.lines().any(|line| line.starts_with("refused"));
            assert_eq!(code, if refused { 4 } else { 0 }, "{line}");
            printed += &format!("{PROMPT}{line}\n{out}");
            commands += 1;
        }
        printed += END;
        printed += after;
    }
    assert!(commands > 1, "found only {commands} commands");
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        fs::write(page, printed).unwrap();
    } else {
        assert_eq!(shown, printed);
    }
}

#[test]
fn the_page_of_limits_shows_what_is_printed() {
    let page = page("limits");
    let directory = document(&fs::read_to_string(&page).unwrap());
    shows_what_is_printed(&page, directory.path(), &str::to_owned);
}

#[test]
fn the_page_shows_what_is_printed() {
    let page = page("explain");
    let directory = document(&fs::read_to_string(&page).unwrap());
    shows_what_is_printed(&page, directory.path(), &str::to_owned);
}

#[test]
fn json_tells_the_same_to_programs() {
    let (code, out, err) = explain("DELETE http://api.example.com/pets/1?a --output json");
    assert_eq!((code, err.as_str()), (4, ""));
    assert_eq!(
        serde_json::from_str::<Value>(&out).unwrap(),
        json!({
            "outcome": "refused",
            "seen": {
                "authority": "api.example.com",
                "path": "/pets/1?a",
                "normalised": false,
                "stage": null,
            },
            "refused": {
                "by": "pipeline",
                "status": 405,
                "grpc_status": null,
                "reason": "method_not_allowed",
                "detail": "This method is not allowed here; GET, PUT would be.",
                "allow": "GET, PUT",
            },
            "route": null,
            "limits": [],
            "jwt": null,
            "answer": null,
            "destinations": [],
            "choice": null,
            "cors": null,
            "mirrors": [],
            "near_misses": [
                {
                    "name": "pet",
                    "index": 0,
                    "why": "the method is DELETE; it takes GET, PUT",
                },
                {
                    "name": "DELETE /pets/{id} header x-env=prod",
                    "index": 2,
                    "why": "header x-env is not there; it must be \"prod\"",
                },
                {
                    "name": "GET prefix /pets",
                    "index": 1,
                    "why": "the method is DELETE; it takes GET",
                },
            ],
        })
    );
    let (code, out, _) = explain("PUT http://api.example.com/pets/1 --output json");
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &told["outcome"]), (0, &json!("function")));
    let first = &told["destinations"][0];
    assert_eq!(first["probability"], 0.95);
    assert_eq!(first["path"], "/v2/animals/1");
    assert_eq!(first["rewritten"], json!(["path"]));
    assert_eq!(first["timeout"], "2s");
    assert_eq!(told["route"]["before"], Value::Null);
    assert_eq!(told["route"]["values"], json!([["id", "1"]]));
}

#[test]
fn what_is_no_request_is_a_fault_of_the_command_line() {
    for (arguments, message) in [
        (
            "GET pets",
            "error: expected a URL such as http://api.example.com/pets, a path such as /pets, or \
             \"*\", found \"pets\"\n",
        ),
        (
            "GET ftp://a/b",
            "error: expected a URL of http or https, found \"ftp://a/b\"\n",
        ),
        (
            "GET /a -H x",
            "error: expected a header as \"name: value\", found \"x\"\n",
        ),
    ] {
        let told = explain(arguments);
        assert_eq!(told, (2, String::new(), message.to_owned()));
    }
}

#[test]
fn help_says_what_a_refused_request_exits_with() {
    let directory = tempfile::tempdir().unwrap();
    let (code, help, _) = run(directory.path(), "explain --help");
    assert_eq!(code, 0);
    assert!(help.contains("\n  4  the request is refused"), "{help}");
    assert!(help.contains("Examples:\n  headgate explain"), "{help}");
}
