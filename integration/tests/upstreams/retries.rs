//! Requests that are tried again.

use std::collections::BTreeSet;
use std::sync::Mutex;

use futures_util::future::join_all;
use integration::client::{self, Request};
use integration::gateway::Gateway;
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
    upstream.answer_with(
        move |seen| match seen.headers.get("x-envoy-attempt-count") {
            _ if seen.connection == 1 => Answer::new(200).after(&gate),
            _ => Answer::new(200),
        },
    );
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
