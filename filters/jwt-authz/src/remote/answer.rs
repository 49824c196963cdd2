//! What comes of asking for keys.

use filter_api::{CalloutOutcome, HeaderList, HostError};

use crate::key::KeyError;
use crate::keys::{KeyFault, Keys};

/// No more than this is taken, in bytes: a thousand RSA keys of 4096 bits with their certificates' names
/// are less.
pub(crate) const MOST_BYTES: usize = 1 << 20;

/// Keys that came, in the answer that brought them.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) keys: Keys,
    /// Those of the set that are left out.
    pub(crate) faults: Vec<KeyFault>,
    pub(crate) headers: HeaderList,
    pub(crate) body: Vec<u8>,
}

/// Why no keys came.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoKeys {
    #[error("it could not be asked: {0}; is there such a cluster?")]
    NotAsked(#[from] HostError),
    #[error("the connection broke, or the answer took too long to be whole")]
    Broken,
    #[error("the answer is larger than 1 MiB")]
    TooLarge,
    #[error(
        "the answer is status {0}, a redirect, which is not followed; write the URL that it leads to"
    )]
    Redirect(u16),
    #[error("the answer is status {0}")]
    Status(u16),
    #[error("the answer is no JSON: {0}")]
    NoJson(serde_json::Error),
    #[error("the answer is no JWK Set: it {0}")]
    NoSet(KeyError),
    #[error("none of {0} keys can be used; key {index} {error}", index = .1.index, error = .1.error)]
    NoneUsable(usize, KeyFault),
}

impl Answer {
    /// Reads what came of a callout.
    pub(crate) fn read(outcome: CalloutOutcome) -> Result<Self, NoKeys> {
        let response = match outcome {
            CalloutOutcome::Response(response) => response,
            CalloutOutcome::Failed => return Err(NoKeys::Broken),
            CalloutOutcome::TooLarge => return Err(NoKeys::TooLarge),
        };
        match response.status() {
            200 => {}
            status @ 300..400 => return Err(NoKeys::Redirect(status)),
            status => return Err(NoKeys::Status(status)),
        }
        let (keys, faults) = set(&response.body)?;
        Ok(Self {
            keys,
            faults,
            headers: response.headers,
            body: response.body,
        })
    }
}

/// Reads a JWK Set of which one key at least can be used.
pub(crate) fn set(json: &[u8]) -> Result<(Keys, Vec<KeyFault>), NoKeys> {
    let set = serde_json::from_slice(json).map_err(NoKeys::NoJson)?;
    let (keys, faults) = Keys::from_jwks(&set).map_err(NoKeys::NoSet)?;
    match faults.first() {
        Some(first) if keys.is_empty() => Err(NoKeys::NoneUsable(faults.len(), first.clone())),
        _ => Ok((keys, faults)),
    }
}
