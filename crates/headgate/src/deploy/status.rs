//! `headgate deploy status`: how a gateway is in a cluster.

use std::fmt::Write as _;

use clap::Args;

use super::cluster::{Cluster, Connection};
use super::gateway_name::GatewayName;
use super::state::{Configuration, PodReport, State};
use crate::exit_status::ExitStatus;
use crate::output::Output;
use crate::report::count;
use crate::runtime::block_on;

/// Tell how a gateway is in a cluster, and which configuration each Envoy has
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct Arguments {
    #[command(flatten)]
    gateway: GatewayName,
    /// The namespace; without it that of the kubeconfig's context
    #[arg(long, short, value_name = "NAMESPACE")]
    namespace: Option<String>,
    #[command(flatten)]
    connection: Connection,
    /// How to tell it
    #[arg(long, value_enum, value_name = "FORM", default_value_t = Output::Text)]
    output: Output,
}

const LONG_ABOUT: &str = "\
Tell how a gateway is in a cluster: what belongs to it, where clients reach it, and of each pod whether it is \
ready and its Envoy has the configuration that it is to have, has refused it and why, or has not taken it yet.

Each Envoy is asked through the API server (pods/portforward): its admin endpoint is open to nobody else.";

const EXAMPLES: &str = "\
Examples:
  headgate deploy status gateway.yaml --namespace shop
  headgate deploy status --name web -n shop --output json | jq '.pods[].configuration'";

const EXIT_CODES: &str = "\
Exit codes:
  0  every pod is ready and has the configuration
  1  the document is wrong; what is wrong is told
  2  the command line is wrong
  3  not every pod is ready and has it, or the cluster does not answer";

/// Asks and tells.
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
        let state = State::of(&cluster, &name).await?;
        arguments.output.print(&state, &text(&state))?;
        Ok(match state.is_well {
            true => ExitStatus::Ok,
            false => ExitStatus::Environment,
        })
    })
}

/// For people.
pub fn text(state: &State) -> String {
    let State {
        gateway, namespace, ..
    } = state;
    if state.objects.iter().all(|one| one.of_somebody_else) && state.pods.is_empty() {
        return format!("namespace {namespace} has no gateway {gateway}\n");
    }
    let mut text = format!("gateway {gateway} in namespace {namespace}\n");
    // Writing to a String does not fail.
    for address in &state.addresses {
        let _ = writeln!(text, "  address  {address}");
    }
    for object in &state.objects {
        let whose = match (object.of_somebody_else, object.is_left_over) {
            (true, _) => " (not applied by headgate)",
            (_, true) => " (the Deployment does not name it: the next apply that waits deletes it)",
            _ => "",
        };
        let _ = writeln!(text, "  object   {} {}{whose}", object.kind, object.name);
    }
    for pod in &state.pods {
        let _ = writeln!(text, "  pod      {}", of_pod(pod));
    }
    let has_it = |pod: &&PodReport| pod.configuration == Configuration::Taken;
    let staying = || state.pods.iter().filter(|pod| !pod.ending);
    let _ = writeln!(
        text,
        "{} of {} ready, {} with the configuration that they are to have",
        staying().filter(|pod| pod.ready).count(),
        count(staying().count(), "pod"),
        staying().filter(has_it).count(),
    );
    text
}

fn of_pod(pod: &PodReport) -> String {
    let state = match (pod.ending, pod.ready) {
        (true, _) => "ending",
        (_, true) => "ready",
        _ => "not ready",
    };
    let restarts = match pod.restarts {
        0 => String::new(),
        times => format!(
            ", {}",
            count(usize::try_from(times).unwrap_or_default(), "restart")
        ),
    };
    let wanted = pod.wanted.as_deref().unwrap_or("its configuration");
    let has = match &pod.configuration {
        Configuration::Taken => format!("has {wanted}"),
        Configuration::Missing { parts } => {
            format!("of {wanted} it has not taken {}", parts.join(", "))
        }
        Configuration::Refused { part, reason } => format!("refuses {part} of {wanted}: {reason}"),
        Configuration::Silent { reason } => format!("cannot be asked: {reason}"),
        Configuration::NotRunning { reason } => format!("does not run: {reason}"),
    };
    format!("{} {state}{restarts}; {has}", pod.name)
}
