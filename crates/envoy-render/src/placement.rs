//! Where what is rendered will be.

/// Where what is rendered will be, as Envoy sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// The directory that holds the files, and that Envoy watches.
    pub directory: String,
    /// The pipeline's module.
    pub module: String,
    /// The directory that the document's relative file names start from.
    pub files: String,
    /// The authorities that upstreams over TLS are held against when they name none: a file of their
    /// certificates, PEM.
    pub system_cas: String,
}

/// Where Debian, Ubuntu, Alpine and the official images of Envoy keep the authorities that they trust.
pub const SYSTEM_CAS: &str = "/etc/ssl/certs/ca-certificates.crt";

impl Placement {
    /// All in one directory, as in a container: the module in its `modules/`, and the files that the
    /// document names below it.
    pub fn in_directory(directory: &str) -> Self {
        Self {
            directory: directory.to_owned(),
            module: format!("{directory}/modules/gateway.wasm"),
            files: directory.to_owned(),
            system_cas: SYSTEM_CAS.to_owned(),
        }
    }

    /// For what must not depend on the place: the hashes that functions are named by.
    pub(crate) fn anywhere() -> Self {
        Self::in_directory("")
    }

    /// The path of a file that the document names.
    pub fn path_of(&self, file: &str) -> String {
        if file.starts_with('/') {
            file.to_owned()
        } else {
            format!("{}/{file}", self.files.trim_end_matches('/'))
        }
    }
}
