//! What can be wrong with a module, and how to repair it.

use thiserror::Error;

#[derive(Debug, Error)]
pub enum Fault {
    /// An import that only a JavaScript host can fill.
    #[error(
        "imports {module}.{name}, which wasm-bindgen makes for JavaScript: find the crate that \
         brings it with `cargo tree --target wasm32-unknown-unknown --invert wasm-bindgen` and \
         turn off its feature for the web"
    )]
    JavaScriptImport { module: String, name: String },

    /// An import that nobody offers.
    #[error(
        "imports {module}.{name}, which Envoy does not offer (proxy-wasm ABI 0.2.1): remove the \
         code that calls it"
    )]
    ForeignImport { module: String, name: String },

    /// A function that the host calls is not there.
    #[error(
        "exports no function {}: the package must be a cdylib whose entry point registers the \
         filter with filter-shell",
        alternatives.join(" or ")
    )]
    MissingFunction {
        alternatives: &'static [&'static str],
    },

    /// The host reads and writes the module's memory by this name.
    #[error("exports no memory \"memory\": build it as a cdylib for wasm32-unknown-unknown")]
    MissingMemory,

    /// Heavier than its package allows.
    #[error(
        "is {bytes} bytes, over its budget of {max_bytes}: find what grew (`cargo tree` and the \
         last commits), or raise `max-bytes` in [package.metadata.headgate] and say why"
    )]
    OverBudget { bytes: u64, max_bytes: u64 },
}
