//! `headgate schema`: what editors need to complete a document.

use std::io::Write;

use clap::Args;

use crate::exit_status::ExitStatus;

/// Print the JSON Schema of the document, for editors
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_help = EXAMPLES)]
pub struct Arguments {}

const LONG_ABOUT: &str = "\
Print the JSON Schema (draft 2020-12) of the document. It is made from the types that read it, so an \
editor that has it completes every field and shows what it means. What it cannot say, such as that an \
upstream exists, `headgate check` says.";

const EXAMPLES: &str = "\
Examples:
  headgate schema > gateway.schema.json
  # then, as the first line of gateway.yaml, for the YAML language server of most editors:
  # yaml-language-server: $schema=gateway.schema.json";

/// Prints the schema.
///
/// # Errors
/// When standard output is closed.
pub fn run(Arguments {}: &Arguments) -> anyhow::Result<ExitStatus> {
    let schema = serde_json::to_string_pretty(&gateway_model::json_schema())?;
    writeln!(std::io::stdout(), "{schema}")?;
    Ok(ExitStatus::Ok)
}
