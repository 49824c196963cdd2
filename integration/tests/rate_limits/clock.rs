//! The wall clock, by whose seconds the service counts.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The time since 1970.
#[allow(
    clippy::disallowed_methods,
    reason = "periods of the service begin at whole seconds of the wall clock"
)]
pub fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

/// The second that it is.
pub fn second() -> u64 {
    now().as_secs()
}

/// Waits until a second begins, and returns it.
pub async fn next_second() -> u64 {
    let next = second() + 1;
    tokio::time::sleep(Duration::from_secs(next).saturating_sub(now())).await;
    while second() < next {
        tokio::task::yield_now().await;
    }
    next
}
