//! What callers of gRPC are told when Envoy, or a filter through it, answers.

use filter_api::{Caller, HeaderList};

/// The `grpc-status` into which Envoy makes the HTTP status of an answer that no upstream has given, for
/// callers of gRPC; none for others. With it goes status 200 (Envoy's `Grpc::Utility::httpToGrpcStatus`).
pub(crate) fn status_of_answer(fields: &HeaderList, http_status: u16) -> Option<u8> {
    const UNKNOWN: u8 = 2;
    const PERMISSION_DENIED: u8 = 7;
    const UNIMPLEMENTED: u8 = 12;
    const INTERNAL: u8 = 13;
    const UNAVAILABLE: u8 = 14;
    const UNAUTHENTICATED: u8 = 16;
    match Caller::of(fields) {
        Caller::Http => None,
        Caller::Grpc => Some(match http_status {
            400 => INTERNAL,
            401 => UNAUTHENTICATED,
            403 => PERMISSION_DENIED,
            404 => UNIMPLEMENTED,
            429 | 502 | 503 | 504 => UNAVAILABLE,
            _ => UNKNOWN,
        }),
    }
}
