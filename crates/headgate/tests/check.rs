//! `headgate check` as a user calls it.

#![allow(clippy::unwrap_used)] // in helpers of tests, as in tests

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

const GOOD: &str = r#"
apiVersion: headgate.dev/v1alpha1
kind: Gateway
listeners: [{ name: http, port: 8080 }]
upstreams:
  pets: { http: "pets:8080" }
routes:
  - match: { path: "/pets/{id}" }
    to: [{ upstream: pets }]
"#;

/// A run of the binary in a directory, with something on its standard input.
fn headgate(directory: &Path, arguments: &[&str], input: &str) -> Output {
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
    child.wait_with_output().unwrap()
}

/// Exit code, standard output, standard error.
fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (
        output.status.code().unwrap(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

fn check(document: &str, arguments: &[&str]) -> (i32, String, String) {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("gateway.yaml"), document).unwrap();
    let arguments = [&["check", "gateway.yaml"], arguments].concat();
    told(&headgate(directory.path(), &arguments, ""))
}

#[test]
fn a_good_document_is_ok() {
    let ok = "gateway.yaml: ok (1 upstream, 1 route)\n".to_owned();
    assert_eq!(check(GOOD, &[]), (0, ok, String::new()));
}

#[test]
fn a_wrong_document_is_explained_on_standard_error() {
    let wrong = GOOD.replace("upstream: pets", "upstream: pet");
    let explained = "error: routes[0].to[0].upstream: no upstream \"pet\"; did you mean \"pets\"?\n\
                     \x20 --> gateway.yaml:9:22\n\
                     gateway.yaml: 1 error\n";
    assert_eq!(check(&wrong, &[]), (1, String::new(), explained.to_owned()));
}

#[test]
fn a_warning_is_told_and_the_document_is_ok() {
    let unused = GOOD.replace("routes:", "  cats: { http: \"cats:8080\" }\nroutes:");
    let ok = "gateway.yaml: ok (2 upstreams, 1 route)\n".to_owned();
    let warning = "warning: upstreams.cats: no route goes to this upstream\n\
                   \x20 --> gateway.yaml:7:9\n";
    assert_eq!(check(&unused, &[]), (0, ok, warning.to_owned()));
}

#[test]
fn files_of_keys_are_looked_at_beside_the_document() {
    let providers =
        "providers: { corp: { keys: { file: keys/corp.json } } }\njwt: { provider: corp }\nroutes:";
    let document = GOOD.replace("routes:", providers);
    let directory = tempfile::tempdir().unwrap();
    let document_path = directory.path().join("gateway.yaml");
    fs::write(&document_path, document).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let check = || {
        let arguments = ["check", document_path.to_str().unwrap()];
        told(&headgate(elsewhere.path(), &arguments, ""))
    };
    let (code, _, errors) = check();
    assert_eq!(code, 1);
    assert!(
        errors.contains("providers.corp.keys.file: cannot read keys/corp.json: No such file"),
        "{errors}"
    );
    fs::create_dir(directory.path().join("keys")).unwrap();
    let key = directory.path().join("keys/corp.json");
    for (content, code, told) in [
        ("<html>", 1, "expected a JWK Set"),
        (
            r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
            0,
            "",
        ),
    ] {
        fs::write(&key, content).unwrap();
        let (found, _, errors) = check();
        assert_eq!(found, code, "{errors}");
        assert!(errors.contains(told), "{errors}");
    }
}

#[test]
fn json_says_the_same_on_standard_output() {
    let wrong = GOOD
        .replace("upstream: pets", "upstream: pet")
        .replace("[{ name", "[{ nam");
    let (code, out, err) = check(&wrong, &["--output", "json"]);
    assert_eq!((code, err.as_str()), (1, ""));
    assert_eq!(
        serde_json::from_str::<Value>(&out).unwrap(),
        json!({
            "file": "gateway.yaml",
            "ok": false,
            "errors": [{
                "line": 4,
                "column": 15,
                "path": "listeners[0].nam",
                "message": "unknown field",
                "help": "did you mean \"name\"?",
            }],
            "warnings": [],
            "more": false,
        })
    );
    let (code, out, err) = check(GOOD, &["--output=json"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(
        serde_json::from_str::<Value>(&out).unwrap(),
        json!({ "file": "gateway.yaml", "ok": true, "errors": [], "warnings": [], "more": false })
    );
}

#[test]
fn a_document_may_come_from_standard_input() {
    let directory = tempfile::tempdir().unwrap();
    let (code, out, err) = told(&headgate(directory.path(), &["check", "-"], GOOD));
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(out, "<stdin>: ok (1 upstream, 1 route)\n");
    let (code, _, err) = told(&headgate(
        directory.path(),
        &["check", "-"],
        "kind: Gateway",
    ));
    assert_eq!(code, 1);
    assert!(err.contains("\n  --> <stdin>:1:1\n"), "{err}");
}

#[test]
fn what_cannot_be_read_is_no_fault_of_the_document() {
    let directory = tempfile::tempdir().unwrap();
    let missing = "error: cannot read gateway.yml: there is no such file; name the document, or \
                   \"-\" to read standard input\n";
    let output = headgate(directory.path(), &["check", "gateway.yml"], "");
    assert_eq!(told(&output), (3, String::new(), missing.to_owned()));
    let (code, out, err) = told(&headgate(directory.path(), &["check", "."], ""));
    assert_eq!((code, out.as_str()), (3, ""));
    assert!(err.starts_with("error: cannot read .: "), "{err}");
}

#[test]
fn a_wrong_command_line_is_told_by_its_own_exit_code() {
    let directory = tempfile::tempdir().unwrap();
    for arguments in [
        &["check"][..],
        &["chek", "gateway.yaml"],
        &["check", "-", "--output", "xml"],
        &[],
    ] {
        let output = headgate(directory.path(), arguments, "");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn colour_is_for_terminals_unless_it_is_asked_for() {
    let wrong = GOOD.replace("upstream: pets", "upstream: pet");
    let (_, _, coloured) = check(&wrong, &["--color", "always"]);
    assert!(
        coloured.starts_with("\u{1b}[1m\u{1b}[31merror\u{1b}[0m: routes[0]"),
        "{coloured:?}"
    );
    for arguments in [&[][..], &["--color", "never"]] {
        let (_, _, plain) = check(&wrong, arguments);
        assert!(!plain.contains('\u{1b}'), "{plain:?}");
    }
}

#[test]
fn help_teaches_with_a_document_that_passes() {
    let directory = tempfile::tempdir().unwrap();
    let (code, help, _) = told(&headgate(directory.path(), &["--help"], ""));
    assert_eq!(code, 0);
    assert!(help.contains("Exit codes:\n  0  all is well"), "{help}");
    let (_, of_check, _) = told(&headgate(directory.path(), &["check", "--help"], ""));
    for taught in [
        "did you mean \"pets\"?",
        "headgate check --output json",
        "Exit codes:\n  0",
    ] {
        assert!(of_check.contains(taught), "{taught}: {of_check}");
    }
    let document: String = help
        .lines()
        .skip_while(|line| !line.contains("apiVersion:"))
        .take_while(|line| !line.is_empty())
        .map(|line| format!("{line}\n"))
        .collect();
    let output = headgate(directory.path(), &["check", "-"], &document);
    assert_eq!(
        told(&output).1,
        "<stdin>: ok (3 upstreams, 2 routes)\n",
        "{document}"
    );
}
