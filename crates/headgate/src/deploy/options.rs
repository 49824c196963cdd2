//! What a command line says of a deployment that the document does not.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use gateway_model::Gateway;

use super::objects::{self, Objects};
use crate::input::Source;
use crate::modules;

/// What is deployed, and where.
#[derive(Debug, Args)]
pub struct Options {
    /// The document, in YAML or JSON; "-" for standard input
    #[arg(value_name = "FILE")]
    pub source: Source,
    /// The namespace, which must be there
    #[arg(long, short, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// The gateway's image, as the cluster pulls it; best by digest
    #[arg(long, value_name = "IMAGE", env = "HEADGATE_IMAGE")]
    image: String,
    /// The directory of the wasm modules, which must be those of the image
    #[arg(long, value_name = "DIR", env = "HEADGATE_MODULES")]
    modules: Option<PathBuf>,
}

impl Options {
    /// The objects of a document in this namespace.
    ///
    /// # Errors
    /// When there is no module, or the document makes no objects that Kubernetes takes.
    pub fn objects(&self, gateway: &Gateway, namespace: &str) -> anyhow::Result<Objects> {
        let module = modules::pipeline(self.modules.as_deref())?;
        let options = objects::Options {
            namespace: namespace.to_owned(),
            image: self.image.clone(),
            module: module.file_name,
        };
        objects::of(gateway, &options).with_context(|| self.source.name())
    }
}
