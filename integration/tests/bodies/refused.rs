//! Bodies that the filter does not take, and answers that it gives in their place.

use integration::client::Request;
use integration::upstream::{Answer, Arrival, SeenRequest};

use crate::rig::{Rig, TOO_LARGE, is_problem, upstreams_own};

#[tokio::test]
async fn a_request_that_is_too_large_is_refused() {
    for holds_headers in [true, false] {
        let rig = Rig::editor(holds_headers).await;
        for client in rig.clients() {
            for length in [TOO_LARGE, 10 << 20] {
                for request in [
                    Request::post("/").generated(length),
                    Request::post("/").generated(length).unannounced(),
                    Request::post("/")
                        .generated(length)
                        .trailer("x-trailer", "plain"),
                ] {
                    let response = client.send(request).await.unwrap();
                    is_problem(&response, 413, "request_too_large");
                }
            }
        }
        match holds_headers {
            true => assert_eq!(
                (rig.upstream.requests(), rig.upstream.connections()),
                (0, 0)
            ),
            // The headers had gone on; nothing of a body has, and no request is whole.
            false => {
                let given_up =
                    |seen: &SeenRequest| seen.arrival == Arrival::Aborted && seen.body_length == 0;
                rig.upstream
                    .wait_for(|seen| seen.iter().all(given_up))
                    .await;
            }
        }
        rig.envoy.stop().await;
    }
}

#[tokio::test]
async fn a_request_can_be_answered_when_its_body_is_there() {
    for holds_headers in [true, false] {
        let rig = Rig::editor(holds_headers).await;
        for client in rig.clients() {
            for request in [
                Request::post("/").body("answer"),
                Request::post("/").chunked(["ans", "wer"]),
            ] {
                let response = client.send(request).await.unwrap();
                is_problem(&response, 403, "answered_request");
            }
        }
        let request = Request::post("/")
            .body("answer")
            .trailer("x-trailer", "plain");
        let response = rig.h2.send(request).await.unwrap();
        is_problem(&response, 403, "answered_request");
        let seen = rig.upstream.seen();
        assert!(seen.iter().all(|seen| seen.arrival != Arrival::Complete));
        assert!(!holds_headers || seen.is_empty());
        rig.envoy.stop().await;
    }
}

#[tokio::test]
async fn a_response_is_replaced_as_long_as_nothing_of_it_has_gone() {
    let rig = Rig::editor(true).await;
    let too_large = || [TOO_LARGE, 10 << 20].map(|length| upstreams_own().generated(length));
    let mut answers: Vec<(Answer, u16, &str)> = vec![
        (upstreams_own().body("replace"), 403, "answered_response"),
        (
            upstreams_own().chunked(["rep", "lace"]),
            403,
            "answered_response",
        ),
        (
            upstreams_own().body("replace").trailer("x-trailer", "a"),
            403,
            "answered_response",
        ),
        (upstreams_own().body("fail"), 500, "filter_failed"),
        (upstreams_own().chunked(["f", "ail"]), 500, "filter_failed"),
        (
            upstreams_own().chunked(vec!["x".repeat(9_000); 100]),
            502,
            "response_too_large",
        ),
    ];
    answers.extend(too_large().map(|answer| (answer, 502, "response_too_large")));
    answers.extend(too_large().map(|a| (a.trailer("x-trailer", "a"), 502, "response_too_large")));
    for (answer, status, reason) in answers {
        rig.upstream.answer(answer);
        for client in rig.clients() {
            let response = client.get("/").await.unwrap();
            is_problem(&response, status, reason);
            assert!(response.trailers.is_empty(), "{response:?}");
        }
    }
    rig.upstream.answer(upstreams_own().body("replace"));
    for client in rig.clients() {
        let head = client.send(Request::new("HEAD", "/")).await.unwrap();
        assert_eq!(head.status, 200);
        assert_eq!(head.headers["x-of"], "upstream");
        assert_eq!(head.headers["content-length"], "7");
    }
    rig.envoy.stop().await;
}

#[tokio::test]
async fn a_response_that_is_too_large_is_refused_over_http1_too() {
    let rig = Rig::editor_over_http1(true).await;
    // Again and again: how much arrives at once is chance.
    for length in [TOO_LARGE, 10 << 20].repeat(10) {
        rig.upstream.answer(upstreams_own().generated(length));
        for client in rig.clients() {
            let response = client.get("/").await.unwrap();
            is_problem(&response, 502, "response_too_large");
        }
    }
    rig.upstream
        .answer(upstreams_own().chunked(["answ", "ered"]));
    for client in rig.clients() {
        let (response, _) = rig.send(client, Request::post("/").body("shout")).await;
        assert_eq!(response.text(), "derewsna");
    }
    rig.envoy.stop().await;
}

/// Without the headers in hand there is no answer but to break off: never an upstream's headers with
/// somebody else's body.
#[tokio::test]
async fn a_response_whose_headers_have_gone_is_broken_off() {
    let rig = Rig::editor(false).await;
    for answer in [
        upstreams_own().body("replace"),
        upstreams_own().chunked(["rep", "lace"]),
        upstreams_own().body("fail"),
        upstreams_own().generated(TOO_LARGE),
        upstreams_own().generated(10 << 20),
    ] {
        rig.upstream.answer(answer);
        for client in rig.clients() {
            let mut response = client.begin(Request::get("/")).await.unwrap();
            assert_eq!(response.status(), 200);
            assert_eq!(response.headers()["x-of"], "upstream");
            let end = loop {
                match response.chunk().await {
                    Ok(Some(piece)) => assert_eq!(piece.as_ref(), b"", "something came after all"),
                    end => break end,
                }
            };
            assert!(end.is_err(), "the client takes the response for whole");
        }
    }
    rig.upstream.answer(upstreams_own().body("answered"));
    for client in rig.clients() {
        assert_eq!(client.get("/").await.unwrap().text(), "derewsna");
    }
    rig.envoy.stop().await;
}
