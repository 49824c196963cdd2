//! What who is over a limit is told.

use std::borrow::Cow;
use std::time::Duration;

use filter_api::{GrpcStatus, Refusal};

/// A request that is over a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverLimit {
    pub(crate) name: Box<str>,
    pub(crate) status: u16,
    /// When another request can pass, if ever one of this cost can.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Refusal for OverLimit {
    fn status(&self) -> u16 {
        self.status
    }

    fn label(&self) -> &'static str {
        "over_limit"
    }

    fn detail(&self) -> Cow<'static, str> {
        let name = &self.name;
        Cow::Owned(match self.retry_after {
            Some(_) => format!("The limit \"{name}\" is reached."),
            None => format!("The request costs more than the limit \"{name}\" ever lets pass."),
        })
    }

    fn grpc_status(&self) -> GrpcStatus {
        GrpcStatus::ResourceExhausted
    }

    fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = self.headers.clone();
        if let Some(after) = self.retry_after {
            headers.push(("retry-after", seconds(after).max(1).to_string()));
        }
        headers
    }
}

/// Whole seconds, rounded up: who comes back after them does not come too early.
pub(crate) fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}
