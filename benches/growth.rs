//! How pages cost more as things grow, and whether a neighbour pays: `cargo bench --bench growth`.
//!
//! Each column of the table is a copy of scenario `demo` with more of one thing: product instances of one's own (up to
//! `LICENTRAL_ROWS`, 1,000,000), Virtual Accounts, people, other tenants. Pages are asked one at a time, each made anew
//! (`LICENTRAL_KEPT_PAGES=off`), median of 15. Then somebody searches among the million without a pause, on one connection and
//! on four, and another account's pages are asked meanwhile; with kept pages, too. `LICENTRAL_NEIGHBOURS=1` asks for nothing but
//! that.

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
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use support::{Portal, Wire, get, launch_program, program, sign_in};

/// So often a page is asked.
const TIMES: usize = 15;

fn main() {
    let most: usize = std::env::var("LICENTRAL_ROWS").map_or(1_000_000, |n| n.parse().unwrap());
    let folder = std::env::temp_dir().join(format!("licentral-growth-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("demo")).unwrap();
    drop(opened(&folder.join("demo"), "off"));
    if std::env::var("LICENTRAL_NEIGHBOURS").is_ok() {
        grow(&folder.join("demo"), &folder.join("grown"), &devices(most));
        neighbours(&folder.join("grown"));
        let _ = std::fs::remove_dir_all(&folder);
        return;
    }
    let mut steps: Vec<(String, String)> = vec![("demo".to_owned(), String::new())];
    let mut rows = 1_000;
    while rows <= most {
        steps.push((format!("+ {rows} product instances"), devices(rows)));
        rows *= 10;
    }
    let largest = steps.len() - 1;
    steps.push(("+ 1,000 Virtual Accounts".to_owned(), virtual_accounts(1_000)));
    steps.push(("+ 5,000 people".to_owned(), people(5_000)));
    steps.push(("+ 10,000 other tenants".to_owned(), tenants(10_000)));

    let mut columns: Vec<Vec<f64>> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    for (at, (name, sql)) in steps.iter().enumerate() {
        let copy = folder.join(at.to_string());
        grow(&folder.join("demo"), &copy, sql);
        let server = opened(&copy, "off");
        let pages = server.pages();
        columns.push(
            pages
                .iter()
                .map(|(_, path, who)| server.median(path, who))
                .collect(),
        );
        names = pages.into_iter().map(|(name, ..)| name).collect();
        eprintln!("{name}: done");
        drop(server);
        if at != largest {
            std::fs::remove_dir_all(&copy).unwrap();
        }
    }
    let heads: Vec<&str> = steps.iter().map(|(name, _)| name.as_str()).collect();
    println!("| ms, median of {TIMES} | {} |", heads.join(" | "));
    println!("|---|{}", "---|".repeat(heads.len()));
    for (at, name) in names.iter().enumerate() {
        let cells: Vec<String> = columns
            .iter()
            .map(|column| format!("{:.2}", column[at]))
            .collect();
        println!("| {name} | {} |", cells.join(" | "));
    }
    println!();
    neighbours(&folder.join(largest.to_string()));
    let _ = std::fs::remove_dir_all(&folder);
}

/// A portal with an account that grows (Ada's), and one beside it (Eve's).
struct Server {
    portal: Portal,
    ada: String,
    eve: String,
    own: String,
    beside: String,
}

fn opened(folder: &Path, kept: &str) -> Server {
    std::fs::create_dir_all(folder).unwrap();
    let (child, port) = launch_program(&program(), folder, "demo", "", &[("LICENTRAL_KEPT_PAGES", kept)]);
    let portal = Portal {
        child,
        port,
        folder: PathBuf::new(),
        url: String::new(),
        is_left: false,
    };
    let (_, ada) = sign_in(port, "ada@xyz.example", "licentral-demo");
    let (_, eve) = sign_in(port, "eve@harborview.example", "licentral-demo");
    let (own, beside) = (portal.first_account(&ada), portal.first_account(&eve));
    Server {
        portal,
        ada,
        eve,
        own,
        beside,
    }
}

impl Server {
    fn pages(&self) -> Vec<(String, String, &str)> {
        let (own, beside) = (format!("/sa/{}", self.own), format!("/sa/{}", self.beside));
        let list = format!("{own}/devices/device-inventory");
        let (last, middle) = self.last_page(&list);
        [
            ("Product Instances", list.clone()),
            ("sorted by last contact", format!("{list}?sort=-contact")),
            ("last page", format!("{list}?page={last}")),
            ("a page in the middle", format!("{list}?page={middle}")),
            (
                "released, of which there are few",
                format!("{list}?status=released"),
            ),
            ("search, one hit", format!("{list}?q=GRW0000777")),
            ("search, no hit", format!("{list}?q=nothinglikethis")),
            ("search, two characters", format!("{list}?q=zq")),
            ("search, nearly all hit", format!("{list}?q=series")),
            ("Overview", own.clone()),
            ("event log", format!("{own}/activity")),
            ("License Inventory", format!("{own}/licensing/license-inventory")),
            ("Users", format!("{own}/account/users")),
            ("Virtual Accounts", format!("{own}/account/virtual-accounts")),
            ("directory", "/access".to_owned()),
        ]
        .into_iter()
        .map(|(name, path)| (name.to_owned(), path, self.ada.as_str()))
        .chain(
            [
                ("Product Instances", "devices/device-inventory"),
                ("search", "devices/device-inventory?q=GRW0000777"),
                ("Users", "account/users"),
            ]
            .into_iter()
            .map(|(name, path)| {
                (
                    format!("{name}, in the account beside"),
                    format!("{beside}/{path}"),
                    self.eve.as_str(),
                )
            }),
        )
        .collect()
    }

    /// The numbers of the last page and of one in the middle.
    fn last_page(&self, list: &str) -> (usize, usize) {
        let mut wire = Wire::open(self.portal.port);
        let (_, page) = wire.ask(&get(
            &format!("{list}?page=999999999"),
            &self.ada,
            self.portal.port,
        ));
        let page = String::from_utf8_lossy(&page).into_owned();
        let last = page
            .split("page=")
            .skip(1)
            .filter_map(|rest| {
                let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
                digits.parse::<usize>().ok()
            })
            .filter(|n| *n < 999_999_999)
            .max()
            .map_or(1, |before| before + 1);
        (last, (last / 2).max(1))
    }

    fn median(&self, path: &str, cookie: &str) -> f64 {
        let request = get(path, cookie, self.portal.port);
        let mut wire = Wire::open(self.portal.port);
        let mut waits: Vec<f64> = (0..TIMES)
            .map(|_| {
                let asked = Instant::now();
                assert_eq!(wire.ask(&request).0, 200, "{path}");
                asked.elapsed().as_secs_f64() * 1000.0
            })
            .collect();
        waits.sort_by(f64::total_cmp);
        waits[TIMES / 2]
    }
}

/// A copy of a database with more in it.
fn grow(from: &Path, to: &Path, sql: &str) {
    std::fs::create_dir_all(to).unwrap();
    let file = to.join("licentral.db");
    let mut conn = diesel::SqliteConnection::establish(&from.join("licentral.db").to_string_lossy()).unwrap();
    conn.batch_execute(&format!("VACUUM INTO '{}'", file.display()))
        .unwrap();
    std::fs::copy(from.join("licentral.key"), to.join("licentral.key")).unwrap();
    let mut conn = diesel::SqliteConnection::establish(&file.to_string_lossy()).unwrap();
    conn.batch_execute(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA cache_size=-200000; PRAGMA foreign_keys=ON;",
    )
    .unwrap();
    conn.batch_execute(&format!("BEGIN; {sql} COMMIT;")).unwrap();
}

const OWN: &str = "(SELECT id FROM smart_accounts WHERE domain = 'xyz.example')";

fn numbers(most: usize) -> String {
    format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {most})")
}

/// Product instances of Ada's account, of which three are released.
fn devices(most: usize) -> String {
    format!(
        "INSERT INTO devices (id, smart_account_id, virtual_account_id, udi_pid, udi_serial, udi_key, hostname, name_key, search_key, product, software, standing, is_reserved, export_controlled, secret_hash, licenses, registered_at, renewed_at, contact_at, version)
        {} SELECT printf('77777777-0000-0000-0000-%012d', i), a.id, v.id, 'C9300-48P-E', printf('GRW%07d', i), printf('c9300-48p-e grw%07d', i), printf('grown-%07d', i), printf('grown-%07d', i), printf('grown-%07d c9300-48p-e grw%07d c9300 series switch', i, i), 'C9300 Series Switch', '17.12.4', CASE WHEN i % ({most} / 3) = 0 THEN 'released' ELSE 'connected' END, 0, 1, '', 0, '2026-11-22 00:00:00', '2026-11-22 00:00:00', '2026-11-22 00:00:00', 1
        FROM n, (SELECT {OWN} AS id) a, (SELECT id FROM virtual_accounts WHERE smart_account_id = {OWN} AND is_default) v;
        INSERT INTO device_tallies (smart_account_id, virtual_account_id, standing, shard, devices)
        SELECT smart_account_id, virtual_account_id, standing, 0, COUNT(*) FROM devices WHERE id LIKE '77777777-0000-%' GROUP BY 1, 2, 3
        ON CONFLICT (smart_account_id, virtual_account_id, standing, shard) DO UPDATE SET devices = devices + excluded.devices;",
        numbers(most)
    )
}

fn virtual_accounts(most: usize) -> String {
    format!(
        "INSERT INTO virtual_accounts (id, smart_account_id, name, name_key, description, access_level, is_default, tags, created_at, version, search_key, number)
        {} SELECT printf('77777777-0001-0000-0000-%012d', i), {OWN}, printf('Grown %05d', i), printf('grown %05d', i), '', 'unrestricted', 0, '', '2026-11-22 00:00:00', 1, printf('grown %05d', i), 7000000 + i FROM n;",
        numbers(most)
    )
}

fn people(most: usize) -> String {
    format!(
        "INSERT INTO people (id, email, email_key, name, search_key, access_level, state, created_at, version)
        {} SELECT printf('77777777-0002-0000-0000-%012d', i), printf('grown-%d@xyz.example', i), printf('grown-%d@xyz.example', i), printf('Grown %05d', i), printf('grown %05d grown-%d@xyz.example', i, i), 1, 'invited', '2026-11-22 00:00:00', 1 FROM n;
        INSERT INTO grants (id, smart_account_id, scope, person_id, role, created_at, source)
        SELECT '77777777-0003' || substr(id, 14), {OWN}, '', id, 'account-viewer', created_at, '' FROM people WHERE id LIKE '77777777-0002-%';",
        numbers(most)
    )
}

fn tenants(most: usize) -> String {
    format!(
        "INSERT INTO smart_accounts (id, number, name, name_key, domain, registrable, state, visibility, headquarters, holds_domain, created_at, version, kind)
        {0} SELECT printf('77777777-0004-0000-0000-%012d', i), 7000000 + i, printf('Grown %05d', i), printf('grown %05d', i), printf('grown-%d.example', i), printf('grown-%d.example', i), 'active', 'unrestricted', '', 1, '2026-11-22 00:00:00', 1, 'smart' FROM n;
        INSERT INTO virtual_accounts (id, smart_account_id, name, name_key, description, access_level, is_default, tags, created_at, version, search_key, number)
        SELECT '77777777-0005' || substr(id, 14), id, 'DEFAULT', 'default', '', 'unrestricted', 1, '', created_at, 1, 'default', number FROM smart_accounts WHERE id LIKE '77777777-0004-%';
        INSERT INTO devices (id, smart_account_id, virtual_account_id, udi_pid, udi_serial, udi_key, hostname, name_key, search_key, product, software, standing, is_reserved, export_controlled, secret_hash, licenses, registered_at, renewed_at, contact_at, version)
        SELECT '77777777-0006' || substr(id, 14), smart_account_id, id, 'C9300-48P-E', printf('OTH%07d', number), printf('c9300-48p-e oth%07d', number), printf('other-%07d', number), printf('other-%07d', number), printf('other-%07d c9300-48p-e oth%07d', number, number), 'C9300 Series Switch', '17.12.4', 'connected', 0, 1, '', 0, '2026-11-22 00:00:00', '2026-11-22 00:00:00', '2026-11-22 00:00:00', 1
        FROM virtual_accounts WHERE id LIKE '77777777-0005-%';",
        numbers(most)
    )
}

/// So often a page is asked with and without somebody who searches, in turn.
const ROUNDS: usize = 5;

/// Another account's pages without and with somebody who searches among the many, in turn.
fn neighbours(folder: &Path) {
    println!(
        "| page of the account beside | pages | searching connections | alone, ms | beside searches, ms | of alone, median of {ROUNDS} | least | most | searches/s |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for kept in ["off", "on"] {
        let server = opened(folder, kept);
        for searching in [1, 4] {
            for (name, path) in [
                ("Overview", ""),
                ("Product Instances", "/devices/device-inventory"),
                ("Users", "/account/users"),
            ] {
                let path = format!("/sa/{}{path}", server.beside);
                let rounds: Vec<[f64; 3]> = (0..ROUNDS)
                    .map(|_| {
                        let alone = watched(&server, &path);
                        let (beside, rate) = beside_searches(&server, searching, &path);
                        [alone, beside, rate]
                    })
                    .collect();
                let sorted = |of: &dyn Fn(&[f64; 3]) -> f64| {
                    let mut all: Vec<f64> = rounds.iter().map(of).collect();
                    all.sort_by(f64::total_cmp);
                    all
                };
                let ratios = sorted(&|[alone, beside, _]| beside / alone);
                println!(
                    "| {name} | {} | {searching} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.0} |",
                    if kept == "on" { "kept" } else { "made" },
                    sorted(&|one| one[0])[ROUNDS / 2],
                    sorted(&|one| one[1])[ROUNDS / 2],
                    ratios[ROUNDS / 2],
                    ratios[0],
                    ratios[ROUNDS - 1],
                    sorted(&|one| one[2])[ROUNDS / 2],
                );
            }
        }
    }
}

/// The median of a page while so many connections search without a pause, and how many searches were answered in a second.
fn beside_searches(server: &Server, searching: usize, path: &str) -> (f64, f64) {
    let (stop, searches) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..searching {
            scope.spawn(|| {
                let mut wire = Wire::open(server.portal.port);
                while !stop.load(Ordering::Relaxed) {
                    let n = searches.fetch_add(1, Ordering::Relaxed);
                    let words = match n % 4 {
                        0 => format!("GRW{:07}", n * 7919 % 900_000),
                        1 => format!("nothing-{n}"),
                        2 => format!("{n:02}"),
                        _ => format!("series {n}"),
                    };
                    let path = format!(
                        "/sa/{}/devices/device-inventory?q={}",
                        server.own,
                        words.replace(' ', "+")
                    );
                    assert_eq!(
                        wire.ask(&get(&path, &server.ada, server.portal.port)).0,
                        200,
                        "{path}"
                    );
                }
            });
        }
        std::thread::sleep(Duration::from_millis(300));
        let (began, first) = (Instant::now(), searches.load(Ordering::Relaxed));
        let seen = watched(server, path);
        let rate = (searches.load(Ordering::Relaxed) - first) as f64 / began.elapsed().as_secs_f64();
        stop.store(true, Ordering::Relaxed);
        (seen, rate)
    })
}

/// The median of a page that is asked for two seconds, with a short pause between as a reader makes.
fn watched(server: &Server, path: &str) -> f64 {
    let request = get(path, &server.eve, server.portal.port);
    let mut wire = Wire::open(server.portal.port);
    let (until, mut waits) = (Instant::now() + Duration::from_secs(2), Vec::new());
    while Instant::now() < until {
        let asked = Instant::now();
        assert_eq!(wire.ask(&request).0, 200, "{path}");
        waits.push(asked.elapsed().as_secs_f64() * 1000.0);
        std::thread::sleep(Duration::from_millis(10));
    }
    waits.sort_by(f64::total_cmp);
    waits[waits.len() / 2]
}
