//! Case files, and a fake host that holds state.
//!
//! A case says what a filter is configured with, what a client and an upstream send, and what both
//! must see. [`run_cases`] runs those of a filter on the [`FakeHost`]; `integration` runs the same
//! files on a real Envoy with the real module. Where the two differ, the fake host is wrong.
#![allow(clippy::expect_used, clippy::panic)] // it is test code, and a test may stop

mod case;
mod fake_host;
mod fake_proxy;
mod local_reply;
mod markdown;
mod observed;
mod runner;
mod source;
mod world;

pub use case::{Answer, Case, CaseFile, Expect, Forwarded, RequestCase, Responded, parse_fields};
pub use fake_host::{FakeHost, FakeRootHost, FieldList, Message};
pub use fake_proxy::{CalloutsAnswer, FakeProxy};
pub use markdown::{Example, yaml_examples};
pub use observed::{Observed, ObservedMessage, verify};
pub use runner::run_cases;
pub use source::{CaseSource, case_sources};
pub use world::World;
