//! `headgate probe` and `headgate drain`, beside what says that it is Envoy. With a real one they are in
//! `integration/tests/rolling/`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]

mod drain;
mod envoy;
mod page;
mod probe;
