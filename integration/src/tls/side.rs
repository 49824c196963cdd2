//! The client's and the server's side of a handshake.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, ServerConfig,
    SignatureScheme, SupportedProtocolVersion, version,
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::{Authority, Identity};

/// A connection, over TLS or in the clear.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// How a client asks: whom it trusts, and for which name.
#[derive(Debug, Clone)]
#[must_use]
pub struct ClientSide {
    config: ClientConfig,
    name: ServerName<'static>,
    roots: RootCertStore,
}

/// Holds a certificate against the authority, and not against the name.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self
            .0
            .verify_server_cert(certificate, intermediates, name, ocsp, now);
        match verified {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

impl ClientSide {
    /// Trusts this authority alone, and asks for a host name; for an IP address no name is sent.
    ///
    /// # Panics
    /// When `name` is neither.
    pub fn new(authority: &Authority, name: &str) -> Self {
        let roots = authority.store();
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .with_root_certificates(roots.clone())
            .with_no_client_auth();
        let name = ServerName::try_from(name.to_owned()).expect("a host");
        Self {
            config,
            name,
            roots,
        }
    }

    /// Sends no name.
    pub fn nameless(mut self) -> Self {
        self.config.enable_sni = false;
        self
    }

    /// Takes any certificate of the authority, whatever name it is for.
    ///
    /// # Panics
    /// When the authority is none.
    pub fn trusting_any_name(mut self) -> Self {
        let roots = Arc::new(self.roots.clone());
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider());
        let verifier = AnyName(verifier.build().expect("an authority"));
        self.config
            .dangerous()
            .set_certificate_verifier(Arc::new(verifier));
        self
    }

    /// What is offered and what comes about (ALPN, RFC 7301).
    pub(crate) fn offering(mut self, protocol: &str) -> Self {
        self.config.alpn_protocols = vec![protocol.into()];
        self
    }
}

/// Asks; returns the connection, and the certificate that was shown.
pub(crate) async fn connected(
    side: &ClientSide,
    stream: TcpStream,
) -> io::Result<(impl Stream + use<>, CertificateDer<'static>)> {
    let connector = TlsConnector::from(Arc::new(side.config.clone()));
    let stream = connector.connect(side.name.clone(), stream).await?;
    let (_, session) = stream.get_ref();
    if session.alpn_protocol() != side.config.alpn_protocols.first().map(Vec::as_slice) {
        return Err(io::Error::other("the server agreed to no protocol"));
    }
    let shown = session.peer_certificates().and_then(<[_]>::first);
    let shown = shown.expect("the server's certificate").clone();
    Ok((stream, shown))
}

/// How a server answers.
#[derive(Debug, Clone)]
#[must_use]
pub struct ServerSide {
    config: ServerConfig,
}

impl ServerSide {
    /// Shows this certificate to whoever asks, and speaks HTTP/1.1 and HTTP/2.
    ///
    /// # Panics
    /// When the certificate is none.
    pub fn new(identity: &Identity) -> Self {
        Self::with(identity, None, &[&version::TLS12, &version::TLS13])
    }

    /// The same for clients alone that can show a certificate of this authority.
    ///
    /// # Panics
    /// When the certificate is none.
    pub fn for_clients_of(identity: &Identity, clients: &Authority) -> Self {
        Self::with(identity, Some(clients), &[&version::TLS13])
    }

    /// Speaks nothing else than this.
    pub(crate) fn speaking(mut self, protocol: &str) -> Self {
        self.config.alpn_protocols = vec![protocol.into()];
        self
    }

    fn with(
        identity: &Identity,
        clients: Option<&Authority>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Self {
        let builder = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(versions)
            .expect("versions of TLS");
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let store = Arc::new(authority.store());
                let verifier = WebPkiClientVerifier::builder_with_provider(store, provider());
                builder.with_client_cert_verifier(verifier.build().expect("an authority"))
            }
        };
        let key = PrivateKeyDer::try_from(identity.key.serialize_der()).expect("a key");
        let mut config = builder
            .with_single_cert(vec![identity.certificate.clone()], key)
            .expect("a certificate");
        config.alpn_protocols = vec!["h2".into(), "http/1.1".into()];
        Self { config }
    }
}

/// What a client has said in the handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handshake {
    /// The name that it asked for (SNI).
    pub server_name: Option<String>,
    /// What both sides agreed to speak (ALPN).
    pub protocol: Option<String>,
    /// The certificate that it showed.
    pub certificate: Option<CertificateDer<'static>>,
}

/// Answers; returns the connection, and what the client has said.
pub(crate) async fn accepted(
    side: &ServerSide,
    stream: TcpStream,
) -> io::Result<(impl Stream + use<>, Handshake)> {
    let acceptor = TlsAcceptor::from(Arc::new(side.config.clone()));
    let stream = acceptor.accept(stream).await?;
    let (_, session) = stream.get_ref();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let handshake = Handshake {
        server_name: session.server_name().map(ToOwned::to_owned),
        protocol: session.alpn_protocol().map(text),
        certificate: session.peer_certificates().and_then(<[_]>::first).cloned(),
    };
    Ok((stream, handshake))
}
