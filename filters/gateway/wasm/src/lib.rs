//! The pipeline as a module.

#![cfg(target_arch = "wasm32")]

filter_shell::module!(gateway::Pipeline);
