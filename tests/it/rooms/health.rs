//! "Health": who may see it, what it shows, and that it says what is wrong.

use crate::support::Portal;
use chrono::TimeDelta;
use licentral::platform::settings;
use serde_json::Value;

const OLGA: &str = "olga@licensing.example";

fn finding(health: &Value, what: &str) -> (String, String) {
    let all = health["findings"].as_array().unwrap();
    let one = all
        .iter()
        .find(|one| one["looked_at"] == what)
        .unwrap_or_else(|| panic!("{what} was not looked at: {health}"));
    let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
    (text("standing"), text("found"))
}

#[test]
fn an_operator_sees_how_everything_stands_and_nobody_else_does() {
    let p = Portal::start();
    p.add_cast();
    p.run_jobs();
    let health = p.api(OLGA).get("/api/v1/health").expect(200).json();
    assert_eq!(health["ok"], true, "{health}");
    for what in [
        "program",
        "database",
        "schema",
        "letters",
        "jobs",
        "key file",
        "TLS",
        "backup",
        "record",
        "connections",
        "disk",
        "open files",
    ] {
        assert!(!finding(&health, what).1.is_empty(), "{what}");
    }
    let key = finding(&health, "key file").1;
    assert!(key.contains(p.parts.signing.file_id()), "{key}");
    let sweep = health["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .find(|job| job["name"] == "sweep")
        .unwrap();
    assert_eq!(sweep["runs"], 1);
    assert_eq!(sweep["failures"], 0);
    assert!(sweep["last_seconds_ago"].as_u64().unwrap() < 60);

    let mut olga = p.sign_in(OLGA);
    olga.get("/operator/health")
        .expect(200)
        .shows("Nothing is wrong.")
        .shows("Fingerprint".to_lowercase().as_str())
        .shows("Remove what is old");
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get("/operator/health").expect(403);
    p.api("ada@xyz.example").get("/api/v1/health").expect(403);
    p.api_without_token().get("/api/v1/health").expect(401);
}

#[test]
fn what_somebody_should_know_of_stands_first() {
    let p = Portal::start();
    p.add_cast();
    let made = |days: i64| {
        let at = p.clock.wall().plus(-TimeDelta::days(days));
        let text = serde_json::json!({ "at": at }).to_string();
        p.db.housekeeping_now(move |tx| settings::set(tx, settings::LAST_BACKUP, &text))
            .unwrap();
        p.api(OLGA).get("/api/v1/health").expect(200).json()
    };
    assert_eq!(finding(&made(1), "backup").0, "ok");
    let health = made(30);
    assert_eq!(finding(&health, "backup").0, "note");
    assert_eq!(health["findings"][0]["standing"], "note", "{health}");
    // An event that somebody changed from outside.
    p.db.housekeeping_now(|tx| {
        use diesel::connection::SimpleConnection;
        use licentral::platform::db::{Conn, Reads};
        const CHANGE: &str = "UPDATE events SET message = 'x' WHERE id = (SELECT MIN(id) FROM events WHERE smart_account_id IS NULL AND chain_number > 0)";
        match tx.conn() {
            Conn::Sqlite(c) => {
                c.batch_execute("DROP TRIGGER events_are_final")?;
                c.batch_execute(CHANGE)?;
            }
            Conn::Postgres(c) => {
                c.batch_execute("DROP TRIGGER events_are_final ON events")?;
                c.batch_execute(CHANGE)?;
            }
        }
        Ok(())
    })
    .unwrap();
    let health = p.api(OLGA).get("/api/v1/health").expect(200).json();
    assert_eq!(health["ok"], false);
    assert_eq!(finding(&health, "record").0, "wrong");
    p.sign_in(OLGA)
        .get("/operator/health")
        .expect(200)
        .shows("Something is wrong")
        .shows("Does not hang together");
}

#[test]
fn a_system_administrator_sees_it_at_an_on_prem_server() {
    let p = super::system_users::with_users();
    let mut browser = p.sign_in("ines@on-prem.example");
    browser.get("/operator/health").expect(200).shows("On-Prem");
    let page = browser.get("/admin/support").expect(200);
    assert_eq!(page.texts("nav a[href='/operator/health']"), ["Health"]);
}
