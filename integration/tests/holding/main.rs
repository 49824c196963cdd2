//! Nothing of a request passes while its exchange waits: kinds of requests × ways in which the waiting
//! ends, in both kinds of Envoy that there are.
//!
//! The filter is `gatekeeper`, which asks a server about each request; where it lets pass or refuses
//! without waiting, `gateway` is tested too.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]

mod kinds;
mod later;
mod many;
mod matrix;
mod pipeline;
mod rig;
mod root;
