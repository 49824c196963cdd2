//! What `headgate explain` says of a request is what happens when it is sent.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]

mod agreement;
mod documents;
mod requests;
