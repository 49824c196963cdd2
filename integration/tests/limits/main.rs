//! Limits of the pipeline in a real Envoy, its configuration given to it directly: what only workers side
//! by side, real clocks and real connections can show. Its cases run in `tests/conformance/`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]

mod accuracy;
mod clients;
mod clock;
mod contention;
mod keys;
mod kinds;
mod reload;
mod rig;
