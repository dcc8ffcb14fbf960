//! Databases that the program before has made are brought up to date in place, and everything is found in them.

use crate::support::{Database, Portal, licentral};
use diesel::connection::Connection;
use diesel::{PgConnection, QueryableByName, RunQueryDsl, SqliteConnection};
use licentral::kernel::Edition;
use licentral::platform::db::{Schema, migrate};
use std::collections::BTreeMap;

#[derive(QueryableByName)]
struct Text {
    #[diesel(sql_type = diesel::sql_types::Text)]
    text: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    count: i64,
}

fn texts(url: &str, query: &str) -> Vec<String> {
    let found: Vec<Text> = match url.strip_prefix("sqlite://") {
        Some(file) => diesel::sql_query(query).load(&mut SqliteConnection::establish(file).unwrap()),
        None => diesel::sql_query(query).load(&mut PgConnection::establish(url).unwrap()),
    }
    .unwrap();
    found.into_iter().map(|row| row.text).collect()
}

fn count(url: &str, query: &str) -> i64 {
    let found: Count = match url.strip_prefix("sqlite://") {
        Some(file) => diesel::sql_query(query).get_result(&mut SqliteConnection::establish(file).unwrap()),
        None => diesel::sql_query(query).get_result(&mut PgConnection::establish(url).unwrap()),
    }
    .unwrap();
    found.count
}

/// How many rows each table has.
fn rows(url: &str) -> BTreeMap<String, i64> {
    let tables = if url.starts_with("sqlite://") {
        "SELECT name AS text FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    } else {
        "SELECT tablename::text AS text FROM pg_catalog.pg_tables WHERE schemaname = 'public'"
    };
    texts(url, tables)
        .into_iter()
        .filter(|table| !["__diesel_schema_migrations", "migration_lock"].contains(&table.as_str()))
        // The index of trigrams is made anew.
        .filter(|table| !table.starts_with("trigrams"))
        .map(|table| {
            let found = count(url, &format!("SELECT COUNT(*) AS count FROM {table}"));
            (table, found)
        })
        .collect()
}

/// Opens what the program before has left, and says what it holds. Nothing is lost but the tables of the old command, which
/// stood empty.
fn opened(name: &str, edition: Edition) -> Portal {
    let database = Database::before(name);
    let url = database.url.clone();
    let before = rows(&url);
    assert!(matches!(migrate::compare(&url).unwrap(), Schema::Behind(_)));
    migrate::run(&url).unwrap();
    let after = rows(&url);
    for (table, found) in &before {
        match after.get(table) {
            // Numbers that are given from now on have a counter of their own.
            Some(now) if table == "counters" => assert!(now >= found, "{table}"),
            Some(now) => assert_eq!(now, found, "{table}"),
            None => assert!(table.starts_with("onprem_") && *found == 0, "{table} is gone"),
        }
    }
    assert!(!after.keys().any(|table| table.starts_with("onprem_")));
    let (good, says) = licentral(&["check", "--database-url", &url], &database.folder);
    assert!(good && says.contains("Everything adds up"), "{says}");
    Portal::start_on(database, |config| config.edition = edition)
}

/// Every page of an account that needs nothing else in its address.
fn pages(p: &Portal, email: &str, number: i64) -> usize {
    let mut browser = p.sign_in(email);
    let mut seen = 0;
    for route in p.routes() {
        let path = route.path.replace("{said}", &number.to_string());
        let is_of_account = path.starts_with(&format!("/sa/{number}")) && !path.contains('{');
        // Whoever has no role in the account cannot leave it.
        if route.method != "GET" || !is_of_account || path.ends_with("/users/leave") {
            continue;
        }
        let page = browser.get(&path).clone();
        // Some are for another role, or for an account in another state.
        assert!(
            [200, 303, 403, 409].contains(&page.status),
            "{path}: {}",
            page.status
        );
        seen += usize::from(page.status == 200);
    }
    seen
}

/// Licenses of which there is something, or of which something is used.
fn stocks(url: &str, whose: &str) -> i64 {
    let holds = "(purchased <> 0 OR reserved <> 0 OR in_use <> 0)";
    let found = count(
        url,
        &format!("SELECT COUNT(*) AS count FROM license_stocks WHERE {whose} AND {holds}"),
    );
    assert!(found > 0);
    found
}

/// What a list of the API says that there is.
fn total(p: &Portal, email: &str, path: &str) -> i64 {
    let reply = p.api(email).get(path);
    let reply = reply.expect(200).json();
    reply["total"]
        .as_i64()
        .unwrap_or_else(|| i64::try_from(reply["items"].as_array().unwrap().len()).unwrap())
}

#[test]
fn the_cloud_of_before_is_opened_and_everything_is_found() {
    let p = opened("cloud", Edition::Cloud);
    let url = p.database_url().to_owned();
    let (ada, xyz) = ("ada@xyz.example", 100_001);
    assert!(pages(&p, ada, xyz) > 25);
    let whose = "smart_account_id = (SELECT id FROM smart_accounts WHERE number = 100001)";
    assert_eq!(
        total(&p, ada, &format!("/api/v1/accounts/{xyz}/licenses")),
        stocks(&url, whose)
    );
    for (list, table) in [
        ("virtual-accounts", "virtual_accounts"),
        ("devices", "devices"),
        ("registration-tokens", "registration_tokens"),
        ("device-managers", "device_managers"),
        ("events", "events"),
    ] {
        let found = count(
            &url,
            &format!("SELECT COUNT(*) AS count FROM {table} WHERE {whose}"),
        );
        assert!(found > 0, "{table}");
        let path = format!("/api/v1/accounts/{xyz}/{list}");
        assert_eq!(total(&p, ada, &path), found, "{list}");
    }
    let mut browser = p.sign_in("pat@bramwell.example");
    for page in ["/access", "/software-central", "/help", "/profile"] {
        browser.get(page).expect(200);
    }
    let mut olga = p.sign_in("olga@licensing.example");
    for page in ["/simulator/mailbox", "/simulator/clock", "/operator"] {
        olga.get(page).expect(200);
    }
}

#[test]
fn the_on_prem_server_of_before_is_opened_and_everything_is_found() {
    let p = opened("on-prem", Edition::OnPrem);
    let url = p.database_url().to_owned();
    let (ines, account) = ("admin@on-prem.example", 1);
    assert!(pages(&p, ines, account) > 15);
    let whose = "smart_account_id = (SELECT id FROM smart_accounts WHERE number = 1)";
    assert_eq!(
        total(&p, ines, &format!("/api/v1/accounts/{account}/licenses")),
        stocks(&url, whose)
    );
    for (list, table) in [("virtual-accounts", "virtual_accounts"), ("devices", "devices")] {
        let found = count(
            &url,
            &format!("SELECT COUNT(*) AS count FROM {table} WHERE {whose}"),
        );
        assert!(found > 0, "{table}");
        let path = format!("/api/v1/accounts/{account}/{list}");
        assert_eq!(total(&p, ines, &path), found, "{list}");
    }
    let mut browser = p.sign_in(ines);
    browser
        .get("/on-prem-accounts")
        .expect(200)
        .shows("Smart-On-Prem-Account")
        .shows("Synchronization Successful");
    for page in [
        "/admin/accounts",
        "/admin/synchronisation",
        "/admin/users",
        "/admin/settings",
        "/admin/security",
        "/admin/activity",
        "/admin/support",
        "/on-prem-accounts/1/sync",
    ] {
        browser.get(page).expect(200);
    }
}
