//! What the command is told by its environment: where the proxy is, and whose certificate to believe.

use crate::platform::tls::{self, Front};
use crate::platform::{private, token};
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where programs of many kinds look for a proxy.
const PROXY: &[&str] = &[
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "npm_config_proxy",
    "npm_config_https_proxy",
];

/// Where they look for hosts that are reached without it: there are none.
const NO_PROXY: &[&str] = &["NO_PROXY", "no_proxy", "npm_config_noproxy"];

/// Where they look for the authorities that they believe.
const AUTHORITIES: &[&str] = &[
    // OpenSSL, and with it Ruby, PHP, Perl, Ansible and much of Python; Go; .NET; rustls.
    "SSL_CERT_FILE",
    // Python: requests, pip, httplib2.
    "REQUESTS_CA_BUNDLE",
    "PIP_CERT",
    "HTTPLIB2_CA_CERTS",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "AWS_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "PERL_LWP_SSL_CA_FILE",
    "CARGO_HTTP_CAINFO",
    "DENO_CERT",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    "NIX_SSL_CERT_FILE",
];

/// Switches of languages that look for a proxy only when told to.
const SWITCHES: &[(&str, &str)] = &[("NODE_USE_ENV_PROXY", "1"), ("PERL_LWP_ENV_PROXY", "1")];

/// What Java and Node are told, and what is told them already has to stay.
const JAVA: &str = "JAVA_TOOL_OPTIONS";
const NODE: &str = "NODE_OPTIONS";

/// Loaded into Node before the script.
const NODE_PRELOAD: &str = include_str!("preload.cjs");

/// The private authority of a run, in a folder that nobody else may read and that goes with it.
pub struct Trust {
    folder: PathBuf,
    /// What the proxy shows to the command.
    pub front: Arc<Front>,
}

impl Trust {
    /// Makes an authority for these names.
    pub fn make(names: &[String]) -> Result<Self, String> {
        let folder = std::env::temp_dir().join(format!("licentral-run-{}", token::random()));
        let (front, authority) = Front::made_for(names)?;
        let cannot = |e: std::io::Error| format!("cannot write to {}: {e}", folder.display());
        let mut builder = std::fs::DirBuilder::new();
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder).map_err(cannot)?;
        let trust = Self {
            folder: folder.clone(),
            front,
        };
        write(&trust.authority(), tls::pem(&authority).as_bytes()).map_err(cannot)?;
        write(&trust.java_store(), &java_store(&authority)).map_err(cannot)?;
        write(&trust.node_preload(), NODE_PRELOAD.as_bytes()).map_err(cannot)?;
        let wget = format!("ca_certificate = {}\n", trust.authority().display());
        write(&trust.wget_settings(), wget.as_bytes()).map_err(cannot)?;
        Ok(trust)
    }

    /// The certificate to believe, in PEM.
    pub fn authority(&self) -> PathBuf {
        self.folder.join("authority.pem")
    }

    /// Of the run, its owner's alone.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn java_store(&self) -> PathBuf {
        self.folder.join("authority.jks")
    }

    fn node_preload(&self) -> PathBuf {
        self.folder.join("preload.cjs")
    }

    fn wget_settings(&self) -> PathBuf {
        self.folder.join("wgetrc")
    }

    /// What the command's environment gets, for a proxy on this port of 127.0.0.1. `told_before` says what a variable holds
    /// already.
    pub fn environment(
        &self,
        port: u16,
        told_before: impl Fn(&str) -> Option<OsString>,
    ) -> Vec<(&'static str, OsString)> {
        let proxy = OsString::from(format!("http://127.0.0.1:{port}"));
        let authority = self.authority().into_os_string();
        let mut told: Vec<(&'static str, OsString)> = Vec::new();
        told.extend(PROXY.iter().map(|&name| (name, proxy.clone())));
        told.extend(NO_PROXY.iter().map(|&name| (name, OsString::new())));
        told.extend(AUTHORITIES.iter().map(|&name| (name, authority.clone())));
        told.extend(SWITCHES.iter().map(|&(name, value)| (name, value.into())));
        told.push(("WGETRC", self.wget_settings().into_os_string()));
        let mut node = told_before(NODE).unwrap_or_default();
        node.push(format!(" --require \"{}\"", self.node_preload().display()));
        told.push((NODE, node));
        let mut java = told_before(JAVA).unwrap_or_default();
        java.push(format!(
            " -Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort={port} -Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort={port} -Djavax.net.ssl.trustStoreType=JKS -Djavax.net.ssl.trustStore="
        ));
        java.push(self.java_store());
        told.push((JAVA, java));
        told
    }
}

impl Drop for Trust {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn write(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    private::writing().create_new(true).open(file)?.write_all(bytes)
}

/// A certificate in the form in which Java keeps those that it believes: its own (JKS), version 2, with one entry. What
/// stands at the end proves a password; without one nobody looks at it.
fn java_store(certificate: &[u8]) -> Vec<u8> {
    let text = |out: &mut Vec<u8>, text: &str| {
        out.extend(u16::try_from(text.len()).unwrap_or_default().to_be_bytes());
        out.extend(text.as_bytes());
    };
    let mut out = vec![0xfe, 0xed, 0xfe, 0xed];
    out.extend(2_u32.to_be_bytes());
    out.extend(1_u32.to_be_bytes());
    // One that is believed, with its name and since when.
    out.extend(2_u32.to_be_bytes());
    text(&mut out, "licentral");
    out.extend(0_u64.to_be_bytes());
    text(&mut out, "X.509");
    out.extend(u32::try_from(certificate.len()).unwrap_or_default().to_be_bytes());
    out.extend(certificate);
    out.extend([0; 20]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_folder_is_its_owners_and_goes_with_the_run() {
        let trust = Trust::make(&["swapi.cisco.com".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        let folder = trust.folder.clone();
        let mode = folder.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        let pem = std::fs::read_to_string(trust.authority()).unwrap();
        assert!(pem.starts_with("-----BEGIN CERTIFICATE-----\n"), "{pem}");
        for file in std::fs::read_dir(&folder).unwrap() {
            let file = file.unwrap().path();
            let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
            assert!(!text.contains("PRIVATE"), "{} holds a key", file.display());
        }
        drop(trust);
        assert!(!folder.exists());
    }

    #[test]
    fn the_environment_leaves_no_way_past_the_proxy() {
        let trust = Trust::make(&["swapi.cisco.com".to_owned()]).unwrap();
        let told = trust.environment(4321, |name| (name == JAVA).then(|| "-Xmx1g".into()));
        let of = |name: &str| {
            let found = told.iter().find(|(known, _)| *known == name).unwrap();
            found.1.clone().into_string().unwrap()
        };
        for name in ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "ALL_PROXY"] {
            assert_eq!(of(name), "http://127.0.0.1:4321");
        }
        for name in ["NO_PROXY", "no_proxy"] {
            assert_eq!(of(name), "");
        }
        assert!(of("JAVA_TOOL_OPTIONS").starts_with("-Xmx1g -Dhttp.proxyHost=127.0.0.1"));
    }
}
