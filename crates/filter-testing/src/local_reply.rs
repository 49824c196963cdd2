//! What Envoy makes of a reply that a filter asks for.

use filter_api::{Caller, Reply};

use crate::observed::ObservedMessage;

/// Status and message that the client of a request with this method gets to see: an answer to HEAD has
/// no body (RFC 9110 section 9.3.2), and a gRPC caller is told by header fields alone.
pub(crate) fn local_reply(reply: Reply, method: &str, caller: Caller) -> (u16, ObservedMessage) {
    let owned = |(name, value): (&str, String)| (name.to_owned(), value.into_bytes());
    let is_told = reply.header("grpc-status").is_some();
    let mut response = ObservedMessage {
        headers: reply.headers.into_iter().map(owned).collect(),
        body: reply.body,
        trailers: Vec::new(),
    };
    if method == "HEAD" {
        response.body.clear();
    }
    if caller == Caller::Http || is_told {
        return (reply.status, response);
    }
    // Whatever the filter says of the type is overruled.
    response.headers.retain(|(name, _)| name != "content-type");
    let told = [
        ("content-type", "application/grpc".to_owned()),
        ("grpc-status", grpc_status(reply.status).to_string()),
    ];
    response.headers.extend(told.map(owned));
    if !response.body.is_empty() {
        let message = std::mem::take(&mut response.body);
        response.headers.push(("grpc-message".to_owned(), message));
    }
    (200, response)
}

/// Envoy's `httpToGrpcStatus` (gRPC, "HTTP to gRPC Status Code Mapping").
fn grpc_status(http: u16) -> u8 {
    match http {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502..=504 => 14,
        _ => 2,
    }
}
