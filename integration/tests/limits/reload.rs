//! A new configuration while Envoy runs: what did not change keeps its buckets.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use integration::bootstrap::FRONT;
use integration::envoy::Envoy;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::rig::{Connection, connections, filter, get, launch, pipeline};

const FILE: &str = "filter.json";

const WORKERS: usize = 2;

/// Limits of requests that say their name, of which one is changed; all others are not limited.
fn limits(changed_burst: u32) -> Value {
    let limit = |name: &str, burst: u32| {
        json!({
            "name": name,
            "rate": "1/d",
            "burst": burst,
            "when": { "headers": { "x-of": name } },
        })
    };
    json!([limit("same", 2), limit("changed", changed_burst)])
}

/// Moves a configuration of the filter to where Envoy reads it.
fn place(directory: &Path, limits: &Value) {
    let filter = filter(&pipeline(limits));
    let resource = json!({
        "@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
        "name": filter["name"],
        "typed_config": filter["typed_config"],
    });
    let new = directory.join("new");
    fs::write(&new, json!({ "resources": [resource] }).to_string()).unwrap();
    fs::rename(new, directory.join(FILE)).unwrap();
}

async fn start(directory: &Path) -> Envoy {
    let source = json!({ "path_config_source": {
        "path": directory.join(FILE),
        "watched_directory": { "path": directory },
    } });
    let discovered = json!({ "name": "gateway", "config_discovery": {
        "config_source": source,
        "type_urls": ["type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm"],
    } });
    let launch = launch(&discovered).concurrency(WORKERS);
    let node = ["--service-node", "limits", "--service-cluster", "limits"];
    launch.arguments(node).start().await
}

async fn wait_for_reloads(envoy: &Envoy, reloads: u64) {
    let name = "extension_config_discovery.http_filter.gateway.config_reload";
    envoy.wait_for_stat(name, |found| found == reloads).await;
}

/// The statuses of as many requests on each worker.
async fn statuses(connections: &mut [Connection], of: &str, each: usize) -> Vec<u16> {
    let request = get("/", &format!("x-of: {of}"));
    let mut statuses = Vec::new();
    for connection in connections {
        for _ in 0..each {
            statuses.push(connection.status(&request).await);
        }
    }
    statuses
}

/// Requests of no limit, until they are told to stop; how many there were.
async fn unlimited(mut connection: Connection, enough: Arc<AtomicBool>) -> usize {
    let mut sent = 0;
    while !enough.load(Ordering::Relaxed) {
        assert_eq!(connection.status(&get("/", "")).await, 200);
        sent += 1;
    }
    sent
}

#[tokio::test]
async fn unchanged_limits_keep_their_buckets_and_changed_ones_begin_anew() {
    let directory = TempDir::new().unwrap();
    place(directory.path(), &limits(2));
    let envoy = start(directory.path()).await;
    let mut connections = connections(&envoy, WORKERS, 1).await;
    let enough = Arc::new(AtomicBool::new(false));
    let mut load = Vec::new();
    for _ in 0..2 * WORKERS {
        let connection = Connection::open(envoy.listener(FRONT).await).await;
        load.push(tokio::spawn(unlimited(connection, Arc::clone(&enough))));
    }
    for of in ["same", "changed"] {
        let statuses = statuses(&mut connections, of, 2).await;
        assert_eq!(statuses, [200, 200, 429, 429], "{of}");
    }
    place(directory.path(), &limits(3));
    wait_for_reloads(&envoy, 2).await;
    let same = statuses(&mut connections, "same", 2).await;
    assert_eq!(same, [429; 4]);
    let changed = statuses(&mut connections, "changed", 3).await;
    assert_eq!(changed, [200, 200, 200, 429, 429, 429]);
    for said in [
        "limit \"same\" keeps its buckets",
        "limit \"changed\" begins with full buckets",
    ] {
        envoy.wait_for_log(said).await;
    }
    // One that is taken out and comes back soon is the one that it was.
    for (reload, limits) in [(3, json!([])), (4, limits(3))] {
        place(directory.path(), &limits);
        wait_for_reloads(&envoy, reload).await;
    }
    for of in ["same", "changed"] {
        let statuses = statuses(&mut connections, of, 1).await;
        assert_eq!(statuses, [429; WORKERS], "{of}");
    }
    enough.store(true, Ordering::Relaxed);
    for sending in load {
        assert!(sending.await.unwrap() > 10);
    }
    envoy.stop().await;
}
