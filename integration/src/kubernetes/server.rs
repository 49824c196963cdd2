//! What a kubelet answers when the API server asks: forwarded ports, and logs.

use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use axum::routing::get;
use futures_util::{SinkExt, StreamExt};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::kubelet::Shared;
use crate::tls::{self, Authority, ServerSide};

/// The protocol of forwarded ports that `kube` speaks, and kubelets of every release: a byte in front of each
/// message says which channel it is of, 0 for the data and 1 for errors; the first message of each channel is
/// the port, little end first.
const CHANNELS: &str = "v4.channel.k8s.io";
const DATA: u8 = 0;
const ERRORS: u8 = 1;

/// Serves; returns the port.
pub(super) async fn start(shared: Arc<Shared>) -> (u16, JoinHandle<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener = listener.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let side =
        ServerSide::new(&Authority::new("a kubelet").issue(&["127.0.0.1"])).speaking("http/1.1");
    let router = Router::new()
        .route("/portForward/{namespace}/{pod}", get(forward))
        .route("/containerLogs/{namespace}/{pod}/{container}", get(log))
        .with_state(shared);
    let serving = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (side, router) = (side.clone(), router.clone());
            tokio::spawn(async move {
                let Ok((stream, _)) = tls::accepted(&side, stream).await else {
                    return;
                };
                let service = TowerToHyperService::new(router);
                let connection =
                    http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                let _ = connection.with_upgrades().await;
            });
        }
    });
    (port, serving)
}

async fn log(
    State(shared): State<Arc<Shared>>,
    Path((_, pod, _)): Path<(String, String, String)>,
    uri: Uri,
) -> Result<String, StatusCode> {
    let log = shared.log(&pod).await.ok_or(StatusCode::NOT_FOUND)?;
    let mut asked = uri.query().unwrap_or_default().split('&');
    let lines = asked.find_map(|one| one.strip_prefix("tailLines="));
    let lines: usize = match lines {
        None => return Ok(log),
        Some(lines) => lines.parse().map_err(|_| StatusCode::BAD_REQUEST)?,
    };
    let skipped = log.lines().count().saturating_sub(lines);
    let last = log.lines().skip(skipped);
    Ok(last.flat_map(|line| [line, "\n"]).collect())
}

async fn forward(
    State(shared): State<Arc<Shared>>,
    Path((_, pod)): Path<(String, String)>,
    uri: Uri,
    upgrade: WebSocketUpgrade,
) -> Result<Response, StatusCode> {
    let port = uri.query().and_then(|query| query.strip_prefix("port="));
    let port = port.and_then(|port| port.parse().ok());
    let port: u16 = port.ok_or(StatusCode::BAD_REQUEST)?;
    let place = shared
        .place(&pod, port)
        .await
        .ok_or(StatusCode::NOT_FOUND)?;
    let upgrade = upgrade.protocols([CHANNELS]);
    Ok(upgrade.on_upgrade(move |socket| async move {
        let _ = carry(socket, port, TcpStream::connect(place).await).await;
    }))
}

/// Carries bytes both ways until one side ends.
async fn carry(
    mut socket: WebSocket,
    port: u16,
    connected: std::io::Result<TcpStream>,
) -> Result<(), axum::Error> {
    for channel in [DATA, ERRORS] {
        let [low, high] = port.to_le_bytes();
        socket.send(message(channel, &[low, high])).await?;
    }
    let stream = match connected {
        Ok(stream) => stream,
        Err(error) => {
            let error = format!("cannot reach port {port}: {error}");
            socket.send(message(ERRORS, error.as_bytes())).await?;
            return socket.close().await;
        }
    };
    let (mut from_pod, mut to_pod) = stream.into_split();
    let (mut to_client, mut from_client) = socket.split();
    let outward = async {
        let mut bytes = vec![0; 16 * 1024];
        while let Ok(read @ 1..) = from_pod.read(&mut bytes).await {
            let piece = bytes.get(..read).unwrap_or_default();
            if to_client.send(message(DATA, piece)).await.is_err() {
                break;
            }
        }
        let _ = to_client.close().await;
    };
    let inward = async {
        while let Some(Ok(Message::Binary(bytes))) = from_client.next().await {
            if let Some((&DATA, piece)) = bytes.split_first()
                && to_pod.write_all(piece).await.is_err()
            {
                break;
            }
        }
    };
    tokio::select! {
        () = outward => {}
        () = inward => {}
    }
    Ok(())
}

fn message(channel: u8, bytes: &[u8]) -> Message {
    Message::Binary([&[channel], bytes].concat().into())
}
