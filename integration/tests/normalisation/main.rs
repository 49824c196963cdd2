//! What `explain::edge` says that Envoy makes of a request, Envoy makes of it: what is refused is
//! refused so, and the upstream receives the one authority and the one path that are told, byte for
//! byte.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]

mod bytes;
mod forms;
mod random;
mod rig;
mod url_cases;
