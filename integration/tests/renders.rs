//! Every committed render, in the Envoy that it is for.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]

use std::path::{Path, PathBuf};

use integration::client::{self, Request};
use integration::envoy::Envoy;
use integration::rendered::Rendered;
use serde_json::json;

/// The folders in `envoy-configs/`, one for each document there.
fn committed() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../envoy-configs");
    let entries = folder.read_dir().unwrap();
    let entries = entries.map(|entry| entry.unwrap().path());
    let mut folders: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    assert!(!folders.is_empty(), "{} holds no renders", folder.display());
    folders
}

#[test]
fn envoy_accepts_every_committed_render() {
    for folder in committed() {
        let validated = Rendered::committed(&folder).validate();
        validated.unwrap_or_else(|refused| panic!("{}: {refused}", folder.display()));
    }
}

#[tokio::test]
async fn envoy_takes_up_every_file_of_every_committed_render() {
    for folder in committed() {
        let name = folder.file_name().unwrap().to_string_lossy();
        let clusters = std::fs::read_to_string(folder.join("cds.yaml")).unwrap();
        let clusters = clusters.matches("envoy.config.cluster.v3.Cluster").count();
        let rendered = Rendered::committed(&folder);
        let envoy = rendered.start().await;
        every_file_is_taken(&name, &envoy, u64::try_from(clusters).unwrap()).await;
        every_listener_answers(&name, &envoy).await;
        envoy.stop().await;
    }
}

/// `--mode validate` reads the bootstrap and no further: what Envoy makes of the other files is in the
/// statistics.
async fn every_file_is_taken(name: &str, envoy: &Envoy, clusters: u64) {
    let stats = envoy.stats().await;
    let sum = |scope: &str, of: &str| -> u64 {
        let within = |stat: &str| stat.starts_with(scope) && stat.ends_with(of);
        let values = stats.iter().filter(|(stat, _)| within(stat));
        values.map(|(_, value)| value).sum()
    };
    // All listeners share one subscription to the routes, and one to the pipeline.
    for (scope, taken) in [
        ("cluster_manager.cds.", ".update_success"),
        ("http.", ".rds.headgate.update_success"),
        ("extension_config_discovery.", ".config_reload"),
    ] {
        assert_eq!(sum(scope, taken), 1, "{name}: {scope} {taken}");
    }
    for refused in [
        ".update_rejected",
        ".update_failure",
        ".config_fail",
        ".config_conflict",
    ] {
        assert_eq!(sum("", refused), 0, "{name}: {refused}");
    }
    assert_eq!(stats["cluster_manager.active_clusters"], clusters, "{name}");
}

/// What no route takes is answered by the pipeline; without one it would be a bare 503.
async fn every_listener_answers(name: &str, envoy: &Envoy) {
    let expected = json!({
        "title": "Not Found",
        "status": 404,
        "detail": "No route matches this host and path.",
        "reason": "no_route",
    });
    let listeners = envoy.listeners().await;
    assert!(!listeners.is_empty(), "{name}");
    for (listener, address) in listeners {
        let unrouted = Request::get("/no/such/path").authority("nobody.invalid");
        let answer = client::http1(address).send(unrouted).await.unwrap();
        assert_eq!(answer.status, 404, "{name} {listener}");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert_eq!(answer.json(), expected, "{name} {listener}");
    }
}
