//! Bodies that a filter buffers, edits and answers, and bodies that no filter wants.
//!
//! The filter is `body-editor`, which tells what it does. In an Envoy that holds headers for it an
//! exchange is still to be answered when its body is whole; in one that does not, the headers have
//! gone on by then, and all that is left is to break off.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]

use integration::bootstrap::{FRONT, Proxy, wasm_filter};
use integration::client::{self, Client, Request, Response};
use integration::envoy::Envoy;
use integration::upstream::{Answer, Arrival, Gate, SeenRequest, Upstream};
use integration::{generated_sha256, module};
use serde_json::{Value, json};

const MAX_BODY: u32 = 256 * 1024;

/// The largest body that is taken, and one byte more.
const FITTING: u64 = MAX_BODY as u64;
const TOO_LARGE: u64 = FITTING + 1;

struct Rig {
    upstream: Upstream,
    envoy: Envoy,
    http1: Client,
    h2: Client,
}

impl Rig {
    async fn start(name: &str, holds_headers: bool, config: Value) -> Self {
        Self::start_proxy(name, holds_headers, config, |proxy| proxy).await
    }

    async fn start_proxy(
        name: &str,
        holds_headers: bool,
        mut config: Value,
        change: impl FnOnce(Proxy) -> Proxy,
    ) -> Self {
        config["holding"] = json!({ "allow_on_headers_stop_iteration": holds_headers });
        let plugin = json!({ "allow_on_headers_stop_iteration": holds_headers });
        let upstream = Upstream::start().await;
        let mut proxy = Proxy::to(&upstream)
            .filter(wasm_filter(name, &module(name), &config, plugin))
            .body_buffer_limit(MAX_BODY + 64 * 1024);
        if name == "gateway" {
            proxy = proxy.functions(["all".to_owned()]);
        }
        let envoy = Envoy::start(change(proxy).bootstrap()).await;
        let address = envoy.listener(FRONT).await;
        Self {
            upstream,
            envoy,
            http1: client::http1(address),
            h2: client::h2(address),
        }
    }

    async fn editor(holds_headers: bool) -> Self {
        let config = json!({ "max_body": format!("{MAX_BODY}B") });
        Self::start("body-editor", holds_headers, config).await
    }

    /// One whose upstream is spoken to over HTTP/1.1, where more of a response may come at once.
    async fn editor_over_http1(holds_headers: bool) -> Self {
        let config = json!({ "max_body": format!("{MAX_BODY}B") });
        Self::start_proxy("body-editor", holds_headers, config, Proxy::over_http1).await
    }

    async fn gateway() -> Self {
        let route =
            json!({ "name": "all", "match": { "prefix": "/" }, "to": [{ "function": "all" }] });
        Self::start("gateway", true, json!({ "routes": [route] })).await
    }

    fn clients(&self) -> [&Client; 2] {
        [&self.http1, &self.h2]
    }

    async fn send(&self, client: &Client, request: Request) -> (Response, SeenRequest) {
        let response = client.send(request).await.unwrap();
        let seen = self.upstream.last();
        if let Some(announced) = seen.headers.get("content-length") {
            assert_eq!(announced.to_str().unwrap(), seen.body_length.to_string());
        }
        (response, seen)
    }
}

fn is_problem(response: &Response, status: u16, reason: &str) {
    assert_eq!(response.status, status, "{response:?}");
    assert_eq!(response.headers["content-type"], "application/problem+json");
    assert_eq!(response.json()["reason"], reason);
    assert!(!response.headers.contains_key("x-of"), "{response:?}");
}

/// An answer that tells itself from the filter's.
fn upstreams_own() -> Answer {
    Answer::new(200)
        .header("x-of", "upstream")
        .header("content-type", "text/plain")
}

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
    const LENGTH: u64 = 50_000_000;
    let rig = Rig::gateway().await;
    rig.upstream.answer(Answer::new(200).generated(LENGTH));
    for client in rig.clients() {
        let response = client.get("/").await.unwrap();
        assert_eq!(response.sha256(), generated_sha256(LENGTH));
    }
    let held = rig.envoy.peak_memory();
    assert!(held < 150 << 20, "Envoy held {held} bytes");
    rig.envoy.stop().await;
}
