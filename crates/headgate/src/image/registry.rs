//! A registry, asked about one image: with the user's credentials, again when it fails for a moment, and
//! never trusted about bytes, which their digests vouch for.

use std::time::Duration;

use futures_util::stream;
use indicatif::ProgressBar;
use oci_client::client::{Certificate, CertificateEncoding, ClientConfig, ClientProtocol};
use oci_client::errors::{DigestError, OciDistributionError};
use oci_client::manifest::{OciDescriptor, OciImageIndex, OciManifest};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference, RegistryOperation};
use sha2::{Digest, Sha512};

use super::access::Access;
use super::artefact::{Artefact, Blob};
use super::credentials::Credentials;
use super::error::{Action, Asked, RegistryError, is_passing};
use super::format::media_type;
use super::http::{Http, Wanted};
use super::progress::Progress;
use super::reference::{is_local, registry};
use crate::fetch::USER_AGENT;
use crate::hash;

/// How long to wait before the second try; before each further one twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(250);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long nothing may come.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// The largest manifest or index that is read: the limit that registries have for what they take.
const MOST_OF_MANIFEST: u64 = 4 * 1024 * 1024;

const DIGEST: &str = "docker-content-digest";

/// How much is handed over at once, which is what a bar moves by.
const CHUNK: usize = 64 * 1024;

const MANIFESTS: [&str; 4] = [
    media_type::MANIFEST,
    media_type::DOCKER_MANIFEST,
    media_type::INDEX,
    media_type::DOCKER_INDEX,
];

/// A registry and the image that it is asked about.
pub struct Registry {
    /// What pushes.
    client: Client,
    /// What asks for all else.
    http: Http,
    image: Reference,
    action: Action,
    credentials: Credentials,
    retries: u32,
    /// What is shown meanwhile.
    pub progress: Progress,
}

impl Registry {
    /// Reaches the registry of an image, and shows it the credentials.
    ///
    /// # Errors
    /// When it cannot be reached or does not take them.
    pub async fn open(image: &Reference, access: &Access, action: Action) -> anyhow::Result<Self> {
        // Whoever installed another one before has decided so.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let credentials = match (&access.username, access.password()?) {
            (Some(name), Some(password)) => Credentials::of(name.clone(), password, "--username"),
            _ => Credentials::of_docker(registry(image))?,
        };
        let authority = access.authority()?;
        let connect = |protocol| client(protocol, authority.clone());
        let (client, http) = connect(match access.plain_http {
            true => ClientProtocol::Http,
            false => ClientProtocol::Https,
        })?;
        let mut opened = Self {
            client,
            http,
            image: image.clone(),
            action,
            credentials,
            retries: access.retries,
            progress: Progress::default(),
        };
        // A registry on this machine speaks what it likes: nobody is between.
        let may_be_plain = is_local(image) && !access.plain_http && authority.is_none();
        let login = opened.log_in().await;
        if may_be_plain && matches!(login, Err(RegistryError::NoTls { .. })) {
            (opened.client, opened.http) = connect(ClientProtocol::Http)?;
            opened.log_in().await?;
        } else {
            login?;
        }
        Ok(opened)
    }

    async fn log_in(&self) -> Result<(), RegistryError> {
        self.tried(self.action, &self.image, async || self.authorised().await)
            .await
    }

    async fn authorised(&self) -> Result<(), OciDistributionError> {
        let auth = &self.credentials.auth;
        self.http.log_in(&self.image, auth, self.action).await?;
        let shown = self.http.shown();
        if self.action == Action::Push && shown != RegistryAuth::Anonymous {
            for operation in [RegistryOperation::Pull, RegistryOperation::Push] {
                self.client.auth(&self.image, &shown, operation).await?;
            }
        }
        Ok(())
    }

    /// The image that it is asked about, by a digest.
    pub fn at(&self, digest: &str) -> Reference {
        let image = &self.image;
        Reference::with_digest(
            image.registry().to_owned(),
            image.repository().to_owned(),
            digest.to_owned(),
        )
    }

    /// Another tag of the same repository.
    pub fn tagged(&self, tag: &str) -> Reference {
        let image = &self.image;
        Reference::with_tag(
            image.registry().to_owned(),
            image.repository().to_owned(),
            tag.to_owned(),
        )
    }

    /// Carries an image there, under a name of the same repository: the blobs that it does not have
    /// yet, then the manifest.
    ///
    /// # Errors
    /// When the registry does not take it.
    pub async fn push(&self, to: &Reference, artefact: &Artefact) -> Result<(), RegistryError> {
        for blob in &artefact.blobs {
            let bar = self.progress.bar("pushing", blob.data.len() as u64);
            self.tried(Action::Push, to, async || self.push_blob(blob, &bar).await)
                .await?;
            bar.finish();
        }
        let content_type = reqwest::header::HeaderValue::from_static(media_type::MANIFEST);
        self.tried(Action::Push, to, async || {
            let body = artefact.manifest.clone();
            let client = &self.client;
            client
                .push_manifest_raw(to, body, content_type.clone())
                .await
        })
        .await?;
        // What it has now under this digest is what was pushed.
        self.manifest(&self.at(&artefact.digest)).await?;
        Ok(())
    }

    async fn push_blob(&self, blob: &Blob, bar: &ProgressBar) -> Result<(), OciDistributionError> {
        let digest = &blob.descriptor.digest;
        if self.client.blob_exists(&self.image, digest).await? {
            bar.set_position(blob.data.len() as u64);
            return Ok(());
        }
        bar.set_position(0);
        let (data, bar) = (blob.data.clone(), bar.clone());
        let chunks = (0..data.len()).step_by(CHUNK).map(move |start| {
            let chunk = data.slice(start..data.len().min(start + CHUNK));
            bar.inc(chunk.len() as u64);
            Ok(chunk)
        });
        let size = Some(blob.data.len() as u64);
        self.client
            .push_blob_stream(&self.image, stream::iter(chunks), digest, size)
            .await?;
        Ok(())
    }

    /// The manifest of a name, and its digest, which its bytes have.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn manifest(&self, of: &Reference) -> Result<(OciManifest, String), RegistryError> {
        let which = of.digest().or(of.tag()).unwrap_or("latest");
        let wanted = Wanted {
            path: ["manifests", which],
            kind: None,
            accept: &MANIFESTS,
            most: MOST_OF_MANIFEST,
        };
        let bytes = self
            .tried(Action::Pull, of, async || {
                let answer = self.http.get(of, &wanted, |_| ()).await?;
                if let Some(bytes) = &answer.body {
                    let said = answer.headers.get(DIGEST);
                    let said = said.and_then(|said| said.to_str().ok());
                    let said = said.filter(|said| !said.is_empty());
                    for digest in [of.digest(), said].into_iter().flatten() {
                        is_of(bytes, digest)?;
                    }
                }
                Ok(answer.body)
            })
            .await?;
        let what = format!("its manifest of {}", of.whole());
        let bytes = bytes.ok_or_else(|| self.too_long(&what))?;
        let manifest = serde_json::from_slice(&bytes).map_err(|error| self.none(&what, &error))?;
        Ok((manifest, super::digest(&bytes)))
    }

    /// A blob, which has the digest and at most the size that its descriptor says; none that has more
    /// than `most` bytes.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn blob(&self, of: &OciDescriptor, most: u64) -> Result<Vec<u8>, RegistryError> {
        let said = u64::try_from(of.size).unwrap_or(0);
        if said > most {
            let problem = format!(
                "{} is said to have {said} bytes; {most} are read",
                of.digest
            );
            return Err(self.other(problem));
        }
        let wanted = Wanted {
            path: ["blobs", &of.digest],
            kind: None,
            accept: &["*/*"],
            most: said,
        };
        let bar = self.progress.bar("pulling", said);
        let result = self
            .tried(Action::Pull, &self.image, async || {
                bar.set_position(0);
                let received = |bytes| bar.inc(bytes);
                let answer = self.http.get(&self.image, &wanted, received).await?;
                if let Some(bytes) = &answer.body {
                    is_of(bytes, &of.digest)?;
                }
                Ok(answer.body)
            })
            .await?;
        bar.finish();
        result.ok_or_else(|| RegistryError::Longer {
            registry: registry(&self.image).to_owned(),
            digest: of.digest.clone(),
            said,
        })
    }

    /// What refers to an image by its digest, of one kind.
    ///
    /// # Errors
    /// When the registry does not answer.
    pub async fn referrers(
        &self,
        digest: &str,
        kind: &str,
    ) -> Result<OciImageIndex, RegistryError> {
        let subject = self.at(digest);
        let wanted = Wanted {
            path: ["referrers", digest],
            kind: Some(kind),
            accept: &[media_type::INDEX],
            most: MOST_OF_MANIFEST,
        };
        let answer = self
            .tried(Action::Pull, &subject, async || {
                self.http.get(&subject, &wanted, |_| ()).await
            })
            .await;
        let what = format!("its list of what refers to {}", subject.whole());
        match answer {
            Ok(answer) => {
                let bytes = answer.body.ok_or_else(|| self.too_long(&what))?;
                serde_json::from_slice(&bytes).map_err(|error| self.none(&what, &error))
            }
            Err(RegistryError::NoSuchImage { .. }) => self.listed_referrers(digest, kind).await,
            Err(error) => Err(error),
        }
    }

    /// Where a registry that cannot be asked for them has them: the specification's "referrers tag
    /// schema".
    async fn listed_referrers(
        &self,
        digest: &str,
        kind: &str,
    ) -> Result<OciImageIndex, RegistryError> {
        let list = self.tagged(&digest.replace(':', "-"));
        let mut index = match self.manifest(&list).await {
            Ok((OciManifest::ImageIndex(index), _)) => index,
            Ok((OciManifest::Image(_), _)) | Err(RegistryError::NoSuchImage { .. }) => {
                OciImageIndex {
                    schema_version: 2,
                    media_type: Some(media_type::INDEX.to_owned()),
                    artifact_type: None,
                    annotations: None,
                    manifests: vec![],
                }
            }
            Err(error) => return Err(error),
        };
        let is_of_kind = |of: &Option<String>| of.as_deref() == Some(kind);
        index.manifests.retain(|one| is_of_kind(&one.artifact_type));
        Ok(index)
    }

    fn other(&self, problem: String) -> RegistryError {
        RegistryError::Other {
            registry: registry(&self.image).to_owned(),
            problem,
        }
    }

    fn too_long(&self, what: &str) -> RegistryError {
        self.other(format!(
            "{what} is longer than the {MOST_OF_MANIFEST} bytes that are read"
        ))
    }

    fn none(&self, what: &str, error: &serde_json::Error) -> RegistryError {
        self.other(format!("{what} is none: {error}"))
    }

    async fn tried<T>(
        &self,
        action: Action,
        image: &Reference,
        attempt: impl AsyncFn() -> Result<T, OciDistributionError>,
    ) -> Result<T, RegistryError> {
        let mut wait = FIRST_WAIT;
        let mut tries = 1;
        let mut is_renewed = false;
        loop {
            let mut error = match attempt().await {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            // A token is good for some minutes, and a large module can take longer.
            let has_token = matches!(self.http.shown(), RegistryAuth::Bearer(_));
            let is_refused = matches!(error, OciDistributionError::UnauthorizedError { .. });
            if is_refused && has_token && !is_renewed {
                is_renewed = true;
                match self.authorised().await {
                    Ok(()) => continue,
                    Err(other) => error = other,
                }
            }
            let again = is_passing(&error) && tries <= self.retries;
            let asked = Asked {
                image,
                who: &self.credentials.who,
                action,
                tries,
            };
            let error = asked.failed(error);
            if !again {
                return Err(error);
            }
            self.progress.tell(&format!("{error}; again in {wait:?}"));
            tokio::time::sleep(wait).await;
            wait *= 2;
            tries += 1;
        }
    }
}

/// What pushes, and what asks.
fn client(
    protocol: ClientProtocol,
    authority: Option<Vec<u8>>,
) -> Result<(Client, Http), RegistryError> {
    let no_client = |error: &dyn std::error::Error| {
        let mut causes = vec![error.to_string()];
        let mut cause = error.source();
        while let Some(inner) = cause {
            causes.push(inner.to_string());
            cause = inner.source();
        }
        RegistryError::NoClient(causes.join(": "))
    };
    let scheme = match protocol {
        ClientProtocol::Http => "http",
        ClientProtocol::Https | ClientProtocol::HttpsExcept(_) => "https",
    };
    // Before the other one, which makes such a one without asking whether it can.
    let mut http = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .user_agent(USER_AGENT);
    if let Some(pem) = &authority {
        let certificate = reqwest::Certificate::from_pem(pem).map_err(|error| no_client(&error))?;
        http = http.tls_certs_merge([certificate]);
    }
    let http = http.build().map_err(|error| no_client(&error))?;
    let authorities = authority.map(|data| Certificate {
        encoding: CertificateEncoding::Pem,
        data,
    });
    let config = ClientConfig {
        protocol,
        use_monolithic_push: true,
        extra_root_certificates: authorities.into_iter().collect(),
        platform_resolver: None,
        connect_timeout: Some(CONNECT_TIMEOUT),
        read_timeout: Some(READ_TIMEOUT),
        user_agent: USER_AGENT,
        ..ClientConfig::default()
    };
    let client = Client::try_from(config).map_err(|error| no_client(&error))?;
    Ok((client, Http::new(http, scheme)))
}

/// Whether bytes have the digest that they are named by.
fn is_of(bytes: &[u8], expected: &str) -> Result<(), DigestError> {
    let found = match expected.split_once(':') {
        Some(("sha256", _)) => super::digest(bytes),
        Some(("sha512", _)) => format!("sha512:{}", hash::hex(&Sha512::digest(bytes))),
        Some((other, _)) => return Err(DigestError::UnsupportedAlgorithm(other.to_owned())),
        None => return Err(DigestError::MissingAlgorithm),
    };
    match found == expected {
        true => Ok(()),
        false => Err(DigestError::VerificationError {
            expected: expected.to_owned(),
            actual: found,
        }),
    }
}
