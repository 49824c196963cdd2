//! From the start of Envoy to the first answer, with the pipeline and without.

use std::net::SocketAddr;

use anyhow::Result;
use integration::envoy::Envoy;
use integration::rendered::Rendered;
use serde::Serialize;
use tokio::time::Instant;

use crate::envoys::to_upstream;
use crate::load::{self, Requests};
use crate::process::{cpu_time, resident_memory};
use crate::routes::{self, Kind};
use crate::rows::Setup;
use crate::statistics::Summary;

/// How an Envoy of two workers starts.
#[derive(Debug, Clone, Serialize)]
pub struct Start {
    /// What runs.
    pub title: String,
    /// Milliseconds until the first answer.
    pub milliseconds: Summary,
    /// CPU time until then, in milliseconds.
    pub cpu_milliseconds: Summary,
    /// Resident memory then, in bytes.
    pub resident_bytes: u64,
}

/// Starts each several times, by turns.
///
/// # Errors
/// When one does not answer.
pub async fn measure(upstream: SocketAddr, times: usize) -> Result<Vec<Start>> {
    let document = |count| {
        let document = routes::document(count, upstream.port());
        Setup::Document(Rendered::document(&document))
    };
    let mut contestants = [
        ("Envoy alone", Setup::Bootstrap(to_upstream(upstream))),
        ("a document of 10 routes", document(10)),
        ("a document of 10,000 routes", document(10_000)),
    ]
    .map(|(title, setup)| (title, setup, Vec::new()));
    for _ in 0..times {
        for (_, setup, starts) in &mut contestants {
            starts.push(start(setup).await?);
        }
    }
    let summary = |(title, _, starts): (&str, Setup, Vec<Once>)| {
        Some(Start {
            title: title.to_owned(),
            milliseconds: Summary::of(starts.iter().map(|one| one.milliseconds))?,
            cpu_milliseconds: Summary::of(starts.iter().map(|one| one.cpu_milliseconds))?,
            resident_bytes: starts.last()?.resident_bytes,
        })
    };
    Ok(contestants.into_iter().filter_map(summary).collect())
}

struct Once {
    milliseconds: f64,
    cpu_milliseconds: f64,
    resident_bytes: u64,
}

async fn start(setup: &Setup) -> Result<Once> {
    let launch = match setup {
        Setup::Bootstrap(bootstrap) => Envoy::launch(bootstrap.clone()),
        Setup::Document(rendered) => rendered.launch(),
    };
    let requests = Requests::of([routes::request_path(Kind::Template, 0)], "");
    let began = Instant::now();
    let envoy = launch.concurrency(2).log_level("error").start().await;
    // Live is not ready: what counts is an answer that came through the pipeline.
    let address = envoy.listener(setup.listener()).await;
    load::send(address, &requests, 0, 1).await?;
    let once = Once {
        milliseconds: began.elapsed().as_secs_f64() * 1e3,
        cpu_milliseconds: cpu_time(envoy.pid())?.as_secs_f64() * 1e3,
        resident_bytes: resident_memory(envoy.pid())?,
    };
    envoy.stop().await;
    Ok(once)
}
