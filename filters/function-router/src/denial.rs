//! Why the router lets a request go nowhere.

use std::borrow::Cow;

use filter_api::{GrpcStatus, Refusal};

/// A request that no route takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denial {
    /// No route matches host and path.
    NoRoute,
    /// Routes match host and path, none the method.
    MethodNotAllowed {
        /// The methods they take, for the `allow` header (RFC 9110 section 10.2.1).
        allow: String,
    },
    /// The client asks for another protocol on this connection, and the function takes none.
    UpgradeNotAllowed,
}

impl Refusal for Denial {
    fn status(&self) -> u16 {
        match self {
            Self::NoRoute => 404,
            Self::MethodNotAllowed { .. } => 405,
            Self::UpgradeNotAllowed => 403,
        }
    }

    fn label(&self) -> &'static str {
        match self {
            Self::NoRoute => "no_route",
            Self::MethodNotAllowed { .. } => "method_not_allowed",
            Self::UpgradeNotAllowed => "upgrade_not_allowed",
        }
    }

    fn detail(&self) -> Cow<'static, str> {
        match self {
            Self::NoRoute => "No route matches this host and path.".into(),
            Self::MethodNotAllowed { allow } if allow.is_empty() => {
                "This method is not allowed here.".into()
            }
            Self::MethodNotAllowed { allow } => {
                format!("This method is not allowed here; {allow} would be.").into()
            }
            Self::UpgradeNotAllowed => "Connections are not upgraded here.".into(),
        }
    }

    /// gRPC knows one status for all: there is no such method here.
    fn grpc_status(&self) -> GrpcStatus {
        GrpcStatus::Unimplemented
    }

    fn headers(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::NoRoute | Self::UpgradeNotAllowed => Vec::new(),
            Self::MethodNotAllowed { allow } => vec![("allow", allow.clone())],
        }
    }
}
