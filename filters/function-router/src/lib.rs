//! Chooses the function that answers a request.
//!
//! [`Router::route`] finds the route that a request belongs to: by host, path, method, header fields,
//! query and type of the body, in the order of [`Precedence`]. [`Route::decide`] says what becomes of
//! the request: which of the route's functions takes it and what that one sees, or an answer that needs
//! nobody. [`FunctionRouter`] is the filter of its own around both: it names the function in
//! [`filter_api::FUNCTION_HEADER`], on which Envoy's route table is keyed.
//!
//! It refuses what no route takes, and it does not know upstreams: a function is a key to it.

mod conditions;
mod config;
mod demands;
mod denial;
mod destinations;
mod filter;
mod hosts;
mod media_range;
mod normal;
mod path;
mod path_index;
mod path_rewrite;
mod pattern;
mod precedence;
mod redirect;
mod regex_index;
mod regex_pattern;
mod request;
mod rewrite;
mod route;
mod router;
mod sticky;
mod template;
mod tokens;
mod value;
mod when;

pub use conditions::{Foreknown, Mismatch, Prospect, header_name};
pub use config::{
    ConditionConfig, Config, CookieConfig, DestinationConfig, MatchConfig, RedirectConfig,
    RespondConfig, RouteConfig, SameSite, Scheme, StickyConfig, ValueConfig,
};
pub use demands::{Demands, PathDemand};
pub use denial::Denial;
pub use destinations::{Destination, DestinationError};
pub use filter::{FunctionRouter, RouterExchange, decide, send};
pub use hosts::HostError;
pub use media_range::MediaRangeError;
pub use path::PathError;
pub use path_rewrite::PathRewriteError;
pub use precedence::{HostRank, MethodRank, PathRank, Precedence, SegmentRank};
pub use redirect::AnswerError;
pub use regex_index::TooManyRegexes;
pub use regex_pattern::RegexError;
pub use request::Request;
pub use rewrite::{RewriteError, Rewritten};
pub use route::{Circumstances, Decision, Forward, Reason, Route, RouteError};
pub use router::{Candidate, Router};
pub use sticky::{StickyError, Ticket};
pub use template::TemplateError;
pub use tokens::is_token;
pub use value::Value;
pub use when::When;
