//! Whatever a client or an upstream sends: the gateway answers, nobody sees what is internal, and the
//! next good request works.
//!
//! Everything is as it is rendered, with the real pipeline in a real Envoy.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]

mod framing;
mod gateway;
mod headers;
mod hosts;
mod internal_header;
mod log;
mod methods;
mod names;
mod streams;
mod tricks;
