//! Pages before and after a change, both programs asked in turn in one run: `cargo bench --bench pages`.
//!
//! `LICENTRAL_BEFORE` names the program of before; without it the program of now is asked alone. Each stands on a copy of
//! scenario `large`, beside a bare actix handler that answers "ok" and one that sends as many bytes as a list of 50. The
//! program of now is asked with kept pages and without (`LICENTRAL_KEPT_PAGES=off`), which is what a page costs that is
//! made. `LICENTRAL_ROUNDS` rounds (3) of `LICENTRAL_SECONDS` (2) each, of which the median is told. `LICENTRAL_FILLED` is a
//! folder with a database of scenario `large` that is there already. With `TEST_DATABASE_URL` (`tests/with-postgres`) the
//! program of now is asked on PostgreSQL, where both stand on one database.

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
    /// Of its database; "" for a SQLite file in its folder.
    url: String,
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
    let url = std::env::var("TEST_DATABASE_URL").unwrap_or_default();
    let before = std::env::var("LICENTRAL_BEFORE").ok().map(PathBuf::from);
    let before = before.filter(|_| url.is_empty());
    let mut programs: Vec<(&'static str, PathBuf, &'static str)> =
        vec![("now, nothing kept", program(), "off"), ("now", program(), "on")];
    if let Some(before) = before {
        programs.insert(0, ("before", before, ""));
    }
    let filled = std::env::var("LICENTRAL_FILLED").map_or_else(
        |_| {
            let filled = folder.join("filled");
            std::fs::create_dir_all(&filled).unwrap();
            fill(&filled, &programs[0].1, &url);
            filled
        },
        PathBuf::from,
    );
    let servers: Vec<Server> = programs
        .iter()
        .map(|(name, program, kept)| {
            start(
                name,
                program,
                kept,
                &filled,
                &folder.join(name.replace([' ', ','], "-")),
                &url,
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
    drop(servers);
    let _ = std::fs::remove_dir_all(&folder);
}

/// Scenario `large`, by the oldest of the programs.
fn fill(folder: &Path, program: &Path, url: &str) {
    let (child, port) = launch_program(program, folder, "large", url, &[]);
    drop(Running { child, port });
}

fn start(name: &'static str, program: &Path, kept: &str, filled: &Path, folder: &Path, url: &str) -> Server {
    std::fs::create_dir_all(folder).unwrap();
    if url.is_empty() {
        let from = filled.join("licentral.db");
        let mut conn = diesel::SqliteConnection::establish(&from.to_string_lossy()).unwrap();
        let file = folder.join("licentral.db");
        conn.batch_execute(&format!("VACUUM INTO '{}'", file.display()))
            .unwrap();
    }
    std::fs::copy(filled.join("licentral.key"), folder.join("licentral.key")).unwrap();
    opened(name, program, kept, folder, url)
}

fn opened(name: &'static str, program: &Path, kept: &str, folder: &Path, url: &str) -> Server {
    let env: Vec<(&str, &str)> = if kept.is_empty() {
        Vec::new()
    } else {
        vec![("LICENTRAL_KEPT_PAGES", kept)]
    };
    let began = Instant::now();
    let (child, port) = launch_program(program, folder, "large", url, &env);
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
        url: url.to_owned(),
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
                let writer = workload.writes.then(|| writes(server, stop.clone()));
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
fn writes(server: &Server, stop: Arc<AtomicBool>) -> std::thread::JoinHandle<()> {
    const WRITE: &str = "UPDATE smart_accounts SET version = version + 1 WHERE domain = 'xyz.example'";
    let (file, url) = (server.folder.join("licentral.db"), server.url.clone());
    std::thread::spawn(move || {
        let mut write: Box<dyn FnMut()> = if url.is_empty() {
            let mut conn = diesel::SqliteConnection::establish(&file.to_string_lossy()).unwrap();
            conn.batch_execute("PRAGMA busy_timeout=10000").unwrap();
            Box::new(move || conn.batch_execute(WRITE).unwrap())
        } else {
            let mut conn = diesel::PgConnection::establish(&url).unwrap();
            Box::new(move || conn.batch_execute(WRITE).unwrap())
        };
        while !stop.load(Ordering::Relaxed) {
            write();
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
