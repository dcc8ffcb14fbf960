//! Pages before and after a change, both programs asked in turn in one run: `cargo bench --bench pages`.
//!
//! `LICENTRAL_BEFORE` names the program of before; without it the program of now is asked alone. Each stands on a copy of
//! scenario `large`, beside a bare actix handler that answers "ok" and one that sends as many bytes as a list of 50. The
//! program of now is asked with kept pages and without (`LICENTRAL_KEPT_PAGES=off`), which is what a page costs that is
//! made. `LICENTRAL_ROUNDS` rounds (3) of `LICENTRAL_SECONDS` (2) each, of which the median is told. `LICENTRAL_FILLED` is a
//! folder with a database of scenario `large` that is there already; `LICENTRAL_GROW=1` goes on to a million product
//! instances.

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

use diesel::connection::{Connection as _, SimpleConnection as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use support::{
    Running, Wire, cpu, get, launch_program, memory, own_memory_of, program, serve_bare, sign_in, start_bare,
};

const CONNECTIONS: usize = 16;

/// One program on its copy, and who is signed in there.
struct Server {
    name: &'static str,
    running: Running,
    folder: PathBuf,
    cookie: String,
    token: String,
    account: String,
}

/// A list of requests that are asked one after the other.
struct Workload {
    name: String,
    paths: Vec<String>,
    headers: &'static str,
    is_api: bool,
    writes: bool,
}

#[derive(Default)]
struct Seen {
    rates: Vec<f64>,
    cpus: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
    bytes: usize,
}

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().expect(name))
}

fn main() {
    let mut args = std::env::args().skip(1);
    if args.next().as_deref() == Some("--bare") {
        return serve_bare(args.next().unwrap().parse().unwrap());
    }
    let folder = std::env::temp_dir().join(format!("licentral-pages-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let before = std::env::var("LICENTRAL_BEFORE").ok().map(PathBuf::from);
    let mut programs: Vec<(&'static str, PathBuf, &'static str)> =
        vec![("now, nothing kept", program(), "off"), ("now", program(), "on")];
    if let Some(before) = before {
        programs.insert(0, ("before", before, ""));
    }
    let filled = std::env::var("LICENTRAL_FILLED").map_or_else(
        |_| {
            let filled = folder.join("filled");
            std::fs::create_dir_all(&filled).unwrap();
            fill(&filled, &programs[0].1);
            filled
        },
        PathBuf::from,
    );
    let mut servers: Vec<Server> = programs
        .iter()
        .map(|(name, program, kept)| {
            start(
                name,
                program,
                kept,
                &filled,
                &folder.join(name.replace([' ', ','], "-")),
            )
        })
        .collect();
    let bare = start_bare();
    rates(&servers, &bare);
    println!();
    for server in &servers {
        println!(
            "{}: {} MB resident after this, {} MB of its own.",
            server.name,
            memory(&server.running.child) / 1024,
            own_memory_of(server.running.child.id()) / 1024
        );
    }
    println!();
    if std::env::var("LICENTRAL_GROW").is_ok() {
        grown(&mut servers, &programs);
    }
    drop(servers);
    let _ = std::fs::remove_dir_all(&folder);
}

/// Scenario `large`, by the oldest of the programs.
fn fill(folder: &Path, program: &Path) {
    let (child, port) = launch_program(program, folder, "large", "", &[]);
    drop(Running { child, port });
}

fn start(name: &'static str, program: &Path, kept: &str, filled: &Path, folder: &Path) -> Server {
    std::fs::create_dir_all(folder).unwrap();
    let mut conn =
        diesel::SqliteConnection::establish(&filled.join("licentral.db").to_string_lossy()).unwrap();
    let file = folder.join("licentral.db");
    conn.batch_execute(&format!("VACUUM INTO '{}'", file.display()))
        .unwrap();
    std::fs::copy(filled.join("licentral.key"), folder.join("licentral.key")).unwrap();
    opened(name, program, kept, folder)
}

fn opened(name: &'static str, program: &Path, kept: &str, folder: &Path) -> Server {
    let env: Vec<(&str, &str)> = if kept.is_empty() {
        Vec::new()
    } else {
        vec![("LICENTRAL_KEPT_PAGES", kept)]
    };
    let began = Instant::now();
    let (child, port) = launch_program(program, folder, "large", "", &env);
    let took = began.elapsed().as_millis();
    println!(
        "{name}: first answer after {took} ms, {} MB resident.",
        memory(&child) / 1024
    );
    let portal = support::Portal {
        child,
        port,
        folder: folder.to_owned(),
        url: String::new(),
        is_left: true,
    };
    let (_, cookie) = sign_in(port, "ada@xyz.example", "licentral-demo");
    let (token, account) = (portal.token(&cookie), portal.first_account(&cookie));
    Server {
        name,
        running: Running {
            child: portal.leave(),
            port,
        },
        folder: folder.to_owned(),
        cookie,
        token,
        account,
    }
}

fn workloads() -> Vec<Workload> {
    let list = "/sa/{}/devices/device-inventory?per=50";
    let api = "/api/v1/accounts/{}/devices?per=50";
    let others = |base: &str| -> Vec<String> {
        let sorts = ["name", "-name", "product", "-contact", "status"];
        (1..=100)
            .flat_map(|page| sorts.map(|sort| format!("{base}&page={page}&sort={sort}")))
            .collect()
    };
    let one = |name: &str, path: &str| Workload {
        name: name.to_owned(),
        paths: vec![path.to_owned()],
        headers: "",
        is_api: path.starts_with("/api"),
        writes: false,
    };
    let mut all = vec![
        one("list of 50, HTML, the same address", list),
        Workload {
            paths: others(list),
            ..one("list of 50, HTML, each time another", list)
        },
        Workload {
            paths: others(list),
            writes: true,
            ..one("the same with 10 writes a second", list)
        },
        Workload {
            headers: "accept-encoding: gzip, deflate, br\r\n",
            ..one("list of 50 as a browser asks, the same address", list)
        },
        Workload {
            headers: "accept-encoding: gzip, deflate, br\r\n",
            paths: others(list),
            ..one("list of 50 as a browser asks, each time another", list)
        },
        one("list of 50, JSON, the same address", api),
        Workload {
            paths: others(api),
            ..one("list of 50, JSON, each time another", api)
        },
    ];
    for (name, path) in [
        ("directory", "/access"),
        ("Overview", "/sa/{}"),
        ("event log", "/sa/{}/activity"),
        ("Order Inventory", "/sa/{}/orders/order-inventory"),
        (
            "Order Inventory, searched",
            "/sa/{}/orders/order-inventory?q=PO-0042",
        ),
        ("Product Instances", "/sa/{}/devices/device-inventory"),
        (
            "Product Instances, searched",
            "/sa/{}/devices/device-inventory?q=LRG0042000",
        ),
        (
            "Product Instances, page 2,000",
            "/sa/{}/devices/device-inventory?page=2000",
        ),
        ("Users", "/sa/{}/account/users"),
        ("Virtual Accounts", "/sa/{}/account/virtual-accounts"),
        ("Virtual Accounts, tree", "/sa/{}/account/virtual-accounts/tree"),
        ("License Inventory", "/sa/{}/licensing/license-inventory"),
    ] {
        all.push(one(name, path));
    }
    all
}

/// Everything in turn, so that what else the machine does falls on all alike.
fn rates(servers: &[Server], bare: &Running) {
    let (rounds, seconds) = (setting("LICENTRAL_ROUNDS", 3), setting("LICENTRAL_SECONDS", 2));
    let workloads = workloads();
    let mut seen: Vec<Vec<Seen>> = workloads
        .iter()
        .map(|_| servers.iter().map(|_| Seen::default()).collect())
        .collect();
    let mut limits: [Seen; 2] = Default::default();
    for _ in 0..rounds {
        for (limit, path) in limits.iter_mut().zip(["/", "/bytes"]) {
            let requests = vec![get(path, "", bare.port)];
            measure(limit, bare, &requests, seconds);
        }
        for (at, workload) in workloads.iter().enumerate() {
            for (which, server) in servers.iter().enumerate() {
                let requests: Vec<Vec<u8>> = workload
                    .paths
                    .iter()
                    .map(|path| server.request(path, workload))
                    .collect();
                let stop = Arc::new(AtomicBool::new(false));
                let writer = workload.writes.then(|| writes(&server.folder, stop.clone()));
                measure(&mut seen[at][which], &server.running, &requests, seconds);
                stop.store(true, Ordering::Relaxed);
                if let Some(writer) = writer {
                    writer.join().unwrap();
                }
            }
        }
    }
    println!(
        "| what | program | req/s | of bare | of bare with as many bytes | bytes | p50 ms | p99 ms | CPU, µs/request |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let ok = median(&limits[0].rates);
    let full = median(&limits[1].rates);
    for (name, limit) in [("bare, \"ok\"", &limits[0]), ("bare, 116 KB", &limits[1])] {
        limit.print(name, "", ok, full);
    }
    for (workload, seen) in workloads.iter().zip(&seen) {
        for (server, seen) in servers.iter().zip(seen) {
            seen.print(&workload.name, server.name, ok, full);
        }
    }
}

impl Server {
    fn request(&self, path: &str, workload: &Workload) -> Vec<u8> {
        let path = path.replace("{}", &self.account);
        let who = if workload.is_api {
            format!("authorization: Bearer {}", self.token)
        } else {
            format!("cookie: {}", self.cookie)
        };
        format!(
            "GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{}\r\n{who}\r\n{}\r\n",
            self.running.port, workload.headers
        )
        .into_bytes()
    }
}

impl Seen {
    fn print(&self, what: &str, program: &str, ok: f64, full: f64) {
        let rate = median(&self.rates);
        println!(
            "| {what} | {program} | {rate:.0} | {:.4} | {:.3} | {} | {:.2} | {:.2} | {:.0} |",
            rate / ok,
            rate / full,
            self.bytes,
            median(&self.p50),
            median(&self.p99),
            median(&self.cpus)
        );
    }
}

fn median(all: &[f64]) -> f64 {
    let mut all = all.to_vec();
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

/// Ten writes a second by another process's connection.
fn writes(folder: &Path, stop: Arc<AtomicBool>) -> std::thread::JoinHandle<()> {
    let file = folder.join("licentral.db");
    std::thread::spawn(move || {
        let mut conn = diesel::SqliteConnection::establish(&file.to_string_lossy()).unwrap();
        conn.batch_execute("PRAGMA busy_timeout=10000").unwrap();
        while !stop.load(Ordering::Relaxed) {
            conn.batch_execute(
                "UPDATE smart_accounts SET version = version + 1 WHERE domain = 'xyz.example'",
            )
            .unwrap();
            std::thread::sleep(Duration::from_millis(100));
        }
    })
}

fn measure(seen: &mut Seen, server: &Running, requests: &[Vec<u8>], seconds: u64) {
    let (port, next) = (server.port, AtomicUsize::new(0));
    let until = Instant::now() + Duration::from_secs(seconds);
    let (before, began) = (cpu(&server.child), Instant::now());
    let (mut waits, mut bytes) = (Vec::new(), 0);
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                scope.spawn(|| {
                    let (mut wire, mut waits, mut bytes) = (Wire::open(port), Vec::new(), 0);
                    while Instant::now() < until {
                        let request = &requests[next.fetch_add(1, Ordering::Relaxed) % requests.len()];
                        let asked = Instant::now();
                        let (status, body) = wire.ask(request);
                        assert_eq!(status, 200, "{}", String::from_utf8_lossy(request));
                        waits.push(asked.elapsed().as_secs_f64() * 1000.0);
                        bytes = body.len();
                    }
                    (waits, bytes)
                })
            })
            .collect();
        for one in all {
            let (own, of) = one.join().unwrap();
            waits.extend(own);
            bytes = of;
        }
    });
    let took = began.elapsed().as_secs_f64();
    waits.sort_by(f64::total_cmp);
    let at = |part: f64| waits[((waits.len() - 1) as f64 * part) as usize];
    seen.rates.push(waits.len() as f64 / took);
    seen.cpus
        .push((cpu(&server.child) - before) * 1_000_000.0 / waits.len() as f64);
    seen.p50.push(at(0.5));
    seen.p99.push(at(0.99));
    seen.bytes = bytes;
}

/// An account with a million product instances, and one beside it without any.
fn grown(servers: &mut Vec<Server>, programs: &[(&'static str, PathBuf, &'static str)]) {
    let folders: Vec<PathBuf> = servers.iter().map(|server| server.folder.clone()).collect();
    servers.clear();
    println!("| what, at one million product instances | program | ms, median of 7 |");
    println!("|---|---|---|");
    for ((name, program, kept), folder) in programs.iter().zip(folders) {
        if *kept == "on" {
            continue;
        }
        let mut conn =
            diesel::SqliteConnection::establish(&folder.join("licentral.db").to_string_lossy()).unwrap();
        conn.batch_execute("PRAGMA synchronous=OFF; PRAGMA cache_size=-200000;")
            .unwrap();
        let began = Instant::now();
        conn.batch_execute(GROW).unwrap();
        drop(conn);
        println!(
            "<!-- {name}: 900,000 more in {:.0} s -->",
            began.elapsed().as_secs_f64()
        );
        let server = opened(name, program, kept, &folder);
        let (_, eve) = sign_in(server.running.port, "eve@harborview.example", "licentral-demo");
        let portal = support::Portal {
            child: std::process::Command::new("true").spawn().unwrap(),
            port: server.running.port,
            folder: folder.clone(),
            url: String::new(),
            is_left: true,
        };
        let beside = portal.first_account(&eve);
        let list = format!("/sa/{}/devices/device-inventory", server.account);
        for (what, path, cookie) in [
            ("first page", list.clone(), &server.cookie),
            ("last page", format!("{list}?page=40007"), &server.cookie),
            (
                "a page in the middle",
                format!("{list}?page=20000"),
                &server.cookie,
            ),
            (
                "silent, of which there are three",
                format!("{list}?status=released"),
                &server.cookie,
            ),
            ("search, one hit", format!("{list}?q=GRW0421357"), &server.cookie),
            (
                "search, no hit",
                format!("{list}?q=nothinglikethis"),
                &server.cookie,
            ),
            ("search, two characters", format!("{list}?q=zq"), &server.cookie),
            ("search, all hit", format!("{list}?q=switch"), &server.cookie),
            (
                "search in an account without any",
                format!("/sa/{beside}/devices/device-inventory?q=GRW0421357"),
                &eve,
            ),
        ] {
            let request = get(&path, cookie, server.running.port);
            let mut wire = Wire::open(server.running.port);
            let mut waits: Vec<f64> = (0..7)
                .map(|_| {
                    let asked = Instant::now();
                    assert_eq!(wire.ask(&request).0, 200, "{path}");
                    asked.elapsed().as_secs_f64() * 1000.0
                })
                .collect();
            waits.sort_by(f64::total_cmp);
            println!("| {what} | {name} | {:.2} |", waits[3]);
        }
    }
}

const GROW: &str = "BEGIN;
INSERT INTO devices (id, smart_account_id, virtual_account_id, udi_pid, udi_serial, udi_key, hostname, name_key, search_key, product, software, standing, is_reserved, export_controlled, secret_hash, licenses, registered_at, renewed_at, contact_at, version)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900000)
SELECT printf('77777777-0000-0000-0000-%012d', i), a.id, v.id, 'C9300-48P-E', printf('GRW%07d', i), printf('c9300-48p-e grw%07d', i), printf('grown-%07d', i), printf('grown-%07d', i), printf('grown-%07d c9300-48p-e grw%07d c9300 series switch', i, i), 'C9300 Series Switch', '17.12.4', CASE WHEN i % 300000 = 0 THEN 'released' ELSE 'connected' END, 0, 1, '', 0, '2026-11-22 00:00:00', '2026-11-22 00:00:00', '2026-11-22 00:00:00', 1
FROM n, (SELECT id FROM smart_accounts WHERE domain = 'xyz.example') a, (SELECT v.id FROM virtual_accounts v JOIN smart_accounts s ON s.id = v.smart_account_id WHERE s.domain = 'xyz.example' AND v.is_default) v;
INSERT INTO device_tallies (smart_account_id, virtual_account_id, standing, shard, devices)
SELECT smart_account_id, virtual_account_id, standing, 0, COUNT(*) FROM devices WHERE id LIKE '77777777-0000-%' GROUP BY 1, 2, 3
ON CONFLICT (smart_account_id, virtual_account_id, standing, shard) DO UPDATE SET devices = devices + excluded.devices;
COMMIT;";
