//! PostgreSQL over a network: TLS, several hosts, and one key file for all portals of a database.

use crate::support::{Database, Process, Server, licentral, postgres};
use diesel::prelude::*;
use licentral::platform::db::{Db, Reads, migrate};
use licentral::platform::settings;
use licentral::platform::tls::pem;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// An authority.
struct Authority {
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
    file: PathBuf,
}

fn pem_key(key: &rcgen::KeyPair) -> String {
    let text = data_encoding::BASE64.encode(&key.serialize_der());
    format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
}

impl Authority {
    fn new(folder: &Path, name: &str) -> Self {
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let key = rcgen::KeyPair::generate().unwrap();
        let file = folder.join(format!("{name}.pem"));
        std::fs::write(&file, pem(params.self_signed(&key).unwrap().der())).unwrap();
        Self {
            issuer: rcgen::Issuer::new(params, key),
            file,
        }
    }

    /// A certificate for a name of the network, or of a user, until a year; and its key.
    fn certificate(&self, names: &[&str], user: &str, until: i32) -> (String, String) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = rcgen::CertificateParams::new(names).unwrap();
        params.is_ca = rcgen::IsCa::ExplicitNoCa;
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(rcgen::DnType::CommonName, user);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (pem(certificate.der()), pem_key(&key))
    }
}

/// Has the server speak TLS with this certificate.
fn speak_tls(server: &Server, name: &str, (certificate, key): &(String, String)) {
    let folder = server.word("SELECT current_setting('data_directory') AS word");
    let (certificate_file, key_file) = (format!("{folder}/{name}.crt"), format!("{folder}/{name}.key"));
    server.write(&certificate_file, certificate);
    server.write(&key_file, key);
    server.set(&[
        ("ssl_cert_file", &certificate_file),
        ("ssl_key_file", &key_file),
        ("ssl", "on"),
    ]);
}

#[derive(diesel::QueryableByName)]
struct Seen {
    #[diesel(sql_type = diesel::sql_types::Bool)]
    is_so: bool,
}

/// Whether the server says that what this address opens is in TLS; or why it does not open.
fn is_in_tls(url: &str) -> Result<bool, String> {
    let seen = Db::open(url)?.read_now(|r| {
        let query = "SELECT ssl AS is_so FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        Ok(diesel::sql_query(query).get_result::<Seen>(r.conn())?)
    });
    Ok(seen.map_err(|e| format!("{e:?}"))?.is_so)
}

#[track_caller]
fn refused(url: &str, words: &[&str]) {
    let why = is_in_tls(url).expect_err(url);
    assert!(why.starts_with("cannot connect to PostgreSQL: "), "{why}");
    assert!(
        !why.contains("socket"),
        "the server is named and not our relay: {why}"
    );
    for one in words {
        assert!(why.contains(one), "{one:?} is not in {why:?}");
    }
}

/// Whom the server lets in by a password, and whom by a certificate.
fn who_comes_in(server: &Server) {
    server.ask(&[
        "CREATE ROLE careful SUPERUSER LOGIN PASSWORD 'a b&c'",
        "CREATE ROLE certified SUPERUSER LOGIN",
    ]);
    let file = server.word("SELECT current_setting('hba_file') AS word");
    server.write(
        &file,
        "host all careful 127.0.0.1/32 scram-sha-256\nhostssl all certified 127.0.0.1/32 cert\nhost all postgres 127.0.0.1/32 trust\nlocal all all trust",
    );
    server.ask(&["SELECT pg_reload_conf()"]);
}

#[test]
fn tls_to_a_server_is_as_careful_as_its_address_says() {
    if postgres().is_none() {
        return;
    }
    let folder = Database::empty();
    let server = Server::start();
    let (ours, others) = (
        Authority::new(&folder.folder, "ours"),
        Authority::new(&folder.folder, "others"),
    );
    let url = |host: &str, settings: &str| {
        format!("postgres://postgres@{host}:{}/postgres?{settings}", server.port())
    };
    let believing = |mode: &str, authority: &Authority| {
        format!("sslmode={mode}&sslrootcert={}", authority.file.display())
    };

    // A server that speaks none is left alone, but by those who are content with that.
    assert_eq!(is_in_tls(&url("127.0.0.1", "sslmode=prefer")), Ok(false));
    assert_eq!(is_in_tls(&url("127.0.0.1", "")), Ok(false));
    for mode in ["require", "verify-ca", "verify-full"] {
        refused(
            &url("127.0.0.1", &believing(mode, &ours)),
            &["127.0.0.1:", "speaks no TLS"],
        );
    }
    refused(&url("127.0.0.1", "sslmode=require"), &["speaks no TLS"]);

    speak_tls(&server, "good", &ours.certificate(&["localhost"], "server", 2120));
    assert_eq!(is_in_tls(&url("127.0.0.1", "")), Ok(false));
    for settings in ["sslmode=prefer", "sslmode=require"] {
        assert_eq!(is_in_tls(&url("127.0.0.1", settings)), Ok(true), "{settings}");
    }
    assert_eq!(
        is_in_tls(&url("localhost", &believing("verify-full", &ours))),
        Ok(true)
    );
    assert_eq!(
        is_in_tls(&url("127.0.0.1", &believing("verify-ca", &ours))),
        Ok(true)
    );
    refused(
        &url("127.0.0.1", &believing("verify-full", &ours)),
        &["is not for 127.0.0.1, but for", "localhost"],
    );
    for mode in ["require", "verify-ca", "verify-full"] {
        refused(
            &url("localhost", &believing(mode, &others)),
            &["an authority that is not believed"],
        );
    }

    // The server offers a way to sign in that is bound to TLS, which libpq would take for an attack.
    who_comes_in(&server);
    let full = believing("verify-full", &ours);
    let with = |user: &str, settings: &str| {
        format!(
            "postgres://{user}@localhost:{}/postgres?{settings}",
            server.port()
        )
    };
    assert_eq!(is_in_tls(&with("careful:a%20b%26c", &full)), Ok(true));
    refused(
        &with("careful:wrong", &full),
        &[
            "localhost:",
            "password authentication failed for user \"careful\"",
        ],
    );

    // A certificate in place of a password.
    let folder_of_server = server.word("SELECT current_setting('data_directory') AS word");
    let authorities = format!("{folder_of_server}/authorities.crt");
    server.write(&authorities, &std::fs::read_to_string(&ours.file).unwrap());
    server.set(&[("ssl_ca_file", &authorities)]);
    let own = ours.certificate(&[], "certified", 2120);
    let (certificate, key) = (folder.folder.join("own.pem"), folder.folder.join("own.key"));
    std::fs::write(&certificate, own.0).unwrap();
    std::fs::write(&key, own.1).unwrap();
    let shown = format!(
        "{full}&sslcert={}&sslkey={}",
        certificate.display(),
        key.display()
    );
    assert_eq!(is_in_tls(&with("certified", &shown)), Ok(true));
    refused(&with("certified", &full), &["certificate"]);

    // The schema and the doctor go the same way.
    let file = folder.folder.join("licentral.key");
    let settings = [
        "--database-url",
        &url("localhost", &full),
        "--key-file",
        &file.to_string_lossy(),
    ];
    assert!(licentral(&[&["migrate"], &settings[..2]].concat(), &folder.folder).0);
    let (_, found) = licentral(&[&["doctor"], &settings[..]].concat(), &folder.folder);
    assert!(
        found.contains("database TLS") && found.contains(": TLS 1.3, a certificate for 3"),
        "{found}"
    );
    let clear = url("db.licentral.example", "connect_timeout=1");
    let (_, found) = licentral(&["doctor", "--database-url", &clear], &folder.folder);
    assert!(
        found.contains("note   database TLS") && found.contains("in the clear"),
        "{found}"
    );

    speak_tls(&server, "old", &ours.certificate(&["localhost"], "server", 2024));
    refused(&with("postgres", &full), &["localhost:", "has expired"]);
    let (ok, found) = licentral(&[&["doctor"], &settings[..]].concat(), &folder.folder);
    assert!(
        !ok && found.contains("WRONG  database TLS") && found.contains("has expired"),
        "{found}"
    );
}

fn put(db: &Db, name: &str) -> Result<(), String> {
    db.housekeeping_now(|tx| settings::set(tx, name, "there"))
        .map_err(|e| format!("{e:?}"))
}

fn has(server: &Server, name: &str) -> bool {
    let query = format!("SELECT count(*)::text AS word FROM settings WHERE name = '{name}'");
    server.word(&query) == "1"
}

/// A server that only reads stands for a standby, or for a primary that is none any more.
fn only_reads(server: &Server, word: &str) {
    server.set(&[("default_transaction_read_only", word)]);
}

#[test]
fn writes_follow_the_primary_among_several_hosts() {
    if postgres().is_none() {
        return;
    }
    let folder = Database::empty();
    let (one, other) = (Server::start(), Server::start());
    for server in [&one, &other] {
        migrate::run(&server.url).unwrap();
        let authority = Authority::new(&folder.folder, "ours");
        speak_tls(
            server,
            "good",
            &authority.certificate(&["localhost"], "server", 2120),
        );
    }
    for settings in ["", "&sslmode=require"] {
        // Nobody listens on the first, the second only reads.
        only_reads(&one, "on");
        let url = format!(
            "postgres://postgres@127.0.0.1:1,127.0.0.1:{},127.0.0.1:{}/postgres?target_session_attrs=read-write{settings}",
            one.port(),
            other.port()
        );
        let db = Db::open(&url).unwrap();
        put(&db, &format!("first{settings}")).unwrap();
        assert!(has(&other, &format!("first{settings}")));
        // They change places under connections that stand.
        only_reads(&other, "on");
        only_reads(&one, "off");
        put(&db, &format!("second{settings}")).unwrap();
        assert!(has(&one, &format!("second{settings}")));
        assert!(!has(&other, &format!("second{settings}")));
        only_reads(&other, "off");
    }
    // None of them writes: said at the start, of each.
    only_reads(&one, "on");
    let url = format!(
        "postgres://postgres@127.0.0.1:1,127.0.0.1:{}/postgres?target_session_attrs=read-write&sslmode=require",
        one.port()
    );
    refused(&url, &["127.0.0.1:1: cannot be reached", "session is read-only"]);
}

#[test]
fn a_commit_that_waits_for_a_standby_never_runs_out_of_time() {
    if postgres().is_none() {
        return;
    }
    let server = Server::start();
    migrate::run(&server.url).unwrap();
    // Servers of tests acknowledge before anything is kept.
    server.ask(&["ALTER ROLE postgres SET synchronous_commit = on"]);
    let db = Db::open(&server.url).unwrap();
    let has_no_end = |db: &Db| {
        db.heard()
            .iter()
            .any(|text| text == "SET LOCAL statement_timeout = 0")
    };
    db.heard();
    put(&db, "alone").unwrap();
    assert!(!has_no_end(&db), "there is nobody to wait for");
    server.set(&[("synchronous_standby_names", "nobody")]);
    let writer = std::thread::spawn({
        let db = db.clone();
        move || put(&db, "waits")
    });
    let begun = Instant::now();
    while !has_no_end(&db) {
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", db.heard());
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(!writer.is_finished(), "acknowledged, and no standby has it");
    server.set(&[("synchronous_standby_names", "")]);
    writer.join().unwrap().unwrap();
}

#[test]
fn two_key_files_on_one_database_are_refused_in_words() {
    let database = Database::fresh();
    let key = |name: &str| database.folder.join(name).to_string_lossy().into_owned();
    drop(Process::start(&database, "empty"));
    let other = key("other.key");
    assert!(licentral(&["make-key", &other], &database.folder).0);
    let with = |command: &str, file: &str| {
        let settings = ["--database-url", &database.url, "--key-file", file];
        let listen = ["--listen", "127.0.0.1:0"];
        let listen = if command == "serve" { &listen[..] } else { &[] };
        licentral(&[&[command], &settings[..], listen].concat(), &database.folder)
    };
    let (ok, words) = with("serve", &other);
    assert!(!ok && words.contains("another key file"), "{words}");
    // Where none is, none is made.
    let (ok, words) = with("serve", &key("lost.key"));
    assert!(!ok && words.contains("The database was used with one"), "{words}");
    assert!(!database.folder.join("lost.key").exists());
    let (_, words) = with("doctor", &other);
    assert!(words.contains("WRONG  key file"), "{words}");
    let (_, words) = with("doctor", &key("licentral.key"));
    assert!(!words.contains("WRONG  key file"), "{words}");
    // The day on which the first is lost for good.
    let (ok, words) = with("replace-key", &other);
    assert!(ok && words.contains("goes by"), "{words}");
    let (ok, words) = with("replace-key", &other);
    assert!(ok && words.contains("already"), "{words}");
    let (ok, words) = with("serve", &key("licentral.key"));
    assert!(!ok && words.contains("another key file"), "{words}");
    let told = Db::open(&database.url)
        .unwrap()
        .read_now(|r| {
            use licentral::platform::db::schema::events;
            Ok(events::table
                .filter(events::kind.eq("portal.key-replaced"))
                .count()
                .get_result::<i64>(r.conn())?)
        })
        .unwrap();
    assert_eq!(told, 1);
}
