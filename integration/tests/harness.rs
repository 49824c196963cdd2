//! The harness itself, with a real Envoy between its client and its upstream.

use integration::bootstrap::{FRONT, Proxy};
use integration::client::{self, Client, Request};
use integration::envoy::{self, Envoy};
use integration::generated_sha256;
use integration::raw::{RawFailure, raw};
use integration::upstream::{Answer, Arrival, Gate, Upstream};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

const MEGABYTE: u64 = 1 << 20;

struct Proxied {
    upstream: Upstream,
    envoy: Envoy,
    http1: Client,
    h2: Client,
}

impl Proxied {
    async fn start() -> Self {
        let upstream = Upstream::start().await;
        let envoy = Envoy::start(Proxy::to(&upstream).bootstrap()).await;
        let address = envoy.listener(FRONT).await;
        Self {
            upstream,
            envoy,
            http1: client::http1(address),
            h2: client::h2(address),
        }
    }

    fn clients(&self) -> [&Client; 2] {
        [&self.http1, &self.h2]
    }
}

#[tokio::test]
async fn a_request_arrives_as_it_was_sent() {
    let proxied = Proxied::start().await;
    for client in proxied.clients() {
        let request = Request::new("PUT", "/pets?tag=a%20b&tag=c")
            .authority("pets.example.com:99")
            .header("x-twice", "one")
            .header("x-twice", "two")
            .header("x-bytes", b"caf\xe9")
            .body("four");
        let response = client.send(request).await.unwrap();
        let seen = proxied.upstream.last();
        assert_eq!(
            (seen.method.as_str(), seen.path.as_str()),
            ("PUT", "/pets?tag=a%20b&tag=c")
        );
        assert_eq!(seen.authority.as_deref(), Some("pets.example.com:99"));
        assert!(seen.headers.get_all("x-twice").iter().eq(["one", "two"]));
        assert_eq!(seen.headers["x-bytes"].as_bytes(), b"caf\xe9");
        assert_eq!(seen.headers["content-length"], "4");
        assert_eq!(
            (seen.body.as_slice(), seen.body_length),
            (b"four".as_slice(), 4)
        );
        assert_eq!(seen.arrival, Arrival::Complete);

        assert_eq!(response.status, 200);
        let echo = response.json();
        assert_eq!(echo["method"], "PUT");
        assert_eq!(echo["path"], "/pets?tag=a%20b&tag=c");
        assert_eq!(echo["body_sha256"], seen.body_sha256);
        assert!(
            echo["headers"]
                .as_array()
                .unwrap()
                .contains(&json!(["x-bytes", "caf\\xe9"]))
        );
    }
    assert_eq!(proxied.upstream.requests(), 2);
    proxied.envoy.stop().await;
}

#[tokio::test]
async fn trailers_pass_in_both_directions() {
    let proxied = Proxied::start().await;
    proxied.upstream.answer(
        Answer::new(200)
            .chunked(["a", "b"])
            .trailer("grpc-status", "0"),
    );
    let request = Request::post("/")
        .chunked(["one", "two"])
        .trailer("x-checksum", "77");
    let response = proxied.h2.send(request).await.unwrap();
    assert_eq!(response.trailers["grpc-status"], "0");
    assert_eq!(response.text(), "ab");
    let seen = proxied.upstream.last();
    assert_eq!(seen.trailers["x-checksum"], "77");
    assert_eq!(seen.body, b"onetwo");
    assert!(!seen.headers.contains_key("content-length"));
    proxied.envoy.stop().await;
}

#[tokio::test]
async fn trailers_pass_between_client_and_upstream_over_http1_too() {
    let upstream = Upstream::start().await;
    upstream.answer(Answer::new(200).body("a").trailer("x-after", "1"));
    let client = client::http1(upstream.address());
    let request = Request::post("/")
        .header("te", "trailers")
        .body("b")
        .trailer("x-checksum", "77");
    let response = client.send(request).await.unwrap();
    assert_eq!(response.trailers["x-after"], "1");
    assert_eq!(upstream.last().trailers["x-checksum"], "77");
    assert_eq!(upstream.last().headers["transfer-encoding"], "chunked");
}

#[tokio::test]
async fn a_large_upload_streams_through_in_little_memory() {
    let proxied = Proxied::start().await;
    let digest = generated_sha256(100 * MEGABYTE);
    let before = envoy::peak_memory(std::process::id());
    for client in proxied.clients() {
        for request in [
            Request::post("/").generated(100 * MEGABYTE),
            Request::post("/").generated(100 * MEGABYTE).unannounced(),
        ] {
            let echo = client.send(request).await.unwrap().json();
            assert_eq!(echo["body_length"], 100 * MEGABYTE);
            assert_eq!(echo["body_sha256"], digest);
        }
    }
    let risen = envoy::peak_memory(std::process::id()) - before;
    assert!(
        risen < 25 * MEGABYTE,
        "this process held {risen} bytes more"
    );
    proxied.envoy.assert_no_body_kept();
    proxied.envoy.stop().await;
}

#[tokio::test]
async fn a_large_download_streams_through_in_pieces() {
    let proxied = Proxied::start().await;
    proxied
        .upstream
        .answer(Answer::new(200).generated(5 * MEGABYTE));
    for client in proxied.clients() {
        let mut response = client.begin(Request::get("/")).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-length"], "5242880");
        let mut pieces = Vec::new();
        while let Some(piece) = response.chunk().await.unwrap() {
            pieces.push(piece.len() as u64);
        }
        assert_eq!(pieces.iter().sum::<u64>(), 5 * MEGABYTE);
        assert!(pieces.len() > 1);
    }
    proxied.envoy.stop().await;
}

#[tokio::test]
async fn a_request_is_on_record_before_its_body_comes() {
    let proxied = Proxied::start().await;
    for client in proxied.clients() {
        let (request, feed) = Request::post("/").fed();
        let sending = client.spawn(request);
        let before = proxied.upstream.requests();
        let seen = proxied.upstream.wait_for(|seen| seen.len() > before).await;
        let latest = seen.last().unwrap();
        assert_eq!((latest.arrival, latest.body_length), (Arrival::Arriving, 0));

        assert!(feed.data("first").await);
        let arrived = |length| {
            let upstream = &proxied.upstream;
            async move {
                upstream
                    .wait_for(|seen| seen.last().unwrap().body_length == length)
                    .await
            }
        };
        assert_eq!(arrived(5).await.last().unwrap().arrival, Arrival::Arriving);
        assert!(feed.data("second").await);
        arrived(11).await;
        assert!(feed.end_with_trailer("x-end", "1").await);
        assert_eq!(sending.await.unwrap().unwrap().status, 200);
        assert_eq!(proxied.upstream.last().arrival, Arrival::Complete);
    }
    proxied.envoy.stop().await;
}

#[tokio::test]
async fn a_client_that_leaves_is_on_record() {
    let proxied = Proxied::start().await;
    for client in proxied.clients() {
        let (request, feed) = Request::post("/").fed();
        let sending = client.spawn(request);
        assert!(feed.data("half").await);
        proxied
            .upstream
            .wait_for(|seen| seen.last().is_some_and(|last| last.body == b"half"))
            .await;
        sending.abort();
        proxied
            .upstream
            .wait_for(|seen| seen.last().unwrap().arrival == Arrival::Aborted)
            .await;
    }
    proxied.envoy.stop().await;
}

#[tokio::test]
async fn an_answer_waits_for_its_gate() {
    let upstream = Upstream::start().await;
    let gate = Gate::shut();
    upstream.answer(Answer::new(204).after(&gate));
    let client = client::http1(upstream.address());
    let sending = client.spawn(Request::get("/"));
    upstream
        .wait_for(|seen| seen.iter().any(|seen| seen.arrival == Arrival::Complete))
        .await;
    assert!(!sending.is_finished());
    gate.open();
    assert_eq!(sending.await.unwrap().unwrap().status, 204);
}

#[tokio::test]
async fn an_answer_can_depend_on_the_request() {
    let upstream = Upstream::start().await;
    upstream.answer_with(|seen| Answer::new(200).header("x-path", &seen.path));
    let client = client::h2(upstream.address());
    for path in ["/a", "/b?c"] {
        assert_eq!(client.get(path).await.unwrap().headers["x-path"], path);
    }
}

#[tokio::test]
async fn connections_are_kept_and_counted() {
    let upstream = Upstream::start().await;
    for (clients, client) in [
        client::http1(upstream.address()),
        client::h2(upstream.address()),
    ]
    .iter()
    .enumerate()
    {
        for _ in 0..3 {
            assert_eq!(client.get("/").await.unwrap().status, 200);
            assert_eq!(
                client
                    .send(Request::post("/").body("x"))
                    .await
                    .unwrap()
                    .status,
                200
            );
        }
        assert_eq!(client.connections(), 1);
        assert_eq!(upstream.connections(), clients + 1);
        assert_eq!(upstream.last().connection, clients + 1);
    }
}

#[tokio::test]
async fn an_early_response_is_a_response() {
    let proxied = Proxied::start().await;
    let address = proxied.envoy.listener(FRONT).await;
    drop(proxied.upstream);
    for client in [client::http1(address), client::h2(address)] {
        let response = client
            .send(Request::post("/").generated(50 * MEGABYTE))
            .await
            .unwrap();
        assert_eq!(response.status, 503);
        assert_eq!(
            client.get("/").await.unwrap().status,
            503,
            "the client goes on"
        );
    }
    proxied.envoy.stop().await;
}

#[tokio::test]
async fn large_headers_pass() {
    let proxied = Proxied::start().await;
    let value = "v".repeat(60_000);
    for client in proxied.clients() {
        let request = Request::get("/").header("x-large", &value);
        assert_eq!(client.send(request).await.unwrap().status, 200);
        assert_eq!(proxied.upstream.last().headers["x-large"], value);
    }
    proxied.envoy.stop().await;
}

#[tokio::test]
async fn raw_sends_what_no_library_would() {
    let proxied = Proxied::start().await;
    let address = proxied.envoy.listener(FRONT).await;
    let request = b"POST / HTTP/1.1\r\nHOST: a.example\r\nX-OdD: \xff\xfe\r\nx-odd: 2\r\n\
        Content-Length: 3\r\n\r\nabc";
    let response = raw(address, request).await.unwrap();
    assert_eq!(response.status, 200);
    assert_eq!(
        response.header("Content-Type").as_deref(),
        Some("application/json")
    );
    let seen = proxied.upstream.last();
    let values = seen.headers.get_all("x-odd").iter();
    assert!(
        values
            .map(|value| value.as_bytes())
            .eq([b"\xff\xfe".as_slice(), b"2"])
    );
    assert_eq!(seen.body, b"abc");

    let absurd = raw(address, "GET / HTTP/1.1\r\nhost: a b\r\nnonsense\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(absurd.status, 400);
    proxied.envoy.stop().await;
}

#[tokio::test]
async fn raw_reads_every_kind_of_body() {
    let upstream = Upstream::start().await;
    let ask = async |request: &str| raw(upstream.address(), request).await;
    upstream.answer(
        Answer::new(200)
            .chunked(["one", "two"])
            .trailer("x-after", "1"),
    );
    let get = "GET / HTTP/1.1\r\nhost: a\r\nte: trailers\r\n\r\n";
    let chunked = ask(get).await.unwrap();
    assert_eq!(
        chunked.header("transfer-encoding").as_deref(),
        Some("chunked")
    );
    assert_eq!(chunked.body, b"onetwo");

    let until_closed = ask("GET / HTTP/1.0\r\n\r\n").await.unwrap();
    assert_eq!(until_closed.body, b"onetwo");

    upstream.answer(Answer::new(200).body("12345"));
    assert_eq!(
        ask("HEAD / HTTP/1.1\r\nhost: a\r\n\r\n")
            .await
            .unwrap()
            .body,
        b""
    );
    let pipelined = ask(&get.repeat(2)).await.unwrap();
    assert_eq!(pipelined.body, b"12345");
    upstream.wait_for(|seen| seen.len() == 5).await;
}

#[tokio::test]
async fn raw_says_what_came_when_it_is_no_response() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let say = async |bytes: &[u8]| {
        let (mut stream, _) = server.accept().await.unwrap();
        stream.write_all(bytes).await.unwrap();
    };
    let (failure, ()) = tokio::join!(raw(address, ""), say(b"HTTP/1.1 200 OK\r\n"));
    assert!(matches!(failure, Err(RawFailure::Closed(bytes)) if bytes == b"HTTP/1.1 200 OK\r\n"));
    let (failure, ()) = tokio::join!(raw(address, ""), say(b"220 smtp\r\n"));
    assert!(
        matches!(failure, Err(RawFailure::Malformed { bytes, .. }) if bytes == b"220 smtp\r\n")
    );
}
