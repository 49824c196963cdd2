//! HTTP that streams, is large, or has no body at all.

use integration::client::{self, Client, Request};
use integration::gateway::Gateway;
use integration::generated_sha256;
use integration::raw::raw;
use integration::upstream::{Answer, Gate, SeenRequest, Upstream};

const LENGTH: u64 = 50_000_000;

struct Rig {
    gateway: Gateway,
    upstream: Upstream,
}

impl Rig {
    async fn start() -> Self {
        let upstream = Upstream::start().await;
        let one = format!("one: {{ http: \"{}\" }}", upstream.address());
        let route = "{ match: { prefix: / }, to: [{ upstream: one }] }";
        let gateway = Gateway::start(&[one], &[route]).await;
        Self { gateway, upstream }
    }

    fn clients(&self) -> [Client; 2] {
        let address = self.gateway.address;
        [client::http1(address), client::h2(address)]
    }
}

#[tokio::test]
async fn large_bodies_pass_both_ways_at_once_and_are_not_kept() {
    let rig = Rig::start().await;
    let answer = |seen: &SeenRequest| {
        Answer::new(200)
            .header("x-digest", &seen.body_sha256)
            .generated(LENGTH)
    };
    rig.upstream.answer_with(answer);
    let mut sent = Vec::new();
    for client in rig.clients() {
        sent.push(client.spawn(Request::post("/").generated(LENGTH)));
        sent.push(client.spawn(Request::post("/").generated(LENGTH).unannounced()));
    }
    let digest = generated_sha256(LENGTH);
    for response in sent {
        let response = response.await.unwrap().unwrap();
        assert_eq!(response.headers["x-digest"], digest, "the request's body");
        assert_eq!(response.sha256(), digest, "the response's body");
    }
    rig.gateway.envoy.assert_no_body_kept();
    rig.gateway.stop().await;
}

#[tokio::test]
async fn a_stream_is_passed_on_as_it_comes() {
    let rig = Rig::start().await;
    for content_type in ["text/event-stream", "application/x-ndjson"] {
        for client in rig.clients() {
            let gate = Gate::shut();
            let answer = Answer::new(200).header("content-type", content_type);
            rig.upstream
                .answer(answer.chunked(["one\n\n", "two\n\n"]).pausing(&gate));
            let mut response = client.begin(Request::get("/")).await.unwrap();
            assert_eq!(response.chunk().await.unwrap().unwrap(), "one\n\n");
            gate.open();
            assert_eq!(response.chunk().await.unwrap().unwrap(), "two\n\n");
            let end = response.chunk().await.unwrap();
            assert!(end.is_none_or(|end| end.is_empty()));
        }
    }
    rig.gateway.stop().await;
}

#[tokio::test]
async fn responses_without_a_body_keep_their_headers() {
    let rig = Rig::start().await;
    for client in rig.clients() {
        rig.upstream.answer(
            Answer::new(200)
                .header("etag", "\"7\"")
                .generated(1_000_000),
        );
        let head = client.send(Request::new("HEAD", "/")).await.unwrap();
        assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
        assert_eq!(head.headers["content-length"], "1000000");
        for status in [204, 304] {
            rig.upstream
                .answer(Answer::new(status).header("etag", "\"7\""));
            let response = client.get("/").await.unwrap();
            assert_eq!((response.status.as_u16(), response.body.len()), (status, 0));
            assert_eq!(response.headers["etag"], "\"7\"");
        }
    }
    rig.gateway.stop().await;
}

#[tokio::test]
async fn a_client_that_waits_for_leave_to_send_gets_it() {
    let rig = Rig::start().await;
    let head = "POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n";
    let response = raw(rig.gateway.address, format!("{head}hello"))
        .await
        .unwrap();
    assert_eq!(response.status, 200);
    assert_eq!(rig.upstream.last().body, b"hello");
    rig.gateway.stop().await;
}

#[tokio::test]
async fn how_long_an_upstream_takes_is_told_to_neither_side() {
    let rig = Rig::start().await;
    let answer = rig.gateway.http1().get("/").await.unwrap();
    let seen = rig.upstream.last();
    for (side, headers) in [("client", &answer.headers), ("upstream", &seen.headers)] {
        for name in [
            "x-envoy-upstream-service-time",
            "x-envoy-expected-rq-timeout-ms",
        ] {
            assert!(!headers.contains_key(name), "{side}: {headers:?}");
        }
    }
    rig.gateway.stop().await;
}
