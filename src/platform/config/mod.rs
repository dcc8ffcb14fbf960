//! The settings of an installation: from the environment, the same as flags of `serve`.
//! All mistakes are told at once, each with the name of the setting and an example.

mod check;
mod provider;
mod quotas;
mod retention;
mod settings;
mod traces;

pub use provider::{IdentityProvider, ProviderSettings, is_private};
pub use quotas::{QuotaSettings, Quotas};
pub use retention::{Days, Retention, RetentionSettings};
pub use settings::*;
pub use traces::Collector;

pub use super::limits::Limits;
use super::tls::Front;
use crate::kernel::Edition;
use crate::platform::reach::Reach;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

/// How the portal runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// For one computer: sample data, mailbox page, clock controls.
    Lab,
    /// For others to use.
    Production,
}

/// Where mail goes.
#[derive(Debug, Clone)]
pub enum MailRoute {
    /// To the mailbox page.
    Mailbox,
    /// One file a letter, into this folder.
    Folder(PathBuf),
    /// To a mail server.
    Smtp(url::Url),
}

/// The settings, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Which portal.
    pub edition: Edition,
    /// Lab or production.
    pub mode: Mode,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Without a slash at the end.
    pub base_url: String,
    /// What those who connect are shown; none where the portal speaks plain HTTP.
    pub tls: Option<Arc<Front>>,
    /// As given.
    pub database_url: String,
    /// Standbys of it.
    pub read_database_url: Option<String>,
    /// Name of the scenario, or the path of a scenario file.
    pub scenario: String,
    /// Where mail goes.
    pub mail: MailRoute,
    /// The sender.
    pub mail_from: String,
    /// The keys.
    pub key_file: PathBuf,
    /// The other listener.
    pub metrics_listen: Option<SocketAddr>,
    /// Proxies that are believed.
    pub trusted_proxies: Vec<std::net::IpAddr>,
    /// Host names to which the portal also answers, on the vendor's paths alone.
    pub vendor_hosts: Vec<String>,
    /// Where webhooks may go.
    pub reach: Reach,
    /// Well-formed codes of devices are taken as they are, where scripts of the vendor send them.
    pub accept_device_codes: bool,
    /// The most records of one synchronization file.
    pub sync_records: u64,
    /// Answers are kept for whoever asks the same again.
    pub keeps_pages: bool,
    /// Everybody needs a second factor.
    pub needs_second_factor: bool,
    /// By whom people may sign in besides the portal itself.
    pub identity_provider: Option<IdentityProvider>,
    /// How often programs may call.
    pub quotas: Quotas,
    /// How long is kept what is only of use for a while.
    pub retention: Retention,
    /// Where traces go; none where they are off.
    pub traces: Option<Collector>,
    /// The log filter.
    pub log: String,
    /// Address of the other portal of a lab that serves both in one process: clock and mailbox are one.
    pub neighbour: Option<String>,
    /// What clients are given of time and room.
    pub limits: Limits,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use std::path::Path;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        settings: Settings,
    }

    #[test]
    fn a_lab_needs_nothing() {
        let config = Config::check(Line::parse_from(["licentral"]).settings).unwrap();
        assert_eq!(config.base_url, "http://127.0.0.1:8080");
        assert!(config.is_lab());
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let line = [
            "licentral",
            "--mode",
            "production",
            "--listen",
            "nowhere",
            "--database-url",
            "mysql://x",
            "--key-file",
            "/nonexistent",
        ];
        let wrong = Config::check(Line::parse_from(line).settings)
            .unwrap_err()
            .join("\n");
        for name in [
            "LICENTRAL_LISTEN",
            "DATABASE_URL",
            "LICENTRAL_BASE_URL",
            "LICENTRAL_SMTP_URL",
            "LICENTRAL_KEY_FILE",
        ] {
            assert!(wrong.contains(name), "{name} is missing in: {wrong}");
        }
    }

    #[test]
    fn the_on_prem_portal_of_a_lab_stands_beside_the_cloud() {
        let settings = |more: &[&str]| {
            Line::parse_from([&["licentral", "--listen", "127.0.0.1:9000"], more].concat()).settings
        };
        let beside = settings(&["--database-url", "sqlite:///tmp/lab.db"])
            .on_prem_beside()
            .unwrap()
            .unwrap();
        assert_eq!(beside.listen, "127.0.0.1:9001");
        assert_eq!(beside.database_url, "sqlite:///tmp/lab-on-prem.db");
        assert_eq!(beside.key_file, Path::new("licentral-on-prem.key"));
        assert!(
            settings(&["--on-prem-listen", "off"])
                .on_prem_beside()
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn a_certificate_goes_with_a_key_and_an_address_of_https() {
        let wrong = |more: &[&str]| {
            let line = [&["licentral"], more].concat();
            Config::check(Line::parse_from(line).settings)
                .unwrap_err()
                .join("\n")
        };
        assert!(wrong(&["--tls-cert", "/nonexistent.pem"]).contains("LICENTRAL_TLS_KEY is missing"));
        assert!(wrong(&["--tls-key", "/nonexistent.key"]).contains("LICENTRAL_TLS_CERT is missing"));
        let both = ["--tls-cert", "/nonexistent.pem", "--tls-key", "/nonexistent.key"];
        assert!(wrong(&both).contains("LICENTRAL_TLS_CERT: /nonexistent.pem cannot be read"));
    }

    #[test]
    fn a_lab_is_not_served_to_others() {
        let wrong =
            Config::check(Line::parse_from(["licentral", "--listen", "0.0.0.0:80"]).settings).unwrap_err();
        assert!(wrong[0].contains("127.0.0.1 only"));
    }
}
