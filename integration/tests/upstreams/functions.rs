//! Destinations that say of themselves how their upstream is called.

use integration::client;
use integration::gateway::Gateway;
use integration::upstream::{Answer, Gate, Upstream};

#[tokio::test]
async fn destinations_of_one_upstream_differ_and_share_its_connections() {
    let upstream = Upstream::start().await;
    let never = Gate::shut();
    let held = never.clone();
    upstream.answer_with(move |seen| match seen.path.as_str() {
        "/retried" | "/failing" => Answer::new(503),
        "/ok" | "/patient/ok" => Answer::new(200),
        _ => Answer::new(200).after(&held),
    });
    let pets = format!("pets: {{ http: \"{}\", http2: true }}", upstream.address());
    let gateway = Gateway::start(
        &[pets],
        &[
            "{ match: { path: /hasty }, to: [{ upstream: pets, timeout: 100ms }] }",
            "{ match: { path: /silent }, to: [{ upstream: pets, timeout: 0s, idle_timeout: 100ms }] }",
            "{ match: { path: /retried }, to: [{ upstream: pets, retries: { on: [5xx], times: 2 } }] }",
            "{ match: { prefix: / }, to: [{ upstream: pets }] }",
        ],
    )
    .await;
    let client = client::h2(gateway.address);
    for (path, status, tries) in [
        ("/ok", 200, 1),
        ("/failing", 503, 1),
        ("/retried", 503, 3),
        ("/hasty", 504, 1),
        ("/silent", 504, 1),
        ("/patient/ok", 200, 1),
    ] {
        let before = upstream.requests();
        let answer = client.get(path).await.unwrap();
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(upstream.requests() - before, tries, "{path}");
    }
    // The client's connection is on one worker, and so is one connection to the upstream.
    assert_eq!(upstream.connections(), 1);
    gateway.stop().await;
}
