//! Registries of images: a real one, and a stand-in that says what a test wants said.

mod programs;
mod real;
mod stand_in;

pub use programs::{cosign, crane};
pub use real::{PASSWORD, Registry, Settings, USER};
pub use stand_in::{Answer, Asked, StandIn};
