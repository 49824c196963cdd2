//! URLs that the gateway itself asks.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::{Address, Host, travels_as_text};
use crate::words::quoted;

/// A URL of http or https without user, password and fragment: `https://id.example.com/keys`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Url {
    text: Box<str>,
    /// Whether it is of https.
    is_https: bool,
    address: Address,
}

/// Why a text is no [`Url`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Neither of the two.
    #[error(
        "expected a URL such as \"https://id.example.com/keys\", found {}", quoted(.0)
    )]
    Scheme(String),
    /// What nobody should write down, or what is for browsers.
    #[error("expected a URL without user, password and fragment, found {}", quoted(.0))]
    Extra(String),
    /// The host or the port is none.
    #[error("expected a host, perhaps with a port, behind \"://\", found {}", quoted(.0))]
    Authority(String),
    /// What cannot be in a request.
    #[error("expected a path of printable ASCII, found {}; write other characters as escapes", quoted(.0))]
    Path(String),
}

impl Url {
    /// The URL as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is of https.
    pub const fn is_https(&self) -> bool {
        self.is_https
    }

    /// Who is asked; its port is that of the scheme, if there is none in the URL.
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// Whether whoever is on the way to the host could be anybody: its name is one of the Internet's, or
    /// its address is.
    pub fn is_public(&self) -> bool {
        match &self.address.host {
            Host::Ip(ip) => match ip.to_canonical() {
                IpAddr::V4(ip) => !(ip.is_private() || ip.is_loopback() || ip.is_link_local()),
                IpAddr::V6(ip) => {
                    !(ip.is_unique_local() || ip.is_loopback() || ip.is_unicast_link_local())
                }
            },
            Host::Name(name) => {
                let name = name.trim_end_matches('.').to_ascii_lowercase();
                let last = name.rsplit('.').next().unwrap_or_default();
                // A name without dots is found in the own domain alone (RFC 6761, RFC 6762 appendix G).
                let own = [
                    "localhost",
                    "local",
                    "internal",
                    "svc",
                    "test",
                    "home",
                    "lan",
                ];
                name.contains('.') && !own.contains(&last) && !name.contains(".svc.")
            }
        }
    }
}

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let (scheme, rest) = text.split_once("://").unwrap_or_default();
        let is_https = match scheme {
            "https" => true,
            "http" => false,
            _ => return Err(UrlError::Scheme(text.to_owned())),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
        if authority.contains('@') || path.contains('#') {
            return Err(UrlError::Extra(text.to_owned()));
        }
        if !path.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(UrlError::Path(text.to_owned()));
        }
        let no_authority = || UrlError::Authority(text.to_owned());
        let has_port = authority
            .rsplit_once(':')
            .is_some_and(|(_, port)| !port.contains(']'));
        let address = match (has_port, is_https) {
            (true, _) => authority.parse(),
            (false, true) => format!("{authority}:443").parse(),
            (false, false) => format!("{authority}:80").parse(),
        };
        Ok(Self {
            text: text.into(),
            is_https,
            address: address.map_err(|_| no_authority())?,
        })
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

travels_as_text!(Url, "a URL of http or https");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_who_is_asked() {
        for (text, address, is_https, is_public) in [
            (
                "https://id.example.com/keys",
                "id.example.com:443",
                true,
                true,
            ),
            ("https://id.example.com", "id.example.com:443", true, true),
            ("http://keys/jwks.json?v=1", "keys:80", false, false),
            (
                "http://keys.shop.svc.cluster.local/",
                "keys.shop.svc.cluster.local:80",
                false,
                false,
            ),
            ("http://127.0.0.1:8080/k", "127.0.0.1:8080", false, false),
            ("http://[::1]:8080/k", "[::1]:8080", false, false),
            ("https://[2001:db8::1]/k", "[2001:db8::1]:443", true, true),
            ("http://203.0.113.7/k", "203.0.113.7:80", false, true),
        ] {
            let url: Url = text.parse().unwrap();
            assert_eq!(url.address().to_string(), address, "{text}");
            assert_eq!(
                (url.is_https(), url.is_public()),
                (is_https, is_public),
                "{text}"
            );
            assert_eq!(url.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_url_is_named() {
        for text in [
            "",
            "id.example.com",
            "ftp://a/b",
            "https://",
            "https:///keys",
            "https://a b/",
            "https://a/ü",
            "https://u:p@a/",
            "https://a/#b",
            "https://a:0/",
            "https://a:x/",
            "https://300.1.1.1/",
            "HTTPS://a/",
        ] {
            assert!(text.parse::<Url>().is_err(), "{text}");
        }
    }
}
