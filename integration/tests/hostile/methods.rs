//! Methods and request lines that are not the usual ones.

use integration::client::Request;
use integration::raw::RawResponse;
use serde_json::{Value, json};

use crate::gateway::Gateway;

fn problem(response: &RawResponse) -> Value {
    assert_eq!(
        response.header("content-type").as_deref(),
        Some("application/problem+json")
    );
    serde_json::from_slice(&response.body).unwrap()
}

#[tokio::test]
async fn a_method_that_a_route_does_not_take_is_405_with_those_it_takes() {
    let gateway = Gateway::start().await;
    for method in ["POST", "DELETE", "OPTIONS", "TRACE", "PATCH", "PROPFIND"] {
        let head = format!("{method} /pets/1 HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n");
        let response = gateway.raw(head).await;
        assert_eq!(response.status, 405, "{method}");
        assert_eq!(
            response.header("allow").as_deref(),
            Some("GET, PUT"),
            "{method}"
        );
        let expected = json!({
            "title": "Method Not Allowed",
            "status": 405,
            "detail": "This method is not allowed here; GET, PUT would be.",
            "reason": "method_not_allowed",
        });
        assert_eq!(problem(&response), expected, "{method}");
    }
    // Envoy takes methods that it does not know over HTTP/2 alone.
    for method in ["get", "GETT", "X-Y"] {
        let head = format!("{method} /pets/1 HTTP/1.1\r\nhost: a\r\n\r\n");
        assert_eq!(gateway.raw(head).await.status, 400, "{method}");
        let request = Request::new(method, "/pets/1");
        let response = gateway.h2().send(request).await.unwrap();
        assert_eq!(response.status, 405, "{method}");
        assert_eq!(response.headers["allow"], "GET, PUT", "{method}");
    }
    assert_eq!(gateway.upstream.requests(), 0);
    gateway.stop().await;
}

#[tokio::test]
async fn connect_is_405_with_no_method_to_take_instead() {
    let gateway = Gateway::start().await;
    for authority in ["example.com:443", "api.example.com:80", "[::1]:1"] {
        let head = format!("CONNECT {authority} HTTP/1.1\r\nhost: {authority}\r\n\r\n");
        let response = gateway.raw(head).await;
        assert_eq!(response.status, 405, "{authority}");
        assert_eq!(response.header("allow").as_deref(), Some(""), "{authority}");
        let problem = problem(&response);
        assert_eq!(problem["detail"], "This method is not allowed here.");
        assert_eq!(problem["reason"], "method_not_allowed");
    }
    assert_eq!(gateway.upstream.requests(), 0);
    gateway.stop().await;
}

#[tokio::test]
async fn what_is_no_request_line_is_refused() {
    let gateway = Gateway::start().await;
    for (line, status) in [
        // Envoy's own: what is asked for is the server, not a path.
        ("OPTIONS * HTTP/1.1", 404),
        ("GET * HTTP/1.1", 400),
        ("CONNECT /any HTTP/1.1", 400),
        ("GET any HTTP/1.1", 400),
        ("GET ?q HTTP/1.1", 400),
        ("GET  HTTP/1.1", 400),
        ("GET /any /any HTTP/1.1", 400),
        ("GET /any HTTP/1.0", 426),
        ("GET /any HTTP/0.9", 426),
        ("GET /any HTTP/2.0", 426),
        ("GET /any", 426),
        ("\0\0\0\0", 400),
        // The beginning of a TLS handshake.
        ("\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{f}", 400),
    ] {
        let response = gateway.raw(format!("{line}\r\nhost: a\r\n\r\n")).await;
        assert_eq!(response.status, status, "{line:?}");
    }
    assert_eq!(gateway.upstream.requests(), 0);
    gateway.stop().await;
}
