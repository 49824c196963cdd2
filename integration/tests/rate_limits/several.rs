//! Several limits of one request, what a request costs, and dry runs.

use integration::client::{Client, Request};

use super::shop::{EVERYTHING, LONG, Parts, Shop, send};

/// Which limit refuses a request with these fields; none, if it passes.
async fn refused(client: &Client, fields: &[(&str, &str)]) -> Option<String> {
    let mut request = Request::get("/");
    for (name, value) in fields {
        request = request.header(name, value);
    }
    let answer = send(client, request).await;
    match answer.status.as_u16() {
        200 => None,
        429 => Some(answer.json()["detail"].as_str().unwrap().to_owned()),
        other => panic!("{other}: {answer:?}"),
    }
}

fn by(limit: &str) -> Option<String> {
    Some(format!("The limit \"{limit}\" is reached."))
}

#[tokio::test]
async fn a_dry_run_refuses_nothing_and_hides_no_other() {
    let parts = Parts {
        rate_limiting: "",
        service: LONG,
        fields: "limits: [{ name: trial, rate: 1/d, dry_run: true, engine: { ratelimit: {} } }, { name: users, \
                 rate: 3/d, by: [header.x-user], engine: { ratelimit: {} } }]",
        routes: EVERYTHING,
    };
    let shop = Shop::open(parts).await;
    let gateway = shop.gateway(parts).await;
    let client = gateway.http1();
    for user in ["ann", "bob"] {
        for _ in 0..3 {
            assert_eq!(refused(&client, &[("x-user", user)]).await, None);
        }
        for _ in 0..2 {
            assert_eq!(refused(&client, &[("x-user", user)]).await, by("users"));
        }
    }
    // Six have passed, and dry runs are asked about apart. Two of the refusals have asked nobody.
    assert_eq!(shop.service.calls().await, 6 * 2 + 2);
    gateway.stop().await;
}

#[tokio::test]
async fn each_limit_counts_its_cost_and_takes_nothing_when_another_refuses() {
    let parts = Parts {
        rate_limiting: "",
        service: LONG,
        fields: "limits: [{ name: users, rate: 10/d, by: [header.x-user], cost: { header: x-cost }, engine: { \
                 ratelimit: {} } }, { name: tenants, rate: 4/d, by: [header.x-tenant], engine: { ratelimit: {} } }]",
        routes: EVERYTHING,
    };
    let shop = Shop::open(parts).await;
    let gateway = shop.gateway(parts).await;
    let client = gateway.http1();
    let ask = async |user, tenant, cost| {
        let fields = [("x-user", user), ("x-tenant", tenant), ("x-cost", cost)];
        refused(&client, &fields).await
    };
    assert_eq!(ask("ann", "t", "6").await, None);
    assert_eq!(ask("ann", "t", "6").await, by("users"));
    // Known by now, and asked of nobody.
    let calls = shop.service.calls().await;
    assert_eq!(ask("ann", "t", "1").await, by("users"));
    assert_eq!(ask("ann", "u", "1").await, by("users"));
    assert_eq!(shop.service.calls().await, calls);
    // What cannot be read costs one.
    for cost in ["-1", "many", ""] {
        assert_eq!(ask("bob", "t", cost).await, None, "{cost}");
    }
    // One of Ann's and three of Bob's.
    assert_eq!(ask("cid", "t", "1").await, by("tenants"));
    assert_eq!(ask("cid", "u", "10").await, None);
    // Who asks for more than there ever is asks in vain, and uses up nothing.
    let calls = shop.service.calls().await;
    let in_vain = "The request costs more than the limit \"users\" ever lets pass.";
    for cost in ["11", "99999999999999999999"] {
        assert_eq!(ask("dan", "u", cost).await.as_deref(), Some(in_vain));
    }
    assert_eq!(shop.service.calls().await, calls);
    assert_eq!(ask("dan", "u", "10").await, None);
    gateway.stop().await;
}

#[tokio::test]
async fn limits_that_look_alike_are_told_apart_by_what_is_asked_together() {
    let parts = Parts {
        rate_limiting: "",
        service: LONG,
        fields: "limits: [{ name: users, rate: 2/d, by: [header.x-user], engine: { ratelimit: {} } }, { name: \
                 tenants, rate: 2/d, by: [header.x-tenant], engine: { ratelimit: {} } }]",
        routes: EVERYTHING,
    };
    let shop = Shop::open(parts).await;
    let gateway = shop.gateway(parts).await;
    let client = gateway.http1();
    let ask = async |user, tenant| {
        let fields = [("x-user", user), ("x-tenant", tenant)];
        refused(&client, &fields).await.is_some()
    };
    assert!(!ask("ann", "t").await);
    assert!(!ask("ann", "u").await);
    // Ann is over, and no tenant is: neither for her nor for others.
    assert!(ask("ann", "v").await);
    assert!(ask("ann", "v").await);
    assert!(ask("ann", "t").await);
    assert_eq!(shop.service.calls().await, 4);
    assert!(!ask("bob", "t").await);
    assert!(!ask("bob", "v").await);
    assert!(!ask("cid", "v").await);
    assert!(ask("cid", "v").await);
    gateway.stop().await;
}
