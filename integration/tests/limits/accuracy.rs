//! How much passes over a while, under a load far above the limit.

use std::time::Duration;

use serde_json::json;

use crate::rig::{connections, counted, get, load, start};

const RATE: f64 = 500.0;

/// Half a second of tokens: as long may all workers be kept waiting by the machine, and none is lost.
const BURST: u64 = 250;

async fn admits_its_rate_and_burst(workers: usize) {
    let limit = json!({ "name": "fair", "rate": "500/s", "burst": BURST, "by": ["header.x-key"] });
    let envoy = start(workers, &json!([limit])).await;
    // Another key than that by which connections were tried.
    let connections = connections(&envoy, workers, 4).await;
    let key = get("/", "x-key: ada");
    let answered = load(connections, &key, Duration::from_secs(10)).await;
    let due = RATE * answered.took.as_secs_f64() + BURST as f64;
    let passed = answered.passed as f64;
    eprintln!(
        "{workers} workers: {answered:?}, {due:.1} due, {:.4}",
        passed / due
    );
    assert!(
        answered.refused > answered.passed,
        "the load was too low: {answered:?}"
    );
    assert!(passed <= due, "{answered:?} of {due}");
    assert!(passed >= 0.99 * due, "{answered:?} of {due}");
    // All is told by now, so what is not there has not been.
    let refused = answered.refused as u64;
    counted(&envoy, "fair", "refused", |count| count == refused).await;
    counted(&envoy, "fair", "contended", |count| count == 0).await;
    envoy.stop().await;
}

#[tokio::test]
async fn two_workers_admit_their_rate_and_burst() {
    admits_its_rate_and_burst(2).await;
}

#[tokio::test]
async fn four_workers_admit_their_rate_and_burst() {
    admits_its_rate_and_burst(4).await;
}
