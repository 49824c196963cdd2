//! What Envoy makes of a reply that a filter asks for.

use filter_api::Reply;

use crate::observed::ObservedMessage;

/// What the client of a request with this method gets to see: an answer to HEAD has no body (RFC 9110
/// section 9.3.2).
pub(crate) fn local_reply(reply: Reply, method: &str) -> ObservedMessage {
    let owned = |(name, value): (&str, String)| (name.to_owned(), value.into_bytes());
    let body = match method {
        "HEAD" => Vec::new(),
        _ => reply.body,
    };
    ObservedMessage {
        headers: reply.headers.into_iter().map(owned).collect(),
        body,
        trailers: Vec::new(),
    }
}
