//! Header fields of all kinds reach the other side as they are, or the request goes nowhere.

use integration::client::Request;
use integration::upstream::{Answer, SeenRequest};

use crate::gateway::Gateway;

/// Not UTF-8 in four ways: a lone continuation, an overlong slash, a surrogate, ISO 8859-1.
const NOT_UTF_8: [&[u8]; 4] = [b"\x80", b"\xc0\xaf", b"\xed\xa0\x80", b"caf\xe9 \xff"];

fn values(seen: &SeenRequest, name: &str) -> Vec<Vec<u8>> {
    let values = seen.headers.get_all(name).into_iter();
    values.map(|value| value.as_bytes().to_owned()).collect()
}

#[tokio::test]
async fn values_that_are_not_utf_8_pass_byte_for_byte_both_ways() {
    let gateway = Gateway::start().await;
    for value in NOT_UTF_8 {
        gateway
            .upstream
            .answer(Answer::new(200).header("x-back", value));
        for client in [gateway.http1(), gateway.h2()] {
            let request = Request::get("/any").header("x-forth", value);
            let response = client.send(request).await.unwrap();
            assert_eq!(response.status, 200);
            assert_eq!(response.headers["x-back"].as_bytes(), value);
            assert_eq!(values(&gateway.upstream.last(), "x-forth"), [value]);
        }
    }
    gateway.stop().await;
}

#[tokio::test]
async fn values_that_are_not_utf_8_do_not_hinder_a_refusal() {
    let gateway = Gateway::start().await;
    for value in NOT_UTF_8 {
        let lines = [b"content-type: ", value, b"\r\nx-other: ", value, b"\r\n"].concat();
        assert_eq!(gateway.get("/nowhere", &lines).await.status, 404);
    }
    gateway.stop().await;
}

#[tokio::test]
async fn sixty_kilobytes_of_headers_pass_and_more_is_refused() {
    let gateway = Gateway::start().await;
    let long = "x".repeat(59_000);
    for client in [gateway.http1(), gateway.h2()] {
        let request = Request::get("/any").header("x-long", &long);
        assert_eq!(client.send(request).await.unwrap().status, 200);
        assert_eq!(
            values(&gateway.upstream.last(), "x-long"),
            [long.as_bytes()]
        );
        // Of the same size, with nowhere to go: the pipeline reads them all the same.
        let nowhere = Request::get("/nowhere").header("x-long", &long);
        assert_eq!(client.send(nowhere).await.unwrap().status, 404);
    }
    let seen = gateway.upstream.requests();
    let longer = Request::get("/any").header("x-long", "x".repeat(62_000));
    assert_eq!(gateway.http1().send(longer).await.unwrap().status, 431);
    let many = "x-many: 1\r\n".repeat(110);
    assert_eq!(gateway.get("/any", many).await.status, 431);
    assert_eq!(gateway.upstream.requests(), seen);
    gateway.stop().await;
}

#[tokio::test]
async fn repeated_headers_stay_apart_and_in_order_both_ways() {
    let gateway = Gateway::start().await;
    let answer = Answer::new(200)
        .header("set-cookie", "a=1")
        .header("x-n", "1");
    let answer = answer.header("set-cookie", "b=2, c=3").header("x-n", "2");
    gateway.upstream.answer(answer);
    for client in [gateway.http1(), gateway.h2()] {
        let mut request = Request::get("/any");
        for n in ["2", "", "1", "1, 0"] {
            request = request.header("x-n", n).header("x-between", "x");
        }
        let response = client.send(request).await.unwrap();
        let seen = gateway.upstream.last();
        assert_eq!(
            values(&seen, "x-n"),
            ["2", "", "1", "1, 0"].map(str::as_bytes)
        );
        assert_eq!(values(&seen, "x-between").len(), 4);
        let back = |name| response.headers.get_all(name).iter().collect::<Vec<_>>();
        assert_eq!(back("set-cookie"), ["a=1", "b=2, c=3"]);
        assert_eq!(back("x-n"), ["1", "2"]);
    }
    gateway.stop().await;
}

#[tokio::test]
async fn names_with_an_underscore_are_refused() {
    let gateway = Gateway::start().await;
    for lines in ["x_y: 1\r\n", "x-headgate_function: 1\r\n", "_: 1\r\n"] {
        assert_eq!(gateway.get("/any", lines).await.status, 400, "{lines}");
    }
    let request = Request::get("/any").header("x_y", "1");
    let refused = gateway.h2().send(request).await;
    assert!(refused.is_err(), "the stream is reset: {refused:?}");
    assert_eq!(gateway.upstream.requests(), 0);
    gateway.stop().await;
}

#[tokio::test]
async fn what_is_no_header_is_refused() {
    let gateway = Gateway::start().await;
    for line in [
        &b"no colon\r\n"[..],
        b": no name\r\n",
        b"x y: 1\r\n",
        b"x-nul: a\0b\r\n",
        b"x-bell: a\x07b\r\n",
        b"\xff: 1\r\n",
    ] {
        let response = gateway.get("/any", line).await;
        assert_eq!(response.status, 400, "{}", line.escape_ascii());
    }
    assert_eq!(gateway.upstream.requests(), 0);
    // Envoy leaves out a carriage return that ends no line; a server might have ended it there.
    assert_eq!(gateway.get("/any", "x-cr: a\rx-b: 1\r\n").await.status, 200);
    assert_eq!(values(&gateway.upstream.last(), "x-cr"), [b"ax-b: 1"]);
    gateway.stop().await;
}
