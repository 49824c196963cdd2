//! What Envoy makes of a reply that a filter asks for.

use filter_api::Reply;

use crate::observed::ObservedMessage;

/// Status and message that the client of a request with this method gets to see.
///
/// As Envoy's `sendLocalReply`: a gRPC caller is told by status 200 and two header fields, with nothing
/// behind them ("Trailers-Only" of the gRPC protocol); an answer to HEAD has no body (RFC 9110 section
/// 9.3.2).
pub(crate) fn local_reply(reply: Reply, method: &str) -> (u16, ObservedMessage) {
    let owned = |(name, value): (&str, String)| (name.to_owned(), value.into_bytes());
    let mut response = ObservedMessage {
        headers: reply.headers.into_iter().map(owned).collect(),
        body: reply.body,
        trailers: Vec::new(),
    };
    let Some(grpc_status) = reply.grpc_status else {
        if method == "HEAD" {
            response.body.clear();
        }
        return (reply.status, response);
    };
    let message = percent_encoded(&std::mem::take(&mut response.body));
    let told = [
        ("content-type", "application/grpc".to_owned()),
        ("grpc-status", (grpc_status as u8).to_string()),
        ("grpc-message", message),
    ];
    response.headers.extend(told.map(owned));
    (200, response)
}

/// As the gRPC protocol encodes `Status-Message`.
fn percent_encoded(message: &[u8]) -> String {
    message
        .iter()
        .map(|&byte| match byte {
            b' '..=b'~' if byte != b'%' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
