//! Many keys.

use integration::envoy::resident_memory;
use serde_json::json;

use crate::rig::{connections, get, start};

/// After these nothing else grows: buffers, and what V8 compiles late.
const BEFORE: usize = 20_000;

const MORE: usize = 60_000;

/// What so many keys would take if they were kept: a node of a map has 50 bytes at the least.
const MOST_GROWTH: u64 = 3_000_000;

/// These are enough to fill every row many times over; `make bench` has a million.
#[tokio::test]
async fn keys_leave_nothing_behind_however_many_come() {
    let limit = json!({ "name": "many", "rate": "100/s", "by": ["header.x-key"], "keys": 4096 });
    let envoy = start(1, &json!([limit])).await;
    let mut connection = connections(&envoy, 1, 1).await.remove(0);
    let mut before = 0;
    for key in 0..BEFORE + MORE {
        if key == BEFORE {
            before = resident_memory(envoy.pid());
        }
        let request = get("/", &format!("x-key: {key}"));
        assert_eq!(connection.status(&request).await, 200, "{key}");
    }
    let growth = resident_memory(envoy.pid()).saturating_sub(before);
    assert!(growth < MOST_GROWTH, "{growth} bytes beyond {before}");
    envoy.stop().await;
}
