//! Why a document makes no objects that Kubernetes takes.

use filter_api::ConfigError;
use gateway_model::{EdgeError, FileName};

use super::capacity::TooLarge;
use super::rights::PUSHER;
use super::upstreams::Forbidden;
use crate::exit_status::ExitStatus;

/// Why a document makes no objects that Kubernetes takes.
#[derive(Debug, thiserror::Error)]
pub enum ObjectsError {
    /// What stands before the gateway does not fit together.
    #[error("{}", shown(.0))]
    Edge(Vec<(String, EdgeError)>),
    /// Kubernetes calls Services by names that DNS knew in 1987 (RFC 1035).
    #[error(
        "metadata.name: Kubernetes takes no Service whose name begins with a digit; write such as \
         \"gateway-{0}\" in place of \"{0}\""
    )]
    Digit(String),
    /// What one gateway is called, the account is called that deploys another.
    #[error(
        "metadata.name: \"{0}\" is what the account is called that deploys a gateway \"{other}\"; write a name \
         that does not end in \"-{PUSHER}\"",
        other = .0.trim_end_matches(PUSHER).trim_end_matches('-')
    )]
    Pusher(String),
    /// A namespace is a label.
    #[error(
        "--namespace: expected at most 63 lower-case letters, digits and \"-\", beginning and ending with a \
         letter or digit, found \"{0}\""
    )]
    Namespace(String),
    /// A key would have to leave the machine that it is on.
    #[error(
        "{place}: the key is in the file {key}, and what is deployed takes keys from Secrets alone; make \
         one:\n    kubectl create secret tls {secret} --namespace {namespace} --cert {certificate} --key \
         {key}\nand write in place of the files: {{ secret: {secret} }}"
    )]
    Key {
        /// Of the certificate in the document.
        place: String,
        /// Its file.
        certificate: FileName,
        /// That of its key.
        key: FileName,
        /// How a Secret could be called.
        secret: String,
        /// Where it has to be.
        namespace: String,
    },
    /// A secret would stand in a ConfigMap.
    #[error(
        "providers.{provider}.keys.secret: what is deployed is in a ConfigMap, which is no place for a secret: \
         whoever reads it can issue tokens; have the issuer sign with a private key, such as RS256 or ES256, \
         and write keys: {{ url: … }} or keys: {{ file: … }} with its public ones"
    )]
    SharedSecret {
        /// The provider that has it.
        provider: String,
    },
    /// Clients would get where nobody but the pod, or not even that, is meant to.
    #[error("{place}: {address} is {why}; write the address of a service")]
    Upstream {
        /// In the document.
        place: String,
        /// As the document writes it.
        address: String,
        /// What is there.
        why: Forbidden,
    },
    /// Divided among all pods that there can be, a limit lets nothing pass.
    #[error("{0}")]
    Limit(ConfigError),
    /// Nobody has read the file.
    #[error("{place}: the authorities in {file} are not at hand")]
    Authorities {
        /// In the document.
        place: String,
        /// Its name.
        file: FileName,
    },
    /// A ConfigMap has its limit.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

impl ObjectsError {
    /// Whose move it is.
    pub fn status(&self) -> ExitStatus {
        match self {
            Self::Edge(_)
            | Self::Digit(_)
            | Self::Pusher(_)
            | Self::Key { .. }
            | Self::SharedSecret { .. }
            | Self::Upstream { .. }
            | Self::Limit(_)
            | Self::TooLarge(_) => ExitStatus::WrongDocument,
            Self::Namespace(_) => ExitStatus::Usage,
            Self::Authorities { .. } => ExitStatus::Environment,
        }
    }
}

fn shown(errors: &[(String, EdgeError)]) -> String {
    let errors = errors
        .iter()
        .map(|(place, error)| format!("{place}: {error}"));
    errors.collect::<Vec<_>>().join("\n")
}
