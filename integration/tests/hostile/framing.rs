//! Where one request ends and the next begins: nobody gets a request past the gateway inside another.

use std::time::Duration;

use futures_util::future::join_all;
use integration::upstream::{Arrival, SeenRequest};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::gateway::Gateway;

/// Only there so that a test fails rather than hangs.
const DEADLINE: Duration = Duration::from_secs(30);

/// Writes bytes, and reads until the server closes.
async fn until_closed(gateway: &Gateway, bytes: impl AsRef<[u8]>) -> String {
    let bytes = bytes.as_ref();
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut all = Vec::new();
    // A reset is a way to close, too.
    let reading = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut all)).await;
    assert!(reading.is_ok(), "open after \"{}\"", bytes.escape_ascii());
    String::from_utf8_lossy(&all).into_owned()
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_their_order() {
    let gateway = Gateway::start().await;
    let first = "GET /any/1 HTTP/1.1\r\nhost: a\r\n\r\n";
    let second = "PUT /pets/2 HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nbody";
    let refused = "GET /nowhere HTTP/1.1\r\nhost: a\r\n\r\n";
    let last = "GET /any/3 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    for (requests, places) in [
        (
            [first, second, last].concat(),
            &["/any/1", "/pets/2", "/any/3"][..],
        ),
        ([refused, last].concat(), &["no_route", "/any/3"]),
        ([first, refused].concat(), &["/any/1", "no_route"]),
    ] {
        // What is no request closes the connection, where the last one has not.
        let answers = until_closed(&gateway, requests + "\0\r\n\r\n").await;
        let mut rest = answers.as_str();
        for place in places {
            let found = rest
                .split_once("HTTP/1.1 ")
                .and_then(|(_, rest)| rest.split_once(place));
            (_, rest) = found.unwrap_or_else(|| panic!("no {place} in its place: {answers}"));
        }
    }
    let seen = gateway.upstream.seen();
    let put = seen.iter().find(|seen| seen.method == "PUT").unwrap();
    assert_eq!(put.body, b"body");
    gateway.stop().await;
}

/// The body of a request, in which one of two readers would see another request.
const SMUGGLED: &str = "0\r\n\r\nGET /other HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn a_length_that_can_be_read_in_two_ways_is_refused() {
    let gateway = Gateway::start().await;
    let length = SMUGGLED.len();
    let refused = [
        format!("content-length: {length}\r\ntransfer-encoding: chunked"),
        format!("transfer-encoding: chunked\r\ncontent-length: {length}"),
        "transfer-encoding: chunked\r\ncontent-length: 5".to_owned(),
        format!("content-length: 5\r\ncontent-length: {length}"),
        format!("content-length: {length}\r\ncontent-length: 5"),
        format!("content-length: 5, {length}"),
        "content-length: +5".to_owned(),
        "content-length: -1".to_owned(),
        "content-length: 0x5".to_owned(),
        "content-length: 5 5".to_owned(),
        "content-length: 99999999999999999999".to_owned(),
        "content-length : 5".to_owned(),
        "transfer-encoding : chunked".to_owned(),
        "transfer-encoding:\u{b}chunked".to_owned(),
        "transfer-encoding: identity\r\ncontent-length: 5".to_owned(),
    ];
    let not_known = [
        "xchunked",
        "chunked, identity",
        "chunked, chunked",
        "gzip, chunked",
        "identity\r\ntransfer-encoding: chunked",
        "chunked\r\n x: folded",
    ];
    let not_known = not_known.map(|coding| format!("transfer-encoding: {coding}"));
    let refused = refused.map(|lines| (lines, "400")).into_iter();
    let all = refused.chain(not_known.map(|lines| (lines, "501")));
    // At once, since Envoy waits for a second before it closes.
    let here = &gateway;
    join_all(all.map(|(lines, expected)| async move {
        let head = format!("POST /any HTTP/1.1\r\nhost: a\r\n{lines}\r\n\r\n");
        let answers = until_closed(here, head + SMUGGLED).await;
        let statuses: Vec<_> = answers.split("HTTP/1.1 ").skip(1).collect();
        assert!(statuses.len() == 1, "{lines}: {answers}");
        assert!(statuses[0].starts_with(expected), "{lines}: {answers}");
    }))
    .await;
    assert_eq!(
        (gateway.upstream.requests(), gateway.other.requests()),
        (0, 0)
    );
    gateway.stop().await;
}

#[tokio::test]
async fn a_folded_line_is_one_line_to_the_upstream_too() {
    let gateway = Gateway::start().await;
    let lines = "x-folded: 1\r\n\tcontent-length: 5\r\nx-last: 2\r\n \r\n  3\r\n";
    assert_eq!(gateway.get("/any", lines).await.status, 200);
    let seen = gateway.upstream.last();
    let value = |name: &str| seen.headers[name].to_str().unwrap().to_owned();
    assert_eq!(value("x-folded"), "1\tcontent-length: 5");
    assert!(
        value("x-last").starts_with('2') && value("x-last").ends_with('3'),
        "{seen:?}"
    );
    assert!(!seen.headers.contains_key("content-length"), "{seen:?}");
    gateway.stop().await;
}

#[tokio::test]
async fn chunks_that_are_none_end_the_request() {
    let gateway = Gateway::start().await;
    let head = "POST /any HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
    for body in [
        "5\r\nhello\r\n0\r\n\r\n",
        "5;a=b\r\nhello\r\n0\r\n\r\n",
        "5 \r\nhello\r\n0\r\n\r\n",
        "5\r\nhello\r\n0\r\nx-trailer: 1\r\n\r\n",
    ] {
        assert_eq!(
            gateway.raw(format!("{head}{body}")).await.status,
            200,
            "{body:?}"
        );
        let seen = gateway.upstream.last();
        assert_eq!(
            (seen.arrival, &*seen.body),
            (Arrival::Complete, &b"hello"[..])
        );
    }
    let good = gateway.upstream.requests();
    for body in [
        "5;\nhello\r\n0\r\n\r\n",
        "+5\r\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        " 5\r\nhello\r\n0\r\n\r\n",
        "5\nhello\n0\n\n",
        "5\r\nhelloX0\r\n\r\n",
        "5\r\nhello\r\n0\r\nno trailer\r\n\r\n",
        "fffffffffffffffff5\r\nhello\r\n0\r\n\r\n",
        "g\r\nhello\r\n0\r\n\r\n",
        "\r\nhello\r\n0\r\n\r\n",
    ] {
        assert_eq!(
            gateway.raw(format!("{head}{body}")).await.status,
            400,
            "{body:?}"
        );
    }
    // What had begun to reach the upstream did not end there.
    let aborted = |seen: &SeenRequest| seen.arrival == Arrival::Aborted;
    let all_aborted = |seen: &[SeenRequest]| seen.iter().skip(good).all(aborted);
    gateway.upstream.wait_for(all_aborted).await;
    gateway.stop().await;
}
