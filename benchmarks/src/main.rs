//! The table of figures: CPU time a request, start time, memory, and how long the pusher takes.
//!
//! CPU time is of the process's own counters, divided by the requests. All that is compared runs side
//! by side and takes turns, so that a machine whose speed drifts is fair to all.

mod builds;
mod contest;
mod envoys;
mod figures;
mod jwt;
mod limits;
mod load;
mod memory;
mod process;
mod pusher;
mod report;
mod routes;
mod rows;
mod startup;
mod statistics;
mod tokens;
mod upstream;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use contest::Effort;

/// Measure Headgate side by side with what else there is.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure everything, and write the table
    Table(TableArguments),
    /// Compare builds of the pipeline module
    Builds(builds::Arguments),
    /// Print a document of so many routes
    Document {
        /// How many routes
        routes: usize,
    },
}

#[derive(Debug, Args)]
struct TableArguments {
    /// Only small rows, and so few requests that nothing is measured: to see whether everything works
    #[arg(long)]
    quick: bool,
    /// Turns of each row
    #[arg(long, default_value_t = 40)]
    rounds: usize,
    /// The most requests in a turn
    #[arg(long, default_value_t = 2_500)]
    requests: usize,
    /// Only rows whose key begins so, and neither starts nor the pusher; "memory" is what many tokens
    /// leave behind; may be given several times
    #[arg(long, value_name = "KEY")]
    only: Vec<String>,
    /// The pusher's binary, as it is released
    #[arg(long, value_name = "FILE", default_value = "target/release/headgate")]
    headgate: PathBuf,
    /// A Markdown file, in which the table is put between two comments
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// A file for everything that was measured, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Table(arguments) => table(&arguments).await,
        Command::Builds(arguments) => builds::compare(&arguments).await,
        Command::Document { routes } => {
            print!("{}", routes::document(routes, 8081));
            Ok(())
        }
    }
}

async fn table(arguments: &TableArguments) -> Result<()> {
    let upstream = upstream::serve().await?;
    let (effort, times) = match arguments.quick {
        true => (Effort::least(), 1),
        false => (Effort::of(arguments.rounds, arguments.requests), 9),
    };
    let times = if arguments.only.is_empty() { times } else { 0 };
    let mut rows = rows::all(upstream)?;
    let only = &arguments.only;
    rows.retain(|row| only.is_empty() || only.iter().any(|key| row.key.starts_with(&**key)));
    // Thousands of routes take longest to start with.
    rows.retain(|row| !arguments.quick || row.requests.len() <= 100);
    let tokens = match arguments.quick {
        true => 5_000,
        false => 100_000,
    };
    let is_asked = only.is_empty() || only.iter().any(|key| key == "memory");
    let memory = match is_asked {
        true => Some(memory::measure(tokens).await?),
        false => None,
    };
    let results = report::Results {
        machine: report::Machine::this()?,
        effort,
        rows: contest::measure(rows, effort).await?,
        starts: startup::measure(upstream, times).await?,
        memory,
        pusher: pusher::measure(&arguments.headgate, times)?,
    };
    report::write(
        &results,
        arguments.markdown.as_deref(),
        arguments.json.as_deref(),
    )
}
