//! What the gateway passes on without looking into it: WebSockets, gRPC, events, downloads. Each through
//! a rendered document, with a service and a client of the protocol at its ends.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]

mod grpc;
mod http;
mod websocket;
