//! A registry, asked about one image: with the user's credentials, again when it fails for a moment, and
//! never trusted about bytes, which their digests vouch for.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use std::{io, mem};

use futures_util::stream;
use indicatif::ProgressBar;
use oci_client::client::{Certificate, CertificateEncoding, ClientConfig, ClientProtocol};
use oci_client::errors::OciDistributionError;
use oci_client::manifest::{OciDescriptor, OciImageIndex, OciManifest};
use oci_client::{Client, Reference, RegistryOperation};
use tokio::io::AsyncWrite;

use super::access::Access;
use super::artefact::{Artefact, Blob};
use super::credentials::Credentials;
use super::error::{Action, Asked, RegistryError, is_passing};
use super::format::media_type;
use super::layer;
use super::progress::Progress;
use super::reference::{is_local, registry};

/// How long to wait before the second try; before each further one twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(250);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long nothing may come.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

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
    client: Client,
    image: Reference,
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
        let client = |protocol| client(protocol, authority.clone());
        let mut opened = Self {
            client: match access.plain_http {
                true => client(ClientProtocol::Http)?,
                false => client(ClientProtocol::Https)?,
            },
            image: image.clone(),
            credentials,
            retries: access.retries,
            progress: Progress::default(),
        };
        // A registry on this machine speaks what it likes: nobody is between.
        let may_be_plain = is_local(image) && !access.plain_http && authority.is_none();
        let login = opened.log_in(action).await;
        if may_be_plain && matches!(login, Err(RegistryError::NoTls { .. })) {
            opened.client = client(ClientProtocol::Http)?;
            opened.log_in(action).await?;
        } else {
            login?;
        }
        Ok(opened)
    }

    async fn log_in(&self, action: Action) -> Result<(), RegistryError> {
        self.tried(action, &self.image, async || self.authorised(action).await)
            .await
    }

    async fn authorised(&self, action: Action) -> Result<(), OciDistributionError> {
        let operation = match action {
            Action::Pull => RegistryOperation::Pull,
            Action::Push => RegistryOperation::Push,
        };
        let auth = &self.credentials.auth;
        self.client.auth(&self.image, auth, operation).await?;
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
        let pushed = self.at(&artefact.digest);
        self.tried(Action::Pull, &pushed, async || {
            let auth = &self.credentials.auth;
            self.client.fetch_manifest_digest(&pushed, auth).await
        })
        .await?;
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
        let (bytes, _) = self
            .tried(Action::Pull, of, async || {
                let auth = &self.credentials.auth;
                self.client.pull_manifest_raw(of, auth, &MANIFESTS).await
            })
            .await?;
        let manifest = serde_json::from_slice(&bytes).map_err(|error| RegistryError::Other {
            registry: registry(of).to_owned(),
            problem: format!("its manifest of {} is none: {error}", of.whole()),
        })?;
        Ok((manifest, super::digest(&bytes)))
    }

    /// A blob, which has the digest and at most the size that its descriptor says.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn blob(&self, of: &OciDescriptor) -> Result<Vec<u8>, RegistryError> {
        let registry = || registry(&self.image).to_owned();
        let said = u64::try_from(of.size).unwrap_or(0);
        if said > layer::MOST_BYTES {
            let most = layer::MOST_BYTES;
            return Err(RegistryError::Other {
                registry: registry(),
                problem: format!(
                    "{} is said to have {said} bytes; {most} are read",
                    of.digest
                ),
            });
        }
        let bar = self.progress.bar("pulling", said);
        let result = self
            .tried(Action::Pull, &self.image, async || {
                bar.set_position(0);
                let mut bytes = Bounded::new(said, bar.clone());
                let pulled = self.client.pull_blob(&self.image, of, &mut bytes).await;
                match pulled {
                    Err(OciDistributionError::IoError(_)) if bytes.is_over => Ok(None),
                    other => other.map(|()| Some(mem::take(&mut bytes.bytes))),
                }
            })
            .await?;
        bar.finish();
        result.ok_or_else(|| RegistryError::Longer {
            registry: registry(),
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
        self.tried(Action::Pull, &subject, async || {
            self.client.pull_referrers(&subject, Some(kind)).await
        })
        .await
    }

    async fn tried<T>(
        &self,
        action: Action,
        image: &Reference,
        attempt: impl AsyncFn() -> Result<T, OciDistributionError>,
    ) -> Result<T, RegistryError> {
        let mut wait = FIRST_WAIT;
        let mut tries = 1;
        loop {
            let error = match attempt().await {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
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

fn client(protocol: ClientProtocol, authority: Option<Vec<u8>>) -> Result<Client, RegistryError> {
    let no_client = |error: &dyn std::error::Error| {
        let mut causes = vec![error.to_string()];
        let mut cause = error.source();
        while let Some(inner) = cause {
            causes.push(inner.to_string());
            cause = inner.source();
        }
        RegistryError::NoClient(causes.join(": "))
    };
    // What the client makes without asking whether it can.
    reqwest::Client::builder()
        .build()
        .map_err(|error| no_client(&error))?;
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
        user_agent: concat!("headgate/", env!("CARGO_PKG_VERSION")),
        ..ClientConfig::default()
    };
    Client::try_from(config).map_err(|error| no_client(&error))
}

/// Takes so many bytes and no more, whatever is sent.
struct Bounded {
    bytes: Vec<u8>,
    most: u64,
    is_over: bool,
    bar: ProgressBar,
}

impl Bounded {
    fn new(most: u64, bar: ProgressBar) -> Self {
        Self {
            bytes: Vec::new(),
            most,
            is_over: false,
            bar,
        }
    }
}

impl AsyncWrite for Bounded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if (self.bytes.len() + bytes.len()) as u64 > self.most {
            self.is_over = true;
            return Poll::Ready(Err(io::ErrorKind::FileTooLarge.into()));
        }
        self.bytes.extend_from_slice(bytes);
        self.bar.inc(bytes.len() as u64);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
