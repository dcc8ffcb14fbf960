//! The workloads of `docs/performance.md`: `cargo bench --bench portal`.
//!
//! Starts the real program with scenario `large`, and beside it a bare actix handler that answers "ok": the
//! limit of what this machine, this library and this loader can do. Each workload prints its rate and its
//! ratio to that limit in the same run, since rates alone say more about the machine than about the portal.
//! `LICENTRAL_WRITES=1` leaves the pages out: devices that call, orders that are assigned, people who are imported.

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

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use support::{
    Portal, Running, Wire, call, copy_of, get, launch_with, measure, memory, own_memory_of, serve_bare,
    sign_in, start_bare,
};

fn main() {
    let mut args = std::env::args().skip(1);
    if args.next().as_deref() == Some("--bare") {
        return serve_bare(args.next().unwrap().parse().unwrap());
    }
    let bare = start_bare();
    let portal = Portal::start("large");
    if std::env::var("LICENTRAL_WRITES").is_ok() {
        calls(&portal);
        assign(&portal);
        import(&portal);
        return;
    }
    println!("| workload | req/s | of the limit | p50 ms | p99 ms | server CPU, µs/request |");
    println!("|---|---|---|---|---|---|");
    let limit = measure(
        "bare actix handler (the limit)",
        bare.port,
        &bare.child,
        &get("/", "", bare.port),
        None,
    );
    let cookie = portal.sign_in("pat@bramwell.example");
    for (name, path, cookie) in portal.workloads(&cookie) {
        measure(
            &name,
            portal.port,
            &portal.child,
            &get(&path, &cookie, portal.port),
            Some(limit),
        );
    }
    // As a browser asks: compressed, so that the answer goes out in pieces.
    let plain = get("/access", &cookie, portal.port);
    let asked = String::from_utf8_lossy(&plain).replace("cookie: ", "accept-encoding: gzip\r\ncookie: ");
    measure(
        "directory, compressed",
        portal.port,
        &portal.child,
        asked.as_bytes(),
        Some(limit),
    );
    // The same pages of the same small tenant, beside 10,000 others and beside a few.
    let small = Portal::start("demo");
    for (portal, neighbours) in [
        (&portal, "10,000 other accounts"),
        (&small, "a few other accounts"),
    ] {
        let cookie = portal.sign_in("eve@harborview.example");
        let account = portal.first_account(&cookie);
        for (name, path) in [
            ("directory", "/access".to_owned()),
            ("Overview", format!("/sa/{account}")),
            ("event log", format!("/sa/{account}/activity")),
        ] {
            measure(
                &format!("{name} of a small account beside {neighbours}"),
                portal.port,
                &portal.child,
                &get(&path, &cookie, portal.port),
                Some(limit),
            );
        }
    }
    drop(small);
    inventory(&portal, limit, "10,000 orders of one's own");
    devices(&portal, limit);
    println!();
    calls(&portal);
    assign(&portal);
    println!();
    println!("| workload | req/s | of the limit | p50 ms | p99 ms | server CPU, µs/request |");
    println!("|---|---|---|---|---|---|");
    crowd(&portal.folder.join("licentral.db"));
    inventory(&portal, limit, "10,000 of one's own among 1,000,000");
    println!();
    import(&portal);
    println!(
        "Memory after the workloads, at rest: {} MB of its own, {} MB with mapped pages.",
        own_memory_of(portal.child.id()) / 1024,
        memory(&portal.child) / 1024
    );
    sign_in_flood(&portal, &cookie);
    println!(
        "Start to first answer on a migrated SQLite file: {} ms (median of 5).",
        portal.starts()
    );
    println!(
        "Memory of a portal with scenario demo that was just started, at rest: {} MB.",
        portal.idle()
    );
}

/// Order Inventory of an account with 10,000 orders: as it opens, narrowed, and its numbers alone.
fn inventory(portal: &Portal, limit: f64, among: &str) {
    let cookie = portal.sign_in("ada@xyz.example");
    let number = portal.first_account(&cookie);
    let list = format!("/sa/{number}/orders/order-inventory");
    for (name, path) in [
        ("Order Inventory, first page", list.clone()),
        (
            "Order Inventory, two filters",
            format!("{list}?assignment=unassigned&status=fulfilled"),
        ),
        (
            "Order Inventory, sorted by customer",
            format!("{list}?sort=customer"),
        ),
        ("Order Inventory, searched", format!("{list}?q=PO-0042")),
    ] {
        measure(
            &format!("{name}: {among}"),
            portal.port,
            &portal.child,
            &get(&path, &cookie, portal.port),
            Some(limit),
        );
    }
}

/// Product instances of an account that has 100,000: as they open, narrowed and sorted; and one of them.
fn devices(portal: &Portal, limit: f64) {
    let cookie = portal.sign_in("ada@xyz.example");
    let number = portal.first_account(&cookie);
    let list = format!("/sa/{number}/devices/device-inventory");
    for (name, path) in [
        ("first page", list.clone()),
        ("the silent ones", format!("{list}?status=silent")),
        ("one product type", format!("{list}?product=C9300+Series+Switch")),
        ("sorted by last contact", format!("{list}?sort=-contact")),
        ("page 2,000", format!("{list}?page=2000")),
        ("searched", format!("{list}?q=LRG0042000")),
    ] {
        measure(
            &format!("Product Instances, {name}: 100,000 of one's own"),
            portal.port,
            &portal.child,
            &get(&path, &cookie, portal.port),
            Some(limit),
        );
    }
}

/// So many devices register and report.
const CALLING: usize = 2_000;
/// So many of them at once.
const AT_ONCE: usize = 64;

/// Devices register with one token and report two licenses of one Virtual Account, 64 at once. Beside it, a loop of
/// prepared statements that writes as many rows of the same tables on a copy of the same file, each device in a
/// transaction of its own.
fn calls(portal: &Portal) {
    let cookie = portal.sign_in("ada@xyz.example");
    let (number, token) = (portal.first_account(&cookie), portal.token(&cookie));
    let ask = |method: &str, path: &str, credential: &str, body: &str| {
        portal.ask(method, path, credential, body.as_bytes())
    };
    let base = format!("/api/v1/accounts/{number}");
    let (status, answer) = ask("GET", &format!("{base}/virtual-accounts?q=DEFAULT"), &token, "");
    assert_eq!(status, 200, "{answer}");
    let place = word(&answer, "id");
    let (status, answer) = ask(
        "POST",
        &format!("{base}/registration-tokens"),
        &token,
        &format!("{{\"virtual_accounts\":[\"{place}\"],\"description\":\"Bench\"}}"),
    );
    assert_eq!(status, 201, "{answer}");
    let text = word(&answer, "token");
    let (raw_register, raw_report) = raw_calls(&portal.folder);
    let credentials = Arc::new(Mutex::new(vec![String::new(); CALLING]));
    let register = at_once(portal.port, {
        let (credentials, text) = (credentials.clone(), text.clone());
        let port = portal.port;
        move |wire: &mut Wire, n| {
            let secret = format!("{n:043}");
            let body = format!(
                "{{\"token\":\"{text}\",\"secret\":\"{secret}\",\"udi\":{{\"pid\":\"C9200-48P-E\",\"serial\":\"BENCH{n:06}\"}},\"hostname\":\"bench-{n:06}\"}}"
            );
            let (status, answer) = wire.ask(&call(port, "POST", "/device/v1/register", "", body.as_bytes()));
            let answer = String::from_utf8_lossy(&answer).into_owned();
            assert_eq!(status, 201, "{answer}");
            credentials.lock().unwrap()[n] = format!("{}.{secret}", word(&answer, "device"));
        }
    });
    let credentials = credentials.lock().unwrap().clone();
    let report = at_once(portal.port, {
        let port = portal.port;
        move |wire: &mut Wire, n| {
            let body = "{\"licenses\":[{\"entitlement\":\"c9200-ne-48\",\"quantity\":1},{\"entitlement\":\"c9200-dna-e-48\",\"quantity\":1}]}";
            let (status, answer) = wire.ask(&call(
                port,
                "POST",
                "/device/v1/report",
                &credentials[n],
                body.as_bytes(),
            ));
            assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
        }
    });
    for (what, took, raw) in [
        ("register", register, raw_register),
        ("report", report, raw_report),
    ] {
        let (rate, limit) = (CALLING as f64 / took, CALLING as f64 / raw);
        println!(
            "{CALLING} devices {what}, {AT_ONCE} at once: {rate:.0}/s; the raw loop of the rows that they leave, a transaction for each: {limit:.0}/s; ratio {:.3}.",
            rate / limit
        );
    }
}

/// The first text under this name in an answer.
fn word(answer: &str, name: &str) -> String {
    answer
        .split(&format!("\"{name}\":\""))
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap_or_else(|| panic!("no {name} in {answer}"))
        .to_owned()
}

/// Does something for each device, so many at once; how long it took.
fn at_once(port: u16, f: impl Fn(&mut Wire, usize) + Sync) -> f64 {
    let next = AtomicU64::new(0);
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                let mut wire = Wire::open(port);
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed) as usize;
                    if n >= CALLING {
                        return;
                    }
                    f(&mut wire, n);
                }
            });
        }
    });
    started.elapsed().as_secs_f64()
}

/// The rows that a registration and a report leave, on a copy of the file with nothing around them: how long registering took,
/// and reporting.
fn raw_calls(folder: &Path) -> (f64, f64) {
    use diesel::prelude::*;
    use diesel::sql_types::Text;
    let (mut conn, _) = copy_of(folder, "raw-devices");
    const PLACE: &str = "(SELECT id FROM virtual_accounts WHERE is_default AND smart_account_id = (SELECT id FROM smart_accounts WHERE domain = 'xyz.example'))";
    const ACCOUNT: &str = "(SELECT id FROM smart_accounts WHERE domain = 'xyz.example')";
    let mut run = |statements: &[String]| {
        let started = Instant::now();
        for n in 0..CALLING {
            conn.transaction(|conn| {
                for statement in statements {
                    diesel::sql_query(statement)
                        .bind::<Text, _>(format!("{n:012}"))
                        .execute(conn)?;
                }
                diesel::QueryResult::Ok(())
            })
            .unwrap();
        }
        started.elapsed().as_secs_f64()
    };
    // A line of the record, and the tally at whose end it stands.
    let event = |kind: &str| {
        [
            format!(
                "INSERT INTO events (id, at, smart_account_id, kind, outcome, message, actor, actor_key, about, detail, address, request_id) SELECT '{kind}0000-0000-0000-0000-' || ?1, '2026-11-22 00:00:00', {ACCOUNT}, 'device.reported', 'done', 'A device called.', '', '', '', '{{}}', '', ''"
            ),
            format!(
                "UPDATE event_tallies SET events = events + 1, chain_number = chain_number + 1, chain_hash = ?1 WHERE smart_account_id = {ACCOUNT} AND shard = 0"
            ),
        ]
    };
    let mut register = vec![
        format!("INSERT INTO devices (id, smart_account_id, virtual_account_id, udi_pid, udi_serial, udi_key, hostname, name_key, search_key, product, software, standing, is_reserved, export_controlled, secret_hash, licenses, registered_at, renewed_at, contact_at, version) SELECT '77777777-0000-0000-0000-' || ?1, {ACCOUNT}, {PLACE}, 'RAW', ?1, 'raw ' || ?1, 'raw-' || ?1, 'raw-' || ?1, 'raw-' || ?1, 'Raw', '', 'connected', 0, 1, '', 0, '2026-11-22 00:00:00', '2026-11-22 00:00:00', '2026-11-22 00:00:00', 1"),
        "UPDATE registration_tokens SET uses = uses + 1, version = version + 1 WHERE id = (SELECT MIN(id) FROM registration_tokens) AND ?1 <> ''".to_owned(),
        format!("INSERT INTO device_tallies (smart_account_id, virtual_account_id, standing, shard, devices) SELECT {ACCOUNT}, {PLACE}, 'connected', 0, 1 WHERE ?1 <> '' ON CONFLICT (smart_account_id, virtual_account_id, standing, shard) DO UPDATE SET devices = devices + 1"),
    ];
    register.extend(event("6666"));
    let mut report = vec![
        "UPDATE devices SET contact_at = '2026-11-22 00:00:01', licenses = 2, version = version + 1 WHERE id = '77777777-0000-0000-0000-' || ?1".to_owned(),
    ];
    for entitlement in ["c9200-ne-48", "c9200-dna-e-48"] {
        report.extend([
            format!("INSERT INTO device_usage (device_id, smart_account_id, virtual_account_id, entitlement, quantity, reserved, since) SELECT '77777777-0000-0000-0000-' || ?1, {ACCOUNT}, {PLACE}, '{entitlement}', 1, 0, '2026-11-22 00:00:00'"),
            format!("UPDATE license_stocks SET in_use = in_use + 1, balance = balance - 1, version = version + 1 WHERE smart_account_id = {ACCOUNT} AND virtual_account_id = {PLACE} AND entitlement = '{entitlement}' AND ?1 <> ''"),
            format!("INSERT INTO license_days (stock_id, smart_account_id, day, purchased, reserved, in_use) SELECT id, smart_account_id, '2026-11-22', 0, 0, in_use FROM license_stocks WHERE smart_account_id = {ACCOUNT} AND virtual_account_id = {PLACE} AND entitlement = '{entitlement}' AND ?1 <> '' ON CONFLICT (stock_id, day) DO UPDATE SET in_use = excluded.in_use"),
        ]);
    }
    report.extend(event("5555"));
    (run(&register), run(&report))
}

/// So many orders are assigned at once.
const ASSIGNED: usize = 5_000;

/// Five thousand orders, from the press of "Assign" until the last of their lines is Assigned. Beside it, a loop of
/// prepared statements that changes and writes as many rows of the same tables on a copy of the same file.
fn assign(portal: &Portal) {
    let operator = portal.token(&portal.sign_in("olga@licensing.example"));
    let cookie = portal.sign_in("ada@xyz.example");
    let (number, token) = (portal.first_account(&cookie), portal.token(&cookie));
    let ask =
        |method: &str, path: &str, token: &str, body: &str| portal.ask(method, path, token, body.as_bytes());
    let (status, answer) = ask(
        "PUT",
        "/api/v1/simulator/orders",
        &operator,
        "{\"delay_seconds\":0,\"failing_percent\":0}",
    );
    assert_eq!(status, 200, "{answer}");
    let raw = raw_assignment(&portal.folder);
    let names: Vec<String> = (0..)
        .filter(|n| !matches!(n % 20, 7 | 13) && n % 5 != 0)
        .take(ASSIGNED)
        .map(|n: usize| format!("\"200{n:06}\""))
        .collect();
    let body = format!(
        "{{\"orders\":[{}],\"target\":{{\"smart_account\":\"xyz.example\"}}}}",
        names.join(",")
    );
    let started = Instant::now();
    let path = format!("/api/v1/accounts/{number}/order-assignments");
    let (status, answer) = ask("POST", &path, &token, &body);
    assert_eq!(status, 202, "{answer}");
    let asked = started.elapsed().as_secs_f64();
    let href = answer
        .split("\"href\":\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("an address")
        .to_owned();
    loop {
        let (status, answer) = ask("GET", &href, &token, "");
        assert_eq!(status, 200, "{answer}");
        if !answer.contains("\"settled_at\":null") {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(600), "{answer}");
        std::thread::sleep(Duration::from_millis(100));
    }
    let took = started.elapsed().as_secs_f64();
    let (rate, limit) = (ASSIGNED as f64 / took, ASSIGNED as f64 / raw);
    println!(
        "Assignment of {ASSIGNED} orders with two lines each: requested after {asked:.1} s, all Assigned after {took:.1} s, {rate:.0} orders/s; the raw loop of prepared statements: {limit:.0} orders/s; ratio {:.3}.",
        rate / limit
    );
}

/// The rows of as many assignments, changed and written on a copy of the file with nothing around them.
fn raw_assignment(folder: &Path) -> f64 {
    use diesel::prelude::*;
    use diesel::sql_types::Text;
    let (mut conn, _) = copy_of(folder, "raw-orders");
    let started = Instant::now();
    conn.transaction(|conn| {
        for n in (0..)
            .filter(|n| !matches!(n % 20, 7 | 13) && n % 5 != 0)
            .take(ASSIGNED)
        {
            let key = format!("200{n:06}");
            for state in ["requested", "assigned"] {
                for statement in [
                    "UPDATE order_lines SET state = ?2, version = version + 1 WHERE order_id = (SELECT id FROM orders WHERE identifier_key = ?1)",
                    "UPDATE orders SET assignment = ?2, version = version + 1 WHERE identifier_key = ?1",
                    "UPDATE order_views SET assignment = ?2 WHERE order_id = (SELECT id FROM orders WHERE identifier_key = ?1)",
                    "INSERT INTO events (id, at, kind, outcome, message, actor, actor_key, about, detail, address, request_id) SELECT substr('00000000-0000-0000-0000-' || ?1 || ?2 || '000000000000', 1, 36), ordered_at, 'order.assigned', 'done', 'An order was assigned.', ?2, ?2, id, '{}', '', '' FROM orders WHERE identifier_key = ?1",
                ] {
                    diesel::sql_query(statement)
                        .bind::<Text, _>(&key)
                        .bind::<Text, _>(state)
                        .execute(conn)?;
                }
            }
            for license in ["1", "2"] {
                diesel::sql_query(
                    "INSERT INTO license_moves (id, smart_account_id, pool_id, quantity, kind, order_line_id, round, reference, at, actor) SELECT substr('00000000-0000-0000-0000-' || ?1 || ?2 || '000000000000', 1, 36), p.smart_account_id, p.id, 1, 'order', substr('00000000-0000-0000-0000-' || ?1 || '000000000000', 1, 36), ?2, ?1, p.created_at, '' FROM (SELECT * FROM license_pools LIMIT 1) p",
                )
                .bind::<Text, _>(&key)
                .bind::<Text, _>(license)
                .execute(conn)?;
            }
        }
        diesel::QueryResult::Ok(())
    })
    .unwrap();
    started.elapsed().as_secs_f64()
}

/// Puts 990,000 orders of the other accounts beside those that are there.
fn crowd(file: &Path) {
    use diesel::connection::SimpleConnection;
    use diesel::prelude::*;
    let mut conn = diesel::SqliteConnection::establish(&file.to_string_lossy()).unwrap();
    conn.batch_execute("PRAGMA busy_timeout=60000; PRAGMA foreign_keys=ON;")
        .unwrap();
    let mut begin = 0;
    while begin < 990_000 {
        // In parts, so that the portal can write in between.
        let rows = format!(
            "WITH RECURSIVE n(i) AS (SELECT {begin} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {begin} + 30000)"
        );
        let id = "'99999999-0000-7000-8000-' || printf('%012d', i)";
        conn.batch_execute(&format!(
            "BEGIN IMMEDIATE;
             CREATE TEMP TABLE IF NOT EXISTS others AS SELECT row_number() OVER (ORDER BY id) - 1 AS n, id FROM smart_accounts WHERE domain LIKE 'customer-%';
             CREATE INDEX IF NOT EXISTS temp.others_n ON others (n);
             {rows} INSERT INTO orders (id, identifier, identifier_key, search_key, customer, customer_key, customer_domain, customer_email, customer_account_id, order_type, order_status, assignment, purchase_order, lines, ordered_at, received_at, source, version)
                SELECT {id}, '300' || printf('%09d', i), '300' || printf('%09d', i), '300' || printf('%09d', i) || ' somebody', 'Somebody', 'somebody', 'x.example', '', (SELECT id FROM others WHERE n = i % 9000), 'standard', 'fulfilled', 'unassigned', '', 1, '2026-01-01 00:00:00', '2026-01-01 00:00:00', 'scenario', 1 FROM n;
             {rows} INSERT INTO order_lines (id, order_id, number, sku, description, kind, quantity, state, customer_active, round, reason, version)
                SELECT {id}, {id}, 1, 'C9200-48P-E', 'A switch', 'product', 1, 'unassigned', 0, 0, '', 1 FROM n;
             {rows} INSERT INTO order_views (smart_account_id, order_id, is_sold, is_customer, is_assigned, ordered_at, identifier_key, customer_key, order_type, order_status, assignment, lines, search_key)
                SELECT (SELECT id FROM others WHERE n = i % 9000), {id}, 0, 1, 0, '2026-01-01 00:00:00', '300' || printf('%09d', i), 'somebody', 'standard', 'fulfilled', 'unassigned', 1, '300' || printf('%09d', i) || ' somebody' FROM n;
             COMMIT;"
        ))
        .unwrap();
        begin += 30_000;
    }
    conn.batch_execute(
        "INSERT INTO order_tallies (smart_account_id, order_type, order_status, assignment, orders)
         SELECT smart_account_id, order_type, order_status, assignment, COUNT(*) FROM order_views
         WHERE order_id LIKE '99999999-%' GROUP BY 1, 2, 3, 4;",
    )
    .unwrap();
}

/// How many people a list brings.
const PEOPLE: usize = 5_000;

/// A list of people is added through the API: each line checked, each person invited and recorded, all in one
/// transaction. Beside it, a loop of prepared statements that writes as many rows of the same tables.
fn import(portal: &Portal) {
    let cookie = portal.sign_in("ada@xyz.example");
    let number = portal.first_account(&cookie);
    let token = portal.token(&cookie);
    let emails: Vec<String> = (0..PEOPLE).map(|n| format!("\"new-{n}@xyz.example\"")).collect();
    let body = format!(
        "{{\"emails\":[{}],\"role\":\"account-viewer\"}}",
        emails.join(",")
    );
    let request = format!(
        "POST /api/v1/accounts/{number}/users HTTP/1.1\r\nhost: 127.0.0.1:{}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        portal.port,
        body.len()
    );
    let started = Instant::now();
    let (status, answer) = Wire::open(portal.port).ask(request.as_bytes());
    let took = started.elapsed().as_secs_f64();
    let answer = String::from_utf8_lossy(&answer);
    assert_eq!(status, 200, "{answer}");
    assert!(answer.contains("\"invited\":5000"), "{}", &answer[..200]);
    let raw = raw_rows(&portal.folder.join("raw.db"));
    let (rate, limit) = (PEOPLE as f64 / took, PEOPLE as f64 / raw);
    println!(
        "Import of {PEOPLE} people: {rate:.0} people/s; the raw loop of prepared statements: {limit:.0} people/s; ratio {:.3}.",
        rate / limit
    );
}

/// Writes what an import writes for each of as many people, with nothing around it: a person, a link, a letter, a role and
/// three events.
fn raw_rows(file: &Path) -> f64 {
    use diesel::prelude::*;
    let url = format!("sqlite://{}", file.display());
    licentral::platform::db::migrate::run(&url).unwrap();
    let mut conn = diesel::SqliteConnection::establish(&file.to_string_lossy()).unwrap();
    diesel::connection::SimpleConnection::batch_execute(
        &mut conn,
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;
         INSERT INTO smart_accounts (id, number, name, name_key, domain, registrable, state, visibility, headquarters, holds_domain, created_at, version)
         VALUES ('00000000-0000-0000-0000-000000000000', 1, 'X', 'x', 'x.example', 'x.example', 'active', 'unrestricted', '', 1, '2026-01-01 00:00:00', 1);",
    )
    .unwrap();
    let at = chrono::DateTime::from_timestamp(1_767_225_600, 0)
        .unwrap()
        .naive_utc();
    let started = Instant::now();
    conn.transaction(|conn| {
        for n in 0..PEOPLE {
            let id = format!("00000000-0000-0000-0000-{n:012}");
            let email = format!("new-{n}@xyz.example");
            raw_row(conn, &id, &email, at)?;
        }
        diesel::QueryResult::Ok(())
    })
    .unwrap();
    started.elapsed().as_secs_f64()
}

fn raw_row(
    conn: &mut diesel::SqliteConnection,
    id: &str,
    email: &str,
    at: chrono::NaiveDateTime,
) -> diesel::QueryResult<()> {
    use diesel::prelude::*;
    use diesel::sql_types::{BigInt, Integer, Text, Timestamp};
    use licentral::platform::db::schema::{events, grants, links, outbox, people};
    let account = "00000000-0000-0000-0000-000000000000";
    diesel::insert_into(people::table)
        .values((
            people::id.eq(id.into_sql::<Text>()),
            people::email.eq(email),
            people::email_key.eq(email),
            people::name.eq(email),
            people::search_key.eq(email),
            people::access_level.eq(0.into_sql::<Integer>()),
            people::state.eq("invited".into_sql::<Text>()),
            people::created_at.eq(at.into_sql::<Timestamp>()),
            people::version.eq(1.into_sql::<BigInt>()),
        ))
        .execute(conn)?;
    diesel::insert_into(grants::table)
        .values((
            grants::id.eq(id),
            grants::smart_account_id.eq(account),
            grants::scope.eq(""),
            grants::person_id.eq(id),
            grants::role.eq("account-viewer"),
            grants::created_at.eq(at),
            grants::source.eq(""),
        ))
        .execute(conn)?;
    for (part, kind) in ["person.added", "person.invited", "role.granted"]
        .iter()
        .enumerate()
    {
        let event = format!("{part:08}{}", &id[8..]);
        diesel::insert_into(events::table)
            .values((
                events::id.eq(&event),
                events::at.eq(at),
                events::smart_account_id.eq(account),
                events::kind.eq(kind),
                events::outcome.eq("done"),
                events::message.eq("A person was given the role Smart Account Viewer."),
                events::actor.eq(email),
                events::actor_key.eq(email),
                events::about.eq(id),
                events::detail.eq("{}"),
                events::address.eq("127.0.0.1"),
                events::request_id.eq(id),
            ))
            .execute(conn)?;
    }
    diesel::insert_into(links::table)
        .values((
            links::id.eq(id),
            links::purpose.eq("invitation"),
            links::about_id.eq(id),
            links::email_key.eq(email),
            links::created_at.eq(at),
            links::expires_at.eq(at),
        ))
        .execute(conn)?;
    diesel::insert_into(outbox::table)
        .values((
            outbox::id.eq(id),
            outbox::letter.eq("invitation"),
            outbox::about_id.eq(id),
            outbox::extra.eq("{}"),
            outbox::to_name.eq(email),
            outbox::to_address.eq(email),
            outbox::not_before.eq(at),
            outbox::attempts.eq(0),
            outbox::last_problem.eq(""),
            outbox::created_at.eq(at),
        ))
        .execute(conn)?;
    Ok(())
}

/// 64 people sign in at once while somebody else goes on reading.
fn sign_in_flood(portal: &Portal, cookie: &str) {
    let peak = Arc::new(AtomicU64::new(0));
    let done = Arc::new(AtomicBool::new(false));
    let watcher = {
        let (peak, done, id) = (peak.clone(), done.clone(), portal.child.id());
        std::thread::spawn(move || {
            while !done.load(Ordering::Relaxed) {
                peak.fetch_max(own_memory_of(id), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(5));
            }
        })
    };
    let reader = {
        let (done, request, port) = (done.clone(), get("/access", cookie, portal.port), portal.port);
        std::thread::spawn(move || {
            let mut wire = Wire::open(port);
            let (mut worst, mut answered) = (Duration::ZERO, 0);
            while !done.load(Ordering::Relaxed) {
                let asked = Instant::now();
                assert_eq!(wire.ask(&request).0, 200);
                worst = worst.max(asked.elapsed());
                answered += 1;
            }
            (worst, answered)
        })
    };
    let started = Instant::now();
    let port = portal.port;
    let threads: Vec<_> = (0..64)
        .map(|n| {
            std::thread::spawn(move || sign_in(port, &format!("nobody{n}@xyz.example"), "wrong password").0)
        })
        .collect();
    let answers: Vec<u16> = threads.into_iter().map(|t| t.join().unwrap()).collect();
    let took = started.elapsed();
    done.store(true, Ordering::Relaxed);
    watcher.join().unwrap();
    let (worst, answered) = reader.join().unwrap();
    let refused = answers
        .iter()
        .filter(|status| **status == 429 || **status == 503)
        .count();
    println!(
        "64 sign-ins at once: all answered in {} ms ({refused} of them with \"try again later\"), memory of its own at most {} MB; meanwhile {answered} pages were served, the slowest in {} ms.",
        took.as_millis(),
        peak.load(Ordering::Relaxed) / 1024,
        worst.as_millis()
    );
}

impl Portal {
    fn workloads(&self, cookie: &str) -> Vec<(String, String, String)> {
        // The account with the long record is that of ada, who has no other.
        let reader = self.sign_in("ada@xyz.example");
        let number = self.first_account(&reader);
        let log = format!("/sa/{number}/activity");
        let (_, page) = Wire::open(self.port).ask(&get(&log, &reader, self.port));
        assert!(
            String::from_utf8_lossy(&page).contains("of 1,00"),
            "the first page of {log} is not one of a million events"
        );
        let own = |name: &str, path: &str| (name.to_owned(), format!("/sa/{number}/{path}"), reader.clone());
        vec![
            own("Users: 5,000 people", "account/users"),
            own("Virtual Accounts: a list of 1,000", "account/virtual-accounts"),
            own(
                "Virtual Accounts: a tree of 1,000",
                "account/virtual-accounts/tree",
            ),
            own(
                "License Inventory of 1,000 Virtual Accounts",
                "licensing/license-inventory",
            ),
            ("/livez".to_owned(), "/livez".to_owned(), String::new()),
            (
                "directory: 25 accounts of one's own among 10,000".to_owned(),
                "/access".to_owned(),
                cookie.to_owned(),
            ),
            (
                "event log: first page of 1,000,000".to_owned(),
                log,
                reader.clone(),
            ),
        ]
    }

    /// How long from the start of the process to the first answer, on the file that is there.
    fn starts(&self) -> u128 {
        let folder = self.folder.join("again");
        std::fs::create_dir_all(&folder).unwrap();
        drop(Running {
            child: launch_with(&folder, "demo", "").0,
            port: 0,
        });
        let mut took: Vec<u128> = (0..5)
            .map(|_| {
                let started = Instant::now();
                let (child, port) = launch_with(&folder, "demo", "");
                let took = started.elapsed().as_millis();
                drop(Running { child, port });
                took
            })
            .collect();
        took.sort_unstable();
        took[2]
    }

    /// Memory of a fresh start on the same small file, in MB.
    fn idle(&self) -> u64 {
        let (child, port) = launch_with(&self.folder.join("again"), "demo", "");
        let running = Running { child, port };
        std::thread::sleep(Duration::from_secs(3));
        memory(&running.child) / 1024
    }
}
