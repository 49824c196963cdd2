//! How often the service is asked: once a request at most, and not about keys that are known to be over.

use integration::workers::clients_of_both_workers;

use super::clock;
use super::shop::{LONG, Parts, Shop, send, statuses};
use integration::client::Request;

const OTHERS: &str = "{ match: { prefix: / }, to: [{ upstream: pets }] }";

#[tokio::test]
async fn nobody_is_asked_about_a_key_that_is_known_to_be_over() {
    let parts = Parts {
        rate_limiting: "",
        service: LONG,
        fields: "",
        routes: &[
            "{ match: { path: /limited }, limits: [{ name: users, rate: 3/d, by: [header.x-user], engine: { \
             ratelimit: {} } }], to: [{ upstream: pets }] }",
            OTHERS,
        ],
    };
    let shop = Shop::open(parts).await;
    let (one, other) = (shop.gateway(parts).await, shop.gateway(parts).await);
    let client = one.http1();
    let of_ann = statuses(&client, "/limited", "ann", 4).await;
    assert_eq!(of_ann, [200, 200, 200, 429]);
    assert_eq!(shop.service.calls().await, 4);
    for client in clients_of_both_workers(&one.envoy, "http").await {
        assert_eq!(statuses(&client, "/limited", "ann", 20).await, [429; 20]);
    }
    assert_eq!(shop.service.calls().await, 4);
    // The other Envoy asks once.
    for client in clients_of_both_workers(&other.envoy, "http").await {
        assert_eq!(statuses(&client, "/limited", "ann", 20).await, [429; 20]);
    }
    assert_eq!(shop.service.calls().await, 5);
    assert_eq!(statuses(&client, "/limited", "bob", 1).await, [200]);
    assert_eq!(shop.service.calls().await, 6);
    // Nor about what has no limit, or a path that is not there.
    assert_eq!(send(&client, Request::get("/")).await.status, 200);
    assert_eq!(shop.service.calls().await, 6);
    let seen = shop.upstream.seen();
    assert_eq!(seen.iter().filter(|one| one.path == "/limited").count(), 4);
    one.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn a_key_is_asked_about_again_in_the_next_period() {
    const LIMIT: u64 = 5;
    const SECONDS: u64 = 5;
    let parts = Parts {
        rate_limiting: "",
        service: LONG,
        fields: "limits: [{ name: all, rate: 5/s, engine: { ratelimit: {} } }]",
        routes: &[OTHERS],
    };
    let shop = Shop::open(parts).await;
    let (one, other) = (shop.gateway(parts).await, shop.gateway(parts).await);
    let clients = [one.http1(), other.http1()];
    let end = clock::next_second().await + SECONDS;
    let (mut sent, mut passed) = (0, 0);
    while clock::second() < end {
        for client in &clients {
            sent += 1;
            passed += u64::from(send(client, Request::get("/")).await.status == 200);
        }
    }
    // What was sent last may have come in one period more.
    let last = clients.len() as u64;
    let calls = shop.service.calls().await;
    println!("{sent} requests, {passed} passed, {calls} calls in {SECONDS} s");
    assert!(passed <= SECONDS * LIMIT + last, "{passed}");
    assert!(passed >= SECONDS * LIMIT, "{passed}");
    // In each period those that pass, and one refusal of each Envoy.
    assert!(calls <= SECONDS * (LIMIT + 2) + last, "{calls}");
    assert!(sent > 2 * calls, "{sent}");
    one.stop().await;
    other.stop().await;
}
