//! What is told about a request. Its JSON is what `headgate explain --output json` prints.

use filter_api::Duration;
use function_router::StickyConfig;
use gateway_model::Retries;
use serde::Serialize;

use crate::limits::LimitTold;
use crate::octets::Octets;
use crate::tokens::TokensTold;

/// What becomes of a request, and why.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// What comes of it.
    pub outcome: Outcome,
    /// What the pipeline sees of it; none for what Envoy does not let in.
    pub seen: Option<Seen>,
    /// Why it is refused, if it is.
    pub refused: Option<Refused>,
    /// The route that takes it.
    pub route: Option<RouteTold>,
    /// The limits that it is subject to, in the order in which they are asked. Those behind a refusal are not.
    pub limits: Vec<LimitTold>,
    /// What its tokens come to, where the route looks at any.
    pub jwt: Option<TokensTold>,
    /// The redirect or the answer that the route gives.
    pub answer: Option<Answer>,
    /// The functions that may take it, the most probable first; those that cannot come last.
    pub destinations: Vec<DestinationTold>,
    /// What makes the choice.
    pub choice: Option<Choice>,
    /// Which pages of other origins may read what is answered; none where there is no policy.
    pub cors: Option<String>,
    /// Who gets copies.
    pub mirrors: Vec<Mirrored>,
    /// Routes that nearly take it, the nearest first.
    pub near_misses: Vec<NearMiss>,
}

/// What comes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A function takes it.
    Function,
    /// The client is sent elsewhere.
    Redirect,
    /// The gateway answers as the document says.
    Answer,
    /// It asks beforehand whether a page of another origin may send a request, which it may.
    Preflight,
    /// It is refused.
    Refused,
}

/// The one string that is matched, and that an upstream receives where nothing is rewritten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// `:authority`.
    pub authority: Octets,
    /// `:path`, with the query; none for CONNECT.
    pub path: Option<Octets>,
    /// Whether Envoy made another one of what was sent.
    pub normalised: bool,
    /// What is taken off the beginning of the path before it is matched.
    pub stage: Option<Octets>,
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// Whose it is.
    pub by: RefusedBy,
    /// The status; none where the connection is closed instead.
    pub status: Option<u16>,
    /// `grpc-status`, for callers of gRPC: it is what they are told, with status 200.
    pub grpc_status: Option<u8>,
    /// As the access log has it.
    pub reason: String,
    /// For people.
    pub detail: String,
    /// The methods that would be allowed, for status 405.
    pub allow: Option<String>,
}

/// Who refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusedBy {
    /// Envoy, before anything is matched.
    Envoy,
    /// The pipeline.
    Pipeline,
}

/// The route that takes a request.
#[derive(Debug, Clone, Serialize)]
pub struct RouteTold {
    /// Its name in logs and metrics.
    pub name: String,
    /// Its place among the document's routes, from 0.
    pub index: usize,
    /// What it matches.
    pub matches: String,
    /// The values in the path, decoded.
    pub values: Vec<(String, Octets)>,
    /// The next route, if one would take the request without this one.
    pub before: Option<RunnerUp>,
}

/// A route that comes after the one that takes the request.
#[derive(Debug, Clone, Serialize)]
pub struct RunnerUp {
    /// Its name in logs and metrics.
    pub name: String,
    /// Its place among the document's routes, from 0.
    pub index: usize,
    /// The rule of the precedence that decides between the two.
    pub rule: &'static str,
}

/// A redirect, an answer of the document's own, or the answer to a preflight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// `grpc-status`, for callers of gRPC: it is what they are told, with status 200.
    pub grpc_status: Option<u8>,
    /// Where a redirect leads.
    pub location: Option<String>,
    /// The type of the body.
    pub content_type: Option<String>,
    /// The methods that pages may use, in the answer to a preflight.
    pub allow_methods: Option<String>,
    /// The body.
    pub body: Octets,
}

/// A function that a request may go to.
#[derive(Debug, Clone, Serialize)]
pub struct DestinationTold {
    /// What metrics and `force` call it.
    pub name: String,
    /// How probable it is that it takes this request, 0 to 1.
    pub probability: f64,
    /// The first of its own conditions that the request does not meet.
    pub unmet: Option<String>,
    /// The upstream.
    pub upstream: String,
    /// What it speaks: `http`, `http2`, `websocket` or `grpc`.
    pub protocol: &'static str,
    /// Where it is.
    pub address: String,
    /// The function's key in Envoy's route table.
    pub function: String,
    /// The method that it receives.
    pub method: Octets,
    /// The host that it receives.
    pub host: Octets,
    /// The path and the query that it receives.
    pub path: Octets,
    /// Which of these are not as the request has them: `method`, `host`, `path`.
    pub rewritten: Vec<&'static str>,
    /// Why the request is refused if it is this one's turn.
    pub refused: Option<Refused>,
    /// How long the exchange may take; zero means as long as it likes.
    pub timeout: Duration,
    /// How long nothing may happen; zero means as long as it likes.
    pub idle_timeout: Duration,
    /// When it is tried again.
    pub retries: Option<Retries>,
}

/// What chooses among the destinations.
#[derive(Debug, Clone, Serialize)]
pub struct Choice {
    /// For people.
    pub by: String,
    /// What keeps a client at one destination.
    pub sticky: Option<StickyConfig>,
    /// The header that names a destination.
    pub force: Option<String>,
    /// Whether the client is given a cookie.
    pub sets_cookie: bool,
}

/// An upstream that gets a copy.
#[derive(Debug, Clone, Serialize)]
pub struct Mirrored {
    /// The upstream.
    pub upstream: String,
    /// The share of requests, in percent.
    pub percent: f64,
}

/// A route that nearly takes the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NearMiss {
    /// Its name in logs and metrics.
    pub name: String,
    /// Its place among the document's routes, from 0.
    pub index: usize,
    /// Why it does not take it.
    pub why: String,
}
