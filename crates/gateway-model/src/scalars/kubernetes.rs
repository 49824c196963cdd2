//! Names of what Kubernetes has.

use std::fmt;
use std::str::FromStr;

use super::address::Host;
use super::{Address, Port, travels_as_text};
use crate::words::quoted;

/// A port of a Kubernetes Service: `pets.shop:8080`, which is its name, its namespace and the port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Service {
    name: Box<str>,
    namespace: Box<str>,
    port: Port,
}

/// The name of a Kubernetes Secret in the namespace of the gateway (a DNS subdomain, RFC 1123).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretName(Box<str>);

/// Why a text is no [`Service`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// It is not of the form.
    #[error(
        "expected a Service's name, its namespace and a port, such as \"pets.shop:8080\", found {}",
        quoted(.0)
    )]
    Form(String),
    /// It is the DNS name that is made of it.
    #[error("expected a Service's name and its namespace alone, found its DNS name {}; write {}",
        quoted(.found), quoted(.write)
    )]
    DnsName {
        /// What was found.
        found: String,
        /// What it is short for.
        write: String,
    },
}

/// Why a text is no [`SecretName`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected the name of a Secret, at most 253 lower-case letters, digits, \"-\" and \".\", such as \
     \"shop-tls\", found {}", quoted(.0)
)]
pub struct SecretNameError(String);

/// What comes behind the namespace in the DNS name of a Service. The dot at its end keeps resolvers from
/// trying each domain of a pod's search list first.
const SERVICES: &str = "svc.cluster.local.";

impl Service {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The port, which is one of the Service and not of its pods.
    pub fn port(&self) -> Port {
        self.port
    }

    /// Where DNS knows it.
    pub fn address(&self) -> Address {
        let (name, namespace) = (&self.name, &self.namespace);
        Address {
            host: Host::Name(format!("{name}.{namespace}.{SERVICES}").into()),
            port: self.port,
        }
    }
}

/// Whether Kubernetes could call a Service or a namespace so (RFC 1123, a label).
fn is_label(text: &str) -> bool {
    text.len() <= 63
        && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && text.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

impl FromStr for Service {
    type Err = ServiceError;

    fn from_str(text: &str) -> Result<Self, ServiceError> {
        let form = || ServiceError::Form(text.to_owned());
        let address: Address = text.parse().map_err(|_| form())?;
        let Host::Name(host) = &address.host else {
            return Err(form());
        };
        let parts: Vec<&str> = host.split('.').collect();
        match parts.as_slice() {
            [name, namespace] if is_label(name) && is_label(namespace) => Ok(Self {
                name: (*name).into(),
                namespace: (*namespace).into(),
                port: address.port,
            }),
            [name, namespace, "svc", ..] => Err(ServiceError::DnsName {
                found: text.to_owned(),
                write: format!("{name}.{namespace}:{}", address.port),
            }),
            _ => Err(form()),
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}:{}", self.name, self.namespace, self.port)
    }
}

travels_as_text!(Service, "a Service such as \"pets.shop:8080\"");

impl SecretName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SecretName {
    type Err = SecretNameError;

    fn from_str(text: &str) -> Result<Self, SecretNameError> {
        if text.len() <= 253 && text.split('.').all(is_label) {
            Ok(Self(text.into()))
        } else {
            Err(SecretNameError(text.to_owned()))
        }
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

travels_as_text!(SecretName, "the name of a Secret");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_known_to_dns() {
        let service: Service = "pets.shop:8080".parse().unwrap();
        let (name, namespace, port) = (service.name(), service.namespace(), service.port().get());
        assert_eq!((name, namespace, port), ("pets", "shop", 8080));
        assert_eq!(service.to_string(), "pets.shop:8080");
        let address = service.address().to_string();
        assert_eq!(address, "pets.shop.svc.cluster.local.:8080");
    }

    #[test]
    fn what_is_no_service_is_named() {
        for text in [
            "pets:8080",
            "pets.shop",
            "pets.shop:http",
            "pets.shop.eu:80",
            "Pets.shop:80",
            "pets.sh_op:80",
            "pets-.shop:80",
            "10.0.0.1:80",
            "http://pets.shop:80",
        ] {
            let error = text.parse::<Service>().unwrap_err().to_string();
            let expected = "expected a Service's name, its namespace and a port, such as \
                            \"pets.shop:8080\", found";
            assert_eq!(error, format!("{expected} {text:?}"));
        }
        let name = "pets.shop.svc.cluster.local:80";
        assert_eq!(
            name.parse::<Service>().unwrap_err().to_string(),
            "expected a Service's name and its namespace alone, found its DNS name \
             \"pets.shop.svc.cluster.local:80\"; write \"pets.shop:80\""
        );
    }

    #[test]
    fn a_secret_is_no_way_out_of_its_directory() {
        for name in ["shop-tls", "shop.example.com", "0"] {
            assert_eq!(name.parse::<SecretName>().unwrap().as_str(), name);
        }
        for name in [
            "",
            ".",
            "..",
            "a/b",
            "../a",
            "a..b",
            "Shop",
            "a_b",
            &"a".repeat(254),
        ] {
            assert!(name.parse::<SecretName>().is_err(), "{name:?}");
        }
    }
}
