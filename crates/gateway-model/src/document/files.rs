//! The files that a document names.

use super::{Certificate, Gateway, ProviderKeys};
use crate::scalars::{FileName, SecretName};

/// A file that a document names: by itself, or as a part of a Secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedFile<'a> {
    /// By its name.
    File(&'a FileName),
    /// A key of a Secret, which is a file of the directory that it is mounted as.
    Secret {
        /// The Secret.
        name: &'a SecretName,
        /// The key: `tls.crt` or `tls.key`.
        key: &'static str,
    },
}

impl Certificate {
    /// The file of the certificate.
    pub fn certificate(&self) -> NamedFile<'_> {
        match self {
            Self::Files { certificate, .. } => NamedFile::File(certificate),
            Self::Secret(name) => NamedFile::Secret {
                name,
                key: "tls.crt",
            },
        }
    }

    /// The file of its private key.
    pub fn key(&self) -> NamedFile<'_> {
        match self {
            Self::Files { key, .. } => NamedFile::File(key),
            Self::Secret(name) => NamedFile::Secret {
                name,
                key: "tls.key",
            },
        }
    }
}

impl Gateway {
    /// The files that the document names, each behind the path of its name in the document:
    /// `listeners[0].tls.certificates[0].key`, or `listeners[0].tls.certificates[0].secret`.
    pub fn files(&self) -> Vec<(String, NamedFile<'_>)> {
        let mut files = Vec::new();
        for (path, pair) in self.certificates() {
            let path = |field: &str| match pair {
                Certificate::Files { .. } => format!("{path}.{field}"),
                Certificate::Secret(_) => format!("{path}.secret"),
            };
            files.push((path("certificate"), pair.certificate()));
            files.push((path("key"), pair.key()));
        }
        let others = self.authorities().chain(self.key_files());
        files.extend(others.map(|(path, file)| (path, NamedFile::File(file))));
        files
    }

    /// The files of keys and secrets that tokens are held against, each behind its path. Envoy reads none
    /// of them: what they hold is rendered.
    pub fn key_files(&self) -> impl Iterator<Item = (String, &FileName)> {
        self.providers.iter().filter_map(|(name, provider)| {
            let path = provider_path(name.as_str());
            match provider.keys.as_ref()? {
                ProviderKeys::File(file) => Some((format!("{path}.keys.file"), file)),
                ProviderKeys::Secret(secret) => {
                    Some((format!("{path}.keys.secret.file"), secret.file.as_ref()?))
                }
                ProviderKeys::Remote(_) => None,
            }
        })
    }

    /// The certificates that the gateway shows, to clients and to upstreams, each behind its path.
    pub fn certificates(&self) -> impl Iterator<Item = (String, &Certificate)> {
        let listeners = self.listeners.iter().enumerate();
        let listeners = listeners.flat_map(|(i, listener)| {
            let pairs = listener.tls.iter().flat_map(|tls| &tls.certificates);
            let path = move |j| format!("listeners[{i}].tls.certificates[{j}]");
            pairs.enumerate().map(move |(j, pair)| (path(j), pair))
        });
        let upstreams = self.upstreams.iter().filter_map(|(name, upstream)| {
            let shown = upstream.tls.as_ref()?.certificate.as_ref()?;
            Some((format!("upstreams.{name}.tls.certificate"), shown))
        });
        let service = self.rate_limiting.service.iter().filter_map(|service| {
            let shown = service.tls.as_ref()?.certificate.as_ref()?;
            Some((format!("{SERVICE}.tls.certificate"), shown))
        });
        listeners.chain(upstreams).chain(service)
    }

    /// The files of authorities that upstreams, servers of keys and the rate-limit service are held against, each behind its path.
    /// They are no secrets.
    pub fn authorities(&self) -> impl Iterator<Item = (String, &FileName)> {
        let upstreams = self.upstreams.iter().filter_map(|(name, upstream)| {
            let file = upstream.tls.as_ref()?.ca.as_ref()?;
            Some((format!("upstreams.{name}.tls.ca"), file))
        });
        let key_servers = self.providers.iter().filter_map(|(name, provider)| {
            let Some(ProviderKeys::Remote(remote)) = &provider.keys else {
                return None;
            };
            let path = provider_path(name.as_str());
            Some((format!("{path}.keys.ca"), remote.ca.as_ref()?))
        });
        let service = self.rate_limiting.service.iter().filter_map(|service| {
            let file = service.tls.as_ref()?.ca.as_ref()?;
            Some((format!("{SERVICE}.tls.ca"), file))
        });
        upstreams.chain(key_servers).chain(service)
    }
}

/// The path to the rate-limit service.
const SERVICE: &str = "rate_limiting.service";

/// The path to a provider, whose name may hold dots.
pub(crate) fn provider_path(name: &str) -> String {
    match name.contains('.') {
        true => format!("providers[{name:?}]"),
        false => format!("providers.{name}"),
    }
}
