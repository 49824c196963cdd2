//! Names of files.

use std::fmt;
use std::str::FromStr;

use super::travels_as_text;
use crate::words::quoted;

/// The name of a file that Envoy reads: `tls/shop.crt`, which is beside the document, or
/// `/etc/tls/shop.crt`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileName(Box<str>);

/// Why a text is no [`FileName`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileNameError {
    /// What would stand in a file.
    #[error("expected the name of a file, found what is in one; write it to a file and name that")]
    Content,
    /// Nothing, a directory, or what no file is called.
    #[error("expected the name of a file such as \"tls/shop.crt\", found {}", quoted(.0))]
    Name(String),
}

impl FileName {
    /// The name, as it stands in the document.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for FileName {
    type Err = FileNameError;

    fn from_str(text: &str) -> Result<Self, FileNameError> {
        if text.contains("-----BEGIN") {
            return Err(FileNameError::Content);
        }
        let last = text.rsplit('/').next().unwrap_or(text);
        let longest = 4096; // PATH_MAX
        let legal = !["", ".", ".."].contains(&last)
            && text.len() < longest
            && text.trim() == text
            && !text.contains(char::is_control);
        if legal {
            Ok(Self(text.into()))
        } else {
            Err(FileNameError::Name(text.to_owned()))
        }
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

travels_as_text!(FileName, "the name of a file");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_beside_the_document_or_anywhere() {
        for text in [
            "shop.crt",
            "tls/shop.crt",
            "../tls/shop.crt",
            "/etc/tls/my shop.crt",
        ] {
            assert_eq!(text.parse::<FileName>().unwrap().as_str(), text);
        }
        for text in ["", "tls/", ".", "tls/..", " a", "a\n", "a\0b"] {
            assert!(text.parse::<FileName>().is_err(), "{text:?}");
        }
    }
}
