//! What becomes of requests while the service, or its Redis, does not answer.

use std::time::Duration;

use serde_json::{Value, json};

use super::rig::{Gateway, Rig, Slot, field};

const DEADLINE: Duration = Duration::from_secs(30);

const ANN: &[Slot<'_>] = &[("five", "ann")];

/// Long enough for a service that answers, on a busy machine.
const LONG: &str = "10s";

/// What is given up soon. Without Redis the service soon waits for connections, and Envoy for the service.
const SHORT: &str = "0.1s";

fn refuse() -> Value {
    json!({ "failure_mode_deny": true, "status_on_error": { "code": 503 } })
}

/// Connections to a Redis that has ended fail once each.
async fn becomes_limited(gateway: &Gateway) {
    let asking = async { while field(&gateway.send(ANN).await, "x-ratelimit-limit").is_empty() {} };
    let asked = tokio::time::timeout(DEADLINE, asking).await;
    assert!(asked.is_ok(), "no limit is held again");
}

/// Requests pass, or are refused, and nothing tells of a limit.
async fn assert_unlimited(passing: &Gateway, refusing: &Gateway) {
    for _ in 0..7 {
        let passed = passing.send(ANN).await;
        assert_eq!(passed.status, 200);
        assert_eq!(field(&passed, "x-ratelimit-limit"), "");
        let refused = refusing.send(ANN).await;
        assert_eq!(refused.status, 503);
        assert_eq!(field(&refused, "x-details"), "rate_limiter_error");
        assert_eq!(field(&refused, "x-envoy-ratelimited"), "");
    }
}

#[tokio::test]
async fn without_redis_requests_pass_or_are_refused_and_with_one_again_they_are_limited() {
    let mut rig = Rig::start().await;
    let passing = rig.gateway(SHORT, json!({})).await;
    let refusing = rig.gateway(SHORT, refuse()).await;
    becomes_limited(&passing).await;
    rig.redis.kill();
    assert_unlimited(&passing, &refusing).await;
    rig.redis.restart().await;
    becomes_limited(&passing).await;
    becomes_limited(&refusing).await;
    passing.envoy.stop().await;
    refusing.envoy.stop().await;
}

#[tokio::test]
async fn without_the_service_requests_pass_or_are_refused_and_counts_outlive_it() {
    let mut rig = Rig::start().await;
    let passing = rig.gateway(LONG, json!({})).await;
    let refusing = rig.gateway(LONG, refuse()).await;
    assert_eq!(passing.statuses(5, ANN).await, [200; 5]);
    rig.service.kill();
    assert_unlimited(&passing, &refusing).await;
    rig.service.restart().await;
    becomes_limited(&passing).await;
    assert_eq!(passing.statuses(1, ANN).await, [429]);
    passing.envoy.stop().await;
    refusing.envoy.stop().await;
}

#[tokio::test]
async fn a_service_that_is_silent_costs_the_timeout() {
    let rig = Rig::start().await;
    let passing = rig.gateway(SHORT, json!({})).await;
    let refusing = rig.gateway(SHORT, refuse()).await;
    rig.service.pause().await;
    assert_unlimited(&passing, &refusing).await;
    rig.service.resume();
    becomes_limited(&passing).await;
    passing.envoy.stop().await;
    refusing.envoy.stop().await;
}
