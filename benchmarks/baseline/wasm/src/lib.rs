//! The least that a filter can cost, as a module.

#![cfg(target_arch = "wasm32")]

filter_shell::module!(baseline::Baseline);
