//! `headgate`: checks a gateway's document, renders it for Envoy, and runs it.

mod authorities;
mod beside;
mod check;
mod checkout;
mod cli;
mod completions;
mod deploy;
mod diff;
mod discovery;
mod document;
mod drain;
mod exit_status;
mod explain;
mod fetch;
mod files;
mod hash;
mod image;
mod input;
mod key_sets;
mod modules;
mod output;
mod overrides;
mod probe;
mod push;
mod render;
mod replicas;
mod report;
mod run;
mod runtime;
mod schema;
#[cfg(test)]
mod served;

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
