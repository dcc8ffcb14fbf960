//! The vendor's API: `cargo bench --bench vendor`. Reads of 50 and of 1,000 among 100,000 licenses and 100,000 product
//! instances of one account, registration tokens, and transfers, beside a bare actix handler in the same run.

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
use std::path::Path;
use support::{Portal, Wire, call, get, measure, serve_bare, start_bare};

const BASE: &str = "/services/api/smart-accounts-and-licensing/v1/accounts/xyz.example";

fn main() {
    let mut args = std::env::args().skip(1);
    if args.next().as_deref() == Some("--bare") {
        return serve_bare(args.next().unwrap().parse().unwrap());
    }
    let bare = start_bare();
    let portal = Portal::start("large");
    add_licenses(&portal.folder);
    let cookie = portal.sign_in("ada@xyz.example");
    let token = portal.token(&cookie);
    let post = |path: &str, body: &str| {
        call(
            portal.port,
            "POST",
            &format!("{BASE}{path}"),
            &token,
            body.as_bytes(),
        )
    };
    let transfer = r#"{"licenses":[{"license":"Bench license 0000","licenseType":"PERPETUAL","quantity":1,"targetVirtualAccount":"DEFAULT"}]}"#;
    println!("| workload | req/s | of the limit | p50 ms | p99 ms | server CPU, µs/request |");
    println!("|---|---|---|---|---|---|");
    let limit = measure(
        "bare actix handler (the limit)",
        bare.port,
        &bare.child,
        &get("/", "", bare.port),
        None,
    );
    let first = place(&portal, &token);
    for (name, path, body, wanted) in [
        ("who is it", "", "", "email"),
        (
            "licenses, 50 of 100,000",
            "/licenses",
            r#"{"virtualAccounts":[],"limit":50,"offset":0}"#,
            "\"totalRecords\":10",
        ),
        (
            "licenses, 1,000 of 100,000",
            "/licenses",
            r#"{"virtualAccounts":[],"limit":1000,"offset":0}"#,
            "\"totalRecords\":10",
        ),
        (
            "licenses, all of one Virtual Account",
            "/licenses",
            &*format!(r#"{{"virtualAccounts":["{first}"],"limit":50}}"#),
            "\"totalRecords\":1",
        ),
        (
            "devices, 50 of 100,000",
            "/devices",
            r#"{"virtualAccounts":[],"limit":50,"offset":0}"#,
            "\"totalRecords\":100",
        ),
        (
            "devices, 1,000 of 100,000",
            "/devices",
            r#"{"virtualAccounts":[],"limit":1000,"offset":0}"#,
            "\"totalRecords\":100",
        ),
        (
            "a registration token",
            "/virtual-accounts/DEFAULT/tokens",
            r#"{"description":"Bench","expiresAfterDays":30}"#,
            "tokenInfo",
        ),
        (
            "a transfer of one license",
            &*format!(
                "/virtual-accounts/{}/licenses/transfer",
                first.replace(' ', "%20")
            ),
            transfer,
            "\"status\":\"SUCCESS\",\"statusMessage\":\"1 licenses",
        ),
    ] {
        let request = if path.is_empty() {
            call(portal.port, "POST", "/idp/userinfo.openid", &token, b"")
        } else {
            post(path, body)
        };
        let (status, answer) = Wire::open(portal.port).ask(&request);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(
            status == 200 && answer.contains(wanted),
            "{name}: {status} {:.400}",
            answer
        );
        let name = format!("{name} ({} bytes)", answer.len());
        measure(&name, portal.port, &portal.child, &request, Some(limit));
    }
}

/// A Virtual Account that has the licenses of the bench, and is not the default one.
fn place(portal: &Portal, token: &str) -> String {
    let body = r#"{"virtualAccounts":[],"limit":1,"offset":500}"#;
    let (status, answer) = portal.ask("POST", &format!("{BASE}/licenses"), token, body.as_bytes());
    assert_eq!(status, 200, "{answer}");
    let rest = answer.split("\"virtualAccount\":\"").nth(1).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

/// 100 kinds of licenses in each of the 1,000 Virtual Accounts of the large account, each with a term that lasts for good.
fn add_licenses(folder: &Path) {
    let mut conn =
        diesel::SqliteConnection::establish(&folder.join("licentral.db").to_string_lossy()).unwrap();
    const ID: &str = "lower(hex(randomblob(4))||'-'||hex(randomblob(2))||'-7'||substr(hex(randomblob(2)),2)||'-a'||substr(hex(randomblob(2)),2)||'-'||hex(randomblob(6)))";
    const EACH: &str = "FROM (SELECT value AS n FROM generated), virtual_accounts v WHERE v.smart_account_id = (SELECT id FROM smart_accounts WHERE domain = 'xyz.example')";
    let kinds = "WITH RECURSIVE generated(value) AS (SELECT 0 UNION ALL SELECT value + 1 FROM generated WHERE value < 99)";
    let name = "printf('Bench license %04d', n)";
    conn.batch_execute(&format!(
        "PRAGMA busy_timeout = 30000; BEGIN IMMEDIATE;
         INSERT INTO license_pools (id, smart_account_id, virtual_account_id, entitlement, name, search_key, billing, term, pool_key, purchased, reserved, created_at, version)
         {kinds} SELECT {ID}, v.smart_account_id, v.id, 'bench-' || n, {name}, lower({name}), 'prepaid', 'perpetual', 'bench-' || n, 1000000, 0, v.created_at, 1 {EACH};
         INSERT INTO license_stocks (id, smart_account_id, virtual_account_id, entitlement, name, search_key, billing, purchased, reserved, in_use, balance, terms, term, version)
         {kinds} SELECT {ID}, v.smart_account_id, v.id, 'bench-' || n, {name}, lower({name}), 'prepaid', 1000000, 0, 0, 1000000, 1, 'perpetual', 1 {EACH};
         COMMIT;"
    ))
    .unwrap();
}
