//! The gateway behind a balancer that speaks as an NLB does.

use std::net::IpAddr;

use envoy_render::HEALTH_PATH;
use integration::balancer::{Balancer, Health, HealthCheck, Options, Target};
use integration::client;

use crate::rig::{Rig, STATUS};

#[tokio::test]
async fn a_balancer_finds_it_healthy_and_says_who_the_client_is() {
    let rig = Rig::new("topology: nlb-public").await;
    let target = Target {
        address: rig.listener("http").await,
        health: rig.listener(STATUS).await,
    };
    let balancer = Balancer::start(Options {
        proxy_protocol: true,
        health_check: HealthCheck {
            path: HEALTH_PATH.to_owned(),
            ..HealthCheck::default()
        },
        ..Options::default()
    })
    .await;
    balancer.register(target);
    balancer.until(target, Health::Healthy).await;
    let source = IpAddr::from([127, 0, 0, 9]);
    let client = client::http1(balancer.address()).from(source);
    assert_eq!(client.get("/pets").await.unwrap().status, 200);

    rig.envoy.admin_post("/healthcheck/fail").await;
    assert_eq!(client.get("/still").await.unwrap().status, 200);
    balancer.until(target, Health::Unhealthy).await;
    drop(balancer);
    let expected = |path: &str| (path.to_owned(), source.to_string());
    assert_eq!(rig.stop().await, [expected("/pets"), expected("/still")]);
}

/// The kernel's timer of the gateway's side of a connection to this port of it: `02` while it waits to ask
/// whether the client is still there (`tr` of proc_net_tcp).
fn timer(gateway: u16) -> String {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let rows = table.lines().skip(1);
    let fields = rows.map(|row| row.split_whitespace().collect::<Vec<_>>());
    let own = format!(":{gateway:04X}");
    let mut open = fields.filter(|row| row[1].ends_with(&own) && row[3] == "01");
    let timer = open.next().unwrap()[5];
    timer.split(':').next().unwrap().to_owned()
}

#[tokio::test]
async fn the_kernel_asks_whether_clients_of_a_balancer_are_still_there() {
    for (edge, asks) in [
        ("topology: nlb-public, controller: cloud-provider-aws", true),
        ("topology: cluster-ip", false),
    ] {
        let rig = Rig::new(edge).await;
        let address = rig.listener("http").await;
        let client = client::http1(address);
        assert_eq!(client.get("/").await.unwrap().status, 200);
        // What was sent is acknowledged a moment later, on a timer of its own.
        let settled = async {
            while (timer(address.port()) == "02") != asks {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(std::time::Duration::from_secs(10), settled).await;
        assert!(waited.is_ok(), "{edge}: {}", timer(address.port()));
        drop(client);
        rig.stop().await;
    }
}
