//! As much of an API server as shows what is asked of one, in which order. What a real one does with it is asked
//! in `integration`.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::thread;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime;

/// What was written to it: `PATCH networkpolicies/shop`, with what.
#[derive(Debug, Clone)]
pub struct Written {
    pub request: String,
    pub value: Value,
}

#[derive(Default)]
struct State {
    /// By path.
    objects: BTreeMap<String, Value>,
    written: Vec<Written>,
    /// How often it still tells of a pod that ends.
    ending: usize,
}

/// A server that is there as long as the process.
#[derive(Clone, Default)]
pub struct ApiServer(Arc<Mutex<State>>);

impl ApiServer {
    /// Starts one; also returns the kubeconfig to reach it.
    pub fn start() -> (Self, String) {
        let server = Self::default();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it has an address");
        listener.set_nonblocking(true).expect("it can be polled");
        let serving = server.clone();
        thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("the runtime starts");
            runtime.block_on(serving.serve(listener));
        });
        let kubeconfig = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{ "name": "test", "cluster": { "server": format!("http://{address}") } }],
            "users": [{ "name": "test", "user": {} }],
            "contexts": [{ "name": "test", "context": { "cluster": "test", "user": "test", "namespace": "shop" } }],
        });
        (server, kubeconfig.to_string())
    }

    /// Takes what was written since it was asked last.
    pub fn written(&self) -> Vec<Written> {
        std::mem::take(&mut self.state().written)
    }

    /// Tells so often of a pod that ends.
    pub fn has_an_ending_pod(&self, times: usize) {
        self.state().ending = times;
    }

    /// Whether it would tell of it still.
    pub fn still_ends(&self) -> bool {
        self.state().ending > 0
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().expect("no test has stopped in it")
    }

    async fn serve(self, listener: std::net::TcpListener) {
        let listener = TcpListener::from_std(listener).expect("it can be polled");
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                return;
            };
            let server = self.clone();
            let service = service_fn(move |request| server.clone().answer(request));
            let serving = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service);
            tokio::spawn(serving);
        }
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let (parts, body) = request.into_parts();
        let body = body
            .collect()
            .await
            .map(http_body_util::Collected::to_bytes);
        let body = serde_json::from_slice(&body.unwrap_or_default()).unwrap_or(Value::Null);
        let is_tried = parts
            .uri
            .query()
            .is_some_and(|query| query.contains("dryRun=All"));
        let answer = self
            .state()
            .answer(&parts.method, parts.uri.path(), body, is_tried);
        let (status, value) = match answer {
            Some(value) => (StatusCode::OK, value),
            None => (
                StatusCode::NOT_FOUND,
                json!({ "kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404 }),
            ),
        };
        let response = Response::builder().status(status);
        let response = response.header("content-type", "application/json");
        let body = Full::new(Bytes::from(value.to_string()));
        Ok(response.body(body).expect("it is a response"))
    }
}

impl State {
    fn answer(
        &mut self,
        method: &Method,
        path: &str,
        body: Value,
        is_tried: bool,
    ) -> Option<Value> {
        let (_, place) = path.split_once("/namespaces/shop")?;
        let place = place.trim_start_matches('/').to_owned();
        if place.is_empty() {
            return Some(json!({ "metadata": { "name": "shop" } }));
        }
        if place == "pods" {
            return Some(json!({ "metadata": {}, "items": self.pods() }));
        }
        if !place.contains('/') {
            let of_kind = |(one, _): &(&String, &Value)| one.starts_with(&format!("{place}/"));
            let items: Vec<&Value> = self
                .objects
                .iter()
                .filter(of_kind)
                .map(|(_, one)| one)
                .collect();
            return Some(json!({ "metadata": {}, "items": items }));
        }
        if method == Method::GET {
            return self.objects.get(&place).cloned();
        }
        if !is_tried {
            self.written.push(Written {
                request: format!("{method} {place}"),
                value: body.clone(),
            });
        }
        if method == Method::DELETE {
            return self.objects.remove(&place);
        }
        let mut object = body;
        object["metadata"]["managedFields"] =
            json!([{ "manager": "headgate", "operation": "Apply" }]);
        object["status"] = json!({ "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1 });
        if !is_tried {
            self.objects.insert(place, object.clone());
        }
        Some(object)
    }

    fn pods(&mut self) -> Vec<Value> {
        let Some(left) = self.ending.checked_sub(1) else {
            return Vec::new();
        };
        self.ending = left;
        vec![json!({ "metadata": { "name": "old", "deletionTimestamp": "2026-01-01T00:00:00Z" } })]
    }
}
