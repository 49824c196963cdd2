//! Upstreams with names that something on the way may take for something else.

use std::fmt::Write as _;

use integration::client;
use integration::rendered::Rendered;
use integration::upstream::Upstream;

/// Numbers, and words that YAML 1.1 knows other meanings of.
const NAMES: [&str; 20] = [
    "8080", "00", "0", "0x1f", "0o17", "1e3", "1_000", "x_y", "true", "no", "on", "y", "n", "null",
    "nan", "inf", "12e45", "a-b", "a.b", "default",
];

#[tokio::test]
async fn each_is_an_upstream_of_its_own() {
    let mut upstreams = String::new();
    let mut routes = String::new();
    let mut running = Vec::new();
    for name in NAMES {
        let upstream = Upstream::start().await;
        let address = upstream.address();
        writeln!(upstreams, "  \"{name}\": {{ http: \"{address}\" }}").unwrap();
        writeln!(
            routes,
            "  - {{ match: {{ path: /{name} }}, to: [{{ upstream: \"{name}\" }}] }}"
        )
        .unwrap();
        running.push(upstream);
    }
    let rendered = Rendered::document(&format!(
        "apiVersion: headgate.dev/v1alpha1\n\
         kind: Gateway\n\
         metadata: {{ name: \"on\" }}\n\
         listeners: [{{ name: \"1e3\", port: 1 }}]\n\
         upstreams:\n{upstreams}\
         routes:\n{routes}"
    ));
    rendered.validate().unwrap();
    let envoy = rendered.start().await;
    let client = client::http1(envoy.listener("1e3").await);
    for (name, upstream) in NAMES.iter().zip(&running) {
        assert_eq!(
            client.get(&format!("/{name}")).await.unwrap().status,
            200,
            "{name}"
        );
        assert_eq!(upstream.requests(), 1, "{name}");
        let completed = format!("cluster.{name}.upstream_rq_completed");
        envoy.wait_for_stat(&completed, |count| count == 1).await;
    }
    envoy.stop().await;
}
