//! How much an upstream may be asked to bear at once.

use futures_util::future::join_all;
use integration::client::{self, Request};
use integration::gateway::{Gateway, document};
use integration::rendered::Rendered;
use integration::upstream::{Answer, Gate, Upstream};

const ROUTE: &str = "{ match: { prefix: / }, to: [{ upstream: pets }] }";

#[tokio::test]
async fn what_is_above_the_limits_is_answered_at_once() {
    let upstream = Upstream::start().await;
    let gate = Gate::shut();
    upstream.answer(Answer::new(200).after(&gate));
    let limits = "circuit_breakers: { connections: 1, pending_requests: 1 }";
    let pets = format!(
        "pets: {{ http: \"{}\", timeout: 0s, {limits} }}",
        upstream.address()
    );
    // A worker always has one connection, whatever the limit.
    let rendered = Rendered::document(&document(&[pets], &[ROUTE]));
    let gateway = Gateway::with_one_worker(rendered).await;
    let send = || client::http1(gateway.address).spawn(Request::get("/"));

    let under_way = send();
    upstream.wait_for(|seen| seen.len() == 1).await;
    let pending = send();
    let waiting = "cluster.pets.upstream_rq_pending_active";
    gateway
        .envoy
        .wait_for_stat(waiting, |count| count == 1)
        .await;
    let above = send().await.unwrap().unwrap();
    assert_eq!(above.status, 503);
    let refused = "cluster.pets.upstream_rq_pending_overflow";
    assert_eq!(gateway.envoy.stat(refused).await, 1);

    gate.open();
    for sent in [under_way, pending] {
        assert_eq!(sent.await.unwrap().unwrap().status, 200);
    }
    assert_eq!(upstream.requests(), 2);
    gateway.stop().await;
}

/// Envoy's own limit is 1,024 requests.
#[tokio::test]
async fn without_limits_of_its_own_an_upstream_takes_far_more_than_envoy_would_allow() {
    const REQUESTS: usize = 1_500;
    let upstream = Upstream::start().await;
    let gate = Gate::shut();
    upstream.answer(Answer::new(200).after(&gate));
    let pets = format!(
        "pets: {{ http: \"{}\", timeout: 0s, http2: true }}",
        upstream.address()
    );
    let gateway = Gateway::start(&[pets], &[ROUTE]).await;
    // A connection takes 100 at once.
    let clients: Vec<_> = (0..REQUESTS / 100)
        .map(|_| client::h2(gateway.address))
        .collect();
    let requests = (0..REQUESTS).map(|i| clients[i % clients.len()].spawn(Request::get("/")));
    let sent: Vec<_> = requests.collect();
    upstream.wait_for(|seen| seen.len() == REQUESTS).await;
    gate.open();
    for answer in join_all(sent).await {
        assert_eq!(answer.unwrap().unwrap().status, 200);
    }
    gateway.stop().await;
}
