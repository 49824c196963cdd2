//! Running other programs. Whoever reads the output can copy each line that starts with `$`, and
//! a failure says what to do about it.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, bail};

/// Prints and runs `command`, its output shown as it comes. On failure the error names the
/// command and ends with `repair`.
pub fn run(command: &mut Command, repair: &str) -> Result<()> {
    let line = announce(command);
    let status = command
        .status()
        .with_context(|| not_started(&line, repair))?;
    require_success(status, &line, repair)
}

/// Lets any user read what is in a directory, whatever the umask was.
pub fn make_readable(directory: &Path) -> Result<()> {
    run(
        Command::new("chmod").args(["-R", "a+rX"]).arg(directory),
        "make the directory readable for everyone",
    )
}

/// Prints and runs `command`; true when it succeeded. For steps that have another way.
pub fn try_run(command: &mut Command) -> bool {
    announce(command);
    command.status().is_ok_and(|status| status.success())
}

/// Prints and runs `command` and returns what it wrote to standard output; standard error is
/// shown as it comes.
pub fn capture(command: &mut Command, repair: &str) -> Result<String> {
    announce(command);
    command.stderr(Stdio::inherit());
    output(command, repair)
}

/// Asks a program something: runs `command` unannounced and returns its standard output, trimmed.
pub fn output(command: &mut Command, repair: &str) -> Result<String> {
    let line = display(command);
    let output = command
        .output()
        .with_context(|| not_started(&line, repair))?;
    if !output.status.success() {
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
    }
    require_success(output.status, &line, repair)?;
    let text = String::from_utf8(output.stdout)
        .with_context(|| format!("`{line}` printed something that is not UTF-8"))?;
    Ok(text.trim().to_owned())
}

/// The full path of `program` when the search path has it.
pub fn find_program(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|dir| dir.join(program))
        .find(|candidate| candidate.is_file())
}

fn announce(command: &Command) -> String {
    let line = display(command);
    eprintln!("$ {line}");
    line
}

fn require_success(status: ExitStatus, line: &str, repair: &str) -> Result<()> {
    if !status.success() {
        bail!("`{line}` failed ({status}): {repair}");
    }
    Ok(())
}

fn not_started(line: &str, repair: &str) -> String {
    format!("`{line}` could not be started: {repair}")
}

/// The command as a shell would take it: set variables, program, arguments.
fn display(command: &Command) -> String {
    let variables = command
        .get_envs()
        .filter_map(|(name, value)| Some(format!("{}={}", name.to_string_lossy(), quoted(value?))));
    let program = std::iter::once(quoted(command.get_program()));
    variables
        .chain(program)
        .chain(command.get_args().map(quoted))
        .collect::<Vec<_>>()
        .join(" ")
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_a_shell_takes_it() {
        let mut command = Command::new("cargo");
        command.env("FLAGS", "-a -b").args(["test", "it's", ""]);
        assert_eq!(display(&command), r"FLAGS='-a -b' cargo test 'it'\''s' ''");
    }

    #[test]
    fn a_failure_names_the_command_and_the_repair() {
        let error = run(Command::new("false").arg("--now"), "call `true`").unwrap_err();
        assert_eq!(
            error.to_string(),
            "`false --now` failed (exit status: 1): call `true`"
        );
    }

    #[test]
    fn a_program_that_is_not_there_names_the_repair() {
        let error = output(&mut Command::new("no-such-program"), "install it").unwrap_err();
        assert_eq!(
            error.to_string(),
            "`no-such-program` could not be started: install it"
        );
    }
}
