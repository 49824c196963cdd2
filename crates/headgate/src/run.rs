//! `headgate run`: a document, running.

pub mod admin;
mod begin;
mod binary;
mod fixed;
mod lines;
mod live;
mod log;
mod named_files;
mod ports;
mod process;
mod session;
mod state;
mod watch;

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use envoy_render::Resources;
use gateway_model::Gateway;
use tokio::runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit_status::ExitStatus;
use crate::input::Source;
use crate::overrides::Overrides;
use crate::push::{LOOK, Pusher};
use crate::report::say;
use crate::{discovery, document, files, modules, replicas};
use begin::Wanted;
use fixed::Fixed;
use live::Live;
use session::Session;
use state::{Launch, State};
use watch::Watch;

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
    /// The directory of the Kubernetes Secrets that the document names, each of them a directory with
    /// tls.crt and tls.key; "secrets" beside the document, if not given
    #[arg(long, value_name = "DIR")]
    secrets: Option<PathBuf>,
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

When the document is saved it is checked and carried to Envoy, which goes on with its connections; no request \
sees half a change. What is wrong is told and changes nothing. Listeners, the admin port, the rate-limit service and the name \
of the gateway take a restart: then it says so.

An Envoy whose headgate run was killed goes on, and the next one of the same document takes it over.

Envoy is taken from --envoy or ENVOY_BIN, else from .tools/ in the checkout that this program was built \
in, else from PATH.";

const EXAMPLES: &str = "\
Examples:
  headgate run gateway.yaml
  headgate run gateway.yaml --listener http=127.0.0.1:10000 --upstream pets=127.0.0.1:8081
  headgate run gateway.yaml --envoy ~/bin/envoy --verbose";

/// Runs a document until a signal comes or Envoy ends.
///
/// # Errors
/// When it cannot be read, there is no module, no Envoy or no free port, or Envoy fails.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    let bytes = arguments.source.read()?;
    let gateway = match document::check(&arguments.source, &bytes) {
        Ok(gateway) => {
            let gateway = discovery::complete(gateway, &arguments.source)?;
            arguments.overrides.apply(gateway)?
        }
        Err(status) => return Ok(status),
    };
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .context("the async runtime does not start")?;
    for line in replicas::told(&gateway, 1) {
        say(&line);
    }
    runtime.block_on(serve(arguments, &gateway, bytes))?;
    Ok(ExitStatus::Ok)
}

async fn serve(arguments: &Arguments, gateway: &Gateway, bytes: Vec<u8>) -> anyhow::Result<()> {
    let binary = binary::find(arguments.envoy.as_deref())?;
    let module = modules::pipeline(arguments.modules.as_deref())?;
    let state = State::open(&arguments.source, &arguments.overrides)?;
    let named_in = arguments.source.directory();
    let secrets = arguments.secrets.as_deref();
    let placement = files::placement_here(&state.config(), named_in, secrets, &module)?;
    named_files::require_readable(gateway, &placement)?;
    let launch = Launch {
        binary,
        concurrency: arguments.concurrency,
        verbose: arguments.verbose,
        fixed: Fixed::of(gateway),
    };
    let wanted = Wanted {
        state: &state,
        launch: &launch,
        gateway,
        placement: &placement,
        module: &module,
    };
    // Asked for before Envoy starts, so that no signal is missed, and watched before, so that no change is.
    let mut signals = Signals::new()?;
    let mut watch = Watch::new(&arguments.source)?;
    watch.follow_files(key_files(gateway, &arguments.source));

    let (mut envoy, left) = match wanted.left().await? {
        Some((envoy, resources)) => (envoy, Some(resources)),
        None => (wanted.start()?, None),
    };
    let ended = {
        let serving = async {
            wanted.ready(&mut envoy).await?;
            let mut session = Session {
                source: &arguments.source,
                overrides: &arguments.overrides,
                placement: &placement,
                fixed: &launch.fixed,
                pusher: Pusher::new(
                    Live::new(&state, wanted.admin()),
                    left.clone()
                        .unwrap_or_else(|| Resources::of(gateway, &placement)),
                ),
                in_use: left.is_none().then(|| gateway.clone()),
                keys: gateway.learned.keys.clone(),
                bytes,
            };
            if left.is_some() {
                say("going on with the Envoy that an earlier headgate run left");
                files::write_module(&state.config(), &module)?;
                session.take_over(gateway).await;
            }
            tell_ready(gateway);
            loop {
                tokio::select! {
                    ended = envoy.ended() => {
                        bail!("Envoy ended, {ended}; what it said stands above")
                    }
                    () = watch.changed() => {
                        session.reload().await;
                        watch.follow_files(session.key_files());
                    }
                    () = session.prune(LOOK) => {}
                }
            }
        };
        tokio::select! {
            failed = serving => failed,
            () = signals.any() => Ok(()),
        }
    };
    if ended.is_ok() {
        say("stopping");
    }
    let stopped = envoy.stop().await;
    state.remove()?;
    // Where it failed, how Envoy ends now says less than why.
    ended.and(stopped)
}

/// Where the files of keys are that a document names.
fn key_files(gateway: &Gateway, source: &Source) -> Vec<PathBuf> {
    let files = gateway.key_files();
    let paths = files.map(|(_, file)| source.directory().join(file.as_str()));
    paths.collect()
}

fn tell_ready(gateway: &Gateway) {
    for listener in &gateway.listeners {
        let address = SocketAddr::new(listener.address.0, listener.port.get());
        let scheme = listener.tls.as_ref().map_or("http", |_| "https");
        let name = listener.name.as_str();
        say(&format!("ready: listener {name} at {scheme}://{address}"));
    }
}

/// The signals that stop the gateway in order.
struct Signals([Signal; 3]);

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self([
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
            // A terminal that is closed takes the gateway with it.
            signal(SignalKind::hangup())?,
        ]))
    }

    /// Waits for any of them.
    async fn any(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
