//! Case files as they are written.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use serde::Deserialize;
use serde_json::Value;

/// A file of cases that share a configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFile {
    /// What the cases show.
    pub about: String,
    /// The filter's configuration.
    pub config: Value,
    /// The exact text with which the configuration is refused. There are no cases then.
    pub refused: Option<String>,
    /// One exchange after the other.
    #[serde(default)]
    pub cases: Vec<Case>,
}

impl CaseFile {
    /// The cases by the host that they share: those that follow each other and name the same clusters.
    /// Whatever a filter keeps there, its next case finds.
    pub fn hosts(&self) -> impl Iterator<Item = &[Case]> {
        self.cases
            .chunk_by(|case, next| case.callouts.keys().eq(next.callouts.keys()))
    }
}

/// One exchange.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What the client sends.
    pub request: RequestCase,
    /// What the upstream answers, if it is asked.
    #[serde(default)]
    pub upstream: Answer,
    /// What callouts are answered, by cluster. A cluster that is not named does not exist.
    #[serde(default)]
    pub callouts: BTreeMap<String, Answer>,
    /// What must have come of it.
    pub expect: Expect,
}

/// A request.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestCase {
    /// The method; GET if not given.
    #[serde(default = "get")]
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The authority.
    #[serde(default = "example")]
    pub host: String,
    /// Who sends it: an IP address. On a real Envoy any but 127.0.0.1 is told in `x-forwarded-for`,
    /// from which Envoy takes the address, so a request has one or the other.
    #[serde(default = "loopback")]
    pub client: IpAddr,
    /// Fields as `name: value`, in order.
    #[serde(default)]
    pub headers: Vec<String>,
    /// Sends one more field, `x-padding`, of so many bytes.
    #[serde(default)]
    pub padding: usize,
    /// What its tokens say, by provider, as a filter in front has found out. On a real Envoy that is jwt-authz.
    #[serde(default)]
    pub claims: BTreeMap<String, Value>,
    /// The body; not given means none. An empty one is a body all the same, whose end alone arrives.
    pub body: Option<String>,
    /// Trailers as `name: value`; they need HTTP/2.
    #[serde(default)]
    pub trailers: Vec<String>,
}

/// An answer, of an upstream or to a callout.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Fields as `name: value`.
    pub headers: Vec<String>,
    /// The body.
    pub body: String,
    /// Trailers as `name: value`.
    pub trailers: Vec<String>,
}

impl Default for Answer {
    fn default() -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            body: String::new(),
            trailers: Vec::new(),
        }
    }
}

/// What must have come of an exchange. What is not said is not looked at.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// The function the request went to.
    pub function: Option<String>,
    /// The reason for which it was refused; the upstream has then seen nothing.
    pub denied: Option<String>,
    /// The label of an answer of the filter's own that refuses nothing, such as a redirect; the
    /// upstream has then seen nothing.
    pub answered: Option<String>,
    /// What the upstream saw.
    pub forwarded: Option<Forwarded>,
    /// What the client saw.
    pub response: Option<Responded>,
}

/// What an upstream must have seen.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Forwarded {
    /// The path with its query.
    pub path: Option<String>,
    /// Fields that must be there with exactly these values, in this order, as `name: value`.
    pub headers: Vec<String>,
    /// The length of the field `x-padding`, in bytes.
    pub padding: Option<usize>,
    /// Names of fields that must not be there.
    pub absent: Vec<String>,
    /// The whole body.
    pub body: Option<String>,
    /// Trailers that must be there, as `name: value`.
    pub trailers: Vec<String>,
}

/// What a client must have seen.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Responded {
    /// The status code.
    pub status: Option<u16>,
    /// Fields that must be there with exactly these values, in this order, as `name: value`.
    pub headers: Vec<String>,
    /// Fields that must be there and look so, as `name: value` with `*` for any text: values that nobody
    /// foresees.
    pub like: Vec<String>,
    /// Names of fields that must not be there.
    pub absent: Vec<String>,
    /// The whole body.
    pub body: Option<String>,
    /// The whole body, as JSON.
    pub json: Option<Value>,
    /// Trailers that must be there, as `name: value`.
    pub trailers: Vec<String>,
}

impl RequestCase {
    /// Its fields, names in lower case, the padding included.
    pub fn fields(&self) -> Vec<(String, String)> {
        let mut fields = parse_fields(&self.headers);
        if self.padding > 0 {
            fields.push((PADDING.to_owned(), "x".repeat(self.padding)));
        }
        fields
    }
}

/// The field that [`RequestCase::padding`] sends.
pub(crate) const PADDING: &str = "x-padding";

fn get() -> String {
    "GET".to_owned()
}

fn loopback() -> IpAddr {
    Ipv4Addr::LOCALHOST.into()
}

fn example() -> String {
    "example.com".to_owned()
}

/// Takes `name: value` apart. `:path: /a` has a colon of its own.
pub fn parse_fields(fields: &[String]) -> Vec<(String, String)> {
    fields
        .iter()
        .map(|field| {
            let of_name = usize::from(field.starts_with(':'));
            let colon = field.match_indices(':').nth(of_name);
            let (colon, _) = colon.expect("a field is written \"name: value\"");
            let (name, value) = field.split_at(colon);
            let value = value.trim_start_matches(':').trim();
            (name.trim().to_ascii_lowercase(), value.to_owned())
        })
        .collect()
}
