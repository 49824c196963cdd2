//! `headgate check`: tells everything that is wrong with a document.

use std::io::Write;

use clap::{Args, ValueEnum};
use gateway_model::{Checked, Diagnostic, Diagnostics};
use serde::Serialize;

use crate::document;
use crate::exit_status::ExitStatus;
use crate::input::Source;
use crate::report::{self, count};

/// Tell everything that is wrong with a document
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_help = format!("{EXAMPLES}\n\n{}", ExitStatus::help()))]
pub struct Arguments {
    /// The document, in YAML or JSON; "-" for standard input
    #[arg(value_name = "FILE")]
    source: Source,
    /// How to tell what is wrong
    #[arg(long, value_enum, value_name = "FORM", default_value_t = Form::Text)]
    output: Form,
}

const LONG_ABOUT: &str = "\
Tell everything that is wrong with a document: where it is, what was found and expected, and what to \
write instead. Files of keys that it names are read too; nobody is asked over the network. Nothing is changed and \
nothing is started. What passes is taken by the very code that \
runs within Envoy.

    $ headgate check gateway.yaml
    error: routes[2].to[0].upstream: no upstream \"pet\"; did you mean \"pets\"?
      --> gateway.yaml:14:16
    gateway.yaml: 1 error";

const EXAMPLES: &str = "\
Examples:
  headgate check gateway.yaml                 errors and warnings as text, on standard error
  headgate check --output json gateway.yaml   the same as one JSON object, on standard output
  kustomize build . | headgate check -        a document that another program makes";

/// How the findings are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people: on standard error, and one line on standard output if all is well
    Text,
    /// For programs: an object of "file", "ok", "errors", "warnings" and "more", which is true when
    /// there are more errors than are told. Each finding has "line", "column", "path", "message" and
    /// "help"
    Json,
}

/// Checks a document.
///
/// # Errors
/// When it cannot be read.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    let file = arguments.source.name();
    let checked = document::read(&arguments.source, &arguments.source.read()?);
    match arguments.output {
        Form::Text => text(&file, &checked),
        Form::Json => json(&file, &checked),
    }
}

type Outcome = Result<Checked, Diagnostics>;

fn text(file: &str, outcome: &Outcome) -> anyhow::Result<ExitStatus> {
    let checked = match outcome {
        Ok(checked) => checked,
        Err(wrong) => return Ok(report::document(file, wrong)),
    };
    report::each(&checked.warnings);
    let upstreams = count(checked.document.upstreams.len(), "upstream");
    let routes = count(checked.document.routes.len(), "route");
    writeln!(anstream::stdout(), "{file}: ok ({upstreams}, {routes})")?;
    Ok(ExitStatus::Ok)
}

/// What `--output json` prints.
#[derive(Serialize)]
struct Report<'a> {
    file: &'a str,
    ok: bool,
    errors: &'a [Diagnostic],
    warnings: &'a [Diagnostic],
    /// Whether there are more errors than are told.
    more: bool,
}

fn json(file: &str, outcome: &Outcome) -> anyhow::Result<ExitStatus> {
    let (errors, warnings, more) = match outcome {
        Ok(Checked { warnings, .. }) => (&[][..], warnings, false),
        Err(Diagnostics {
            errors,
            warnings,
            more,
        }) => (errors.as_slice(), warnings, *more),
    };
    let ok = outcome.is_ok();
    let report = Report {
        file,
        ok,
        errors,
        warnings,
        more,
    };
    writeln!(
        anstream::stdout(),
        "{}",
        serde_json::to_string_pretty(&report)?
    )?;
    Ok(if ok {
        ExitStatus::Ok
    } else {
        ExitStatus::WrongDocument
    })
}
