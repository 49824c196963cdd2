//! The load balancer that tests stand things behind does as AWS's do.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]

mod connections;
mod headers;
mod health;
mod leaving;
mod rig;
