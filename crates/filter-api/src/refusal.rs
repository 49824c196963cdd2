//! Why a request was not let through, and who is told so.

use std::borrow::Cow;

use crate::HeaderList;

/// The reason for which a request is refused. It is no error: refusing is what was asked for.
pub trait Refusal {
    /// The HTTP status code.
    fn status(&self) -> u16;

    /// The reason in one word of lower case and `_`, in log and metrics.
    fn label(&self) -> &'static str;

    /// The same for the client: another word where the exact one would help who is refused for a reason.
    fn told(&self) -> &'static str {
        self.label()
    }

    /// One sentence for the client; it tells nothing that the client did not know.
    fn detail(&self) -> Cow<'static, str>;

    /// The gRPC status.
    fn grpc_status(&self) -> GrpcStatus;

    /// Header fields that belong to the answer.
    fn headers(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// Status codes of gRPC, those that a gateway gives
/// (<https://grpc.io/docs/guides/status-codes/>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum GrpcStatus {
    /// The request is not one.
    InvalidArgument = 3,
    /// The caller may not do this.
    PermissionDenied = 7,
    /// A limit is reached.
    ResourceExhausted = 8,
    /// There is no such method here.
    Unimplemented = 12,
    /// The gateway failed.
    Internal = 13,
    /// It cannot be done now.
    Unavailable = 14,
    /// The caller is not known.
    Unauthenticated = 16,
}

/// Who asks, and so in which form a refusal is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// Anything that reads HTTP: told in problem+json (RFC 9457).
    Http,
    /// A gRPC client, or gRPC-Web behind Envoy's `grpc_web` filter, which translates both ways: told
    /// in `grpc-status` and `grpc-message`.
    Grpc,
}

impl Caller {
    /// Told by the content type, as in the gRPC protocol: `application/grpc`, alone or followed by
    /// `+` or `;`.
    pub fn of(request: &HeaderList) -> Self {
        let Some(content_type) = request.get("content-type") else {
            return Self::Http;
        };
        match content_type.strip_prefix(b"application/grpc") {
            Some([] | [b'+' | b';', ..]) => Self::Grpc,
            _ => Self::Http,
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_grpc_caller_is_known_by_the_content_type() {
        for (content_type, caller) in [
            ("application/grpc", Caller::Grpc),
            ("application/grpc+proto", Caller::Grpc),
            ("application/grpc; charset=utf-8", Caller::Grpc),
            ("application/grpc-web", Caller::Http),
            ("application/json", Caller::Http),
        ] {
            let request = [("content-type", content_type)].into_iter().collect();
            assert_eq!(Caller::of(&request), caller, "{content_type}");
        }
        assert_eq!(Caller::of(&HeaderList::new()), Caller::Http);
    }
}
