//! The pages in `docs/`, and the README: what they show is right, and what they say of defaults is so.

#![allow(clippy::unwrap_used, clippy::panic)] // test code may stop

use std::fs;
use std::path::{Path, PathBuf};

use filter_testing::yaml_examples;
use gateway_model::{
    CircuitBreakers, Controller, Front, Gateway, IdleTimeout, OutlierDetection, Provider,
    RateLimitService, Retries, ServiceDomain, SslPolicy,
};
use jwt_authz::FetchConfig;
use rate_limiter::KEYS;

fn pages() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let entries = fs::read_dir(root.join("docs")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let paths = paths.chain([root.join("README.md")]);
    let pages = paths.filter(|path| path.extension().is_some_and(|kind| kind == "md"));
    pages
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            (path, text)
        })
        .collect()
}

/// Upstreams that examples of routes name.
const UPSTREAMS: [(&str, &str); 5] = [
    ("pets", "http"),
    ("pets-next", "http"),
    ("cats", "http"),
    ("stock", "grpc"),
    ("stock-next", "grpc"),
];

/// Routes alone, as a document with the upstreams that they name.
fn with_upstreams(routes: &str) -> String {
    let mut document = "upstreams:\n".to_owned();
    for (name, protocol) in UPSTREAMS {
        let named = |end| routes.contains(&format!("upstream: {name}{end}"));
        if named(',') || named(' ') || named('\n') {
            document += &format!("  {name}: {{ {protocol}: \"{name}:8080\" }}\n");
        }
    }
    document + "routes:\n" + routes
}

/// Completes a part of a document: an example shows what it is about.
fn completed(part: &str) -> String {
    let part = &match part.starts_with("- ") {
        true => with_upstreams(part),
        false => part.to_owned(),
    };
    let fields = [
        ("apiVersion", "headgate.dev/v1alpha1"),
        ("kind", "Gateway"),
        ("listeners", "[{ name: http, port: 8080 }]"),
        ("upstreams", "{ pets: { http: \"pets:8080\" } }"),
        (
            "routes",
            "[{ match: { prefix: / }, to: [{ upstream: pets }] }]",
        ),
    ];
    let mut document = part.to_owned();
    for (field, value) in fields {
        let begins = |line: &str| {
            line.strip_prefix(field)
                .is_some_and(|rest| rest.starts_with(':'))
        };
        if !part.lines().any(begins) {
            document += &format!("{field}: {value}\n");
        }
    }
    document
}

fn read(part: &str) -> Gateway {
    let document = completed(part);
    let read = gateway_model::read("example", document.as_bytes());
    let read = read.unwrap_or_else(|wrong| panic!("{wrong}\n{document}"));
    // An example of upstreams alone leaves out who uses them.
    if part.starts_with("- ") || part.contains("routes:") {
        assert_eq!(read.warnings, [], "{document}");
    }
    read.document
}

#[test]
fn every_example_passes_the_check() {
    let mut examples = 0;
    for (path, text) in pages() {
        for example in yaml_examples(&text) {
            println!("{}:{}", path.display(), example.line);
            read(example.text);
            examples += 1;
        }
    }
    assert!(examples >= 20, "found only {examples} examples");
}

/// A row of a table of fields.
fn row(field: &str, default: &dyn std::fmt::Display) -> String {
    format!("| `{field}` | `{default}` |")
}

#[test]
fn the_defaults_are_those_of_the_code() {
    let gateway = read("");
    let upstream = gateway.upstreams.values().next().unwrap();
    let retries: Retries = serde_json::from_str(r#"{"on": []}"#).unwrap();
    let limits = CircuitBreakers::default();
    let detection = OutlierDetection::default();
    let fetch = FetchConfig::default();
    let service: RateLimitService = serde_json::from_str(r#"{"grpc": "ratelimit:8081"}"#).unwrap();
    let provider: Provider = serde_json::from_str("{}").unwrap();
    let rows = [
        (
            "upstreams",
            row("connect_timeout", &upstream.connect_timeout().get()),
        ),
        ("upstreams", row("timeout", &upstream.timeout())),
        ("upstreams", row("idle_timeout", &upstream.idle_timeout())),
        ("upstreams", row("retries.times", &retries.times.get())),
        (
            "upstreams",
            row("retries.budget", &upstream.retry_budget().get()),
        ),
        (
            "upstreams",
            row("circuit_breakers.connections", &limits.connections.get()),
        ),
        (
            "upstreams",
            row(
                "circuit_breakers.pending_requests",
                &limits.pending_requests.get(),
            ),
        ),
        (
            "upstreams",
            row("circuit_breakers.requests", &limits.requests.get()),
        ),
        (
            "upstreams",
            row(
                "outlier_detection.consecutive_errors",
                &detection.consecutive_errors.get(),
            ),
        ),
        (
            "upstreams",
            row("outlier_detection.interval", &detection.interval.get()),
        ),
        (
            "upstreams",
            row(
                "outlier_detection.ejection_time",
                &detection.ejection_time.get(),
            ),
        ),
        (
            "upstreams",
            row(
                "outlier_detection.max_ejected",
                &detection.max_ejected.get(),
            ),
        ),
        ("edge", row("controller", &Controller::default().as_str())),
        ("edge", row("front", &Front::default().as_str())),
        ("edge", row("tls.policy", &SslPolicy::default())),
        ("edge", row("idle_timeout", &IdleTimeout::default().get())),
        ("limits", row("keys", &KEYS)),
        ("limits", row("domain", &ServiceDomain::default())),
        ("limits", row("timeout", &service.timeout().get())),
        ("jwt", row("refresh", &fetch.refresh)),
        ("jwt", row("min_refresh", &fetch.min_refresh)),
        ("jwt", row("max_refresh", &fetch.max_refresh)),
        ("jwt", row("timeout", &fetch.timeout)),
        ("jwt", row("cooldown", &fetch.cooldown)),
        ("jwt", row("wait", &fetch.wait)),
        ("jwt", row("leeway", &provider.leeway)),
        (
            "jwt",
            row("require_expiration", &provider.require_expiration),
        ),
        ("jwt", row("forward", &provider.forward)),
        (
            "listeners",
            row("address", &gateway.listeners.first().unwrap().address),
        ),
    ];
    for (page, row) in rows {
        let pages = pages();
        let (_, text) = pages
            .iter()
            .find(|(path, _)| path.ends_with(format!("{page}.md")))
            .unwrap();
        assert!(text.contains(&row), "docs/{page}.md has no row {row}");
    }
}
