//! Runs a [`Filter`](filter_api::Filter) in a proxy-wasm host, which for Headgate is Envoy.
//!
//! This is the only crate that names `proxy_wasm` and the only one that calls the host. From the SDK
//! it takes the contexts and the dispatch of callbacks. It does not take the SDK's wrappers of
//! hostcalls: those panic on header values that are not UTF-8 and on statuses they do not expect, and
//! a panic takes down every request of the VM. [`abi`] maps each status to a
//! [`HostError`](filter_api::HostError) instead, which costs one request.
//!
//! What an exchange decides is carried out by `filter_driver::Driver`; this crate brings the bytes to
//! it and its verdicts back.
//!
//! Natively the crate is empty, so that the workspace builds without a host to link to.

#![cfg(target_arch = "wasm32")]

mod abi;
mod chance;
mod foreign;
mod host;
mod root;
mod shared;
mod stream;

#[doc(hidden)]
pub use proxy_wasm;
pub use root::start;

/// Makes a module of a filter: everything that a `wasm/` crate has to say.
///
/// ```ignore
/// filter_shell::module!(function_router::FunctionRouter);
/// ```
#[macro_export]
macro_rules! module {
    ($filter:ty) => {
        // The host calls what is in here; nobody else does.
        mod entry {
            $crate::proxy_wasm::main! {{
                $crate::start::<$filter>(
                    env!("CARGO_PKG_VERSION"),
                    option_env!("HEADGATE_REVISION").unwrap_or("unknown revision"),
                );
            }}
        }
    };
}
