//! Bodies that no filter wants: they stream past as they are.

use integration::client::Request;
use integration::generated_sha256;
use integration::upstream::{Answer, Gate, SeenRequest};

use crate::rig::Rig;

/// Bytes as a compressor makes them: any, in no order.
fn binary(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

#[tokio::test]
async fn what_no_filter_wants_passes_as_it_is() {
    let rig = Rig::gateway().await;
    let body = binary(300_000);
    let answer = Answer::new(200).header("content-encoding", "gzip");
    rig.upstream
        .answer(answer.header("etag", "\"7\"").body(body.clone()));
    for client in rig.clients() {
        let request = Request::post("/").header("content-encoding", "gzip");
        let request = request.header("accept-encoding", "gzip, br");
        let (response, seen) = rig.send(client, request.body(body.clone())).await;
        assert!(seen.body == body, "the request's body is another one");
        assert!(response.body == body, "the response's body is another one");
        assert_eq!(seen.headers["content-encoding"], "gzip");
        assert_eq!(seen.headers["accept-encoding"], "gzip, br");
        assert_eq!(response.headers["content-encoding"], "gzip");
        assert_eq!(response.headers["content-length"], "300000");
        assert_eq!(response.headers["etag"], "\"7\"");
    }
    for status in [204, 304] {
        rig.upstream
            .answer(Answer::new(status).header("etag", "\"7\""));
        for client in rig.clients() {
            let response = client.get("/").await.unwrap();
            assert_eq!((response.status.as_u16(), response.body.len()), (status, 0));
            assert_eq!(response.headers["etag"], "\"7\"");
        }
    }
    rig.envoy.stop().await;
}

#[tokio::test]
async fn events_are_not_held_back() {
    let rig = Rig::gateway().await;
    for client in rig.clients() {
        let gate = Gate::shut();
        let answer = Answer::new(200).header("content-type", "text/event-stream");
        let events = ["data: one\n\n", "data: two\n\n"];
        rig.upstream.answer(answer.chunked(events).pausing(&gate));
        let mut response = client.begin(Request::get("/")).await.unwrap();
        // The second one is not sent before the first has come.
        assert_eq!(response.chunk().await.unwrap().unwrap(), "data: one\n\n");
        gate.open();
        assert_eq!(response.chunk().await.unwrap().unwrap(), "data: two\n\n");
        assert_eq!(response.chunk().await.unwrap(), None);
    }
    rig.envoy.stop().await;
}

#[tokio::test]
async fn an_upload_is_not_held_back() {
    let rig = Rig::gateway().await;
    for client in rig.clients() {
        let (request, feed) = Request::post("/").fed();
        let sending = client.spawn(request);
        assert!(feed.data("first").await);
        let first = |seen: &[SeenRequest]| seen.last().is_some_and(|seen| seen.body == b"first");
        rig.upstream.wait_for(first).await;
        assert!(feed.data("second").await);
        drop(feed);
        assert_eq!(sending.await.unwrap().unwrap().status, 200);
        assert_eq!(rig.upstream.last().body, b"firstsecond");
    }
    rig.envoy.stop().await;
}

#[tokio::test]
async fn a_large_download_is_not_held_back() {
    const LENGTH: u64 = 100_000_000;
    let rig = Rig::gateway().await;
    rig.upstream.answer(Answer::new(200).generated(LENGTH));
    for client in rig.clients() {
        let response = client.get("/").await.unwrap();
        assert_eq!(response.sha256(), generated_sha256(LENGTH));
    }
    rig.envoy.assert_no_body_kept();
    rig.envoy.stop().await;
}

#[tokio::test]
async fn both_ways_are_open_at_once() {
    let rig = Rig::gateway().await;
    let [_, h2] = rig.clients();
    let gate = Gate::shut();
    let answer = Answer::new(200).chunked(["one", "two"]);
    rig.upstream.answer_early(answer.pausing(&gate));
    let (request, feed) = Request::post("/").fed();
    assert!(feed.data("first").await);
    let mut response = h2.begin(request).await.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "one");
    assert!(feed.data("second").await);
    let whole = |seen: &[SeenRequest]| seen.last().is_some_and(|seen| seen.body == b"firstsecond");
    rig.upstream.wait_for(whole).await;
    gate.open();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "two");
    drop(feed);
    assert_eq!(response.chunk().await.unwrap(), None);
    rig.envoy.stop().await;
}
