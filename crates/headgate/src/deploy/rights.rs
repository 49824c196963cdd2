//! `headgate deploy rights`: what who deploys has to be allowed.

use std::io::Write;

use anyhow::Context;
use clap::Args;

use super::NAMESPACE;
use super::objects;
use crate::document;
use crate::exit_status::ExitStatus;
use crate::input::Source;

/// Show an account that may deploy a document and nothing else, as YAML
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_help = format!("{EXAMPLES}\n\n{}", ExitStatus::help()))]
pub struct Arguments {
    /// The document, in YAML or JSON; "-" for standard input
    #[arg(value_name = "FILE")]
    source: Source,
    /// The namespace of the gateway
    #[arg(long, short, value_name = "NAMESPACE")]
    namespace: Option<String>,
}

const LONG_ABOUT: &str = "\
Show a ServiceAccount, with a Role and a RoleBinding, that may do in the namespace what the other commands \
of `headgate deploy` do for this gateway, and nothing else. Somebody who may give rights applies them once; \
`apply` itself never does.";

const EXAMPLES: &str = "\
Examples:
  headgate deploy rights gateway.yaml --namespace shop | kubectl apply -f -
  kubectl create token shop-pusher --namespace shop        what a pipeline that deploys uses then";

/// Shows them.
///
/// # Errors
/// When the document cannot be read, or Kubernetes would not take them.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    let gateway = match document::load_alone(&arguments.source)? {
        Ok(gateway) => gateway,
        Err(status) => return Ok(status),
    };
    let namespace = arguments.namespace.as_deref().unwrap_or(NAMESPACE);
    let rights = objects::rights(&gateway, namespace).with_context(|| arguments.source.name())?;
    write!(std::io::stdout().lock(), "{}", rights.to_yaml())?;
    Ok(ExitStatus::Ok)
}
