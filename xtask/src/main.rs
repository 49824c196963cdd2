//! The project's own build steps, for what needs more than one line of a Makefile.
//!
//! A verb is one variant of [`Verb`] and one module that does it. Nothing here is part of what
//! Headgate ships.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

mod cargo_artifacts;
mod check_wasm;
mod compose;
mod docker;
mod fuzz;
mod images;
mod lint;
mod outcome;
mod setup;
mod sh;
mod test_wasm;
mod wasm;
mod wasm_toolchain;
mod workspace;

use workspace::Workspace;

/// Headgate's build steps. `make help` lists the verbs that most people need.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Install what the build and the tests need into .tools/; quick when all is there
    Setup(setup::Args),
    /// Build every wasm module, check it and place it in target/modules/
    Wasm,
    /// Check the modules in target/modules/: imports, exports and size
    CheckWasm,
    /// Run the filter libraries' unit tests as wasm under node
    TestWasm,
    /// Formatting, clippy for the native and the wasm code, and the dependencies' licences
    Lint,
    /// Check the dependencies' licences, sources and bans (deny.toml)
    Deny,
    /// Start or remove the petstore of docker-compose.yml
    #[command(subcommand)]
    Compose(compose::Verb),
    /// Start docker-compose.yml, send requests through it, and remove it
    ComposeTest,
    /// Build the container images: the gateway and headgate
    Images(images::Args),
    /// Build them, run them as a cluster would, and look into them
    ImagesTest,
    /// Fuzz every target of fuzz/ for a bounded time
    Fuzz(fuzz::Args),
}

fn main() -> ExitCode {
    match run(&Cli::parse().verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}"); // in one line: a backtrace would hide the repair
            ExitCode::FAILURE
        }
    }
}

fn run(verb: &Verb) -> Result<()> {
    let workspace = Workspace::load()?;
    std::env::set_current_dir(&workspace.root)?;
    match verb {
        Verb::Setup(args) => setup::run(&workspace, args),
        Verb::Wasm => wasm::run(&workspace),
        Verb::CheckWasm => check_wasm::run(&workspace),
        Verb::TestWasm => test_wasm::run(&workspace),
        Verb::Lint => lint::run(&workspace),
        Verb::Deny => lint::deny(&workspace),
        Verb::Compose(verb) => compose::run(&workspace, verb),
        Verb::ComposeTest => compose::test(&workspace),
        Verb::Images(args) => images::run(&workspace, args),
        Verb::ImagesTest => images::test(&workspace),
        Verb::Fuzz(args) => fuzz::run(&workspace, args),
    }
}
