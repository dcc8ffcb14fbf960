//! TLS of the portal's own, and those who speak it with the portal.

use crate::support::{Database, Portal, program};
use licentral::platform::tls::{Files, Front, pem};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

/// A certificate for 127.0.0.1 that is its own authority, in files.
fn certificate(folder: &Path) -> Files {
    let mut params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params.is_ca = rcgen::IsCa::ExplicitNoCa;
    let key = rcgen::KeyPair::generate().unwrap();
    let files = Files {
        certificate: folder.join("portal.pem"),
        key: folder.join("portal.key"),
    };
    std::fs::write(&files.certificate, pem(params.self_signed(&key).unwrap().der())).unwrap();
    let key = data_encoding::BASE64.encode(&key.serialize_der());
    let key = format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n");
    std::fs::write(&files.key, key).unwrap();
    files
}

/// A portal with a certificate, and its address of https.
fn portal(files: &Files) -> (Portal, String) {
    let front = Front::open(files.clone()).unwrap();
    let p = Portal::start_as(|config| {
        config.tls = Some(front);
        config.base_url = config.base_url.replace("http://", "https://");
    });
    let base = p.base.replace("http://", "https://");
    (p, base)
}

/// A client that believes these authorities.
fn believing(roots: ureq::tls::RootCerts) -> ureq::Agent {
    let cryptography = rustls::crypto::aws_lc_rs::default_provider();
    let tls = ureq::tls::TlsConfig::builder()
        .root_certs(roots)
        .unversioned_rustls_crypto_provider(std::sync::Arc::new(cryptography))
        .build();
    ureq::Agent::config_builder()
        .proxy(None)
        .tls_config(tls)
        .build()
        .new_agent()
}

#[test]
fn a_portal_with_a_certificate_speaks_tls_alone() {
    let database = Database::empty();
    let folder = &database.folder;
    let files = certificate(folder);
    let (p, base) = portal(&files);
    let own = std::fs::read(&files.certificate).unwrap();
    let known = ureq::tls::Certificate::from_pem(&own).unwrap();
    let agent = believing(ureq::tls::RootCerts::new_with_certs(&[known]));
    let mut answer = agent.get(format!("{base}/login")).call().unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.headers().contains_key("strict-transport-security"));
    assert!(answer.body_mut().read_to_string().unwrap().contains("<form"));
    // Nobody else's word is enough.
    let stranger = believing(ureq::tls::RootCerts::WebPki);
    assert!(stranger.get(format!("{base}/login")).call().is_err());
    // And nothing is said in the clear.
    let mut stream = TcpStream::connect(p.base.strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
        .write_all(b"GET /login HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    assert!(!said.starts_with(b"HTTP"), "{}", String::from_utf8_lossy(&said));
}

#[test]
fn commands_reach_a_portal_that_speaks_tls() {
    let database = Database::empty();
    let folder = &database.folder;
    let files = certificate(folder);
    let (_p, base) = portal(&files);
    let asked = |words: &[&str], believes: bool| {
        let mut command = program(words, folder);
        command.env("TMPDIR", folder).env_remove("SSL_CERT_FILE");
        if believes {
            command.env("SSL_CERT_FILE", &files.certificate);
        }
        let done = command.output().unwrap();
        String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned()
    };
    let device = [
        "device", "--portal", &base, "license", "smart", "register", "idtoken", "none",
    ];
    let said = asked(&device, true);
    assert!(!said.contains("cannot be reached"), "{said}");
    let said = asked(&device, false);
    assert!(said.contains("cannot be reached"), "{said}");
    // Through the proxy of a run: TLS with the command in front, TLS with the portal behind.
    if std::process::Command::new("curl")
        .arg("--version")
        .output()
        .is_ok()
    {
        let script = "https://swapi.cisco.com/services/api/nothing";
        let curl = ["run", "--portal", &base, "--", "curl", "-sS", script];
        let said = asked(&curl, true);
        assert!(
            said.contains(r#""status":"ERROR""#) && said.contains("not found"),
            "{said}"
        );
        let said = asked(&curl, false);
        assert!(
            said.contains(&format!("The portal at {base} gave no answer")),
            "{said}"
        );
    }
}
