//! Rate limits as a module of its own.

#![cfg(target_arch = "wasm32")]

filter_shell::module!(rate_limiter::RateLimiterFilter);
