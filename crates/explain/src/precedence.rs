//! Which rule decides between two routes.

use function_router::Precedence;

/// The rule by which the first is asked before the second.
pub(crate) fn rule(first: &Precedence, second: &Precedence) -> &'static str {
    if first.host != second.host {
        "its host is more specific"
    } else if first.path != second.path {
        "its path is more specific"
    } else if first.method != second.method {
        "it names its methods"
    } else if first.headers != second.headers {
        "it has more conditions on headers"
    } else if first.query != second.query {
        "it has more conditions on the query"
    } else {
        "it comes first in the document"
    }
}
