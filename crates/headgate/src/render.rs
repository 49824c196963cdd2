//! `headgate render`: what Envoy will be given.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;

use crate::files;
use crate::modules;
use crate::source::Source;

/// Show, or write, what Envoy is given for a document
#[derive(Debug, Args)]
#[command(
    long_about = "Shows what Envoy is given for a document: the bootstrap, the clusters (CDS), the \
                  routes (RDS) and the pipeline's configuration (ECDS). The same document gives the \
                  same bytes.\n\n\
                  With --out the files are written into a directory, the wasm module beside them, \
                  and a stock Envoy runs it: `envoy -c DIR/bootstrap.yaml`.",
    after_help = "Examples:\n  \
                  headgate render gateway.yaml\n  \
                  headgate render gateway.yaml --out /tmp/gateway && envoy -c /tmp/gateway/bootstrap.yaml\n  \
                  headgate render gateway.yaml --out rendered --seen-at /etc/headgate   # to be mounted there"
)]
pub(crate) struct RenderArgs {
    #[command(flatten)]
    source: Source,

    /// Write the files and the module into this directory, instead of showing the files
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Where Envoy will see the directory; where it is, if this is not given
    #[arg(long, value_name = "PATH", requires = "out")]
    seen_at: Option<String>,

    /// The directory of the wasm modules
    #[arg(long, value_name = "DIR", env = "HEADGATE_MODULES")]
    modules: Option<PathBuf>,
}

/// Where a directory is seen when the files are only shown: where images have it.
const SHOWN_AT: &str = "/etc/headgate";

impl RenderArgs {
    /// The document that is rendered.
    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// Renders a document that was read and found right.
    pub(crate) fn run(&self, gateway: gateway_model::Gateway) -> Result<()> {
        let gateway = self.source.adapt(gateway)?;
        let Some(out) = &self.out else {
            return show(&gateway);
        };
        let module = modules::pipeline(self.modules.as_deref())?;
        let seen_at = match &self.seen_at {
            Some(path) => path.clone(),
            None => std::path::absolute(out)
                .with_context(|| out.display().to_string())?
                .to_string_lossy()
                .into_owned(),
        };
        let placement = files::placement(&seen_at, &module);
        files::write(out, &gateway, &placement, &module)?;
        anstream::println!("wrote {}", out.display());
        anstream::println!("run it with: envoy -c {seen_at}/bootstrap.yaml");
        Ok(())
    }
}

fn show(gateway: &gateway_model::Gateway) -> Result<()> {
    let placement = envoy_render::Placement {
        directory: SHOWN_AT.to_owned(),
        module: format!("{SHOWN_AT}/modules/gateway.wasm"),
    };
    let mut out = std::io::stdout().lock();
    for (file, text) in envoy_render::render(gateway, &placement) {
        writeln!(out, "--- # {file}\n{text}")?;
    }
    Ok(())
}
