//! Where what is rendered will be.

use gateway_model::{Entrance, FileName, Gateway, NamedFile};

use crate::discovery::short_hash;

/// Where what is rendered will be, as Envoy sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// The directory that holds the files.
    pub directory: String,
    /// The directory that Envoy watches for what is moved into it: that one, or the one where a link is moved
    /// that leads there.
    pub watched: String,
    /// The pipeline's module.
    pub module: String,
    /// The files that the document names.
    pub files: Files,
    /// The directory of the Kubernetes Secrets that the document names, each of them a directory there.
    pub secrets: String,
    /// The authorities that upstreams over TLS are held against when they name none: a file of their
    /// certificates, PEM.
    pub system_cas: String,
    /// How many Envoys there can be at most, among which limits are divided that all of them share.
    pub replicas: u32,
    /// What stands between clients and Envoy there; nothing, if it is none, as on one's own machine.
    pub entrance: Option<Entrance>,
}

/// Where the files are that the document names, authorities and certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Files {
    /// Those of relative names in a directory that the names start from, the others where they say.
    From(String),
    /// All of them in the directory that Envoy watches, by [`Placement::key_of`].
    Watched,
}

/// Where Debian, Ubuntu, Alpine and the official images of Envoy keep the authorities that they trust.
pub const SYSTEM_CAS: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The bootstrap in the image of the gateway.
pub const IMAGE_BOOTSTRAP: &str = "/etc/headgate/bootstrap/bootstrap.yaml";

impl Placement {
    /// All in one directory, as in a container: the module in its `modules/`, Secrets in its `secrets/`,
    /// and the files that the document names below it.
    pub fn in_directory(directory: &str) -> Self {
        Self {
            directory: directory.to_owned(),
            watched: directory.to_owned(),
            module: format!("{directory}/modules/gateway.wasm"),
            files: Files::From(directory.to_owned()),
            secrets: format!("{directory}/secrets"),
            system_cas: SYSTEM_CAS.to_owned(),
            replicas: 1,
            entrance: None,
        }
    }

    /// In the image of the gateway, whose module has this file name, behind what stands there: the files
    /// of the render but the bootstrap are a ConfigMap that is mounted as the watched directory.
    pub fn in_image(module: &str, entrance: Entrance) -> Self {
        Self {
            // A kubelet moves this link, and only then makes links of files that are new: by those Envoy might
            // look for a file that is not there yet.
            directory: "/etc/headgate/config/..data".to_owned(),
            watched: "/etc/headgate/config".to_owned(),
            module: format!("/etc/headgate/modules/{module}"),
            files: Files::Watched,
            secrets: "/etc/headgate/secrets".to_owned(),
            system_cas: SYSTEM_CAS.to_owned(),
            replicas: Gateway::MOST_REPLICAS,
            entrance: Some(entrance),
        }
    }

    /// For what must not depend on the place: the hashes that functions are named by.
    pub(crate) fn anywhere() -> Self {
        Self::in_directory("")
    }

    /// The path of a file that the document names.
    pub fn path_of(&self, file: NamedFile<'_>) -> String {
        match (file, &self.files) {
            (NamedFile::Secret { name, key }, _) => {
                format!("{}/{name}/{key}", self.secrets.trim_end_matches('/'))
            }
            (NamedFile::File(file), Files::Watched) => {
                format!("{}/{}", self.directory, Self::key_of(file))
            }
            (NamedFile::File(file), Files::From(_)) if file.as_str().starts_with('/') => {
                file.to_string()
            }
            (NamedFile::File(file), Files::From(directory)) => {
                format!("{}/{file}", directory.trim_end_matches('/'))
            }
        }
    }

    /// What a file that the document names is called where there are no directories, as among the keys of
    /// a ConfigMap. Each name has its own.
    pub fn key_of(file: &FileName) -> String {
        format!("file-{}.pem", short_hash(file.as_str().as_bytes()))
    }
}
