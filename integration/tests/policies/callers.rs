//! gRPC-Web, and the form in which each kind of caller is told why it was refused.

use integration::client::{Client, Request, Response};
use integration::gateway::Gateway;
use integration::services::{Running, Service};

/// `ReserveRequest { item: "rope", quantity: 1 }` in a frame.
const RESERVE: &[u8] = b"\0\0\0\0\x08\x0a\x04rope\x10\x01";
const RESERVE_TEXT: &[u8] = b"AAAAAAgKBHJvcGUQAQ==";

const ROUTED: &str = "/stock.v1.Stock/Reserve";
const NOT_ROUTED: &str = "/stock.v1.Stock/Watch";

struct Rig {
    gateway: Gateway,
    stock: Running,
}

impl Rig {
    async fn start() -> Self {
        let stock = Service::Stock.start().await.unwrap();
        let upstream = format!("stock: {{ grpc: \"{}\" }}", stock.address());
        let route = "{ match: { grpc: stock.v1.Stock/Reserve }, to: [{ upstream: stock }] }";
        Self {
            gateway: Gateway::start(&[upstream], &[route]).await,
            stock,
        }
    }

    fn clients(&self) -> [Client; 2] {
        [self.gateway.http1(), self.gateway.h2()]
    }

    async fn stop(self) {
        self.gateway.stop().await;
        self.stock.stop().await.unwrap();
    }
}

async fn call(client: &Client, content_type: &str, path: &str, body: &'static [u8]) -> Response {
    let request = Request::post(path)
        .header("content-type", content_type)
        .header("accept", content_type);
    client.send(request.body(body)).await.unwrap()
}

#[tokio::test]
async fn a_grpc_web_call_is_answered_by_a_grpc_server() {
    let rig = Rig::start().await;
    for client in rig.clients() {
        for content_type in ["application/grpc-web", "application/grpc-web+proto"] {
            let response = call(&client, content_type, ROUTED, RESERVE).await;
            assert_eq!(response.status, 200);
            let of = &response.headers["content-type"];
            assert_eq!(of, "application/grpc-web+proto");
            // A frame with the message, then one with what gRPC has as trailers.
            assert!(response.body.starts_with(b"\0\0\0\0"), "{response:?}");
            let trailers = b"\x80\0\0\0\x0fgrpc-status:0\r\n";
            assert!(response.body.ends_with(trailers), "{response:?}");
        }
        let content_type = "application/grpc-web-text";
        let response = call(&client, content_type, ROUTED, RESERVE_TEXT).await;
        assert_eq!(response.status, 200);
        let of = &response.headers["content-type"];
        assert_eq!(of, "application/grpc-web-text+proto");
        assert!(response.text().ends_with("gAAAAA9ncnBjLXN0YXR1czowDQo="));
    }
    rig.stop().await;
}

#[tokio::test]
async fn every_caller_of_grpc_is_refused_by_a_grpc_status() {
    let rig = Rig::start().await;
    for client in rig.clients() {
        for (content_type, answered, body) in [
            ("application/grpc", "application/grpc", RESERVE),
            ("application/grpc+proto", "application/grpc", RESERVE),
            (
                "application/grpc-web",
                "application/grpc-web+proto",
                RESERVE,
            ),
            (
                "application/grpc-web+proto",
                "application/grpc-web+proto",
                RESERVE,
            ),
            (
                "application/grpc-web-text",
                "application/grpc-web-text+proto",
                RESERVE_TEXT,
            ),
            (
                "application/grpc-web-text+proto",
                "application/grpc-web-text+proto",
                RESERVE_TEXT,
            ),
        ] {
            let response = call(&client, content_type, NOT_ROUTED, body).await;
            assert_eq!(response.status, 200, "{content_type}");
            assert_eq!(response.headers["content-type"], answered, "{content_type}");
            assert_eq!(response.headers["grpc-status"], "12", "{content_type}");
            let message = &response.headers["grpc-message"];
            assert_eq!(message, "No route matches this host and path.");
            assert!(response.body.is_empty(), "{response:?}");
        }
    }
    rig.stop().await;
}

#[tokio::test]
async fn others_are_refused_by_an_http_status_and_problem_details() {
    let rig = Rig::start().await;
    for client in rig.clients() {
        for content_type in ["application/json", "application/grpcish", "text/plain"] {
            let response = call(&client, content_type, NOT_ROUTED, b"{}").await;
            assert_eq!(response.status, 404);
            let of = &response.headers["content-type"];
            assert_eq!(of, "application/problem+json");
            assert!(!response.headers.contains_key("grpc-status"));
            assert!(response.text().contains(r#""reason":"no_route""#));
        }
    }
    rig.stop().await;
}
