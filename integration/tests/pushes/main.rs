//! Changing a document under load: no request sees half a change.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)] // test code may stop

mod carried;
mod headgate;
mod killed;
mod limits;
mod load;
mod saved;
mod tokens;
mod versions;
