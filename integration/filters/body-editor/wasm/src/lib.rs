//! A filter for tests as a module.

#![cfg(target_arch = "wasm32")]

filter_shell::module!(body_editor::BodyEditor);
