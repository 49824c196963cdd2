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
    /// Routes match all but the type of the body.
    UnsupportedMediaType,
    /// The client asks for another protocol on this connection, and the function takes none.
    UpgradeNotAllowed,
    /// The path is longer than what is held against regular expressions.
    PathTooLong,
    /// The path can be read in two ways; no Envoy that normalises lets it through.
    PathNotNormalised,
    /// A value of the request would make what it is put into something else.
    ValueNotAllowed,
}

impl Refusal for Denial {
    fn status(&self) -> u16 {
        match self {
            Self::NoRoute => 404,
            Self::MethodNotAllowed { .. } => 405,
            Self::UnsupportedMediaType => 415,
            Self::UpgradeNotAllowed => 403,
            Self::PathTooLong => 414,
            Self::PathNotNormalised | Self::ValueNotAllowed => 400,
        }
    }

    fn label(&self) -> &'static str {
        match self {
            Self::NoRoute => "no_route",
            Self::MethodNotAllowed { .. } => "method_not_allowed",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::UpgradeNotAllowed => "upgrade_not_allowed",
            Self::PathTooLong => "path_too_long",
            Self::PathNotNormalised => "path_not_normalised",
            Self::ValueNotAllowed => "value_not_allowed",
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
            Self::UnsupportedMediaType => "A body of this type is not taken here.".into(),
            Self::UpgradeNotAllowed => "Connections are not upgraded here.".into(),
            Self::PathTooLong => "The path is too long.".into(),
            Self::PathNotNormalised => "The path can be read in two ways.".into(),
            Self::ValueNotAllowed => {
                "A part of the request cannot be used where it is needed.".into()
            }
        }
    }

    /// gRPC knows one status for all that is not found: there is no such method here.
    fn grpc_status(&self) -> GrpcStatus {
        match self {
            Self::PathTooLong | Self::PathNotNormalised | Self::ValueNotAllowed => {
                GrpcStatus::InvalidArgument
            }
            _ => GrpcStatus::Unimplemented,
        }
    }

    fn headers(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::MethodNotAllowed { allow } => vec![("allow", allow.clone())],
            _ => Vec::new(),
        }
    }
}
