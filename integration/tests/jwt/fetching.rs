//! Who asks the server, and when.

use std::time::Duration;

use integration::client::{Client, Request};
use integration::envoy::free_port;
use integration::upstream::Gate;
use serde_json::json;
use tokio::time::Instant;

use crate::key_server::{KeyServer, Pair, set};
use crate::remote::{KEYS_PATH, PASSED, Remote, get, refused, with_token};
use crate::rig::reason;

/// One of three threads asks, the main one among them, and the workers know before anybody comes.
#[tokio::test]
async fn an_envoy_asks_once_and_before_the_first_request() {
    let pair = Pair::new("a");
    let keys = KeyServer::start(&[]).await;
    let answer = Gate::shut();
    keys.answer(set(&[&pair]).after(&answer));
    let fetch = json!({ "timeout": "30s", "wait": "300ms" });
    let remote = Remote::start(keys, fetch).await;
    remote.keys.wait_for_fetches(1).await;
    let asked = remote.keys.last();
    assert_eq!((&*asked.method, &*asked.path), ("GET", KEYS_PATH));
    assert_eq!(asked.authority.as_deref(), Some("id.example.com"));
    // A worker whose requests have waited in vain has ticked, and has left the fetch to who has it.
    let workers = remote.workers().await;
    for client in &workers {
        let in_vain = refused(503, "keys_unavailable");
        assert_eq!(get(client, &pair.token()).await, in_vain);
    }
    assert_eq!(remote.keys.fetches(), 1);
    answer.open();
    remote.wait_for_ended("fresh", 1).await;
    for client in &workers {
        assert_eq!(get(client, &pair.token()).await, PASSED);
    }
    let forged = Pair::new("a").token();
    assert_eq!(
        get(&remote.http1, &forged).await,
        refused(401, "signature_invalid")
    );
    let age = "wasmcustom.headgate_jwt_keys_age_seconds;provider=corp;";
    remote.envoy.wait_for_stat(age, |age| age > 0).await;
    assert_eq!(remote.keys.fetches(), 1);
    assert_eq!(remote.upstream.last().headers["x-user"], "ada");
    remote.envoy.stop().await;
}

#[tokio::test]
async fn keys_are_fetched_again_as_the_server_says() {
    let pair = Pair::new("a");
    let keys = KeyServer::start(&[&pair]).await;
    keys.answer(set(&[&pair]).header("cache-control", "max-age=1"));
    let remote = Remote::start(keys, json!({ "min_refresh": "300ms" })).await;
    let start = Instant::now();
    remote.wait_for_ended("unchanged", 3).await;
    // Three times a second, less a tenth.
    assert!(start.elapsed() > Duration::from_millis(2000));
    assert_eq!(remote.ended("fresh").await, 1);
    remote.envoy.stop().await;
}

/// Whatever names a flood makes up, the server is asked once a cooldown, and nobody else suffers.
#[tokio::test]
async fn a_flood_of_made_up_names_costs_a_fetch_a_cooldown() {
    const COOLDOWN: Duration = Duration::from_millis(500);
    let pair = Pair::new("a");
    let keys = KeyServer::start(&[&pair]).await;
    let remote = Remote::start(keys, json!({ "cooldown": "500ms" })).await;
    remote.wait_for_ended("fresh", 1).await;
    let workers = remote.workers().await;
    let start = Instant::now();
    let mut refused_at_all = 0;
    while remote.keys.fetches() < 5 {
        let made_up: Vec<_> = (0..50)
            .map(|_| {
                let token = pair.token_named(&fastrand::u64(..).to_string());
                let client = &workers[fastrand::usize(..workers.len())];
                client.spawn(with_token(Request::get("/"), &token))
            })
            .collect();
        for client in &workers {
            assert_eq!(get(client, &pair.token()).await, PASSED);
        }
        for sending in made_up {
            let response = sending.await.unwrap().unwrap();
            assert_eq!(response.status, 401, "{response:?}");
            assert_eq!(reason(&response).as_deref(), Some("key_unknown"));
            assert_eq!(response.json()["reason"], "token_invalid");
            refused_at_all += 1;
        }
    }
    // The first is at once, and of the last the cooldown has just begun.
    let cooldowns = start.elapsed().as_secs_f64() / COOLDOWN.as_secs_f64();
    let most = cooldowns as usize + 3;
    assert!(remote.keys.fetches() <= most, "{cooldowns} cooldowns");
    assert!(refused_at_all >= 200, "{refused_at_all}");
    remote.envoy.stop().await;
}

#[tokio::test]
async fn keys_stay_while_the_server_is_down() {
    let (pair, new) = (Pair::new("a"), Pair::new("b"));
    let keys = KeyServer::start(&[&pair]).await;
    let fetch = json!({ "refresh": "300ms", "min_refresh": "100ms" });
    let remote = Remote::start(keys, fetch).await;
    remote.wait_for_ended("fresh", 1).await;
    let workers = remote.workers().await;
    remote.keys.go_down();
    remote.wait_for_ended("failed", 2).await;
    for client in &workers {
        assert_eq!(get(client, &pair.token()).await, PASSED);
    }
    remote
        .envoy
        .wait_for_log("provider corp: no keys from http://id.example.com")
        .await;
    // It comes back with others, for which one waits already.
    let send = |client: &Client| client.spawn(with_token(Request::get("/"), &new.token()));
    let waiting: Vec<_> = workers.iter().map(send).collect();
    remote.keys.come_up(&[&new]).await;
    for sending in waiting {
        assert_eq!(sending.await.unwrap().unwrap().status, 200);
    }
    for client in &workers {
        let unknown = refused(401, "key_unknown");
        assert_eq!(get(client, &pair.token()).await, unknown);
    }
    remote.envoy.stop().await;
}

/// Without a server requests are held, and answered when their time is over.
#[tokio::test]
async fn without_keys_requests_are_answered_503_at_the_limit() {
    let pair = Pair::new("a");
    let keys = KeyServer::down(free_port());
    let remote = Remote::start(keys, json!({ "wait": "400ms" })).await;
    let start = Instant::now();
    let request = || with_token(Request::get("/"), &pair.token());
    let http = remote.http1.send(request()).await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(400));
    assert_eq!(http.status, 503);
    assert_eq!(http.headers["retry-after"], "1");
    assert_eq!(http.json()["reason"], "keys_unavailable");
    let grpc = request().header("content-type", "application/grpc");
    let grpc = remote.h2.send(grpc).await.unwrap();
    assert_eq!(grpc.headers["grpc-status"], "14");
    // Whoever brings no token needs no key.
    let nobody = remote.http1.get("/").await.unwrap();
    assert_eq!(nobody.status, 401);
    assert_eq!(remote.upstream.requests(), 0);
    remote.envoy.stop().await;
}
