//! Many requests at once, and callers that are not browsers.

use std::collections::BTreeSet;

use integration::client::Request;
use integration::upstream::{Answer, Gate};

use crate::gateway::Gateway;

#[tokio::test]
async fn a_hundred_streams_of_one_connection_are_kept_apart() {
    let gateway = Gateway::start().await;
    let gate = Gate::shut();
    let opened = gate.clone();
    gateway
        .upstream
        .answer_with(move |seen| Answer::echo(seen).after(&opened));
    let client = gateway.h2();
    let sent: Vec<_> = (0..100)
        .map(|n| {
            // Every fourth goes nowhere, and each has a body of its own.
            let place = if n % 4 == 0 { "nowhere" } else { "any" };
            let request = Request::post(&format!("/{place}/{n}")).generated(n * 1000);
            (n, client.spawn(request))
        })
        .collect();
    gateway.upstream.wait_for(|seen| seen.len() == 75).await;
    gate.open();
    for (n, answer) in sent {
        let answer = answer.await.unwrap().unwrap();
        if n % 4 == 0 {
            assert_eq!(answer.status, 404, "{n}");
            continue;
        }
        let echo = answer.json();
        assert_eq!(echo["path"], format!("/any/{n}"));
        assert_eq!(echo["body_length"], n * 1000);
        assert_eq!(echo["body_sha256"], integration::generated_sha256(n * 1000));
    }
    assert_eq!(client.connections(), 1);
    let paths: BTreeSet<_> = gateway
        .upstream
        .seen()
        .into_iter()
        .map(|seen| seen.path)
        .collect();
    assert_eq!(paths.len(), 75);
    gateway.upstream.answer_with(Answer::echo);
    gateway.stop().await;
}

#[tokio::test]
async fn a_grpc_caller_is_told_in_a_grpc_status() {
    let gateway = Gateway::start().await;
    for content_type in ["application/grpc", "application/grpc+proto"] {
        for (method, path, message) in [
            (
                "POST",
                "/other.v1.Other/Call",
                "No route matches this host and path.",
            ),
            (
                "PUT",
                "/stock.v1.Stock/Reserve",
                "This method is not allowed here; POST would be.",
            ),
        ] {
            let call = Request::new(method, path)
                .header("content-type", content_type)
                .header("te", "trailers")
                .body("\0\0\0\0\0");
            let answer = gateway.h2().send(call).await.unwrap();
            // Trailers alone (gRPC over HTTP2, "Responses"): the status stands among the headers.
            assert_eq!(answer.status, 200, "{path}");
            assert_eq!(answer.headers["content-type"], "application/grpc", "{path}");
            assert_eq!(answer.headers["grpc-status"], "12", "{path}");
            let told = answer.headers["grpc-message"].to_str().unwrap();
            assert_eq!(told.replace("%20", " ").replace("%3B", ";"), message);
            assert!(answer.body.is_empty(), "{path}: {answer:?}");
        }
    }
    assert_eq!(gateway.upstream.requests(), 0);
    gateway.stop().await;
}
