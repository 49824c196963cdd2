//! Who may read answers, where Envoy itself gives them and where a browser would ask.

use integration::client::{Request, Response};
use integration::envoy::free_port;
use integration::gateway::Gateway;
use integration::upstream::{Answer, Upstream};

const POLICY: &str = r#"cors: { origins: ["https://*.example.com"], credentials: true }"#;
const PAGE: &str = "https://shop.example.com";

fn get(path: &str, origin: &str) -> Request {
    Request::get(path).header("origin", origin)
}

fn may_be_read(response: &Response, by: &str) {
    let headers = &response.headers;
    assert_eq!(headers["access-control-allow-origin"], by, "{response:?}");
    assert_eq!(headers["access-control-allow-credentials"], "true");
    assert_eq!(headers["vary"], "origin", "{response:?}");
}

fn may_not_be_read(response: &Response) {
    let headers = &response.headers;
    let cors = |name: &&hyper::header::HeaderName| name.as_str().starts_with("access-control-");
    assert_eq!(headers.keys().find(cors), None, "{response:?}");
    assert_eq!(headers["vary"], "origin", "{response:?}");
}

#[tokio::test]
async fn what_envoy_answers_itself_may_be_read_too() {
    let slow = Upstream::start().await;
    let gate = slow.hold();
    let upstreams = [
        format!(r#"gone: {{ http: "127.0.0.1:{}" }}"#, free_port()),
        format!(
            r#"slow: {{ http: "{}", timeout: 50ms }}"#,
            slow.address()
        ),
    ];
    let routes = [
        "{ match: { path: /gone }, to: [{ upstream: gone }] }",
        "{ match: { path: /slow }, to: [{ upstream: slow }] }",
    ];
    let gateway = Gateway::with(POLICY, &upstreams, &routes).await;
    for client in [gateway.http1(), gateway.h2()] {
        for (path, status) in [("/gone", 503), ("/slow", 504)] {
            let response = client.send(get(path, PAGE)).await.unwrap();
            assert_eq!(response.status, status);
            may_be_read(&response, PAGE);
            let response = client.send(get(path, "https://evil.example")).await.unwrap();
            assert_eq!(response.status, status);
            may_not_be_read(&response);
        }
    }
    gate.open();
    gateway.stop().await;
}
