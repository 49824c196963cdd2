//! Certificates for tests, and both sides of TLS that use them.

mod authority;
mod side;

pub use authority::{Authority, Identity};
pub use side::{ClientSide, Handshake, ServerSide};
pub(crate) use side::{Stream, accepted, connected};
