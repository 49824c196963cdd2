//! Carries an [`Exchange`] through the phases of a message.
//!
//! The [`Driver`] is what turns an exchange's decisions into "let go on", "hold" and "answer", for
//! each callback of a host. It keeps the promises that filters rely on:
//!
//! - **While an exchange waits, no byte of its message passes**: not of the headers, of the body or of
//!   the trailers. What piles up meanwhile is bounded; above the bound the client is told 503.
//! - **A body arrives once**, whole, whether it ended with its last chunk or with trailers.
//! - **After a reply nothing of the request goes on**, and the exchange is not asked again.
//! - **An error costs one request**: it is answered with 500.
//!
//! It knows no ABI. `filter-shell` drives real hosts with it and `filter-testing` the fake one, so what
//! tests see is what Envoy gets.

mod driver;
mod half;
mod refusals;

pub use driver::{Carrier, Driver, Resume, Verdict};

#[cfg(doc)]
use filter_api::Exchange;
