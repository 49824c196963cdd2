//! The document `gateway.yaml`: its types, and reading it with every mistake named.
//!
//! [`read`] is the one way in. What it returns is a [`Gateway`] that keeps every promise of the
//! language: names that exist, ports that do not clash, paths that the router takes. What it refuses
//! it explains with [`Diagnostics`]: each with file, line, path, what was found and expected, and what
//! to write instead.
//!
//! This crate does not know Envoy's configuration; that is made from a `Gateway` elsewhere. It reads
//! no files; whoever has them shows it those of keys ([`read_with_files`]).

mod check;
mod diagnostics;
mod document;
mod key_file;
mod scalars;
mod schema;
mod words;
mod yaml;

pub use diagnostics::{Diagnostic, Diagnostics, Severity, printable};
pub use document::{
    Admin, ApiVersion, Certificate, CertificateError, CircuitBreakers, Controller, Destination,
    Edge, EdgeError, EdgeTls, Entrance, Front, Gateway, Kind, Learned, Listener, ListenerTls,
    LoadBalancer, Location, Match, MatchError, Metadata, Mirror, NamedFile, OnFailure,
    OutlierDetection, Pattern, Protocol, Provider, ProviderKeys, ProviderKeysError, RateLimit,
    RateLimitService, RateLimiting, RemoteKeys, Retries, RetryOn, Route, Scheme, Share,
    SharedSecret, Topology, Upstream, UpstreamError, UpstreamTls,
};
pub use scalars::{
    Address, AddressError, Attempts, BindAddress, BindAddressError, CertificateArn,
    CertificateArnError, FileName, FileNameError, GrpcPattern, GrpcPatternError, Host, HostPattern,
    HostPatternError, IdleTimeout, Label, LabelError, Limit, Method, MethodError, Percent, Period,
    Port, ProviderName, ProviderNameError, RouteName, RouteNameError, SecretName, SecretNameError,
    ServerName, ServerNameError, Service, ServiceDomain, ServiceDomainError, ServiceError,
    SslPolicy, SslPolicyError, UpstreamName, UpstreamNameError, Url, UrlError, Weight,
    WholePercent,
};

pub use key_file::MOST_KEY_BYTES;
pub use schema::json_schema;

use diagnostics::in_order;
use yaml::{Fault, Faults, Mark};

/// The greatest document, in bytes.
pub const MOST_BYTES: usize = 8 * 1024 * 1024;

/// Reads a file that a document names.
pub type ReadFile<'f> = &'f dyn Fn(&FileName) -> std::io::Result<Vec<u8>>;

/// A document that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The document.
    pub document: Gateway,
    /// What deserves a look.
    pub warnings: Vec<Diagnostic>,
}

/// Reads a document: YAML 1.2 or JSON, in UTF-8, of at most [`MOST_BYTES`]. `file` is what messages
/// call it. What is in files of keys is not looked at, and what is rendered of it then lets no token pass
/// that only those could tell.
///
/// # Errors
/// Everything that is wrong with it, except that the parts are not held against each other before
/// each of them is right.
pub fn read(file: &str, bytes: &[u8]) -> Result<Checked, Diagnostics> {
    read_document(file, bytes, None)
}

/// The same, and looks at the files of keys that it names.
///
/// # Errors
/// Everything that is wrong with it and with them.
pub fn read_with_files(
    file: &str,
    bytes: &[u8],
    files: ReadFile<'_>,
) -> Result<Checked, Diagnostics> {
    read_document(file, bytes, Some(files))
}

fn read_document(
    file: &str,
    bytes: &[u8],
    files: Option<ReadFile<'_>>,
) -> Result<Checked, Diagnostics> {
    let refuse = |faults| Diagnostics::new(file, faults, Vec::new());
    let text = text(bytes).map_err(refuse)?;
    let parsed = yaml::parse(text).map_err(refuse)?;
    if parsed.root.is_nothing() {
        let problem = "the document is empty; begin with apiVersion: headgate.dev/v1alpha1";
        return Err(refuse(whole(Mark::START, problem.to_owned())));
    }
    let reading = yaml::deserialize::<Gateway>(&parsed.root, document::example);
    let mut faults = parsed.faults;
    faults.append(reading.faults);
    let Some(mut document) = reading.value else {
        return Err(refuse(faults));
    };
    let findings = check::check(&document, &parsed.root, files);
    document.learned.keys = findings.keys;
    faults.append(findings.errors);
    if faults.is_empty() {
        let warnings = in_order(Severity::Warning, file, findings.warnings);
        Ok(Checked { document, warnings })
    } else {
        Err(Diagnostics::new(file, faults, findings.warnings))
    }
}

/// A fault of the whole document.
fn whole(mark: Mark, problem: String) -> Faults {
    let mut faults = Faults::default();
    faults.push(Fault {
        mark,
        path: String::new(),
        problem,
    });
    faults
}

fn text(bytes: &[u8]) -> Result<&str, Faults> {
    if bytes.len() > MOST_BYTES {
        let problem = format!("expected at most {MOST_BYTES} bytes, found {}", bytes.len());
        return Err(whole(Mark::START, problem));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let before = String::from_utf8_lossy(before);
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1;
        let problem = "expected UTF-8, found bytes that are not; save the file as UTF-8";
        whole(Mark { line, column }, problem.to_owned())
    })
}
