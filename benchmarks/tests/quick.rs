//! The harness itself: everything in it once, with so few requests that nothing is measured.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // test code may stop

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The pusher that was built as this test was: `target/debug/headgate`.
fn headgate() -> std::path::PathBuf {
    let test = std::env::current_exe().unwrap();
    let headgate = test
        .parent()
        .and_then(Path::parent)
        .unwrap()
        .join("headgate");
    assert!(
        headgate.is_file(),
        "no {}: run `make build`",
        headgate.display()
    );
    headgate
}

#[test]
fn one_command_writes_the_table_and_all_that_was_measured() {
    let directory = tempfile::tempdir().unwrap();
    let (page, json) = (
        directory.path().join("page.md"),
        directory.path().join("results.json"),
    );
    let around = "before\n<!-- table: begin -->\nold\n<!-- table: end -->\nafter\n";
    std::fs::write(&page, around).unwrap();

    let status = Command::new(env!("CARGO_BIN_EXE_benchmarks"))
        .args(["table", "--quick", "--headgate"])
        .arg(headgate())
        .arg("--markdown")
        .arg(&page)
        .arg("--json")
        .arg(&json)
        .status()
        .unwrap();
    assert!(status.success(), "{status}");

    let page = std::fs::read_to_string(page).unwrap();
    assert!(
        page.starts_with("before\n<!-- table: begin -->\n"),
        "{page}"
    );
    assert!(page.ends_with("<!-- table: end -->\nafter\n"), "{page}");
    assert!(!page.contains("old"), "{page}");
    for line in [
        "| Envoy alone, one answer | ",
        "| the floor: a module that names one function for all | ",
        "| pipeline, 10 routes, CORS | ",
        "| router, 10 routes, to the floor | ",
        "| `headgate check`, 10,000 routes | ",
        "| a document of 10,000 routes | ",
        "| jwt-authz, a token it remembers | ",
        "| the same, and one limit by the client's address | ",
        "| one limit by address in the pipeline, to native local_ratelimit in front of it | ",
        "| resident memory with many different tokens, beyond that with the first of them | ",
    ] {
        assert!(page.contains(line), "{line:?} is not in\n{page}");
    }

    let results: Value = serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
    // Of 5,000 tokens as of 100,000: what remembers tokens is full before.
    let memory = &results["memory"];
    let of = |when: &str| memory[when].as_u64().unwrap();
    assert_eq!((of("tokens_before"), of("tokens")), (2_000, 5_000));
    let growth = of("after").saturating_sub(of("before"));
    assert!(growth < 3_000_000, "{growth} bytes");
    for row in results["rows"].as_array().unwrap() {
        let key = &row["key"];
        assert!(row["micros"]["least"].as_f64().unwrap() > 0.0, "{key}");
        assert!(row["resident_bytes"].as_u64().unwrap() > 1_000_000, "{key}");
        assert_eq!(row["turns"].as_array().unwrap().len(), 2, "{key}");
    }
}
