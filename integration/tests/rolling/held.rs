//! What clients hold open while a pod goes.

use futures_util::{SinkExt as _, StreamExt as _};
use integration::balancer::Balancer;
use integration::client::{self, Client, Failure, Request, Response};
use integration::upstream::{Answer, Gate, Upstream};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::load::told;

/// A long request, a WebSocket and a connection that is kept without a request, all on one pod.
#[derive(Debug)]
pub struct Held {
    long: JoinHandle<Result<Response, Failure>>,
    /// Lets the long request end.
    gate: Gate,
    websocket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    kept: Client,
}

impl Held {
    /// One of each on each of the balancer's two targets, which it takes in turn.
    pub async fn on_both(balancer: &Balancer, upstream: &Upstream) -> [Self; 2] {
        let gates = [Gate::shut(), Gate::shut()];
        let answers = gates.clone();
        upstream.answer_with(move |seen| match seen.path.strip_prefix("/long/") {
            Some(at) => Answer::new(200).after(&answers[at.parse::<usize>().unwrap()]),
            None => Answer::new(200),
        });
        let mut long = Vec::new();
        for (at, _) in gates.iter().enumerate() {
            let request = Request::get(&format!("/long/{at}"));
            long.push(client::http1(balancer.address()).spawn(request));
            upstream.wait_for(|seen| seen.len() == at + 1).await;
        }
        let url = format!("ws://{}/chat", balancer.address());
        let mut websockets = Vec::new();
        let mut kept = Vec::new();
        for _ in &gates {
            websockets.push(tokio_tungstenite::connect_async(&url).await.unwrap().0);
        }
        for _ in &gates {
            let client = client::http1(balancer.address());
            assert_eq!(client.get("/kept").await.unwrap().status, 200);
            kept.push(client);
        }
        let all = long.into_iter().zip(gates).zip(websockets).zip(kept);
        let all = all.map(|(((long, gate), websocket), kept)| Self {
            long,
            gate,
            websocket,
            kept,
        });
        all.collect::<Vec<_>>().try_into().unwrap()
    }

    /// A message there and back.
    pub async fn speak(&mut self) -> Result<(), String> {
        let message = Message::text("still there?");
        let sent = self.websocket.send(message.clone()).await;
        sent.map_err(|error| format!("the WebSocket: {error}"))?;
        match self.websocket.next().await {
            Some(Ok(back)) if back == message => Ok(()),
            other => Err(format!("the WebSocket: {other:?}")),
        }
    }

    /// Ends all of it in order. Returns what was lost.
    pub async fn end(mut self) -> Vec<String> {
        let mut lost = Vec::new();
        lost.extend(self.speak().await.err());
        let closed = self.websocket.close(None).await;
        match (closed, self.websocket.next().await) {
            (Ok(()), Some(Ok(Message::Close(_)))) => {}
            other => lost.push(format!("the WebSocket's end: {other:?}")),
        }
        self.gate.open();
        match self.long.await.unwrap() {
            Ok(response) if response.status == 200 => {}
            other => lost.push(format!("the long request: {}", told(other))),
        }
        match self.kept.get("/kept").await {
            Ok(response) if response.status == 200 => {}
            other => lost.push(format!("on a connection that was kept: {}", told(other))),
        }
        lost
    }
}
