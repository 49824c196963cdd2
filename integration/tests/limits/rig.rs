//! The pipeline with limits, and connections of which it is known that each worker has some.

use std::net::SocketAddr;
use std::time::Duration;

use integration::bootstrap::{FRONT, wasm_filter};
use integration::envoy::{Envoy, Launch};
use integration::module;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

const MANAGER: &str = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const ROUTER: &str = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";
const BALANCE: &str = "exact_balance";

/// Only there so that a test fails rather than hangs.
const DEADLINE: Duration = Duration::from_secs(60);

/// The configuration of a pipeline which answers everything by itself, with 200, and these limits of all
/// requests.
pub fn pipeline(limits: &Value) -> Value {
    json!({
        "limits": { "gateway": limits },
        "routes": [{ "name": "all", "match": { "prefix": "/" }, "respond": { "status": 200 } }],
    })
}

/// The pipeline as a filter.
pub fn filter(config: &Value) -> Value {
    let plugin = json!({ "allow_on_headers_stop_iteration": true });
    wasm_filter("gateway", &module("gateway"), config, plugin)
}

/// An Envoy with this filter, which sends nothing on. Connections are spread evenly over its workers, and
/// it believes no client who it is.
pub fn launch(filter: &Value) -> Launch {
    let manager = json!({
        "@type": MANAGER,
        "stat_prefix": FRONT,
        "use_remote_address": true,
        "max_request_headers_kb": 96,
        "http_filters": [filter, { "name": "router", "typed_config": { "@type": ROUTER } }],
        "route_config": { "virtual_hosts": [{
            "name": "all",
            "domains": ["*"],
            "routes": [{ "match": { "prefix": "/" }, "direct_response": { "status": 500 } }],
        }] },
    });
    let manager = json!({ "name": "front", "typed_config": manager });
    let address = json!({ "address": "127.0.0.1", "port_value": 0 });
    Envoy::launch(json!({ "static_resources": { "listeners": [{
        "name": FRONT,
        "address": { "socket_address": address },
        "connection_balance_config": { BALANCE: {} },
        "filter_chains": [{ "filters": [manager] }],
    }] } }))
}

/// Starts the pipeline with these limits of all requests.
pub async fn start(workers: usize, limits: &Value) -> Envoy {
    let launch = launch(&filter(&pipeline(limits)));
    launch.concurrency(workers).start().await
}

/// As many connections on each worker.
pub async fn connections(envoy: &Envoy, workers: usize, each: usize) -> Vec<Connection> {
    let address = envoy.listener(FRONT).await;
    let mut connections = Vec::new();
    for _ in 0..workers * each {
        let mut connection = Connection::open(address).await;
        // It is a worker's once it is answered.
        connection.status(&get("/", "x-key: nobody")).await;
        connections.push(connection);
    }
    let stats = envoy.stats().await;
    for worker in 0..workers {
        let active = format!("listener.127.0.0.1_0.worker_{worker}.downstream_cx_active");
        assert_eq!(stats.get(&active), Some(&(each as u64)), "{stats:#?}");
    }
    connections
}

/// A request as it is sent, with further header lines.
pub fn get(path: &str, lines: &str) -> Vec<u8> {
    let lines = match lines {
        "" => String::new(),
        lines => format!("{lines}\r\n"),
    };
    format!("GET {path} HTTP/1.1\r\nhost: a\r\n{lines}\r\n").into_bytes()
}

/// What limits counted of an outcome, once all workers have told it.
pub async fn counted(envoy: &Envoy, limit: &str, outcome: &str, count: impl Fn(u64) -> bool) {
    let name = counter(limit, outcome);
    envoy.wait_for_stat(&name, count).await;
}

/// The counter of an outcome.
pub fn counter(limit: &str, outcome: &str) -> String {
    format!("wasmcustom.headgate_limit_requests_total;limit={limit};;outcome={outcome};")
}

/// A connection of HTTP/1.1, for requests one after the other.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    /// What has come of the next response.
    bytes: Vec<u8>,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let bytes = Vec::new();
        Self { stream, bytes }
    }

    /// The status that a request is answered with.
    pub async fn status(&mut self, request: &[u8]) -> u16 {
        self.stream.write_all(request).await.unwrap();
        let reading = async {
            loop {
                if let Some(status) = take_response(&mut self.bytes) {
                    return status;
                }
                let read = self.stream.read_buf(&mut self.bytes).await.unwrap();
                assert!(read > 0, "the connection was closed");
            }
        };
        tokio::time::timeout(DEADLINE, reading).await.unwrap()
    }
}

/// Takes a response off the front, if it is there whole.
fn take_response(bytes: &mut Vec<u8>) -> Option<u16> {
    let end = bytes.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    let head = str::from_utf8(&bytes[..end]).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap();
    let status = status.parse().unwrap();
    let length = lines.find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.map_or(0, |length| length.parse().unwrap());
    if bytes.len() < end + length {
        return None;
    }
    bytes.drain(..end + length);
    Some(status)
}

/// What a load was answered.
#[derive(Debug, Default)]
pub struct Answered {
    pub passed: u64,
    pub refused: u64,
    /// From before the first request until behind the last answer.
    pub took: Duration,
}

/// Sends one request after the other on all connections for a while.
pub async fn load(connections: Vec<Connection>, request: &[u8], for_: Duration) -> Answered {
    let began = Instant::now();
    let sending = connections.into_iter().map(|mut connection| {
        let request = request.to_owned();
        tokio::spawn(async move {
            let mut answered = Answered::default();
            while began.elapsed() < for_ {
                match connection.status(&request).await {
                    200 => answered.passed += 1,
                    429 => answered.refused += 1,
                    status => panic!("{status}"),
                }
            }
            answered
        })
    });
    let sending: Vec<_> = sending.collect();
    let mut all = Answered::default();
    for one in sending {
        let one = one.await.unwrap();
        all.passed += one.passed;
        all.refused += one.refused;
    }
    all.took = began.elapsed();
    all
}
