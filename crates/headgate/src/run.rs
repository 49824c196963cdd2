//! `headgate run`: a document, running.

mod admin;
mod binary;
pub mod bound;
mod lines;
mod named_files;
mod ports;
mod process;

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use gateway_model::Gateway;
use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};

use crate::exit_status::ExitStatus;
use crate::input::Source;
use crate::overrides::Overrides;
use crate::{document, files, modules};
use admin::{Admin, Readiness};
use process::Envoy;

/// Run a document on this machine, with a stock Envoy
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_help = format!("{EXAMPLES}\n\n{}", ExitStatus::help()))]
pub struct Arguments {
    /// The document, in YAML or JSON; "-" for standard input
    #[arg(value_name = "FILE")]
    source: Source,
    /// The Envoy to run
    #[arg(long, value_name = "PATH", env = "ENVOY_BIN")]
    envoy: Option<PathBuf>,
    /// The directory of the wasm modules
    #[arg(long, value_name = "DIR", env = "HEADGATE_MODULES")]
    modules: Option<PathBuf>,
    /// How many threads of Envoy handle requests
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=256))]
    concurrency: u16,
    /// Show all that Envoy says, not only its warnings and what the filters say
    #[arg(short, long)]
    verbose: bool,
    #[command(flatten)]
    overrides: Overrides,
}

const LONG_ABOUT: &str = "\
Run a document on this machine: render it, start a stock Envoy with it, show a line for each request, \
and stop in order at Ctrl-C.

Envoy is taken from --envoy or ENVOY_BIN, else from .tools/ in the checkout that this program was built \
in, else from PATH.";

const EXAMPLES: &str = "\
Examples:
  headgate run gateway.yaml
  headgate run gateway.yaml --listener http=127.0.0.1:10000 --upstream pets=127.0.0.1:8081
  headgate run gateway.yaml --envoy ~/bin/envoy --verbose";

/// How long Envoy may take to begin its work.
const START: Duration = Duration::from_secs(30);

/// Runs a document until a signal comes or Envoy ends.
///
/// # Errors
/// When it cannot be read, there is no module, no Envoy or no free port, or Envoy fails.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    let gateway = match document::load(&arguments.source)? {
        Ok(gateway) => arguments.overrides.apply(gateway)?,
        Err(status) => return Ok(status),
    };
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .context("the async runtime does not start")?;
    runtime.block_on(serve(arguments, &gateway))?;
    Ok(ExitStatus::Ok)
}

async fn serve(arguments: &Arguments, gateway: &Gateway) -> anyhow::Result<()> {
    let binary = binary::find(arguments.envoy.as_deref())?;
    let module = modules::pipeline(arguments.modules.as_deref())?;
    ports::require_free(gateway)?;
    let directory = tempfile::Builder::new()
        .prefix("headgate-")
        .tempdir()
        .context("there is no place for Envoy's files")?;
    let named_in = arguments.source.directory();
    let placement = files::placement_here(directory.path(), named_in, &module)?;
    named_files::require_readable(gateway, &placement)?;
    files::write(directory.path(), gateway, &placement, &module)?;

    // Asked for before Envoy starts, so that no signal is missed.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    // A terminal that is closed takes the gateway with it.
    let mut hangup = signal(SignalKind::hangup())?;
    let mut envoy = Envoy::start(
        &binary,
        directory.path(),
        arguments.concurrency,
        arguments.verbose,
    )?;
    let admin = Admin::new(gateway.admin.port.get());
    let readiness = tokio::select! {
        readiness = admin.ready_within(START) => readiness,
        ended = envoy.ended() => Readiness::No(format!("Envoy ended, {ended}")),
        _ = interrupt.recv() => return envoy.stop().await,
        _ = terminate.recv() => return envoy.stop().await,
        _ = hangup.recv() => return envoy.stop().await,
    };
    let why_not = match readiness {
        Readiness::Yes => None,
        Readiness::No(why) => Some(why),
        Readiness::Unusable(secrets) => {
            let files = envoy_render::secret_files(gateway, &placement);
            let files = secrets.iter().filter_map(|name| files.get(name)).flatten();
            let files: Vec<&str> = files.map(String::as_str).collect();
            Some(format!("Envoy cannot use what is in {}", files.join(", ")))
        }
    };
    if let Some(why) = why_not {
        // How it ends now says less than why it did not start.
        let _ = envoy.stop().await;
        bail!("the gateway did not start: {why}; what Envoy said stands above");
    }
    for listener in &gateway.listeners {
        let address = SocketAddr::new(listener.address.0, listener.port.get());
        let scheme = listener.tls.as_ref().map_or("http", |_| "https");
        let name = listener.name.as_str();
        say(&format!("ready: listener {name} at {scheme}://{address}"));
    }
    tokio::select! {
        ended = envoy.ended() => bail!("Envoy ended, {ended}; what it said stands above"),
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
    say("stopping");
    envoy.stop().await
}

/// Tells it, unless nobody listens any more: a closed terminal is no reason to fail.
fn say(text: &str) {
    let _ = writeln!(anstream::stderr(), "{text}");
}
