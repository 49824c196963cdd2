//! By which scheme the client called, as upstreams are told and routes may ask.

use integration::client::{self, Request};

use crate::rig::{Rig, from, values};

const TLS: &str = "tls: { listeners: [https], certificates: \
                   [\"arn:aws:acm:eu-west-1:123456789012:certificate/a\"] }";

/// What an upstream is told for each of what a client may say, at one listener.
async fn schemes(rig: &Rig, listener: &str, header: &[u8]) -> Vec<String> {
    let mut told = Vec::new();
    for (number, forged) in [
        "",
        "x-forwarded-proto: http\r\n",
        "x-forwarded-proto: https\r\n",
    ]
    .into_iter()
    .enumerate()
    {
        let path = format!("/{number}");
        let response = rig.ask(listener, header, &path, forged).await.unwrap();
        assert_eq!(response.status, 200);
        let schemes = values(&rig.upstream.last(), "x-forwarded-proto");
        told.push(schemes.join(", "));
    }
    told
}

#[tokio::test]
async fn where_tls_ends_at_the_balancer_it_is_https_whatever_a_client_says() {
    let header = from("203.0.113.7");
    for (controller, header) in [
        ("aws-load-balancer-controller", &header[..]),
        ("cloud-provider-aws", &[]),
    ] {
        let rig = Rig::with(
            "[{ name: http, port: 8080 }, { name: https, port: 8443 }]",
            &format!("topology: nlb-public, controller: {controller}, {TLS}"),
        )
        .await;
        assert_eq!(schemes(&rig, "https", header).await, ["https"; 3]);
        assert_eq!(schemes(&rig, "http", header).await, ["http"; 3]);
        rig.stop().await;
    }
}

#[tokio::test]
async fn behind_an_alb_it_is_what_the_alb_says() {
    let rig = Rig::new("topology: nlb-private, front: alb").await;
    let told = schemes(&rig, "http", &from("10.0.0.9")).await;
    assert_eq!(told, ["http", "http", "https"]);
    rig.stop().await;
}

#[tokio::test]
async fn behind_an_api_gateway_it_is_https() {
    for front in ["api-gateway-rest", "api-gateway-http"] {
        let rig = Rig::new(&format!("topology: nlb-private, front: {front}")).await;
        assert_eq!(schemes(&rig, "http", &from("10.0.0.9")).await, ["https"; 3]);
        rig.stop().await;
    }
}

#[tokio::test]
async fn http2_is_told_the_same() {
    let rig = Rig::with(
        "[{ name: https, port: 8443 }]",
        &format!("topology: nlb-public, controller: cloud-provider-aws, {TLS}"),
    )
    .await;
    // hyper writes `:scheme: http` on a connection in the clear, as an NLB passes on `https`.
    let client = client::h2(rig.listener("https").await);
    let answer = client.send(Request::get("/")).await.unwrap();
    assert_eq!(answer.status, 200);
    let told = values(&rig.upstream.last(), "x-forwarded-proto");
    assert_eq!(told, ["https"]);
    rig.stop().await;
}
