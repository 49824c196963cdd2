//! How long the pusher takes over a document of 10,000 routes.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use tokio::time::Instant;

use crate::routes;
use crate::statistics::Summary;

/// How long a command takes.
#[derive(Debug, Clone, Serialize)]
pub struct Taken {
    /// The command, without its arguments.
    pub command: String,
    /// Milliseconds from its start to its end.
    pub milliseconds: Summary,
}

/// Runs `headgate check` and `headgate render`, each several times.
///
/// # Errors
/// When the binary is not there, or a command fails.
pub fn measure(headgate: &Path, times: usize) -> Result<Vec<Taken>> {
    let directory = tempfile::tempdir()?;
    let document = directory.path().join("gateway.yaml");
    std::fs::write(&document, routes::document(10_000, 8081))?;
    let mut taken = Vec::new();
    for command in ["check", "render"] {
        let mut milliseconds = Vec::new();
        for time in 0..times {
            let mut process = Command::new(headgate);
            process.arg(command).arg(&document).stdout(Stdio::null());
            if command == "render" {
                process
                    .arg("--out")
                    .arg(directory.path().join(format!("rendered-{time}")));
            }
            let began = Instant::now();
            let status = process.status();
            let status = status.with_context(|| {
                format!(
                    "{} cannot be run: cargo build --release --package headgate",
                    headgate.display()
                )
            })?;
            milliseconds.push(began.elapsed().as_secs_f64() * 1e3);
            ensure!(status.success(), "headgate {command} ended with {status}");
        }
        let command = format!("headgate {command}");
        let summary = Summary::of(milliseconds);
        taken.extend(summary.map(|milliseconds| Taken {
            command,
            milliseconds,
        }));
    }
    Ok(taken)
}
