//! The contract between a filter and the host it runs in.
//!
//! A [`Filter`] is compiled configuration; for each request it makes an [`Exchange`], which reads and
//! edits the message through a [`Host`] and *returns* what shall happen as a [`Flow`]. It never sends
//! a reply and never resumes a stream: whoever drives it does that, so "replied twice" and "replied
//! and went on" cannot be written.
//!
//! This crate knows no host. `filter-shell` carries the contract onto proxy-wasm, `filter-testing`
//! onto a fake that holds state. Time and randomness are capabilities of the host; nothing here reads
//! a clock.

mod callout;
mod config;
pub mod escapes;
mod exchange;
mod filter;
mod headers;
mod host;
mod preflight;
mod refusal;
mod reply;
mod scalars;
mod spread;
mod tally;

pub use callout::{Callout, CalloutId, CalloutOutcome, CalloutResponse};
pub use config::{ConfigError, parse_config};
pub use exchange::{BodyMode, Exchange, Flow, Waiting, Wake};
pub use filter::{Filter, Holding, NoRoot, Root};
pub use headers::{HeaderList, MalformedHeaderList};
pub use host::{
    Callouts, Client, Clock, Direction, Edit, Fields, FilterState, Host, HostError, Log, Metrics,
    Random, RootHost, SharedData, SharedValue, Signatures, WaitingExchanges,
};
pub use host::{CounterId, GaugeId, Hash, HistogramId, Level, Signed};
pub use preflight::is_preflight;
pub use refusal::{Caller, GrpcStatus, Refusal};
pub use reply::Reply;
pub use scalars::{ByteSize, Duration, ScalarError};
pub use spread::Spread;
pub use tally::{Tally, label_value};

/// The request header that names the function a request goes to.
///
/// Envoy's route table is keyed on it. The router overwrites it on every request, and Envoy removes
/// it before the upstream and the client could see it, so neither side can choose or learn a
/// function.
pub const FUNCTION_HEADER: &str = "x-headgate-function";
