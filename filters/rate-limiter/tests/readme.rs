//! The README names every option that there is.
#![allow(clippy::unwrap_used, reason = "test code: a panic is how a test fails")]

use rate_limiter::Config;

/// The fields of an object, as the error tells them that an unknown one causes.
fn fields(config: &str) -> Vec<String> {
    let error = serde_json::from_str::<Config>(config).unwrap_err();
    let error = error.to_string();
    let (_, fields) = error.split_once("expected ").unwrap_or((&error, &error));
    let names = fields.split('`').skip(1).step_by(2);
    names.map(str::to_owned).collect()
}

#[test]
fn every_option_is_in_the_readme() {
    let readme = include_str!("../README.md");
    let tables = [
        ("", r#"{ "?": 1 }"#, 4),
        ("answers.", r#"{ "answers": { "?": 1 } }"#, 2),
        ("routes[].", r#"{ "routes": [{ "?": 1 }] }"#, 3),
        ("", r#"{ "limits": [{ "?": 1 }] }"#, 12),
    ];
    for (within, config, count) in tables {
        let fields = fields(config);
        assert_eq!(fields.len(), count, "{fields:?}");
        for field in fields {
            let row = ["`", ".", "["].map(|end| format!("| `{within}{field}{end}"));
            let row = row.iter().any(|row| readme.contains(row));
            assert!(row, "no row for {within}{field}");
        }
    }
    for field in fields(r#"{ "limits": [{ "when": { "?": 1 } }] }"#) {
        assert!(readme.contains(&format!("`{field}`")), "{field}");
    }
}
