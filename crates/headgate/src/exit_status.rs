//! What the exit code of `headgate` says.

use std::fmt::Write;
use std::process::ExitCode;

/// How a command ended. A script can tell whose move it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// All is well.
    Ok = 0,
    /// Whoever wrote the document has to change it.
    WrongDocument = 1,
    /// Whoever wrote the command line has to change it. clap exits with this.
    Usage = 2,
    /// Neither is wrong: a file that cannot be read, a port in use, no Envoy.
    Environment = 3,
    /// All is well, and the request that was asked about is refused.
    Refused = 4,
    /// All is well, and the documents that were compared differ, which was asked for.
    Differs = 5,
    /// All is well around it, and no key that was named has signed the image.
    NotSigned = 6,
    /// The Envoy that was asked about is not ready.
    NotReady = 7,
}

impl ExitStatus {
    /// Those of every command.
    const COMMON: [(Self, &str); 4] = [
        (Self::Ok, "all is well; there may be warnings"),
        (
            Self::WrongDocument,
            "the document is wrong; what is wrong is told",
        ),
        (Self::Usage, "the command line is wrong"),
        (
            Self::Environment,
            "something around it is: a file that cannot be read, a port in use",
        ),
    ];

    /// The section of the help texts.
    pub fn help() -> String {
        Self::section(&Self::COMMON)
    }

    /// The same for a command that asks about a request.
    pub fn help_with_refused() -> String {
        let [_, others @ ..] = Self::COMMON;
        let ok = "the request is taken: by a function, a redirect or an answer of the document";
        let refused = (Self::Refused, "the request is refused");
        Self::section(&[&[(Self::Ok, ok)], &others[..], &[refused]].concat())
    }

    /// The same for a command that compares.
    pub fn help_with_differs() -> String {
        let [_, others @ ..] = Self::COMMON;
        let ok = "nothing differs, or --exit-code was not given";
        let differs = (Self::Differs, "something differs, with --exit-code");
        Self::section(&[&[(Self::Ok, ok)], &others[..], &[differs]].concat())
    }

    /// Those of a command that has no document, and may ask whether an image is signed.
    pub fn help_of_images() -> String {
        let [ok, _, usage, _] = Self::COMMON;
        let environment = (
            Self::Environment,
            "something around it is: a registry that refuses or cannot be reached, a file that cannot be read",
        );
        let not_signed = (Self::NotSigned, "the image is not signed by the key");
        Self::section(&[(ok.0, "all is well"), usage, environment, not_signed])
    }

    /// The same for a command that asks an Envoy whether it is ready.
    pub fn help_with_not_ready() -> String {
        let [_, _, others @ ..] = Self::COMMON;
        let ok = "it is ready";
        let not_ready = (Self::NotReady, "it is not; why is told");
        Self::section(&[&[(Self::Ok, ok)], &others[..], &[not_ready]].concat())
    }

    fn section(all: &[(Self, &str)]) -> String {
        all.iter()
            .fold("Exit codes:".to_owned(), |mut help, (status, meaning)| {
                // Writing to a String does not fail.
                let _ = write!(help, "\n  {}  {meaning}", *status as u8);
                help
            })
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status as u8)
    }
}
