//! `headgate bound`, which is no command for people: a program that ends when the one that started it
//! does, even where that is killed and can stop nothing.
//!
//! The kernel is asked for it by the process itself, which then becomes the program (prctl(2),
//! `PR_SET_PDEATHSIG`; it outlives execve(2)). The standard library can do the same between fork and
//! exec only with `unsafe`.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use clap::Args;

use crate::exit_status::ExitStatus;

/// Become a program that ends with the process that started this
#[derive(Debug, Args)]
pub struct Arguments {
    /// The process that must still be there
    parent: u32,
    /// The program
    program: PathBuf,
    /// Its arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// The command that runs a program bound to this process; arguments may be added. It is to be started
/// on the main thread: what the kernel waits for is the end of the thread that started it.
pub fn command(program: &Path) -> Command {
    if !cfg!(target_os = "linux") {
        return Command::new(program);
    }
    // This program, even if its file has been replaced meanwhile.
    let mut command = Command::new("/proc/self/exe");
    command
        .arg0("headgate")
        .args(["bound", &std::process::id().to_string()])
        .arg(program);
    command
}

/// Becomes the program.
///
/// # Errors
/// When it cannot be started, or the other process has ended already.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    end_with_parent()?;
    // It may have ended before the kernel was asked.
    if std::os::unix::process::parent_id() != arguments.parent {
        bail!("who started this has ended");
    }
    let mut command = Command::new(&arguments.program);
    let error = command.args(&arguments.arguments).exec();
    Err(error).with_context(|| format!("{} does not start", arguments.program.display()))
}

#[cfg(target_os = "linux")]
fn end_with_parent() -> io::Result<()> {
    use rustix::process::{Signal, set_parent_process_death_signal};
    // Not by a signal that can be waited with: nobody is left to wait for it.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn end_with_parent() -> io::Result<()> {
    Ok(())
}
