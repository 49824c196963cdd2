//! Shares of traffic, and clients that stay where they are.
#![allow(clippy::unwrap_used, clippy::panic)] // test code may stop

use futures_util::future::join_all;

use integration::client::{self, Client, Request};
use integration::envoy::Envoy;
use integration::rendered::Rendered;
use integration::upstream::{Answer, Upstream};

/// A gateway that shares requests out between two upstreams, which answer with their names.
struct Canary {
    rendered: Rendered,
    envoy: Envoy,
    upstreams: [Upstream; 2],
}

impl Canary {
    /// `rules` are further fields of the one route.
    async fn start(old: u32, new: u32, rules: &str) -> Self {
        let upstreams = [Upstream::start().await, Upstream::start().await];
        for (upstream, name) in upstreams.iter().zip(["old", "new"]) {
            upstream.answer(Answer::new(200).body(name));
        }
        let [first, second] = upstreams.each_ref().map(Upstream::address);
        let rendered = Rendered::document(&format!(
            r#"
apiVersion: headgate.dev/v1alpha1
kind: Gateway
listeners: [{{ name: http, port: 1, address: "127.0.0.1" }}]
upstreams: {{ old: {{ http: "{first}" }}, new: {{ http: "{second}" }} }}
routes:
  - match: {{ prefix: / }}
    to: [{{ upstream: old, weight: {old} }}, {{ upstream: new, weight: {new} }}]
{rules}
"#
        ));
        let envoy = rendered.start().await;
        Self {
            rendered,
            envoy,
            upstreams,
        }
    }

    async fn client(&self) -> Client {
        client::http1(self.envoy.listener("http").await)
    }

    async fn stop(self) {
        self.envoy.stop().await;
        drop(self.rendered);
    }
}

/// The upstream that answered.
async fn answer(client: &Client, request: Request) -> String {
    let response = client.send(request).await.unwrap();
    assert_eq!(response.status, 200, "{response:?}");
    response.text()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_ten_thousand_requests_a_tenth_is_a_thousand() {
    const REQUESTS: usize = 10_000;
    const CLIENTS: usize = 10;
    let canary = Canary::start(9, 1, "").await;
    let client = canary.client().await;
    let requests = (0..CLIENTS).map(|_| async {
        for _ in 0..REQUESTS / CLIENTS {
            answer(&client, Request::get("/")).await;
        }
    });
    join_all(requests).await;
    let [old, new] = canary.upstreams.each_ref().map(Upstream::requests);
    assert_eq!(old + new, REQUESTS);
    // Within 1 % of all requests, so from 900 to 1,100.
    assert!(new.abs_diff(REQUESTS / 10) <= REQUESTS / 100, "{new}");
    canary.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_stays_when_the_weight_of_its_function_grows() {
    const USERS: usize = 1_000;
    let rules = "    sticky: { header: x-user }";
    let mut functions = Vec::new();
    for (old, new) in [(95, 5), (90, 10), (50, 50)] {
        let canary = Canary::start(old, new, rules).await;
        let client = canary.client().await;
        let mut of_users = Vec::new();
        for user in 0..USERS {
            let request = || Request::get("/").header("x-user", format!("user-{user}"));
            let function = answer(&client, request()).await;
            assert_eq!(answer(&client, request()).await, function, "user {user}");
            of_users.push(function);
        }
        canary.stop().await;
        functions.push(of_users);
    }
    for pair in functions.windows(2) {
        let [before, after] = pair else {
            panic!("two of them")
        };
        assert_ne!(before, after, "somebody moves");
        for (user, (before, after)) in before.iter().zip(after).enumerate() {
            assert!(before == after || after == "new", "user {user} went back");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_a_cookie_is_given_one_and_stays() {
    let rules = "    sticky: { cookie: { name: group, ttl: 1h } }";
    let canary = Canary::start(1, 1, rules).await;
    let client = canary.client().await;
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..40 {
        let first = client.get("/").await.unwrap();
        let set = first.headers.get_all("set-cookie").iter();
        let [set] = set.collect::<Vec<_>>()[..] else {
            panic!("one cookie: {first:?}")
        };
        let set = set.to_str().unwrap();
        let (cookie, attributes) = set.split_once("; ").unwrap();
        assert_eq!(attributes, "Path=/; HttpOnly; SameSite=Lax; Max-Age=3600");
        for _ in 0..3 {
            let request = Request::get("/").header("cookie", format!("a=b; {cookie}"));
            let again = client.send(request).await.unwrap();
            assert_eq!(again.text(), first.text());
            assert!(!again.headers.contains_key("set-cookie"));
        }
        seen.insert(first.text());
    }
    assert_eq!(seen.len(), 2, "chance chooses: {seen:?}");
    canary.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_one_address_stay_together() {
    let canary = Canary::start(1, 1, "    sticky: { client_address: true }").await;
    let client = canary.client().await;
    let first = answer(&client, Request::get("/")).await;
    for _ in 0..20 {
        // Another connection, so another port of the same address.
        let another = canary.client().await;
        assert_eq!(answer(&another, Request::get("/")).await, first);
    }
    canary.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_forces_a_destination_whatever_its_weight() {
    let canary = Canary::start(1, 0, "    force: x-version").await;
    let client = canary.client().await;
    for (version, expected) in [
        ("new", "new"),
        ("old", "old"),
        ("newer", "old"),
        ("", "old"),
    ] {
        let request = Request::get("/").header("x-version", version);
        assert_eq!(answer(&client, request).await, expected, "{version}");
    }
    canary.stop().await;
}
