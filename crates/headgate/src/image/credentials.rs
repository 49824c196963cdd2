//! Who asks the registry: the user of the command line, or the one that docker's config.json has.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use docker_credential::{CredentialRetrievalError, DockerCredential};
use oci_client::secrets::RegistryAuth;

/// Docker Hub's own key in the file.
const HUB: &str = "https://index.docker.io/v1/";

/// Credentials and whose they are.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// What is shown to the registry.
    pub auth: RegistryAuth,
    /// Whose they are.
    pub who: Who,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// Without credentials.
    Nobody,
    /// A user, with credentials from somewhere.
    User { name: String, from: String },
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nobody => f.write_str("a user without credentials"),
            Self::User { name, from } => write!(f, "\"{name}\" (from {from})"),
        }
    }
}

/// The file is there, and no credentials can be had from it.
#[derive(Debug, thiserror::Error)]
pub enum NoCredentials {
    /// Not to be read.
    #[error("cannot read {}: {error}", path.display())]
    Unreadable { path: PathBuf, error: io::Error },
    /// Not JSON.
    #[error("{}: {error}; correct it, or give --username and --password-stdin", path.display())]
    NoJson {
        path: PathBuf,
        error: serde_json::Error,
    },
    /// No credentials in what it names.
    #[error(
        "{}: the credentials of {registry} cannot be had: {problem}; log in again, or give --username \
         and --password-stdin",
        path.display()
    )]
    Problem {
        path: PathBuf,
        registry: String,
        problem: String,
    },
}

impl Credentials {
    /// Those of a user.
    pub fn of(name: String, password: String, from: &str) -> Self {
        Self {
            auth: RegistryAuth::Basic(name.clone(), password),
            who: Who::User {
                name,
                from: from.to_owned(),
            },
        }
    }

    /// Those that docker's config.json has for a registry: within it, or from the helper that it names.
    ///
    /// # Errors
    /// When it has some that cannot be had.
    pub fn of_docker(registry: &str) -> Result<Self, NoCredentials> {
        match file() {
            Some(path) => Self::in_file(&path, registry),
            None => Ok(Self::nobody()),
        }
    }

    fn nobody() -> Self {
        Self {
            auth: RegistryAuth::Anonymous,
            who: Who::Nobody,
        }
    }

    fn in_file(path: &Path, registry: &str) -> Result<Self, NoCredentials> {
        let path = || path.to_owned();
        let bytes = match std::fs::read(path()) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::nobody()),
            Err(error) => {
                return Err(NoCredentials::Unreadable {
                    path: path(),
                    error,
                });
            }
        };
        let config: serde_json::Value =
            serde_json::from_slice(&bytes).map_err(|error| NoCredentials::NoJson {
                path: path(),
                error,
            })?;
        let key = match registry {
            "docker.io" | "index.docker.io" => HUB,
            other => other,
        };
        let problem = |problem: String| {
            Err(NoCredentials::Problem {
                path: path(),
                registry: registry.to_owned(),
                problem,
            })
        };
        let helper = || {
            let of_registry = config
                .get("credHelpers")
                .and_then(|helpers| helpers.get(key));
            let helper = of_registry.or_else(|| config.get("credsStore"))?;
            Some(format!("docker-credential-{}", helper.as_str()?))
        };
        match docker_credential::get_credential_from_reader(bytes.as_slice(), key) {
            Ok(DockerCredential::UsernamePassword(name, password)) => {
                Ok(Self::of(name, password, &path().display().to_string()))
            }
            Ok(DockerCredential::IdentityToken(_)) => {
                problem("it is an identity token, which is not supported".to_owned())
            }
            Err(CredentialRetrievalError::NoCredentialConfigured) => Ok(Self::nobody()),
            // What helpers say when they have none for that registry.
            Err(CredentialRetrievalError::HelperFailure { stdout, .. })
                if stdout.contains("credentials not found") =>
            {
                Ok(Self::nobody())
            }
            Err(CredentialRetrievalError::HelperFailure {
                helper,
                stdout,
                stderr,
            }) => {
                let said = [stdout.trim(), stderr.trim()].join(" ");
                problem(format!("{helper} failed: {}", said.trim()))
            }
            Err(CredentialRetrievalError::HelperCommunicationError) => {
                let helper = helper().unwrap_or_else(|| "the helper".to_owned());
                problem(format!("{helper} cannot be run; is it in the PATH?"))
            }
            Err(CredentialRetrievalError::MalformedHelperResponse) => {
                let helper = helper().unwrap_or_else(|| "the helper".to_owned());
                problem(format!("{helper} printed no Username and Secret"))
            }
            Err(other) => problem(other.to_string()),
        }
    }
}

fn file() -> Option<PathBuf> {
    let home = || Some(std::env::home_dir()?.join(".docker"));
    let directory = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from);
    Some(directory.or_else(home)?.join("config.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Docker(tempfile::TempDir);

    impl Docker {
        fn with(config: &str) -> Self {
            let directory = tempfile::tempdir().unwrap();
            std::fs::write(directory.path().join("config.json"), config).unwrap();
            Self(directory)
        }

        fn path(&self) -> PathBuf {
            self.0.path().join("config.json")
        }

        fn ask(&self, registry: &str) -> Result<Credentials, NoCredentials> {
            Credentials::in_file(&self.path(), registry)
        }

        fn user(&self, registry: &str) -> String {
            match self.ask(registry).unwrap().auth {
                RegistryAuth::Basic(name, password) => format!("{name}:{password}"),
                other => format!("{other:?}"),
            }
        }

        fn problem(&self, registry: &str) -> String {
            let error = self.ask(registry).unwrap_err().to_string();
            error.replace(&self.path().display().to_string(), "config.json")
        }
    }

    #[test]
    fn the_file_has_them_by_registry() {
        // alice:secret, bob:word
        let docker = Docker::with(
            r#"{ "auths": {
                "registry.example.com:5000": { "auth": "YWxpY2U6c2VjcmV0" },
                "https://index.docker.io/v1/": { "auth": "Ym9iOndvcmQ=" }
            } }"#,
        );
        assert_eq!(docker.user("registry.example.com:5000"), "alice:secret");
        assert_eq!(docker.user("docker.io"), "bob:word");
        assert_eq!(docker.user("registry.example.com"), "Anonymous");
    }

    #[test]
    fn without_a_file_there_are_none() {
        let nowhere = tempfile::tempdir().unwrap();
        let path = nowhere.path().join("config.json");
        let credentials = Credentials::in_file(&path, "registry.example.com").unwrap();
        assert_eq!(credentials.who, Who::Nobody);
    }

    #[test]
    fn what_is_wrong_with_the_file_is_told() {
        assert_eq!(
            Docker::with("{").problem("registry.example.com"),
            "config.json: EOF while parsing an object at line 1 column 1; correct it, or give --username and \
             --password-stdin"
        );
        let token = r#"{ "auths": { "r.example.com": { "identitytoken": "t" } } }"#;
        assert_eq!(
            Docker::with(token).problem("r.example.com"),
            "config.json: the credentials of r.example.com cannot be had: it is an identity token, which is not \
             supported; log in again, or give --username and --password-stdin"
        );
        let missing = r#"{ "credHelpers": { "r.example.com": "no-such" } }"#;
        assert_eq!(
            Docker::with(missing).problem("r.example.com"),
            "config.json: the credentials of r.example.com cannot be had: docker-credential-no-such cannot be \
             run; is it in the PATH?; log in again, or give --username and --password-stdin"
        );
    }
}
