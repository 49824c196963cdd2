//! `headgate image push`: a module becomes an image.

use std::path::PathBuf;

use clap::Args;
use oci_client::Reference;
use serde::Serialize;

use super::access::Access;
use super::artefact::Artefact;
use super::error::Action;
use super::format::Format;
use super::reference;
use super::registry::Registry;
use super::source::Source;
use crate::exit_status::ExitStatus;
use crate::output::Output;

/// Push a module to a registry as an OCI image
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_help = format!("{EXAMPLES}\n\n{}", ExitStatus::help_of_images()))]
pub struct Arguments {
    /// One of Headgate's modules by its name, or a file: a path that has a "/" or ends with .wasm
    #[arg(value_name = "MODULE")]
    source: Source,
    /// What it is to be called, REGISTRY/REPOSITORY:TAG
    #[arg(value_name = "IMAGE", value_parser = tag)]
    image: Reference,
    /// How it is laid out
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Compat)]
    format: Format,
    /// Say more of it, in an annotation of the manifest; may be given several times
    #[arg(long = "annotation", value_name = "NAME=VALUE", value_parser = annotation)]
    annotations: Vec<(String, String)>,
    /// The directory of Headgate's modules
    #[arg(long, value_name = "DIR", env = "HEADGATE_MODULES")]
    modules: Option<PathBuf>,
    /// How to tell what was pushed
    #[arg(long, value_enum, value_name = "FORM", default_value_t = Output::Text)]
    output: Output,
    #[command(flatten)]
    access: Access,
}

const LONG_ABOUT: &str = "\
Push a module to a registry as an OCI image. The same module gives the same digest, whenever and wherever it is \
pushed: there is no time in it, unless SOURCE_DATE_EPOCH says one.

Its annotations say the version, the commit and the licence of Headgate's own modules, and the SHA-256 of any.

Credentials are those that `docker login` left (config.json in ~/.docker or DOCKER_CONFIG, and the helpers that it \
names), or --username and --password-stdin.";

const EXAMPLES: &str = "\
Examples:
  headgate image push gateway registry.example.com/headgate/gateway:0.1.0
  headgate image push ./filter.wasm localhost:5000/filter:dev --annotation org.opencontainers.image.version=dev
  headgate image push gateway registry.example.com/gateway:0.1.0 --output json | jq -r .digest";

/// An image is pushed under a tag: a digest is found out, not chosen.
fn tag(text: &str) -> Result<Reference, String> {
    let reference = reference::parse(text)?;
    match reference.digest() {
        None => Ok(reference),
        Some(_) => Err("an image is pushed under a tag; write REGISTRY/REPOSITORY:TAG".to_owned()),
    }
}

fn annotation(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = pair.ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// What was pushed.
#[derive(Serialize)]
struct Pushed {
    /// By the digest, which never means anything else.
    image: String,
    tag: String,
    digest: String,
    format: Format,
    module_sha256: String,
    module_bytes: usize,
}

/// Pushes a module.
///
/// # Errors
/// When it cannot be read, is no filter, or the registry does not take it.
pub async fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    let annotations = arguments.annotations.iter().cloned().collect();
    let module = arguments
        .source
        .read(arguments.modules.as_deref(), annotations)?;
    let artefact = Artefact::of(&module, arguments.format)?;
    let registry = Registry::open(&arguments.image, &arguments.access, Action::Push).await?;
    registry.push(&arguments.image, &artefact).await?;
    let pushed = Pushed {
        image: registry.at(&artefact.digest).whole(),
        tag: arguments.image.tag().unwrap_or("latest").to_owned(),
        digest: artefact.digest,
        format: arguments.format,
        module_sha256: module.said.sha256,
        module_bytes: module.bytes.len(),
    };
    let text = format!(
        "pushed {}\ndigest {}",
        arguments.image.whole(),
        pushed.digest
    );
    arguments.output.print(&pushed, &text)?;
    Ok(ExitStatus::Ok)
}
