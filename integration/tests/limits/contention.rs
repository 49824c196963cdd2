//! Workers that ask for the same bucket at once.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::Barrier;

use crate::rig::{Connection, connections, counted, get, load, start};

const WORKERS: usize = 4;

const KEYS: usize = 1_000;

/// The status of each key's request on this connection. All begin with a key at once.
async fn by_turns(mut connection: Connection, start: Arc<Barrier>) -> Vec<u16> {
    let mut statuses = Vec::new();
    for key in 0..KEYS {
        let request = get("/", &format!("x-key: {key}"));
        start.wait().await;
        statuses.push(connection.status(&request).await);
    }
    statuses
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_all_who_ask_for_a_new_key_at_once_one_gets_its_token() {
    let limit = json!({ "name": "one", "rate": "1/d", "burst": 1, "by": ["header.x-key"] });
    let envoy = start(WORKERS, &json!([limit])).await;
    let connections = connections(&envoy, WORKERS, 2).await;
    let all = connections.len();
    let barrier = Arc::new(Barrier::new(all));
    let turns = connections.into_iter();
    let turns = turns.map(|one| tokio::spawn(by_turns(one, Arc::clone(&barrier))));
    let mut statuses = Vec::new();
    for turn in turns.collect::<Vec<_>>() {
        statuses.push(turn.await.unwrap());
    }
    let mut first = vec![0; all];
    for key in 0..KEYS {
        let of_key: Vec<u16> = statuses.iter().map(|statuses| statuses[key]).collect();
        let passed = of_key.iter().filter(|status| **status == 200).count();
        let refused = of_key.iter().filter(|status| **status == 429).count();
        assert_eq!((passed, refused), (1, all - 1), "{of_key:?}");
        let winner = of_key.iter().position(|status| *status == 200);
        first[winner.unwrap()] += 1;
    }
    // They did come at once: now one was first, now another.
    let winners = first.iter().filter(|times| **times > 10).count();
    assert!(winners >= WORKERS, "{first:?}");
    let refused = (KEYS + 1) * (all - 1);
    counted(&envoy, "one", "refused", |count| count == refused as u64).await;
    counted(&envoy, "one", "contended", |count| count == 0).await;
    envoy.stop().await;
}

/// Each request writes the bucket, so each may find that another was first.
#[tokio::test]
async fn nobody_is_refused_since_others_write_the_same_bucket() {
    let limit = json!({ "name": "wide", "rate": "1000000/s", "burst": 1_000_000 });
    let envoy = start(WORKERS, &json!([limit])).await;
    let connections = connections(&envoy, WORKERS, 4).await;
    let before = connections.len() as u64;
    let answered = load(connections, &get("/", ""), Duration::from_secs(3)).await;
    assert_eq!(answered.refused, 0, "{answered:?}");
    let all = before + answered.passed;
    counted(&envoy, "wide", "passed", |count| count == all).await;
    counted(&envoy, "wide", "contended", |count| count == 0).await;
    envoy.stop().await;
}
