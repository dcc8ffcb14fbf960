//! What is looked at, but for mail.

use super::super::key::WAYS_OUT;
use crate::authn::provider::Provider;
use crate::kernel::Clock;
use crate::platform::config::{Collector, Config, IdentityProvider, Settings};
use crate::platform::db::{
    Db, Schema, StandbyStanding, TlsStanding, look_at_standby, look_at_tls, migrate, not_opened,
    wrong_with_standbys,
};
use crate::platform::findings::{self, Finding};
use crate::platform::signing::Signing;
use crate::platform::tls::Files;
use crate::platform::traces::try_out;
use crate::platform::{mail, settings as kept};
use std::net::TcpListener;
use std::path::{Path, PathBuf};

/// Whether the settings can be used.
pub fn configuration(config: &Result<Config, Vec<String>>) -> Finding {
    match config {
        Ok(config) => Finding::ok(
            "configuration",
            format!(
                "{}, {}, listens on {}",
                if config.is_lab() { "A lab" } else { "Production" },
                config.base_url,
                config.listen
            ),
        ),
        Err(wrong) => Finding::wrong(
            "configuration",
            wrong.join("\n"),
            "Each line names its setting; docs/configuration.md has all of them.",
        ),
    }
}

/// The signing keys.
pub fn keys(settings: &Settings) -> Finding {
    let file = &settings.key_file;
    let shown = file.display();
    if !file.exists() {
        return if settings.mode == "lab" {
            Finding::ok(
                "key file",
                format!("{shown} is not there; a lab makes it at its first start."),
            )
        } else {
            Finding::wrong(
                "key file",
                format!("{shown} is not there."),
                format!(
                    "For a new installation: licentral make-key {shown}. For one that was in use, put back the file that was kept with the backup: with another, emailed links, API clients' tokens and second factors are void."
                ),
            )
        };
    }
    if let Err(why) = Signing::open(file, false, "") {
        return Finding::wrong(
            "key file",
            why,
            "Put back the file that was kept with the backup, readable by the portal's user.",
        );
    }
    match mode_of(file) {
        Some(mode) if mode & 0o077 != 0 => Finding::wrong(
            "key file",
            format!("{shown} can be read, and by others as well (mode {mode:o})."),
            format!("chmod 600 {shown}"),
        ),
        _ => Finding::ok(
            "key file",
            format!("{shown} can be read, and by its owner alone."),
        ),
    }
}

#[cfg(unix)]
fn mode_of(file: &Path) -> Option<u32> {
    let facts = std::fs::metadata(file).ok()?;
    Some(std::os::unix::fs::PermissionsExt::mode(&facts.permissions()) & 0o777)
}

#[cfg(not(unix))]
fn mode_of(_file: &Path) -> Option<u32> {
    None
}

/// The file of a SQLite database.
fn sqlite_file(settings: &Settings) -> Option<PathBuf> {
    settings.database_url.strip_prefix("sqlite://").map(PathBuf::from)
}

/// The database, its schema, and letters that were given up.
pub fn database(settings: &Settings) -> Vec<Finding> {
    const DATABASE: &str = "database";
    let url = &settings.database_url;
    if let Some(file) = sqlite_file(settings)
        && !file.exists()
    {
        let shown = file.display();
        return vec![if settings.mode == "lab" {
            Finding::ok(
                DATABASE,
                format!("{shown} is not there; a lab makes it at its first start."),
            )
        } else {
            Finding::wrong(
                DATABASE,
                format!("{shown} is not there."),
                "Make it: licentral migrate. If there was one, look at DATABASE_URL, or restore the backup.",
            )
        }];
    }
    let what = match url.split_once("://") {
        Some(("sqlite", file)) => format!("SQLite, {file}"),
        _ => "PostgreSQL".to_owned(),
    };
    let schema = match migrate::compare(url) {
        Ok(schema) => schema,
        Err(why) => {
            return vec![Finding::wrong(
                DATABASE,
                not_opened(url, why),
                "See that DATABASE_URL is right, that the server runs, and that this user may use it.",
            )];
        }
    };
    match schema {
        Schema::Current => {
            let mut found = vec![Finding::ok(
                DATABASE,
                format!("{what}. Its schema is this program's ({}).", migrate::newest()),
            )];
            found.extend(outbox(url));
            found.extend(other_key(settings));
            found
        }
        Schema::Behind(steps) => vec![Finding::wrong(
            DATABASE,
            format!(
                "{what}. Its schema lacks {} steps of this program's.",
                steps.len()
            ),
            "Make a backup, then run: licentral migrate",
        )],
        Schema::Ahead(steps) => vec![Finding::wrong(
            DATABASE,
            format!(
                "{what}. It was used by a newer program: this one does not know the steps {}.",
                steps.join(", ")
            ),
            "Install that program again, or restore a backup.",
        )],
    }
}

/// Whether the database was used with other keys.
fn other_key(settings: &Settings) -> Option<Finding> {
    let signing = Signing::open(&settings.key_file, false, "").ok()?;
    let db = Db::open(&settings.database_url).ok()?;
    let kept_id = db.read_now(|r| kept::get(r, kept::KEY)).ok()??;
    (kept_id != signing.file_id()).then(|| {
        Finding::wrong(
            "key file",
            format!(
                "The database was used with another key file ({kept_id}) than {} ({}).",
                settings.key_file.display(),
                signing.file_id()
            ),
            WAYS_OUT,
        )
    })
}

/// Whether what is said to a database elsewhere can be listened to, and whether its server is the right one.
pub fn database_tls(settings: &Settings) -> Option<Finding> {
    const TLS: &str = "database TLS";
    const MEND: &str = "See that each server of DATABASE_URL runs with ssl = on, and that its certificate is for the name that stands there and of an authority of sslrootcert.";
    match look_at_tls(&settings.database_url) {
        // What is wrong with the address was told of the database.
        Ok(TlsStanding::NotNeeded) | Err(_) => None,
        Ok(TlsStanding::Clear(hosts)) => Some(Finding::note(
            TLS,
            format!(
                "What is said to {hosts} goes over the network in the clear, passwords hashed but all data as it is."
            ),
            "Add sslmode=verify-full to DATABASE_URL, with sslrootcert=FILE for an authority of the company's own.",
        )),
        Ok(TlsStanding::Encrypted(hosts)) => {
            let few = hosts
                .iter()
                .any(|(_, seen)| seen.as_ref().is_ok_and(|seen| seen.days < findings::FEW_DAYS));
            let bad = hosts.iter().any(|(_, seen)| seen.is_err());
            let lines: Vec<String> = hosts
                .into_iter()
                .map(|(host, seen)| match seen {
                    Ok(seen) => format!(
                        "{host}: {}, a certificate for {} days more.",
                        seen.version, seen.days
                    ),
                    Err(why) => format!("{host}: {why}."),
                })
                .collect();
            let lines = lines.join("\n");
            Some(if bad {
                Finding::wrong(TLS, lines, MEND)
            } else if few {
                Finding::note(
                    TLS,
                    lines,
                    "Renew the server's certificate, and let PostgreSQL reload.",
                )
            } else {
                Finding::ok(TLS, lines)
            })
        }
    }
}

/// Whether a standby can be read from. What is wrong with its address is told of the configuration.
pub fn standbys(settings: &Settings) -> Option<Finding> {
    const STANDBYS: &str = "standbys";
    const MEND: &str = "Until then the primary serves all reads. See that LICENTRAL_READ_DATABASE_URL names standbys of the servers in DATABASE_URL, with the same user and database.";
    let (url, standbys) = (&settings.database_url, settings.read_database_url.as_ref()?);
    if wrong_with_standbys(url, standbys).is_some() {
        return None;
    }
    Some(match look_at_standby(url, standbys) {
        Ok(StandbyStanding::Fit(bytes)) => Finding::ok(
            STANDBYS,
            format!("One that follows the primary answers, {bytes} bytes behind it."),
        ),
        Ok(StandbyStanding::Unfit(why)) => Finding::note(STANDBYS, format!("None serves: {why}."), MEND),
        Err(why) => Finding::note(STANDBYS, format!("The primary could not be asked: {why}."), MEND),
    })
}

/// Letters that nobody took, and whose database it is.
fn outbox(url: &str) -> Option<Finding> {
    let db = Db::open(url).ok()?;
    let (counts, edition) = db.read_now(|r| Ok((mail::counts(r)?, kept::edition(r)?))).ok()?;
    let found = format!(
        "{edition}: {} letters wait, {} were given up",
        counts.waiting, counts.given_up
    );
    Some(if counts.given_up > 0 {
        Finding::note(
            "letters",
            found,
            "The list of outbound e-mail says why, and queues them again.",
        )
    } else {
        Finding::ok("letters", found)
    })
}

/// Whether this computer knows what time it is.
pub fn clock(settings: &Settings) -> Finding {
    const CLOCK: &str = "clock";
    const MEND: &str = "Have the computer set its time by itself (systemd-timesyncd or chrony). Codes of second factors, sessions and emailed links go by it.";
    let now = Clock::new().system_time().utc();
    let shown = now.format("%Y-%m-%d %H:%M:%S UTC");
    let newest = migrate::newest();
    let made = newest.get(..10).unwrap_or_default();
    if now.format("%Y-%m-%d").to_string().as_str() < made {
        return Finding::wrong(
            CLOCK,
            format!("It is {shown} here, and this program was made after {made}."),
            MEND,
        );
    }
    if let Ok(Some(other)) = migrate::time_of(&settings.database_url) {
        let off = (other - now).num_seconds();
        return if off.abs() > 5 {
            Finding::wrong(
                CLOCK,
                format!("It is {shown} here, and {off} seconds later at the database server."),
                MEND,
            )
        } else {
            Finding::ok(CLOCK, format!("{shown}; the database server agrees."))
        };
    }
    let written = sqlite_file(settings)
        .and_then(|file| std::fs::metadata(file).and_then(|facts| facts.modified()).ok())
        .map(chrono::DateTime::<chrono::Utc>::from);
    match written {
        Some(at) if (at - now).num_seconds() > 60 => Finding::wrong(
            CLOCK,
            format!(
                "It is {shown} here, and the database was written to at {}.",
                at.format("%Y-%m-%d %H:%M:%S UTC")
            ),
            MEND,
        ),
        _ => Finding::ok(CLOCK, shown.to_string()),
    }
}

/// Whether the identity provider answers, and is the one that was set.
pub fn provider(settings: &IdentityProvider) -> Finding {
    const PROVIDER: &str = "sign-in";
    match Provider::of(settings) {
        Err(why) => Finding::wrong(PROVIDER, why, "Mend LICENTRAL_OIDC_GROUPS."),
        Ok(provider) => match provider.look() {
            Ok(found) => Finding::ok(PROVIDER, format!("{found}.")),
            Err(why) => Finding::wrong(
                PROVIDER,
                why,
                "See that LICENTRAL_OIDC_ISSUER is what the provider's page /.well-known/openid-configuration has as issuer, letter by letter; that this computer reaches it; and, where its certificate is the company's own, that SSL_CERT_FILE names the authority.",
            ),
        },
    }
}

/// Whether the collector of traces answers.
pub fn traces(collector: &Collector) -> Finding {
    findings::traces(collector.shown(), try_out(collector).err())
}

/// The portal's own certificate.
pub fn certificate(settings: &Settings) -> Finding {
    const TLS: &str = "TLS";
    let (certificate, key) = match (&settings.tls_cert, &settings.tls_key) {
        (Some(certificate), Some(key)) => (certificate.clone(), key.clone()),
        (None, None) => {
            let is_behind = settings
                .base_url
                .as_deref()
                .is_some_and(|url| url.starts_with("https://"));
            return Finding::ok(
                TLS,
                if is_behind {
                    "None of the portal's own: a proxy in front of it speaks TLS."
                } else {
                    "None: the portal speaks plain HTTP."
                },
            );
        }
        _ => {
            return Finding::wrong(
                TLS,
                "A certificate without a key, or a key without a certificate.",
                "Set both LICENTRAL_TLS_CERT and LICENTRAL_TLS_KEY.",
            );
        }
    };
    findings::certificate(&Files { certificate, key })
}

/// Free room where the portal writes.
pub fn disk(settings: &Settings) -> Vec<Finding> {
    let mut folders: Vec<PathBuf> = Vec::new();
    for file in sqlite_file(settings)
        .into_iter()
        .chain([settings.key_file.clone()])
    {
        let folder = match file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders.iter().map(|folder| findings::disk(folder)).collect()
}

/// Whether somebody listens on the portal's address: itself, or another program that keeps it from starting.
pub fn address(settings: &Settings) -> Finding {
    let listen = &settings.listen;
    match TcpListener::bind(listen) {
        Ok(_) => Finding::ok("address", format!("{listen} is free: no portal runs there now.")),
        Err(e) if e.kind() == std::io::ErrorKind::AddrInUse => Finding::ok(
            "address",
            format!("{listen} is in use: by the portal, or by another program."),
        ),
        Err(e) => Finding::wrong(
            "address",
            format!("The portal cannot listen on {listen}: {e}."),
            "Choose another with LICENTRAL_LISTEN. A port below 1024 is for root, or for a unit with CAP_NET_BIND_SERVICE.",
        ),
    }
}
