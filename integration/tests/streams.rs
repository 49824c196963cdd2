//! Nothing that streams is kept or held back: how much memory large bodies cost, and how soon what one
//! side says reaches the other.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "test code: a panic is how a test fails, and these tests measure time"
)]

use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use integration::client::{Client, Request};
use integration::envoy::resident_memory;
use integration::gateway::Gateway;
use integration::services::Service;
use integration::services::stock::v1::Restock;
use integration::services::stock::v1::stock_client::StockClient;
use integration::upstream::{Answer, Gate, Upstream};
use tokio_stream::wrappers::ReceiverStream;
use tokio_tungstenite::tungstenite::Message;

/// How far resident memory may move, in bytes.
const MOST_GROWTH: u64 = 16 << 20;

const GIGABYTE: u64 = 1 << 30;

/// How soon half of all messages are there.
const MEDIAN: Duration = Duration::from_millis(5);

/// How many messages are timed.
const MESSAGES: usize = 51;

/// A gateway with one upstream of this kind behind every path.
async fn gateway(upstream: &str) -> Gateway {
    let route = "{ match: { prefix: / }, to: [{ upstream: one }] }";
    Gateway::start(&[format!("one: {upstream}")], &[route]).await
}

/// Reads a response to its end; returns its length, and the most memory that Envoy had meanwhile.
async fn read(client: &Client, request: Request, pid: u32) -> (u64, u64) {
    let mut response = client.begin(request).await.unwrap();
    let (mut length, mut most, mut next) = (0, 0, 0);
    while let Some(chunk) = response.chunk().await.unwrap() {
        length += chunk.len() as u64;
        if length >= next {
            most = most.max(resident_memory(pid));
            next = length + (16 << 20);
        }
    }
    (length, most)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gigabyte_each_way_is_not_kept() {
    let upstream = Upstream::start().await;
    let gateway = gateway(&format!(
        "{{ http: \"{}\", timeout: 0s }}",
        upstream.address()
    ))
    .await;
    let (client, pid) = (gateway.http1(), gateway.envoy.pid());
    // What a connection needs at all is there before it is measured.
    upstream.answer(Answer::new(200).generated(GIGABYTE / 16));
    read(&client, Request::get("/"), pid).await;
    client
        .send(Request::post("/").generated(GIGABYTE / 16))
        .await
        .unwrap();
    let before = resident_memory(pid);

    upstream.answer(Answer::new(200).generated(GIGABYTE));
    let (length, most) = read(&client, Request::get("/"), pid).await;
    assert_eq!(length, GIGABYTE);
    let grown = most.saturating_sub(before);
    assert!(grown < MOST_GROWTH, "down: {grown} bytes more");

    upstream.answer(Answer::new(200));
    let sent = client.spawn(Request::post("/").generated(GIGABYTE));
    let (mut most, mut sample) = (0, tokio::time::interval(Duration::from_millis(20)));
    while !sent.is_finished() {
        sample.tick().await;
        most = most.max(resident_memory(pid));
    }
    assert_eq!(sent.await.unwrap().unwrap().status, 200);
    assert_eq!(upstream.last().body_length, GIGABYTE);
    let grown = most.saturating_sub(before);
    assert!(grown < MOST_GROWTH, "up: {grown} bytes more");
    gateway.stop().await;
}

/// The median of what each message took.
fn assert_soon(what: &str, mut took: Vec<Duration>) {
    took.sort();
    let median = took.get(took.len() / 2).copied().unwrap();
    println!("{what}: median {median:?}, longest {:?}", took.last());
    assert!(median < MEDIAN, "{what}: median {median:?} of {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_there_as_soon_as_it_is_sent() {
    let upstream = Upstream::start().await;
    let gateway = gateway(&format!("{{ http: \"{}\" }}", upstream.address())).await;
    for (protocol, client) in [("HTTP/1.1", gateway.http1()), ("HTTP/2", gateway.h2())] {
        let mut took = Vec::new();
        for _ in 0..MESSAGES {
            let gate = Gate::shut();
            let answer = Answer::new(200).header("content-type", "text/event-stream");
            upstream.answer(
                answer
                    .chunked(["data: 1\n\n", "data: 2\n\n"])
                    .pausing(&gate),
            );
            let mut response = client.begin(Request::get("/")).await.unwrap();
            assert_eq!(response.chunk().await.unwrap().unwrap(), "data: 1\n\n");
            let sent = Instant::now();
            gate.open();
            assert_eq!(response.chunk().await.unwrap().unwrap(), "data: 2\n\n");
            took.push(sent.elapsed());
            while response.chunk().await.unwrap().is_some() {}
        }
        assert_soon(&format!("an event over {protocol}"), took);
    }
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trailers_are_there_as_soon_as_they_are_sent() {
    let upstream = Upstream::start().await;
    let gateway = gateway(&format!(
        "{{ http: \"{}\", http2: true }}",
        upstream.address()
    ))
    .await;
    let client = gateway.h2();
    let mut took = Vec::new();
    for _ in 0..MESSAGES {
        let gate = Gate::shut();
        let answer = Answer::new(200).chunked(["body"]).trailer("x-end", "1");
        upstream.answer(answer.pausing(&gate));
        let mut response = client.begin(Request::get("/")).await.unwrap();
        assert_eq!(response.chunk().await.unwrap().unwrap(), "body");
        let sent = Instant::now();
        gate.open();
        // The end of the body comes with the trailers.
        assert_eq!(response.chunk().await.unwrap(), None);
        took.push(sent.elapsed());
    }
    assert_soon("trailers", took);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_a_websocket_is_back_at_once() {
    let chat = Service::Chat.start().await.unwrap();
    let gateway = gateway(&format!(
        "{{ http: \"{}\", websocket: true }}",
        chat.address()
    ))
    .await;
    let url = format!("ws://{}/chat", gateway.address);
    let (mut socket, _) = tokio_tungstenite::connect_async(&url).await.unwrap();
    let mut took = Vec::new();
    for number in 0..MESSAGES {
        let message = Message::text(format!("message {number}"));
        let sent = Instant::now();
        socket.send(message.clone()).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), message);
        took.push(sent.elapsed());
    }
    // There and back, so twice what is asked.
    assert_soon("a message of a WebSocket and its echo", took);
    drop(socket);
    gateway.stop().await;
    chat.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_a_grpc_stream_are_there_at_once() {
    let stock = Service::Stock.start().await.unwrap();
    let gateway = gateway(&format!("{{ grpc: \"{}\" }}", stock.address())).await;
    let url = format!("http://{}", gateway.address);
    let mut client = StockClient::connect(url).await.unwrap();
    let (say, messages) = tokio::sync::mpsc::channel(1);
    let messages = ReceiverStream::new(messages);
    let mut answers = client.talk(messages).await.unwrap().into_inner();
    let mut took = Vec::new();
    for _ in 0..MESSAGES {
        let restock = Restock {
            item: "anvil".into(),
            quantity: 1,
        };
        let sent = Instant::now();
        say.send(restock).await.unwrap();
        answers.message().await.unwrap().unwrap();
        took.push(sent.elapsed());
    }
    assert_soon("a message of a gRPC stream and its answer", took);
    drop((say, answers));
    gateway.stop().await;
    stock.stop().await.unwrap();
}
