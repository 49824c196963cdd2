//! The pipeline, which waits for nothing yet.

use integration::bootstrap::{Proxy, wasm_filter};
use integration::module;
use integration::upstream::Upstream;
use serde_json::json;

use crate::kinds::{Kind, pass_all, refuse_all};
use crate::rig::{Rig, is_problem};

async fn start(prefix: &str) -> Rig {
    let config = json!({
        "routes": [
            { "name": "all", "match": { "prefix": prefix }, "to": [{ "function": "all" }] },
        ],
        "holding": { "allow_on_headers_stop_iteration": true, "max_held_bytes": "64KiB" },
    });
    let plugin = json!({ "allow_on_headers_stop_iteration": true });
    let upstream = Upstream::start().await;
    let proxy = Proxy::to(&upstream)
        .filter(wasm_filter("gateway", &module("gateway"), &config, plugin))
        .functions(["all".to_owned()]);
    Rig::start_proxy(proxy, upstream, Upstream::start().await).await
}

#[tokio::test]
async fn what_has_a_route_passes_whole() {
    let rig = start("/").await;
    pass_all(&rig, &Kind::ALL).await;
    // At once, too: nothing of it is buffered.
    let response = rig.http1.send(Kind::Upload.request()).await.unwrap();
    assert_eq!(response.status, 200);
    rig.envoy.assert_no_body_kept();
    rig.envoy.stop().await;
}

#[tokio::test]
async fn what_has_no_route_does_not_pass() {
    let rig = start("/elsewhere").await;
    let no_route = |response: &_| is_problem(response, 404, "no_route");
    refuse_all(&rig, &Kind::ALL, no_route).await;
    let response = rig.http1.send(Kind::Upload.request()).await.unwrap();
    no_route(&response);
    rig.assert_untouched();
    rig.envoy.stop().await;
}
