//! The module `jwt-authz` in an Envoy of somebody else's making: by itself, in front of the router, and
//! with a server that keeps its keys. Its cases run in `tests/conformance/`; here is what a case does not
//! see.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]

mod answers;
mod configured;
mod fetching;
mod held;
mod key_server;
mod pushed;
mod remote;
mod rig;
mod rotation;
