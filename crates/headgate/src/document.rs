//! Documents that are to be used, not only looked at.

use gateway_model::Gateway;

use crate::exit_status::ExitStatus;
use crate::input::Source;
use crate::report;

/// The document, if it can be used; how to exit, if it cannot, which has then been told.
///
/// # Errors
/// When it cannot be read.
pub fn load(source: &Source) -> anyhow::Result<Result<Gateway, ExitStatus>> {
    Ok(check(source, &source.read()?))
}

/// The same with the bytes of a document that were read already.
pub fn check(source: &Source, bytes: &[u8]) -> Result<Gateway, ExitStatus> {
    let file = source.name();
    match gateway_model::read(&file, bytes) {
        Ok(checked) => {
            report::each(&checked.warnings);
            Ok(checked.document)
        }
        Err(wrong) => Err(report::document(&file, &wrong)),
    }
}
