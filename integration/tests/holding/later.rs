//! Exchanges that wait at a later point of the message than its headers.

use integration::client::Request;
use integration::generated_sha256;
use integration::upstream::{Answer, Arrival, Gate, SeenRequest};
use serde_json::json;

use crate::kinds::Kind;
use crate::rig::{Holds, LONG, Rig, is_denied, is_held_too_much, lets_pass, refuses};

const WITH_BODY: [Kind; 3] = [Kind::Announced, Kind::Chunked, Kind::Trailers];

/// The filter has the body in its hands, and edits it when it may pass.
async fn waits_with_the_body(
    holds: Holds,
    answer: Answer,
) -> (Rig, Vec<integration::client::Response>) {
    let gate = Gate::shut();
    let config = json!({ "timeout": LONG, "when": "body", "edit_body": "64KiB" });
    let rig = Rig::start(holds, config, answer.after(&gate)).await;
    let waiting = WITH_BODY.map(|kind| kind.client(&rig).spawn(kind.request()));
    // It asks when all of the body is there.
    rig.asked
        .wait_for(|asked| asked.len() == WITH_BODY.len())
        .await;
    match holds {
        Holds::HeadersAlone => rig.assert_untouched(),
        // The headers have gone on before.
        Holds::Everything => {
            let seen = rig
                .upstream
                .wait_for(|seen| seen.len() == WITH_BODY.len())
                .await;
            assert!(seen.iter().all(|seen| seen.body_length == 0), "{seen:#?}");
        }
    }
    gate.open();
    let mut responses = Vec::new();
    for sending in waiting {
        responses.push(sending.await.unwrap().unwrap());
    }
    (rig, responses)
}

#[tokio::test]
async fn a_body_is_edited_after_the_waiting() {
    for holds in [Holds::HeadersAlone, Holds::Everything] {
        let (rig, responses) = waits_with_the_body(holds, lets_pass()).await;
        assert!(responses.iter().all(|response| response.status == 200));
        for seen in rig.upstream.seen() {
            let trailers = seen.path == Kind::Trailers.path();
            assert_eq!(seen.body_length, Kind::Announced.length());
            assert!(!seen.body.iter().any(u8::is_ascii_lowercase));
            assert_eq!(seen.trailers.contains_key("x-checksum"), trailers);
        }
        rig.envoy.stop().await;
    }
}

#[tokio::test]
async fn a_body_does_not_pass_when_the_waiting_ends_in_a_refusal() {
    for holds in [Holds::HeadersAlone, Holds::Everything] {
        let (rig, responses) = waits_with_the_body(holds, refuses()).await;
        responses.iter().for_each(is_denied);
        match holds {
            Holds::HeadersAlone => rig.assert_untouched(),
            Holds::Everything => {
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

/// What upstreams answer while a response waits: a body, and one with trailers.
fn small_answers() -> [Answer; 2] {
    let length = Kind::Announced.length();
    let answer = Answer::new(200)
        .header("x-of", "upstream")
        .generated(length);
    [answer.clone(), answer.trailer("x-checksum", "7")]
}

#[tokio::test]
async fn a_response_waits_and_passes_whole() {
    for holds in [Holds::HeadersAlone, Holds::Everything] {
        let rig = Rig::start(
            holds,
            json!({ "timeout": LONG, "when": "response" }),
            lets_pass(),
        )
        .await;
        for answer in small_answers() {
            let gate = Gate::shut();
            let before = rig.asked.requests();
            rig.upstream.answer(answer);
            rig.asked.answer(lets_pass().after(&gate));
            let waiting = [&rig.http1, &rig.h2].map(|client| client.spawn(Request::get("/")));
            rig.asked.wait_for(|asked| asked.len() == before + 2).await;
            assert!(waiting.iter().all(|sending| !sending.is_finished()));
            gate.open();
            for sending in waiting {
                let response = sending.await.unwrap().unwrap();
                assert_eq!(response.headers["x-of"], "upstream");
                assert_eq!(
                    response.sha256(),
                    generated_sha256(Kind::Announced.length())
                );
            }
        }
        rig.envoy.stop().await;
    }
}

#[tokio::test]
async fn a_response_waits_and_is_replaced() {
    for holds in [Holds::HeadersAlone, Holds::Everything] {
        let rig = Rig::start(
            holds,
            json!({ "timeout": LONG, "when": "response" }),
            refuses(),
        )
        .await;
        for answer in small_answers() {
            rig.upstream.answer(answer);
            for client in [&rig.http1, &rig.h2] {
                let response = client.get("/").await.unwrap();
                is_denied(&response);
                assert!(!response.headers.contains_key("x-of"), "{response:?}");
                assert!(response.trailers.is_empty(), "{response:?}");
            }
        }
        rig.envoy.stop().await;
    }
}

#[tokio::test]
async fn a_large_response_that_waits_is_bounded() {
    let length = Kind::Upload.length();
    for holds in [Holds::HeadersAlone, Holds::Everything] {
        let gate = Gate::shut();
        let rig = Rig::start(
            holds,
            json!({ "timeout": LONG, "when": "response" }),
            lets_pass(),
        )
        .await;
        rig.upstream.answer(
            Answer::new(200)
                .header("x-of", "upstream")
                .generated(length),
        );
        rig.asked.answer(lets_pass().after(&gate));
        for client in [&rig.http1, &rig.h2] {
            let before = rig.asked.requests();
            let waiting = client.spawn(Request::get("/"));
            rig.asked.wait_for(|asked| asked.len() > before).await;
            if holds == Holds::Everything {
                let paused = "cluster.upstream.upstream_flow_control_paused_reading_total";
                rig.envoy.wait_for_stat(paused, |paused| paused > 0).await;
                gate.open();
            }
            let response = waiting.await.unwrap().unwrap();
            match holds {
                Holds::HeadersAlone => is_held_too_much(&response),
                Holds::Everything => assert_eq!(response.sha256(), generated_sha256(length)),
            }
        }
        rig.envoy.assert_no_body_kept();
        rig.envoy.stop().await;
    }
}
