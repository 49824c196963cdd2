//! What is told to people, on standard error and in colour where that is wanted.

use std::io::Write;

use anstyle::{AnsiColor, Style};
use gateway_model::{Diagnostic, Diagnostics, Severity};

use crate::exit_status::ExitStatus;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const ARROW: Style = AnsiColor::Blue.on_default();

/// Tells everything that is wrong with a document, and how much that is.
pub fn document(file: &str, wrong: &Diagnostics) -> ExitStatus {
    each(&wrong.errors);
    each(&wrong.warnings);
    let more = if wrong.more { "more than " } else { "" };
    let errors = count(wrong.errors.len(), "error");
    say(&match wrong.warnings.len() {
        0 => format!("{file}: {more}{errors}"),
        warnings => format!("{file}: {more}{errors}, {}", count(warnings, "warning")),
    });
    ExitStatus::WrongDocument
}

/// Tells of things in a document.
pub fn each(diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        let severity = diagnostic.severity;
        let style = match severity {
            Severity::Error => ERROR,
            Severity::Warning => WARNING,
        };
        let (summary, place) = (diagnostic.summary(), diagnostic.place());
        say(&format!(
            "{style}{severity}{style:#}: {summary}\n  {ARROW}-->{ARROW:#} {place}"
        ));
    }
}

/// Tells of something that is no mistake, and deserves a look.
pub fn warning(text: &str) {
    say(&format!("{WARNING}warning{WARNING:#}: {text}"));
}

/// Tells what is wrong around the document. That whoever reads the output has seen enough, as `head`
/// does, is not wrong.
pub fn environment(error: &anyhow::Error) -> ExitStatus {
    let io = error.root_cause().downcast_ref::<std::io::Error>();
    if io.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe) {
        return ExitStatus::Ok;
    }
    told(error, ExitStatus::Environment)
}

/// Tells an error, which ends a command so.
pub fn told(error: &anyhow::Error, status: ExitStatus) -> ExitStatus {
    say(&format!("{ERROR}error{ERROR:#}: {error:#}"));
    status
}

/// Tells what is wrong with the command line, where clap cannot.
pub fn usage(error: &dyn std::error::Error) -> ExitStatus {
    say(&format!("{ERROR}error{ERROR:#}: {error}"));
    ExitStatus::Usage
}

/// Tells that nobody who was named vouches for an image.
pub fn not_signed(error: &dyn std::error::Error) -> ExitStatus {
    say(&format!("{ERROR}error{ERROR:#}: {error}"));
    ExitStatus::NotSigned
}

/// `1 route`, `2 routes`.
pub fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// Tells a line. Whoever closed standard error does not want to know, and the exit code still says it: a
/// closed terminal is no reason to fail.
pub fn say(text: &str) {
    let _ = writeln!(anstream::stderr(), "{text}");
}
