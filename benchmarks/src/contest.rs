//! Turns: every row's Envoy stands ready, and one after the other works for a while.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;
use integration::envoy::Envoy;
use serde::Serialize;

use crate::load::{self, Requests};
use crate::process::{cpu_time, resident_memory};
use crate::rows::{Row, Setup};
use crate::statistics::Summary;

/// How much is measured.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Effort {
    /// Turns of each row, after the one that warms up.
    pub rounds: usize,
    /// The most requests in a turn.
    pub requests: usize,
    /// The CPU time of a turn, in seconds: who is slow answers fewer requests.
    pub seconds: f64,
}

impl Effort {
    /// A tenth of a second of CPU is enough for a turn: short turns are seldom disturbed.
    pub fn of(rounds: usize, requests: usize) -> Self {
        Self {
            rounds,
            requests,
            seconds: 0.1,
        }
    }

    /// Enough to see that everything works.
    pub fn least() -> Self {
        Self {
            rounds: 2,
            requests: 40,
            seconds: 0.01,
        }
    }
}

/// What came of a row.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    /// The row's key.
    pub key: String,
    /// The row's title.
    pub title: String,
    /// CPU time a request, in microseconds.
    pub micros: Summary,
    /// The same by turns.
    pub turns: Vec<f64>,
    /// Resident memory behind the last turn, in bytes.
    pub resident_bytes: u64,
}

impl Measured {
    /// Its cost in relation to another's, turn by turn: what the machine does to one turn it does to
    /// the next.
    pub fn ratio_to(&self, other: &Self) -> Option<Summary> {
        Summary::of(
            self.turns
                .iter()
                .zip(&other.turns)
                .map(|(own, its)| own / its),
        )
    }

    /// What it costs beyond another, turn by turn, in microseconds.
    pub fn beyond(&self, other: &Self) -> Option<Summary> {
        Summary::of(
            self.turns
                .iter()
                .zip(&other.turns)
                .map(|(own, its)| own - its),
        )
    }
}

struct Contestant {
    row: Row,
    envoy: Envoy,
    address: SocketAddr,
    /// Requests that it has had.
    sent: usize,
    /// Requests in a turn.
    share: usize,
    turns: Vec<f64>,
}

/// Measures all rows.
///
/// # Errors
/// When one does not answer as it must.
pub async fn measure(rows: Vec<Row>, effort: Effort) -> Result<Vec<Measured>> {
    let mut contestants = Vec::new();
    for row in rows {
        contestants.push(Contestant::start(row, effort).await?);
    }
    for round in 0..effort.rounds {
        eprintln!("round {} of {}", round + 1, effort.rounds);
        for contestant in &mut contestants {
            let micros = contestant.work(contestant.share).await?;
            contestant.turns.push(micros);
        }
    }
    let mut measured = Vec::new();
    for contestant in contestants {
        measured.extend(contestant.stop().await?);
    }
    Ok(measured)
}

impl Contestant {
    /// Starts and warms up: every route has been asked for, and what a request costs is known.
    async fn start(row: Row, effort: Effort) -> Result<Self> {
        let launch = match &row.setup {
            Setup::Bootstrap(bootstrap) => Envoy::launch(bootstrap.clone()),
            Setup::Document(rendered) => rendered.launch(),
        };
        let envoy = launch.concurrency(1).log_level("error").start().await;
        let address = envoy.listener(row.setup.listener()).await;
        let mut contestant = Self {
            address,
            envoy,
            sent: 0,
            share: 0,
            turns: Vec::new(),
            row,
        };
        let all_routes = Requests::len(&contestant.row.requests);
        contestant.work(all_routes.max(effort.requests / 4)).await?;
        let micros = contestant.work(effort.requests / 4).await?;
        let affordable = (effort.seconds * 1e6 / micros) as usize;
        contestant.share = affordable.clamp(1, effort.requests);
        eprintln!("ready: {}", contestant.row.title);
        Ok(contestant)
    }

    /// Answers requests; the CPU time of each, in microseconds.
    async fn work(&mut self, requests: usize) -> Result<f64> {
        let before = cpu_time(self.envoy.pid())?;
        load::send(self.address, &self.row.requests, self.sent, requests).await?;
        let spent = cpu_time(self.envoy.pid())?.saturating_sub(before);
        self.sent += requests;
        Ok(micros(spent) / requests as f64)
    }

    async fn stop(self) -> Result<Option<Measured>> {
        let resident_bytes = resident_memory(self.envoy.pid())?;
        self.envoy.stop().await;
        let summary = Summary::of(self.turns.iter().copied());
        Ok(summary.map(|micros| Measured {
            key: self.row.key,
            title: self.row.title,
            micros,
            turns: self.turns,
            resident_bytes,
        }))
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
