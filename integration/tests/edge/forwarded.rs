//! What upstreams are told by fields that only something before the gateway may write.

use integration::rendered::Rendered;
use integration::upstream::Upstream;

use crate::rig::{Rig, document, from};

/// A client that writes all of them.
const FORGED: &str = "forwarded: for=6.6.6.6;host=evil.example.com\r\n\
                      x-forwarded-host: evil.example.com\r\n\
                      x-forwarded-port: 666\r\n\
                      x-forwarded-prefix: /evil\r\n\
                      x-forwarded-scheme: evil\r\n\
                      x-forwarded-server: evil\r\n\
                      x-forwarded-ssl: off\r\n\
                      x-real-ip: 6.6.6.6\r\n\
                      x-forwarded-else: stays\r\n";

/// Those of [`FORGED`] that reach an upstream behind what `edge` says.
async fn told(rig: &Rig, header: &[u8]) -> Vec<String> {
    let seen = rig.seen(header, "/", FORGED).await;
    let names = FORGED.lines().filter_map(|line| line.split_once(':'));
    let names = names.filter(|(name, _)| seen.headers.contains_key(*name));
    names.map(|(name, _)| name.to_owned()).collect()
}

#[tokio::test]
async fn upstreams_are_told_what_the_front_writes_and_nothing_else() {
    for (edge, header, expected) in [
        ("topology: nlb-public", Some("203.0.113.7"), &[][..]),
        ("topology: cluster-ip", None, &[]),
        (
            "topology: cluster-ip, front: alb",
            None,
            &["x-forwarded-port"],
        ),
        (
            "topology: cluster-ip, front: api-gateway-rest",
            None,
            &["x-forwarded-port"],
        ),
        (
            "topology: cluster-ip, front: api-gateway-http",
            None,
            &["forwarded"],
        ),
    ] {
        let rig = Rig::new(edge).await;
        let told = told(&rig, &header.map(from).unwrap_or_default()).await;
        let expected = [expected, &["x-forwarded-else"]].concat();
        assert_eq!(told, expected, "{edge}");
        rig.stop().await;
    }
}

#[tokio::test]
async fn where_nothing_is_deployed_nothing_stands_before() {
    let upstream = Upstream::start().await;
    let listeners = "[{ name: http, port: 8080 }]";
    let rendered = Rendered::document(&document(listeners, "", upstream.address()));
    let envoy = rendered.start().await;
    let rig = Rig {
        upstream,
        rendered,
        envoy,
    };
    assert_eq!(told(&rig, b"").await, ["x-forwarded-else"]);
    rig.stop().await;
}
