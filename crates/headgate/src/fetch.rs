//! Asks servers for something small, and takes no more of it than a bound, for no longer than a while.

use std::path::Path;
use std::time::Duration;

use gateway_model::Url;
use reqwest::header::ACCEPT;
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Certificate, Client, Response, StatusCode};
use serde_json::Value;

/// How long all of it may take.
const LONGEST: Duration = Duration::from_secs(10);

/// The largest answer, in bytes.
const MOST_BYTES: u64 = 1024 * 1024;

/// How often an answer may say that it is elsewhere.
const MOST_REDIRECTS: usize = 3;

/// What servers are told of who asks.
pub const USER_AGENT: &str = concat!("headgate/", env!("CARGO_PKG_VERSION"));

/// Whether an answer is looked for where another one says that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redirects {
    /// A few times, and never from https to http.
    Follow,
    /// It is not.
    Refuse,
}

/// Why there is no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The authorities that it is held against are none.
    #[error("cannot use the authorities in {file}: {problem}")]
    Authorities { file: String, problem: String },
    /// It cannot be reached, shows another's certificate, or breaks off.
    #[error("{}", told(.0))]
    Silent(#[from] reqwest::Error),
    /// It answers something else.
    #[error("it answers {0}")]
    Status(StatusCode),
    /// It does not end.
    #[error("its answer is longer than {MOST_BYTES} bytes")]
    TooLong,
    /// It is something for people.
    #[error("its answer is no JSON")]
    NoJson,
}

/// Gets a JSON document. The server's certificate is held against those of the authorities in `ca`, or
/// those of the system.
///
/// # Errors
/// Why it cannot be had.
pub async fn json(url: &Url, ca: Option<&Path>, redirects: Redirects) -> Result<Value, FetchError> {
    let client = client(ca, redirects)?;
    let request = client.get(url.as_str()).header(ACCEPT, "application/json");
    let response = request.send().await?;
    match response.status() {
        StatusCode::OK => {}
        status => return Err(FetchError::Status(status)),
    }
    let body = bounded(response, MOST_BYTES, |_| ()).await?;
    let body = body.ok_or(FetchError::TooLong)?;
    serde_json::from_slice(&body).map_err(|_| FetchError::NoJson)
}

fn client(ca: Option<&Path>, redirects: Redirects) -> Result<Client, FetchError> {
    // Whoever installed another one before has decided so.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let policy = match redirects {
        Redirects::Follow => Policy::custom(followed),
        Redirects::Refuse => Policy::none(),
    };
    let mut builder = Client::builder()
        .timeout(LONGEST)
        .redirect(policy)
        .user_agent(USER_AGENT);
    if let Some(path) = ca {
        let unusable = |problem: String| FetchError::Authorities {
            file: path.display().to_string(),
            problem,
        };
        let pem = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
        let certificates = Certificate::from_pem_bundle(&pem);
        let certificates = certificates.map_err(|error| unusable(told(&error)))?;
        builder = builder.tls_certs_only(certificates);
    }
    Ok(builder.build()?)
}

fn followed(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let was_https = attempt.previous().iter().any(|url| url.scheme() == "https");
    match attempt.url().scheme() {
        _ if attempt.previous().len() > MOST_REDIRECTS => attempt.error("too many redirects"),
        "http" if was_https => attempt.error("it leads from https to http"),
        _ => attempt.follow(),
    }
}

/// Reads an answer, if it is no longer than that; `received` is told of each piece that comes.
///
/// # Errors
/// When it breaks off.
pub async fn bounded(
    mut response: Response,
    most: u64,
    mut received: impl FnMut(u64),
) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if (bytes.len() + chunk.len()) as u64 > most {
            return Ok(None);
        }
        received(chunk.len() as u64);
        bytes.extend_from_slice(&chunk);
    }
    Ok(Some(bytes))
}

/// An error with what is behind it, down to the last, which says most; without the URL, which who asks
/// tells.
fn told(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it does not answer in time".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
