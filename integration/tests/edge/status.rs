//! The listener that tells how a gateway is.

use std::fs;

use envoy_render::PIPELINE;
use integration::balancer::proxy_protocol;
use integration::raw::raw;
use integration::rendered::Rendered;
use integration::upstream::Upstream;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::rig::{Rig, STATUS, document, from};

const PUBLIC: &str = "topology: nlb-public";

impl Rig {
    async fn status(&self, path: &str) -> u16 {
        self.ask(STATUS, b"", path, "").await.unwrap().status
    }
}

#[tokio::test]
async fn it_answers_with_a_header_of_the_proxy_protocol_and_without() {
    let rig = Rig::new(PUBLIC).await;
    let (local, proxied) = (proxy_protocol::local(), from("203.0.113.7"));
    for before in [&b""[..], &local, &proxied] {
        for path in ["/healthz", "/ready", "/metrics"] {
            let answer = rig.ask(STATUS, before, path, "").await.unwrap();
            assert_eq!(answer.status, 200, "{path} after {before:?}");
        }
    }
    let answer = rig.ask(STATUS, b"", "/ready", "").await.unwrap();
    assert_eq!(answer.body, b"ready\n");
    // Nothing of it is in the access log, nor comes to an upstream.
    assert_eq!(rig.upstream.requests(), 0);
    assert_eq!(rig.stop().await, []);
}

#[tokio::test]
async fn health_fails_when_it_is_told_to_and_traffic_goes_on() {
    let rig = Rig::new(PUBLIC).await;
    let header = from("203.0.113.7");
    let traffic = async || rig.ask("http", &header, "/", "").await.unwrap();
    let before = traffic().await;
    assert_eq!(rig.envoy.admin_post("/healthcheck/fail").await, "OK\n");
    assert_eq!(rig.status("/healthz").await, 503);
    assert_eq!(rig.status("/ready").await, 200);
    let after = traffic().await;
    assert_eq!(after.status, 200);
    // Clients keep their connections: they would come back here as long as the balancer has not looked.
    assert_eq!(after.header("connection"), None);
    assert_eq!(names(&after), names(&before));
    rig.envoy.admin_post("/healthcheck/ok").await;
    assert_eq!(rig.status("/healthz").await, 200);
    rig.stop().await;
}

fn names(response: &integration::raw::RawResponse) -> Vec<&str> {
    let names = response.headers.iter().map(|(name, _)| &**name);
    names.collect()
}

#[tokio::test]
async fn metrics_are_all_of_the_admin_endpoint_that_can_be_reached() {
    let rig = Rig::new(PUBLIC).await;
    rig.seen(&from("203.0.113.7"), "/pets", "").await;
    let metrics = rig.ask(STATUS, b"", "/metrics", "").await.unwrap();
    let text = String::from_utf8(metrics.body).unwrap();
    let line = |line: &str| line.starts_with("headgate_requests_total{") && line.contains("pets");
    assert!(text.lines().any(line), "{text}");

    let drains = "/healthcheck/fail";
    for path in [
        "/metrics?usedonly",
        "/metrics/",
        "/metrics/../config_dump",
        "/metrics%3f",
        "/metrics/%2e%2e/config_dump",
        "/metricsx",
        "//metrics",
        "/stats",
        "/stats/prometheus",
        "/config_dump",
        "/certs",
        "/logging?level=trace",
        drains,
        "/quitquitquit",
        "/",
        "*",
    ] {
        for method in ["GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS"] {
            let answer = rig
                .send(
                    STATUS,
                    b"",
                    &format!("{method} {path}"),
                    "content-length: 0\r\n",
                )
                .await;
            let status = answer.unwrap().status;
            assert!((400..500).contains(&status), "{method} {path}: {status}");
        }
    }
    for path in ["/metrics", "/healthz", "/ready"] {
        for method in ["POST", "PUT", "DELETE"] {
            let request = format!("{method} {path}");
            let answer = rig
                .send(STATUS, b"", &request, "content-length: 0\r\n")
                .await;
            let status = answer.unwrap().status;
            assert!((400..500).contains(&status), "{request}: {status}");
        }
    }
    // Nor by way of the function that a request asks for, or of a host.
    let fields = "x-headgate-function: headgate.admin\r\n";
    let answer = rig.ask(STATUS, b"", "/stats", fields).await.unwrap();
    assert_eq!(answer.status, 404);
    // None of them was understood after all.
    assert_eq!(rig.status("/healthz").await, 200);
    assert_eq!(rig.upstream.requests(), 1);
    rig.stop().await;
}

/// Routes that the pipeline answers by itself are for clients, who come by a listener of theirs.
#[tokio::test]
async fn no_route_of_the_document_is_answered_there() {
    let upstream = Upstream::start().await;
    let document = format!(
        "{}  - {{ match: {{ path: /secret }}, respond: {{ status: 200, body: ours }} }}\n",
        document("[{ name: http, port: 8080 }]", PUBLIC, upstream.address()).replace(
            "routes: [{ match: { prefix: / }, to: [{ upstream: pets }] }]\n",
            "routes:\n  - { match: { prefix: / }, to: [{ upstream: pets }] }\n"
        )
    );
    let rendered = Rendered::deployed(&document);
    let envoy = rendered.start().await;
    let rig = Rig {
        upstream,
        rendered,
        envoy,
    };
    let ours = rig.ask("http", &from("203.0.113.7"), "/secret", "").await;
    assert_eq!(&*ours.unwrap().body, b"ours");
    let ready = "GET /ready HTTP/1.1\r\nhost: shop.example.com\r\n\r\n";
    let address = rig.listener(STATUS).await;
    let other_host = raw(address, ready.as_bytes().to_vec()).await.unwrap();
    assert_eq!(other_host.status, 404);
    assert_eq!(rig.status("/secret").await, 404);
    assert_eq!(rig.status("/ready?x").await, 404);
    // Counted is what the pipeline has seen.
    let metrics = rig.ask(STATUS, b"", "/metrics", "").await.unwrap();
    let text = String::from_utf8(metrics.body).unwrap();
    let counted = text
        .lines()
        .filter(|line| line.starts_with("headgate_requests_total{"));
    let counts: Vec<_> = counted
        .filter_map(|line| line.split(' ').next_back())
        .collect();
    assert_eq!(counts, ["1"], "{text}");
    rig.stop().await;
}

/// Whoever reaches a pod can connect there. That takes no more than a little of what clients may.
#[tokio::test]
async fn there_is_an_end_of_connections() {
    const MOST: usize = 200;
    let rig = Rig::new(PUBLIC).await;
    let address = rig.listener(STATUS).await;
    let mut open = Vec::new();
    for _ in 0..MOST {
        let mut connection = TcpStream::connect(address).await.unwrap();
        let request = b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n";
        connection.write_all(request).await.unwrap();
        open.push(connection);
    }
    let connections = "http.headgate.status.downstream_cx_active";
    let all = |now| now == u64::try_from(MOST).unwrap();
    rig.envoy.wait_for_stat(connections, all).await;
    let refused = rig.ask(STATUS, b"", "/healthz", "").await;
    assert!(refused.is_err(), "{refused:?}");
    // Clients are served all the same, and one that goes makes place.
    rig.seen(&from("203.0.113.7"), "/", "").await;
    open.truncate(MOST - 1);
    rig.envoy.wait_for_stat(connections, |now| now < 200).await;
    assert_eq!(rig.status("/healthz").await, 200);
    rig.stop().await;
}

#[tokio::test]
async fn clients_come_to_nothing_of_it_but_that_it_is_ready() {
    let rig = Rig::new(PUBLIC).await;
    let header = from("203.0.113.7");
    for path in ["/healthz", "/metrics", "/readyz", "/config_dump"] {
        rig.seen(&header, path, "").await;
    }
    let ready = rig.ask("http", &header, "/ready", "").await.unwrap();
    assert_eq!((ready.status, &*ready.body), (200, &b"ready\n"[..]));
    assert_eq!(rig.upstream.requests(), 4);
    rig.stop().await;
}

/// What the pipeline of this version reads, and what it does not.
#[tokio::test]
async fn a_configuration_that_the_pipeline_refuses_is_not_ready() {
    let upstream = Upstream::start().await;
    let document = document("[{ name: http, port: 8080 }]", PUBLIC, upstream.address());
    let rendered = Rendered::deployed(&document);
    let file = rendered.path(PIPELINE);
    let right = fs::read_to_string(&file).unwrap();
    let wrong = right.replace("\"routes\"", "\"roads\"");
    assert_ne!(wrong, right);
    fs::write(&file, &wrong).unwrap();
    let envoy = rendered.start().await;
    let rig = Rig {
        upstream,
        rendered,
        envoy,
    };
    // Envoy itself sees nothing wrong.
    assert_eq!(rig.envoy.admin_get("/ready").await, "LIVE\n");
    let traffic = rig.ask("http", &from("203.0.113.7"), "/", "").await;
    assert_eq!(traffic.unwrap().status, 500);
    assert_eq!(rig.status("/ready").await, 500);
    assert_eq!(rig.status("/metrics").await, 200);

    let beside = rig.rendered.path("ecds.new");
    fs::write(&beside, right).unwrap();
    fs::rename(&beside, &file).unwrap();
    let ready = async {
        while rig.status("/ready").await != 200 {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(std::time::Duration::from_secs(30), ready).await;
    assert!(waited.is_ok(), "not ready within 30 s");
    // What is refused from now on changes nothing.
    let rejected = "extension_config_discovery.http_filter.headgate.pipeline.update_rejected";
    let before = rig.envoy.stat(rejected).await;
    fs::write(&beside, wrong).unwrap();
    fs::rename(&beside, &file).unwrap();
    rig.envoy.wait_for_stat(rejected, |now| now > before).await;
    assert_eq!(rig.status("/ready").await, 200);
    // What was refused stands in Envoy's log like a VM that died, so it is not stopped as others are.
    drop(rig);
}
