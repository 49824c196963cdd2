//! A file that is there whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {error}; nothing of it was kept", path.display())]
pub struct NotSaved {
    path: PathBuf,
    error: io::Error,
}

/// Writes a file beside where it belongs and moves it there, so that nobody ever sees half of it.
/// What is there already and is no file, like a pipe, is written to as it is.
///
/// # Errors
/// When the directory is missing, full or not to be written to.
pub fn save(path: &Path, bytes: &[u8]) -> Result<(), NotSaved> {
    written(path, bytes).map_err(|error| NotSaved {
        path: path.to_owned(),
        error,
    })
}

fn written(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|there| !there.is_file() && !there.is_dir()) {
        return fs::write(path, bytes);
    }
    let directory = path
        .parent()
        .filter(|directory| !directory.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    fs::metadata(directory)?;
    // It is removed if anything fails; its name, which nobody knows, is no part of what is told.
    let mut beside = tempfile::Builder::new()
        .prefix(".headgate-")
        .permissions(readable())
        .tempfile_in(directory)
        .map_err(|error| io::Error::from(error.kind()))?;
    let file = beside.as_file_mut();
    file.write_all(bytes)?;
    file.sync_all()?;
    beside.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// As files are made: what the umask leaves of it.
fn readable() -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    fs::Permissions::from_mode(0o666)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_stays_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.wasm");
        save(&path, b"one").unwrap();
        save(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_written_is_told_with_the_place() {
        assert_eq!(
            save(Path::new("/dev/full"), b"one")
                .unwrap_err()
                .to_string(),
            "cannot write /dev/full: No space left on device (os error 28); nothing of it was kept"
        );
        assert_eq!(
            save(Path::new("/no/such/directory/a.wasm"), b"one")
                .unwrap_err()
                .to_string(),
            "cannot write /no/such/directory/a.wasm: No such file or directory (os error 2); nothing of it \
             was kept"
        );
    }
}
