//! The module that is pushed: one of Headgate's, by its name, or a file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use bytes::Bytes;

use super::said::{self, NoSuchTime, SOURCE_DATE_EPOCH, Said};
use super::{layer, sha256};
use crate::modules;

/// What every module begins with: the magic number and version 1 (a component has another).
const MAGIC: &[u8] = b"\0asm\x01\0\0\0";

/// What the name of the export begins with by which a host knows the ABI.
const ABI: &[u8] = b"proxy_abi_version_";

/// A module and what is said of it.
pub struct Module {
    /// Its bytes.
    pub bytes: Bytes,
    /// The version of the proxy-wasm ABI, `0.2.1`.
    pub abi: String,
    /// What is said of it.
    pub said: Said,
}

/// What is to be pushed, as the command line names it.
#[derive(Debug, Clone)]
pub enum Source {
    /// One of Headgate's modules.
    Named(String),
    /// A file.
    File(PathBuf),
}

impl From<&str> for Source {
    /// A path has a slash or ends as modules do; a name has and does neither.
    fn from(text: &str) -> Self {
        match text.contains('/') || text.ends_with(".wasm") {
            true => Self::File(text.into()),
            false => Self::Named(text.to_owned()),
        }
    }
}

/// The file cannot be a filter of an Envoy.
#[derive(Debug, thiserror::Error)]
pub enum NoFilter {
    /// Not even wasm.
    #[error("{0} is no wasm module: it does not begin with \\0asm and version 1")]
    NoModule(String),
    /// Wasm for something else.
    #[error(
        "{0} is no proxy-wasm filter: it exports no proxy_abi_version_…, without which Envoy does not \
         load it; build it as a cdylib for wasm32 with a proxy-wasm SDK"
    )]
    NoAbi(String),
    /// Larger than what readers take.
    #[error("{0} has {1} bytes; Envoy Gateway reads up to {limit}", limit = layer::MOST_BYTES)]
    TooLarge(String, usize),
}

impl Source {
    /// Reads it. `directory` is where Headgate's modules are, if not in the usual places.
    ///
    /// # Errors
    /// When it cannot be read or is no filter.
    pub fn read(
        &self,
        directory: Option<&Path>,
        more: BTreeMap<String, String>,
    ) -> anyhow::Result<Module> {
        let (name, bytes, said) = match self {
            Self::Named(name) => {
                let (entry, bytes) = modules::find(directory, name)
                    .context("to push a file, write a path that has a / or ends with .wasm")?;
                let known = |text: String| Some(text).filter(|text| !text.is_empty());
                let said = Said {
                    title: Some(entry.name),
                    version: known(entry.version),
                    revision: known(entry.revision),
                    licences: Some(env!("CARGO_PKG_LICENSE").to_owned()),
                    ..Said::default()
                };
                (name.clone(), bytes, said)
            }
            Self::File(path) => {
                let name = path.display().to_string();
                let bytes = fs::read(path).with_context(|| format!("cannot read {name}"))?;
                // Its name is no part of what is said: the same bytes have the same digest.
                (name, bytes, Said::default())
            }
        };
        let abi = abi(&name, &bytes)?;
        let said = Said {
            sha256: sha256(&bytes),
            created: created()?,
            more,
            ..said
        };
        Ok(Module {
            bytes: bytes.into(),
            abi,
            said,
        })
    }
}

fn created() -> Result<Option<String>, NoSuchTime> {
    let seconds = std::env::var(SOURCE_DATE_EPOCH).ok();
    seconds.as_deref().map(said::created).transpose()
}

/// Looks for the export's name among the bytes, not in the table of exports: what is looked for is a
/// mistaken file, not one that deceives.
fn abi(name: &str, bytes: &[u8]) -> Result<String, NoFilter> {
    if !bytes.starts_with(MAGIC) {
        return Err(NoFilter::NoModule(name.to_owned()));
    }
    if bytes.len() as u64 > layer::MOST_BYTES {
        return Err(NoFilter::TooLarge(name.to_owned(), bytes.len()));
    }
    let place = bytes.windows(ABI.len()).position(|window| window == ABI);
    let version = place.and_then(|place| bytes.get(place + ABI.len()..));
    let version = version.ok_or_else(|| NoFilter::NoAbi(name.to_owned()))?;
    let is_version = |byte: &&u8| byte.is_ascii_digit() || **byte == b'_';
    let version = version.iter().take_while(is_version);
    Ok(version
        .map(|&byte| if byte == b'_' { '.' } else { char::from(byte) })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_told_from_a_name() {
        assert!(matches!(Source::from("gateway"), Source::Named(_)));
        assert!(matches!(Source::from("gateway.wasm"), Source::File(_)));
        assert!(matches!(Source::from("./gateway"), Source::File(_)));
    }

    #[test]
    fn the_abi_is_read_from_the_exports_name() {
        let module = b"\0asm\x01\0\0\0\x07\x18\x17proxy_abi_version_0_2_1\0";
        assert_eq!(abi("a.wasm", module).unwrap(), "0.2.1");
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        assert_eq!(
            abi("a.wasm", b"\x7fELF").unwrap_err().to_string(),
            "a.wasm is no wasm module: it does not begin with \\0asm and version 1"
        );
        assert_eq!(
            abi("a.wasm", MAGIC).unwrap_err().to_string(),
            "a.wasm is no proxy-wasm filter: it exports no proxy_abi_version_…, without which Envoy does not \
             load it; build it as a cdylib for wasm32 with a proxy-wasm SDK"
        );
    }
}
