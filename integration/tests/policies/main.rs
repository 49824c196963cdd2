//! What holds for every route: in which form callers are refused, who may read answers, what is
//! counted. Each through a rendered document.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]

mod callers;
mod cors;
mod metrics;
