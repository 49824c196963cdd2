//! `headgate completions`: what shells need to complete a command line.

use std::io::Write;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::exit_status::ExitStatus;

/// Print a script that lets a shell complete headgate's commands
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

const EXAMPLES: &str = "\
Examples:
  headgate completions bash > ~/.local/share/bash-completion/completions/headgate
  headgate completions zsh  > \"${fpath[1]}/_headgate\"
  headgate completions fish > ~/.config/fish/completions/headgate.fish";

/// Prints the script.
///
/// # Errors
/// When standard output is closed.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    // Into memory first: the generator would panic where a pipe is closed.
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut Cli::command(),
        "headgate",
        &mut script,
    );
    std::io::stdout().write_all(&script)?;
    Ok(ExitStatus::Ok)
}
