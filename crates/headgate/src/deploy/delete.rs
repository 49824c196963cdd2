//! `headgate deploy delete`: a gateway leaves a cluster.

use std::io::Write;

use clap::Args;
use serde::Serialize;

use super::cluster::{Cluster, Connection};
use super::gateway_name::GatewayName;
use super::owned;
use crate::exit_status::ExitStatus;
use crate::output::Output;
use crate::report::say;
use crate::runtime::block_on;

/// Take a gateway out of a cluster
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_help = format!("{EXAMPLES}\n\n{}", ExitStatus::help()))]
pub struct Arguments {
    #[command(flatten)]
    gateway: GatewayName,
    /// The namespace; without it that of the kubeconfig's context
    #[arg(long, short, value_name = "NAMESPACE")]
    namespace: Option<String>,
    #[command(flatten)]
    connection: Connection,
    /// Only tell what would be deleted
    #[arg(long)]
    dry_run: bool,
    /// How to tell it
    #[arg(long, value_enum, value_name = "FORM", default_value_t = Output::Text)]
    output: Output,
}

const LONG_ABOUT: &str = "\
Take a gateway out of a cluster: everything that headgate deploy apply made for it, the load balancer \
included, and nothing else. An object that carries the gateway's labels and was applied by somebody else stays, \
and so do Secrets and the namespace.";

const EXAMPLES: &str = "\
Examples:
  headgate deploy delete gateway.yaml --namespace shop
  headgate deploy delete --name web -n shop --dry-run";

/// What `--output json` prints.
#[derive(Serialize)]
struct Report {
    deleted: Vec<String>,
    kept: Vec<String>,
}

/// Deletes.
///
/// # Errors
/// When the cluster does not answer, or the rights do not reach.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    let name = match arguments.gateway.get()? {
        Ok(name) => name,
        Err(status) => return Ok(status),
    };
    block_on(async {
        let namespace = arguments.namespace.as_deref();
        let cluster = Cluster::open(&arguments.connection, namespace).await?;
        cluster.require_namespace().await?;
        let (found, hidden) = owned::find(&cluster, &name).await?;
        let (ours, others): (Vec<_>, Vec<_>) = found.into_iter().partition(owned::Found::is_ours);
        for found in &ours {
            if !arguments.dry_run {
                cluster.delete(found.kind, &found.name).await?;
            }
            let would = if arguments.dry_run { "would be " } else { "" };
            say(&format!("{} {would}deleted", found.shown()));
        }
        for found in &others {
            say(&format!(
                "{} stays: headgate has not applied it",
                found.shown()
            ));
        }
        for error in hidden {
            say(&format!("there may be more: {error}"));
        }
        if ours.is_empty() && others.is_empty() {
            say(&format!(
                "namespace {} has no gateway {name}",
                cluster.namespace()
            ));
        }
        if arguments.output == Output::Json {
            let shown = |all: &[owned::Found]| all.iter().map(owned::Found::shown).collect();
            let report = Report {
                deleted: shown(&ours),
                kept: shown(&others),
            };
            let report = serde_json::to_string_pretty(&report)?;
            writeln!(anstream::stdout(), "{report}")?;
        }
        Ok(ExitStatus::Ok)
    })
}
