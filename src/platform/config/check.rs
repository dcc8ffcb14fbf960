//! From what was set to how the portal runs. Each setting is looked at by itself, and all mistakes are told at once.

use super::{Config, Limits, MailRoute, Mode, Settings, traces};
use crate::kernel::Edition;
use crate::platform::db;
use crate::platform::reach::{Network, Reach};
use crate::platform::tls::{Files, Front};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

impl Config {
    /// Checks the settings; tells all mistakes at once.
    pub fn check(settings: Settings) -> Result<Self, Vec<String>> {
        let mut wrong = Vec::new();
        let mode = mode(&settings, &mut wrong);
        switches(&settings, &mut wrong);
        let listen = listen(&settings, mode, &mut wrong);
        let tls = own_tls(&settings, &mut wrong);
        let base_url = base_url(&settings, listen, tls.is_some(), &mut wrong);
        database(&settings, &mut wrong);
        let mail = mail(&settings, &mut wrong);
        let metrics_listen = metrics_listen(&settings, &mut wrong);
        let trusted_proxies = each_of(&settings.trusted_proxies, &mut wrong, |one| {
            one.parse().map_err(|_| {
                format!("LICENTRAL_TRUSTED_PROXIES holds {one:?}. Use addresses separated by commas, for example 10.0.0.5,10.0.0.6.")
            })
        });
        let webhook_networks = each_of(&settings.webhook_networks, &mut wrong, |one| {
            Network::parse(one).map_err(|says| format!("LICENTRAL_WEBHOOK_NETWORKS holds {one:?}. {says}"))
        });
        let vendor_hosts = each_of(&settings.vendor_hosts, &mut wrong, host_name);
        let identity_provider = settings.provider.check(&mut wrong);
        let retention = settings.retention.check(&mut wrong);
        #[expect(
            clippy::disallowed_methods,
            reason = "OpenTelemetry's variables are the same for every program, and its library reads the rest of them"
        )]
        let traces = traces::check(&|name| std::env::var(name).ok(), &mut wrong);
        if mode == Mode::Production {
            for_others(&settings, &base_url, listen, &mail, &mut wrong);
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
            read_database_url: settings.read_database_url,
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
            identity_provider,
            quotas: settings.quotas.check(mode),
            retention,
            traces,
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

/// Each part of a list that is separated by commas; what is wrong with one is told, and it is left out.
fn each_of<T>(list: &str, wrong: &mut Vec<String>, read: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
    list.split(',')
        .map(str::trim)
        .filter(|one| !one.is_empty())
        .filter_map(|one| read(one).map_err(|says| wrong.push(says)).ok())
        .collect()
}

fn mode(settings: &Settings, wrong: &mut Vec<String>) -> Mode {
    match settings.mode.as_str() {
        "lab" => Mode::Lab,
        "production" => Mode::Production,
        other => {
            wrong.push(format!("LICENTRAL_MODE is {other:?}. Use lab or production."));
            Mode::Lab
        }
    }
}

/// What is either one word or another.
fn switches(settings: &Settings, wrong: &mut Vec<String>) {
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
}

fn listen(settings: &Settings, mode: Mode, wrong: &mut Vec<String>) -> SocketAddr {
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
    listen
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

/// The address by which people reach the portal, without a slash at its end.
fn base_url(settings: &Settings, listen: SocketAddr, has_tls: bool, wrong: &mut Vec<String>) -> String {
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
        None => format!("{}://{listen}", if has_tls { "https" } else { "http" }),
    };
    if has_tls && base_url.starts_with("http://") {
        wrong.push(format!(
            "LICENTRAL_BASE_URL is {base_url}, but with LICENTRAL_TLS_CERT the portal speaks TLS. Give an address that begins with https://."
        ));
    }
    base_url
}

/// Where the database is, who else may be read from, and with what an empty one is filled.
fn database(settings: &Settings, wrong: &mut Vec<String>) {
    wrong.extend(db::wrong_with(&settings.database_url));
    if let Some(standbys) = &settings.read_database_url {
        wrong.extend(db::wrong_with_standbys(&settings.database_url, standbys));
    }
    if !["demo", "large", "empty"].contains(&settings.scenario.as_str())
        && !Path::new(&settings.scenario).is_file()
    {
        wrong.push(format!(
            "LICENTRAL_SCENARIO is {:?}. Use demo, large or empty, or a scenario file that is there.",
            settings.scenario
        ));
    }
}

/// Where mail goes, and from whom it comes.
fn mail(settings: &Settings, wrong: &mut Vec<String>) -> MailRoute {
    let route = match settings.smtp_url.as_deref() {
        None => MailRoute::Mailbox,
        Some(folder) if folder.starts_with("file:") => {
            MailRoute::Folder(PathBuf::from(folder.trim_start_matches("file:")))
        }
        Some(given) => match url::Url::parse(given) {
            Ok(u) if matches!(u.scheme(), "smtp" | "smtps") && u.host_str().is_some() => MailRoute::Smtp(u),
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
    route
}

fn metrics_listen(settings: &Settings, wrong: &mut Vec<String>) -> Option<SocketAddr> {
    let given = settings.metrics_listen.as_ref()?;
    match given.parse::<SocketAddr>() {
        Ok(at) if at.ip().is_loopback() => Some(at),
        _ => {
            wrong.push(format!(
                "LICENTRAL_METRICS_LISTEN is {given:?}. Use a loopback address, for example 127.0.0.1:9090."
            ));
            None
        }
    }
}

fn host_name(one: &str) -> Result<String, String> {
    let is_name = one.len() <= 253
        && one.split('.').all(|label| {
            (1..=63).contains(&label.len()) && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        });
    if is_name {
        Ok(one.to_ascii_lowercase())
    } else {
        Err(format!(
            "LICENTRAL_VENDOR_HOSTS holds {one:?}. Use host names without ports, separated by commas, for example swapi.cisco.com,apx.cisco.com."
        ))
    }
}

/// What a portal for others needs besides.
fn for_others(
    settings: &Settings,
    base_url: &str,
    listen: SocketAddr,
    mail: &MailRoute,
    wrong: &mut Vec<String>,
) {
    if settings.accept_device_codes {
        wrong.push(
            "LICENTRAL_ACCEPT_DEVICE_CODES is for a lab: it gives reserved licenses back for any code."
                .to_owned(),
        );
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
