//! `headgate deploy`: the gateway on Kubernetes.
//!
//! [`objects`] makes the objects of a document, and nothing else; each subcommand is a module beside it.

mod applied_document;
mod apply;
mod balancer;
mod carry;
mod cluster;
mod delete;
mod diff;
mod envoy;
mod fields;
mod fleet;
mod gateway_name;
mod objects;
mod options;
mod owned;
mod pod;
mod policy;
mod render;
mod rights;
mod rollout;
mod standing_change;
mod state;
mod status;

use clap::{Args, Subcommand};

use crate::exit_status::ExitStatus;
use crate::report;
use objects::ObjectsError;
use standing_change::StandingChange;

/// Run a document on Kubernetes
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT)]
pub struct Arguments {
    /// What to do
    #[command(subcommand)]
    command: Command,
}

const LONG_ABOUT: &str = "\
Run a document on Kubernetes: as a Deployment of Envoy behind an AWS Network Load Balancer, or behind \
what stands there already. The document says which (edge.topology), and both the objects and Envoy's own \
settings follow from it.";

/// Each is a module, as the commands of `headgate` are.
#[derive(Debug, Subcommand)]
enum Command {
    Render(render::Arguments),
    Diff(diff::Arguments),
    Apply(apply::Arguments),
    Status(status::Arguments),
    Delete(delete::Arguments),
    Rights(rights::Arguments),
}

/// Where objects are if nobody says it, and no cluster is asked.
const NAMESPACE: &str = "default";

/// Does it.
///
/// # Errors
/// What is wrong around the document.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    let done = match &arguments.command {
        Command::Render(arguments) => render::run(arguments),
        Command::Diff(arguments) => diff::run(arguments),
        Command::Apply(arguments) => apply::run(arguments),
        Command::Status(arguments) => status::run(arguments),
        Command::Delete(arguments) => delete::run(arguments),
        Command::Rights(arguments) => rights::run(arguments),
    };
    done.or_else(whose_move)
}

/// Of what makes no objects, most is for who wrote the document, and so is what cannot be changed.
fn whose_move(error: anyhow::Error) -> anyhow::Result<ExitStatus> {
    let change = error.downcast_ref::<StandingChange>();
    let change = change.map(|_| ExitStatus::WrongDocument);
    let problem = error.downcast_ref::<ObjectsError>();
    match change.or(problem.map(ObjectsError::status)) {
        Some(status) => Ok(report::told(&error, status)),
        None => Err(error),
    }
}
