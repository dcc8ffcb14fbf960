//! The address of a PostgreSQL database, `postgres://user:password@host,host/database?settings`, read as libpq reads it: what
//! it says of TLS is ours to do, the rest is handed on.

use super::hosts::{DEFAULT_PORT, Host, decoded, encoded, set_ports, wrong};
use crate::platform::tls::Files;
use crate::platform::tls_client::{Authorities, Client, Trust};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a host may take to answer, unless `connect_timeout` says otherwise: one host is waited for longer than one of
/// several, since there is no other. Several fit into the time that a request waits for a connection.
const PATIENCE: u64 = 5;
const PATIENCE_OF_SEVERAL: u64 = 2;

/// When the network to a server is cut no answer comes and no refusal. So that this is noticed within seconds and not within
/// a quarter of an hour, unless the address says otherwise.
const NOTICES_SILENCE: &[(&str, &str)] = &[
    ("keepalives_idle", "5"),
    ("keepalives_interval", "2"),
    ("keepalives_count", "3"),
    ("tcp_user_timeout", "10000"),
];

/// What is done about TLS.
#[derive(Debug, Clone)]
pub struct Encryption {
    /// How the servers are believed.
    pub client: Client,
    /// A server that speaks none is spoken to in the clear (`sslmode=prefer`).
    pub may_be_clear: bool,
}

/// An address, taken apart.
#[derive(Debug, Clone)]
pub struct Address {
    /// Name and password, as they were written.
    user: Option<String>,
    pub hosts: Vec<Host>,
    /// The database with the slash before it, as it was written.
    database: String,
    /// What is set, names and values decoded.
    settings: Vec<(String, String)>,
}

impl Address {
    /// Reads one. What is wrong is told without the password.
    pub fn parse(url: &str) -> Result<Self, String> {
        let rest = url
            .strip_prefix("postgres://")
            .or_else(|| url.strip_prefix("postgresql://"))
            .ok_or("DATABASE_URL is no address of a PostgreSQL database.")?;
        // As libpq does: the first of the two characters decides.
        let (user, rest) = match rest.split_once('@') {
            Some((user, rest)) if !user.contains('/') => (Some(user.to_owned()), rest),
            _ => (None, rest),
        };
        let (before, settings) = rest.split_once('?').unwrap_or((rest, ""));
        let (hosts, database) = match before.find('/') {
            Some(at) => before.split_at(at),
            None => (before, ""),
        };
        let mut settings = settings
            .split('&')
            .filter(|one| !one.is_empty())
            .map(|one| {
                let (name, value) = one.split_once('=').ok_or_else(|| {
                    format!("DATABASE_URL has {one:?} behind the question mark. Use name=value.")
                })?;
                Ok((decoded(name), decoded(value)))
            })
            .collect::<Result<Vec<_>, String>>()?;
        let mut hosts = match take(&mut settings, "host") {
            Some(names) => names
                .split(',')
                .map(|name| Host::of(name.to_owned(), DEFAULT_PORT))
                .collect(),
            None => hosts.split(',').map(Host::parse).collect::<Result<Vec<_>, _>>()?,
        };
        if let Some(ports) = take(&mut settings, "port") {
            set_ports(&mut hosts, &ports)?;
        }
        Ok(Self {
            user,
            hosts,
            database: database.to_owned(),
            settings,
        })
    }

    /// The same for servers that only read. Unless it says otherwise, each connection goes to any of them that is a standby.
    #[must_use]
    pub fn of_standbys(mut self) -> Self {
        for (name, value) in [
            ("target_session_attrs", "standby"),
            ("load_balance_hosts", "random"),
        ] {
            if self.setting(name).is_none() {
                self.settings.push((name.to_owned(), value.to_owned()));
            }
        }
        self
    }

    /// The last value counts, as with libpq.
    fn setting(&self, name: &str) -> Option<&str> {
        let found = self.settings.iter().rev().find(|(one, _)| one == name);
        found.map(|(_, value)| value.as_str())
    }

    /// How long a host may take to answer.
    pub fn patience(&self) -> Duration {
        let given = self.setting("connect_timeout").and_then(|text| text.parse().ok());
        Duration::from_secs(
            given
                .filter(|seconds| *seconds > 0)
                .unwrap_or(if self.hosts.len() > 1 {
                    PATIENCE_OF_SEVERAL
                } else {
                    PATIENCE
                }),
        )
    }

    /// The hosts, for messages.
    pub fn shown(&self) -> String {
        let hosts: Vec<String> = self.hosts.iter().map(ToString::to_string).collect();
        hosts.join(", ")
    }

    /// What the address asks for of TLS, with its files read once so that a mistake is told at the start. None where nothing is
    /// encrypted.
    pub fn encryption(&self) -> Result<Option<Encryption>, String> {
        let roots = self.setting("sslrootcert").filter(|file| !file.is_empty());
        let is_system = roots == Some("system");
        let mode = match (self.setting("sslmode"), is_system) {
            (None, true) => "verify-full",
            (None, false) if roots.is_some() || self.setting("sslcert").is_some() => {
                return Err(wrong(
                    "sslrootcert or sslcert, but no sslmode: nothing would be encrypted. Add sslmode=verify-full",
                ));
            }
            (None, false) => "disable",
            (Some(mode), _) => mode,
        };
        let (trust, may_be_clear) = match mode {
            "disable" | "allow" => return Ok(None),
            "prefer" => (Trust::Nobody, true),
            // As libpq has it: a file of authorities is there to be used.
            "require" if roots.is_some() => (Trust::Authority, false),
            "require" => (Trust::Nobody, false),
            "verify-ca" => (Trust::Authority, false),
            "verify-full" => (Trust::AuthorityAndName, false),
            other => {
                return Err(wrong(&format!(
                    "sslmode={other}. Use disable, prefer, require, verify-ca or verify-full"
                )));
            }
        };
        if is_system && trust != Trust::AuthorityAndName {
            return Err(wrong(&format!(
                "sslrootcert=system with sslmode={mode}: anybody can get a certificate of those authorities. Use sslmode=verify-full"
            )));
        }
        for (name, value) in &self.settings {
            refused(name, value)?;
        }
        if self.hosts.iter().all(|host| matches!(host, Host::Local { .. })) {
            let is_named = self
                .hosts
                .iter()
                .any(|host| matches!(host, Host::Local { folder, .. } if !folder.is_empty()));
            return if is_named {
                Ok(None)
            } else {
                Err(wrong(&format!("sslmode={mode}, but no host")))
            };
        }
        let own = match (self.setting("sslcert"), self.setting("sslkey")) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some(Files {
                certificate: PathBuf::from(certificate),
                key: PathBuf::from(key),
            }),
            _ => return Err(wrong("sslcert or sslkey alone: they belong together")),
        };
        let authorities = match roots {
            None | Some("system") => Authorities::OfTheSystem,
            Some(file) => Authorities::In(PathBuf::from(file)),
        };
        let client = Client {
            trust,
            authorities,
            own,
        };
        client.look().map_err(|why| format!("DATABASE_URL: {why}"))?;
        Ok(Some(Encryption { client, may_be_clear }))
    }

    /// For libpq, which encrypts nothing.
    pub fn in_the_clear(&self) -> String {
        self.for_libpq(&self.hosts, self.patience().as_secs())
    }

    /// For libpq, when sockets in this folder stand for the hosts of the network. It waits for longer than the relay behind
    /// the sockets does, whose words say more.
    pub fn through(&self, folder: &Path) -> String {
        let hosts: Vec<Host> = self
            .hosts
            .iter()
            .zip(1..)
            .map(|(host, port)| match host {
                Host::Network { .. } => Host::Local {
                    folder: folder.to_string_lossy().into_owned(),
                    port,
                },
                Host::Local { .. } => host.clone(),
            })
            .collect();
        self.for_libpq(&hosts, self.patience().as_secs() * 2 + 1)
    }

    fn for_libpq(&self, hosts: &[Host], patience: u64) -> String {
        let mut url = "postgres://".to_owned();
        if let Some(user) = &self.user {
            url.push_str(user);
            url.push('@');
        }
        let is_silent = hosts
            .iter()
            .all(|host| matches!(host, Host::Local { folder, .. } if folder.is_empty()));
        if !is_silent {
            let hosts: Vec<String> = hosts.iter().map(Host::in_address).collect();
            url.push_str(&hosts.join(","));
        }
        url.push_str(&self.database);
        let ours = ["connect_timeout", "sslmode", "sslrootcert", "sslcert", "sslkey"];
        let mut settings: Vec<(String, String)> = self
            .settings
            .iter()
            .filter(|(name, _)| !ours.contains(&name.as_str()))
            .cloned()
            .collect();
        let mut add = |name: &str, value: &str| {
            if !settings.iter().any(|(one, _)| one == name) {
                settings.push((name.to_owned(), value.to_owned()));
            }
        };
        add("sslmode", "disable");
        add("connect_timeout", &patience.to_string());
        for (name, value) in NOTICES_SILENCE {
            add(name, value);
        }
        let settings: Vec<String> = settings
            .iter()
            .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
            .collect();
        format!("{url}?{}", settings.join("&"))
    }
}

/// What cannot be done as the address asks is not left out silently.
fn refused(name: &str, value: &str) -> Result<(), String> {
    let is_known = match name {
        "sslmode" | "sslrootcert" | "sslcert" | "sslkey" | "sslcompression" | "sslsni" => true,
        "ssl_min_protocol_version" => value == "TLSv1.2",
        "sslnegotiation" => value == "postgres",
        "channel_binding" => value != "require",
        "hostaddr" | "service" => false,
        other => !other.starts_with("ssl") && !other.starts_with("requiressl"),
    };
    if is_known {
        Ok(())
    } else {
        Err(wrong(&format!(
            "{name}={value}, which is not offered here together with TLS. Leave it out"
        )))
    }
}

fn take(settings: &mut Vec<(String, String)>, name: &str) -> Option<String> {
    let found = settings.iter().rev().find(|(one, _)| one == name)?.1.clone();
    settings.retain(|(one, _)| one != name);
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Address {
        Address::parse(url).unwrap_or_else(|why| panic!("{url}: {why}"))
    }

    fn refused_with(url: &str) -> String {
        match Address::parse(url) {
            Ok(address) => address.encryption().map(drop).expect_err(url),
            Err(why) => why,
        }
    }

    #[test]
    fn hosts_are_read_as_libpq_reads_them() {
        for (url, hosts) in [
            ("postgres://u:p@h/db", "h:5432"),
            ("postgresql://h1,h2:5433/db", "h1:5432, h2:5433"),
            (
                "postgres://u:p%40x@h1:1,[::1]:2,[fe80::1]/db?a=b",
                "h1:1, [::1]:2, [fe80::1]:5432",
            ),
            ("postgres://u@%2Frun%2Fpostgresql/db", "/run/postgresql"),
            ("postgres:///db?host=/run/pg,h&port=6000", "/run/pg, h:6000"),
            ("postgres://a,b/db?port=1,2", "a:1, b:2"),
            ("postgres:///db", "this computer"),
        ] {
            assert_eq!(read(url).shown(), hosts, "{url}");
        }
        for url in [
            "postgres://h:port/db",
            "postgres://h:0/db",
            "postgres://h:70000/db",
            "postgres://[::1/db",
            "postgres://h/db?sslmode",
            "postgres://a,b,c/db?port=1,2",
        ] {
            assert!(Address::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn libpq_is_told_to_encrypt_nothing_and_to_notice_silence() {
        let url = read(
            "postgres://u:p%40x@h1:1,[::1]:2/db?application_name=a%20b&tcp_user_timeout=1&connect_timeout=7",
        );
        let clear = url.in_the_clear();
        assert!(
            clear.starts_with("postgres://u:p%40x@h1:1,[::1]:2/db?application_name=a%20b&"),
            "{clear}"
        );
        for part in [
            "sslmode=disable",
            "connect_timeout=7",
            "keepalives_idle=5",
            "tcp_user_timeout=1&",
        ] {
            assert!(clear.contains(part), "{clear}");
        }
        let url =
            read("postgres://u:p@h1,%2Frun%2Fpg,h2:6/db?sslmode=require&target_session_attrs=read-write");
        let through = url.through(Path::new("/tmp/x y"));
        let hosts = "%2Ftmp%2Fx%20y:1,%2Frun%2Fpg:5432,%2Ftmp%2Fx%20y:3";
        let wanted = format!("postgres://u:p@{hosts}/db?target_session_attrs=read-write&sslmode=disable&");
        assert!(through.starts_with(&wanted), "{through}");
        assert_eq!(
            read("postgres:///db").in_the_clear().split('?').next(),
            Some("postgres:///db")
        );
    }

    #[test]
    fn standbys_are_looked_for_unless_the_address_says_otherwise() {
        let clear = read("postgres://h1,h2/db").of_standbys().in_the_clear();
        assert!(
            clear.contains("?target_session_attrs=standby&load_balance_hosts=random&"),
            "{clear}"
        );
        let given = read("postgres://h1,h2/db?target_session_attrs=any&load_balance_hosts=disable");
        assert_eq!(given.clone().of_standbys().in_the_clear(), given.in_the_clear());
    }

    #[test]
    fn what_an_address_asks_of_tls_is_done_or_refused() {
        let asked = |url: &str| {
            let found = read(url)
                .encryption()
                .unwrap_or_else(|why| panic!("{url}: {why}"));
            found.map(|one| (one.client.trust, one.may_be_clear))
        };
        assert_eq!(asked("postgres://h/db"), None);
        assert_eq!(asked("postgres://h/db?sslmode=disable"), None);
        assert_eq!(asked("postgres://%2Frun%2Fpg/db?sslmode=require"), None);
        assert_eq!(
            asked("postgres://h/db?sslmode=prefer"),
            Some((Trust::Nobody, true))
        );
        assert_eq!(
            asked("postgres://h/db?sslmode=require"),
            Some((Trust::Nobody, false))
        );
        for (url, words) in [
            ("postgres://h/db?sslmode=verify", "Use disable, prefer, require"),
            ("postgres://h/db?sslrootcert=ca.pem", "Add sslmode=verify-full"),
            (
                "postgres://h/db?sslmode=require&sslrootcert=system",
                "Use sslmode=verify-full",
            ),
            (
                "postgres://h/db?sslmode=verify-full&sslrootcert=/none.pem",
                "/none.pem cannot be read",
            ),
            ("postgres://h/db?sslmode=require&sslcert=c.pem", "belong together"),
            ("postgres://h/db?sslmode=require&sslcrl=c.pem", "sslcrl=c.pem"),
            (
                "postgres://h/db?sslmode=require&channel_binding=require",
                "channel_binding=require",
            ),
            (
                "postgres://h/db?sslmode=require&hostaddr=10.0.0.1",
                "hostaddr=10.0.0.1",
            ),
            ("postgres:///db?sslmode=require", "no host"),
        ] {
            let said = refused_with(url);
            assert!(said.contains(words), "{url}: {said}");
        }
    }
}
