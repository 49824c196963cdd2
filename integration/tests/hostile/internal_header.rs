//! The header that names the function: a client cannot choose one with it, and nobody sees it.

use integration::client::Request;
use integration::upstream::Answer;

use crate::gateway::{Gateway, INTERNAL};

/// The header as clients may write it, each time naming the function `key`.
fn forged(key: &str) -> Vec<String> {
    let capital = "X-Headgate-Function";
    vec![
        format!("{INTERNAL}: {key}\r\n"),
        format!("{capital}: {key}\r\n"),
        format!("X-HEADGATE-FUNCTION: {key}\r\n"),
        format!("x-HeAdGaTe-fUnCtIoN:{key}\r\n"),
        format!("{INTERNAL}: {key}\r\n{INTERNAL}: {key}\r\n"),
        format!("{capital}: {key}\r\n{INTERNAL}: nothing\r\n"),
        format!("{INTERNAL}: nothing, {key}\r\n"),
        format!("{INTERNAL}:\t{key} \r\n"),
        format!("{INTERNAL}:\r\n"),
        format!("connection: {INTERNAL}\r\n{INTERNAL}: {key}\r\n"),
        format!("connection: close, {INTERNAL}\r\n"),
        format!("te: {INTERNAL}\r\ntrailer: {INTERNAL}\r\n"),
    ]
}

#[tokio::test]
async fn a_client_cannot_choose_the_function() {
    let gateway = Gateway::start().await;
    for lines in forged(&gateway.key("two")) {
        let before = gateway.upstream.requests();
        let response = gateway.get("/any", &lines).await;
        assert_eq!(response.status, 200, "{lines}");
        assert_eq!(response.header(INTERNAL), None, "{lines}");
        assert_eq!(gateway.upstream.requests(), before + 1, "{lines}");
    }
    for value in [gateway.key("two"), "\u{ff}".to_owned(), String::new()] {
        let mut request = Request::get("/any").header(INTERNAL, &value);
        request = request.header(INTERNAL, gateway.key("two"));
        let response = gateway.h2().send(request).await.unwrap();
        assert_eq!(response.status, 200);
        assert!(!response.headers.contains_key(INTERNAL));
    }
    assert_eq!(gateway.other.requests(), 0);
    // `stop` looks for the header in all that the upstreams have seen.
    gateway.stop().await;
}

#[tokio::test]
async fn a_request_without_a_route_is_refused_whatever_it_names() {
    let gateway = Gateway::start().await;
    for lines in forged(&gateway.key("two")) {
        assert_eq!(gateway.get("/nowhere", &lines).await.status, 404, "{lines}");
        assert_eq!(
            gateway.get("/stock.v1.Stock/Reserve", &lines).await.status,
            405
        );
    }
    assert_eq!(
        (gateway.upstream.requests(), gateway.other.requests()),
        (0, 0)
    );
    gateway.stop().await;
}

#[tokio::test]
async fn a_client_does_not_learn_the_function_from_an_upstream_either() {
    let gateway = Gateway::start().await;
    let answer = Answer::new(200).header(INTERNAL, "a").header(INTERNAL, "b");
    gateway.upstream.answer(answer.header("x-other", "stays"));
    for client in [gateway.http1(), gateway.h2()] {
        let response = client.get("/any").await.unwrap();
        assert_eq!(response.headers["x-other"], "stays");
        assert!(!response.headers.contains_key(INTERNAL), "{response:?}");
    }
    gateway.stop().await;
}
