//! `headgate render`: what Envoy will be given.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use envoy_render::{Files, Placement};
use gateway_model::Gateway;

use crate::document;
use crate::exit_status::ExitStatus;
use crate::files;
use crate::input::Source;
use crate::modules;
use crate::overrides::Overrides;

/// Show, or write, what Envoy is given for a document
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_help = format!("{EXAMPLES}\n\n{}", ExitStatus::help()))]
pub struct Arguments {
    /// The document, in YAML or JSON; "-" for standard input
    #[arg(value_name = "FILE")]
    source: Source,
    /// Write the files and the wasm module into this directory, instead of showing the files
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Where Envoy will see the directory, if not where it is
    #[arg(long, value_name = "PATH", requires = "out")]
    seen_at: Option<String>,
    /// Where Envoy will see the document's directory, which the names of certificates start from; with
    /// --seen-at the same as that, if not given
    #[arg(long, value_name = "PATH", requires = "out")]
    files_at: Option<String>,
    /// The directory of the Kubernetes Secrets that the document names, as Envoy will see it: each is a
    /// directory with tls.crt and tls.key; "secrets" beside the document, if not given, or with --seen-at
    /// in that
    #[arg(long, value_name = "DIR", requires = "out")]
    secrets: Option<PathBuf>,
    /// The directory of the wasm modules
    #[arg(long, value_name = "DIR", env = "HEADGATE_MODULES")]
    modules: Option<PathBuf>,
    #[command(flatten)]
    overrides: Overrides,
}

const LONG_ABOUT: &str = "\
Show what Envoy is given for a document: the bootstrap, the clusters (CDS), the routes (RDS) and the \
configuration of the pipeline (ECDS). The same document gives the same bytes.

With --out the files are written into a directory that Envoy watches, the wasm module beside them, and \
a stock Envoy runs it.";

const EXAMPLES: &str = "\
Examples:
  headgate render gateway.yaml                                          show it
  headgate render gateway.yaml --out rendered                           write it
  headgate render gateway.yaml --out rendered --seen-at /etc/headgate   write it for a container
  envoy -c rendered/bootstrap.yaml                                      run what was written";

/// Where a directory is seen when the files are only shown: where images have it.
const SHOWN_AT: &str = "/etc/headgate";

/// Renders a document.
///
/// # Errors
/// When it cannot be read, there is no module, or the files cannot be written.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    let gateway = match document::load_complete(&arguments.source)? {
        Ok(gateway) => arguments.overrides.apply(gateway)?,
        Err(status) => return Ok(status),
    };
    let Some(out) = &arguments.out else {
        return show(&gateway);
    };
    let module = modules::pipeline(arguments.modules.as_deref())?;
    let mut placement = match &arguments.seen_at {
        Some(seen_at) => files::placement(seen_at, &module),
        None => {
            let secrets = arguments.secrets.as_deref();
            files::placement_here(out, arguments.source.directory(), secrets, &module)?
        }
    };
    if let Some(files_at) = &arguments.files_at {
        placement.files = Files::From(files_at.clone());
    }
    if let (Some(_), Some(secrets)) = (&arguments.seen_at, &arguments.secrets) {
        placement.secrets = secrets.display().to_string();
    }
    files::write(out, &gateway, &placement, &module)?;
    let bootstrap = format!("{}/{}", placement.directory, envoy_render::BOOTSTRAP);
    writeln!(
        anstream::stdout(),
        "wrote {}; run it with: envoy -c {bootstrap}",
        out.display()
    )?;
    Ok(ExitStatus::Ok)
}

fn show(gateway: &Gateway) -> anyhow::Result<ExitStatus> {
    let placement = Placement::in_directory(SHOWN_AT);
    let mut out = std::io::stdout().lock();
    for (file, text) in envoy_render::render(gateway, &placement) {
        writeln!(out, "--- # {file}\n{text}")?;
    }
    Ok(ExitStatus::Ok)
}
