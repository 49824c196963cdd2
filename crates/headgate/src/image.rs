//! `headgate image`: filters as OCI images, for Envoys that somebody else configures.
//!
//! [`format`] and [`layer`] lay a module out, [`registry`] carries it, [`signature`] and [`bundle`] say who
//! vouches for it; each command is a module with its arguments and a `run`.

mod access;
mod artefact;
mod bundle;
mod credentials;
mod error;
mod format;
mod http;
mod inspect;
mod key;
mod layer;
mod progress;
mod public_key;
mod pull;
mod push;
pub mod reference;
mod registry;
mod said;
mod save;
mod sign;
mod signature;
mod source;
mod verify;

use clap::{Args, Subcommand};

use crate::exit_status::ExitStatus;
use crate::hash::sha256;
use crate::runtime::block_on;

/// Push filters to a registry as OCI images, pull them, sign them, and verify who signed them
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_help = ExitStatus::help_of_images())]
pub struct Arguments {
    /// What to do
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Push(push::Arguments),
    Pull(pull::Arguments),
    Inspect(inspect::Arguments),
    Sign(sign::Arguments),
    Verify(verify::Arguments),
}

/// Does it.
///
/// # Errors
/// When a file cannot be read or written, or the registry refuses or cannot be reached.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    block_on(async {
        match &arguments.command {
            Command::Push(arguments) => push::run(arguments).await,
            Command::Pull(arguments) => pull::run(arguments).await,
            Command::Inspect(arguments) => inspect::run(arguments).await,
            Command::Sign(arguments) => sign::run(arguments).await,
            Command::Verify(arguments) => verify::run(arguments).await,
        }
    })
}

/// A SHA-256 as registries write it.
fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", sha256(bytes))
}
