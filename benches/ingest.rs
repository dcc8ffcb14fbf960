//! Taking synchronization files in: `cargo bench --bench ingest`, and on a PostgreSQL server of one's own
//! `tests/with-postgres cargo bench --bench ingest`.
//!
//! The real program with scenario `demo` takes a file of 100,000 product instances with 300,000 lines of usage over the
//! API, and then further files of the same On-Prem server. Beside it, in the same run and on the same kind of
//! database, the limit: the same rows by one prepared statement in a loop (SQLite) or by COPY (PostgreSQL). Somebody
//! else goes on reading the list of product instances all the while.

#![allow(clippy::pedantic, reason = "a benchmark may say things in the plainest way")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::panic,
    reason = "a benchmark prints, reads its own environment, and ends loudly when something is wrong"
)]

mod support;

use chrono::TimeDelta;
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Text;
use licentral::kernel::Moment;
use licentral::platform::db::schema::{device_usage, devices};
use licentral::platform::signing::FileKey;
use licentral::sync::format::{self, Device, Made, Place, Record, RegistrationHeader};
use std::path::Path;
use std::time::{Duration, Instant};
use support::{Peak, Portal, copy_of, reading};

const DEVICES: usize = 100_000;
const USES: [&str; 3] = ["c9200-dna-e-48", "c9200-ne-48", "c9300-ne-48"];

fn main() {
    let server = std::env::var("TEST_DATABASE_URL").ok();
    let portal = match &server {
        None => Portal::start("demo"),
        Some(server) => Portal::start_on("demo", &database(server, "portal")),
    };
    println!(
        "{DEVICES} product instances with {} lines of usage, {}.\n",
        DEVICES * USES.len(),
        if server.is_some() { "PostgreSQL" } else { "SQLite" }
    );
    let raw = match &server {
        None => raw_sqlite(&portal.folder),
        Some(_) => raw_postgres(&portal.url),
    };
    let rows = (DEVICES * (1 + USES.len())) as f64;
    println!(
        "The limit, {}: {:.2} s, {:.0} rows/s.",
        if server.is_some() {
            "COPY"
        } else {
            "a prepared statement in a loop, one transaction"
        },
        raw,
        rows / raw
    );

    let ada = portal.sign_in("ada@xyz.example");
    let token = portal.token(&ada);
    let number: i64 = portal.first_account(&ada).parse().unwrap();
    let site = Site::register(&portal, &token, number);
    let list = format!("/sa/{number}/devices/device-inventory");
    let stays = reading(&portal, &ada, &list, || {
        std::thread::sleep(Duration::from_secs(4))
    });
    println!("The list of product instances beside nothing: {stays}.\n");

    println!(
        "| file | upload and judge, s | submit and apply, s | records/s | of the limit | memory at most, MB | the list meanwhile |"
    );
    println!("|---|---|---|---|---|---|---|");
    let at = Moment::parse("2026-11-22T08:00:00Z").unwrap();
    let later = at.plus(TimeDelta::hours(6));
    for (name, sequence, contact, changed) in [
        ("all of them new", 1, at, 0),
        ("the same again", 2, at, 0),
        ("the same again, all of them heard of since", 3, later, 0),
        ("1 in 100 changed", 4, later, DEVICES / 100),
    ] {
        let bytes = site.file(sequence, contact, changed);
        let (mut upload, mut submit) = (0.0, 0.0);
        let peak = Peak::of(portal.child.id());
        let mut meanwhile = String::new();
        let work = || {
            let started = Instant::now();
            let id = site.upload(&portal, &token, &bytes);
            upload = started.elapsed().as_secs_f64();
            let started = Instant::now();
            site.submit(&portal, &token, &id);
            submit = started.elapsed().as_secs_f64();
        };
        meanwhile.push_str(&reading(&portal, &ada, &list, work));
        let most = peak.end();
        let took = upload + submit;
        println!(
            "| {name} ({:.1} MB) | {upload:.2} | {submit:.2} | {:.0} | {:.3} | {most} | {meanwhile} |",
            bytes.len() as f64 / 1_000_000.0,
            rows / took,
            raw / took
        );
    }
    let stays = reading(&portal, &ada, &list, || {
        std::thread::sleep(Duration::from_secs(4))
    });
    println!("\nThe list with them, beside nothing: {stays}.");
}

/// An On-Prem server.
struct Site {
    key: FileKey,
    id: String,
    account: i64,
}

impl Site {
    fn register(portal: &Portal, token: &str, account: i64) -> Self {
        let (key, _) = FileKey::make().unwrap();
        let registration = format::text_of(
            &RegistrationHeader {
                manager: None,
                name: "Bench".to_owned(),
                public_key: key.public_key().to_owned(),
                software: "bench".to_owned(),
                created_at: Moment::parse("2026-11-22T07:00:00Z").unwrap(),
            },
            &key,
        )
        .unwrap();
        let body =
            serde_json::json!({ "name": "Bench", "virtual_account": "Bench", "registration": registration });
        let (status, answer) = ask(
            portal,
            "POST",
            &format!("/api/v1/accounts/{account}/device-managers"),
            token,
            body.to_string().as_bytes(),
        );
        assert_eq!(status, 201, "{answer}");
        Self {
            key,
            id: answer["id"].as_str().unwrap().to_owned(),
            account,
        }
    }

    fn file(&self, sequence: i64, contact: Moment, changed: usize) -> Vec<u8> {
        let place = Record::Place(Place {
            name: "DEFAULT".to_owned(),
            description: String::new(),
        });
        let devices = (0..DEVICES).map(|n| {
            Record::Device(Device {
                pid: "C9200-48P-E".to_owned(),
                serial: serial(n),
                hostname: if n < changed {
                    format!("new-{n}")
                } else {
                    format!("sw-{n}")
                },
                product: "C9200 Series Switch".to_owned(),
                software: "17.12.4".to_owned(),
                place: "DEFAULT".to_owned(),
                registered_at: Moment::parse("2026-01-01T08:00:00Z").unwrap(),
                contact_at: contact,
                by_policy: false,
                usage: USES.iter().map(|key| ((*key).to_owned(), 1)).collect(),
            })
        });
        Made {
            manager: self.id.parse().unwrap(),
            smart_account: self.account,
            virtual_account: "Bench".to_owned(),
            sequence,
            last_response: sequence - 1,
            created_at: contact,
            software: "bench".to_owned(),
        }
        .file(std::iter::once(place).chain(devices), &self.key)
        .unwrap()
    }

    fn files(&self) -> String {
        format!(
            "/api/v1/accounts/{}/device-managers/{}/sync-files",
            self.account, self.id
        )
    }

    fn upload(&self, portal: &Portal, token: &str, bytes: &[u8]) -> String {
        let (status, answer) = ask(portal, "POST", &self.files(), token, bytes);
        assert_eq!(status, 201, "{answer}");
        answer["id"].as_str().unwrap().to_owned()
    }

    /// Until it is applied.
    fn submit(&self, portal: &Portal, token: &str, id: &str) {
        let one = format!("{}/{id}", self.files());
        let (status, mut answer) = ask(portal, "POST", &format!("{one}/submit"), token, b"");
        assert!(matches!(status, 200 | 202), "{answer}");
        while answer["outcome"] == "applying" {
            std::thread::sleep(Duration::from_millis(50));
            answer = ask(portal, "GET", &one, token, b"").1;
        }
        assert_eq!(answer["outcome"], "applied", "{answer}");
    }
}

fn serial(n: usize) -> String {
    format!("BEN{n:08}")
}

fn ask(portal: &Portal, method: &str, path: &str, token: &str, body: &[u8]) -> (u16, serde_json::Value) {
    let (status, answer) = portal.ask(method, path, token, body);
    (status, serde_json::from_str(&answer).unwrap_or_default())
}

fn database(server: &str, name: &str) -> String {
    let name = format!("licentral_bench_{}_{name}", std::process::id());
    let mut server_conn = diesel::PgConnection::establish(server).expect("TEST_DATABASE_URL answers");
    diesel::sql_query(format!("CREATE DATABASE {name}"))
        .execute(&mut server_conn)
        .unwrap();
    let (base, _) = server.rsplit_once('/').unwrap();
    format!("{base}/{name}")
}

/// A Virtual Account and its Smart Account.
#[derive(diesel::QueryableByName)]
struct Whose {
    #[diesel(sql_type = Text)]
    account: String,
    #[diesel(sql_type = Text)]
    place: String,
}

const WHOSE: &str = "SELECT smart_account_id AS account, id AS place FROM virtual_accounts WHERE is_default AND smart_account_id = (SELECT id FROM smart_accounts WHERE domain = 'xyz.example')";

fn raw_sqlite(folder: &Path) -> f64 {
    let (mut conn, to) = copy_of(folder, "raw");
    conn.batch_execute("PRAGMA foreign_keys=ON; PRAGMA cache_size=-4000;")
        .unwrap();
    let whose: Whose = diesel::sql_query(WHOSE).get_result(&mut conn).unwrap();
    let at = chrono::DateTime::UNIX_EPOCH.naive_utc();
    let started = Instant::now();
    conn.transaction(|conn| {
        for n in 0..DEVICES {
            let id = format!("77777777-0000-0000-0000-{n:012}");
            let (serial, hostname) = (serial(n), format!("sw-{n}"));
            let key = format!("c9200-48p-e\n{}", serial.to_lowercase());
            diesel::insert_into(devices::table)
                .values((
                    (
                        devices::id.eq(&id),
                        devices::smart_account_id.eq(&whose.account),
                        devices::virtual_account_id.eq(&whose.place),
                        devices::udi_pid.eq("C9200-48P-E"),
                        devices::udi_serial.eq(&serial),
                        devices::udi_key.eq(&key),
                        devices::hostname.eq(&hostname),
                        devices::name_key.eq(&hostname),
                        devices::search_key.eq(&key),
                        devices::product.eq("C9200 Series Switch"),
                        devices::software.eq("17.12.4"),
                        devices::standing.eq("connected"),
                    ),
                    (
                        devices::is_reserved.eq(false),
                        devices::export_controlled.eq(true),
                        devices::secret_hash.eq(""),
                        devices::licenses.eq(3),
                        devices::registered_at.eq(at),
                        devices::renewed_at.eq(at),
                        devices::contact_at.eq(at),
                        devices::version.eq(1),
                        devices::local_virtual_account.eq("DEFAULT"),
                    ),
                ))
                .execute(conn)?;
            for entitlement in USES {
                diesel::insert_into(device_usage::table)
                    .values((
                        device_usage::device_id.eq(&id),
                        device_usage::smart_account_id.eq(&whose.account),
                        device_usage::virtual_account_id.eq(&whose.place),
                        device_usage::entitlement.eq(entitlement),
                        device_usage::quantity.eq(1),
                        device_usage::reserved.eq(0),
                        device_usage::since.eq(at),
                    ))
                    .execute(conn)?;
            }
        }
        diesel::QueryResult::Ok(())
    })
    .unwrap();
    let took = started.elapsed().as_secs_f64();
    drop(conn);
    let _ = std::fs::remove_file(&to);
    took
}

/// Into the portal's own tables, and out of them again.
fn raw_postgres(url: &str) -> f64 {
    let mut conn = diesel::PgConnection::establish(url).unwrap();
    let whose: Whose = diesel::sql_query(WHOSE).get_result(&mut conn).unwrap();
    let at = "1970-01-01 00:00:00";
    let id = |n: usize| format!("77777777-0000-0000-0000-{n:012}");
    let started = Instant::now();
    // Not kept: to delete as many rows again takes PostgreSQL far longer than to take them in.
    conn.begin_test_transaction().unwrap();
    let copied: diesel::QueryResult<usize> = (|conn: &mut diesel::PgConnection| {
        diesel::copy_from(devices::table)
            .from_raw_data(
                (
                    devices::id,
                    devices::smart_account_id,
                    devices::virtual_account_id,
                    devices::udi_pid,
                    devices::udi_serial,
                    devices::udi_key,
                    devices::hostname,
                    devices::name_key,
                    devices::search_key,
                    devices::product,
                    devices::software,
                    devices::standing,
                    devices::is_reserved,
                    devices::export_controlled,
                    devices::secret_hash,
                    devices::licenses,
                    devices::registered_at,
                    devices::renewed_at,
                    devices::contact_at,
                    devices::version,
                    devices::local_virtual_account,
                ),
                |out| {
                    for n in 0..DEVICES {
                        let (id, serial) = (id(n), serial(n));
                        let key = serial.to_lowercase();
                        writeln!(
                            out,
                            "{id}\t{}\t{}\tC9200-48P-E\t{serial}\tc9200-48p-e {key}\tsw-{n}\tsw-{n}\tc9200-48p-e {key}\tC9200 Series Switch\t17.12.4\tconnected\tf\tt\t\t3\t{at}\t{at}\t{at}\t1\tDEFAULT",
                            whose.account, whose.place
                        )
                        .map_err(|e| diesel::result::Error::SerializationError(e.into()))?;
                    }
                    diesel::QueryResult::Ok(())
                },
            )
            .execute(conn)?;
        diesel::copy_from(device_usage::table)
            .from_raw_data(
                (
                    device_usage::device_id,
                    device_usage::smart_account_id,
                    device_usage::virtual_account_id,
                    device_usage::entitlement,
                    device_usage::quantity,
                    device_usage::reserved,
                    device_usage::since,
                ),
                |out| {
                    for n in 0..DEVICES {
                        for entitlement in USES {
                            writeln!(
                                out,
                                "{}\t{}\t{}\t{entitlement}\t1\t0\t{at}",
                                id(n),
                                whose.account,
                                whose.place
                            )
                            .map_err(|e| diesel::result::Error::SerializationError(e.into()))?;
                        }
                    }
                    diesel::QueryResult::Ok(())
                },
            )
            .execute(conn)
    })(&mut conn);
    copied.unwrap();
    let took = started.elapsed().as_secs_f64();
    conn.batch_execute("ROLLBACK").unwrap();
    conn.batch_execute("VACUUM ANALYZE devices").unwrap();
    conn.batch_execute("VACUUM ANALYZE device_usage").unwrap();
    took
}
