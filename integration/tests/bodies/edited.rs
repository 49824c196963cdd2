//! Bodies that the filter takes and edits.

use integration::client::Request;
use integration::upstream::{Arrival, SeenRequest};

use crate::rig::{FITTING, Rig, upstreams_own};

#[tokio::test]
async fn bodies_are_edited_both_ways() {
    for holds_headers in [true, false] {
        let rig = Rig::editor(holds_headers).await;
        rig.upstream.answer(upstreams_own().body("answered"));
        for client in rig.clients() {
            for request in [
                Request::post("/").body("shout"),
                Request::post("/").body("shout").unannounced(),
                Request::post("/").chunked(["s", "hou", "t"]),
            ] {
                let (response, seen) = rig.send(client, request).await;
                assert_eq!(seen.body, b"SHOUT");
                let told = seen.headers.get("x-body-bytes");
                assert_eq!(told.is_some_and(|told| told == "5"), holds_headers);
                assert_eq!(response.text(), "derewsna");
                assert_eq!(response.headers["x-of"], "upstream");
                assert_eq!(response.headers["x-asked"], "/");
            }
        }
        // Six requests, and the answer to each.
        let edited = "wasmcustom.body_editor_edited";
        rig.envoy.wait_for_stat(edited, |edited| edited == 6).await;
        rig.envoy.stop().await;
    }
}

#[tokio::test]
async fn trailers_come_after_edited_bodies() {
    for holds_headers in [true, false] {
        let rig = Rig::editor(holds_headers).await;
        let answer = upstreams_own().chunked(["abc", "def"]);
        rig.upstream.answer(answer.trailer("x-trailer", "plain"));
        let request = Request::post("/")
            .chunked(["one", "two"])
            .trailer("x-trailer", "plain");
        let (response, seen) = rig.send(&rig.h2, request).await;
        assert_eq!(seen.body, b"ONETWO");
        assert_eq!(seen.trailers["x-trailer"], "edited");
        assert_eq!(response.text(), "fedcba");
        assert_eq!(response.trailers["x-trailer"], "edited");
        rig.envoy.stop().await;
    }
}

#[tokio::test]
async fn the_largest_body_that_is_taken_is_taken() {
    for holds_headers in [true, false] {
        let rig = Rig::editor(holds_headers).await;
        rig.upstream.answer(upstreams_own().generated(FITTING));
        for client in rig.clients() {
            for request in [
                Request::post("/").generated(FITTING),
                Request::post("/").generated(FITTING).unannounced(),
            ] {
                let (response, seen) = rig.send(client, request).await;
                assert_eq!(response.status, 200);
                assert_eq!(response.body.len() as u64, FITTING);
                assert_eq!(seen.body_length, FITTING);
                assert!(!seen.body.iter().any(u8::is_ascii_lowercase));
            }
        }
        rig.envoy.stop().await;
    }
}

/// Where headers are not held, an upstream may answer before it has the body.
#[tokio::test]
async fn a_response_is_edited_before_its_request_has_ended() {
    let rig = Rig::editor(false).await;
    rig.upstream
        .answer_early(upstreams_own().chunked(["answ", "ered"]));
    for client in rig.clients() {
        let (request, feed) = Request::post("/").fed();
        assert!(feed.data("shout").await);
        let response = client.send(request).await.unwrap();
        assert_eq!(response.text(), "derewsna");
        assert_eq!(response.headers["x-asked"], "/");
        feed.end_with_trailer("x-trailer", "plain").await;
        // The request was given up, or went through: its body is whole or is not there.
        let over = |seen: &[SeenRequest]| {
            seen.last()
                .is_some_and(|seen| seen.arrival != Arrival::Arriving)
        };
        let seen = rig.upstream.wait_for(over).await;
        let body = &seen.last().unwrap().body;
        assert!(body.is_empty() || body == b"SHOUT", "{body:?}");
    }
    rig.envoy.stop().await;
}
