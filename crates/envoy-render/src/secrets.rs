//! Certificates, by SDS: a file for each, that names the files that hold it.
//!
//! Envoy reads a secret's files again when something is moved into one of their directories, and hands
//! the new one to the listeners and clusters that use it. Neither is replaced, so no connection ends.

use std::collections::BTreeMap;

use gateway_model::{Certificate, FileName, Gateway, NamedFile, ProviderKeys, UpstreamTls};
use serde_json::{Map, Value, json};

use crate::discovery::{short_hash, source};
use crate::{Files, Placement};

/// What the names of the files of secrets begin with.
const FILES: &str = "sds-";

/// The file of the secret of this name.
pub(crate) fn file(name: &str) -> String {
    format!("{FILES}{name}.yaml")
}

/// Whether it is the name of a secret's file.
pub(crate) fn is_file(name: &str) -> bool {
    name.starts_with(FILES) && name.ends_with(".yaml")
}

/// What a listener or a cluster needs files for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Secret<'a> {
    /// What is shown to the other side.
    Certificate(&'a Certificate),
    /// Authorities that the other side's certificate must come from; those of the system if none are
    /// named.
    Authorities(Option<&'a FileName>),
}

impl<'a> Secret<'a> {
    /// What an upstream is held against.
    pub(crate) fn authorities(tls: &'a UpstreamTls) -> Self {
        Self::Authorities(tls.ca.as_ref())
    }

    /// Its name, by the names of its files: listeners and upstreams that name the same share it, and
    /// it stays when what is in them changes.
    fn name(self) -> String {
        let hash = |name: &str| short_hash(name.as_bytes());
        match self {
            Self::Certificate(Certificate::Files { certificate, key }) => {
                format!("certificate-{}", hash(&format!("{certificate}\n{key}")))
            }
            Self::Certificate(Certificate::Secret(name)) => {
                format!("secret-{}", hash(name.as_str()))
            }
            Self::Authorities(Some(file)) => format!("authorities-{}", hash(file.as_str())),
            Self::Authorities(None) => "authorities-of-the-system".to_owned(),
        }
    }

    /// The file of the secret itself.
    fn file(self) -> String {
        file(&self.name())
    }

    /// `envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig`: where Envoy finds it.
    pub(crate) fn source(self, placement: &Placement) -> Value {
        json!({ "name": self.name(), "sds_config": source(&self.file(), placement) })
    }

    /// Where its parts are, each in a file, by their names in Envoy.
    fn parts(self, placement: &Placement) -> Vec<(&'static str, String)> {
        match self {
            Self::Certificate(pair) => vec![
                ("certificate_chain", placement.path_of(pair.certificate())),
                ("private_key", placement.path_of(pair.key())),
            ],
            Self::Authorities(Some(file)) => {
                vec![("trusted_ca", placement.path_of(NamedFile::File(file)))]
            }
            Self::Authorities(None) => vec![("trusted_ca", placement.system_cas.clone())],
        }
    }

    /// `envoy.extensions.transport_sockets.tls.v3.Secret`.
    fn resource(self, placement: &Placement) -> Value {
        let kind = match self {
            Self::Certificate(_) => "tls_certificate",
            Self::Authorities(_) => "validation_context",
        };
        let parts = self.parts(placement).into_iter();
        let parts = parts.map(|(part, path)| (part.to_owned(), json!({ "filename": path })));
        let mut value: Map<String, Value> = parts.collect();
        if let (Self::Authorities(Some(_)), Files::Watched) = (self, &placement.files) {
            let watched = json!({ "path": placement.watched });
            value.insert("watched_directory".to_owned(), watched);
        }
        json!({
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret",
            "name": self.name(),
            kind: value,
        })
    }
}

/// The secrets of a document.
fn secrets(gateway: &Gateway) -> impl Iterator<Item = Secret<'_>> {
    let listeners = gateway.listeners.iter().filter_map(|one| one.tls.as_ref());
    let shown = listeners.flat_map(|tls| &tls.certificates);
    let upstreams = || {
        let upstreams = gateway.upstreams.values();
        let service = gateway.rate_limiting.service.iter();
        let service = service.filter_map(|one| one.tls.as_ref());
        upstreams.filter_map(|one| one.tls.as_ref()).chain(service)
    };
    let shown = shown.chain(upstreams().filter_map(|tls| tls.certificate.as_ref()));
    let shown = shown.map(Secret::Certificate);
    let authorities = upstreams().map(Secret::authorities);
    shown.chain(authorities).chain(of_key_servers(gateway))
}

/// What servers of keys are held against.
fn of_key_servers(gateway: &Gateway) -> impl Iterator<Item = Secret<'_>> {
    let learned = &gateway.learned.key_sets;
    gateway
        .providers
        .iter()
        .filter_map(move |(name, provider)| {
            let (url, ca) = match &provider.keys {
                None => (None, None),
                Some(ProviderKeys::Remote(remote)) => (remote.url.as_ref(), remote.ca.as_ref()),
                Some(_) => return None,
            };
            let url = url.or_else(|| learned.get(name))?;
            url.is_https().then_some(Secret::Authorities(ca))
        })
}

/// The secrets of a document, by the names of their files.
pub(crate) fn resources(gateway: &Gateway, placement: &Placement) -> BTreeMap<String, Value> {
    let secrets = secrets(gateway);
    let secrets = secrets.map(|secret| (secret.file(), secret.resource(placement)));
    secrets.collect()
}

/// The files that a secret is in.
pub(crate) fn paths(secret: &Value) -> Vec<&str> {
    let kinds = secret.as_object().into_iter().flat_map(Map::values);
    let parts = kinds.filter_map(Value::as_object).flat_map(Map::values);
    let paths = parts.filter_map(|part| part.get("filename")?.as_str());
    paths.collect()
}
