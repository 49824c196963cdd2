//! What Envoy's own filter and the service do with slots: on this the pipeline relies.

use serde_json::json;

use super::rig::{Rig, field};

const TIMEOUT: &str = "10s";

#[tokio::test]
async fn a_limit_is_held_for_each_key() {
    let rig = Rig::start().await;
    let gateway = rig.gateway(TIMEOUT, json!({})).await;
    let ann = [("five", "ann")];
    assert_eq!(
        gateway.statuses(7, &ann).await,
        [200, 200, 200, 200, 200, 429, 429]
    );
    assert_eq!(gateway.statuses(1, &[("five", "bob")]).await, [200]);
    assert_eq!(rig.upstream.requests(), 6);
    assert_eq!(rig.service.calls().await, 8);
    gateway.envoy.stop().await;
}

#[tokio::test]
async fn two_envoys_hold_one_limit() {
    let rig = Rig::start().await;
    let (one, other) = (
        rig.gateway(TIMEOUT, json!({})).await,
        rig.gateway(TIMEOUT, json!({})).await,
    );
    let ann = [("five", "ann")];
    assert_eq!(one.statuses(3, &ann).await, [200, 200, 200]);
    assert_eq!(other.statuses(3, &ann).await, [200, 200, 429]);
    assert_eq!(one.statuses(1, &ann).await, [429]);
    one.envoy.stop().await;
    other.envoy.stop().await;
}

#[tokio::test]
async fn where_no_slot_is_filled_nobody_is_asked() {
    let rig = Rig::start().await;
    let gateway = rig.gateway(TIMEOUT, json!({})).await;
    assert_eq!(gateway.statuses(3, &[]).await, [200, 200, 200]);
    assert_eq!(rig.service.calls().await, 0);
    // All slots of a request are one call.
    let both = [("five", "ann"), ("ten", "ann")];
    assert_eq!(gateway.statuses(1, &both).await, [200]);
    assert_eq!(rig.service.calls().await, 1);
    gateway.envoy.stop().await;
}

#[tokio::test]
async fn what_one_limit_refuses_takes_nothing_from_another() {
    let rig = Rig::start().await;
    let gateway = rig.gateway(TIMEOUT, json!({})).await;
    gateway
        .statuses(9, &[("five", "ann"), ("ten", "ann")])
        .await;
    let ten = gateway.send(&[("ten", "ann")]).await;
    assert_eq!(field(&ten, "x-ratelimit-remaining"), "4");
    gateway.envoy.stop().await;
}

#[tokio::test]
async fn answers_tell_the_limit_that_has_least_left_and_name_all() {
    let rig = Rig::start().await;
    let gateway = rig.gateway(TIMEOUT, json!({})).await;
    let both = [("ten", "ann"), ("five", "ann")];
    let passed = gateway.send(&both).await;
    let limits = "5, 10;w=86400;name=\"ten\", 5;w=86400;name=\"five\"";
    assert_eq!(field(&passed, "x-ratelimit-limit"), limits);
    assert_eq!(field(&passed, "x-ratelimit-remaining"), "4");
    gateway.statuses(4, &both).await;
    let refused = gateway.send(&both).await;
    assert_eq!(refused.status, 429);
    assert_eq!(field(&refused, "x-envoy-ratelimited"), "true");
    assert_eq!(field(&refused, "x-ratelimit-limit"), limits);
    assert_eq!(field(&refused, "x-ratelimit-remaining"), "0");
    let reset: u64 = field(&refused, "x-ratelimit-reset").parse().unwrap();
    assert!((1..=86_400).contains(&reset), "{reset}");
    assert_eq!(field(&refused, "x-details"), "request_rate_limited");
    assert_eq!(refused.text(), "");
    gateway.envoy.stop().await;
}

#[tokio::test]
async fn a_request_costs_what_its_slot_says() {
    let rig = Rig::start().await;
    let gateway = rig.gateway(TIMEOUT, json!({})).await;
    let remaining = async |key: &str, cost: &str| {
        let answer = gateway.send_at_costs(&[(("ten", key), cost)]).await;
        field(&answer, "x-ratelimit-remaining").to_owned()
    };
    assert_eq!(remaining("ann", "3").await, "7");
    assert_eq!(remaining("ann", "0").await, "7");
    assert_eq!(remaining("bob", "1000000000").await, "0");
    // These the filter leaves out, as if no limit applied, so the pipeline never writes them.
    for unlimited in ["", "-1", "1000000001", "many"] {
        assert_eq!(remaining("cid", unlimited).await, "", "{unlimited:?}");
    }
    gateway.envoy.stop().await;
}

#[tokio::test]
async fn a_limit_changes_while_the_service_runs() {
    let rig = Rig::start().await;
    let gateway = rig.gateway(TIMEOUT, json!({})).await;
    let ann = [("five", "ann")];
    assert_eq!(gateway.statuses(2, &ann).await, [200, 200]);
    let three = super::rig::LIMITS.replace("requests_per_unit: 5", "requests_per_unit: 3");
    rig.service.configure(&three).await;
    assert_eq!(gateway.statuses(2, &ann).await, [200, 429]);
    gateway.envoy.stop().await;
}
