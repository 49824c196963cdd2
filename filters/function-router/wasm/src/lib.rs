//! The function router as a module of its own.

#![cfg(target_arch = "wasm32")]

filter_shell::module!(function_router::FunctionRouter);
