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
use licentral::kernel::Moment;
use licentral::platform::signing::FileKey;
use licentral::sync::format::{self, Device, Made, Place, Record, RegistrationHeader};
use std::time::{Duration, Instant};
use support::raw::{self, USES, serial};
use support::{Peak, Portal, reading};

const DEVICES: usize = 100_000;

fn main() {
    let server = std::env::var("TEST_DATABASE_URL").ok();
    let portal = match &server {
        None => Portal::start("demo"),
        Some(server) => Portal::start_on("demo", &raw::database(server, "portal")),
    };
    println!(
        "{DEVICES} product instances with {} lines of usage, {}.\n",
        DEVICES * USES.len(),
        if server.is_some() { "PostgreSQL" } else { "SQLite" }
    );
    let raw = raw::limit(&portal, DEVICES, false);
    let rows = (DEVICES * (1 + USES.len())) as f64;
    println!(
        "The limit, {}: {:.2} s, {:.0} rows/s.",
        raw::way(&portal),
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

fn ask(portal: &Portal, method: &str, path: &str, token: &str, body: &[u8]) -> (u16, serde_json::Value) {
    let (status, answer) = portal.ask(method, path, token, body);
    (status, serde_json::from_str(&answer).unwrap_or_default())
}
