//! Lengths of time, as protobuf's JSON has them.

use filter_api::Duration;

/// `1.5s`.
pub(crate) fn seconds(duration: Duration) -> String {
    format!("{}s", duration.get().as_secs_f64())
}
