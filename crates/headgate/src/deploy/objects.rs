//! From the document to the objects that a cluster is given.
//!
//! [`of`] is a pure function: it asks no cluster and reads no file. A module here is named after the kind
//! of object that it makes.

mod config_map;
mod names;
mod object;
mod service_account;

use gateway_model::Gateway;

pub use names::MANAGER;
pub use object::{Object, Objects};

use names::Names;

/// What is not in the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Where the objects are.
    pub namespace: String,
    /// The gateway's image.
    pub image: String,
    /// The file name of the pipeline's module in that image: no other content has it.
    pub module: String,
}

/// Why a document makes no objects that Kubernetes takes.
#[derive(Debug, thiserror::Error)]
pub enum ObjectsError {}

/// The objects of a document, in the order in which they are to be applied.
///
/// # Errors
/// When Kubernetes would not take one of them.
pub fn of(gateway: &Gateway, options: &Options) -> Result<Objects, ObjectsError> {
    let names = Names::of(gateway, options);
    let config = config_map::of(gateway, options, &names);
    Ok(Objects::new([
        Object::of(&service_account::service_account(&names)),
        Object::of(&config.bootstrap),
        Object::of(&config.resources),
    ]))
}
