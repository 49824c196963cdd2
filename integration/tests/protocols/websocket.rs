//! WebSockets (RFC 6455), where an upstream takes them.

use futures_util::{SinkExt as _, StreamExt as _};
use integration::gateway::Gateway;
use integration::raw::{RawResponse, raw};
use integration::services::{Running, Service};
use integration::upstream::Upstream;
use serde_json::Value;
use tokio_tungstenite::tungstenite::{Error, Message};

struct Rig {
    gateway: Gateway,
    chat: Running,
    plain: Upstream,
}

impl Rig {
    async fn start() -> Self {
        let chat = Service::Chat.start().await.unwrap();
        let plain = Upstream::start().await;
        let upstreams = [
            format!("chat: {{ http: \"{}\", websocket: true }}", chat.address()),
            format!("plain: {{ http: \"{}\" }}", plain.address()),
        ];
        let routes = [
            "{ match: { path: /chat }, to: [{ upstream: chat }] }",
            "{ match: { path: /plain }, to: [{ upstream: plain }] }",
            "{ match: { path: /posts, methods: [POST] }, to: [{ upstream: chat }] }",
        ];
        let gateway = Gateway::start(&upstreams, &routes).await;
        Self {
            gateway,
            chat,
            plain,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("ws://{}{path}", self.gateway.address)
    }

    async fn get(&self, path: &str, lines: &str) -> RawResponse {
        let head = format!("GET {path} HTTP/1.1\r\nhost: a\r\n{lines}\r\n");
        raw(self.gateway.address, head).await.unwrap()
    }

    async fn stop(self) {
        self.gateway.stop().await;
        self.chat.stop().await.unwrap();
    }
}

#[tokio::test]
async fn messages_pass_both_ways() {
    let rig = Rig::start().await;
    let url = rig.url("/chat");
    let (mut socket, answer) = tokio_tungstenite::connect_async(&url).await.unwrap();
    assert_eq!(answer.status(), 101);
    assert!(!answer.headers().contains_key("x-headgate-function"));
    for message in [
        Message::text("hello"),
        Message::text(""),
        Message::binary(vec![0, 0xff, 0xfe]),
        Message::binary(vec![7; 1_000_000]),
    ] {
        socket.send(message.clone()).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), message);
    }
    socket.send(Message::Ping("beat".into())).await.unwrap();
    let pong = socket.next().await.unwrap().unwrap();
    assert_eq!(pong, Message::Pong("beat".into()));
    // A second one beside it; each gets its own.
    let (mut second, _) = tokio_tungstenite::connect_async(&url).await.unwrap();
    second.send(Message::text("second")).await.unwrap();
    socket.send(Message::text("first")).await.unwrap();
    assert_eq!(
        second.next().await.unwrap().unwrap(),
        Message::text("second")
    );
    assert_eq!(
        socket.next().await.unwrap().unwrap(),
        Message::text("first")
    );
    socket.send(Message::Close(None)).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::Close(None));
    drop(second);
    rig.stop().await;
}

#[tokio::test]
async fn an_upgrade_is_refused_where_the_upstream_takes_none() {
    let rig = Rig::start().await;
    for (path, status, reason) in [
        ("/plain", 403, "upgrade_not_allowed"),
        ("/posts", 405, "method_not_allowed"),
        ("/nowhere", 404, "no_route"),
    ] {
        let refused = tokio_tungstenite::connect_async(rig.url(path)).await;
        let Err(Error::Http(response)) = refused else {
            panic!("{path}: {refused:?}");
        };
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json"
        );
        let problem = response.into_body().unwrap();
        let problem: Value = serde_json::from_slice(&problem).unwrap();
        assert_eq!(problem["reason"], reason, "{path}");
    }
    assert_eq!(rig.plain.requests(), 0);
    rig.stop().await;
}

#[tokio::test]
async fn an_upgrade_to_anything_else_is_refused() {
    let rig = Rig::start().await;
    for path in ["/plain", "/chat"] {
        for protocol in ["foo", "websocket, foo", "foo, websocket"] {
            let lines = format!("connection: upgrade\r\nupgrade: {protocol}\r\n");
            assert_eq!(rig.get(path, &lines).await.status, 403, "{path} {protocol}");
        }
    }
    assert_eq!(rig.plain.requests(), 0);
    rig.stop().await;
}

#[tokio::test]
async fn what_asks_for_no_upgrade_is_a_request_like_any_other() {
    let rig = Rig::start().await;
    for lines in [
        // "upgrade" is for this connection only if "connection" says so (RFC 9110 section 7.8).
        "upgrade: websocket\r\n",
        "connection: upgrade\r\n",
        "connection: keep-alive\r\nupgrade: websocket\r\n",
        // What curl --http2 sends; a server may pass over it, and HTTP/2 is had without it.
        "connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n",
        // The same with TLS (RFC 2817), which some HTTP clients offer with every request.
        "connection: upgrade\r\nupgrade: TLS/1.2\r\n",
    ] {
        assert_eq!(rig.get("/plain", lines).await.status, 200, "{lines}");
        let seen = rig.plain.last();
        for name in ["connection", "upgrade", "http2-settings"] {
            assert!(!seen.headers.contains_key(name), "{lines}: {seen:?}");
        }
    }
    rig.stop().await;
}
