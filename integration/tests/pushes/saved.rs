//! What a user of `headgate run` sees when the document is saved.

use std::time::{Duration, Instant};

use fastrand::Rng;
use integration::client::{self, Client};

use crate::headgate::Headgate;
use crate::load::Load;
use crate::versions::{PATHS, Version};

/// Connections enough that each worker has some: that one of two has none of them happens once in
/// 32,000 runs.
const CONNECTIONS: usize = 16;

/// How long it may take from the save until every worker answers by it.
const LONGEST: Duration = Duration::from_millis(500);

#[tokio::test(flavor = "multi_thread")]
async fn every_worker_answers_by_a_saved_document_within_half_a_second() {
    const SAVES: u32 = 21;
    let mut random = Rng::with_seed(11);
    let mut version = Version::first();
    let mut headgate = Headgate::with(&version).await;
    headgate.start();
    let clients: Vec<Client> = (0..CONNECTIONS)
        .map(|_| client::http1(headgate.address()))
        .collect();
    let load = Load::start(headgate.address(), version.answers());
    let mut times = Vec::new();
    for number in 0..SAVES {
        // What differs is seen at one path at least.
        let old = version.answers();
        let path = loop {
            version = version.next(random.u32(..7), &mut random);
            let new = version.answers();
            let sees = |path: &&&str| match (old.get(**path), new.get(**path)) {
                (Some(old), Some(new)) => old.is_disjoint(new),
                (old, new) => old != new,
            };
            if let Some(path) = PATHS.iter().find(sees) {
                break *path;
            }
        };
        let wanted = version.answers();
        load.begin(wanted.clone());
        let said = headgate.lines();
        #[allow(clippy::disallowed_methods, reason = "a test has a clock")]
        let saved = Instant::now();
        headgate.save(&version);
        for client in &clients {
            loop {
                let response = client.get(path).await.unwrap();
                let answer = format!("{} {}", response.status.as_u16(), response.text());
                let is_new = match wanted.get(path) {
                    Some(answers) => answers.contains(&answer),
                    None => response.status == 404,
                };
                if is_new {
                    break;
                }
                assert!(
                    saved.elapsed() < Duration::from_secs(20),
                    "save {number}: {answer}"
                );
            }
        }
        times.push(saved.elapsed());
        headgate.wait_for("in use by every worker after", said);
        load.taken();
    }
    times.sort();
    let median = times[times.len() / 2];
    let longest = times.last().unwrap();
    println!("saved to answered, {SAVES} saves under load: median {median:?}, longest {longest:?}");
    let outcome = load.stop().await;
    assert_eq!(outcome.faults, [""; 0]);
    assert_eq!(outcome.connections, [1; 7], "connections end");
    assert!(median < LONGEST, "{times:?}");
    assert!(headgate.stop().success());
    assert_eq!(headgate.envoys(), [0; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_or_takes_a_restart_is_told_and_the_rest_goes_on() {
    let version = Version::first();
    let mut headgate = Headgate::with(&version).await;
    headgate.start();
    let client = client::http1(headgate.address());
    let status = async |path| client.get(path).await.unwrap().status.as_u16();
    assert_eq!((status("/a").await, status("/added").await), (200, 404));

    let said = headgate.lines();
    let right = headgate.text(&version);
    headgate.save_text(&right.replace("upstream: one", "upstream: ones"));
    headgate.wait_for("no upstream \"ones\"; did you mean \"one\"?", said);
    headgate.wait_for("nothing has changed: the gateway runs on as it was", said);
    assert_eq!(status("/a").await, 200);

    // Names what cannot be there.
    let said = headgate.lines();
    headgate.save_text(&right.replace("timeout: 10s", "timeout: 10s, tls: { ca: none.crt }"));
    headgate.wait_for("none.crt: No such file or directory", said);
    headgate.wait_for("nothing has changed: the gateway runs on as it was", said);
    assert_eq!(status("/a").await, 200);

    // And what is no certificate.
    let said = headgate.lines();
    headgate.write("wrong.crt", "no certificate");
    headgate.save_text(&right.replace("timeout: 10s", "timeout: 10s, tls: { ca: wrong.crt }"));
    headgate.wait_for("wrong.crt: Failed to load trusted CA certificates", said);
    headgate.wait_for("nothing has changed: the gateway runs on as it was", said);
    assert_eq!(status("/a").await, 200);

    // A field that takes a restart is named; all else is carried.
    let said = headgate.lines();
    let moved = right.replace("admin: {", "metadata: { name: shop }\nadmin: {");
    let added = "  - { match: { path: /added }, respond: { status: 204 } }\n";
    headgate.save_text(&(moved + added));
    headgate.wait_for("restart headgate run to apply: metadata.name", said);
    // What it does is told, as `headgate diff` tells it.
    headgate.wait_for("+ route \"/added\"", said);
    assert_eq!((status("/a").await, status("/added").await), (200, 204));

    // Back again; and what means the same is nothing to carry.
    let said = headgate.lines();
    headgate.save_text(&right);
    headgate.wait_for("in use by every worker", said);
    let said = headgate.lines();
    headgate.save_text(&format!("# the same\n{right}"));
    headgate.wait_for("nothing that Envoy is given has changed", said);
    assert_eq!((status("/a").await, status("/added").await), (200, 404));
    assert_eq!(client.connections(), 1);
    assert!(headgate.stop().success());
    assert_eq!(headgate.envoys(), [0; 0]);
}
