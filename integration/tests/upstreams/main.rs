//! How upstreams are called: each test is a document, a real Envoy, and upstreams that record.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]

mod functions;
mod limits;
mod mirrors;
mod outliers;
mod retries;
mod tls;
