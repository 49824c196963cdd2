//! Answers that a filter gives itself.

use serde::Serialize;

use crate::{Caller, Refusal};

/// An answer to the client, given instead of the upstream's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status code.
    pub status: u16,
    /// Header fields. `content-length` is the host's to add.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
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
    ///
    /// A gRPC caller is told by status 200 and header fields alone ("Trailers-Only" of the gRPC
    /// protocol). All of them are given here, and not left to Envoy, which would tell a gRPC-Web caller
    /// the HTTP status.
    pub fn refusal(refusal: &dyn Refusal, caller: Caller) -> Self {
        let detail = refusal.detail();
        let mut headers = refusal.headers();
        let (status, body) = match caller {
            Caller::Grpc => {
                headers.push(("content-type", "application/grpc".to_owned()));
                let grpc_status = refusal.grpc_status() as u8;
                headers.push(("grpc-status", grpc_status.to_string()));
                headers.push(("grpc-message", percent_encoded(&detail)));
                (200, Vec::new())
            }
            Caller::Http => {
                headers.push(("content-type", "application/problem+json".to_owned()));
                let problem = Problem {
                    title: phrase(refusal.status()),
                    status: refusal.status(),
                    detail: &detail,
                    reason: refusal.told(),
                };
                let body = serde_json::to_vec(&problem).unwrap_or_default();
                (refusal.status(), body)
            }
        };
        Self {
            status,
            headers,
            body,
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

/// As the gRPC protocol encodes `Status-Message`.
fn percent_encoded(message: &str) -> String {
    let encoded = message.bytes().map(|byte| match byte {
        b' '..=b'~' if byte != b'%' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    encoded.collect()
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
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
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
    use crate::GrpcStatus;

    struct Closed;

    impl Refusal for Closed {
        fn status(&self) -> u16 {
            503
        }
        fn label(&self) -> &'static str {
            "closed"
        }
        fn detail(&self) -> Cow<'static, str> {
            "The shop is \"closed\": 100%.".into()
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
        assert_eq!(reply.header("grpc-status"), None);
        assert_eq!(
            String::from_utf8(reply.body).unwrap(),
            r#"{"title":"Service Unavailable","status":503,"detail":"The shop is \"closed\": 100%.","reason":"closed"}"#
        );
    }

    #[test]
    fn grpc_callers_read_a_status_and_a_message() {
        let reply = Reply::refusal(&Closed, Caller::Grpc);
        assert_eq!((reply.status, &reply.body[..]), (200, &b""[..]));
        assert_eq!(reply.header("content-type"), Some("application/grpc"));
        assert_eq!(reply.header("grpc-status"), Some("14"));
        let message = "The shop is \"closed\": 100%25.";
        assert_eq!(reply.header("grpc-message"), Some(message));
        assert_eq!(reply.header("retry-after"), Some("5"));
    }
}
