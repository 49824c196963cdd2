//! What a deployed gateway takes from what stands before it, and what it tells of itself: each test is a
//! document, a real Envoy, and what a balancer, or somebody who claims to be one, sends it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]

mod balancer;
mod clients;
mod families;
mod forwarded;
mod names;
mod rig;
mod schemes;
mod secrets;
mod status;
