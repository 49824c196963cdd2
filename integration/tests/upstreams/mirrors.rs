//! Copies of requests.

use futures_util::future::join_all;
use futures_util::{SinkExt as _, StreamExt as _};
use integration::client::{self, Request};
use integration::gateway::Gateway;
use integration::services::Service;
use integration::upstream::{Answer, Arrival, SeenRequest, Upstream};
use tokio_tungstenite::tungstenite::Message;

async fn started(mirrors: &str, extra: &str) -> (Gateway, Upstream, Upstream) {
    let (real, copy) = (Upstream::start().await, Upstream::start().await);
    let upstreams = [
        format!("pets: {{ http: \"{}\" }}", real.address()),
        format!("copy: {{ http: \"{}\" }}", copy.address()),
    ];
    let mirrored = format!(
        "{{ match: {{ prefix: /pets }}, to: [{{ upstream: pets{extra} }}], mirror: [{mirrors}] }}"
    );
    let other = "{ match: { prefix: / }, to: [{ upstream: pets }] }";
    let gateway = Gateway::start(&upstreams, &[&mirrored, other]).await;
    (gateway, real, copy)
}

fn complete(seen: &[SeenRequest]) -> bool {
    seen.iter().all(|seen| seen.arrival == Arrival::Complete)
}

#[tokio::test]
async fn a_copy_is_the_request_as_the_upstream_sees_it() {
    let (gateway, real, copy) = started("{ upstream: copy }", ", prefix: /v2").await;
    // Whatever is answered to a copy, nobody hears of it.
    copy.answer(Answer::new(500));
    let client = client::http1(gateway.address);
    let request = Request::post("/pets/7?all=1")
        .authority("shop.example.com")
        .header("x-user", "ann")
        .generated(100_000);
    assert_eq!(client.send(request).await.unwrap().status, 200);
    let copies = copy
        .wait_for(|seen| seen.len() == 1 && complete(seen))
        .await;
    let (real, copy) = (real.last(), copies[0].clone());
    assert_eq!(copy.path, "/v2/7?all=1");
    assert_eq!(copy.authority.as_deref(), Some("shop.example.com"));
    assert_eq!(copy.body_sha256, real.body_sha256);
    for seen in [&real, &copy] {
        assert_eq!(seen.headers["x-user"], "ann");
        assert!(!seen.headers.contains_key(filter_api::FUNCTION_HEADER));
    }
    gateway.stop().await;
}

#[tokio::test]
async fn other_routes_of_the_same_upstream_are_not_copied() {
    let (gateway, real, copy) = started("{ upstream: copy }", "").await;
    let client = client::http1(gateway.address);
    for path in ["/cats", "/pets", "/cats"] {
        assert_eq!(client.get(path).await.unwrap().status, 200);
    }
    let copies = copy.wait_for(|seen| seen.len() == 1).await;
    assert_eq!((copies[0].path.as_str(), real.requests()), ("/pets", 3));
    gateway.stop().await;
}

#[tokio::test]
async fn so_many_are_copied_as_the_document_says() {
    const REQUESTS: usize = 4_000;
    let (gateway, real, copy) = started("{ upstream: copy, percent: 12.5 }", "").await;
    real.answer(Answer::new(200));
    copy.answer(Answer::new(200));
    let clients: Vec<_> = (0..8).map(|_| client::http1(gateway.address)).collect();
    let each = clients.iter().map(async |client| {
        for _ in 0..REQUESTS / 8 {
            assert_eq!(client.get("/pets").await.unwrap().status, 200);
        }
    });
    join_all(each).await;
    let copied = "cluster.copy.upstream_rq_total";
    let copied = gateway.envoy.stat(copied).await;
    // 500 ± 5 standard deviations of the binomial distribution.
    assert!((395..=605).contains(&copied), "{copied} of {REQUESTS}");
    assert_eq!(real.requests(), REQUESTS);
    gateway.stop().await;
}

/// The mirror takes connections and reads nothing. What goes into its buffers and the kernel's passes; of
/// more Envoy sends the upstream no more than the mirror takes, until the idle timeout.
#[tokio::test]
async fn a_mirror_that_hangs_holds_up_large_bodies_alone() {
    let real = Upstream::start().await;
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstreams = [
        format!("pets: {{ http: \"{}\", idle_timeout: 1s }}", real.address()),
        format!("copy: {{ http: \"{}\" }}", silent.local_addr().unwrap()),
    ];
    let route = "{ match: { prefix: / }, to: [{ upstream: pets }], mirror: [{ upstream: copy }] }";
    let gateway = Gateway::start(&upstreams, &[route]).await;
    let client = client::http1(gateway.address);
    for (length, status) in [(0, 200), (100_000, 200), (50_000_000, 408), (100_000, 200)] {
        let request = Request::post("/pets").generated(length);
        let answer = client.send(request).await.unwrap();
        assert_eq!(answer.status, status, "{length} bytes");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn a_websocket_works_beside_its_copy() {
    let chat = Service::Chat.start().await.unwrap();
    let copy = Upstream::start().await;
    let upstreams = [
        format!("chat: {{ http: \"{}\", websocket: true }}", chat.address()),
        format!("copy: {{ http: \"{}\" }}", copy.address()),
    ];
    let route = "{ match: { prefix: / }, to: [{ upstream: chat }], mirror: [{ upstream: copy }] }";
    let gateway = Gateway::start(&upstreams, &[route]).await;
    let url = format!("ws://{}/chat", gateway.address);
    let (mut socket, _) = tokio_tungstenite::connect_async(&url).await.unwrap();
    for text in ["hello", "again"] {
        socket.send(Message::text(text)).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::text(text));
    }
    socket.send(Message::Close(None)).await.unwrap();
    while let Some(Ok(_)) = socket.next().await {}
    gateway.stop().await;
    chat.stop().await.unwrap();
}
