//! Requests that a filter itself makes, through a cluster of the host.

use std::time::Duration;

use crate::HeaderList;

/// An HTTP request of the filter's own.
#[derive(Debug, Clone, Copy)]
pub struct Callout<'a> {
    /// The name of the cluster that is asked.
    pub cluster: &'a str,
    /// Header fields; `:method`, `:path` and `:authority` must be among them.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body; empty means none.
    pub body: &'a [u8],
    /// After this time the host ends the call; its answer is then a 504 of the host's own.
    pub timeout: Duration,
    /// No more than this of the answer's body is taken, in bytes.
    pub max_response_bytes: usize,
}

/// Names a callout until it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CalloutId(pub u32);

/// How a callout ended. Each one ends once, in one of these ways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CalloutOutcome {
    /// An answer came: the server's, or the host's own (503 without a server, 504 out of time).
    Response(CalloutResponse),
    /// The connection broke before there was an answer.
    Failed,
    /// The answer's body was larger than the callout allowed.
    TooLarge,
}

/// The answer to a callout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalloutResponse {
    /// The header fields, `:status` among them.
    pub headers: HeaderList,
    /// The body.
    pub body: Vec<u8>,
}

impl CalloutResponse {
    /// The status code; 0 when the host gave none that is a number.
    pub fn status(&self) -> u16 {
        self.headers
            .get(":status")
            .and_then(|status| std::str::from_utf8(status).ok())
            .and_then(|status| status.parse().ok())
            .unwrap_or(0)
    }
}
