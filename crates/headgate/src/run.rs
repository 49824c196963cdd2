//! `headgate run`: a document, running.

mod admin;
mod binary;
mod lines;
mod ports;
mod process;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use gateway_model::Gateway;
use tokio::signal::unix::{SignalKind, signal};

use crate::source::Source;
use crate::{files, modules};
use admin::{Admin, Readiness};
use process::Envoy;

/// Run a document on this machine, with a stock Envoy
#[derive(Debug, Args)]
#[command(
    long_about = "Runs a document on this machine: renders it, starts a stock Envoy with it, shows \
                  its log, and stops it with Ctrl-C.\n\n\
                  Envoy is looked for at --envoy or ENVOY_BIN, then in .tools/ of a checkout of \
                  Headgate, then in PATH.",
    after_help = "Examples:\n  \
                  headgate run gateway.yaml\n  \
                  headgate run gateway.yaml --listener http=127.0.0.1:10000 --upstream pets=127.0.0.1:8081\n  \
                  headgate run gateway.yaml --envoy ~/bin/envoy --verbose"
)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    source: Source,

    /// The Envoy to run
    #[arg(long, value_name = "PATH", env = "ENVOY_BIN")]
    envoy: Option<PathBuf>,

    /// The directory of the wasm modules
    #[arg(long, value_name = "DIR", env = "HEADGATE_MODULES")]
    modules: Option<PathBuf>,

    /// How many threads Envoy handles requests with
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=256))]
    concurrency: u16,

    /// Show all that Envoy says, not only warnings and the pipeline's lines
    #[arg(short, long)]
    verbose: bool,
}

/// How long Envoy may take to begin its work.
const START: Duration = Duration::from_secs(30);

impl RunArgs {
    /// The document that is run.
    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// Runs a document that was read and found right, until a signal or Envoy's end.
    pub(crate) fn run(&self, gateway: Gateway) -> Result<()> {
        let gateway = self.source.adapt(gateway)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all();
        let runtime = { runtime }.build().context("the async runtime does not start")?;
        runtime.block_on(self.serve(&gateway))
    }

    async fn serve(&self, gateway: &Gateway) -> Result<()> {
        let binary = binary::find(self.envoy.as_deref())?;
        let module = modules::pipeline(self.modules.as_deref())?;
        ports::require_free(gateway)?;
        let directory = tempfile::Builder::new()
            .prefix("headgate-")
            .tempdir()
            .context("no directory for Envoy's files")?;
        let seen_at = directory.path().to_string_lossy();
        let placement = files::placement(&seen_at, &module);
        files::write(directory.path(), gateway, &placement, &module)?;

        // Asked for before Envoy starts, so that no signal is missed.
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut envoy = Envoy::start(&binary, directory.path(), self.concurrency, self.verbose)?;
        let admin = Admin::new(gateway.admin.port.get());
        let ready = tokio::select! {
            ready = admin.ready_within(START) => ready,
            status = envoy.ended() => Readiness::No(format!("Envoy ended: {status}")),
            _ = interrupt.recv() => return envoy.stop().await,
            _ = terminate.recv() => return envoy.stop().await,
        };
        if let Readiness::No(why) = ready {
            envoy.stop().await?;
            bail!("the gateway did not start: {why}; what Envoy said is above");
        }
        for listener in &gateway.listeners {
            let (name, port) = (listener.name.as_str(), listener.port.get());
            let address = std::net::SocketAddr::new(listener.address.0, port);
            anstream::eprintln!("ready: listener {name} at http://{address}, stop with Ctrl-C");
        }
        tokio::select! {
            status = envoy.ended() => bail!("Envoy ended: {status}; what it said is above"),
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        anstream::eprintln!("stopping");
        envoy.stop().await
    }
}
