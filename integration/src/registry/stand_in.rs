//! A stand-in for a registry, for what no real one does when it is asked to: to lie, and to fail for a
//! while.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, Response, StatusCode};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A request that came.
pub type Asked = (Method, String);

/// What it answers.
#[derive(Debug, Clone)]
pub struct Answer {
    status: StatusCode,
    fields: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// How often; then what comes after it.
    times: usize,
}

impl Answer {
    /// A status with a body, whenever it is asked.
    #[must_use]
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: StatusCode::from_u16(status).expect("a status"),
            fields: Vec::new(),
            body: body.into(),
            times: usize::MAX,
        }
    }

    /// A manifest.
    #[must_use]
    pub fn manifest(manifest: &Value) -> Self {
        let media_type = manifest["mediaType"].as_str().unwrap_or_default();
        Self::new(200, manifest.to_string()).field("content-type", media_type)
    }

    /// An error in the form of the distribution specification.
    #[must_use]
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        let error = serde_json::json!({ "errors": [{ "code": code, "message": message }] });
        Self::new(status, error.to_string())
    }

    /// A field more.
    #[must_use]
    pub fn field(mut self, name: &'static str, value: &str) -> Self {
        self.fields.push((name, value.to_owned()));
        self
    }

    /// Only so often: then the next answer for the same request.
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }
}

/// A running stand-in.
#[derive(Debug)]
pub struct StandIn {
    address: SocketAddr,
    script: Arc<Script>,
    server: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Script {
    answers: Mutex<BTreeMap<String, Vec<Answer>>>,
    asked: Mutex<Vec<Asked>>,
}

impl Script {
    fn answer(&self, path: &str) -> Option<Answer> {
        let mut answers = self.answers.lock().expect("answers");
        let answer = answers
            .get_mut(path)?
            .iter_mut()
            .find(|answer| answer.times > 0)?;
        answer.times -= 1;
        Some(answer.clone())
    }
}

impl StandIn {
    /// Starts one that takes everybody and has nothing.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let script = Arc::<Script>::default();
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&script));
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("a server");
        });
        let stand_in = Self {
            address,
            script,
            server,
        };
        stand_in.answers("/v2/", Answer::new(200, "{}"));
        stand_in
    }

    /// Answers requests for a path with this, once what it was told before for it is used up.
    ///
    /// # Panics
    /// When another thread of the test has.
    pub fn answers(&self, path: &str, answer: Answer) {
        let mut answers = self.script.answers.lock().expect("answers");
        answers.entry(path.to_owned()).or_default().push(answer);
    }

    /// Has this blob in a repository, and says that it is what `digest` names.
    pub fn has_blob(&self, repository: &str, digest: &str, bytes: &[u8]) {
        let path = format!("/v2/{repository}/blobs/{digest}");
        self.answers(&path, Answer::new(200, bytes));
    }

    /// The name of an image in it.
    #[must_use]
    pub fn image(&self, name: &str) -> String {
        format!("{}/{name}", self.address)
    }

    /// How often it was asked so.
    ///
    /// # Panics
    /// When another thread of the test has.
    #[must_use]
    pub fn asked(&self, method: &Method, path: &str) -> usize {
        let asked = self.script.asked.lock().expect("requests");
        let same = |(one, of): &&Asked| one == method && of == path;
        asked.iter().filter(same).count()
    }

    /// The digest that bytes have.
    #[must_use]
    pub fn digest(bytes: &[u8]) -> String {
        let digest = Sha256::digest(bytes);
        let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("sha256:{digits}")
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(State(script): State<Arc<Script>>, request: Request) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let asked = (request.method().clone(), path.clone());
    script.asked.lock().expect("requests").push(asked);
    let answer = script
        .answer(&path)
        .unwrap_or_else(|| Answer::error(404, "MANIFEST_UNKNOWN", "there is no such thing"));
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.fields {
        response = response.header(name, value);
    }
    response.body(Body::from(answer.body)).expect("a response")
}
