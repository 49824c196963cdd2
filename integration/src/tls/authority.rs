//! Who vouches for whom.

use std::fs;
use std::path::Path;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType, IsCa, Issuer,
    KeyPair,
};
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::CertificateDer;

/// A certificate authority of a test's own.
#[derive(Debug)]
pub struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate with its key.
#[derive(Debug)]
pub struct Identity {
    /// The certificate.
    pub certificate: CertificateDer<'static>,
    pub(super) key: KeyPair,
    pem: String,
}

impl Authority {
    /// A new one.
    ///
    /// # Panics
    /// When there is no randomness.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let mut parameters = parameters(name, &[]);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let certificate = parameters.self_signed(&key).expect("a certificate");
        let issuer = Issuer::new(parameters, key);
        Self {
            certificate,
            issuer,
        }
    }

    /// A new certificate for these host names and IP addresses.
    ///
    /// # Panics
    /// When one of them is neither.
    #[must_use]
    pub fn issue(&self, names: &[&str]) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let parameters = parameters("a test's", names);
        let certificate = parameters
            .signed_by(&key, &self.issuer)
            .expect("a certificate");
        Identity {
            pem: certificate.pem(),
            certificate: certificate.der().clone(),
            key,
        }
    }

    /// Writes its own certificate to a file, whose directory is made. A file that is there is replaced
    /// by renaming.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, path: &Path) {
        replace(path, &self.certificate.pem());
    }

    /// It and nobody else.
    pub(super) fn store(&self) -> RootCertStore {
        let mut store = RootCertStore::empty();
        store
            .add(self.certificate.der().clone())
            .expect("a certificate");
        store
    }
}

impl Identity {
    /// Writes it to two files, whose directories are made. Files that are there are replaced by
    /// renaming, the certificate first.
    ///
    /// # Panics
    /// When they cannot be written.
    pub fn write(&self, certificate: &Path, key: &Path) {
        replace(certificate, &self.pem);
        replace(key, &self.key.serialize_pem());
    }
}

fn parameters(name: &str, names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut parameters = CertificateParams::new(names).expect("names of hosts");
    parameters.distinguished_name = DistinguishedName::new();
    parameters
        .distinguished_name
        .push(DnType::CommonName, name.to_owned());
    parameters
}

fn replace(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
    let beside = path.with_extension("new");
    fs::write(&beside, text).expect("a file");
    fs::rename(&beside, path).expect("a file");
}
