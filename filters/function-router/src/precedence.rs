//! Which of the routes that match a request takes it.

use std::cmp::Reverse;

/// How specific a route is. The least of those that match a request takes it: fields are compared in
/// this order, and so is each with its like.
///
/// | | first | then | last |
/// | --- | --- | --- | --- |
/// | host | the exact name | the longest wildcard | any host |
/// | path | the whole path: at the first segment where two differ, literal before variable | a regular expression, the longest first | the longest prefix |
/// | method | one that is named | | any method |
/// | headers | the most conditions; content types count as one | | none |
/// | query | the most conditions | | none |
/// | place | the first in the document | | |
///
/// That is the order of the Gateway API's HTTPRoute (`HTTPRouteRule.matches`) and, with a service and
/// method as the path, of its GRPCRoute; variables, regular expressions among themselves and content
/// types are additions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Precedence {
    /// Of the host that matched; a route may have several.
    pub host: HostRank,
    /// Of the path's pattern.
    pub path: PathRank,
    /// Of the methods.
    pub method: MethodRank,
    /// How many conditions on header fields there are.
    pub headers: Reverse<usize>,
    /// How many conditions on query parameters there are.
    pub query: Reverse<usize>,
    /// The route's place in the document, from 0.
    pub place: usize,
}

/// How specific a host is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HostRank {
    /// This name.
    Exact,
    /// Names that end so; the length of the end, its dot included.
    Wildcard(Reverse<usize>),
    /// Any.
    Any,
}

/// How specific a path's pattern is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathRank {
    /// The whole path, segment by segment.
    Whole(Box<[SegmentRank]>),
    /// A regular expression; its length in bytes.
    Regex(Reverse<usize>),
    /// The beginning of the path; its number of segments.
    Prefix(Reverse<usize>),
}

/// How specific a segment of a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SegmentRank {
    /// One text.
    Literal,
    /// Any text.
    Variable,
}

/// How specific methods are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MethodRank {
    /// Those that are named.
    Named,
    /// Any.
    Any,
}
