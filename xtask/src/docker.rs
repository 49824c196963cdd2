//! A docker engine, the one that runs here or one of our own, and what images are built from.

mod container;
mod context;
mod dockerd;
mod engine;
pub mod poll;

pub use container::Container;
pub use context::{CERTIFICATES_IN_IMAGE, Context, libraries};
pub use dockerd::Dockerd;
pub use engine::Engine;
