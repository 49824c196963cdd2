//! What clients are told of limits that the service holds, and what nobody can make them be told.

use integration::client::{Client, Request, Response};
use integration::upstream::Answer;

use super::rig::field;
use super::shop::{EVERYTHING, LONG, Parts, Shop, of_user, send, statuses};

const TWO_OF_EACH: Parts<'_> = Parts {
    rate_limiting: "",
    service: LONG,
    fields: "limits: [{ name: users, rate: 2/d, by: [header.x-user], engine: { ratelimit: {} } }]",
    routes: EVERYTHING,
};

/// Nobody outside sees these.
const INTERNAL: [&str; 6] = [
    "x-headgate-over",
    "x-envoy-ratelimited",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "ratelimit",
];

fn assert_refused(answer: &Response) {
    assert_eq!(answer.status, 429);
    assert_eq!(field(answer, "content-type"), "application/problem+json");
    let problem = answer.json();
    assert_eq!(problem["title"], "Too Many Requests");
    assert_eq!(problem["status"], 429);
    assert_eq!(problem["reason"], "over_limit");
    assert_eq!(problem["detail"], "The limit \"users\" is reached.");
    assert_retry_after(answer);
    for name in INTERNAL {
        assert!(!answer.headers.contains_key(name), "{name}: {answer:?}");
    }
}

fn assert_retry_after(answer: &Response) {
    let seconds: u64 = field(answer, "retry-after").parse().unwrap();
    assert!((1..=86_400).contains(&seconds), "{seconds}");
}

/// Uses up what a user has.
async fn use_up(client: &Client, user: &str) {
    assert_eq!(statuses(client, "/", user, 2).await, [200, 200]);
}

#[tokio::test]
async fn refusals_of_the_service_and_from_memory_are_alike() {
    let parts = Parts {
        fields: "limits: [{ name: users, rate: 2/d, by: [header.x-user], engine: { ratelimit: {} } }]\n\
                 cors: { origins: [\"https://shop.example.com\"] }",
        ..TWO_OF_EACH
    };
    let shop = Shop::open(parts).await;
    let gateway = shop.gateway(parts).await;
    for (client, user) in [(gateway.http1(), "ann"), (gateway.h2(), "bob")] {
        let page = || of_user("/", user).header("origin", "https://shop.example.com");
        for _ in 0..2 {
            let passed = send(&client, page()).await;
            assert_eq!(passed.status, 200);
            for name in INTERNAL {
                assert!(!passed.headers.contains_key(name), "{name}: {passed:?}");
            }
        }
        for _ in 0..2 {
            let refused = send(&client, page()).await;
            assert_refused(&refused);
            let origin = field(&refused, "access-control-allow-origin");
            assert_eq!(origin, "https://shop.example.com");
        }
    }
    // One of the refusals of each has asked nobody.
    assert_eq!(shop.service.calls().await, 6);
    gateway.stop().await;
}

#[tokio::test]
async fn callers_of_grpc_are_told_that_the_resource_is_exhausted() {
    let parts = Parts {
        routes: &["{ match: { grpc: stock.v1.Stock/Reserve }, to: [{ upstream: stock }] }"],
        ..TWO_OF_EACH
    };
    let shop = Shop::open(parts).await;
    shop.upstream.answer(
        Answer::new(200)
            .header("content-type", "application/grpc")
            .trailer("grpc-status", "0"),
    );
    let gateway = shop.gateway(parts).await;
    let client = gateway.h2();
    let call = async || {
        let call = Request::post("/stock.v1.Stock/Reserve")
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("x-user", "ann")
            .body(&b"\0\0\0\0\0"[..]);
        send(&client, call).await
    };
    for _ in 0..2 {
        assert_eq!(call().await.trailers["grpc-status"], "0");
    }
    for _ in 0..2 {
        let refused = call().await;
        assert_eq!(refused.status, 200);
        assert_eq!(field(&refused, "grpc-status"), "8");
        let message = "The limit \"users\" is reached.";
        assert_eq!(field(&refused, "grpc-message"), message);
        assert_retry_after(&refused);
        assert!(!refused.headers.contains_key("x-headgate-over"));
    }
    assert_eq!(shop.service.calls().await, 3);
    assert_eq!(shop.upstream.requests(), 2);
    gateway.stop().await;
}

#[tokio::test]
async fn what_each_envoy_holds_itself_is_told_of() {
    let parts = Parts {
        rate_limiting: "on: responses",
        fields: "limits: [{ name: users, rate: 9/d, by: [header.x-user], engine: { ratelimit: { local: { rate: \
                 2/h } } } }]",
        ..TWO_OF_EACH
    };
    let shop = Shop::open(parts).await;
    let gateway = shop.gateway(parts).await;
    let client = gateway.http1();
    let passed = send(&client, of_user("/", "ann")).await;
    assert_eq!(field(&passed, "ratelimit-policy"), "\"users\";q=2;w=3600");
    assert!(field(&passed, "ratelimit").starts_with("\"users\";r=1;t="));
    assert_eq!(statuses(&client, "/", "ann", 2).await, [200, 429]);
    let refused = send(&client, of_user("/", "ann")).await;
    assert!(field(&refused, "ratelimit").starts_with("\"users\";r=0;t="));
    assert_eq!(shop.service.calls().await, 2);
    gateway.stop().await;
}

#[tokio::test]
async fn an_upstream_cannot_speak_for_the_service() {
    let shop = Shop::open(TWO_OF_EACH).await;
    let gateway = shop.gateway(TWO_OF_EACH).await;
    let client = gateway.http1();
    let forged = Answer::new(429)
        .header("x-headgate-over", "limit")
        .header("x-envoy-ratelimited", "true")
        .header("x-ratelimit-limit", "2, 2;w=86400;name=\"users\"")
        .header("x-ratelimit-remaining", "0")
        .header("x-ratelimit-reset", "1000");
    shop.upstream.answer(forged.body("mine"));
    let answer = send(&client, of_user("/", "ann")).await;
    assert_eq!((answer.status.as_u16(), &*answer.text()), (429, "mine"));
    assert!(!answer.headers.contains_key("x-headgate-over"));
    shop.upstream.answer(Answer::new(200));
    assert_eq!(statuses(&client, "/", "ann", 2).await, [200, 429]);
    gateway.stop().await;
}

#[tokio::test]
async fn a_client_cannot_write_what_the_service_is_asked() {
    let parts = Parts {
        fields: "",
        routes: &[
            "{ match: { path: /free }, to: [{ upstream: pets }] }",
            "{ name: all, match: { prefix: / }, limits: [{ name: users, rate: 2/d, by: [header.x-user], engine: { ratelimit: \
             {} } }], to: [{ upstream: pets }] }",
        ],
        ..TWO_OF_EACH
    };
    let shop = Shop::open(parts).await;
    let gateway = shop.gateway(parts).await;
    let client = gateway.http1();
    let name = {
        use_up(&client, "ann").await;
        let seen = shop.upstream.last();
        // The router takes off what the service was asked.
        let internal = seen
            .headers
            .keys()
            .find(|name| name.as_str().starts_with("x-headgate-limit"));
        assert_eq!(internal, None);
        shop.upstream.requests()
    };
    let forged = |path: &str, user: &str| {
        let mut request = of_user(path, user);
        for slot in 0..3 {
            for (field, value) in [("name", "all/users"), ("key", "victim"), ("cost", "2")] {
                let field = format!("x-headgate-limit-{field}-{slot}");
                request = request.header(&field, value);
                request = request.header(&field.to_ascii_uppercase(), value);
            }
        }
        request
    };
    for path in ["/", "/free"] {
        for _ in 0..2 {
            assert_eq!(send(&client, forged(path, "mallory")).await.status, 200);
            let seen = shop.upstream.last();
            let internal = seen
                .headers
                .keys()
                .find(|name| name.as_str().starts_with("x-headgate-limit"));
            assert_eq!(internal, None);
        }
    }
    assert_eq!(shop.upstream.requests(), name + 4);
    // Two of Ann, two of Mallory; a path without a limit asks nobody.
    assert_eq!(shop.service.calls().await, 4);
    assert_eq!(statuses(&client, "/", "mallory", 1).await, [429]);
    use_up(&client, "victim").await;
    gateway.stop().await;
}
