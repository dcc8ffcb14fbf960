//! What tenants cost each other on one PostgreSQL: `LICENTRAL_POSTGRES="-c autovacuum=on -c
//! shared_preload_libraries=pg_stat_statements" tests/with-postgres cargo bench --bench scale`.
//!
//! One database of scenario `demo` gets more Smart Accounts, up to `LICENTRAL_TENANTS` (100,000; the figures of
//! `docs/scale.md` are of 1,000,000), each with a Virtual Account, an administrator, a product instance, an assigned order
//! with its license, and events. At 10, 1,000, 100,000 and 1,000,000 the same small account's pages, lists of the API and
//! writes are asked one at a time, each page made anew (`LICENTRAL_KEPT_PAGES=off`), median of 15; then lists that go over
//! all tenants; then what the statements of the portal's jobs cost in a minute of doing nothing. At the end as many requests
//! as go through one process and through four on the same database, in turn.

#![allow(clippy::pedantic, reason = "a benchmark may say things in the plainest way")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark prints, reads its own environment, and ends loudly when something is wrong"
)]

mod support;

use diesel::connection::{Connection as _, SimpleConnection as _};
use diesel::{PgConnection, QueryableByName, RunQueryDsl as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use support::{Portal, Wire, call, get, launch_program, program, sign_in};

const TIMES: usize = 15;
const STEPS: [i64; 4] = [10, 1_000, 100_000, 1_000_000];
/// How long nothing is asked, so that only jobs ask.
const IDLE: Duration = Duration::from_secs(60);

fn main() {
    let url =
        std::env::var("TEST_DATABASE_URL").unwrap_or_else(|_| panic!("tests/with-postgres starts a server"));
    let most: i64 = std::env::var("LICENTRAL_TENANTS").map_or(100_000, |n| n.parse().unwrap());
    let folder = std::env::temp_dir().join(format!("licentral-scale-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut conn = PgConnection::establish(&url).unwrap();
    let counts_statements = conn
        .batch_execute("CREATE EXTENSION pg_stat_statements; SELECT pg_stat_statements_reset()")
        .is_ok();
    drop(opened(&folder, &url, "off"));
    let mut columns = Vec::new();
    let mut told = String::new();
    for tenants in STEPS.into_iter().filter(|tenants| *tenants <= most) {
        grow(&mut conn, tenants);
        let started = Instant::now();
        let portal = opened(&folder, &url, "off");
        let started = started.elapsed().as_secs_f64() * 1000.0;
        let mut column = vec![("start until the first answer".to_owned(), started)];
        column.extend(asked(&portal));
        column.push(("database, MB".to_owned(), megabytes(&mut conn)));
        if counts_statements {
            conn.batch_execute("SELECT pg_stat_statements_reset()").unwrap();
            std::thread::sleep(IDLE);
            let (sum, statements) = statements(&mut conn);
            column.push(("jobs: statements in an idle minute, ms in all".to_owned(), sum));
            told.push_str(&format!(
                "\nIn an idle minute with {tenants} tenants, the costliest:\n\n{statements}"
            ));
        }
        eprintln!("{tenants} tenants: done");
        columns.push((tenants, column));
    }
    print!("| ms, median of {TIMES} |");
    for (tenants, _) in &columns {
        print!(" {tenants} Smart Accounts |");
    }
    println!("\n|---|{}", "---|".repeat(columns.len()));
    for at in 0..columns[0].1.len() {
        print!("| {} |", columns[0].1[at].0);
        for (_, column) in &columns {
            print!(" {:.2} |", column[at].1);
        }
        println!();
    }
    println!("{told}");
    processes(&folder, &url);
    let _ = std::fs::remove_dir_all(&folder);
}

fn opened(folder: &Path, url: &str, kept: &str) -> Portal {
    let (child, port) = launch_program(&program(), folder, "demo", url, &[("LICENTRAL_KEPT_PAGES", kept)]);
    Portal {
        child,
        port,
        folder: PathBuf::from("/nowhere/that/is/there"),
        url: url.to_owned(),
        is_left: false,
    }
}

fn median(mut waits: Vec<f64>) -> f64 {
    waits.sort_by(f64::total_cmp);
    waits[waits.len() / 2]
}

fn timed(mut ask: impl FnMut()) -> f64 {
    median(
        (0..TIMES)
            .map(|_| {
                let began = Instant::now();
                ask();
                began.elapsed().as_secs_f64() * 1000.0
            })
            .collect(),
    )
}

/// What is asked at each step, and how long it takes.
fn asked(portal: &Portal) -> Vec<(String, f64)> {
    let port = portal.port;
    let [ada, olga, support] = [
        "ada@xyz.example",
        "olga@licensing.example",
        "sam@licensing.example",
    ]
    .map(|email| portal.sign_in(email));
    let token = portal.token(&ada);
    let said = portal.first_account(&ada);
    let own = format!("/sa/{said}");
    let mut wire = Wire::open(port);
    let mut page = |path: &str, cookie: &str| {
        let request = get(path, cookie, port);
        timed(|| assert_eq!(wire.ask(&request).0, 200, "{path}"))
    };
    let mut seen: Vec<(String, f64)> = [
        ("Overview", own.clone(), &ada),
        (
            "Device Inventory",
            format!("{own}/devices/device-inventory"),
            &ada,
        ),
        (
            "Device Inventory, a search",
            format!("{own}/devices/device-inventory?q=c9300"),
            &ada,
        ),
        (
            "License Inventory",
            format!("{own}/licensing/license-inventory"),
            &ada,
        ),
        ("Order Inventory", format!("{own}/orders/order-inventory"), &ada),
        ("Users", format!("{own}/account/users"), &ada),
        (
            "Virtual Accounts",
            format!("{own}/account/virtual-accounts"),
            &ada,
        ),
        ("Event Log", format!("{own}/activity"), &ada),
        ("all tenants: directory", "/access".to_owned(), &ada),
        (
            "all tenants: directory, a search with few hits",
            "/access?q=grown+0000777".to_owned(),
            &ada,
        ),
        (
            "all tenants: directory, a search that nearly all fit",
            "/access?q=grown".to_owned(),
            &ada,
        ),
        (
            "all tenants: choosing an account, as Support",
            "/select".to_owned(),
            &support,
        ),
        (
            "all tenants: outbound e-mail, as Operator",
            "/operator/mail".to_owned(),
            &olga,
        ),
    ]
    .into_iter()
    .map(|(name, path, cookie)| (name.to_owned(), page(&path, cookie)))
    .collect();
    let mut api = |name: &str, method: &str, path: &str, body: &dyn Fn(usize) -> String, wanted: u16| {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let took = timed(|| {
            let body = body(NUMBER.fetch_add(1, Ordering::Relaxed));
            let (status, answer) = wire.ask(&call(port, method, path, &token, body.as_bytes()));
            assert_eq!(status, wanted, "{path}: {}", String::from_utf8_lossy(&answer));
        });
        seen.push((name.to_owned(), took));
    };
    api(
        "API: product instances",
        "GET",
        &format!("/api/v1/accounts/{said}/devices"),
        &|_| String::new(),
        200,
    );
    let process = std::process::id();
    api(
        "write: a Virtual Account",
        "POST",
        &format!("/api/v1/accounts/{said}/virtual-accounts"),
        &|n| format!("{{\"name\":\"Scale {process} {n}\"}}"),
        201,
    );
    let began = Instant::now();
    for _ in 0..5 {
        assert_eq!(sign_in(port, "ada@xyz.example", "licentral-demo").0, 303);
    }
    seen.push((
        "sign-in, with the page".to_owned(),
        began.elapsed().as_secs_f64() * 200.0,
    ));
    seen
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    count: i64,
}

fn count(conn: &mut PgConnection, query: &str) -> i64 {
    diesel::sql_query(query).get_result::<Count>(conn).unwrap().count
}

fn megabytes(conn: &mut PgConnection) -> f64 {
    count(conn, "SELECT pg_database_size(current_database()) AS count") as f64 / 1_048_576.0
}

#[derive(QueryableByName)]
struct Statement {
    #[diesel(sql_type = diesel::sql_types::Text)]
    query: String,
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    calls: i64,
    #[diesel(sql_type = diesel::sql_types::Double)]
    sum: f64,
}

/// What all statements took since the last look, and a table of the costliest.
fn statements(conn: &mut PgConnection) -> (f64, String) {
    let all: Vec<Statement> = diesel::sql_query(
        "SELECT regexp_replace(left(query, 150), '\\s+', ' ', 'g') AS query, calls, total_exec_time AS sum FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat_statements%' ORDER BY total_exec_time DESC",
    )
    .load(conn)
    .unwrap();
    let mut table = "| statement | calls | ms each |\n|---|---|---|\n".to_owned();
    for one in all.iter().take(6) {
        table.push_str(&format!(
            "| `{}` | {} | {:.2} |\n",
            one.query,
            one.calls,
            one.sum / one.calls as f64
        ));
    }
    (all.iter().map(|one| one.sum).sum(), table)
}

/// Brings the tenants that were made up to so many, and lets the database count anew.
fn grow(conn: &mut PgConnection, tenants: i64) {
    let there = count(conn, "SELECT COUNT(*) AS count FROM smart_accounts");
    let made = count(
        conn,
        "SELECT COUNT(*) AS count FROM smart_accounts WHERE id LIKE '77777777-0004-%'",
    );
    let (first, last) = (made + 1, made + (tenants - there).max(0));
    const CHUNK: i64 = 50_000;
    let mut from = first;
    while from <= last {
        let to = (from + CHUNK - 1).min(last);
        conn.batch_execute(&format!("BEGIN; {} COMMIT;", made_up(from, to)))
            .unwrap();
        from = to + 1;
    }
    conn.batch_execute("VACUUM ANALYZE").unwrap();
}

fn made_up(first: i64, last: i64) -> String {
    let id = |kind: &str| format!("'77777777-{kind}-0000-0000-' || lpad(i::text, 12, '0')");
    let (account, place, person) = (id("0004"), id("0005"), id("0002"));
    let (at, n) = (
        "TIMESTAMP '2026-11-20 08:00:00'",
        format!("FROM generate_series({first}, {last}) AS i"),
    );
    let seven = "lpad(i::text, 7, '0')";
    format!(
        "INSERT INTO smart_accounts (id, number, name, name_key, domain, registrable, state, visibility, headquarters, holds_domain, created_at, version, kind)
         SELECT {account}, 7000000 + i, 'Grown ' || {seven}, 'grown ' || {seven}, 'grown-' || i || '.example', 'grown-' || i || '.example', 'active', 'unrestricted', '', TRUE, {at}, 1, 'smart' {n};
         INSERT INTO virtual_accounts (id, smart_account_id, name, name_key, description, access_level, is_default, tags, created_at, version, search_key, number)
         SELECT {place}, {account}, 'DEFAULT', 'default', '', 'unrestricted', TRUE, '', {at}, 1, 'default', 7000000 + i {n};
         INSERT INTO people (id, email, email_key, name, search_key, access_level, state, created_at, version)
         SELECT {person}, 'admin@grown-' || i || '.example', 'admin@grown-' || i || '.example', 'Grown ' || {seven}, 'grown ' || {seven} || ' admin@grown-' || i || '.example', 1, 'invited', {at}, 1 {n};
         INSERT INTO grants (id, smart_account_id, scope, person_id, role, created_at, source)
         SELECT {grant}, {account}, '', {person}, 'account-admin', {at}, '' {n};
         INSERT INTO devices (id, smart_account_id, virtual_account_id, udi_pid, udi_serial, udi_key, hostname, name_key, search_key, product, software, standing, is_reserved, export_controlled, secret_hash, licenses, registered_at, renewed_at, contact_at, version)
         SELECT {device}, {account}, {place}, 'C9300-48P-E', 'OTH' || {seven}, 'c9300-48p-e oth' || {seven}, 'other-' || {seven}, 'other-' || {seven}, 'other-' || {seven} || ' c9300-48p-e oth' || {seven}, 'C9300 Series Switch', '17.12.4', 'connected', FALSE, TRUE, '', 0, {at}, {at}, {at}, 1 {n};
         INSERT INTO device_tallies (smart_account_id, virtual_account_id, standing, shard, devices) SELECT {account}, {place}, 'connected', 0, 1 {n};
         INSERT INTO license_pools (id, smart_account_id, virtual_account_id, entitlement, name, search_key, billing, term, pool_key, purchased, reserved, created_at, version)
         SELECT {pool}, {account}, {place}, 'network-advantage', 'Network Advantage', 'network advantage', 'prepaid', 'perpetual', 'network-advantage', 10, 0, {at}, 1 {n};
         INSERT INTO license_stocks (id, smart_account_id, virtual_account_id, entitlement, name, search_key, billing, purchased, reserved, in_use, balance, terms, term, version)
         SELECT {pool}, {account}, {place}, 'network-advantage', 'Network Advantage', 'network advantage', 'prepaid', 10, 0, 0, 10, 1, 'perpetual', 1 {n};
         INSERT INTO orders (id, identifier, identifier_key, search_key, customer, customer_key, customer_domain, customer_email, customer_account_id, order_type, order_status, assignment, purchase_order, lines, ordered_at, received_at, source, version)
         SELECT {order}, 'G' || i, 'g' || i, 'g' || i || ' grown', 'Grown ' || {seven}, 'grown ' || {seven}, 'grown-' || i || '.example', '', {account}, 'standard', 'fulfilled', 'assigned', '', 1, {at}, {at}, 'scenario', 1 {n};
         INSERT INTO order_views (smart_account_id, order_id, is_sold, is_customer, is_assigned, ordered_at, identifier_key, customer_key, order_type, order_status, assignment, lines, search_key)
         SELECT {account}, {order}, FALSE, TRUE, TRUE, {at}, 'g' || i, 'grown ' || {seven}, 'standard', 'fulfilled', 'assigned', 1, 'g' || i || ' grown' {n};
         INSERT INTO order_lines (id, order_id, number, sku, description, kind, quantity, state, smart_account_id, virtual_account_id, customer_active, round, reason, settled_at, version)
         SELECT {line}, {order}, 1, 'C9300-NW-A-48', 'Network Advantage', 'product', 10, 'assigned', {account}, {place}, TRUE, 1, '', {at}, 1 {n};
         INSERT INTO events (id, at, smart_account_id, virtual_account_id, kind, outcome, message, actor, actor_key, about, detail, address, request_id)
         SELECT '77777777-001' || e || '-0000-0000-' || lpad(i::text, 12, '0'), {at}, {account}, {place}, 'device.registered', 'done', 'The product instance other-' || {seven} || ' was registered.', 'Grown', 'grown', '', '{{}}', '', '' {n}, generate_series(0, 1) AS e;
         INSERT INTO event_tallies (smart_account_id, shard, events) SELECT {account}, 0, 2 {n};",
        grant = id("0003"),
        device = id("0006"),
        pool = id("0007"),
        order = id("0008"),
        line = id("0009"),
    )
}

/// The list of product instances on 16 connections, through one process and through four, in turn.
fn processes(folder: &Path, url: &str) {
    println!("| 16 connections, kept pages | one process, requests/s | four processes, requests/s | ratio |");
    println!("|---|---|---|---|");
    for kept in ["off", "on"] {
        let four: Vec<Portal> = (0..4).map(|_| opened(folder, url, kept)).collect();
        let cookie = four[0].sign_in("ada@xyz.example");
        let path = format!("/sa/{}/devices/device-inventory", four[0].first_account(&cookie));
        let (mut one, mut all) = (Vec::new(), Vec::new());
        for _ in 0..5 {
            one.push(rate(&four[..1], &path, &cookie));
            all.push(rate(&four, &path, &cookie));
        }
        let (one, all) = (median(one), median(all));
        println!("| {kept} | {one:.0} | {all:.0} | {:.2} |", all / one);
    }
}

fn rate(portals: &[Portal], path: &str, cookie: &str) -> f64 {
    let (stop, answers) = (AtomicBool::new(false), AtomicUsize::new(0));
    let began = Instant::now();
    std::thread::scope(|scope| {
        for n in 0..support::CONNECTIONS {
            let port = portals[n % portals.len()].port;
            let (stop, answers) = (&stop, &answers);
            scope.spawn(move || {
                let (mut wire, request) = (Wire::open(port), get(path, cookie, port));
                while !stop.load(Ordering::Relaxed) {
                    assert_eq!(wire.ask(&request).0, 200, "{path}");
                    answers.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        std::thread::sleep(Duration::from_secs(2));
        stop.store(true, Ordering::Relaxed);
    });
    answers.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64()
}
