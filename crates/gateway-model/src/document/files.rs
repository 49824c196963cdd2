//! The files that a document names.

use super::{Certificate, Gateway};
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
        files.extend(
            self.authorities()
                .map(|(path, file)| (path, NamedFile::File(file))),
        );
        files
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
        listeners.chain(upstreams)
    }

    /// The files of authorities that upstreams are held against, each behind its path. They are no
    /// secrets.
    pub fn authorities(&self) -> impl Iterator<Item = (String, &FileName)> {
        self.upstreams.iter().filter_map(|(name, upstream)| {
            let file = upstream.tls.as_ref()?.ca.as_ref()?;
            Some((format!("upstreams.{name}.tls.ca"), file))
        })
    }
}
