//! `headgate diff`: what differs between two documents, and what that does.
//!
//! [`Difference`] is a value, made of two documents that were read; [`text`] shows it to people.

mod buckets;
mod changes;
mod defaults;
mod difference;
mod fields;
mod flow;
mod order;
mod pairs;
mod path;
mod restart;
mod samples;
mod secrets;
mod shares;
#[cfg(test)]
mod tests;
mod text;
mod traffic;

use std::io::Write;

use anyhow::anyhow;
use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::document;
use crate::exit_status::ExitStatus;
use crate::input::Source;
use crate::report;
pub use difference::Difference;
pub use text::text;

/// Tell what differs between two documents, and what that does to traffic
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_help = format!("{EXAMPLES}\n\n{}", ExitStatus::help_with_differs()))]
pub struct Arguments {
    /// The document as it was, in YAML or JSON; "-" for standard input
    #[arg(value_name = "OLD")]
    old: Source,
    /// The document as it is
    #[arg(value_name = "NEW")]
    new: Source,
    /// Exit with 5 if something differs
    #[arg(long)]
    exit_code: bool,
    /// How to tell it
    #[arg(long, value_enum, value_name = "FORM", default_value_t = Form::Text)]
    output: Form,
}

const LONG_ABOUT: &str = "\
Tell what differs between two documents, by what they mean: parts added (+), removed (-) and changed (~), \
each field with what it was and what it is; what that does to traffic, told by the router that runs within \
Envoy; which limits keep their buckets, and whose are full again; and what a running Envoy takes up only when it is started again.

Order, spelling and defaults that are written out are no difference. Routes are the same route if they \
have the same name, else if they match the same. Both documents are checked first.

    $ headgate diff old.yaml new.yaml
    ~ route \"GET /pets/{id}\"
        ~ to[pets].weight: 95 -> 90
        ~ to[pets-next].weight: 5 -> 10
    traffic
        GET /pets/{id}: pets gets 90 %, before 95 %; pets-next gets 10 %, before 5 %
    1 route changed";

const EXAMPLES: &str = "\
Examples:
  headgate diff old.yaml new.yaml
  git show HEAD:gateway.yaml | headgate diff - gateway.yaml      what was not yet committed
  headgate diff --exit-code old.yaml new.yaml > /dev/null        only whether anything differs
  headgate diff --output json old.yaml new.yaml | jq '.restart[]'";

/// How the difference is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people
    Text,
    /// For programs: an object of "differs", "changes", "traffic", "limits" and "restart"
    Json,
}

/// What `--output json` prints.
#[derive(Serialize)]
struct Report {
    differs: bool,
    #[serde(flatten)]
    difference: Difference,
}

/// Compares two documents.
///
/// # Errors
/// When one cannot be read.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    if let (Source::Stdin, Source::Stdin) = (&arguments.old, &arguments.new) {
        let problem = "OLD and NEW cannot both be standard input; name a file for one of them";
        return Ok(report::usage(anyhow!(problem).as_ref()));
    }
    // Both are told what is wrong with them before either is given up.
    let (old, new) = (
        document::load_alone(&arguments.old)?,
        document::load_alone(&arguments.new)?,
    );
    let (old, new) = match (old, new) {
        (Ok(old), Ok(new)) => (old, new),
        (Err(status), _) | (_, Err(status)) => return Ok(status),
    };
    let difference = Difference::of(&old, &new).map_err(|error| anyhow!("{error}"))?;
    let differs = !difference.is_nothing();
    let mut out = anstream::stdout();
    match arguments.output {
        Form::Text if differs => {
            write!(out, "{}", text(&difference))?;
            writeln!(out, "{}", difference.summary())?;
        }
        Form::Text => {
            let (old, new) = (arguments.old.name(), arguments.new.name());
            writeln!(out, "{old} and {new} mean the same")?;
        }
        Form::Json => {
            let report = Report {
                differs,
                difference,
            };
            writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?;
        }
    }
    Ok(match differs && arguments.exit_code {
        true => ExitStatus::Differs,
        false => ExitStatus::Ok,
    })
}
