//! Where upstreams and listeners are.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use super::{Port, travels_as_text};
use crate::words::quoted;

/// A host and a port: `pets:8080`, `10.0.0.7:80`, `[::1]:9000`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The host.
    pub host: Host,
    /// The port.
    pub port: Port,
}

/// A host that is looked up, or one that needs no look-up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// A name for DNS (RFC 1123), with `_` allowed as in the names of compose's services.
    Name(Box<str>),
    /// An address.
    Ip(IpAddr),
}

/// The address of this machine that a listener takes connections on; by default all of IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BindAddress(pub IpAddr);

/// Why a text is no [`Address`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is a URL.
    #[error(
        "expected \"host:port\", found the URL {}; write the host and the port alone, such as \
         \"pets:8080\"", quoted(.0)
    )]
    Url(String),
    /// No port.
    #[error(
        "expected \"host:port\", found no port in {}; add the port, such as {}",
        quoted(.0),
        quoted(&format!("{}:8080", .0))
    )]
    NoPort(String),
    /// The port is none.
    #[error("expected a port from 1 to 65535 after the last \":\", found {}", quoted(.0))]
    Port(String),
    /// An IPv6 address that cannot be told from its port.
    #[error(
        "expected an IPv6 address in brackets, found {}; write such as \"[::1]:8080\"", quoted(.0)
    )]
    Brackets(String),
    /// Brackets around something else.
    #[error("expected an IPv6 address in the brackets, found {}", quoted(.0))]
    Ipv6(String),
    /// Four numbers that are no address, or a name that DNS would take for one.
    #[error("expected an IPv4 address, found {}", quoted(.0))]
    Ipv4(String),
    /// No host name.
    #[error("expected a host name, found {}", quoted(.0))]
    Name(String),
}

/// Why a text is no [`BindAddress`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected an IP address of this machine, found {}; write such as \"0.0.0.0\" or \"::\"",
    quoted(.0)
)]
pub struct BindAddressError(String);

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.contains('/') {
            return Err(AddressError::Url(text.to_owned()));
        }
        if text.parse::<Ipv6Addr>().is_ok() {
            return Err(AddressError::Brackets(text.to_owned()));
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port),
            _ => return Err(AddressError::NoPort(text.to_owned())),
        };
        let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port
            .parse()
            .ok()
            .filter(|_| digits)
            .and_then(Port::new)
            .ok_or_else(|| AddressError::Port(port.to_owned()))?;
        Ok(Self {
            host: host.parse()?,
            port,
        })
    }
}

impl FromStr for Host {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if let Some(inner) = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            let address = inner.parse::<Ipv6Addr>();
            return address
                .map(|ip| Self::Ip(ip.into()))
                .map_err(|_| AddressError::Ipv6(inner.to_owned()));
        }
        if text.contains(':') {
            return Err(AddressError::Brackets(text.to_owned()));
        }
        // A last label of digits alone is never a name (RFC 3696 section 2).
        let last = text.rsplit('.').next().unwrap_or(text);
        if !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()) {
            let address = text.parse::<Ipv4Addr>();
            return address
                .map(|ip| Self::Ip(ip.into()))
                .map_err(|_| AddressError::Ipv4(text.to_owned()));
        }
        if is_host_name(text) {
            Ok(Self::Name(text.into()))
        } else {
            Err(AddressError::Name(text.to_owned()))
        }
    }
}

/// Whether DNS could know this name: labels of 1 to 63 letters, digits, `-` and `_`, at most 253
/// characters together. A dot at the end, as of fully qualified names, is fine.
fn is_host_name(text: &str) -> bool {
    text.len() <= 253
        && text
            .strip_suffix('.')
            .unwrap_or(text)
            .split('.')
            .all(is_label)
}

/// Whether a text can stand between the dots of a host name.
pub(super) fn is_label(label: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    (1..=63).contains(&label.len())
        && label.bytes().all(allowed)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Ip(IpAddr::V4(address)) => address.fmt(f),
            Self::Ip(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Default for BindAddress {
    fn default() -> Self {
        Self(Ipv4Addr::UNSPECIFIED.into())
    }
}

impl FromStr for BindAddress {
    type Err = BindAddressError;

    fn from_str(text: &str) -> Result<Self, BindAddressError> {
        text.parse()
            .map(Self)
            .map_err(|_| BindAddressError(text.to_owned()))
    }
}

impl fmt::Display for BindAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

travels_as_text!(Address, "a host and port such as \"pets:8080\"");
travels_as_text!(BindAddress, "an IP address such as \"0.0.0.0\"");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_written() {
        for text in [
            "pets:8080",
            "pets.example.com:1",
            "my_service:80",
            "pets.default.svc.cluster.local.:80",
            "1password.com:443",
            "10.0.0.7:65535",
            "[::1]:9000",
        ] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        let address: Address = "10.0.0.7:80".parse().unwrap();
        assert_eq!(address.host, Host::Ip(Ipv4Addr::new(10, 0, 0, 7).into()));
    }

    #[test]
    fn what_is_no_address_is_named() {
        for (text, problem) in [
            (
                "http://pets:8080",
                "expected \"host:port\", found the URL \"http://pets:8080\"; write the host and the \
                 port alone, such as \"pets:8080\"",
            ),
            (
                "pets",
                "expected \"host:port\", found no port in \"pets\"; add the port, such as \
                 \"pets:8080\"",
            ),
            (
                "[::1]",
                "expected \"host:port\", found no port in \"[::1]\"; add the port, such as \
                 \"[::1]:8080\"",
            ),
            (
                "pets:0",
                "expected a port from 1 to 65535 after the last \":\", found \"0\"",
            ),
            (
                "pets:65536",
                "expected a port from 1 to 65535 after the last \":\", found \"65536\"",
            ),
            (
                "pets:+80",
                "expected a port from 1 to 65535 after the last \":\", found \"+80\"",
            ),
            (
                "pets:",
                "expected a port from 1 to 65535 after the last \":\", found \"\"",
            ),
            (
                "::1",
                "expected an IPv6 address in brackets, found \"::1\"; write such as \"[::1]:8080\"",
            ),
            (
                "[pets]:80",
                "expected an IPv6 address in the brackets, found \"pets\"",
            ),
            (
                "256.1.1.1:80",
                "expected an IPv4 address, found \"256.1.1.1\"",
            ),
            ("10.1:80", "expected an IPv4 address, found \"10.1\""),
            (":80", "expected a host name, found \"\""),
            ("a..b:80", "expected a host name, found \"a..b\""),
            ("-a:80", "expected a host name, found \"-a\""),
            ("a b:80", "expected a host name, found \"a b\""),
        ] {
            assert_eq!(
                text.parse::<Address>().unwrap_err().to_string(),
                problem,
                "{text}"
            );
        }
    }

    #[test]
    fn a_listener_takes_an_address_of_either_family() {
        assert_eq!("::".parse::<BindAddress>().unwrap().to_string(), "::");
        assert_eq!(BindAddress::default().to_string(), "0.0.0.0");
        assert!("localhost".parse::<BindAddress>().is_err());
    }
}
