//! Names of servers in TLS.

use std::fmt;
use std::str::FromStr;

use super::{Host, travels_as_text};
use crate::words::quoted;

/// The name that a server is asked for in TLS (SNI, RFC 6066 section 3): a host name without a dot at
/// its end, and no IP address. Upper case is made lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerName(Box<str>);

/// Why a text is no [`ServerName`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServerNameError {
    /// TLS asks for no addresses by name.
    #[error(
        "expected a host name, found the IP address {}; leave it out, and the upstream must prove to \
         have the address that it is called at", quoted(.0)
    )]
    Ip(String),
    /// No host name.
    #[error("expected a host name such as \"pets.example.com\", found {}", quoted(.0))]
    Name(String),
}

impl ServerName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ServerName {
    type Err = ServerNameError;

    fn from_str(text: &str) -> Result<Self, ServerNameError> {
        match text.parse() {
            Ok(Host::Ip(_)) => Err(ServerNameError::Ip(text.to_owned())),
            Ok(Host::Name(name)) if !name.ends_with('.') => {
                Ok(Self(name.to_ascii_lowercase().into()))
            }
            Ok(Host::Name(_)) | Err(_) => Err(ServerNameError::Name(text.to_owned())),
        }
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

travels_as_text!(ServerName, "a host name such as \"pets.example.com\"");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_asked_for_by_name() {
        let name: ServerName = "Pets.example.com".parse().unwrap();
        assert_eq!(name.as_str(), "pets.example.com");
        for text in [
            "",
            "pets.",
            "10.0.0.7",
            "[::1]",
            "*.example.com",
            "pets:443",
        ] {
            assert!(text.parse::<ServerName>().is_err(), "{text}");
        }
    }
}
