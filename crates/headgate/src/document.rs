//! Documents that are to be used, not only looked at.

use std::fs::File;
use std::io::{self, Read};

use gateway_model::{Checked, Diagnostics, FileName, Gateway, MOST_KEY_BYTES};

use crate::discovery;
use crate::exit_status::ExitStatus;
use crate::input::Source;
use crate::report;

/// The document with what is in its files of keys, if it can be used; how to exit, if it cannot, which has
/// then been told.
///
/// # Errors
/// When it cannot be read.
pub fn load(source: &Source) -> anyhow::Result<Result<Gateway, ExitStatus>> {
    Ok(check(source, &source.read()?))
}

/// The same with where its issuers have their keys, which are asked: what is rendered of it is whole.
///
/// # Errors
/// When it cannot be read, or an issuer does not say it.
pub fn load_complete(source: &Source) -> anyhow::Result<Result<Gateway, ExitStatus>> {
    match load(source)? {
        Ok(gateway) => discovery::complete(gateway, source).map(Ok),
        Err(status) => Ok(Err(status)),
    }
}

/// The document without its files of keys, where nothing is made of it that lets requests pass.
///
/// # Errors
/// When it cannot be read.
pub fn load_alone(source: &Source) -> anyhow::Result<Result<Gateway, ExitStatus>> {
    let file = source.name();
    Ok(told(&file, gateway_model::read(&file, &source.read()?)))
}

/// The same as [`load`] with the bytes of a document that were read already.
pub fn check(source: &Source, bytes: &[u8]) -> Result<Gateway, ExitStatus> {
    told(&source.name(), read(source, bytes))
}

/// Reads a document and its files of keys.
///
/// # Errors
/// Everything that is wrong with them.
pub fn read(source: &Source, bytes: &[u8]) -> Result<Checked, Diagnostics> {
    let files = |name: &FileName| read_keys(source, name);
    gateway_model::read_with_files(&source.name(), bytes, &files)
}

/// A file of keys; of one that is too large only so much is read that the reader sees that it is.
fn read_keys(source: &Source, name: &FileName) -> io::Result<Vec<u8>> {
    let file = File::open(source.directory().join(name.as_str()))?;
    let mut bytes = Vec::new();
    file.take(MOST_KEY_BYTES as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn told(file: &str, read: Result<Checked, Diagnostics>) -> Result<Gateway, ExitStatus> {
    match read {
        Ok(checked) => {
            report::each(&checked.warnings);
            Ok(checked.document)
        }
        Err(wrong) => Err(report::document(file, &wrong)),
    }
}
