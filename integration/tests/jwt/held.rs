//! Requests of all kinds that wait for keys.

use integration::client::{Client, Request};
use integration::envoy::free_port;
use integration::generated_sha256;
use integration::upstream::{Arrival, Gate};
use serde_json::json;

use crate::key_server::{KeyServer, Pair, set};
use crate::remote::{Holds, Remote, with_token};
use crate::rig::reason;

const BODY: u64 = 40_000;

/// A request, by its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Get,
    Post,
    Chunked,
    /// HTTP/2.
    Trailers,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Get, Self::Post, Self::Chunked, Self::Trailers];

    const fn length(self) -> u64 {
        match self {
            Self::Get => 0,
            Self::Post | Self::Chunked | Self::Trailers => BODY,
        }
    }

    fn client(self, remote: &Remote) -> &Client {
        match self {
            Self::Trailers => &remote.h2,
            _ => &remote.http1,
        }
    }

    fn request(self, token: &str) -> Request {
        let path = format!("/{self:?}");
        let request = match self {
            Self::Get => Request::get(&path),
            Self::Post => Request::post(&path).generated(BODY),
            Self::Chunked => Request::post(&path).generated(BODY).unannounced(),
            Self::Trailers => Request::post(&path)
                .generated(BODY)
                .unannounced()
                .trailer("x-checksum", "7"),
        };
        with_token(request, token)
    }
}

/// Waits until Envoy has read all of these.
async fn has_read_all(remote: &Remote) {
    let bytes: u64 = Kind::ALL.into_iter().map(Kind::length).sum();
    let read = "http.front.downstream_cx_rx_bytes_total";
    let all = |read| read >= bytes;
    remote.envoy.wait_for_stat(read, all).await;
    let active = "http.front.downstream_rq_active";
    let all = |active| active == Kind::ALL.len() as u64;
    remote.envoy.wait_for_stat(active, all).await;
}

fn assert_untouched(remote: &Remote) {
    assert_eq!(remote.upstream.requests(), 0);
    assert_eq!(remote.upstream.connections(), 0);
}

/// The server is down when Envoy starts, and comes up.
#[tokio::test]
async fn requests_are_held_until_keys_come_and_pass_whole() {
    for holds in [Holds::HeadersAlone, Holds::Everything] {
        let pair = Pair::new("a");
        let keys = KeyServer::down(free_port());
        let fetch = json!({ "wait": "30s" });
        let remote = Remote::start_holding(keys, fetch, holds).await;
        let token = pair.token();
        let waiting = Kind::ALL.map(|kind| kind.client(&remote).spawn(kind.request(&token)));
        has_read_all(&remote).await;
        remote.wait_for_ended("failed", 1).await;
        assert_untouched(&remote);
        remote.keys.come_up(&[&pair]).await;
        for sending in waiting {
            assert_eq!(sending.await.unwrap().unwrap().status, 200);
        }
        let seen = remote.upstream.seen();
        assert_eq!(seen.len(), Kind::ALL.len());
        for kind in Kind::ALL {
            let path = format!("/{kind:?}");
            let seen = seen.iter().find(|seen| seen.path == path).unwrap();
            assert_eq!(seen.arrival, Arrival::Complete, "{kind:?}");
            let digest = generated_sha256(kind.length());
            assert_eq!(seen.body_sha256, digest, "{kind:?}");
            let trailers = kind == Kind::Trailers;
            assert_eq!(seen.trailers.contains_key("x-checksum"), trailers);
            assert_eq!(seen.headers.get("authorization"), None);
        }
        remote.envoy.stop().await;
    }
}

/// The server answers late, with keys by which the token is somebody else's.
#[tokio::test]
async fn of_what_keys_make_invalid_the_upstream_sees_nothing() {
    for holds in [Holds::HeadersAlone, Holds::Everything] {
        let (forger, pair) = (Pair::new("a"), Pair::new("a"));
        let late = Gate::shut();
        let keys = KeyServer::start(&[]).await;
        keys.answer(set(&[&pair]).after(&late));
        let fetch = json!({ "wait": "30s", "timeout": "30s" });
        let remote = Remote::start_holding(keys, fetch, holds).await;
        let token = forger.token();
        let waiting = Kind::ALL.map(|kind| kind.client(&remote).spawn(kind.request(&token)));
        has_read_all(&remote).await;
        remote.keys.wait_for_fetches(1).await;
        assert_untouched(&remote);
        late.open();
        for sending in waiting {
            let response = sending.await.unwrap().unwrap();
            assert_eq!(response.status, 401);
            let invalid = Some("signature_invalid".to_owned());
            assert_eq!(reason(&response), invalid);
        }
        assert_untouched(&remote);
        assert_eq!(remote.keys.fetches(), 1);
        remote.envoy.stop().await;
    }
}

/// Clients that leave while they wait hurt nobody.
#[tokio::test]
async fn who_leaves_is_forgotten() {
    let pair = Pair::new("a");
    let late = Gate::shut();
    let keys = KeyServer::start(&[]).await;
    keys.answer(set(&[&pair]).after(&late));
    let remote = Remote::start(keys, json!({ "wait": "30s", "timeout": "30s" })).await;
    let token = pair.token();
    let send = |_| remote.http1.spawn(Kind::Post.request(&token));
    let leaving: Vec<_> = (0..20).map(send).collect();
    let staying = remote.h2.spawn(Kind::Trailers.request(&token));
    let active = "http.front.downstream_rq_active";
    remote
        .envoy
        .wait_for_stat(active, |active| active == 21)
        .await;
    leaving.iter().for_each(tokio::task::JoinHandle::abort);
    remote
        .envoy
        .wait_for_stat(active, |active| active == 1)
        .await;
    late.open();
    assert_eq!(staying.await.unwrap().unwrap().status, 200);
    assert_eq!(remote.upstream.requests(), 1);
    remote.envoy.stop().await;
}
