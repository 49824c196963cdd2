//! Bodies that a filter buffers, edits and answers, and bodies that no filter wants.
//!
//! The filter is `body-editor`, which tells what it does. In an Envoy that holds headers for it an
//! exchange is still to be answered when its body is whole; in one that does not, the headers have
//! gone on by then, and all that is left is to break off.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]

mod edited;
mod refused;
mod rig;
mod unwanted;
