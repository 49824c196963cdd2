//! Which requests go where.

use std::borrow::Cow;

use function_router::MatchConfig;
use serde::{Deserialize, Serialize};

use super::is_default;
use crate::scalars::{GrpcPattern, HostPattern, Method, RouteName, UpstreamName, Weight};

/// What a request looks like, and where it goes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The name in logs and metrics; each route has its own. The match says it if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<RouteName>,
    /// What a request must look like.
    #[serde(rename = "match")]
    pub matches: Match,
    /// The upstreams among which requests are shared out; at least one, and a weight above 0.
    pub to: Vec<Destination>,
}

impl Route {
    /// The route's name in logs and metrics. Not given, it is said by the match: `GET /pets/{id}`,
    /// `POST,PUT api.example.com prefix /x`, `stock.v1.Stock/Reserve`.
    pub fn name(&self) -> Cow<'_, str> {
        match &self.name {
            Some(name) => Cow::Borrowed(name.as_str()),
            None => Cow::Owned(self.matches.to_string()),
        }
    }

    /// Whether the document itself gives the route its name.
    pub(crate) fn is_named(&self) -> bool {
        self.name.is_some()
    }
}

/// What a request must look like: all of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct Match {
    /// The hosts; none means any.
    pub hosts: Vec<HostPattern>,
    /// The path.
    pub pattern: Pattern,
    /// The methods; none means any. Of a gRPC pattern there are none, as gRPC has only one.
    pub methods: Vec<Method>,
}

/// What a request's path must look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// The whole path, in which `{name}` stands for one segment that is not empty: `/pets/{id}`.
    Path(String),
    /// The beginning of the path, in whole segments.
    Prefix(String),
    /// A call of gRPC.
    Grpc(GrpcPattern),
}

impl Match {
    /// The same for the router, which knows HTTP alone: a gRPC call is a POST to
    /// `/package.Service/Method` (gRPC over HTTP2, "Requests").
    pub fn to_config(&self) -> MatchConfig {
        let hosts = self.hosts.iter().map(ToString::to_string).collect();
        let methods = match &self.pattern {
            Pattern::Grpc(_) => vec!["POST".to_owned()],
            Pattern::Path(_) | Pattern::Prefix(_) => {
                self.methods.iter().map(ToString::to_string).collect()
            }
        };
        let (path, prefix) = match &self.pattern {
            Pattern::Path(path) => (Some(path.clone()), None),
            Pattern::Prefix(prefix) => (None, Some(prefix.clone())),
            Pattern::Grpc(call) if call.method.is_some() => (Some(format!("/{call}")), None),
            Pattern::Grpc(service) => (None, Some(format!("/{service}"))),
        };
        MatchConfig {
            hosts,
            path,
            prefix,
            methods,
        }
    }
}

impl std::fmt::Display for Match {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut list = |items: &[&str]| match items {
            [] => Ok(()),
            items => write!(f, "{} ", items.join(",")),
        };
        list(&self.methods.iter().map(Method::as_str).collect::<Vec<_>>())?;
        list(
            &self
                .hosts
                .iter()
                .map(HostPattern::as_str)
                .collect::<Vec<_>>(),
        )?;
        match &self.pattern {
            Pattern::Path(path) => f.write_str(path),
            Pattern::Prefix(prefix) => write!(f, "prefix {prefix}"),
            Pattern::Grpc(pattern) => write!(f, "{pattern}"),
        }
    }
}

/// An upstream and its share of a route's requests.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Destination {
    /// One of the names under `upstreams`.
    pub upstream: UpstreamName,
    /// Its share, 0 to 1,000,000, in relation to the sum of the route's weights; 0 means none, and 1
    /// holds if it is not given.
    #[serde(default, skip_serializing_if = "is_default")]
    pub weight: Weight,
}

/// A match as the document writes it.
#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    /// Hosts without port, in lower case: `api.example.com`, or `*.example.com` for every name below
    /// it. Any host, if none is given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    hosts: Vec<HostPattern>,
    /// The whole path, in which `{name}` stands for one segment that is not empty: `/pets/{id}`. A
    /// match has one of `path`, `prefix` and `grpc`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// The beginning of the path, in whole segments: `/api` matches `/api` and `/api/pets`, not
    /// `/apis`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prefix: Option<String>,
    /// A method of a gRPC service, `stock.v1.Stock/Reserve`, or all of them, `stock.v1.Stock`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    grpc: Option<GrpcPattern>,
    /// Methods, as requests write them: `GET`. Any method, if none is given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    methods: Vec<Method>,
}

/// Why the fields of a match do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MatchError {
    /// Nothing to match.
    #[error(
        "expected one of \"path\", \"prefix\" and \"grpc\", found none; to match every path write \
         prefix: /"
    )]
    NoPattern,
    /// More than one thing to match.
    #[error(
        "expected one of \"path\", \"prefix\" and \"grpc\", found several; make a route for each"
    )]
    SeveralPatterns,
    /// gRPC knows one method of HTTP.
    #[error("\"methods\" is for paths, found it with \"grpc\", which is always POST; leave it out")]
    MethodsOfGrpc,
}

impl TryFrom<Fields> for Match {
    type Error = MatchError;

    fn try_from(fields: Fields) -> Result<Self, MatchError> {
        let pattern = match (fields.path, fields.prefix, fields.grpc) {
            (Some(path), None, None) => Pattern::Path(path),
            (None, Some(prefix), None) => Pattern::Prefix(prefix),
            (None, None, Some(_)) if !fields.methods.is_empty() => {
                return Err(MatchError::MethodsOfGrpc);
            }
            (None, None, Some(pattern)) => Pattern::Grpc(pattern),
            (None, None, None) => return Err(MatchError::NoPattern),
            _ => return Err(MatchError::SeveralPatterns),
        };
        Ok(Self {
            hosts: fields.hosts,
            pattern,
            methods: fields.methods,
        })
    }
}

impl From<Match> for Fields {
    fn from(matches: Match) -> Self {
        let Match {
            hosts,
            pattern,
            methods,
        } = matches;
        let fields = Self {
            hosts,
            methods,
            ..Self::default()
        };
        match pattern {
            Pattern::Path(path) => Self {
                path: Some(path),
                ..fields
            },
            Pattern::Prefix(prefix) => Self {
                prefix: Some(prefix),
                ..fields
            },
            Pattern::Grpc(pattern) => Self {
                grpc: Some(pattern),
                ..fields
            },
        }
    }
}
