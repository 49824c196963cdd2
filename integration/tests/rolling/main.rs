//! Pods of the gateway that come and go behind a load balancer: no request is lost, and none goes to a pod that
//! is not ready. A pod is a process here, with the files of the image and of its mounts in a directory of its
//! own; `cargo xtask images-test` runs the image itself.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]

mod drain;
mod held;
mod load;
mod pod;
mod probe;
mod restart;
mod rig;
