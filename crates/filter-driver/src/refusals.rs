//! What the driver itself refuses.

use std::borrow::Cow;

use filter_api::{ByteSize, Direction, GrpcStatus, Refusal};

/// A message that the driver does not let pass, whatever its exchange thinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overload {
    /// The exchange waits, and too much of the message has come meanwhile.
    Held,
    /// The body is larger than the exchange takes.
    TooLarge(Direction, ByteSize),
    /// The exchange failed.
    Failed,
}

impl Refusal for Overload {
    fn status(&self) -> u16 {
        match self {
            Self::Held => 503,
            Self::TooLarge(Direction::Request, _) => 413,
            Self::TooLarge(Direction::Response, _) => 502,
            Self::Failed => 500,
        }
    }

    fn label(&self) -> &'static str {
        match self {
            Self::Held => "held_too_much",
            Self::TooLarge(Direction::Request, _) => "request_too_large",
            Self::TooLarge(Direction::Response, _) => "response_too_large",
            Self::Failed => "filter_failed",
        }
    }

    fn detail(&self) -> Cow<'static, str> {
        match self {
            Self::Held => {
                "The gateway waits for something it needs to decide; try again, or send less meanwhile."
                    .into()
            }
            Self::TooLarge(Direction::Request, most) => {
                format!("The request's body is larger than the {most} taken here.").into()
            }
            Self::TooLarge(Direction::Response, _) => {
                "The upstream's answer is larger than the gateway takes.".into()
            }
            Self::Failed => "The gateway failed to handle this request.".into(),
        }
    }

    fn grpc_status(&self) -> GrpcStatus {
        match self {
            Self::Held => GrpcStatus::Unavailable,
            Self::TooLarge(..) => GrpcStatus::ResourceExhausted,
            Self::Failed => GrpcStatus::Internal,
        }
    }

    fn headers(&self) -> Vec<(&'static str, String)> {
        match self {
            // What is waited for comes within seconds or not at all.
            Self::Held => vec![("retry-after", "1".to_owned())],
            Self::TooLarge(..) | Self::Failed => Vec::new(),
        }
    }
}
