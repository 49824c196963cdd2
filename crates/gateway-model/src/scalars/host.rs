//! Hosts that a route answers for.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use super::address::is_label;
use super::travels_as_text;
use crate::words::quoted;

/// The host of a request as a route asks for it: `api.example.com`, an IP address, or `*.example.com`
/// for every name below `example.com`. Lower case, without port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostPattern(Box<str>);

/// Why a text is no [`HostPattern`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostPatternError {
    /// It is a URL.
    #[error("expected a host, found the URL {}; write the host alone{}", quoted(.0), host_of(.0))]
    Url(String),
    /// It has a port.
    #[error("expected a host without port, found {}; write {:?}", quoted(.0), .1)]
    Port(String, String),
    /// It has capital letters, which no host has after normalisation.
    #[error("expected a host in lower case, found {}; write {:?}", quoted(.0), .0.to_lowercase())]
    Case(String),
    /// It ends as a fully qualified name does; requests are matched without that dot.
    #[error(
        "expected a host without a dot at its end, found {}; write {:?}",
        quoted(.0),
        .0.trim_end_matches('.')
    )]
    LastDot(String),
    /// It stands for everything.
    #[error("expected a host, found \"*\"; leave \"hosts\" out to answer for every host")]
    Everything,
    /// A `*` that is not the whole first label.
    #[error("expected \"*\" only as the whole first label, as in \"*.example.com\", found {}", quoted(.0))]
    Wildcard(String),
    /// Anything else.
    #[error("expected a host such as \"api.example.com\" or \"*.example.com\", found {}", quoted(.0))]
    Name(String),
}

/// `, "api.example.com"` for a URL whose host can be made out.
fn host_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    let host = authority
        .split_once(':')
        .map_or(authority, |(host, _)| host)
        .to_lowercase();
    match host.parse::<HostPattern>() {
        Ok(host) => format!(", \"{host}\""),
        Err(_) => String::new(),
    }
}

impl HostPattern {
    /// The host or pattern as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HostPattern {
    type Err = HostPatternError;

    fn from_str(text: &str) -> Result<Self, HostPatternError> {
        use HostPatternError::{Case, Everything, LastDot, Name, Port, Url, Wildcard};
        let name = text.strip_prefix("*.").unwrap_or(text);
        if text == "*" {
            return Err(Everything);
        }
        if text.contains('/') {
            return Err(Url(text.to_owned()));
        }
        if text.chars().any(char::is_uppercase) {
            return Err(Case(text.to_owned()));
        }
        if name.contains('*') {
            return Err(Wildcard(text.to_owned()));
        }
        let in_brackets = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        if in_brackets.is_some_and(|inner| inner.parse::<Ipv6Addr>().is_ok()) {
            return Ok(Self(text.into()));
        }
        if let Some((host, port)) = text.rsplit_once(':')
            && port.bytes().all(|byte| byte.is_ascii_digit())
            && host.parse::<Self>().is_ok()
        {
            return Err(Port(text.to_owned(), host.to_owned()));
        }
        if name.len() > 1 && name.ends_with('.') {
            return Err(LastDot(text.to_owned()));
        }
        if text.len() <= 253 && name.split('.').all(is_label) {
            Ok(Self(text.into()))
        } else {
            Err(Name(text.to_owned()))
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

travels_as_text!(HostPattern, "a host such as \"api.example.com\"");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_wildcards_are_taken() {
        for text in [
            "api.example.com",
            "*.example.com",
            "localhost",
            "10.0.0.1",
            "[::1]",
            "a_b",
        ] {
            assert_eq!(text.parse::<HostPattern>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn what_is_no_host_is_named_with_what_to_write() {
        for (text, problem) in [
            (
                "https://API.example.com:443/x",
                "expected a host, found the URL \"https://API.example.com:443/x\"; write the host \
                 alone, \"api.example.com\"",
            ),
            (
                "api.example.com:8080",
                "expected a host without port, found \"api.example.com:8080\"; write \
                 \"api.example.com\"",
            ),
            (
                "[::1]:80",
                "expected a host without port, found \"[::1]:80\"; write \"[::1]\"",
            ),
            (
                "Api.example.com",
                "expected a host in lower case, found \"Api.example.com\"; write \
                 \"api.example.com\"",
            ),
            (
                "example.com.",
                "expected a host without a dot at its end, found \"example.com.\"; write \
                 \"example.com\"",
            ),
            (
                "*",
                "expected a host, found \"*\"; leave \"hosts\" out to answer for every host",
            ),
            (
                "api.*.com",
                "expected \"*\" only as the whole first label, as in \"*.example.com\", found \
                 \"api.*.com\"",
            ),
            (
                "*example.com",
                "expected \"*\" only as the whole first label, as in \"*.example.com\", found \
                 \"*example.com\"",
            ),
            (
                "",
                "expected a host such as \"api.example.com\" or \"*.example.com\", found \"\"",
            ),
            (
                "a b",
                "expected a host such as \"api.example.com\" or \"*.example.com\", found \"a b\"",
            ),
        ] {
            assert_eq!(
                text.parse::<HostPattern>().unwrap_err().to_string(),
                problem,
                "{text}"
            );
        }
    }
}
