//! Chooses the function that answers a request.
//!
//! [`Router::route`] finds the route that a request belongs to, by host, path and method;
//! [`Route::choose`] one of the route's functions, by weight. [`FunctionRouter`] is the filter of its
//! own around both: it names the function in [`filter_api::FUNCTION_HEADER`], on which Envoy's route
//! table is keyed.
//!
//! It refuses what no route takes, and it does not know upstreams: a function is a key to it.

mod config;
mod denial;
mod destinations;
mod filter;
mod hosts;
mod path;
mod path_index;
mod request;
mod route;
mod router;

pub use config::{Config, DestinationConfig, MatchConfig, RouteConfig};
pub use denial::Denial;
pub use destinations::Destination;
pub use filter::{FunctionRouter, RouterExchange};
pub use hosts::HostError;
pub use path::PathError;
pub use request::Request;
pub use route::{Route, RouteError};
pub use router::Router;
