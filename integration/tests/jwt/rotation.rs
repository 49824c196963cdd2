//! Keys change under load.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use integration::client::Client;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::key_server::{KeyServer, Pair};
use crate::remote::{PASSED, Remote, get};

/// After this time a new name is reason for a fetch again.
const COOLDOWN: Duration = Duration::from_millis(500);

/// Clients that send without pause, some of them what must never pass.
struct Load {
    /// What an issuer would give out now.
    valid: Mutex<String>,
    /// By the right name, and by nobody's key.
    forged: Mutex<String>,
    passed: AtomicUsize,
    is_over: AtomicBool,
}

impl Load {
    fn start(pair: &Pair, clients: &[Client]) -> (Arc<Self>, Vec<JoinHandle<()>>) {
        let load = Arc::new(Self {
            valid: Mutex::default(),
            forged: Mutex::default(),
            passed: AtomicUsize::default(),
            is_over: AtomicBool::default(),
        });
        load.issue(pair);
        let run = |client: &Client| {
            let (load, client) = (Arc::clone(&load), client.clone());
            tokio::spawn(async move { load.run(&client).await })
        };
        let running = clients.iter().chain(clients).map(run).collect();
        (load, running)
    }

    /// The issuer signs with this key from now on.
    fn issue(&self, pair: &Pair) {
        *self.valid.lock().unwrap() = pair.token();
        let token = Pair::new("forger").token();
        let (_, signature) = token.rsplit_once('.').unwrap();
        let valid = pair.token();
        let (signed, _) = valid.rsplit_once('.').unwrap();
        *self.forged.lock().unwrap() = format!("{signed}.{signature}");
    }

    async fn run(&self, client: &Client) {
        while !self.is_over.load(Ordering::Relaxed) {
            let valid = self.valid.lock().unwrap().clone();
            assert_eq!(get(client, &valid).await, PASSED);
            self.passed.fetch_add(1, Ordering::Relaxed);
            let forged = self.forged.lock().unwrap().clone();
            assert_eq!(get(client, &forged).await.0, 401);
        }
    }

    /// Waits for so many more good answers.
    async fn goes_on(&self, number: usize) {
        let until = self.passed.load(Ordering::Relaxed) + number;
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.passed.load(Ordering::Relaxed) < until {
            assert!(Instant::now() < deadline, "the load has stopped");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Each time the old key goes as the new one comes, which is harder than what issuers do.
#[tokio::test(flavor = "multi_thread")]
async fn no_valid_token_is_refused_and_none_of_a_key_that_went_passes() {
    const ROTATIONS: usize = 5;
    let mut current = Pair::new("0");
    let keys = KeyServer::start(&[&current]).await;
    let fetch = json!({ "cooldown": format!("{}ms", COOLDOWN.as_millis()) });
    let remote = Remote::start(keys, fetch).await;
    remote.wait_for_ended("fresh", 1).await;
    let workers = remote.workers().await;
    let (load, running) = Load::start(&current, &workers);
    load.goes_on(100).await;
    for number in 1..=ROTATIONS {
        let new = Pair::new(&number.to_string());
        remote.keys.publish(&[&new]);
        load.issue(&new);
        remote.wait_for_ended("fresh", number as u64 + 1).await;
        // The others learn of it at their next tick; a token that was good before is refused then.
        for client in &workers {
            let deadline = Instant::now() + Duration::from_secs(30);
            while get(client, &current.token()).await == PASSED {
                assert!(Instant::now() < deadline, "a key that went still works");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        load.goes_on(100).await;
        // What follows is another cooldown's.
        tokio::time::sleep(COOLDOWN).await;
        for client in &workers {
            assert_eq!(get(client, &new.token()).await, PASSED);
        }
        current = new;
    }
    load.is_over.store(true, Ordering::Relaxed);
    for running in running {
        running.await.unwrap();
    }
    assert!(load.passed.load(Ordering::Relaxed) > 600);
    remote.envoy.stop().await;
}

/// As issuers do it: the new key is published before anybody signs with it, and the old one goes later.
#[tokio::test(flavor = "multi_thread")]
async fn keys_that_overlap_rotate_by_refresh_alone() {
    let mut current = Pair::new("0");
    let keys = KeyServer::start(&[&current]).await;
    let fetch = json!({ "refresh": "200ms", "min_refresh": "100ms", "cooldown": "1h" });
    let remote = Remote::start(keys, fetch).await;
    remote.wait_for_ended("fresh", 1).await;
    let workers = remote.workers().await;
    let (load, running) = Load::start(&current, &workers);
    for number in 1..=3 {
        let new = Pair::new(&number.to_string());
        remote.keys.publish(&[&current, &new]);
        remote.wait_for_ended("fresh", 2 * number).await;
        for client in &workers {
            assert_eq!(get(client, &new.token()).await, PASSED);
        }
        load.issue(&new);
        load.goes_on(50).await;
        remote.keys.publish(&[&new]);
        remote.wait_for_ended("fresh", 2 * number + 1).await;
        load.goes_on(50).await;
        current = new;
    }
    load.is_over.store(true, Ordering::Relaxed);
    for running in running {
        running.await.unwrap();
    }
    remote.envoy.stop().await;
}
