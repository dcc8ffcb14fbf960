//! The settings of an installation: from the environment, the same as flags of `serve`.
//! All mistakes are told at once, each with the name of the setting and an example.

pub use super::limits::Limits;
use super::tls::{Files, Front};
use crate::kernel::Edition;
use crate::platform::reach::{Network, Reach};
use clap::Args;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The most records of one synchronization file, unless it is set.
pub const SYNC_RECORDS: u64 = 1_000_000;

/// What may be set.
#[derive(Debug, Clone, Args)]
pub struct Settings {
    /// lab: everything works without configuration, for this computer alone. production: for others to use.
    #[arg(long, env = "LICENTRAL_MODE", default_value = "lab")]
    pub mode: String,
    /// Where to listen, for example 127.0.0.1:8080.
    #[arg(long, env = "LICENTRAL_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: String,
    /// The address by which people reach the portal; links in mails begin with it.
    #[arg(long, env = "LICENTRAL_BASE_URL")]
    pub base_url: Option<String>,
    /// TLS of the portal's own: the file (PEM) of its certificate, behind it those of the authorities in between. With
    /// LICENTRAL_TLS_KEY.
    #[arg(long, env = "LICENTRAL_TLS_CERT")]
    pub tls_cert: Option<PathBuf>,
    /// The private key (PEM, without a password) of that certificate.
    #[arg(long, env = "LICENTRAL_TLS_KEY")]
    pub tls_key: Option<PathBuf>,
    /// sqlite://file or postgres://user:password@host/database.
    #[arg(
        long,
        env = "DATABASE_URL",
        default_value = "sqlite://licentral.db",
        hide_env_values = true
    )]
    pub database_url: String,
    /// What an empty lab database is filled with: demo, large or empty, or a scenario file, such as ./ours.yaml.
    #[arg(long, env = "LICENTRAL_SCENARIO", default_value = "demo")]
    pub scenario: String,
    /// Where mail goes: smtp://user:password@host:587 (STARTTLS), or file:/folder in a lab.
    #[arg(long, env = "LICENTRAL_SMTP_URL", hide_env_values = true)]
    pub smtp_url: Option<String>,
    /// The sender of the portal's mail.
    #[arg(
        long,
        env = "LICENTRAL_MAIL_FROM",
        default_value = "Licentral <no-reply@licentral.example>"
    )]
    pub mail_from: String,
    /// The signing keys. A lab makes this file itself.
    #[arg(long, env = "LICENTRAL_KEY_FILE", default_value = "licentral.key")]
    pub key_file: PathBuf,
    /// Where /metrics and the details of /readyz are answered; loopback only. Without it they are off.
    #[arg(long, env = "LICENTRAL_METRICS_LISTEN")]
    pub metrics_listen: Option<String>,
    /// Proxies whose X-Forwarded-For is believed: their addresses, separated by commas.
    #[arg(long, env = "LICENTRAL_TRUSTED_PROXIES", default_value = "")]
    pub trusted_proxies: String,
    /// Host names of the vendor's APIs to which the portal also answers, on their paths alone: separated by commas, for example
    /// swapi.cisco.com,apx.cisco.com,cloudsso.cisco.com,id.cisco.com. For scripts that are led here by a proxy.
    #[arg(long, env = "LICENTRAL_VENDOR_HOSTS", default_value = "")]
    pub vendor_hosts: String,
    /// Networks to which webhooks may go besides those that the mode allows (a lab: this computer; production: public
    /// addresses): addresses and networks, separated by commas, for example 10.20.0.0/16,192.168.1.7.
    #[arg(long, env = "LICENTRAL_WEBHOOK_NETWORKS", default_value = "")]
    pub webhook_networks: String,
    /// In a lab: return and confirmation codes that scripts of the vendor send are taken when they are well-formed, for devices
    /// that are not the simulator's. Without it they are checked.
    #[arg(long, env = "LICENTRAL_ACCEPT_DEVICE_CODES", default_value_t = false)]
    pub accept_device_codes: bool,
    /// The most records of one synchronization file, for example 1000000. Each product instance is one.
    #[arg(long, env = "LICENTRAL_SYNC_RECORDS", default_value_t = SYNC_RECORDS,
        value_parser = clap::value_parser!(u64).range(1..=20_000_000))]
    pub sync_records: u64,
    /// Where a lab's cloud also serves the On-Prem portal, for example 127.0.0.1:8081; off leaves it out. Without it: on the
    /// port behind the cloud's.
    #[arg(long, env = "LICENTRAL_ON_PREM_LISTEN")]
    pub on_prem_listen: Option<String>,
    /// The database of that On-Prem portal: sqlite://file or postgres://... Without it: a file beside the cloud's.
    #[arg(long, env = "LICENTRAL_ON_PREM_DATABASE_URL", hide_env_values = true)]
    pub on_prem_database_url: Option<String>,
    /// on: what was made for a request is given to whoever asks the very same again, until anything is written or the second
    /// is over. off: everything is made each time.
    #[arg(long, env = "LICENTRAL_KEPT_PAGES", default_value = "on")]
    pub kept_pages: String,
    /// optional: each person decides whether they sign in with a second factor. required: nothing opens before one is set up.
    #[arg(long, env = "LICENTRAL_SECOND_FACTOR", default_value = "optional")]
    pub second_factor: String,
    /// What is logged, for example info or licentral=debug.
    #[arg(long, env = "LICENTRAL_LOG", default_value = "info,actix_server=warn")]
    pub log: String,
}

impl Settings {
    /// The settings of the On-Prem portal that a lab's cloud serves beside itself; none when it is left out.
    pub fn on_prem_beside(&self) -> Result<Option<Self>, String> {
        let listen = match self.on_prem_listen.as_deref() {
            Some("off") => return Ok(None),
            Some(given) => given.to_owned(),
            None => {
                let mut beside: SocketAddr = self
                    .listen
                    .parse()
                    .map_err(|_| format!("LICENTRAL_LISTEN is {:?}.", self.listen))?;
                beside.set_port(beside.port().checked_add(1).unwrap_or(8081));
                beside.to_string()
            }
        };
        let database_url = match (
            &self.on_prem_database_url,
            self.database_url.strip_prefix("sqlite://"),
        ) {
            (Some(given), _) => given.clone(),
            (None, Some(file)) => format!("sqlite://{}", beside(Path::new(file)).display()),
            (None, None) => "sqlite://licentral-on-prem.db".to_owned(),
        };
        Ok(Some(Self {
            listen,
            base_url: None,
            database_url,
            key_file: beside(&self.key_file),
            metrics_listen: None,
            ..self.clone()
        }))
    }

    /// The settings of an On-Prem portal of its own: what was left as it is for a cloud gets the On-Prem portal's default.
    #[must_use]
    pub fn for_on_prem_alone(mut self) -> Self {
        if self.listen == "127.0.0.1:8080" {
            "127.0.0.1:8081".clone_into(&mut self.listen);
        }
        if self.database_url == "sqlite://licentral.db" {
            "sqlite://licentral-on-prem.db".clone_into(&mut self.database_url);
        }
        if self.key_file == Path::new("licentral.key") {
            self.key_file = beside(&self.key_file);
        }
        self
    }
}

/// `licentral.db` becomes `licentral-on-prem.db`, in the same folder.
fn beside(file: &Path) -> PathBuf {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let name = match file.extension() {
        Some(ending) => format!("{stem}-on-prem.{}", ending.to_string_lossy()),
        None => format!("{stem}-on-prem"),
    };
    file.with_file_name(name)
}

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
    /// The log filter.
    pub log: String,
    /// Address of the other portal of a lab that serves both in one process: clock and mailbox are one.
    pub neighbour: Option<String>,
    /// What clients are given of time and room.
    pub limits: Limits,
}

impl Config {
    /// Checks the settings; tells all mistakes at once.
    pub fn check(settings: Settings) -> Result<Self, Vec<String>> {
        let mut wrong = Vec::new();
        let mode = match settings.mode.as_str() {
            "lab" => Mode::Lab,
            "production" => Mode::Production,
            other => {
                wrong.push(format!("LICENTRAL_MODE is {other:?}. Use lab or production."));
                Mode::Lab
            }
        };
        if !matches!(settings.kept_pages.as_str(), "on" | "off") {
            wrong.push(format!(
                "LICENTRAL_KEPT_PAGES is {:?}. Use on or off.",
                settings.kept_pages
            ));
        }
        if !matches!(settings.second_factor.as_str(), "optional" | "required") {
            wrong.push(format!(
                "LICENTRAL_SECOND_FACTOR is {:?}. Use optional or required.",
                settings.second_factor
            ));
        }
        let listen: SocketAddr = settings.listen.parse().unwrap_or_else(|_| {
            wrong.push(format!(
                "LICENTRAL_LISTEN is {:?}. Use an address and a port, for example 127.0.0.1:8080.",
                settings.listen
            ));
            SocketAddr::from(([127, 0, 0, 1], 8080))
        });
        if mode == Mode::Lab && !listen.ip().is_loopback() {
            wrong.push(format!(
                "LICENTRAL_LISTEN is {listen}, but a lab signs anybody in with one click, so it listens on 127.0.0.1 only. Set LICENTRAL_MODE=production to serve others."
            ));
        }
        let tls = own_tls(&settings, &mut wrong);
        let scheme = if tls.is_some() { "https" } else { "http" };
        let base_url = match &settings.base_url {
            Some(given) => match url::Url::parse(given) {
                Ok(u) if matches!(u.scheme(), "http" | "https") && u.path() == "/" && u.query().is_none() => {
                    given.trim_end_matches('/').to_owned()
                }
                _ => {
                    wrong.push(format!(
                        "LICENTRAL_BASE_URL is {given:?}. Use for example https://licenses.company.example."
                    ));
                    String::new()
                }
            },
            None => format!("{scheme}://{listen}"),
        };
        if tls.is_some() && base_url.starts_with("http://") {
            wrong.push(format!(
                "LICENTRAL_BASE_URL is {base_url}, but with LICENTRAL_TLS_CERT the portal speaks TLS. Give an address that begins with https://."
            ));
        }
        if !settings.database_url.starts_with("sqlite://")
            && !settings.database_url.starts_with("postgres://")
            && !settings.database_url.starts_with("postgresql://")
        {
            wrong.push("DATABASE_URL names no database that is known. Use for example sqlite://licentral.db or postgres://user:password@host/licentral.".to_owned());
        }
        if !["demo", "large", "empty"].contains(&settings.scenario.as_str())
            && !Path::new(&settings.scenario).is_file()
        {
            wrong.push(format!(
                "LICENTRAL_SCENARIO is {:?}. Use demo, large or empty, or a scenario file that is there.",
                settings.scenario
            ));
        }
        let mail = match settings.smtp_url.as_deref() {
            None => MailRoute::Mailbox,
            Some(folder) if folder.starts_with("file:") => {
                MailRoute::Folder(PathBuf::from(folder.trim_start_matches("file:")))
            }
            Some(given) => match url::Url::parse(given) {
                Ok(u) if matches!(u.scheme(), "smtp" | "smtps") && u.host_str().is_some() => {
                    MailRoute::Smtp(u)
                }
                _ => {
                    wrong.push("LICENTRAL_SMTP_URL cannot be read. Use for example smtp://user:password@mail.company.example:587.".to_owned());
                    MailRoute::Mailbox
                }
            },
        };
        if settings.mail_from.parse::<lettre::message::Mailbox>().is_err() {
            wrong.push(format!(
                "LICENTRAL_MAIL_FROM is {:?}. Use for example Licentral <no-reply@company.example>.",
                settings.mail_from
            ));
        }
        let metrics_listen = settings.metrics_listen.as_ref().and_then(|given| match given.parse::<SocketAddr>() {
            Ok(at) if at.ip().is_loopback() => Some(at),
            _ => {
                wrong.push(format!("LICENTRAL_METRICS_LISTEN is {given:?}. Use a loopback address, for example 127.0.0.1:9090."));
                None
            }
        });
        let trusted_proxies = settings
            .trusted_proxies
            .split(',')
            .map(str::trim)
            .filter(|one| !one.is_empty())
            .filter_map(|one| {
                one.parse()
                    .map_err(|_| wrong.push(format!("LICENTRAL_TRUSTED_PROXIES holds {one:?}. Use addresses separated by commas, for example 10.0.0.5,10.0.0.6.")))
                    .ok()
            })
            .collect();
        let webhook_networks = settings
            .webhook_networks
            .split(',')
            .map(str::trim)
            .filter(|one| !one.is_empty())
            .filter_map(|one| {
                Network::parse(one)
                    .map_err(|says| wrong.push(format!("LICENTRAL_WEBHOOK_NETWORKS holds {one:?}. {says}")))
                    .ok()
            })
            .collect();
        let vendor_hosts = settings
            .vendor_hosts
            .split(',')
            .map(str::trim)
            .filter(|one| !one.is_empty())
            .filter_map(|one| {
                let is_name = one.len() <= 253
                    && one.split('.').all(|label| {
                        (1..=63).contains(&label.len())
                            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
                    });
                if !is_name {
                    wrong.push(format!("LICENTRAL_VENDOR_HOSTS holds {one:?}. Use host names without ports, separated by commas, for example swapi.cisco.com,apx.cisco.com."));
                }
                is_name.then(|| one.to_ascii_lowercase())
            })
            .collect();
        if mode == Mode::Production {
            if settings.accept_device_codes {
                wrong.push("LICENTRAL_ACCEPT_DEVICE_CODES is for a lab: it gives reserved licenses back for any code.".to_owned());
            }
            if settings.base_url.is_none() {
                wrong.push("LICENTRAL_BASE_URL is missing: links in mails begin with it. For example https://licenses.company.example.".to_owned());
            } else if base_url.starts_with("http://") && !listen.ip().is_loopback() {
                wrong.push("LICENTRAL_BASE_URL begins with http://: sign-in needs https. Set LICENTRAL_TLS_CERT and LICENTRAL_TLS_KEY, or put a TLS proxy in front, and give the https address.".to_owned());
            }
            if !matches!(mail, MailRoute::Smtp(_)) {
                wrong.push("LICENTRAL_SMTP_URL is missing: without mail nobody can approve anything. For example smtp://user:password@mail.company.example:587.".to_owned());
            }
            if !settings.key_file.is_file() {
                wrong.push(format!(
                    "LICENTRAL_KEY_FILE: {} is not there. Make one with: licentral make-key {}",
                    settings.key_file.display(),
                    settings.key_file.display()
                ));
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(Self {
            edition: Edition::Cloud,
            mode,
            listen,
            base_url,
            tls,
            database_url: settings.database_url,
            scenario: settings.scenario,
            mail,
            mail_from: settings.mail_from,
            key_file: settings.key_file,
            metrics_listen,
            trusted_proxies,
            vendor_hosts,
            reach: Reach::new(mode == Mode::Lab, webhook_networks),
            accept_device_codes: settings.accept_device_codes,
            sync_records: settings.sync_records,
            keeps_pages: settings.kept_pages == "on",
            needs_second_factor: settings.second_factor == "required",
            log: settings.log,
            neighbour: None,
            limits: Limits::default(),
        })
    }

    /// Whether this is a lab.
    pub fn is_lab(&self) -> bool {
        self.mode == Mode::Lab
    }
}

/// The certificate of the settings. A key without a certificate is a mistake, and so is the other way round.
fn own_tls(settings: &Settings, wrong: &mut Vec<String>) -> Option<Arc<Front>> {
    let (certificate, key) = match (&settings.tls_cert, &settings.tls_key) {
        (None, None) => return None,
        (Some(certificate), Some(key)) => (certificate.clone(), key.clone()),
        (given, _) => {
            let (given, missing) = if given.is_some() {
                ("CERT", "KEY")
            } else {
                ("KEY", "CERT")
            };
            wrong.push(format!(
                "LICENTRAL_TLS_{missing} is missing: LICENTRAL_TLS_{given} needs it."
            ));
            return None;
        }
    };
    Front::open(Files { certificate, key })
        .map_err(|why| wrong.push(why))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

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
