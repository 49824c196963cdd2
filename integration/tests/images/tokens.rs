//! Registries that want a token, which another server gives out for the credentials.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;
use tokio::net::TcpListener;

use crate::headgate::image;

/// "ci:secret"
const CREDENTIALS: &str = "Basic Y2k6c2VjcmV0";
const SCOPE: &str = "scope=repository%3Aa%3Apull&service=ours";

/// Says where it wants the token from, and takes the newest that was given out. Of these the first is
/// never good, as if its time were up.
#[derive(Default)]
struct Guard {
    given: AtomicUsize,
}

async fn token(
    State(guard): State<Arc<Guard>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let shown = headers.get(header::AUTHORIZATION);
    if shown.is_none_or(|shown| shown != CREDENTIALS) || query.as_deref() != Some(SCOPE) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let number = guard.given.fetch_add(1, Ordering::Relaxed) + 1;
    json!({ "access_token": format!("token-{number}") })
        .to_string()
        .into_response()
}

async fn registry(State(guard): State<Arc<Guard>>, uri: Uri, headers: HeaderMap) -> Response {
    let shown = headers.get(header::AUTHORIZATION);
    let good = format!(
        "Bearer token-{}",
        guard.given.load(Ordering::Relaxed).max(2)
    );
    if shown.is_none_or(|shown| *shown != *good) {
        let host = headers[header::HOST].to_str().unwrap();
        let challenge = format!(r#"Bearer realm="http://{host}/token",service="ours""#);
        let challenge = [(header::WWW_AUTHENTICATE, challenge)];
        return (StatusCode::UNAUTHORIZED, challenge).into_response();
    }
    assert_eq!(uri.path(), "/v2/a/manifests/1");
    let descriptor = json!({
        "mediaType": "application/wasm",
        "digest": format!("sha256:{}", "0".repeat(64)),
        "size": 1,
    });
    let manifest = json!({ "schemaVersion": 2, "config": descriptor, "layers": [descriptor] });
    manifest.to_string().into_response()
}

#[tokio::test]
async fn a_token_is_got_for_the_credentials_and_again_when_its_time_is_up() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let guard = Arc::<Guard>::default();
    let router = Router::new()
        .route("/token", get(token))
        .fallback(registry)
        .with_state(Arc::clone(&guard));
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let inspect = |password: &str| {
        let line = format!("inspect {address}/a:1 --username ci --password-stdin");
        image(&line).reading(password)
    };
    inspect("secret").done().await.ok();
    assert_eq!(guard.given.load(Ordering::Relaxed), 2);
    let (code, told) = inspect("other").done().await.refused();
    server.abort();
    assert_eq!(code, 3);
    assert_eq!(
        told,
        format!(
            "error: {address} does not accept the credentials of \"ci\" (from --username); log in again"
        )
    );
}
