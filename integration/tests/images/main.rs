//! Filters as images: pushed to real registries, fetched by a client that is not ours, run by a stock Envoy;
//! and what is told when a registry refuses, fails or lies.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]

mod bounds;
mod carried;
mod credentials;
mod examples;
mod files;
mod headgate;
mod lies;
mod page;
mod refusals;
mod signatures;
mod signing;
mod terminal;
mod tokens;
mod transport;
