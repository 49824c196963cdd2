//! Keys by URL, on a fake host of several threads: who fetches when, who waits for what, and what comes
//! of answers that nobody wants.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test code: a panic is how a test fails"
)]

mod answers;
mod configuration;
mod fetching;
mod readiness;
mod rig;
mod rotation;
mod waiting;
