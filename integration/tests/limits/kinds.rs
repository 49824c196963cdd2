//! Requests of every kind, each of which takes one token whatever it carries.

use futures_util::{SinkExt as _, StreamExt as _};
use integration::bootstrap::{FRONT, Proxy};
use integration::client::{self, Request};
use integration::envoy::Envoy;
use integration::services::Service;
use integration::upstream::Upstream;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::rig::{counted, filter};

/// Two requests a day, of each route that is not the one for health checks.
fn config(route: &Value) -> Value {
    json!({
        "limits": { "gateway": [{ "name": "two", "rate": "1/d", "burst": 2 }] },
        "routes": [
            route,
            { "name": "ready", "match": { "path": "/ready" }, "respond": { "status": 200 } },
        ],
        "ready": "ready",
        "holding": { "allow_on_headers_stop_iteration": true, "max_held_bytes": "64KiB" },
    })
}

async fn start(proxy: Proxy, websocket: bool) -> Envoy {
    let route = json!({
        "name": "all",
        "match": { "prefix": "/" },
        "to": [{ "function": "all", "websocket": websocket }],
    });
    let proxy = proxy
        .filter(filter(&config(&route)))
        .functions(["all".to_owned()]);
    let upgrades = json!([{ "upgrade_type": "websocket" }]);
    Envoy::start(proxy.manager("upgrade_configs", upgrades).bootstrap()).await
}

#[tokio::test]
async fn a_call_takes_one_token_however_many_messages_it_has() {
    let upstream = Upstream::start().await;
    let envoy = start(Proxy::to(&upstream), false).await;
    let client = client::h2(envoy.listener(FRONT).await);
    for refused in [false, false, true] {
        let request = Request::post("/stock.v1.Stock/Restock");
        let request = request.header("content-type", "application/grpc");
        let (request, feed) = request.header("te", "trailers").fed();
        let answer = client.spawn(request);
        for _ in 0..20 {
            // What is refused is answered before its messages have come.
            feed.data(&b"\0\0\0\0\x01a"[..]).await;
        }
        feed.end_with_trailer("x-checksum", "7").await;
        let answer = answer.await.unwrap().unwrap();
        assert_eq!(answer.status, 200);
        let status = answer
            .headers
            .get("grpc-status")
            .map(|status| status.to_str().unwrap());
        // RESOURCE_EXHAUSTED
        assert_eq!(status, refused.then_some("8"));
    }
    assert_eq!(upstream.seen().len(), 2);
    counted(&envoy, "two", "passed", |count| count == 2).await;
    counted(&envoy, "two", "refused", |count| count == 1).await;
    envoy.stop().await;
}

#[tokio::test]
async fn a_websocket_takes_one_token_however_many_messages_it_has() {
    let chat = Service::Chat.start().await.unwrap();
    let upstream = Upstream::start().await;
    let proxy = Proxy::to(&upstream).cluster_on("chat", chat.address().port());
    let envoy = start(proxy.over_http1().route("cluster", "chat".into()), true).await;
    let url = format!("ws://{}/chat", envoy.listener(FRONT).await);
    for _ in 0..2 {
        let (mut socket, _) = tokio_tungstenite::connect_async(&url).await.unwrap();
        for number in 0..20 {
            let message = Message::text(number.to_string());
            socket.send(message.clone()).await.unwrap();
            assert_eq!(socket.next().await.unwrap().unwrap(), message);
        }
        socket.close(None).await.unwrap();
    }
    let refused = tokio_tungstenite::connect_async(&url).await.unwrap_err();
    assert!(refused.to_string().contains("429"), "{refused}");
    counted(&envoy, "two", "passed", |count| count == 2).await;
    envoy.stop().await;
    chat.stop().await.unwrap();
}

#[tokio::test]
async fn requests_over_either_version_take_from_one_bucket_and_health_checks_do_not() {
    let upstream = Upstream::start().await;
    let envoy = start(Proxy::to(&upstream), false).await;
    let address = envoy.listener(FRONT).await;
    let (http1, h2) = (client::http1(address), client::h2(address));
    for (status, client) in [(200, &http1), (200, &h2), (429, &http1), (429, &h2)] {
        assert_eq!(client.get("/").await.unwrap().status, status);
        assert_eq!(client.get("/ready").await.unwrap().status, 200);
    }
    counted(&envoy, "two", "refused", |count| count == 2).await;
    counted(&envoy, "two", "passed", |count| count == 2).await;
    envoy.stop().await;
}
