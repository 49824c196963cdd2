//! Reading YAML so that every mistake in it can be named with its place.
//!
//! [`parse`] makes a tree of [`Node`]s from text, refusing what YAML allows and a configuration
//! should not hold: keys given twice, merge keys, tags of one's own, aliases that explode.
//! [`deserialize`] reads a serde type from the tree and goes on after a mistake, so that a reader
//! learns of all of them at once.

mod deserializer;
mod error;
mod fault;
mod node;
mod parse;
mod path;
mod scalar;
mod session;
mod syntax;

pub(crate) use fault::{Fault, Faults};
pub(crate) use node::{Mark, Node};
pub(crate) use parse::parse;
pub(crate) use path::locate;
pub(crate) use session::deserialize;
