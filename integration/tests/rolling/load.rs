//! Steady requests, none of which may be lost.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use integration::client::{self, Client};
use tokio::task::JoinHandle;

use crate::pod::DEADLINE;

/// How long a client waits before its next request: the load is steady, and leaves the machine some time.
const PACE: Duration = Duration::from_millis(2);

/// How often the load is looked at.
const PAUSE: Duration = Duration::from_millis(2);

#[derive(Debug, Default)]
struct Shared {
    answered: AtomicU64,
    lost: Mutex<Vec<String>>,
    enough: AtomicBool,
}

/// Clients that send one request after the other until they are told to stop: some keep their connections,
/// over HTTP/1.1 and HTTP/2, some open one for each request.
#[derive(Debug)]
pub struct Load {
    shared: Arc<Shared>,
    sending: Vec<JoinHandle<()>>,
}

/// What became of it.
#[derive(Debug)]
pub struct Outcome {
    pub answered: u64,
    /// What came instead of answers.
    pub lost: Vec<String>,
}

impl Load {
    pub fn start(address: SocketAddr) -> Self {
        let shared = Arc::<Shared>::default();
        let kept = (0..4)
            .map(|_| client::http1(address))
            .chain([client::h2(address)]);
        let kept = kept.map(|client| {
            let next = move || client.clone();
            tokio::spawn(send(next, "kept", Arc::clone(&shared)))
        });
        let new = (0..2).map(|_| {
            let next = move || client::http1(address);
            tokio::spawn(send(next, "new", Arc::clone(&shared)))
        });
        let sending = kept.chain(new).collect();
        Self { shared, sending }
    }

    /// Waits until so many more requests are answered.
    pub async fn more(&self, requests: u64) {
        let until = self.shared.answered.load(Ordering::Relaxed) + requests;
        let waiting = async {
            while self.shared.answered.load(Ordering::Relaxed) < until {
                tokio::time::sleep(PAUSE).await;
            }
        };
        let waited = tokio::time::timeout(DEADLINE, waiting).await;
        assert!(waited.is_ok(), "nothing is answered");
    }

    /// Stops it when every request is answered.
    pub async fn stop(self) -> Outcome {
        self.shared.enough.store(true, Ordering::Relaxed);
        for sending in self.sending {
            sending.await.unwrap();
        }
        Outcome {
            answered: self.shared.answered.load(Ordering::Relaxed),
            lost: std::mem::take(&mut *self.shared.lost.lock().unwrap()),
        }
    }
}

/// Nothing is sent twice: what a client would try again is lost here.
async fn send(next: impl Fn() -> Client, connection: &str, shared: Arc<Shared>) {
    while !shared.enough.load(Ordering::Relaxed) {
        tokio::time::sleep(PACE).await;
        match next().get("/load").await {
            Ok(response) if response.status == 200 => {
                shared.answered.fetch_add(1, Ordering::Relaxed);
            }
            other => {
                let lost = format!("on a {connection} connection: {}", told(other));
                shared.lost.lock().unwrap().push(lost);
            }
        }
    }
}

/// What came, in a line.
pub fn told(came: Result<client::Response, client::Failure>) -> String {
    match came {
        Ok(response) => format!("{} {}", response.status, response.text()),
        Err(failure) => failure.to_string(),
    }
}
