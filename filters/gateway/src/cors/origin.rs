//! Origins (RFC 6454), and patterns of them.

use std::str::FromStr;

/// The origins that a policy names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OriginPattern {
    /// `*`.
    Any,
    /// `https://shop.example.com`.
    Exact(Box<str>),
    /// `https://*.example.com`: what is before and behind the labels that the star stands for.
    Below {
        /// `https://`
        before: Box<str>,
        /// `.example.com`
        behind: Box<str>,
    },
}

/// Why a text names no origins.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// Not of the form.
    #[error(
        "expected an origin such as \"https://shop.example.com\", \"https://*.example.com\" or \
         \"*\", found \"{0}\""
    )]
    Form(String),
    /// Whoever writes a page can make it have this origin.
    #[error("must not be \"null\": every page can make itself one of that origin")]
    Null,
    /// Browsers do not write it so, so it would never match.
    #[error("browsers write this origin without its {what}; write \"{repair}\"")]
    NotAsBrowsers {
        /// What is too much.
        what: &'static str,
        /// The same origin as browsers write it.
        repair: String,
    },
}

impl FromStr for OriginPattern {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        if text == "*" {
            return Ok(Self::Any);
        }
        if text == "null" {
            return Err(OriginError::Null);
        }
        let wrong = || OriginError::Form(text.to_owned());
        let not_as_browsers = |what, repair| OriginError::NotAsBrowsers { what, repair };
        let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
        if !is_scheme(scheme) {
            return Err(wrong());
        }
        let authority = rest.split('/').next().unwrap_or_default();
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        };
        let name = host.strip_prefix("*.").unwrap_or(host);
        if !is_host(name) || port.is_some_and(|port| !is_port(port)) {
            return Err(wrong());
        }
        if authority.len() < rest.len() {
            return Err(not_as_browsers("path", format!("{scheme}://{authority}")));
        }
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(not_as_browsers("capitals", text.to_ascii_lowercase()));
        }
        if matches!(
            (scheme, port),
            ("http", Some("80")) | ("https", Some("443"))
        ) {
            return Err(not_as_browsers(
                "default port",
                format!("{scheme}://{host}"),
            ));
        }
        Ok(match rest.strip_prefix('*') {
            Some(behind) => Self::Below {
                before: format!("{scheme}://").into(),
                behind: behind.into(),
            },
            None => Self::Exact(text.into()),
        })
    }
}

impl OriginPattern {
    /// Whether a request's `origin` is one of these.
    pub(crate) fn takes(&self, origin: &[u8]) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(exact) => exact.as_bytes() == origin,
            Self::Below { before, behind } => origin
                .strip_prefix(before.as_bytes())
                .and_then(|rest| rest.strip_suffix(behind.as_bytes()))
                .is_some_and(|labels| !labels.is_empty() && labels.iter().all(is_of_name)),
        }
    }
}

/// RFC 3986 section 3.1; capitals are found later.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// A name, or an address; of IPv6 in brackets.
fn is_host(text: &str) -> bool {
    let address = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    match address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            text.bytes().all(|byte| is_of_name(&byte))
                && text.split('.').all(|label| !label.is_empty())
        }
    }
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>()
        .is_ok_and(|port| port.to_string() == text)
}

fn is_of_name(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.".contains(byte)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn an_origin_is_taken_by_its_exact_text_or_from_below_a_name() {
        for (pattern, origin, taken) in [
            ("https://a.example", "https://a.example", true),
            ("https://a.example", "http://a.example", false),
            ("https://a.example", "https://a.example:8443", false),
            ("https://a.example", "https://b.a.example", false),
            ("https://a.example:8443", "https://a.example:8443", true),
            ("http://[::1]:3000", "http://[::1]:3000", true),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000", true),
            ("capacitor://localhost", "capacitor://localhost", true),
            ("https://*.example.com", "https://a.example.com", true),
            ("https://*.example.com", "https://a.b-c.example.com", true),
            ("https://*.example.com", "https://example.com", false),
            ("https://*.example.com", "https://.example.com", false),
            ("https://*.example.com", "https://evil-example.com", false),
            ("https://*.example.com", "https://evilexample.com", false),
            ("https://*.example.com", "http://a.example.com", false),
            ("https://*.example.com", "https://a.example.com:8443", false),
            (
                "https://*.example.com",
                "https://a.example.com.evil.org",
                false,
            ),
            (
                "https://*.example.com",
                "https://evil.org/.example.com",
                false,
            ),
            (
                "https://*.example.com",
                "https://evil.org#.example.com",
                false,
            ),
            (
                "https://*.example.com",
                "https://evil.org:1@a.example.com",
                false,
            ),
            (
                "https://*.example.com",
                "https://a\u{e9}.example.com",
                false,
            ),
            (
                "https://*.example.com:8443",
                "https://a.example.com:8443",
                true,
            ),
            ("https://*.example.com:8443", "https://a.example.com", false),
            ("https://*.example.com", "null", false),
            ("https://*.example.com", "", false),
            ("*", "null", true),
            ("*", "https://evil.org", true),
        ] {
            let parsed: OriginPattern = pattern.parse().unwrap();
            assert_eq!(parsed.takes(origin.as_bytes()), taken, "{pattern} {origin}");
        }
    }

    #[test]
    fn what_would_never_match_is_refused_with_its_repair() {
        for (text, message) in [
            (
                "https://a.example/",
                "browsers write this origin without its path; write \"https://a.example\"",
            ),
            (
                "https://A.Example",
                "browsers write this origin without its capitals; write \"https://a.example\"",
            ),
            (
                "https://a.example:443",
                "browsers write this origin without its default port; write \"https://a.example\"",
            ),
            (
                "http://*.a.example:80",
                "browsers write this origin without its default port; write \"http://*.a.example\"",
            ),
            (
                "null",
                "must not be \"null\": every page can make itself one of that origin",
            ),
        ] {
            let error = text.parse::<OriginPattern>().unwrap_err();
            assert_eq!(error.to_string(), message);
        }
        for text in [
            "",
            "a.example",
            "https://",
            "https:///",
            "https://*",
            "https://*.",
            "https://a.*.example",
            "https://*a.example",
            "https://a..example",
            "https://a.example:",
            "https://a.example:70000",
            "https://a.example:+80",
            "https://a.example, https://b.example",
            "https://u@a.example",
            "https://[::1",
            "https://[nothing]",
            "://a.example",
            "*://a.example",
            "https://a.example\u{e9}",
        ] {
            let error = text.parse::<OriginPattern>().unwrap_err();
            let message = format!(
                "expected an origin such as \"https://shop.example.com\", \
                 \"https://*.example.com\" or \"*\", found \"{text}\""
            );
            assert_eq!(error.to_string(), message);
        }
    }
}
