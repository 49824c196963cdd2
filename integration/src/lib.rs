//! Tests against a real Envoy and real upstreams.
//!
//! [`services`] are the sample services, shared with docker-compose through the binary
//! `sample-services`. The rest is the harness that the tests under `tests/` drive: [`envoy`] runs
//! the real proxy, with what Headgate renders or with a [`bootstrap`] by hand, [`upstream`] records what reaches the far side, [`mirror`] sends it back byte for byte, [`client`] and [`raw`] send
//! what a test wants sent, and a [`balancer`] may stand before all of it. [`rate_limit_service`] counts for several Envoys.
//!
//! The harness is test code: where a test cannot go on it panics, which fails that test.

#[allow(
    clippy::panic,
    clippy::expect_used,
    reason = "test code: a panic is how a test fails"
)]
pub mod balancer;
mod body;
pub mod bootstrap;
#[allow(
    clippy::panic,
    clippy::expect_used,
    reason = "test code: a panic is how a test fails"
)]
pub mod client;
#[allow(
    clippy::panic,
    clippy::expect_used,
    reason = "test code: a panic is how a test fails"
)]
pub mod envoy;
#[allow(clippy::panic, reason = "test code: a panic is how a test fails")]
mod fields;
mod gate;
pub mod gateway;
#[allow(
    clippy::panic,
    clippy::expect_used,
    reason = "test code: a panic is how a test fails"
)]
pub mod kubernetes;
mod log;
#[allow(
    clippy::panic,
    clippy::expect_used,
    reason = "test code: a panic is how a test fails"
)]
mod made;
#[allow(clippy::expect_used, reason = "test code: a panic is how a test fails")]
pub mod mirror;
#[allow(
    clippy::panic,
    clippy::expect_used,
    reason = "test code: a panic is how a test fails"
)]
pub mod rate_limit_service;
pub mod raw;
#[allow(
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]
pub mod registry;
#[allow(
    clippy::panic,
    clippy::expect_used,
    reason = "test code: a panic is how a test fails"
)]
pub mod rendered;
pub mod services;
#[allow(clippy::expect_used, reason = "test code: a panic is how a test fails")]
pub mod tls;
#[allow(
    clippy::panic,
    clippy::expect_used,
    reason = "test code: a panic is how a test fails"
)]
pub mod upstream;
#[allow(clippy::expect_used, reason = "test code: a panic is how a test fails")]
pub mod workers;

pub use body::generated_sha256;
pub use made::{installed, module, program};
