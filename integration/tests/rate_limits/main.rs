//! Limits that several Envoys hold together, through Envoy's own filter, the real rate-limit service and a
//! real Redis.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]

mod failures;
mod native;
mod rig;
