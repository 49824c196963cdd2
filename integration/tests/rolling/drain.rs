//! What becomes of connections while a pod drains.

use futures_util::{SinkExt as _, StreamExt as _};
use integration::balancer::Health;
use integration::client;
use tokio_tungstenite::tungstenite::Message;

use crate::pod::DEADLINE;
use crate::rig::Rig;

#[tokio::test]
async fn each_connection_is_kept_at_first_and_ended_with_a_response_then() {
    let rig = Rig::start().await;
    let pod = rig.pod().await;
    let balancer = &rig.balancer;
    let http1 = client::http1(balancer.address());
    let h2 = client::h2(balancer.address());
    for client in [&http1, &h2] {
        client.get("/").await.unwrap();
    }
    let mut pre_stop = pod.pre_stop("1s", "20s");
    pre_stop.until("the health check fails").await;
    // The balancer has to hear of it: the pod goes on, and is as ready as before.
    balancer.until(pod.target, Health::Unhealthy).await;
    for client in [&http1, &h2] {
        let response = client.get("/").await.unwrap();
        assert!(!response.headers.contains_key("connection"));
        assert_eq!(client.connections(), 1);
    }
    assert_eq!(pod.probe().await, (0, "ready".to_owned()));
    pre_stop
        .until("connections end with their next response")
        .await;
    // Over Envoy's drain time, which is 1 s here.
    let closing = async {
        loop {
            let response = http1.get("/").await.unwrap();
            if response.headers.contains_key("connection") {
                assert_eq!(response.headers["connection"], "close");
                return;
            }
        }
    };
    tokio::time::timeout(DEADLINE, closing).await.unwrap();
    let going_away = async {
        while h2.connections() == 1 {
            assert_eq!(h2.get("/").await.unwrap().status, 200);
        }
    };
    tokio::time::timeout(DEADLINE, going_away).await.unwrap();
    // Whoever comes even now is served.
    let late = client::http1(balancer.address()).get("/").await.unwrap();
    assert_eq!(
        (late.status.as_u16(), &late.headers["connection"]),
        (200, &"close".parse().unwrap())
    );
    drop((http1, h2));
    let last = pre_stop.returned().await;
    assert!(last.ends_with("no connection is left"), "{last}");
    pod.terminate().await;
}

#[tokio::test]
async fn what_nobody_ends_is_left_when_its_time_is_over_and_a_second_drain_does_no_harm() {
    let rig = Rig::start().await;
    let pod = rig.pod().await;
    let balancer = &rig.balancer;
    let url = format!("ws://{}/chat", balancer.address());
    let (mut websocket, _) = tokio_tungstenite::connect_async(&url).await.unwrap();
    for _ in 0..2 {
        let last = pod.pre_stop("0s", "1s").returned().await;
        assert!(
            last.ends_with("1 connection, 1 request (1 WebSocket) left, which end with Envoy"),
            "{last}"
        );
        websocket.send(Message::text("still there?")).await.unwrap();
        let back = websocket.next().await.unwrap().unwrap();
        assert_eq!(back, Message::text("still there?"));
    }
    pod.terminate().await;
    let cut = websocket.next().await;
    assert!(matches!(cut, None | Some(Err(_))), "{cut:?}");
}
