//! The WebSocket sample service: `/chat` sends back each text and binary message as it came.
//!
//! Pings are answered with pongs and a close with a close (RFC 6455 §5.5), by the library, while
//! messages are read. Over HTTP/2 it takes an extended CONNECT (RFC 8441).

use axum::Router;
use axum::extract::WebSocketUpgrade;
use axum::extract::ws::{Message, WebSocket};
use axum::response::Response;
use axum::routing::any;

/// The service's one route.
pub fn router() -> Router {
    Router::new().route("/chat", any(upgrade))
}

async fn upgrade(request: WebSocketUpgrade) -> Response {
    request.on_upgrade(echo)
}

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        let answer = match message {
            Message::Text(_) | Message::Binary(_) => socket.send(message).await,
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => continue,
        };
        if answer.is_err() {
            return;
        }
    }
}
