//! `headgate explain`: what becomes of a request, and why.

mod text;

use std::io::Write;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use ::explain::edge::HttpVersion;
use ::explain::{Explainer, Explanation, KeySets, Outcome, Question};
use anyhow::anyhow;
use clap::{Args, ValueEnum};

use filter_api::Refusal;
use gateway_model::Gateway;
use jwt_authz::Denial;

use crate::document;
use crate::exit_status::ExitStatus;
use crate::input::Source;
use crate::key_sets;
use crate::report;
use crate::runtime::block_on;

/// Tell what becomes of a request, and why
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT, after_help = format!("{EXAMPLES}\n\n{}", ExitStatus::help_with_refused()))]
pub struct Arguments {
    /// The document, in YAML or JSON; "-" for standard input
    #[arg(value_name = "FILE")]
    source: Source,
    /// The request's method, such as GET
    #[arg(value_name = "METHOD")]
    method: String,
    /// A URL of http or https, or a path, or "*"; for CONNECT a host and port
    #[arg(value_name = "URL")]
    url: String,
    /// A header of the request, such as -H 'x-env: prod'; may be given several times. Without a host in
    /// URL or header the request is for localhost
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// The body of the request: with one it has a content type, as of a form if no header says
    /// otherwise
    #[arg(short = 'd', long = "data", value_name = "BODY")]
    body: Option<String>,
    /// The client's address, which limits may go by, and which a route may keep clients by
    #[arg(long, value_name = "ADDRESS")]
    client: Option<IpAddr>,
    /// The access token that the request brings, as authorization: Bearer TOKEN; "-H" brings others, and
    /// where else they may be
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    /// Send it over HTTP/2
    #[arg(long)]
    http2: bool,
    /// How to tell it
    #[arg(long, value_enum, value_name = "FORM", default_value_t = Form::Text)]
    output: Form,
}

const LONG_ABOUT: &str = "\
Tell what becomes of a request: what Envoy makes of its path, or why it refuses it; which route takes it, \
and by which rule before which other one; each function that may answer and how probable it is, what it \
receives, and its policies; which limits it is subject to, in their order, and what each takes of which \
bucket; what its tokens come to, and which demand on them is not met; and of the routes \
that nearly take it, why they do not.

Nothing is sent but questions for the keys of issuers, if a token needs them, and no Envoy is needed: the code that decides here is the code that runs within Envoy. \
The path is taken as it is written, as by curl --path-as-is: browsers resolve dots before they send it.";

const EXAMPLES: &str = "\
Examples:
  headgate explain gateway.yaml GET /pets/1
  headgate explain gateway.yaml GET https://api.example.com/pets/1 -H 'x-user: ann'
  headgate explain gateway.yaml POST /pets -H 'content-type: application/json' -d '{}'
  headgate explain gateway.yaml POST /stock.v1.Stock/Reserve -H 'content-type: application/grpc' --http2
  headgate explain gateway.yaml GET /pets/1 --token $TOKEN
  headgate explain gateway.yaml GET /pets/1 --output json | jq '.destinations[].probability'";

/// How the explanation is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people
    Text,
    /// For programs: an object of "outcome", "seen", "refused", "route", "limits", "jwt", "answer", "destinations",
    /// "choice", "cors", "mirrors" and "near_misses"
    Json,
}

/// Explains a request.
///
/// # Errors
/// When the document cannot be read.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    let gateway = match document::load(&arguments.source)? {
        Ok(gateway) => gateway,
        Err(status) => return Ok(status),
    };
    let question = match question(arguments) {
        Ok(question) => question,
        Err(error) => return Ok(report::usage(&error)),
    };
    let explanation = explained(&gateway, &question, &arguments.source)?;
    let mut out = anstream::stdout();
    match arguments.output {
        Form::Text => write!(out, "{}", text::text(&explanation))?,
        Form::Json => writeln!(out, "{}", serde_json::to_string_pretty(&explanation)?)?,
    }
    Ok(match explanation.outcome {
        Outcome::Refused => ExitStatus::Refused,
        Outcome::Function | Outcome::Redirect | Outcome::Answer | Outcome::Preflight => {
            ExitStatus::Ok
        }
    })
}

/// Explains a request. Keys are fetched only if the request has a token that they are needed for; where
/// they cannot be had that is told.
fn explained(
    gateway: &Gateway,
    question: &Question,
    source: &Source,
) -> anyhow::Result<Explanation> {
    let explain = |keys| {
        let explainer = Explainer::with_keys(gateway, keys);
        let explainer = explainer.map_err(|error| anyhow!("{error}"))?;
        anyhow::Ok(explainer.explain(question))
    };
    let first = explain(KeySets::new())?;
    let needed = needed_keys(&first);
    if needed.is_empty() {
        return Ok(first);
    }
    let fetching = key_sets::of(gateway.clone(), &needed, source.directory());
    explain(block_on(async { Ok(fetching.await) })?)
}

/// The providers whose keys would be needed.
fn needed_keys(explanation: &Explanation) -> Vec<String> {
    let jwt = explanation.jwt.iter();
    let needed = jwt.flat_map(|jwt| &jwt.tokens).filter(|token| {
        let unavailable = Denial::KeysUnavailable.label();
        token.reason.as_deref() == Some(unavailable)
    });
    needed.map(|token| token.provider.clone()).collect()
}

fn question(arguments: &Arguments) -> Result<Question, ::explain::QuestionError> {
    let version = match arguments.http2 {
        true => HttpVersion::Http2,
        false => HttpVersion::Http1,
    };
    let mut headers = arguments.headers.clone();
    if let Some(body) = &arguments.body {
        let is_type = |line: &String| line.to_ascii_lowercase().starts_with("content-type:");
        if !headers.iter().any(is_type) {
            headers.push("content-type: application/x-www-form-urlencoded".to_owned());
        }
        headers.push(format!("content-length: {}", body.len()));
    }
    if let Some(token) = &arguments.token {
        headers.push(format!("authorization: Bearer {token}"));
    }
    let mut question = Question::new(version, &arguments.method, &arguments.url, &headers)?;
    question.client = arguments.client;
    question.now = now();
    Ok(question)
}

/// Tokens hold for a time.
fn now() -> Duration {
    #[allow(
        clippy::disallowed_methods,
        reason = "this is native code, which has a clock"
    )]
    let now = SystemTime::now();
    now.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}
