//! Token buckets that all threads of an Envoy share, in bounded memory.
//!
//! A [`Bucket`] is what a limit says: how fast tokens come, and how many there can be. What is kept of
//! each key is a [`Table`]'s affair, in the host's shared data: the moment at which the key's bucket is
//! full again, and nothing once it is. However many keys come and go, the table stays as large as it was
//! made, and no key is ever given more than its limit.
//!
//! Time is an argument, and so is the host's shared data.

mod bucket;
mod rate;
mod row;
mod seed;
mod table;

pub use bucket::{Bucket, Taken};
pub use rate::{Rate, RateError};
pub use row::{Place, WAYS};
pub use seed::Seed;
pub use table::{Table, Verdict};
