//! Methods of HTTP.

use std::fmt;
use std::str::FromStr;

use super::travels_as_text;
use crate::words::quoted;

/// A method of HTTP, as requests write it: `GET` (RFC 9110 section 9.1). Not `CONNECT`, which asks for
/// a tunnel and names no path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Method(Box<str>);

/// Why a text is no [`Method`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MethodError {
    /// A known method, not as requests write it. Methods are case-sensitive.
    #[error("expected a method as requests write it, found {}; write {:?}", quoted(.0), .0.to_uppercase())]
    Case(String),
    /// A tunnel.
    #[error("CONNECT asks for a tunnel and has no path; leave it out")]
    Connect,
    /// No token (RFC 9110 section 5.6.2).
    #[error("expected a method such as \"GET\", found {}", quoted(.0))]
    Token(String),
}

/// RFC 9110 section 9.3 and RFC 5789.
const KNOWN: [&str; 9] = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
];

impl Method {
    /// The method as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Method {
    type Err = MethodError;

    fn from_str(text: &str) -> Result<Self, MethodError> {
        let in_token =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let upper = text.to_ascii_uppercase();
        if upper == "CONNECT" {
            Err(MethodError::Connect)
        } else if text.is_empty() || !text.bytes().all(in_token) {
            Err(MethodError::Token(text.to_owned()))
        } else if upper != text && KNOWN.contains(&upper.as_str()) {
            Err(MethodError::Case(text.to_owned()))
        } else {
            Ok(Self(text.into()))
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

travels_as_text!(Method, "a method such as \"GET\"");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_tokens_in_their_own_case() {
        for text in ["GET", "PROPFIND", "M-SEARCH", "purge"] {
            assert_eq!(text.parse::<Method>().unwrap().as_str(), text);
        }
        for (text, problem) in [
            (
                "get",
                "expected a method as requests write it, found \"get\"; write \"GET\"",
            ),
            (
                "Post",
                "expected a method as requests write it, found \"Post\"; write \"POST\"",
            ),
            (
                "connect",
                "CONNECT asks for a tunnel and has no path; leave it out",
            ),
            ("", "expected a method such as \"GET\", found \"\""),
            ("GET ", "expected a method such as \"GET\", found \"GET \""),
        ] {
            assert_eq!(text.parse::<Method>().unwrap_err().to_string(), problem);
        }
    }
}
