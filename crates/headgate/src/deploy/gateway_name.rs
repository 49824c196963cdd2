//! Which gateway a command is about, where its document is not needed.

use clap::Args;

use crate::document;
use crate::exit_status::ExitStatus;
use crate::input::Source;

/// A gateway, by its document or by its name.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct GatewayName {
    /// The document, whose metadata.name it is
    #[arg(value_name = "FILE")]
    source: Option<Source>,
    /// Its name, if the document is not at hand
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

impl GatewayName {
    /// The name; how to exit, if the document is wrong.
    ///
    /// # Errors
    /// When the document cannot be read.
    pub fn get(&self) -> anyhow::Result<Result<String, ExitStatus>> {
        let Some(source) = &self.source else {
            return Ok(Ok(self.name.clone().unwrap_or_default()));
        };
        let gateway = document::load_alone(source)?;
        Ok(gateway.map(|gateway| gateway.metadata.name.as_str().to_owned()))
    }
}
