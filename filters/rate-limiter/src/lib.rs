//! Limits requests, by token buckets that all threads of an Envoy share, in bounded memory.
//!
//! A [`Bucket`] is what a limit says: how fast tokens come, and how many there can be. What is kept of
//! each key is a [`Table`]'s affair, in the host's shared data: the moment at which the key's bucket is
//! full again, and nothing once it is. However many keys come and go, the table stays as large as it was
//! made, and no key is ever given more than its limit.
//!
//! [`RateLimiter`] has all limits of a configuration, and says which of them a request is over;
//! [`RateLimiterRoot`] does what has to be done outside of requests. [`RateLimiterFilter`] is a filter that
//! does nothing else.

mod address;
mod bucket;
mod conditions;
mod config;
mod denial;
mod directory;
mod facts;
mod fields;
mod filter;
mod inspection;
mod key;
mod ledger;
mod limit;
mod limiter;
mod metrics;
mod place;
mod plan;
mod rate;
mod root;
mod row;
mod seed;
mod service;
mod table;

pub use bucket::{Bucket, Short, Taken};
pub use config::{
    AddressConfig, AnswersConfig, ConditionsConfig, Config, CostConfig, EngineConfig, HeaderStyle,
    KeyConfig, LimitConfig, LimitedConfig, LimitsConfig, LocalConfig, RateLimitServiceConfig,
    TellOn,
};
pub use denial::OverLimit;
pub use facts::Facts;
pub use filter::{LimitedExchange, RateLimiterFilter};
pub use inspection::{Inspected, Stage, Subject};
pub use ledger::Ledger;
pub use limit::{KEYS, Limit, MOST_KEYS};
pub use limiter::RateLimiter;
pub use metrics::REQUESTS;
pub use rate::{Rate, RateError};
pub use root::RateLimiterRoot;
pub use row::{Place, WAYS};
pub use seed::Seed;
pub use service::{Call, OVER_HEADER, PREFIX};
pub use table::{Receipt, Table, Verdict};
