//! Limits, by a document that `headgate run` runs: they come, change and go without a restart, those that a
//! rate-limit service holds too.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use integration::client::{self, Client, Request};
use integration::rate_limit_service::{RateLimitService, Redis};
use integration::upstream::Upstream;

use crate::headgate::Headgate;
use crate::versions::Version;

/// What the service holds.
const HELD: &str = "\
domain: headgate
descriptors:
  - { key: limit, value: users, descriptors: [{ key: key, rate_limit: { name: users, unit: day, requests_per_unit: 2 } }] }
  - { key: limit, value: tenants, descriptors: [{ key: key, rate_limit: { name: tenants, unit: day, requests_per_unit: 3 } }] }
";

const LOCAL: &str = "{ name: local, rate: 2/d, by: [header.x-local], when: { headers: { x-local: { present: true } } } }";
const USERS: &str = "{ name: users, rate: 2/d, by: [header.x-user], when: { headers: { x-user: { present: true } } }, \
                     engine: { ratelimit: {} } }";
const TENANTS: &str = "{ name: tenants, rate: 3/d, by: [header.x-tenant], when: { headers: { x-tenant: { present: \
                       true } } }, engine: { ratelimit: {} } }";

fn fields(service: &RateLimitService, upstream: &Upstream, limits: &[&str]) -> String {
    let (service, upstream) = (service.address(), upstream.address());
    format!(
        "upstreams: {{ pets: {{ http: \"{upstream}\" }} }}\n\
         rate_limiting: {{ service: {{ grpc: \"{service}\", timeout: 10s }} }}\n\
         limits: [{}]\n\
         routes: [{{ match: {{ prefix: / }}, to: [{{ upstream: pets }}] }}]\n",
        limits.join(", ")
    )
}

/// What so many requests with this header field come to.
async fn statuses(client: &Client, name: &str, value: &str, times: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..times {
        let request = Request::get("/").header(name, value);
        statuses.push(client.send(request).await.unwrap().status.as_u16());
    }
    statuses
}

/// Requests that no limit is about, until they are told to stop: how many there were, and what they came to
/// that were refused.
async fn others(client: Client, enough: Arc<AtomicBool>) -> (usize, Vec<u16>) {
    let (mut answered, mut faults) = (0, Vec::new());
    while !enough.load(Ordering::Relaxed) {
        let status = client.send(Request::get("/")).await.unwrap().status;
        answered += 1;
        if status != 200 {
            faults.push(status.as_u16());
        }
    }
    (answered, faults)
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_come_and_go_under_load_and_those_that_stay_keep_their_buckets() {
    let (redis, upstream) = (Redis::start().await, Upstream::start().await);
    let service = RateLimitService::start(&redis, HELD).await;
    let mut headgate = Headgate::with(&Version::first()).await;
    let document = |headgate: &Headgate, limits: &[&str]| {
        headgate.document_with(&fields(&service, &upstream, limits))
    };
    headgate.save_text(&document(&headgate, &[LOCAL]));
    headgate.start();
    let client = client::http1(headgate.address());
    let enough = Arc::new(AtomicBool::new(false));
    let load = tokio::spawn(others(
        client::http1(headgate.address()),
        Arc::clone(&enough),
    ));

    assert_eq!(statuses(&client, "x-local", "ada", 2).await, [200, 200]);
    let mut asked = 0;
    for (step, limits) in [
        &[LOCAL, USERS][..],
        &[LOCAL, TENANTS, USERS],
        &[LOCAL, TENANTS],
        &[TENANTS],
        &[LOCAL],
    ]
    .into_iter()
    .enumerate()
    {
        let said = headgate.lines();
        headgate.save_text(&document(&headgate, limits));
        headgate.wait_for("in use by every worker", said);
        let whole = |limit| if limits.contains(&limit) { 429 } else { 200 };
        let key = step.to_string();
        let users = statuses(&client, "x-user", &key, 3).await;
        assert_eq!(users, [200, 200, whole(USERS)], "{limits:?}");
        let tenants = statuses(&client, "x-tenant", &key, 4).await;
        assert_eq!(tenants, [200, 200, 200, whole(TENANTS)], "{limits:?}");
        let ada = statuses(&client, "x-local", "ada", 1).await;
        assert_eq!(
            ada,
            [whole(LOCAL)],
            "a limit that is the same again has its buckets: {limits:?}"
        );
        asked += 3 * u64::from(limits.contains(&USERS)) + 4 * u64::from(limits.contains(&TENANTS));
        assert_eq!(service.calls().await, asked, "{limits:?}");
    }

    enough.store(true, Ordering::Relaxed);
    let (answered, faults) = load.await.unwrap();
    assert!(answered > 100, "{answered}");
    assert!(faults.is_empty(), "{faults:?} of {answered}");
    let internal = upstream.seen().iter().any(|seen| {
        let mut names = seen.headers.keys();
        names.any(|name| name.as_str().starts_with("x-headgate"))
    });
    assert!(!internal, "an upstream saw what the service was asked");
    headgate.stop();
}
