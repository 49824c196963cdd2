//! How much a ConfigMap holds.

use std::collections::BTreeMap;

use envoy_render::compact;

/// What the API server takes in all values of a ConfigMap together, in bytes (`ValidateConfigMap`).
pub const MOST_BYTES: usize = 1024 * 1024;

/// A ConfigMap that no cluster takes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "ConfigMap {name} would hold {bytes} bytes, and Kubernetes takes at most {MOST_BYTES} ({}); what \
     makes it smaller: one route with a prefix or {{variables}} in place of many that go to the same \
     upstream, one destination spelt the same by the routes that share it, or a part of the hosts in \
     another document, with another metadata.name",
    shown(parts)
)]
pub struct TooLarge {
    name: String,
    bytes: usize,
    /// The greatest first.
    parts: Vec<(String, usize)>,
}

fn shown(parts: &[(String, usize)]) -> String {
    let parts = parts.iter().map(|(file, bytes)| format!("{file} {bytes}"));
    parts.collect::<Vec<_>>().join(", ")
}

/// How many parts an error names.
const NAMED: usize = 3;

/// The files as they are, if a ConfigMap of this name holds them; else in the shorter of two spellings:
/// as they are, or without a blank.
///
/// # Errors
/// When that is still too much.
pub fn fit(
    name: &str,
    mut files: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, TooLarge> {
    if bytes(&files) <= MOST_BYTES {
        return Ok(files);
    }
    for text in files.values_mut() {
        if let Some(compact) = compact(text).filter(|compact| compact.len() < text.len()) {
            *text = compact;
        }
    }
    let bytes = bytes(&files);
    if bytes <= MOST_BYTES {
        return Ok(files);
    }
    let mut parts: Vec<_> = files
        .iter()
        .map(|(file, text)| (file.clone(), text.len()))
        .collect();
    parts.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    parts.truncate(NAMED);
    let name = name.to_owned();
    Err(TooLarge { name, bytes, parts })
}

fn bytes(files: &BTreeMap<String, String>) -> usize {
    files.values().map(String::len).sum()
}
