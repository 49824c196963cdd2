//! What the log says of keys.

use filter_api::{Level, RootHost};

use crate::key::shown;
use crate::keys::{KeyFault, Keys};

/// How many keys of a set are told one by one.
const MOST_TOLD: usize = 10;

/// Tells which keys of a set are left out, and why.
pub(crate) fn left_out(host: &mut dyn RootHost, provider: &str, faults: &[KeyFault]) {
    let lines = faults
        .iter()
        .map(|KeyFault { index, error }| format!("key {index} is left out: {error}"));
    tell(host, provider, lines, "are left out");
}

/// Tells which keys the host does not take, so that they verify nothing.
pub(crate) fn not_taken(host: &mut dyn RootHost, provider: &str, keys: &Keys) {
    let mut lines = Vec::new();
    for key in keys.iter() {
        let kid = shown(key.kid().unwrap_or_default());
        if let Err(error) = key.is_taken(host) {
            lines.push(format!("key \"{kid}\" verifies nothing: {error}"));
        }
    }
    tell(host, provider, lines.into_iter(), "verify nothing");
}

fn tell(
    host: &mut dyn RootHost,
    provider: &str,
    mut lines: impl Iterator<Item = String>,
    what: &str,
) {
    for line in lines.by_ref().take(MOST_TOLD) {
        host.log(Level::Warn, &format!("provider {provider}: {line}"));
    }
    let more = lines.count();
    if more > 0 {
        let message = format!("provider {provider}: {more} more keys {what}");
        host.log(Level::Warn, &message);
    }
}
