//! `headgate deploy render`: the objects, to be read or to be applied by other means.

use std::io::Write;

use clap::Args;

use super::NAMESPACE;
use super::options::Options;
use crate::document;
use crate::exit_status::ExitStatus;

/// Show the Kubernetes objects of a document, as YAML
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_help = format!("{EXAMPLES}\n\n{}", ExitStatus::help()))]
pub struct Arguments {
    #[command(flatten)]
    options: Options,
}

const LONG_ABOUT: &str = "\
Show the Kubernetes objects of a document, as YAML. No cluster is asked. The same document, image and \
modules give the same bytes.";

const EXAMPLES: &str = "\
Examples:
  headgate deploy render gateway.yaml --namespace shop --image registry.example.com/gateway:1
  headgate deploy render gateway.yaml -n shop --image registry.example.com/gateway:1 | kubectl diff -f -";

/// Shows the objects.
///
/// # Errors
/// When the document cannot be read, there is no module, or there is an object that Kubernetes would not
/// take.
pub fn run(Arguments { options }: &Arguments) -> anyhow::Result<ExitStatus> {
    let gateway = match document::load_complete(&options.source)? {
        Ok(gateway) => gateway,
        Err(status) => return Ok(status),
    };
    let namespace = options.namespace.as_deref().unwrap_or(NAMESPACE);
    let objects = options.objects(&gateway, namespace)?;
    write!(std::io::stdout().lock(), "{}", objects.to_yaml())?;
    Ok(ExitStatus::Ok)
}
