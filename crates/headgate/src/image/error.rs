//! What a registry did not do, as its user has to know it.

use std::error::Error;
use std::io;

use oci_client::Reference;
use oci_client::errors::{OciDistributionError, OciErrorCode};
use rustls::{CertificateError, Error as TlsError};

use super::credentials::Who;
use super::reference::{registry, which};

/// What the registry was asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Pull,
    Push,
}

impl Action {
    fn of(self, repository: &str) -> String {
        match self {
            Self::Pull => format!("pull from {repository}"),
            Self::Push => format!("push to {repository}"),
        }
    }
}

/// Why an image did not come, or did not go.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// It takes nobody without credentials.
    #[error(
        "{registry} wants credentials, and there are none: run `docker login {registry}`, or give --username \
         and --password-stdin"
    )]
    NoCredentials { registry: String },
    /// It does not take these.
    #[error("{registry} does not accept the credentials of {who}; log in again")]
    WrongCredentials { registry: String, who: Who },
    /// It knows who it is, and does not let them.
    #[error("{registry} does not allow {who} to {action}; ask whoever runs it for the right")]
    Forbidden {
        registry: String,
        who: Who,
        action: String,
    },
    /// Nothing there of that name.
    #[error("{registry} has no {repository}{which}; look for a slip in the name, or push it first")]
    NoSuchImage {
        registry: String,
        repository: String,
        which: String,
    },
    /// The repository itself has to be made first.
    #[error("{registry} has no repository {repository}; make it there first")]
    NoSuchRepository {
        registry: String,
        repository: String,
    },
    /// Nobody answers.
    #[error("{registry} cannot be reached: {problem}; tried {}", times(*tries))]
    Down {
        registry: String,
        problem: String,
        tries: u32,
    },
    /// It answers that it cannot.
    #[error("{registry} answers {status}: {problem}; tried {}", times(*tries))]
    Failing {
        registry: String,
        status: u16,
        problem: String,
        tries: u32,
    },
    /// The bytes are not those that were asked for.
    #[error(
        "{registry} sent something else than what was asked for: its digest is {found}, not {expected}; \
         nothing of it was kept"
    )]
    OtherDigest {
        registry: String,
        expected: String,
        found: String,
    },
    /// More bytes than the manifest says.
    #[error(
        "{registry} sent more than the {said} bytes that the manifest says of {digest}; nothing of it was \
         kept"
    )]
    Longer {
        registry: String,
        digest: String,
        said: u64,
    },
    /// Its certificate is not of an authority that is trusted, or not for this name, or out of date.
    #[error(
        "the certificate of {registry} is not to be trusted: {problem}; if its authority is your own, name \
         the authority's certificate with --ca"
    )]
    Certificate { registry: String, problem: String },
    /// It does not speak TLS.
    #[error(
        "{registry} does not speak TLS; if it is meant to speak plain HTTP, say so with --plain-http"
    )]
    NoTls { registry: String },
    /// There is no client.
    #[error(
        "TLS cannot be set up: {0}; install the package ca-certificates, or name a file in SSL_CERT_FILE"
    )]
    NoClient(String),
    /// Anything else that it does not do as the specification says.
    #[error("{registry} cannot be understood: {problem}")]
    Other { registry: String, problem: String },
}

fn times(tries: u32) -> String {
    match tries {
        1 => "once".to_owned(),
        tries => format!("{tries} times"),
    }
}

/// Who asked what, for messages.
pub struct Asked<'a> {
    pub image: &'a Reference,
    pub who: &'a Who,
    pub action: Action,
    pub tries: u32,
}

impl Asked<'_> {
    /// Says it as the user has to know it.
    pub fn failed(&self, error: OciDistributionError) -> RegistryError {
        let registry = registry(self.image).to_owned();
        match error {
            OciDistributionError::UnauthorizedError { .. } => self.unauthorised(),
            // What the server says that gives out tokens.
            OciDistributionError::AuthenticationFailure(_) => self.unauthorised(),
            OciDistributionError::RegistryError { envelope, .. } => {
                let first = envelope.errors.into_iter().next();
                match first.as_ref().map(|error| &error.code) {
                    Some(OciErrorCode::Unauthorized) => self.unauthorised(),
                    Some(OciErrorCode::Denied) => self.status(403, String::new()),
                    Some(
                        OciErrorCode::ManifestUnknown
                        | OciErrorCode::NotFound
                        | OciErrorCode::NameUnknown
                        | OciErrorCode::BlobUnknown,
                    ) => self.status(404, String::new()),
                    _ => RegistryError::Other {
                        registry,
                        problem: first.map_or_else(String::new, |error| error.message),
                    },
                }
            }
            OciDistributionError::ServerError { code, message, .. } => self.status(code, message),
            OciDistributionError::ImageManifestNotFoundError(_) => self.status(404, String::new()),
            OciDistributionError::DigestError(
                oci_client::errors::DigestError::VerificationError { expected, actual },
            ) => RegistryError::OtherDigest {
                registry,
                expected,
                found: actual,
            },
            OciDistributionError::RequestError(error) => match error.status() {
                Some(status) => self.status(status.as_u16(), String::new()),
                None => self.unreachable(&error),
            },
            OciDistributionError::RegistryTokenDecodeError(problem) => RegistryError::Other {
                registry,
                problem: format!("the token that it sends for is none: {problem}"),
            },
            other => RegistryError::Other {
                registry,
                problem: other.to_string(),
            },
        }
    }

    fn unauthorised(&self) -> RegistryError {
        let registry = registry(self.image).to_owned();
        match self.who {
            Who::Nobody => RegistryError::NoCredentials { registry },
            who @ Who::User { .. } => RegistryError::WrongCredentials {
                registry,
                who: who.clone(),
            },
        }
    }

    fn status(&self, status: u16, message: String) -> RegistryError {
        let registry = registry(self.image).to_owned();
        let repository = self.image.repository().to_owned();
        match (status, self.action) {
            (401, _) => self.unauthorised(),
            (403, action) => RegistryError::Forbidden {
                registry,
                who: self.who.clone(),
                action: action.of(&repository),
            },
            (404, Action::Pull) => RegistryError::NoSuchImage {
                registry,
                repository,
                which: which(self.image),
            },
            (404, Action::Push) => RegistryError::NoSuchRepository {
                registry,
                repository,
            },
            _ => RegistryError::Failing {
                registry,
                status,
                problem: in_one_line(&message),
                tries: self.tries,
            },
        }
    }

    fn unreachable(&self, error: &reqwest::Error) -> RegistryError {
        let registry = registry(self.image).to_owned();
        match Handshake::of(error) {
            Some(Handshake::Certificate(problem)) => {
                RegistryError::Certificate { registry, problem }
            }
            Some(Handshake::NoTls) => RegistryError::NoTls { registry },
            None => RegistryError::Down {
                registry,
                problem: root(error),
                tries: self.tries,
            },
        }
    }
}

/// Whether the same may go well a moment later.
pub fn is_passing(error: &OciDistributionError) -> bool {
    let of_status = |status: u16| status >= 500 || matches!(status, 408 | 429);
    match error {
        OciDistributionError::ServerError { code, .. } => of_status(*code),
        OciDistributionError::RequestError(error) => match error.status() {
            Some(status) => of_status(status.as_u16()),
            None => Handshake::of(error).is_none() && !error.is_builder(),
        },
        OciDistributionError::RegistryError { envelope, .. } => envelope
            .errors
            .iter()
            .any(|error| error.code == OciErrorCode::Toomanyrequests),
        _ => false,
    }
}

/// Why TLS did not begin.
#[derive(Debug, PartialEq, Eq)]
enum Handshake {
    /// The other side's certificate.
    Certificate(String),
    /// The other side does not speak it.
    NoTls,
}

impl Handshake {
    /// Looks for it among the causes.
    fn of(error: &reqwest::Error) -> Option<Self> {
        match tls(error)? {
            TlsError::InvalidCertificate(problem) => Some(Self::Certificate(said(problem))),
            TlsError::InvalidMessage(_) => Some(Self::NoTls),
            _ => None,
        }
    }
}

fn said(problem: &CertificateError) -> String {
    match problem {
        CertificateError::UnknownIssuer => {
            "nobody that this machine trusts has issued it".to_owned()
        }
        other => other.to_string(),
    }
}

fn tls(error: &reqwest::Error) -> Option<&TlsError> {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(inner) = cause {
        if let Some(tls) = inner.downcast_ref::<TlsError>() {
            return Some(tls);
        }
        // An io::Error gives out the source of what it wraps, not that itself.
        let wrapped = inner
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        cause = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => inner.source(),
        };
    }
    None
}

fn root(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// The message of the registry's errors, if it is in the form of the specification, else as it is.
fn in_one_line(body: &str) -> String {
    let message = serde_json::from_str::<serde_json::Value>(body).ok();
    let message = message
        .as_ref()
        .and_then(|body| body.pointer("/errors/0/message")?.as_str())
        .unwrap_or(body);
    let words: Vec<&str> = message.split_whitespace().take(40).collect();
    match words.as_slice() {
        [] => "it does not say why".to_owned(),
        words => words.join(" "),
    }
}
