//! Documents from files and standard input.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::Context;

/// Where a document is read from.
#[derive(Debug, Clone)]
pub enum Source {
    /// What is piped in.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl From<&str> for Source {
    fn from(argument: &str) -> Self {
        match argument {
            "-" => Self::Stdin,
            path => Self::File(path.into()),
        }
    }
}

impl Source {
    /// What messages call it.
    pub fn name(&self) -> String {
        match self {
            Self::Stdin => "<stdin>".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }

    /// The directory that relative file names in the document start from: the document's own, or the
    /// working directory for one that is piped in.
    pub fn directory(&self) -> &Path {
        let directory = match self {
            Self::Stdin => None,
            Self::File(path) => path.parent(),
        };
        // A path of one name has an empty parent.
        directory
            .filter(|directory| !directory.as_os_str().is_empty())
            .unwrap_or(Path::new("."))
    }

    /// The bytes of the document. Of one that is too large only so many are read that the reader sees
    /// that it is.
    ///
    /// # Errors
    /// When there is no such file, or it cannot be read.
    pub fn read(&self) -> anyhow::Result<Vec<u8>> {
        match self {
            Self::Stdin => read(io::stdin().lock()),
            Self::File(path) => open(path).and_then(read),
        }
        .with_context(|| format!("cannot read {}", self.name()))
    }
}

fn open(path: &Path) -> anyhow::Result<File> {
    File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => anyhow::anyhow!(
            "there is no such file; name the document, or \"-\" to read standard input"
        ),
        _ => error.into(),
    })
}

fn read(from: impl Read) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(gateway_model::MOST_BYTES as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}
