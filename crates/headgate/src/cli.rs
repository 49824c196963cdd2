//! The command line.

use clap::{Parser, Subcommand, ValueEnum};

use crate::exit_status::ExitStatus;
use crate::{check, completions, deploy, diff, drain, explain, image, probe, render, run, schema};

/// Turn a stock Envoy into a function gateway.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true, long_about = LONG_ABOUT, after_help = ExitStatus::help())]
pub struct Cli {
    /// When to colour what is printed
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    pub color: Color,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

const LONG_ABOUT: &str = "\
Turn a stock Envoy into a function gateway.

One document says what the gateway does: where it listens, what stands behind it, and which \
requests go where. A whole one:

    apiVersion: headgate.dev/v1alpha1
    kind: Gateway
    listeners: [{ name: http, port: 8080 }]
    upstreams:
      pets:      { http: \"pets:8080\" }
      pets-next: { http: \"pets-next:8080\", timeout: 2s }
      stock:     { grpc: \"stock:9000\" }
    routes:
      - match: { path: \"/pets/{id}\", methods: [GET] }
        to: [{ upstream: pets, weight: 95 }, { upstream: pets-next, weight: 5 }]
      - match: { grpc: stock.v1.Stock }
        to: [{ upstream: stock }]

Save it as gateway.yaml, and begin with:

    headgate check gateway.yaml
    headgate run gateway.yaml";

/// What `headgate` can do. Each command is a module with its arguments and a `run`, which tells what
/// is wrong with the document itself and returns what is wrong around it as an error. What a command
/// is for is said at its arguments.
#[derive(Debug, Subcommand)]
pub enum Command {
    Check(check::Arguments),
    Diff(diff::Arguments),
    Explain(explain::Arguments),
    Image(image::Arguments),
    Render(render::Arguments),
    Run(run::Arguments),
    Deploy(deploy::Arguments),
    Probe(probe::Arguments),
    Drain(drain::Arguments),
    Schema(schema::Arguments),
    Completions(completions::Arguments),
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// What is wrong around the document: [`ExitStatus::Environment`].
    pub fn run(self) -> anyhow::Result<ExitStatus> {
        match self {
            Self::Check(arguments) => check::run(&arguments),
            Self::Diff(arguments) => diff::run(&arguments),
            Self::Explain(arguments) => explain::run(&arguments),
            Self::Image(arguments) => image::run(&arguments),
            Self::Render(arguments) => render::run(&arguments),
            Self::Run(arguments) => run::run(&arguments),
            Self::Deploy(arguments) => deploy::run(&arguments),
            Self::Probe(arguments) => probe::run(&arguments),
            Self::Drain(arguments) => drain::run(&arguments),
            Self::Schema(arguments) => schema::run(&arguments),
            Self::Completions(arguments) => completions::run(&arguments),
        }
    }
}

/// When output is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Even into files and pipes
    Always,
    /// Not at all
    Never,
}

impl Color {
    /// Holds for everything that is printed from now on.
    pub fn apply(self) {
        let choice = match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
    }
}
