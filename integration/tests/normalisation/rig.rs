//! A gateway that lets everything through, and what it should make of a request beside what it made.

use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use explain::edge::{HttpVersion, Sent};
use filter_api::HeaderList;
use integration::envoy::Envoy;
use integration::mirror::{Mirror, SeenHead};
use integration::raw::{Http2, Http2Failure, Kept};
use integration::rendered::Rendered;
use tokio::task::JoinSet;

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

    /// What is said to become of it.
    pub fn expected(&self) -> Outcome {
        let fields = HeaderList::new();
        let sent = Sent {
            version: self.version,
            tls: false,
            method: self.method.as_bytes(),
            target: &self.target,
            host: self.host.as_deref(),
            fields: &fields,
        };
        match sent.admit() {
            Ok(admitted) => match admitted.path {
                Some(path) => Outcome::Passed {
                    host: admitted.authority.escape_ascii().to_string(),
                    path: path.escape_ascii().to_string(),
                },
                // The pipeline's answer to CONNECT.
                None => Outcome::Answered(405),
            },
            Err(refusal) => refusal.status().map_or(Outcome::Closed, Outcome::Answered),
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self
            .host
            .as_ref()
            .map(|host| host.escape_ascii().to_string());
        let target = self.target.escape_ascii();
        write!(
            f,
            "{:?} {} {target} host {host:?}",
            self.version, self.method
        )
    }
}

impl Rig {
    pub async fn start() -> Self {
        let mirror = Mirror::start("one").await;
        let rendered = Rendered::document(&format!(
            r#"
apiVersion: headgate.dev/v1alpha1
kind: Gateway
listeners: [{{ name: http, port: 1, address: "127.0.0.1" }}]
upstreams: {{ one: {{ http: "{}" }} }}
routes: [{{ match: {{ prefix: / }}, to: [{{ upstream: one }}] }}]
"#,
            mirror.address()
        ));
        let envoy = rendered.start().await;
        let address = envoy.listener("http").await;
        Self {
            envoy,
            _rendered: rendered,
            mirror,
            address,
            differences: Vec::new(),
        }
    }

    /// Sends cases and compares; [`stop`](Self::stop) tells.
    pub async fn check(&mut self, cases: impl IntoIterator<Item = Case>) {
        let cases: VecDeque<Case> = cases.into_iter().collect();
        assert!(!cases.is_empty());
        let left = Arc::new(Mutex::new(cases));
        let mut workers = JoinSet::new();
        for _ in 0..CONNECTIONS {
            workers.spawn(work(self.address, Arc::clone(&left)));
        }
        while let Some(found) = workers.join_next().await {
            self.differences.extend(found.unwrap());
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

/// Sends what is left, over connections of its own, and returns the differences.
async fn work(address: SocketAddr, left: Arc<Mutex<VecDeque<Case>>>) -> Vec<String> {
    let mut http1 = Kept::new(address);
    let mut http2 = Http2::new(address);
    let mut differences = Vec::new();
    loop {
        let next = left.lock().unwrap().pop_front();
        let Some(case) = next else { return differences };
        let found = match case.version {
            HttpVersion::Http1 => over_http1(&mut http1, &case).await,
            HttpVersion::Http2 => over_http2(&mut http2, &case).await,
        };
        let said = case.expected();
        if said != found {
            differences.push(format!("{case}\n  said  {said:?}\n  found {found:?}"));
        }
    }
}

async fn over_http1(connection: &mut Kept, case: &Case) -> Outcome {
    let host = case
        .host
        .iter()
        .flat_map(|host| [b"host: ", &**host, b"\r\n"]);
    let request = [case.method.as_bytes(), b" ", &case.target, b" HTTP/1.1\r\n"]
        .into_iter()
        .chain(host)
        .chain([&b"\r\n"[..]])
        .collect::<Vec<_>>()
        .concat();
    let response = connection.exchange(&request).await;
    let response = response.unwrap_or_else(|failure| panic!("{failure}; {case}"));
    let lines = response.headers.iter();
    let fields = lines.map(|(name, value)| (name.as_bytes(), &**value));
    outcome(response.status, SeenHead::of(fields, &response.body))
}

async fn over_http2(connection: &mut Http2, case: &Case) -> Outcome {
    let mut fields = vec![(&b":method"[..], case.method.as_bytes())];
    if case.method != "CONNECT" {
        fields.push((b":scheme", b"http"));
    }
    if let Some(host) = &case.host {
        fields.push((b":authority", host));
    }
    if !case.target.is_empty() {
        fields.push((b":path", &case.target));
    }
    match connection.exchange(&fields).await {
        Ok(response) => {
            let lines = response.headers.iter();
            let fields = lines.map(|(name, value)| (&**name, &**value));
            outcome(response.status, SeenHead::of(fields, &response.body))
        }
        Err(Http2Failure::Ended) => Outcome::Closed,
        Err(failure) => panic!("{failure}; {case}"),
    }
}

fn outcome(status: u16, seen: Option<SeenHead>) -> Outcome {
    match seen {
        None => Outcome::Answered(status),
        Some(seen) => Outcome::Passed {
            host: seen.hosts.join(&b"; "[..]).escape_ascii().to_string(),
            path: seen.path.escape_ascii().to_string(),
        },
    }
}
