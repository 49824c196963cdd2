//! Waiting for what is asked of others.

use anyhow::Context;
use tokio::runtime::Builder;

/// Runs what asks, on this thread alone: there is little to do beside the waiting, and a probe runs every
/// few seconds.
///
/// # Errors
/// Its own, and when the runtime does not start.
pub fn block_on<T>(asking: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the async runtime does not start")?
        .block_on(asking)
}
