//! A new configuration while Envoy runs.

use std::fs;
use std::path::Path;

use integration::bootstrap::wasm_filter;
use integration::module;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::key_server::{KeyServer, Pair};
use crate::remote::{Holds, PASSED, Remote, config, get};

const FILE: &str = "filter.json";

/// Moves a configuration of the filter to where Envoy reads it.
fn place(directory: &Path, fetch: &Value) {
    let plugin = json!({ "allow_on_headers_stop_iteration": true });
    let config = config(fetch, Holds::HeadersAlone);
    let filter = wasm_filter("jwt-authz", &module("jwt-authz"), &config, plugin);
    let resource = json!({
        "@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
        "name": filter["name"],
        "typed_config": filter["typed_config"],
    });
    let new = directory.join("new");
    fs::write(&new, json!({ "resources": [resource] }).to_string()).unwrap();
    fs::rename(new, directory.join(FILE)).unwrap();
}

#[tokio::test]
async fn keys_are_there_at_once_though_their_server_is_down() {
    let directory = TempDir::new().unwrap();
    place(directory.path(), &json!({}));
    let source = json!({ "path_config_source": {
        "path": directory.path().join(FILE),
        "watched_directory": { "path": directory.path() },
    } });
    let filter = json!({ "name": "jwt-authz", "config_discovery": {
        "config_source": source,
        "type_urls": ["type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm"],
    } });
    let pair = Pair::new("a");
    let keys = KeyServer::start(&[&pair]).await;
    let remote = Remote::start_with(keys, filter).await;
    remote.wait_for_ended("fresh", 1).await;
    let workers = remote.workers().await;
    for client in &workers {
        assert_eq!(get(client, &pair.token()).await, PASSED);
    }
    remote.keys.go_down();
    // With it nobody waits: who has no keys is refused.
    place(directory.path(), &json!({ "wait": "0s" }));
    let reloads = "extension_config_discovery.http_filter.jwt-authz.config_reload";
    let twice = |reloads| reloads == 2;
    remote.envoy.wait_for_stat(reloads, twice).await;
    for client in &workers {
        assert_eq!(get(client, &pair.token()).await, PASSED);
    }
    let log = remote.envoy.log();
    assert!(log.matches("is configured").count() > 3, "{log}");
    remote.envoy.stop().await;
}
