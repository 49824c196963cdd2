//! Who may read answers: where Envoy itself gives them, and what a browser asks beforehand.

use hyper::header::HeaderName;
use integration::client::{Request, Response};
use integration::envoy::free_port;
use integration::gateway::Gateway;
use integration::upstream::{Answer, Gate, Upstream};

const POLICY: &str = r#"cors: { origins: ["https://*.example.com"], credentials: true, expose: [grpc-status, grpc-message] }"#;
const PAGE: &str = "https://shop.example.com";
const FOREIGN: &str = "https://example.com.evil.org";

fn may_be_read(response: &Response) {
    let headers = &response.headers;
    assert_eq!(headers["access-control-allow-origin"], PAGE, "{response:?}");
    assert_eq!(headers["access-control-allow-credentials"], "true");
    assert_eq!(headers["vary"], "origin", "{response:?}");
}

fn may_not_be_read(response: &Response) {
    let of_cors = |name: &&HeaderName| name.as_str().starts_with("access-control-");
    let found = response.headers.keys().find(of_cors);
    assert_eq!(found, None, "{response:?}");
    assert_eq!(response.headers["vary"], "origin", "{response:?}");
}

/// A gateway with a route of every kind, and what they lead to.
async fn every_kind() -> (Gateway, Upstream) {
    let upstream = Upstream::start().await;
    let address = upstream.address();
    let upstreams = [
        format!(r#"pets: {{ http: "{address}" }}"#),
        format!(r#"chat: {{ http: "{address}", websocket: true }}"#),
        format!(r#"stock: {{ grpc: "{address}" }}"#),
    ];
    let routes = [
        r#"{ match: { path: "/pets/{id}", methods: [GET, PUT] }, to: [{ upstream: pets }] }"#,
        "{ match: { prefix: /files }, to: [{ upstream: pets }] }",
        r#"{ match: { regex: "/v[0-9]+/pets" }, to: [{ upstream: pets }] }"#,
        "{ match: { hosts: [api.example.com], path: /host }, to: [{ upstream: pets }] }",
        "{ match: { path: /json, content_types: [application/json] }, to: [{ upstream: pets }] }",
        "{ match: { path: /beta, headers: { x-beta: yes-please } }, to: [{ upstream: pets }] }",
        r#"{ match: { path: /query, query: { v: "2" } }, to: [{ upstream: pets }] }"#,
        "{ match: { grpc: stock.v1.Stock }, to: [{ upstream: stock }] }",
        "{ match: { path: /chat }, to: [{ upstream: chat }] }",
        "{ match: { path: /old }, redirect: { path: /pets/1 } }",
        "{ match: { path: /hello }, respond: { status: 200, body: hello } }",
    ];
    let gateway = Gateway::with(POLICY, &upstreams, &routes).await;
    (gateway, upstream)
}

/// What pages ask beforehand, for a route of every kind: host, path, method, header fields.
const ASKED: [(&str, &str, &str, &str); 12] = [
    ("a", "/pets/7", "GET", "x-user"),
    ("a", "/pets/7", "PUT", "content-type"),
    ("a", "/files/a/b", "DELETE", ""),
    ("a", "/v12/pets", "PATCH", "content-type"),
    ("api.example.com", "/host", "GET", "x-user"),
    ("a", "/json", "POST", "content-type"),
    ("a", "/beta", "GET", "x-beta"),
    ("a", "/query?v=2", "GET", "x-user"),
    (
        "a",
        "/stock.v1.Stock/Reserve",
        "POST",
        "content-type,x-grpc-web",
    ),
    ("a", "/chat", "GET", "x-user"),
    ("a", "/old", "PUT", ""),
    ("a", "/hello", "GET", "x-user"),
];

fn preflight(origin: &str, (host, path, method, fields): (&str, &str, &str, &str)) -> Request {
    let request = Request::new("OPTIONS", path)
        .authority(host)
        .header("origin", origin)
        .header("access-control-request-method", method);
    match fields {
        "" => request,
        fields => request.header("access-control-request-headers", fields),
    }
}

#[tokio::test]
async fn a_preflight_of_any_kind_of_route_is_answered_and_goes_nowhere() {
    let (gateway, upstream) = every_kind().await;
    for client in [gateway.http1(), gateway.h2()] {
        for asked in ASKED {
            let response = client.send(preflight(PAGE, asked)).await.unwrap();
            assert_eq!(response.status, 204, "{asked:?}: {response:?}");
            may_be_read(&response);
            let methods = &response.headers["access-control-allow-methods"];
            let mut methods = methods.to_str().unwrap().split(", ");
            assert!(methods.any(|method| method == asked.2), "{asked:?}");
            assert!(response.body.is_empty());

            let response = client.send(preflight(FOREIGN, asked)).await.unwrap();
            assert_eq!(response.status, 403, "{asked:?}: {response:?}");
            assert!(response.text().contains("origin_not_allowed"));
            may_not_be_read(&response);
        }
    }
    assert_eq!(upstream.requests(), 0);
    gateway.stop().await;
}

#[tokio::test]
async fn every_refusal_may_be_read_by_who_may_ask() {
    let (gateway, upstream) = every_kind().await;
    let reserve = "/stock.v1.Stock/Reserve";
    for client in [gateway.http1(), gateway.h2()] {
        for (request, status, reason) in [
            (Request::get("/nowhere"), 404, "no_route"),
            (Request::get("/query?v=3"), 404, "no_route"),
            (Request::post("/pets/7"), 405, "method_not_allowed"),
            (
                Request::post("/json").header("content-type", "text/csv"),
                415,
                "unsupported_media_type",
            ),
            (Request::post(reserve), 415, "unsupported_media_type"),
        ] {
            let (method, path) = (request.method().to_owned(), request.path().to_owned());
            let response = client.send(request.header("origin", PAGE)).await.unwrap();
            assert_eq!(response.status, status, "{method} {path}");
            may_be_read(&response);
            assert!(response.text().contains(reason), "{response:?}");
            let request = Request::new(&method, &path).header("origin", FOREIGN);
            may_not_be_read(&client.send(request).await.unwrap());
        }
        let nowhere = Request::post("/stock.v1.Other/Reserve")
            .header("content-type", "application/grpc-web-text")
            .header("origin", PAGE);
        let response = client.send(nowhere).await.unwrap();
        may_be_read(&response);
        assert_eq!(response.headers["grpc-status"], "12");
        let exposed = &response.headers["access-control-expose-headers"];
        assert_eq!(exposed, "grpc-status, grpc-message");
    }
    let upgrade = Request::get("/pets/7")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("origin", PAGE);
    let response = gateway.http1().send(upgrade).await.unwrap();
    assert_eq!(response.status, 403);
    may_be_read(&response);
    assert_eq!(upstream.requests(), 0);
    gateway.stop().await;
}

#[tokio::test]
async fn what_envoy_answers_itself_may_be_read_too() {
    let slow = Upstream::start().await;
    let gate = Gate::shut();
    slow.answer(Answer::new(200).after(&gate));
    let upstreams = [
        format!(r#"gone: {{ http: "127.0.0.1:{}" }}"#, free_port()),
        format!(r#"slow: {{ http: "{}", timeout: 50ms }}"#, slow.address()),
    ];
    let routes = [
        "{ match: { path: /gone }, to: [{ upstream: gone }] }",
        "{ match: { path: /slow }, to: [{ upstream: slow }] }",
    ];
    let gateway = Gateway::with(POLICY, &upstreams, &routes).await;
    for client in [gateway.http1(), gateway.h2()] {
        for (path, status) in [("/gone", 503), ("/slow", 504)] {
            let from = |origin| Request::get(path).header("origin", origin);
            let response = client.send(from(PAGE)).await.unwrap();
            assert_eq!(response.status, status);
            may_be_read(&response);
            let response = client.send(from(FOREIGN)).await.unwrap();
            assert_eq!(response.status, status);
            may_not_be_read(&response);
        }
    }
    gate.open();
    gateway.stop().await;
}
