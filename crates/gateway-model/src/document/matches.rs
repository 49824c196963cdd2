//! What requests look like.

use std::collections::BTreeMap;
use std::fmt;

use function_router::{MatchConfig, ValueConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scalars::{GrpcPattern, HostPattern, Method};

/// What a request must look like: all of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct Match {
    /// The hosts; none means any.
    pub hosts: Vec<HostPattern>,
    /// The path.
    pub pattern: Pattern,
    /// The methods; none means any. Of a gRPC pattern there are none, as gRPC has only one.
    pub methods: Vec<Method>,
    /// Conditions on header fields.
    pub headers: BTreeMap<String, ValueConfig>,
    /// Conditions on query parameters.
    pub query: BTreeMap<String, ValueConfig>,
    /// Types of the body; none means any. Of a gRPC pattern there are none, as gRPC has its own.
    pub content_types: Vec<String>,
}

/// What a request's path must look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// The whole path, in which `{name}` stands for one segment that is not empty: `/pets/{id}`.
    Path(String),
    /// The beginning of the path, in whole segments.
    Prefix(String),
    /// A regular expression for the whole path.
    Regex(String),
    /// A call of gRPC.
    Grpc(GrpcPattern),
}

impl Match {
    /// The methods that it takes; none means any.
    pub fn methods(&self) -> Vec<&str> {
        match self.pattern {
            Pattern::Grpc(_) => vec!["POST"],
            _ => self.methods.iter().map(Method::as_str).collect(),
        }
    }

    /// The same for the router, which knows HTTP alone: a gRPC call is a POST of `application/grpc` to
    /// `/package.Service/Method` (gRPC over HTTP2, "Requests").
    pub fn to_config(&self) -> MatchConfig {
        let config = MatchConfig {
            hosts: self.hosts.iter().map(ToString::to_string).collect(),
            headers: self.headers.clone(),
            query: self.query.clone(),
            ..MatchConfig::default()
        };
        let http = || MatchConfig {
            methods: self.methods.iter().map(ToString::to_string).collect(),
            content_types: self.content_types.clone(),
            ..config.clone()
        };
        match &self.pattern {
            Pattern::Path(path) => MatchConfig {
                path: Some(path.clone()),
                ..http()
            },
            Pattern::Prefix(prefix) => MatchConfig {
                prefix: Some(prefix.clone()),
                ..http()
            },
            Pattern::Regex(regex) => MatchConfig {
                regex: Some(regex.clone()),
                ..http()
            },
            Pattern::Grpc(call) => {
                // Two segments in any case, so that a service comes before a method of any service,
                // as in the Gateway API's GRPCRoute.
                let service = call.service.as_deref().unwrap_or("{service}");
                let method = call.method.as_deref().unwrap_or("{method}");
                let types = ["application/grpc", "application/grpc+*"];
                MatchConfig {
                    path: Some(format!("/{service}/{method}")),
                    methods: vec!["POST".to_owned()],
                    content_types: types.map(str::to_owned).into(),
                    ..config
                }
            }
        }
    }
}

impl fmt::Display for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
            Pattern::Regex(regex) => write!(f, "regex {regex}"),
            Pattern::Grpc(pattern) => write!(f, "{pattern}"),
        }?;
        write_values(f, "header", &self.headers)?;
        write_values(f, "query", &self.query)?;
        match self.content_types.as_slice() {
            [] => Ok(()),
            types => write!(f, " of {}", types.join(",")),
        }
    }
}

/// ` header x-env=prod`, for each.
fn write_values(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    values: &BTreeMap<String, ValueConfig>,
) -> fmt::Result {
    values.iter().try_for_each(|(name, value)| match value {
        ValueConfig::Exact(text) => write!(f, " {what} {name}={text}"),
        ValueConfig::Regex(regex) => write!(f, " {what} {name}~{regex}"),
        ValueConfig::Present(true) => write!(f, " {what} {name}"),
        ValueConfig::Present(false) => write!(f, " no {what} {name}"),
    })
}

/// What a request must look like; all of it, and exactly one of `path`, `prefix`, `regex` and `grpc`.
#[derive(Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
#[schemars(
    rename = "MatchFields",
    extend("oneOf" = [
        { "required": ["path"] },
        { "required": ["prefix"] },
        { "required": ["regex"] },
        { "required": ["grpc"] },
    ])
)]
struct Fields {
    /// Hosts without port, in lower case: `api.example.com`, or `*.example.com` for every name below
    /// it. Any host, if none is given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    hosts: Vec<HostPattern>,
    /// The whole path, in which `{name}` stands for one segment that is not empty: `/pets/{id}`. A
    /// match has one of `path`, `prefix`, `regex` and `grpc`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// The beginning of the path, in whole segments: `/api` matches `/api` and `/api/pets`, not
    /// `/apis`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prefix: Option<String>,
    /// A regular expression for the whole path. Named groups, `(?<id>[0-9]+)`, are values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    regex: Option<String>,
    /// A method of a gRPC service, `stock.v1.Stock/Reserve`, all of them, `stock.v1.Stock`, a method of
    /// any service, `*/Reserve`, or every call, `*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    grpc: Option<GrpcPattern>,
    /// Methods, as requests write them: `GET`. Any method, if none is given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    methods: Vec<Method>,
    /// Header fields by name, in lower case: a text, `{ regex: … }` or `{ present: … }`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, ValueConfig>,
    /// Query parameters by name, as for headers. Of a parameter that is there twice the first counts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    query: BTreeMap<String, ValueConfig>,
    /// Media types of the body without parameters, of which the request has one; `*` at the end stands
    /// for anything: `text/*`. Any type, if none is given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    content_types: Vec<String>,
}

/// Why the fields of a match do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MatchError {
    /// Nothing to match.
    #[error(
        "expected one of \"path\", \"prefix\", \"regex\" and \"grpc\", found none; to match every path \
         write prefix: /"
    )]
    NoPattern,
    /// More than one thing to match.
    #[error(
        "expected one of \"path\", \"prefix\", \"regex\" and \"grpc\", found several; make a route for each"
    )]
    SeveralPatterns,
    /// gRPC knows one method of HTTP.
    #[error("\"methods\" is for paths, found it with \"grpc\", which is always POST; leave it out")]
    MethodsOfGrpc,
    /// gRPC has types of its own.
    #[error(
        "\"content_types\" is for paths, found it with \"grpc\", which has its own; leave it out"
    )]
    ContentTypesOfGrpc,
}

impl TryFrom<Fields> for Match {
    type Error = MatchError;

    fn try_from(fields: Fields) -> Result<Self, MatchError> {
        let pattern = match (fields.path, fields.prefix, fields.regex, fields.grpc) {
            (Some(path), None, None, None) => Pattern::Path(path),
            (None, Some(prefix), None, None) => Pattern::Prefix(prefix),
            (None, None, Some(regex), None) => Pattern::Regex(regex),
            (None, None, None, Some(_)) if !fields.methods.is_empty() => {
                return Err(MatchError::MethodsOfGrpc);
            }
            (None, None, None, Some(_)) if !fields.content_types.is_empty() => {
                return Err(MatchError::ContentTypesOfGrpc);
            }
            (None, None, None, Some(pattern)) => Pattern::Grpc(pattern),
            (None, None, None, None) => return Err(MatchError::NoPattern),
            _ => return Err(MatchError::SeveralPatterns),
        };
        Ok(Self {
            hosts: fields.hosts,
            pattern,
            methods: fields.methods,
            headers: fields.headers,
            query: fields.query,
            content_types: fields.content_types,
        })
    }
}

impl From<Match> for Fields {
    fn from(matches: Match) -> Self {
        let mut fields = Self {
            hosts: matches.hosts,
            methods: matches.methods,
            headers: matches.headers,
            query: matches.query,
            content_types: matches.content_types,
            ..Self::default()
        };
        match matches.pattern {
            Pattern::Path(path) => fields.path = Some(path),
            Pattern::Prefix(prefix) => fields.prefix = Some(prefix),
            Pattern::Regex(regex) => fields.regex = Some(regex),
            Pattern::Grpc(pattern) => fields.grpc = Some(pattern),
        }
        fields
    }
}
