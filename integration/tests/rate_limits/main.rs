//! Limits that several Envoys hold together, through Envoy's own filter, the real rate-limit service and a
//! real Redis.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]

mod answers;
mod calls;
mod clock;
mod failures;
mod load;
mod native;
mod outages;
mod rig;
mod several;
mod shop;
