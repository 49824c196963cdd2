//! What holds one limit for many Envoys: Envoy's rate-limit service, and the Redis in which it counts. Both
//! are real, on the loopback interface.

mod metrics;
mod port;
mod process;
mod redis;
mod service;

pub use redis::Redis;
pub use service::RateLimitService;
