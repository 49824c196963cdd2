//! Targets that send back what they receive, behind a balancer.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use integration::balancer::{Balancer, Health, Options, Target};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

/// Only there so that a test fails rather than hangs.
const DEADLINE: Duration = Duration::from_secs(30);

/// How often a condition is looked at again.
const POLL: Duration = Duration::from_millis(5);

/// A target: what it receives it sends back, and it answers health checks with a status.
#[derive(Debug)]
pub struct Echo {
    pub target: Target,
    seen: Arc<Seen>,
    accepting: AbortHandle,
    _serving: JoinSet<()>,
}

#[derive(Debug, Default)]
struct Seen {
    /// The status that health checks are answered with.
    status: AtomicU16,
    checks: Mutex<Vec<Vec<u8>>>,
    /// What each connection has received, and from where.
    connections: Mutex<Vec<(IpAddr, Vec<u8>)>>,
}

impl Echo {
    pub async fn start() -> Self {
        let seen = Arc::new(Seen::default());
        seen.status.store(200, Ordering::Relaxed);
        let traffic = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let health = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let target = Target {
            address: traffic.local_addr().unwrap(),
            health: health.local_addr().unwrap(),
        };
        let mut serving = JoinSet::new();
        serving.spawn(answer_checks(health, Arc::clone(&seen)));
        let accepting = serving.spawn(accept(traffic, Arc::clone(&seen)));
        Self {
            target,
            seen,
            accepting,
            _serving: serving,
        }
    }

    /// From now on health checks are answered with this.
    pub fn answers(&self, status: u16) {
        self.seen.status.store(status, Ordering::Relaxed);
    }

    pub fn checks(&self) -> Vec<Vec<u8>> {
        self.seen.checks.lock().unwrap().clone()
    }

    pub fn connections(&self) -> Vec<(IpAddr, Vec<u8>)> {
        self.seen.connections.lock().unwrap().clone()
    }

    /// Ends every connection, and takes none any more.
    pub fn end(&self) {
        self.accepting.abort();
    }
}

async fn answer_checks(listener: TcpListener, seen: Arc<Seen>) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut received = Vec::new();
        while !received.ends_with(b"\r\n\r\n") {
            if stream.read_buf(&mut received).await.unwrap_or(0) == 0 {
                break;
            }
        }
        let status = seen.status.load(Ordering::Relaxed);
        let answer = format!("HTTP/1.1 {status} \r\ncontent-length: 0\r\n\r\n");
        let _ = stream.write_all(answer.as_bytes()).await;
        seen.checks.lock().unwrap().push(received);
    }
}

async fn accept(listener: TcpListener, seen: Arc<Seen>) {
    let mut open = JoinSet::new();
    loop {
        let (mut stream, peer) = listener.accept().await.unwrap();
        let place = {
            let mut connections = seen.connections.lock().unwrap();
            connections.push((peer.ip(), Vec::new()));
            connections.len() - 1
        };
        let seen = Arc::clone(&seen);
        open.spawn(async move {
            let mut buffer = [0; 1024];
            while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                let received = &buffer[..read];
                seen.connections.lock().unwrap()[place].1.extend(received);
                if stream.write_all(received).await.is_err() {
                    return;
                }
            }
        });
    }
}

/// A balancer before healthy targets.
pub async fn before<const N: usize>(options: Options) -> (Balancer, [Echo; N]) {
    let balancer = Balancer::start(options).await;
    let mut targets = Vec::new();
    for _ in 0..N {
        let echo = Echo::start().await;
        balancer.register(echo.target);
        balancer.until(echo.target, Health::Healthy).await;
        targets.push(echo);
    }
    (balancer, targets.try_into().unwrap())
}

/// A client's connection from an address of its own.
#[derive(Debug)]
pub struct Connection(TcpStream);

impl Connection {
    pub async fn from(source: Ipv4Addr, to: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((source, 0).into()).unwrap();
        Self(socket.connect(to).await.unwrap())
    }

    pub async fn to(to: SocketAddr) -> Self {
        Self::from(Ipv4Addr::new(127, 0, 0, 2), to).await
    }

    pub fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    pub async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// Sends this, and returns as much of what comes back.
    pub async fn exchange(&mut self, text: &str) -> io::Result<String> {
        self.0.write_all(text.as_bytes()).await?;
        let mut back = vec![0; text.len()];
        within(self.0.read_exact(&mut back)).await?;
        Ok(String::from_utf8(back).unwrap())
    }

    /// What comes until the end.
    pub async fn rest(&mut self) -> io::Result<Vec<u8>> {
        let mut rest = Vec::new();
        within(self.0.read_to_end(&mut rest)).await?;
        Ok(rest)
    }

    /// Says that nothing more is sent.
    pub async fn shutdown(&mut self) {
        self.0.shutdown().await.unwrap();
    }
}

/// Connects, says something, and returns which of the targets has it.
pub async fn taken_by(balancer: &Balancer, targets: &[Echo]) -> io::Result<usize> {
    let before: Vec<usize> = opened(balancer, targets);
    Connection::to(balancer.address())
        .await
        .exchange("a")
        .await?;
    let after = opened(balancer, targets);
    Ok((0..targets.len())
        .find(|at| after[*at] > before[*at])
        .unwrap())
}

fn opened(balancer: &Balancer, targets: &[Echo]) -> Vec<usize> {
    let targets = targets.iter();
    targets.map(|echo| balancer.opened(echo.target)).collect()
}

pub async fn within<T>(waiting: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(DEADLINE, waiting).await;
    waited.unwrap_or_else(|_| panic!("not within {DEADLINE:?}"))
}

/// Waits until this holds.
pub async fn until(mut condition: impl FnMut() -> bool) {
    within(async {
        while !condition() {
            tokio::time::sleep(POLL).await;
        }
    })
    .await;
}
