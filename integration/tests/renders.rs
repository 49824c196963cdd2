//! Every committed render, in the Envoy that it is for.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]

use std::path::{Path, PathBuf};

use gateway_model::{Gateway, NamedFile};
use integration::client::{self, Request};
use integration::envoy::Envoy;
use integration::rendered::Rendered;
use integration::tls::{Authority, ClientSide};
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

/// The documents of which renders are committed for where they are deployed.
fn deployed() -> Vec<PathBuf> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/envoy-render/tests/deployed");
    let entries = folder.read_dir().unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let documents: Vec<_> = paths.filter(|path| path.is_file()).collect();
    assert!(documents.len() >= 16, "{}", folder.display());
    documents
}

#[test]
fn envoy_accepts_every_render_for_where_it_is_deployed() {
    for path in deployed() {
        let document = std::fs::read_to_string(&path).unwrap();
        let validated = Rendered::deployed(&document).validate();
        validated.unwrap_or_else(|refused| panic!("{}: {refused}", path.display()));
    }
}

#[tokio::test]
async fn envoy_takes_up_every_file_of_every_committed_render() {
    for folder in committed() {
        let name = folder.file_name().unwrap().to_string_lossy();
        let clusters = std::fs::read_to_string(folder.join("cds.yaml")).unwrap();
        let clusters = clusters.matches("envoy.config.cluster.v3.Cluster").count();
        let rendered = Rendered::committed(&folder);
        let authority = Authority::new("of the committed renders");
        write_named_files(&rendered, &folder, &authority);
        let envoy = rendered.start().await;
        every_file_is_taken(&name, &envoy, u64::try_from(clusters).unwrap()).await;
        every_listener_answers(&folder, &envoy, &authority).await;
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
        ".key_rotation_failed",
        ".config_fail",
        ".config_conflict",
    ] {
        assert_eq!(sum("", refused), 0, "{name}: {refused}");
    }
    assert_eq!(stats["cluster_manager.active_clusters"], clusters, "{name}");
}

/// The document of a committed render.
fn document(folder: &Path) -> Gateway {
    let path = folder.with_extension("gateway.yaml");
    let bytes = std::fs::read(&path).unwrap();
    let checked = gateway_model::read(&path.to_string_lossy(), &bytes);
    checked.unwrap_or_else(|wrong| panic!("{wrong}")).document
}

/// Certificates and authorities, where the document says that they are.
fn write_named_files(rendered: &Rendered, folder: &Path, authority: &Authority) {
    authority.write(&rendered.own_cas());
    let document = document(folder);
    let of = |file| {
        let path = rendered.placement().path_of(file);
        std::fs::create_dir_all(Path::new(&path).parent().unwrap()).unwrap();
        PathBuf::from(path)
    };
    for (_, pair) in document.certificates() {
        let identity = authority.issue(&[SERVER]);
        identity.write(&of(pair.certificate()), &of(pair.key()));
    }
    for (_, ca) in document.authorities() {
        authority.write(&of(NamedFile::File(ca)));
    }
}

/// Whom the certificates of these tests are for.
const SERVER: &str = "gateway.example.com";

/// What no route takes is answered by the pipeline; without one it would be a bare 503.
async fn every_listener_answers(folder: &Path, envoy: &Envoy, authority: &Authority) {
    let expected = json!({
        "title": "Not Found",
        "status": 404,
        "detail": "No route matches this host and path.",
        "reason": "no_route",
    });
    let document = document(folder);
    assert!(!document.listeners.is_empty());
    for listener in document.listeners {
        let name = format!("{} {}", folder.display(), listener.name.as_str());
        let address = envoy.listener(listener.name.as_str()).await;
        let client = match listener.tls {
            None => client::http1(address),
            Some(_) => client::https1(address, ClientSide::new(authority, SERVER)),
        };
        let unrouted = Request::get("/no/such/path").authority("nobody.invalid");
        let answer = client.send(unrouted).await.unwrap();
        if listener.redirect_to_https.is_some() {
            assert_eq!(answer.status, 308, "{name}");
            continue;
        }
        assert_eq!(answer.status, 404, "{name}");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert_eq!(answer.json(), expected, "{name}");
    }
}
