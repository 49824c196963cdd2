//! `headgate deploy`: the gateway on Kubernetes.
//!
//! [`objects`] makes the objects of a document, and nothing else; each subcommand is a module beside it.

mod objects;
mod options;
mod render;
mod rights;

use clap::{Args, Subcommand};

use crate::exit_status::ExitStatus;
use crate::report;
use objects::ObjectsError;

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
        Command::Rights(arguments) => rights::run(arguments),
    };
    done.or_else(whose_move)
}

/// Of what makes no objects, most is for who wrote the document.
fn whose_move(error: anyhow::Error) -> anyhow::Result<ExitStatus> {
    match error.downcast_ref::<ObjectsError>() {
        Some(problem) => Ok(report::told(&error, problem.status())),
        None => Err(error),
    }
}
