//! Addresses that are left out for how they answer.

use std::time::Duration;

use integration::client::{self, Client};
use integration::gateway::Gateway;
use integration::upstream::{Answer, Upstream};

const ROUTE: &str = "{ match: { prefix: / }, to: [{ upstream: pets }] }";

async fn started(detection: &str) -> (Gateway, Upstream, Client) {
    let upstream = Upstream::start().await;
    let address = upstream.address();
    let pets = format!("pets: {{ http: \"{address}\", outlier_detection: {{ {detection} }} }}");
    let gateway = Gateway::start(&[pets], &[ROUTE]).await;
    let client = client::http1(gateway.address);
    (gateway, upstream, client)
}

async fn fail(upstream: &Upstream, client: &Client, times: usize) {
    upstream.answer(Answer::new(500));
    for _ in 0..times {
        assert_eq!(client.get("/").await.unwrap().status, 500);
    }
}

/// Envoy's workers learn of an ejection, and of its end, a moment after its statistics.
async fn becomes(status: u16, client: &Client) {
    let asking = async { while client.get("/").await.unwrap().status != status {} };
    let asked = tokio::time::timeout(Duration::from_secs(30), asking).await;
    assert!(asked.is_ok(), "it does not become {status}");
}

#[tokio::test]
async fn an_address_that_fails_in_a_row_is_left_out() {
    let (gateway, upstream, client) =
        started("consecutive_errors: 3, interval: 1h, ejection_time: 1h, max_ejected: 100").await;
    // Two are no row of three, and a success ends it.
    fail(&upstream, &client, 2).await;
    upstream.answer(Answer::new(200));
    assert_eq!(client.get("/").await.unwrap().status, 200);
    fail(&upstream, &client, 3).await;
    upstream.answer(Answer::new(200));
    becomes(503, &client).await;
    let before = upstream.requests();
    assert_eq!(client.get("/").await.unwrap().status, 503);
    assert_eq!(upstream.requests(), before);
    gateway.stop().await;
}

#[tokio::test]
async fn it_comes_back_when_its_time_is_over() {
    let (gateway, upstream, client) =
        started("consecutive_errors: 1, interval: 50ms, ejection_time: 50ms, max_ejected: 100")
            .await;
    fail(&upstream, &client, 1).await;
    let taken = "cluster.pets.outlier_detection.ejections_enforced_total";
    gateway.envoy.wait_for_stat(taken, |count| count == 1).await;
    upstream.answer(Answer::new(200));
    becomes(200, &client).await;
    gateway.stop().await;
}

#[tokio::test]
async fn an_only_address_is_kept_unless_the_document_says_otherwise() {
    let (gateway, upstream, client) = started("interval: 1h").await;
    fail(&upstream, &client, 6).await;
    let seen = "cluster.pets.outlier_detection.ejections_detected_consecutive_5xx";
    gateway.envoy.wait_for_stat(seen, |count| count >= 1).await;
    upstream.answer(Answer::new(200));
    assert_eq!(client.get("/").await.unwrap().status, 200);
    gateway.stop().await;
}
