//! `headgate`: checks a gateway's document, renders it for Envoy, and runs it.

mod check;
mod cli;
mod exit_status;
mod input;
mod report;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    cli.color.apply();
    cli.command
        .run()
        .unwrap_or_else(|error| report::environment(&error))
        .into()
}
