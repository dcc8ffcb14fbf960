//! TLS toward a server that is not asked in HTTP: whether it is believed, and in words why not.

use super::tls::{Files, certificates, cryptography, days_of};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

pub use tokio_rustls::client::TlsStream;

/// Where systems keep the authorities that they believe.
const OF_SYSTEMS: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// What has to be true of the server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Nothing: whoever only listens learns nothing, and whoever stands between may pretend to be the server.
    Nobody,
    /// An authority that is believed has made it.
    Authority,
    /// And it is for the host that was asked for.
    AuthorityAndName,
}

/// Which authorities are believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorities {
    /// Those of the file in `SSL_CERT_FILE`, or those of this computer.
    OfTheSystem,
    /// Those of this file.
    In(PathBuf),
}

/// How a server is called. Files are read for each connection, so that they may be replaced at any time.
#[derive(Debug, Clone)]
pub struct Client {
    pub trust: Trust,
    pub authorities: Authorities,
    /// What the server is shown of ourselves.
    pub own: Option<Files>,
}

impl Client {
    /// Reads every file once, for those who want to know whether all is well.
    pub fn look(&self) -> Result<(), String> {
        self.config(b"").map(drop)
    }

    fn config(&self, protocol: &[u8]) -> Result<ClientConfig, String> {
        let cryptography = cryptography();
        let inner = match self.trust {
            Trust::Nobody => None,
            Trust::Authority | Trust::AuthorityAndName => {
                let roots = Arc::new(self.authorities.read()?);
                let verifier = WebPkiServerVerifier::builder_with_provider(roots, cryptography.clone());
                Some(verifier.build().map_err(|e| e.to_string())?)
            }
        };
        let verifier = Arc::new(Verifier {
            inner,
            looks_at_name: self.trust == Trust::AuthorityAndName,
            cryptography: cryptography.clone(),
        });
        let builder = ClientConfig::builder_with_provider(cryptography)
            .with_safe_default_protocol_versions()
            .map_err(|e| e.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut config = match &self.own {
            None => builder.with_no_client_auth(),
            Some(files) => {
                let chain = certificates(&files.certificate)?;
                let shown = files.key.display();
                let text = std::fs::read(&files.key).map_err(|e| format!("{shown} cannot be read: {e}."))?;
                let key = PrivateKeyDer::from_pem_slice(&text).map_err(|_| {
                    format!("{shown} holds no private key. It is a PEM file with -----BEGIN PRIVATE KEY-----, without a password.")
                })?;
                builder.with_client_auth_cert(chain, key).map_err(|e| {
                    format!(
                        "{shown} does not serve with {}: {e}.",
                        files.certificate.display()
                    )
                })?
            }
        };
        if !protocol.is_empty() {
            config.alpn_protocols = vec![protocol.to_vec()];
        }
        Ok(config)
    }

    /// Shakes hands with a server.
    pub async fn connect<S>(&self, stream: S, host: &str, protocol: &[u8]) -> Result<TlsStream<S>, String>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| format!("{host:?} is no name that can stand in a certificate"))?;
        TlsConnector::from(Arc::new(self.config(protocol)?))
            .connect(name, stream)
            .await
            .map_err(|error| self.words(&error, host))
    }

    /// Why a connection in TLS came to nothing.
    pub fn words(&self, error: &io::Error, host: &str) -> String {
        let inner = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match inner {
            Some(rustls::Error::InvalidCertificate(error)) => self.of_certificate(error, host),
            Some(rustls::Error::AlertReceived(alert)) => {
                format!(
                    "the server ended the TLS handshake ({alert:?}). It may want a certificate of ours (sslcert, sslkey), or another one"
                )
            }
            Some(other) => format!("TLS cannot be agreed on: {other}"),
            None => format!("the connection ended: {error}"),
        }
    }

    fn of_certificate(&self, error: &CertificateError, host: &str) -> String {
        let whom = match &self.authorities {
            Authorities::OfTheSystem => "those of SSL_CERT_FILE, or of this computer".to_owned(),
            Authorities::In(file) => format!("those in {}", file.display()),
        };
        match error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "its certificate has expired".to_owned()
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "its certificate is not valid yet".to_owned()
            }
            CertificateError::UnknownIssuer | CertificateError::BadSignature => format!(
                "its certificate was made by an authority that is not believed ({whom}). Name the file of its authority in sslrootcert"
            ),
            CertificateError::NotValidForNameContext { presented, .. } => format!(
                "its certificate is not for {host}, but for {}. The name has to stand among the subject alternative names; the common name is not looked at",
                if presented.is_empty() { "no name".to_owned() } else { presented.join(", ") }
            ),
            CertificateError::NotValidForName => format!("its certificate is not for {host}"),
            other if other.to_string().contains("CaUsedAsEndEntity") => {
                "its certificate is that of an authority (CA:TRUE) and stands for no server. Make one with CA:FALSE, or have it made by the authority".to_owned()
            }
            other => format!("its certificate cannot be believed: {other}"),
        }
    }
}

/// What was seen of a server that was called.
#[derive(Debug)]
pub struct Seen {
    /// TLS 1.3.
    pub version: String,
    /// For so many days its certificate is good.
    pub days: u32,
}

impl Seen {
    /// From a connection that stands.
    pub fn of<S>(stream: &TlsStream<S>) -> Self {
        let (_, session) = stream.get_ref();
        let version = match session.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3".to_owned(),
            Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2".to_owned(),
            other => format!("{other:?}"),
        };
        Self {
            version,
            days: session.peer_certificates().map_or(0, days_of),
        }
    }
}

impl Authorities {
    fn read(&self) -> Result<RootCertStore, String> {
        let known = match self {
            Self::In(file) => certificates(file).map_err(|why| format!("sslrootcert: {why}"))?,
            Self::OfTheSystem => match super::tls::authorities()? {
                Some(known) => known,
                None => OF_SYSTEMS
                    .iter()
                    .find_map(|file| certificates(Path::new(file)).ok())
                    .ok_or("this computer keeps no file of authorities. Name one in sslrootcert, or install the package ca-certificates")?,
            },
        };
        let mut roots = RootCertStore::empty();
        let (taken, _) = roots.add_parsable_certificates(known);
        if taken == 0 {
            return Err("sslrootcert: none of the certificates can be understood".to_owned());
        }
        Ok(roots)
    }
}

/// Looks at a certificate as far as that is wanted. That the server has the key to it is asked in any case.
#[derive(Debug)]
struct Verifier {
    inner: Option<Arc<WebPkiServerVerifier>>,
    looks_at_name: bool,
    cryptography: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(inner) = &self.inner else {
            return Ok(ServerCertVerified::assertion());
        };
        // The name comes last: whoever fails at it alone has passed everything else.
        match inner.verify_server_cert(end_entity, intermediates, name, ocsp_response, now) {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !self.looks_at_name => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.cryptography.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.cryptography.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.cryptography
            .signature_verification_algorithms
            .supported_schemes()
    }
}
