//! `headgate image inspect`: what an image is, without its module.

use std::collections::BTreeMap;
use std::fmt::Write;

use clap::Args;
use oci_client::Reference;
use serde::Serialize;

use super::access::Access;
use super::error::Action;
use super::format::Format;
use super::registry::Registry;
use super::{pull, reference};
use crate::exit_status::ExitStatus;
use crate::output::Output;

/// Tell what an image is: its digest, its format and what it says of its module
#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{}", ExitStatus::help_of_images()))]
pub struct Arguments {
    /// The image, REGISTRY/REPOSITORY:TAG or REGISTRY/REPOSITORY@sha256:…
    #[arg(value_name = "IMAGE", value_parser = reference::parse)]
    image: Reference,
    /// How to tell it
    #[arg(long, value_enum, value_name = "FORM", default_value_t = Output::Text)]
    output: Output,
    #[command(flatten)]
    access: Access,
}

const EXAMPLES: &str = "\
Examples:
  headgate image inspect registry.example.com/headgate/gateway:0.1.0
  headgate image inspect registry.example.com/headgate/gateway:0.1.0 --output json | jq -r .digest";

/// What an image is.
#[derive(Serialize)]
struct Inspected {
    image: String,
    digest: String,
    format: Format,
    config: Part,
    layers: Vec<Part>,
    annotations: BTreeMap<String, String>,
}

/// What it consists of.
#[derive(Serialize)]
struct Part {
    media_type: String,
    digest: String,
    bytes: i64,
}

impl From<&oci_client::manifest::OciDescriptor> for Part {
    fn from(descriptor: &oci_client::manifest::OciDescriptor) -> Self {
        Self {
            media_type: descriptor.media_type.clone(),
            digest: descriptor.digest.clone(),
            bytes: descriptor.size,
        }
    }
}

/// Inspects an image.
///
/// # Errors
/// When it does not come or holds no module.
pub async fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    let registry = Registry::open(&arguments.image, &arguments.access, Action::Pull).await?;
    let found = pull::find(&registry, &arguments.image).await?;
    let inspected = Inspected {
        image: arguments.image.whole(),
        digest: found.digest,
        format: found.format,
        config: Part::from(&found.manifest.config),
        layers: found.manifest.layers.iter().map(Part::from).collect(),
        annotations: found.manifest.annotations.unwrap_or_default(),
    };
    let text = inspected.text();
    arguments.output.print(&inspected, text.trim_end())?;
    Ok(ExitStatus::Ok)
}

impl Inspected {
    fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = writeln!(text, "image   {}", self.image);
        let _ = writeln!(text, "digest  {}", self.digest);
        let _ = writeln!(text, "format  {}", self.format.name());
        let parts = [("config", &self.config)].into_iter();
        let parts = parts.chain(self.layers.iter().map(|layer| ("layer ", layer)));
        for (name, part) in parts {
            let Part {
                media_type,
                digest,
                bytes,
            } = part;
            let _ = writeln!(text, "{name}  {media_type}, {bytes} bytes, {digest}");
        }
        for (name, value) in &self.annotations {
            // Whatever an image says, it says it on one line.
            let _ = writeln!(text, "        {name}: {}", value.escape_debug());
        }
        text
    }
}
