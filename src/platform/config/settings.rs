//! What may be set: from the environment, the same as flags of `serve`.

use super::provider::ProviderSettings;
use super::quotas::QuotaSettings;
use super::retention::RetentionSettings;
use clap::Args;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

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
    /// Standbys of that PostgreSQL database, from which requests are read where they have all that was acknowledged:
    /// postgres://user:password@standby1,standby2/database. Without it the primary serves all reads.
    #[arg(long, env = "LICENTRAL_READ_DATABASE_URL", hide_env_values = true)]
    pub read_database_url: Option<String>,
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
    #[command(flatten)]
    pub provider: ProviderSettings,
    #[command(flatten)]
    pub quotas: QuotaSettings,
    #[command(flatten)]
    pub retention: RetentionSettings,
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
            read_database_url: None,
            key_file: beside(&self.key_file),
            metrics_listen: None,
            provider: ProviderSettings::default(),
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
