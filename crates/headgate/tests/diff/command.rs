//! The command: its page, its forms, where documents come from, how it exits.

use std::fs;
use std::path::{Path, PathBuf};

use filter_testing::yaml_examples;
use serde_json::{Value, json};

use crate::{CATS, diff, document, documents, headgate};

#[test]
fn the_page_shows_what_is_printed() {
    const BEGIN: &str = "```console\n$ headgate diff old.yaml new.yaml\n";
    let page: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/diff.md");
    let shown = fs::read_to_string(&page).unwrap();
    let examples: Vec<&str> = yaml_examples(&shown)
        .into_iter()
        .map(|one| one.text)
        .collect();
    let &[old, new] = examples.as_slice() else {
        unreachable!("the page has {} documents", examples.len());
    };
    let (code, out, err) = diff(old, new, &[]);
    assert_eq!((code, err.as_str()), (0, ""));
    let (before, rest) = shown.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once("```").unwrap();
    let printed = format!("{before}{BEGIN}{out}```{after}");
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        fs::write(&page, printed).unwrap();
    } else {
        assert_eq!(shown, printed);
    }
}

#[test]
fn json_says_the_same_to_programs() {
    let route = |weight: u32| {
        format!(
            "{{ match: {{ path: /x }}, to: [{{ upstream: pets, weight: 3 }}, {{ upstream: cats, weight: {weight} }}] }}"
        )
    };
    let (old, new) = (document(&[&route(1), CATS], ""), document(&[&route(2)], ""));
    let (code, out, err) = diff(&old, &new, &["--output", "json", "--exit-code"]);
    assert_eq!((code, err.as_str()), (5, ""));
    let field = |path: &str, before: Value, after: Value| {
        json!({
            "path": path, "before": before, "before_is_default": false,
            "after": after, "after_is_default": false,
        })
    };
    let receiver = |name: &str, before: f64, after: f64| {
        json!({
            "name": name, "upstream": name, "gets": "requests", "when": null,
            "before": before, "after": after,
        })
    };
    let expected = json!({
        "differs": true,
        "changes": [
            {
                "change": "changed", "part": "route", "name": "/x", "now_before": [],
                "fields": [field("to[cats].weight", json!(1), json!(2))],
            },
            {
                "change": "removed", "part": "route", "name": "prefix /cats", "now_before": [],
                "fields": [
                    field("match", json!({ "prefix": "/cats" }), Value::Null),
                    field("to", json!([{ "upstream": "cats" }]), Value::Null),
                ],
            },
        ],
        "traffic": [
            {
                "effect": "shares", "route": "/x",
                "receivers": [receiver("pets", 75.0, 60.0), receiver("cats", 25.0, 40.0)],
            },
            {
                "effect": "taken",
                "requests": { "methods": [], "hosts": [], "path": "/cats/any", "headers": [] },
                "before": { "route": { "name": "prefix /cats", "does": "to cats" } },
                "after": { "refused": { "status": 404, "reason": "no_route" } },
            },
        ],
        "limits": [],
            "restart": [],
    });
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), expected);
}

#[test]
fn a_difference_is_a_failure_only_for_those_who_ask() {
    let (old, new) = (
        document(&[CATS], ""),
        document(&[CATS], "admin: { port: 9000 }\n"),
    );
    assert_eq!(diff(&old, &new, &[]).0, 0);
    assert_eq!(diff(&old, &new, &["--exit-code"]).0, 5);
    assert_eq!(diff(&old, &old, &["--exit-code"]).0, 0);
}

#[test]
fn both_documents_are_checked_before_either_is_given_up() {
    let wrong = |upstream: &str| CATS.replace("upstream: cats", &format!("upstream: {upstream}"));
    let (old, new) = (
        document(&[&wrong("cat")], ""),
        document(&[&wrong("pet")], ""),
    );
    let told = "\
error: routes[0].to[0].upstream: no upstream \"cat\"; did you mean \"cats\"?
  --> old.yaml:6:50
old.yaml: 1 error
error: routes[0].to[0].upstream: no upstream \"pet\"; did you mean \"pets\"?
  --> new.yaml:6:50
new.yaml: 1 error
";
    assert_eq!(
        diff(&old, &new, &["--exit-code"]),
        (1, String::new(), told.to_owned())
    );
}

#[test]
fn one_document_may_come_from_standard_input() {
    let old = document(&[CATS], "");
    let directory = documents(&old, &document(&[CATS], "admin: { port: 9000 }\n"));
    let told = headgate(directory.path(), &["diff", "-", "new.yaml"], &old);
    let expected = "~ admin\n    ~ port: 9901 -> 9000\nrestart: Envoy takes these up only when it starts\n    \
                    admin.port\nadmin changed\n";
    assert_eq!((told.0, told.1.as_str()), (0, expected));
    let (_, out, _) = headgate(directory.path(), &["diff", "old.yaml", "-"], &old);
    assert_eq!(out, "old.yaml and <stdin> mean the same\n");
    let both = "error: OLD and NEW cannot both be standard input; name a file for one of them\n";
    let told = headgate(directory.path(), &["diff", "-", "-"], &old);
    assert_eq!(told, (2, String::new(), both.to_owned()));
}

#[test]
fn colour_is_for_terminals_unless_it_is_asked_for() {
    let (old, new) = (
        document(&[CATS], ""),
        document(&[CATS], "admin: { port: 9000 }\n"),
    );
    let (_, plain, _) = diff(&old, &new, &[]);
    assert!(!plain.contains('\u{1b}'), "{plain:?}");
    let (_, coloured, _) = diff(&old, &new, &["--color", "always"]);
    assert!(
        coloured.starts_with("\u{1b}[33m~ admin\u{1b}[0m\n"),
        "{coloured:?}"
    );
}

#[test]
fn help_teaches_with_what_is_printed() {
    let directory = tempfile::tempdir().unwrap();
    let (code, help, _) = headgate(directory.path(), &["diff", "--help"], "");
    assert_eq!(code, 0);
    for taught in [
        "Examples:\n  headgate diff old.yaml",
        "\n  5  something differs, with --exit-code",
    ] {
        assert!(help.contains(taught), "{taught}: {help}");
    }
    let (_, shown) = help
        .split_once("$ headgate diff old.yaml new.yaml\n")
        .unwrap();
    let shown: String = shown
        .lines()
        .take_while(|line| !line.is_empty())
        .map(|line| format!("{}\n", line.trim_start()))
        .collect();
    let of = |weights: [u32; 2]| {
        let [pets, next] = weights;
        let route = format!(
            "{{ match: {{ path: \"/pets/{{id}}\", methods: [GET] }}, to: [{{ upstream: pets, weight: {pets} }}, \
             {{ upstream: cats, name: pets-next, weight: {next} }}] }}"
        );
        document(&[&route], "")
    };
    let (_, out, _) = diff(&of([95, 5]), &of([90, 10]), &[]);
    let out = out.replace(" (upstream cats)", "");
    let out: String = out
        .lines()
        .map(|line| format!("{}\n", line.trim_start()))
        .collect();
    assert_eq!(out, shown);
}
