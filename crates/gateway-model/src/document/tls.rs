//! Certificates, and who shows them to whom.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::is_default;
use crate::scalars::{FileName, Host, SecretName, ServerName};

/// TLS of a listener: 1.2 or 1.3, with HTTP/2 for clients that offer it (ALPN).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ListenerTls {
    /// Which certificates there are; at least one. A client is shown the one that is for the name it
    /// asks for (SNI, RFC 6066 section 3), by the names in the certificates themselves; the first one
    /// if there is none, or if it does not say a name.
    pub certificates: Vec<Certificate>,
}

/// A certificate and its key, in files that are read again when they change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema, Serialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub enum Certificate {
    /// In files that the document names.
    Files {
        /// The certificate, and behind it those that lead from it to the authority; PEM.
        certificate: FileName,
        /// Its private key; PEM, without a password.
        key: FileName,
    },
    /// In a Kubernetes Secret of type `kubernetes.io/tls`. It is a directory with the files `tls.crt` and
    /// `tls.key`: that is how Kubernetes mounts it.
    Secret(SecretName),
}

/// A certificate as the document writes it.
#[derive(Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
#[schemars(
    rename = "CertificateFields",
    extend("oneOf" = [{ "required": ["certificate", "key"] }, { "required": ["secret"] }])
)]
struct Fields {
    /// The file of the certificate, and behind it those that lead from it to the authority; PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    certificate: Option<FileName>,
    /// The file of its private key; PEM, without a password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<FileName>,
    /// The name of a Kubernetes Secret that holds both, instead of files: one of type
    /// `kubernetes.io/tls`, in the namespace of the gateway. Without Kubernetes it is a directory of that
    /// name, with the files `tls.crt` and `tls.key`, in `secrets` beside the document or in what
    /// `--secrets` names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret: Option<SecretName>,
}

/// Why the fields of a certificate do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Nowhere to be found.
    #[error(
        "expected the files \"certificate\" and \"key\", or a \"secret\", found neither; write such as \
         {{ certificate: tls/shop.crt, key: tls/shop.key }} or {{ secret: shop-tls }}"
    )]
    Nothing,
    /// It is of no use without its key.
    #[error(
        "expected \"key\" beside \"certificate\", found none; add it, such as key: tls/shop.key"
    )]
    NoKey,
    /// It is of no use without its certificate.
    #[error(
        "expected \"certificate\" beside \"key\", found none; add it, such as certificate: tls/shop.crt"
    )]
    NoCertificate,
    /// In two places.
    #[error("expected files or a \"secret\", found both; leave one out")]
    Both,
}

impl TryFrom<Fields> for Certificate {
    type Error = CertificateError;

    fn try_from(fields: Fields) -> Result<Self, CertificateError> {
        match (fields.certificate, fields.key, fields.secret) {
            (Some(certificate), Some(key), None) => Ok(Self::Files { certificate, key }),
            (None, None, Some(secret)) => Ok(Self::Secret(secret)),
            (None, None, None) => Err(CertificateError::Nothing),
            (Some(_), None, None) => Err(CertificateError::NoKey),
            (None, Some(_), None) => Err(CertificateError::NoCertificate),
            (_, _, Some(_)) => Err(CertificateError::Both),
        }
    }
}

impl From<Certificate> for Fields {
    fn from(certificate: Certificate) -> Self {
        match certificate {
            Certificate::Files { certificate, key } => Self {
                certificate: Some(certificate),
                key: Some(key),
                secret: None,
            },
            Certificate::Secret(secret) => Self {
                certificate: None,
                key: None,
                secret: Some(secret),
            },
        }
    }
}

/// TLS to an upstream: 1.2 or 1.3. The upstream's certificate must come from a trusted authority, and
/// be for the upstream's name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct UpstreamTls {
    /// The file of the authorities that are trusted, PEM; those of the system, if it is not given.
    #[serde(skip_serializing_if = "is_default")]
    pub ca: Option<FileName>,
    /// The name that the upstream is asked for (SNI), and that its certificate must be for; the host
    /// of its address, if it is not given.
    #[serde(skip_serializing_if = "is_default")]
    pub sni: Option<ServerName>,
    /// What the gateway shows to an upstream that asks who calls (mutual TLS).
    #[serde(skip_serializing_if = "is_default")]
    pub certificate: Option<Certificate>,
    /// Who an upstream that is called elsewhere must prove to be all the same. No document says it.
    #[serde(skip)]
    moved_from: Option<Host>,
}

impl UpstreamTls {
    /// With all that is usual, and these authorities.
    pub(super) fn trusting(ca: Option<FileName>) -> Self {
        Self {
            ca,
            ..Self::default()
        }
    }

    /// Who an upstream at this host must prove to be.
    pub fn name(&self, host: &Host) -> Host {
        match (&self.sni, self.moved_from.as_ref().unwrap_or(host)) {
            (Some(name), _) => Host::Name(name.as_str().into()),
            // In TLS a fully qualified name has no dot at its end (RFC 6066 section 3).
            (None, Host::Name(name)) => {
                Host::Name(name.trim_end_matches('.').to_ascii_lowercase().into())
            }
            (None, Host::Ip(ip)) => Host::Ip(*ip),
        }
    }
    /// Lets an upstream that is no longer called at this host prove to be who it was there.
    pub(super) fn stay(&mut self, host: &Host) {
        self.moved_from.get_or_insert_with(|| host.clone());
    }
}

#[cfg(test)]
mod tests {
    use crate::document::Upstream;

    #[test]
    fn who_is_called_elsewhere_must_prove_to_be_who_the_document_says() {
        for (address, tls, name) in [
            ("10.0.0.9:443", "{}", "10.0.0.9"),
            ("[2001:db8::1]:443", "{}", "[2001:db8::1]"),
            (
                "10.0.0.9:443",
                r#"{"sni": "pets.internal"}"#,
                "pets.internal",
            ),
            ("Pets.example.com.:443", "{}", "pets.example.com"),
        ] {
            let upstream = format!(r#"{{"http": "{address}", "tls": {tls}}}"#);
            let mut upstream: Upstream = serde_json::from_str(&upstream).unwrap();
            for elsewhere in ["127.0.0.1:8443", "localhost:8444"] {
                upstream.move_to(elsewhere.parse().unwrap());
                let host = upstream.address().host;
                let proven = upstream.tls.as_ref().unwrap().name(&host);
                assert_eq!(proven.to_string(), name, "{address} at {elsewhere}");
            }
        }
    }
}
