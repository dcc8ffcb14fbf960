//! PostgreSQL's own programs, which copy a database of theirs and put it back. They are told the address without its
//! password: what stands on a command line can be read by everybody on the computer.

use crate::platform::db::backup::{self, Contents};
use crate::platform::private;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Where the two programs are.
pub struct Tools {
    dump: PathBuf,
    restore: PathBuf,
}

impl Tools {
    /// Those that are set, or those on the PATH.
    pub fn of(dump: Option<PathBuf>) -> Self {
        let dump = dump.unwrap_or_else(|| "pg_dump".into());
        Self {
            restore: dump.with_file_name("pg_restore"),
            dump,
        }
    }

    /// Copies a database into a new file, as it was when this began.
    pub fn dump(&self, url: &str, to: &Path) -> Result<(), String> {
        let server = backup::server_version(url).map_err(|why| crate::platform::db::not_opened(url, why))?;
        let own = version(&self.dump, server)?;
        if own < server {
            return Err(format!(
                "{} is of PostgreSQL {own} and the server of {server}: an older one cannot copy a newer server's database. Install the client programs of {server} (Debian: postgresql-client-{server}), or name its pg_dump in LICENTRAL_PG_DUMP.",
                self.dump.display()
            ));
        }
        // pg_dump would let others read it.
        private::writing()
            .create_new(true)
            .open(to)
            .map_err(|e| format!("cannot write {}: {e}", to.display()))?;
        let mut command = Command::new(&self.dump);
        command
            .args([
                "--format=custom",
                "--no-owner",
                "--no-privileges",
                "--no-password",
            ])
            // Snapshots of a lab: on SQLite they are files of their own as well.
            .arg("--exclude-schema=lab_snapshot_*")
            .arg("--file")
            .arg(to);
        done(connected(&mut command, url)?, "pg_dump").map(drop)
    }

    /// What is known of the database in an archive.
    pub fn contents(&self, archive: &Path) -> Result<Contents, String> {
        version(&self.restore, 0)?;
        let mut command = Command::new(&self.restore);
        command
            .args([
                "--data-only",
                "--table=settings",
                "--table=__diesel_schema_migrations",
                "--file=-",
            ])
            .arg(archive);
        let told = done(&mut command, "pg_restore")?;
        Ok(read(&String::from_utf8_lossy(&told.stdout)))
    }

    /// Puts all of an archive into an empty database, or nothing of it.
    pub fn put_back(&self, archive: &Path, url: &str) -> Result<(), String> {
        let mut command = Command::new(&self.restore);
        command.args([
            "--no-owner",
            "--no-privileges",
            "--no-comments",
            "--no-password",
            "--single-transaction",
            "--exit-on-error",
        ]);
        connected(&mut command, url)?.arg(archive);
        done(&mut command, "pg_restore").map(drop)
    }
}

/// What the rows of two tables say, as an archive holds them.
fn read(text: &str) -> Contents {
    let (mut contents, mut table) = (Contents::default(), "");
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("COPY ") {
            let name = rest.split(' ').next().unwrap_or_default();
            table = name.rsplit('.').next().unwrap_or_default();
            continue;
        }
        let Some((first, second)) = line.split_once('\t') else {
            continue;
        };
        match (table, first) {
            ("__diesel_schema_migrations", step) => contents.steps.push(step.to_owned()),
            ("settings", crate::platform::settings::EDITION) => contents.edition = Some(second.to_owned()),
            ("settings", crate::platform::settings::KEY) => contents.key = Some(second.to_owned()),
            _ => {}
        }
    }
    contents
}

/// The major version of a program of PostgreSQL.
fn version(program: &Path, server: u32) -> Result<u32, String> {
    let shown = program.display();
    let package = match server {
        0 => "postgresql-client".to_owned(),
        server => format!("postgresql-client-{server}"),
    };
    let told = Command::new(program).arg("--version").output().map_err(|e| match e.kind() {
        ErrorKind::NotFound => format!(
            "{shown} is not there: it comes with PostgreSQL's client programs. Install them (Debian: {package}), or name pg_dump in LICENTRAL_PG_DUMP."
        ),
        _ => format!("{shown} could not be started: {e}"),
    })?;
    let words = String::from_utf8_lossy(&told.stdout).into_owned();
    major(&words).ok_or_else(|| format!("{shown} does not say which version it is: {}", words.trim()))
}

fn major(words: &str) -> Option<u32> {
    let (_, behind) = words.split_once("(PostgreSQL) ")?;
    let digits: String = behind.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// Says to the program where the database is.
fn connected<'c>(command: &'c mut Command, url: &str) -> Result<&'c mut Command, String> {
    let (address, password) = without_password(url)?;
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    Ok(command.arg("--dbname").arg(address))
}

/// The address without its password, and the password. A library for addresses will not do: PostgreSQL's may name several
/// hosts.
fn without_password(url: &str) -> Result<(String, Option<String>), String> {
    let (scheme, rest) = url.split_once("://").ok_or("DATABASE_URL is no address")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, behind) = rest.split_at(end);
    let (user, hosts) = match authority.split_once('@') {
        Some((user, hosts)) => (Some(user), hosts),
        None => (None, authority),
    };
    let (user, mut password) = match user.map(|user| user.split_once(':').unwrap_or((user, ""))) {
        Some((user, password)) => (format!("{user}@"), Some(password).filter(|text| !text.is_empty())),
        None => (String::new(), None),
    };
    let (path, parameters) = behind.split_once('?').unwrap_or((behind, ""));
    let mut kept = Vec::new();
    for one in parameters.split('&').filter(|one| !one.is_empty()) {
        match one.split_once('=') {
            Some(("password", value)) => password = Some(value),
            Some(("sslpassword", _)) => {
                return Err(
                    "DATABASE_URL has a password of a client key (sslpassword), which would stand on a command line. Use a key without one, readable by the portal's user alone."
                        .to_owned(),
                );
            }
            _ => kept.push(one),
        }
    }
    let parameters = if kept.is_empty() {
        String::new()
    } else {
        format!("?{}", kept.join("&"))
    };
    let password = password
        .map(|text| percent_decode_str(text).decode_utf8().map(Cow::into_owned))
        .transpose()
        .map_err(|_| "The password in DATABASE_URL is not UTF-8")?;
    Ok((format!("{scheme}://{user}{hosts}{path}{parameters}"), password))
}

fn done(command: &mut Command, name: &str) -> Result<Output, String> {
    let told = command
        .output()
        .map_err(|e| format!("{name} could not be started: {e}"))?;
    if told.status.success() {
        return Ok(told);
    }
    Err(format!(
        "{name} ended with {}:\n{}",
        told.status,
        String::from_utf8_lossy(&told.stderr).trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_stands_on_a_command_line() {
        let parts = |url| without_password(url).unwrap();
        let with = |address: &str, password: &str| (address.to_owned(), Some(password.to_owned()));
        assert_eq!(
            parts("postgres://lic:p%40ss:w@a.example:5432,b.example/db?sslmode=require"),
            with(
                "postgres://lic@a.example:5432,b.example/db?sslmode=require",
                "p@ss:w"
            )
        );
        assert_eq!(
            parts("postgres://lic@h/db?password=two&sslmode=require"),
            with("postgres://lic@h/db?sslmode=require", "two")
        );
        assert_eq!(
            parts("postgres:///db?host=/run/postgresql").0,
            "postgres:///db?host=/run/postgresql"
        );
        assert_eq!(parts("postgres://lic@h/db").1, None);
        assert!(without_password("postgres://h/db?sslpassword=x").is_err());
    }

    #[test]
    fn versions_and_rows_are_read() {
        assert_eq!(
            major("pg_dump (PostgreSQL) 15.8 (Debian 15.8-0+deb12u1)"),
            Some(15)
        );
        assert_eq!(major("pg_dump (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major("something else"), None);
        let found = read(
            "SET x;\nCOPY public.settings (name, value) FROM stdin;\nedition\ton-prem\nkey-file\tab12\n\\.\n\nCOPY public.__diesel_schema_migrations (version, run_on) FROM stdin;\n20261121000000\t2026-11-21\n\\.\n",
        );
        assert_eq!(found.steps, ["20261121000000"]);
        assert_eq!(
            (found.edition.as_deref(), found.key.as_deref()),
            (Some("on-prem"), Some("ab12"))
        );
    }
}
