//! Answers that a filter gives itself.

use serde::Serialize;

use crate::{Caller, GrpcStatus, Refusal};

/// An answer to the client, given instead of the upstream's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status code.
    pub status: u16,
    /// Header fields. `content-length` is the host's to add.
    pub headers: Vec<(&'static str, String)>,
    /// The body; for gRPC callers the text of `grpc-message`.
    pub body: Vec<u8>,
    /// `grpc-status`, for gRPC callers only.
    pub grpc_status: Option<GrpcStatus>,
    /// The reason in one word, in the access log as `%RESPONSE_CODE_DETAILS%`.
    pub label: &'static str,
    /// Whether it refuses what was asked. A redirect does not, nor does the answer to a preflight.
    pub refuses: bool,
}

/// Problem details (RFC 9457 section 3.1). `type` is left out, which means `about:blank`: the title is
/// then the status's own phrase. `reason` is an extension member (section 3.2).
#[derive(Serialize)]
struct Problem<'a> {
    title: &'a str,
    status: u16,
    detail: &'a str,
    reason: &'a str,
}

impl Reply {
    /// Tells a caller, in the form it reads, why its request was refused.
    pub fn refusal(refusal: &dyn Refusal, caller: Caller) -> Self {
        let detail = refusal.detail();
        let mut headers = refusal.headers();
        let (body, grpc_status) = match caller {
            Caller::Grpc => (detail.as_bytes().to_vec(), Some(refusal.grpc_status())),
            Caller::Http => {
                headers.push(("content-type", "application/problem+json".to_owned()));
                let problem = Problem {
                    title: phrase(refusal.status()),
                    status: refusal.status(),
                    detail: &detail,
                    reason: refusal.label(),
                };
                (serde_json::to_vec(&problem).unwrap_or_default(), None)
            }
        };
        Self {
            status: refusal.status(),
            headers,
            body,
            grpc_status,
            label: refusal.label(),
            refuses: true,
        }
    }

    /// The first value of a header field of the answer. `name` is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Reason phrases (RFC 9110 section 15) of the status codes that a gateway gives.
fn phrase(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Refused",
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    struct Closed;

    impl Refusal for Closed {
        fn status(&self) -> u16 {
            503
        }
        fn label(&self) -> &'static str {
            "closed"
        }
        fn detail(&self) -> Cow<'static, str> {
            "The shop is \"closed\".".into()
        }
        fn grpc_status(&self) -> GrpcStatus {
            GrpcStatus::Unavailable
        }
        fn headers(&self) -> Vec<(&'static str, String)> {
            vec![("retry-after", "5".to_owned())]
        }
    }

    #[test]
    fn http_callers_read_problem_details() {
        let reply = Reply::refusal(&Closed, Caller::Http);
        assert_eq!(reply.status, 503);
        assert_eq!(
            reply.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(reply.header("retry-after"), Some("5"));
        assert_eq!(
            String::from_utf8(reply.body).unwrap(),
            r#"{"title":"Service Unavailable","status":503,"detail":"The shop is \"closed\".","reason":"closed"}"#
        );
        assert_eq!(reply.grpc_status, None);
    }

    #[test]
    fn grpc_callers_read_a_status_and_a_message() {
        let reply = Reply::refusal(&Closed, Caller::Grpc);
        assert_eq!(reply.grpc_status, Some(GrpcStatus::Unavailable));
        assert_eq!(reply.body, b"The shop is \"closed\".");
        assert_eq!(reply.header("content-type"), None);
        assert_eq!(reply.header("retry-after"), Some("5"));
    }
}
