//! Taking usage reports by policy in: `cargo bench --bench usage`, and on a PostgreSQL server of one's own
//! `tests/with-postgres cargo bench --bench usage`.
//!
//! The real program with scenario `demo` takes a usage data file of 100,000 product instances with 300,000 reports over the
//! API, which a job takes in, and then the same file again, and gives the acknowledgement; then as many product instances report over the vendor's API, 100
//! in a request, as proxies do. Beside it, in the same run and on the same kind of database, the limit: the same rows by one
//! prepared statement in a loop (SQLite) or by COPY (PostgreSQL), and what it costs to look at the signatures alone. Somebody
//! else goes on reading the list of product instances all the while. `LICENTRAL_DEVICES` makes it smaller.

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
use flate2::Compression;
use flate2::write::GzEncoder;
use licentral::devices::Udi;
use licentral::devices::policy::files;
use licentral::devices::policy::payload::{Report, Sent};
use licentral::kernel::Moment;
use licentral::platform::signing::FileKey;
use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use support::raw::{self, USES, serial};
use support::{Peak, Portal, Wire, reading};

/// So many product instances report in one request, and so many proxies send them.
const IN_A_REQUEST: usize = 100;
const PROXIES: usize = 4;
const ACCOUNT: &str = "/services/api/smart-accounts-and-licensing";

fn main() {
    let devices: usize = std::env::var("LICENTRAL_DEVICES").map_or(100_000, |n| n.parse().unwrap());
    let portal = match std::env::var("TEST_DATABASE_URL") {
        Err(_) => Portal::start("demo"),
        Ok(server) => Portal::start_on("demo", &raw::database(&server, "usage")),
    };
    let reports = devices * USES.len();
    println!(
        "{devices} product instances by policy with {reports} reports, {}.\n",
        if portal.url.is_empty() {
            "SQLite"
        } else {
            "PostgreSQL"
        }
    );
    let raw = raw::limit(&portal, devices, true);
    println!("The limit, {}: {raw:.2} s.", raw::way(&portal));
    let sent = signed(devices, 0);
    let begun = Instant::now();
    assert!(sent.iter().flatten().all(|one| one.check(false).is_ok()));
    println!(
        "To look at the signatures alone, on one processor: {:.2} s.",
        begun.elapsed().as_secs_f64()
    );
    let file = archive(&sent);
    drop(sent);
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
    let mut first = String::new();
    for name in ["all of them new", "the same again"] {
        let path = format!("/api/v1/accounts/{number}/usage-files?va={place}&name=bench.tar.gz");
        let (mut upload, mut taken) = (0.0, 0.0);
        let peak = Peak::of(portal.child.id());
        let meanwhile = reading(&portal, &ada, &list, || {
            let begun = Instant::now();
            let made = ask(&portal, "POST", &path, &token, &file);
            upload = begun.elapsed().as_secs_f64();
            let id = made["file"]["id"].as_str().unwrap().to_owned();
            if first.is_empty() {
                first.clone_from(&id);
            }
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
    let path = format!("/api/v1/accounts/{number}/usage-files/{first}/acknowledgement");
    let peak = Peak::of(portal.child.id());
    let begun = Instant::now();
    let (status, text) = portal.ask("POST", &path, &token, b"");
    assert_eq!(status, 200);
    println!(
        "| the acknowledgement of the first, {:.1} MB | | {:.2} | | | {} | |",
        text.len() as f64 / 1_000_000.0,
        begun.elapsed().as_secs_f64(),
        peak.end()
    );
    drop(text);

    let requests = requests(&portal, &token, &number, devices);
    let peak = Peak::of(portal.child.id());
    let mut took = 0.0;
    let meanwhile = reading(&portal, &ada, &list, || {
        let begun = Instant::now();
        send(&portal, requests);
        took = begun.elapsed().as_secs_f64();
    });
    let most = peak.end();
    println!(
        "| over the vendor's API, {IN_A_REQUEST} in a request, {PROXIES} at once | | {took:.2} | {:.0} | {:.3} | {most} | {meanwhile} |",
        reports as f64 / took,
        raw / took
    );
    println!(
        "\nThe portal's memory at most, from its start to now (VmHWM): {} MB.",
        support::most_memory_of(portal.child.id()) / 1024
    );
}

/// The requests of proxies in which as many other product instances report.
fn requests(portal: &Portal, token: &str, number: &str, devices: usize) -> Vec<Vec<u8>> {
    let place = place_number(portal, token);
    signed(devices, devices)
        .chunks(IN_A_REQUEST)
        .enumerate()
        .map(|(n, some)| {
            let all: Vec<serde_json::Value> = some
                .iter()
                .enumerate()
                .map(|(one, sent)| {
                    let usage: Vec<serde_json::Value> = sent.iter().map(Sent::shape).collect();
                    serde_json::json!({
                        "sudi": { "udi_pid": "C9200-48P-E", "udi_serial_number": serial(devices + n * IN_A_REQUEST + one) },
                        "hostname": "edge", "usage": usage,
                    })
                })
                .collect();
            let body =
                serde_json::json!({ "data": { "timestamp": 1, "nonce": n.to_string(), "reports": all } }).to_string();
            format!(
                "POST {ACCOUNT}/v2/devices/reportusage HTTP/1.1\r\nhost: 127.0.0.1:{}\r\nauthorization: Bearer {token}\r\nx-csw-smart-account-id: {number}\r\nx-csw-virtual-account-id: {place}\r\nx-csw-requesting-system: {{\"display_name\":\"bench\"}}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                portal.port,
                body.len()
            )
            .into_bytes()
        })
        .collect()
}

/// The number by which scripts know the Virtual Account DEFAULT.
fn place_number(portal: &Portal, token: &str) -> String {
    let all = ask(
        portal,
        "GET",
        &format!("{ACCOUNT}/v2/accounts/search"),
        token,
        b"",
    );
    all["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|one| one["virtual_accounts"].as_array().unwrap())
        .find(|one| one["name"] == "DEFAULT")
        .and_then(|one| one["virtual_account_id"].as_str())
        .unwrap()
        .to_owned()
}

fn send(portal: &Portal, requests: Vec<Vec<u8>>) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..PROXIES {
            scope.spawn(|| {
                let mut wire = Wire::open(portal.port);
                while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (status, answer) = wire.ask(request);
                    assert_eq!(status, 202, "{}", String::from_utf8_lossy(&answer));
                }
            });
        }
    });
}

fn ask(portal: &Portal, method: &str, path: &str, token: &str, body: &[u8]) -> serde_json::Value {
    let (status, answer) = portal.ask(method, path, token, body);
    assert!(status < 300, "{status}: {answer}");
    serde_json::from_str(&answer).unwrap()
}

/// The reports of so many product instances, from a number on.
fn signed(devices: usize, from: usize) -> Vec<Vec<Sent>> {
    let key = FileKey::make().unwrap().0;
    let at = Moment::of(chrono::Utc::now()).plus(TimeDelta::hours(-1));
    (from..from + devices)
        .map(|n| {
            USES.iter()
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
                .collect()
        })
        .collect()
}

fn archive(sent: &[Vec<Sent>]) -> Vec<u8> {
    let texts: Vec<String> = sent.iter().map(|reports| files::usage_file(reports)).collect();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(&files::archive(&texts)).unwrap();
    gzip.finish().unwrap()
}
