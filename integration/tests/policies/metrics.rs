//! What is counted, as Prometheus gets to see it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use integration::client::Request;
use integration::envoy::{Envoy, free_port};
use integration::gateway::Gateway;
use integration::upstream::{Answer, Gate, Upstream};

/// Only there so that a test fails rather than hangs.
const DEADLINE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

/// All series of the pipeline by name and labels, with their values.
async fn series(envoy: &Envoy) -> BTreeMap<String, String> {
    let text = envoy.admin_get("/stats/prometheus").await;
    let lines = text.lines().filter(|line| line.starts_with("headgate_"));
    let series = lines.map(|line| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), value.to_owned())
    });
    series.collect()
}

/// Waits until a series has this value: counts follow the response.
async fn wait_for(envoy: &Envoy, name: &str, value: &str) {
    let waiting = async {
        while series(envoy)
            .await
            .get(name)
            .is_none_or(|seen| seen != value)
        {
            tokio::time::sleep(POLL).await;
        }
    };
    if tokio::time::timeout(DEADLINE, waiting).await.is_err() {
        panic!("no {name} {value} among {:#?}", series(envoy).await);
    }
}

fn counters(series: &BTreeMap<String, String>) -> Vec<String> {
    let counters = series.iter().filter(|(name, _)| name.contains("_total"));
    counters
        .map(|(name, value)| format!("{name} {value}"))
        .collect()
}

#[tokio::test]
async fn requests_and_refusals_are_counted_with_labels() {
    let (pets, slow) = (Upstream::start().await, Upstream::start().await);
    let gate = Gate::shut();
    slow.answer(Answer::new(200).after(&gate));
    let upstreams = [
        format!(r#"pets: {{ http: "{}" }}"#, pets.address()),
        format!(r#"slow: {{ http: "{}" }}"#, slow.address()),
        format!(r#"gone: {{ http: "127.0.0.1:{}" }}"#, free_port()),
    ];
    let routes = [
        r#"{ match: { path: "/pets/{id}", methods: [GET] }, to: [{ upstream: pets, name: current.v1 }] }"#,
        r#"{ name: 'odd; 100% "q" \ .. ://x_rq_200', match: { path: /odd }, to: [{ upstream: pets }] }"#,
        "{ name: slow, match: { path: /slow }, to: [{ upstream: slow }] }",
        "{ name: gone, match: { path: /gone }, to: [{ upstream: gone }] }",
        r#"{ name: moved, match: { path: /old }, redirect: { path: /pets/1 }, cors: { origins: ["https://a.example"] } }"#,
    ];
    let gateway = Gateway::start(&upstreams, &routes).await;
    let (http1, h2) = (gateway.http1(), gateway.h2());
    pets.answer(Answer::new(201));
    for path in ["/pets/7", "/pets/8?a", "/odd", "/gone", "/old", "/nowhere"] {
        http1.send(Request::get(path)).await.unwrap();
        h2.send(Request::get(path)).await.unwrap();
    }
    http1.send(Request::post("/pets/7")).await.unwrap();
    let upgrade = Request::get("/odd").header("connection", "upgrade");
    http1
        .send(upgrade.header("upgrade", "websocket"))
        .await
        .unwrap();
    for origin in ["https://a.example", "https://b.example"] {
        let preflight = Request::new("OPTIONS", "/old")
            .header("origin", origin)
            .header("access-control-request-method", "GET");
        h2.send(preflight).await.unwrap();
    }
    // Who leaves before there is a response has none.
    let leaving = gateway.http1().spawn(Request::get("/slow"));
    while slow.requests() == 0 {
        tokio::time::sleep(POLL).await;
    }
    leaving.abort();
    let left = r#"headgate_requests_total{route="slow",function="slow",class="none"}"#;
    wait_for(&gateway.envoy, left, "1").await;

    let odd = r#"route="odd%3B 100%25 \"q\" \\ .. ://x_rq_200""#;
    assert_eq!(
        counters(&series(&gateway.envoy).await),
        [
            r#"headgate_refusals_total{reason="method_not_allowed"} 1"#,
            r#"headgate_refusals_total{reason="no_route"} 2"#,
            r#"headgate_refusals_total{route="moved",reason="origin_not_allowed"} 1"#,
            &format!(r#"headgate_refusals_total{{{odd},reason="upgrade_not_allowed"}} 1"#),
            r#"headgate_requests_total{class="4xx"} 3"#,
            r#"headgate_requests_total{route="GET /pets/{id}",function="current.v1",class="2xx"} 4"#,
            r#"headgate_requests_total{route="gone",function="gone",class="5xx"} 2"#,
            r#"headgate_requests_total{route="moved",class="2xx"} 1"#,
            r#"headgate_requests_total{route="moved",class="3xx"} 2"#,
            r#"headgate_requests_total{route="moved",class="4xx"} 1"#,
            &format!(r#"headgate_requests_total{{{odd},class="4xx"}} 1"#),
            &format!(r#"headgate_requests_total{{{odd},function="pets",class="2xx"}} 2"#),
            r#"headgate_requests_total{route="slow",function="slow",class="none"} 1"#,
        ]
    );

    // Envoy shows histograms from time to time.
    let of_pets = r#"route="GET /pets/{id}",function="current.v1""#;
    let name = "headgate_request_duration_microseconds";
    wait_for(&gateway.envoy, &format!("{name}_count{{{of_pets}}}"), "4").await;
    let series = series(&gateway.envoy).await;
    for bound in ["500", "60000000", "+Inf"] {
        let bucket = format!(r#"{name}_bucket{{{of_pets},le="{bound}"}}"#);
        assert!(series.contains_key(&bucket), "{bucket}: {series:#?}");
    }
    gate.open();
    gateway.stop().await;
}

/// The names of all metrics that the pipeline made.
async fn names(envoy: &Envoy) -> BTreeSet<String> {
    let text = envoy.admin_get("/stats?filter=wasmcustom").await;
    let names = text.lines().filter_map(|line| line.rsplit_once(": "));
    names.map(|(name, _)| name.to_owned()).collect()
}

#[tokio::test]
async fn no_client_can_make_a_series() {
    let upstream = Upstream::start().await;
    let upstreams = [format!(r#"pets: {{ http: "{}" }}"#, upstream.address())];
    let routes = [
        r#"{ name: get, match: { path: "/pets/{id}", methods: [GET] }, to: [{ upstream: pets }], force: x-version }"#,
        "{ name: any, match: { prefix: /any }, to: [{ upstream: pets }], sticky: { header: x-user } }",
    ];
    let cors = r#"cors: { origins: ["https://*.example.com"], headers: ["*"] }"#;
    let gateway = Gateway::with(cors, &upstreams, &routes).await;
    let client = gateway.h2();
    let flood = |round: usize| {
        [
            Request::get(&format!("/pets/{round}")),
            Request::get("/any").header("x-user", round.to_string()),
            Request::get(&format!("/any/;route=r{round};;class=9xx;")),
            Request::get("/pets/1").header("x-version", format!("v{round}")),
            Request::get(&format!("/nowhere/{round}")),
            Request::get("/any").authority(&format!("host-{round}.example.com")),
            Request::get("/nowhere").authority(&format!("host-{round};route=x;")),
            Request::new(&format!("METHOD{round}"), "/pets/1"),
            Request::new(&format!("METHOD{round}"), "/any"),
            Request::get("/any").header("origin", format!("https://p{round}.example.com")),
            Request::get("/nowhere").header("origin", format!("https://p{round}.example.org")),
            preflight("/any", &format!("https://p{round}.example.com"), round),
            preflight("/any", &format!("https://p{round}.example.org"), round),
            preflight("/nowhere", &format!("https://p{round}.example.com"), round),
            Request::get("/any").header(&format!("x-{round}"), "1"),
        ]
    };
    // Twice, as each worker of Envoy makes what it needs.
    for round in 0..2 {
        for request in flood(round) {
            let _ = client.send(request).await;
        }
    }
    let before = names(&gateway.envoy).await;
    assert!(before.len() > 5, "{before:#?}");
    for round in 2..100 {
        for request in flood(round) {
            let _ = client.send(request).await;
        }
    }
    gateway
        .http1()
        .send(Request::get("/any/end"))
        .await
        .unwrap();
    let end = r#"headgate_requests_total{route="any",function="pets",class="2xx"}"#;
    let series = series(&gateway.envoy).await;
    let counted: usize = series[end].parse().unwrap();
    assert!(counted > 400, "{counted}");
    assert_eq!(names(&gateway.envoy).await, before);
    gateway.stop().await;
}

fn preflight(path: &str, origin: &str, round: usize) -> Request {
    Request::new("OPTIONS", path)
        .header("origin", origin)
        .header("access-control-request-method", format!("METHOD{round}"))
        .header("access-control-request-headers", format!("x-{round}"))
}
