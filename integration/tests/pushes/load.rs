//! Steady requests over every route, each held against the documents that were in use while it was
//! under way.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use integration::client::{self, Client};
use tokio::task::JoinHandle;

use crate::versions::{Answers, PATHS, SLOW};

/// Which documents there were.
#[derive(Debug, Default)]
struct Book {
    versions: Vec<Answers>,
    /// The one that every worker is known to have.
    taken: usize,
}

#[derive(Debug, Default)]
struct Shared {
    book: Mutex<Book>,
    /// Requests whose answer no document in use would give.
    faults: Mutex<Vec<String>>,
    answered: AtomicU64,
    enough: AtomicBool,
}

/// Clients that send one request after the other until they are told to stop.
#[derive(Debug)]
pub struct Load {
    shared: Arc<Shared>,
    clients: Vec<(Client, JoinHandle<()>)>,
}

/// What became of it.
#[derive(Debug)]
pub struct Outcome {
    pub answered: u64,
    pub faults: Vec<String>,
    /// How many connections each client needed.
    pub connections: Vec<usize>,
}

/// How long a client waits before its next request: the load is steady, and leaves the machine some time.
const PACE: Duration = Duration::from_millis(1);

/// How often the load is looked at.
const PAUSE: Duration = Duration::from_millis(2);

impl Load {
    /// Starts it against a gateway that every worker of has this document.
    pub fn start(address: SocketAddr, answers: Answers) -> Self {
        let shared = Arc::new(Shared::default());
        shared.book.lock().unwrap().versions.push(answers);
        let quick = (0..4).map(|_| client::http1(address));
        let quick = quick.chain([client::h2(address)]).map(|one| (one, ""));
        let slow = [client::http1(address), client::h2(address)].map(|one| (one, SLOW));
        let clients = quick.chain(slow).map(|(client, query)| {
            let sending = tokio::spawn(send(client.clone(), query, Arc::clone(&shared)));
            (client, sending)
        });
        let clients = clients.collect();
        Self { shared, clients }
    }

    /// From now on this document may answer.
    pub fn begin(&self, answers: Answers) {
        self.shared.book.lock().unwrap().versions.push(answers);
    }

    /// From now on only the latest document may answer requests that are sent.
    pub fn taken(&self) {
        let mut book = self.shared.book.lock().unwrap();
        book.taken = book.versions.len() - 1;
    }

    /// Waits until so many more requests are answered.
    pub async fn more(&self, requests: u64) {
        let until = self.shared.answered.load(Ordering::Relaxed) + requests;
        let waiting = async {
            while self.shared.answered.load(Ordering::Relaxed) < until {
                tokio::time::sleep(PAUSE).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(30), waiting).await;
        assert!(waited.is_ok(), "nothing is answered");
    }

    /// Stops it when every request is answered.
    pub async fn stop(self) -> Outcome {
        self.shared.enough.store(true, Ordering::Relaxed);
        let mut connections = Vec::new();
        for (client, sending) in self.clients {
            sending.await.unwrap();
            connections.push(client.connections());
        }
        Outcome {
            answered: self.shared.answered.load(Ordering::Relaxed),
            faults: std::mem::take(&mut *self.shared.faults.lock().unwrap()),
            connections,
        }
    }
}

async fn send(client: Client, query: &str, shared: Arc<Shared>) {
    for path in PATHS.iter().cycle() {
        if shared.enough.load(Ordering::Relaxed) {
            return;
        }
        tokio::time::sleep(PACE).await;
        let oldest = shared.book.lock().unwrap().taken;
        let target = match query {
            "" => (*path).to_owned(),
            _ => format!("{path}?{query}"),
        };
        let answer = match client.get(&target).await {
            Ok(response) if response.status == 404 => "404".to_owned(),
            Ok(response) => format!("{} {}", response.status.as_u16(), response.text()),
            Err(error) => error.to_string(),
        };
        shared.answered.fetch_add(1, Ordering::Relaxed);
        let book = shared.book.lock().unwrap();
        let in_use = &book.versions[oldest..];
        let gives = |version: &Answers| match version.get(path) {
            Some(answers) => answers.contains(&answer),
            None => answer == "404",
        };
        if !in_use.iter().any(gives) {
            let wanted: Vec<_> = in_use.iter().map(|version| version.get(path)).collect();
            let fault = format!("{target}: {answer}, where these may answer: {wanted:?}");
            shared.faults.lock().unwrap().push(fault);
        }
    }
}
