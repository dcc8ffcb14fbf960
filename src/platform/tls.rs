//! TLS: on a listener with the certificate of an installation or of one run, and toward a portal that is called.
//! The cryptography is the one that mail and tokens use.

use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::server::Acceptor;
use rustls::{CertificateError, RootCertStore, ServerConfig};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{LazyConfigAcceptor, StartHandshake};

pub use tokio_rustls::server::TlsStream;

/// The files of a certificate, in PEM.
#[derive(Debug, Clone)]
pub struct Files {
    /// The certificate, and behind it those of the authorities between it and a known one.
    pub certificate: PathBuf,
    /// Its private key, without a password.
    pub key: PathBuf,
}

/// What a listener shows to those who connect. It can be read anew while connections come in.
pub struct Front {
    files: Option<Files>,
    shown: RwLock<Arc<ServerConfig>>,
}

impl std::fmt::Debug for Front {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Front")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl Front {
    /// With a certificate from files. What is wrong with them is told with the name of the setting.
    pub fn open(files: Files) -> Result<Arc<Self>, String> {
        let shown = RwLock::new(read(&files)?);
        Ok(Arc::new(Self {
            files: Some(files),
            shown,
        }))
    }

    /// With a certificate for these names that only lives in memory, made by an authority whose key is gone by now. With it
    /// comes the certificate of the authority (DER), which a client has to believe.
    pub fn made_for(names: &[String]) -> Result<(Arc<Self>, Vec<u8>), String> {
        let made = make(names).map_err(|e| format!("no certificate can be made: {e}"))?;
        let shown = RwLock::new(shown(vec![made.certificate], made.key).map_err(|e| e.to_string())?);
        Ok((Arc::new(Self { files: None, shown }), made.authority))
    }

    /// The files that it was read from; none for one that a lab has made.
    pub fn files(&self) -> Option<&Files> {
        self.files.as_ref()
    }

    /// Reads the files again. What is shown stays as it is when something is wrong with them.
    pub fn reload(&self) -> Result<(), String> {
        if let Some(files) = &self.files {
            *self.shown.write().unwrap_or_else(PoisonError::into_inner) = read(files)?;
        }
        Ok(())
    }

    /// Shakes hands with a client, which has so long.
    pub async fn accept<S>(&self, stream: S, patience: Duration) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let handshake = async { self.answer(Hello::of(stream).await?).await };
        tokio::time::timeout(patience, handshake).await?
    }

    /// Goes on with a client that has said whom it wants.
    pub async fn answer<S>(&self, hello: Hello<S>) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let shown = self.shown.read().unwrap_or_else(PoisonError::into_inner).clone();
        hello.0.into_stream(shown).await
    }
}

/// The first word of a client, unanswered.
pub struct Hello<S>(StartHandshake<S>);

impl<S> Hello<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    /// Reads it.
    pub async fn of(stream: S) -> io::Result<Self> {
        LazyConfigAcceptor::new(Acceptor::default(), stream)
            .await
            .map(Self)
    }

    /// Whom the client wants, where it says so: one that knows an address alone does not.
    pub fn host(&self) -> Option<String> {
        self.0.client_hello().server_name().map(str::to_owned)
    }
}

pub(super) fn cryptography() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// HTTP/1.1 over TLS 1.2 or 1.3.
fn shown(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(cryptography())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn read(files: &Files) -> Result<Arc<ServerConfig>, String> {
    let chain = certificates(&files.certificate).map_err(|why| format!("LICENTRAL_TLS_CERT: {why}"))?;
    let key_file = files.key.display();
    let key = std::fs::read(&files.key)
        .map_err(|e| format!("LICENTRAL_TLS_KEY: {key_file} cannot be read: {e}."))?;
    let key = PrivateKeyDer::from_pem_slice(&key).map_err(|_| {
        format!("LICENTRAL_TLS_KEY: {key_file} holds no private key. It is a PEM file with -----BEGIN PRIVATE KEY-----; a key with a password has to be stored without one.")
    })?;
    still_valid(&chain).map_err(|why| {
        format!(
            "LICENTRAL_TLS_CERT: the certificate in {} {why}.",
            files.certificate.display()
        )
    })?;
    shown(chain, key).map_err(|e| match e {
        rustls::Error::InconsistentKeys(_) => format!(
            "LICENTRAL_TLS_KEY: the private key in {key_file} does not belong to the certificate in {}. The first certificate of that file has to be the portal's own.",
            files.certificate.display()
        ),
        other => format!("LICENTRAL_TLS_CERT and LICENTRAL_TLS_KEY cannot be used: {other}."),
    })
}

/// The certificates of a PEM file, of which there is one at least.
pub(super) fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let shown = file.display();
    let text = std::fs::read(file).map_err(|e| format!("{shown} cannot be read: {e}."))?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        _ => Err(format!(
            "{shown} holds no certificate. It is a PEM file that begins with -----BEGIN CERTIFICATE-----."
        )),
    }
}

/// Says what is wrong with the time of the first certificate. Who has signed it is the business of those who connect.
fn still_valid(chain: &[CertificateDer<'static>]) -> Result<(), String> {
    valid_at(chain, UnixTime::now())
}

/// The same at another time.
fn valid_at(chain: &[CertificateDer<'static>], then: UnixTime) -> Result<(), String> {
    let Some((own, between)) = chain.split_first() else {
        return Ok(());
    };
    let mut roots = RootCertStore::empty();
    let unreadable = |e: rustls::Error| format!("cannot be understood: {e}");
    roots.add(own.clone()).map_err(unreadable)?;
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), cryptography())
        .build()
        .map_err(|e| format!("cannot be understood: {e}"))?;
    // Times are looked at before names and signatures.
    let name = ServerName::try_from("licentral.example").map_err(|e| e.to_string())?;
    match verifier.verify_server_cert(own, between, &name, &[], then) {
        Err(rustls::Error::InvalidCertificate(error)) => match error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                Err("has expired".to_owned())
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                Err("is not valid yet".to_owned())
            }
            CertificateError::BadEncoding => Err("cannot be understood".to_owned()),
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

/// For how many whole days a certificate is still good, ten years at most; what is wrong with the files otherwise. No library
/// here reads the date out of a certificate, but the verifier knows of each time whether it lies within.
pub fn days_left(files: &Files) -> Result<u32, String> {
    read(files)?;
    Ok(days_of(&certificates(&files.certificate)?))
}

/// The same of a certificate that somebody shows.
pub(super) fn days_of(chain: &[CertificateDer<'static>]) -> u32 {
    let (mut good, mut over) = (0, 3650);
    while over - good > 1 {
        let middle = u32::midpoint(good, over);
        let then = UnixTime::now().as_secs() + u64::from(middle) * 86_400;
        let then = UnixTime::since_unix_epoch(Duration::from_secs(then));
        if valid_at(chain, then).is_ok() {
            good = middle;
        } else {
            over = middle;
        }
    }
    good
}

struct Made {
    authority: Vec<u8>,
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

/// An authority, and a certificate of it for these names and addresses; both for a month.
fn make(names: &[String]) -> Result<Made, rcgen::Error> {
    let mut authority = CertificateParams::new(Vec::new())?;
    during_a_month(&mut authority);
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![
        rcgen::KeyUsagePurpose::KeyCertSign,
        rcgen::KeyUsagePurpose::CrlSign,
    ];
    authority
        .distinguished_name
        .push(DnType::CommonName, "Licentral, for this run alone");
    let authority_key = KeyPair::generate()?;
    let authority_certificate = authority.self_signed(&authority_key)?.der().to_vec();
    let issuer = Issuer::new(authority, authority_key);

    let mut own = CertificateParams::new(names.to_vec())?;
    during_a_month(&mut own);
    own.is_ca = IsCa::ExplicitNoCa;
    own.use_authority_key_identifier_extension = true;
    own.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
    own.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    own.distinguished_name.push(
        DnType::CommonName,
        names.first().map_or("localhost", String::as_str),
    );
    let key = KeyPair::generate()?;
    let certificate = own.signed_by(&key, &issuer)?.der().clone();
    Ok(Made {
        authority: authority_certificate,
        certificate,
        key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
    })
}

/// From yesterday, because clocks differ.
fn during_a_month(params: &mut CertificateParams) {
    let now = i64::try_from(UnixTime::now().as_secs()).unwrap_or_default();
    let day = |days: i64| {
        use chrono::Datelike;
        let at = chrono::DateTime::from_timestamp(now + days * 86_400, 0).unwrap_or_default();
        let small = |n: u32| u8::try_from(n).unwrap_or(1);
        rcgen::date_time_ymd(at.year(), small(at.month()), small(at.day()))
    };
    params.not_before = day(-1);
    params.not_after = day(31);
}

/// A certificate as text.
pub fn pem(der: &[u8]) -> String {
    let text = data_encoding::BASE64.encode(der);
    let mut out = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in text.as_bytes().chunks(64) {
        out.push_str(&String::from_utf8_lossy(line));
        out.push('\n');
    }
    out.push_str("-----END CERTIFICATE-----\n");
    out
}

/// The authorities of the file in `SSL_CERT_FILE`; none when it is not set.
#[expect(
    clippy::disallowed_methods,
    reason = "not a setting of ours: the one that OpenSSL, Go, Python and others read"
)]
pub fn authorities() -> Result<Option<Vec<CertificateDer<'static>>>, String> {
    let Some(file) = std::env::var_os("SSL_CERT_FILE").filter(|file| !file.is_empty()) else {
        return Ok(None);
    };
    certificates(Path::new(&file))
        .map(Some)
        .map_err(|why| format!("SSL_CERT_FILE: {why}"))
}

/// Whom a client of ours believes: the authorities that browsers know, or those of the file in `SSL_CERT_FILE` alone, as
/// with other programs.
pub fn believed() -> Result<ureq::tls::TlsConfig, String> {
    let builder = ureq::tls::TlsConfig::builder().unversioned_rustls_crypto_provider(cryptography());
    let Some(known) = authorities()? else {
        return Ok(builder.build());
    };
    let known: Vec<_> = known
        .iter()
        .map(|one| ureq::tls::Certificate::from_der(one).to_owned())
        .collect();
    Ok(builder
        .root_certs(ureq::tls::RootCerts::Specific(Arc::new(known)))
        .build())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(name: &str, text: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("licentral-tls-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(name);
        std::fs::write(&file, text).unwrap();
        file
    }

    /// A certificate that is its own authority, between two years.
    fn pair(name: &str, from: i32, until: i32) -> Files {
        let mut params = CertificateParams::new(vec!["licenses.example".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(from, 1, 1);
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = pem(params.self_signed(&key).unwrap().der());
        let key = data_encoding::BASE64.encode(&key.serialize_der());
        Files {
            certificate: written(&format!("{name}.pem"), &certificate),
            key: written(
                &format!("{name}.key"),
                &format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n"),
            ),
        }
    }

    fn says(files: Files) -> String {
        Front::open(files).map(|_| ()).unwrap_err()
    }

    #[test]
    fn files_that_do_not_serve_are_refused_in_words() {
        let good = pair("good", 2020, 2120);
        Front::open(good.clone()).unwrap().reload().unwrap();
        for (files, words) in [
            (pair("old", 2001, 2002), "has expired"),
            (pair("new", 2119, 2120), "is not valid yet"),
            (
                Files {
                    key: pair("other", 2020, 2120).key,
                    ..good.clone()
                },
                "does not belong to the certificate",
            ),
            (
                Files {
                    certificate: PathBuf::from("/nonexistent.pem"),
                    ..good.clone()
                },
                "cannot be read",
            ),
            (
                Files {
                    certificate: good.key.clone(),
                    ..good.clone()
                },
                "holds no certificate",
            ),
            (
                Files {
                    key: good.certificate.clone(),
                    ..good.clone()
                },
                "holds no private key",
            ),
            (
                Files {
                    certificate: written("rubbish.pem", &pem(b"rubbish")),
                    ..good.clone()
                },
                "cannot be understood",
            ),
        ] {
            let said = says(files);
            assert!(said.contains(words), "{said}");
        }
    }

    #[test]
    fn what_is_read_anew_and_found_bad_changes_nothing() {
        let files = pair("anew", 2020, 2120);
        let front = Front::open(files.clone()).unwrap();
        std::fs::write(&files.certificate, "").unwrap();
        assert!(front.reload().is_err());
        assert!(front.shown.read().unwrap().alpn_protocols[0] == b"http/1.1");
    }
}
