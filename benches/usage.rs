//! Taking usage reports by policy in: `cargo bench --bench usage`.
//!
//! The real program with scenario `demo` takes a usage data file of 100,000 product instances with 300,000 reports over the
//! API, which a job takes in, and then the same file again. Beside it, in the same run, the limit on SQLite: the rows of the
//! reports and of the product instances by prepared statements in a loop. Somebody else goes on reading the list of product
//! instances all the while. `LICENTRAL_DEVICES` makes it smaller.

#![allow(clippy::pedantic, reason = "a benchmark may say things in the plainest way")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::panic,
    reason = "a benchmark prints, reads its own environment, and ends loudly when something is wrong"
)]

mod support;

use chrono::TimeDelta;
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use flate2::Compression;
use flate2::write::GzEncoder;
use licentral::devices::Udi;
use licentral::devices::policy::files;
use licentral::devices::policy::payload::Report;
use licentral::kernel::Moment;
use licentral::platform::signing::FileKey;
use std::io::Write as _;
use std::time::{Duration, Instant};
use support::{Peak, Portal, reading};

const USES: [&str; 3] = ["c9200-dna-e-48", "c9200-ne-48", "c9300-ne-48"];

fn main() {
    let devices: usize = std::env::var("LICENTRAL_DEVICES").map_or(100_000, |n| n.parse().unwrap());
    let portal = Portal::start("demo");
    let reports = devices * USES.len();
    println!("{devices} product instances by policy with {reports} reports.\n");
    let raw = raw_sqlite(&portal, devices);
    println!("The limit, prepared statements in a loop, one transaction: {raw:.2} s.");
    let file = archive(devices);
    println!("The file: {:.1} MB.", file.len() as f64 / 1_000_000.0);

    let ada = portal.sign_in("ada@xyz.example");
    let token = portal.token(&ada);
    let number = portal.first_account(&ada);
    let list = format!("/sa/{number}/devices/device-inventory");
    let places: serde_json::Value = ask(
        &portal,
        "GET",
        &format!("/api/v1/accounts/{number}/virtual-accounts"),
        &token,
        b"",
    );
    let place = places["items"][0]["id"].as_str().unwrap().to_owned();
    let stays = reading(&portal, &ada, &list, || {
        std::thread::sleep(Duration::from_secs(4))
    });
    println!("The list of product instances beside nothing: {stays}.\n");
    println!(
        "| file | upload, s | taken in, s | reports/s | of the limit | memory at most, MB | the list meanwhile |"
    );
    println!("|---|---|---|---|---|---|---|");
    for name in ["all of them new", "the same again"] {
        let path = format!("/api/v1/accounts/{number}/usage-files?va={place}&name=bench.tar.gz");
        let (mut upload, mut taken) = (0.0, 0.0);
        let peak = Peak::of(portal.child.id());
        let meanwhile = reading(&portal, &ada, &list, || {
            let begun = Instant::now();
            let made = ask(&portal, "POST", &path, &token, &file);
            upload = begun.elapsed().as_secs_f64();
            let id = made["file"]["id"].as_str().unwrap().to_owned();
            let one = format!("/api/v1/accounts/{number}/usage-files/{id}");
            loop {
                let now = ask(&portal, "GET", &one, &token, b"");
                if now["file"]["is_being_taken_in"] == false {
                    assert_eq!(now["file"]["refused"], 0);
                    break;
                }
                std::thread::sleep(Duration::from_millis(200));
            }
            taken = begun.elapsed().as_secs_f64() - upload;
        });
        let most = peak.end();
        println!(
            "| {name} | {upload:.2} | {taken:.2} | {:.0} | {:.3} | {most} | {meanwhile} |",
            reports as f64 / (upload + taken),
            raw / (upload + taken)
        );
    }
}

fn ask(portal: &Portal, method: &str, path: &str, token: &str, body: &[u8]) -> serde_json::Value {
    let (status, answer) = portal.ask(method, path, token, body);
    assert!(status < 300, "{status}: {answer}");
    serde_json::from_str(&answer).unwrap()
}

fn serial(n: usize) -> String {
    format!("USE{n:07}")
}

fn archive(devices: usize) -> Vec<u8> {
    let key = FileKey::make().unwrap().0;
    let at = Moment::of(chrono::Utc::now()).plus(TimeDelta::hours(-1));
    let texts: Vec<String> = (0..devices)
        .map(|n| {
            let reports: Vec<_> = USES
                .iter()
                .enumerate()
                .map(|(of, entitlement)| {
                    Report {
                        udi: Udi {
                            pid: "C9200-48P-E".to_owned(),
                            serial: serial(n),
                        },
                        id: of.to_string(),
                        entitlement: (*entitlement).to_owned(),
                        quantity: 1,
                        began_at: at,
                        ended_at: at,
                        software: "17.12.4".to_owned(),
                        sha256: String::new(),
                        key: String::new(),
                    }
                    .sign(&key)
                    .unwrap()
                })
                .collect();
            files::usage_file(&reports)
        })
        .collect();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(&files::archive(&texts)).unwrap();
    gzip.finish().unwrap()
}

/// The rows that have to be there afterwards, as fast as SQLite takes them.
fn raw_sqlite(portal: &Portal, devices: usize) -> f64 {
    let path = portal.folder.join("limit.db");
    let mut conn = SqliteConnection::establish(&path.to_string_lossy()).unwrap();
    conn.batch_execute(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
         CREATE TABLE d (id TEXT PRIMARY KEY, udi TEXT UNIQUE, state TEXT);
         CREATE TABLE r (id TEXT PRIMARY KEY, udi TEXT, report TEXT, entitlement TEXT, n BIGINT, UNIQUE (udi, report));
         CREATE TABLE l (file TEXT, n BIGINT, udi TEXT, outcome TEXT, PRIMARY KEY (file, n));",
    )
    .unwrap();
    let begun = Instant::now();
    conn.transaction::<(), diesel::result::Error, _>(|conn| {
        for n in 0..devices {
            let udi = serial(n);
            diesel::sql_query("INSERT INTO d VALUES (?, ?, 'reported')")
                .bind::<Text, _>(format!("{n:036}"))
                .bind::<Text, _>(&udi)
                .execute(conn)?;
            for (of, key) in USES.iter().enumerate() {
                diesel::sql_query("INSERT INTO r VALUES (?, ?, ?, ?, 1)")
                    .bind::<Text, _>(format!("{n:034}{of:02}"))
                    .bind::<Text, _>(&udi)
                    .bind::<Text, _>(of.to_string())
                    .bind::<Text, _>(*key)
                    .execute(conn)?;
                diesel::sql_query("INSERT INTO l VALUES ('f', ?, ?, 'taken')")
                    .bind::<BigInt, _>((n * USES.len() + of) as i64)
                    .bind::<Text, _>(&udi)
                    .execute(conn)?;
            }
        }
        Ok(())
    })
    .unwrap();
    begun.elapsed().as_secs_f64()
}
