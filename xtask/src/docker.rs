//! A docker engine, the one that runs here or one of our own, and what images are built from.

mod context;
mod dockerd;
mod engine;
pub mod poll;

pub use context::Context;
pub use dockerd::Dockerd;
pub use engine::Engine;
