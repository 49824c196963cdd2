//! A gateway that lets everything through, and what it should make of a request beside what it made.

use std::net::SocketAddr;

use explain::edge::HttpVersion;
use explain::{Explainer, Question};
use filter_api::HeaderList;
use gateway_model::Gateway;
use integration::envoy::Envoy;
use integration::mirror::Mirror;
use integration::raw::{RawRequest, Received, send_all};
use integration::rendered::Rendered;

/// Envoy takes a second to close a connection of HTTP/2 on which something was wrong; many wait for
/// that at once.
const CONNECTIONS: usize = 200;

/// How many differences a test prints.
const SHOWN: usize = 40;

pub const VERSIONS: [HttpVersion; 2] = [HttpVersion::Http1, HttpVersion::Http2];

/// A request of a test.
#[derive(Clone)]
pub struct Case {
    pub version: HttpVersion,
    pub method: String,
    pub target: Vec<u8>,
    pub host: Option<Vec<u8>>,
}

/// What became of a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The upstream received this host and this target.
    Passed { host: String, path: String },
    /// The gateway answered.
    Answered(u16),
    /// The gateway closed the connection or the stream.
    Closed,
}

pub struct Rig {
    envoy: Envoy,
    _rendered: Rendered,
    document: Gateway,
    mirror: Mirror,
    address: SocketAddr,
    /// What became something else than was said.
    differences: Vec<String>,
}

impl Case {
    pub fn new(version: HttpVersion, method: &str, target: impl Into<Vec<u8>>) -> Self {
        Self {
            version,
            method: method.to_owned(),
            target: target.into(),
            host: Some(b"a".to_vec()),
        }
    }

    pub fn get(version: HttpVersion, target: impl Into<Vec<u8>>) -> Self {
        Self::new(version, "GET", target)
    }

    pub fn host(mut self, host: Option<&[u8]>) -> Self {
        self.host = host.map(<[u8]>::to_owned);
        self
    }

    fn request(&self) -> RawRequest {
        RawRequest {
            http2: self.version == HttpVersion::Http2,
            method: self.method.clone().into_bytes(),
            target: self.target.clone(),
            host: self.host.clone(),
            fields: Vec::new(),
        }
    }

    /// What is said to become of it. The pipeline looks at the path once more.
    fn expected(&self, explainer: &Explainer<'_>) -> Outcome {
        let explanation = explainer.explain(&Question {
            version: self.version,
            https: false,
            method: self.method.clone().into_bytes(),
            target: self.target.clone(),
            host: self.host.clone(),
            fields: HeaderList::new(),
            client: None,
            now: std::time::Duration::ZERO, // there is no token
        });
        match (explanation.refused, explanation.seen) {
            (Some(refused), _) => refused.status.map_or(Outcome::Closed, Outcome::Answered),
            (None, seen) => {
                let seen = seen.unwrap();
                Outcome::Passed {
                    host: seen.authority.0.escape_ascii().to_string(),
                    path: seen.path.unwrap().0.escape_ascii().to_string(),
                }
            }
        }
    }
}

impl Outcome {
    fn of(received: &Received) -> Self {
        match (received.seen(), received) {
            (Some(seen), _) => Self::Passed {
                host: seen.hosts.join(&b"; "[..]).escape_ascii().to_string(),
                path: seen.path.escape_ascii().to_string(),
            },
            (None, Received::Response { status, .. }) => Self::Answered(*status),
            (None, Received::Closed) => Self::Closed,
        }
    }
}

impl Rig {
    pub async fn start() -> Self {
        let mirror = Mirror::start("one").await;
        let document = format!(
            r#"
apiVersion: headgate.dev/v1alpha1
kind: Gateway
listeners: [{{ name: http, port: 1, address: "127.0.0.1" }}]
upstreams: {{ one: {{ http: "{}" }} }}
routes: [{{ match: {{ prefix: / }}, to: [{{ upstream: one }}] }}]
"#,
            mirror.address()
        );
        let rendered = Rendered::document(&document);
        let checked = gateway_model::read("gateway.yaml", document.as_bytes());
        let envoy = rendered.start().await;
        let address = envoy.listener("http").await;
        Self {
            envoy,
            _rendered: rendered,
            document: checked.unwrap().document,
            mirror,
            address,
            differences: Vec::new(),
        }
    }

    /// Sends cases and compares; [`stop`](Self::stop) tells.
    pub async fn check(&mut self, cases: impl IntoIterator<Item = Case>) {
        let cases: Vec<Case> = cases.into_iter().collect();
        assert!(!cases.is_empty());
        let requests = cases.iter().map(Case::request).collect();
        let explainer = Explainer::new(&self.document).unwrap();
        let received = send_all(self.address, requests, CONNECTIONS).await;
        for (case, received) in cases.iter().zip(received.unwrap()) {
            let (said, found) = (case.expected(&explainer), Outcome::of(&received));
            if said != found {
                let request = case.request();
                let difference = format!("{request}\n  said  {said:?}\n  found {found:?}");
                self.differences.push(difference);
            }
        }
    }

    pub async fn stop(self) {
        self.envoy.stop().await;
        drop(self.mirror);
        let shown = self.differences.len().min(SHOWN);
        let differences = self.differences[..shown].join("\n");
        let count = self.differences.len();
        assert_eq!(count, 0, "differences, the first of them:\n{differences}");
    }
}
