//! Requests that are tried again.

use std::collections::BTreeSet;
use std::sync::Mutex;

use futures_util::future::join_all;
use integration::client::{self, Request};
use integration::gateway::Gateway;
use integration::generated_sha256;
use integration::upstream::{Answer, Gate, Upstream};

const ROUTE: &str = "{ match: { prefix: / }, to: [{ upstream: pets }] }";

async fn started(upstream: &Upstream, retries: &str) -> Gateway {
    let address = upstream.address();
    let pets = format!("pets: {{ http: \"{address}\", timeout: 0s, retries: {{ {retries} }} }}");
    Gateway::start(&[pets], &[ROUTE]).await
}

#[tokio::test]
async fn a_try_that_takes_too_long_is_followed_by_another() {
    let upstream = Upstream::start().await;
    let never = Gate::shut();
    let gate = never.clone();
    upstream.answer_with(move |seen| match seen.connection {
        1 => Answer::new(200).after(&gate),
        _ => Answer::new(200),
    });
    let gateway = started(&upstream, "on: [5xx], per_try_timeout: 100ms").await;
    let answer = client::http1(gateway.address).get("/").await.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(upstream.requests(), 2);
    gateway.stop().await;
}

/// Forty requests are under way; one after the other fails, and its second try is under way too.
#[tokio::test]
async fn no_more_are_tried_again_than_the_budget_allows() {
    const UNDER_WAY: usize = 40;
    // Of 50 a fifth, of 80 a half; three in any case.
    for (budget, most) in [("", 10), (", budget: 50", 40), (", budget: 1", 3)] {
        let upstream = Upstream::start().await;
        let gate = Gate::shut();
        let (held, tried) = (gate.clone(), Mutex::new(BTreeSet::new()));
        upstream.answer_with(move |seen| {
            let first = tried.lock().unwrap().insert(seen.path.clone());
            match seen.path.as_str() {
                path if path.starts_with("/held") || !first => Answer::new(200).after(&held),
                _ => Answer::new(503),
            }
        });
        let gateway = started(&upstream, &format!("on: [5xx]{budget}")).await;
        let send = |path: String| client::http1(gateway.address).spawn(Request::get(&path));
        let mut sent: Vec<_> = (0..UNDER_WAY).map(|i| send(format!("/held/{i}"))).collect();
        upstream.wait_for(|seen| seen.len() == UNDER_WAY).await;
        let mut tried_again = 0;
        let refused = loop {
            let mut failing = send(format!("/failing/{tried_again}"));
            let both_tries = UNDER_WAY + 2 * (tried_again + 1);
            tokio::select! {
                answer = &mut failing => break answer.unwrap().unwrap(),
                _ = upstream.wait_for(|seen| seen.len() == both_tries) => {
                    tried_again += 1;
                    sent.push(failing);
                }
            }
        };
        assert_eq!(
            (refused.status.as_u16(), tried_again),
            (503, most),
            "{budget}"
        );
        assert_eq!(
            gateway
                .envoy
                .stat("cluster.pets.upstream_rq_retry_overflow")
                .await,
            1
        );
        gate.open();
        for answer in join_all(sent).await {
            assert_eq!(answer.unwrap().unwrap().status, 200);
        }
        gateway.stop().await;
    }
}

/// 503 to every first try of a path, 200 to the second.
fn failing_once(upstream: &Upstream) {
    let tried = Mutex::new(BTreeSet::new());
    upstream.answer_with(
        move |seen| match tried.lock().unwrap().insert(seen.path.clone()) {
            true => Answer::new(503),
            false => Answer::new(200),
        },
    );
}

#[tokio::test]
async fn a_body_of_up_to_a_mebibyte_is_sent_again_and_a_larger_one_is_not() {
    let upstream = Upstream::start().await;
    failing_once(&upstream);
    let gateway = started(&upstream, "on: [5xx]").await;
    let clients = [gateway.http1(), gateway.h2()];
    for (c, client) in clients.iter().enumerate() {
        for (length, status, tries) in [
            (100_000, 200, 2),
            (1_000_000, 200, 2),
            (1_100_000, 503, 1),
            (5_000_000, 503, 1),
        ] {
            let path = format!("/{c}/{length}");
            let request = Request::post(&path).generated(length);
            let answer = client.send(request).await.unwrap();
            assert_eq!(answer.status, status, "{path}");
            let seen = upstream.seen();
            let seen: Vec<_> = seen.iter().filter(|seen| seen.path == path).collect();
            assert_eq!(seen.len(), tries, "{path}");
            let last = seen.last().unwrap();
            // What is refused before its end need not have come to its end.
            if status == 200 {
                assert_eq!(last.body_length, length, "{path}");
                assert_eq!(last.body_sha256, generated_sha256(length), "{path}");
            }
        }
    }
    gateway.stop().await;
}

#[tokio::test]
async fn where_requests_are_tried_again_large_bodies_pass_in_both_directions() {
    const LENGTH: u64 = 50_000_000;
    let upstream = Upstream::start().await;
    upstream.answer(Answer::new(200).generated(LENGTH));
    let gateway = started(&upstream, "on: [5xx]").await;
    let clients = [gateway.http1(), gateway.h2()];
    let sent = clients.map(|client| client.spawn(Request::post("/").generated(LENGTH)));
    for answer in sent {
        let answer = answer.await.unwrap().unwrap();
        assert_eq!(answer.status, 200);
        assert_eq!(answer.sha256(), generated_sha256(LENGTH));
    }
    for seen in upstream.seen() {
        assert_eq!(seen.body_sha256, generated_sha256(LENGTH));
    }
    gateway.stop().await;
}

#[tokio::test]
async fn where_requests_are_tried_again_events_come_as_they_are_sent() {
    let upstream = Upstream::start().await;
    let gate = Gate::shut();
    let events = ["data: 1\n\n", "data: 2\n\n"];
    let stream = Answer::new(200).header("content-type", "text/event-stream");
    upstream.answer(stream.chunked(events).pausing(&gate));
    let gateway = started(&upstream, "on: [5xx]").await;
    let mut arriving = gateway.http1().begin(Request::get("/")).await.unwrap();
    assert_eq!(arriving.chunk().await.unwrap().unwrap(), events[0]);
    gate.open();
    assert_eq!(arriving.chunk().await.unwrap().unwrap(), events[1]);
    gateway.stop().await;
}
