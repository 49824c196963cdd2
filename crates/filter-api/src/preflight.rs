//! CORS preflights, which carry no token and are nobody's doing (Fetch standard, "CORS-preflight request").

use crate::HeaderList;

/// Whether a page asks by this what it may ask. It has no body: one that has means something else.
pub fn is_preflight(headers: &HeaderList, end_of_stream: bool) -> bool {
    end_of_stream
        && headers.method() == b"OPTIONS"
        && headers.get("origin").is_some()
        && headers.get("access-control-request-method").is_some()
}
