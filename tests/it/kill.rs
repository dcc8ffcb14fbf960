//! The power cut: the process is killed while people work; what was acknowledged is there afterwards.

use crate::support::{Browser, Portal, Process, as_many_as, licentral};
use licentral::authn::api_client;
use licentral::platform::db::Db;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

const WRITERS: &[&str] = &[
    "ada@xyz.example",
    "bob@xyz.example",
    "cy@xyz.example",
    "pat@bramwell.example",
];

fn rounds() -> usize {
    as_many_as("LICENTRAL_KILLS", 3)
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let p = Portal::start();
    p.add_cast();
    let people: BTreeMap<&str, _> = WRITERS
        .iter()
        .map(|email| (*email, (p.find_person(email).id, p.sign_in(email).cookies)))
        .collect();
    let database = p.leave();
    let acknowledged: Mutex<Vec<(&str, String)>> = Mutex::default();
    let (mut kept, mut asked) = (0, 0);
    for round in 0..rounds() {
        let mut process = Process::start(&database, "empty");
        std::thread::scope(|scope| {
            for email in WRITERS {
                let (base, cookies) = (process.base.clone(), people[email].1.clone());
                let acknowledged = &acknowledged;
                scope.spawn(move || {
                    let mut browser = Browser::at(&base);
                    browser.cookies = cookies;
                    let Some(csrf) = form_token(&mut browser) else {
                        return;
                    };
                    for number in 0.. {
                        let name = format!("script {round}-{number}");
                        match make_client(&mut browser, &csrf, &name) {
                            Some(true) => acknowledged.lock().unwrap().push((*email, name)),
                            Some(false) => {}
                            None => return,
                        }
                    }
                });
            }
            // Somewhere between "nothing done yet" and "well under way".
            let wait = 50 + (round * 97) % 500;
            std::thread::sleep(Duration::from_millis(u64::try_from(wait).unwrap()));
            process.kill();
        });
        // A start after a kill is a start like any other.
        let mut again = Process::start(&database, "empty");
        Browser::at(&again.base).open("/readyz").expect(200);
        again.kill();
        let (ok, words) = licentral(&["check", "--database-url", &database.url], &database.folder);
        assert!(ok, "round {round}: {words}");
        let db = Db::open(&database.url).unwrap();
        let acknowledged = acknowledged.lock().unwrap();
        asked = acknowledged.len();
        kept = 0;
        for (email, (person, _)) in &people {
            let there: Vec<String> = db
                .read_now(|r| api_client::list(r, *person))
                .unwrap()
                .into_iter()
                .map(|c| c.name)
                .collect();
            for (_, name) in acknowledged.iter().filter(|(whose, _)| whose == email) {
                let times = there.iter().filter(|n| *n == name).count();
                assert_eq!(
                    times, 1,
                    "round {round}: {name} of {email} was acknowledged and is there {times} times"
                );
                kept += 1;
            }
        }
    }
    assert_eq!(kept, asked);
    assert!(
        asked > 0,
        "nothing was acknowledged before the first kill: the test proves nothing"
    );
    println!("{asked} acknowledged writes, {} kills, none lost", rounds());
}

/// The token of one's forms. None when the portal is gone.
fn form_token(browser: &mut Browser) -> Option<String> {
    let page = browser.try_send("GET", "/profile/api/new", &[], None).ok()?;
    page.attrs("dialog input[name=csrf]", "value").pop()
}

/// Makes an API client through its form, which is opened once for many: the load is to be writes. None when the
/// portal is gone.
fn make_client(browser: &mut Browser, csrf: &str, name: &str) -> Option<bool> {
    let base = browser.base().to_owned();
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("csrf", csrf)
        .append_pair("once", name)
        .append_pair("name", name)
        .append_pair("scope", "read")
        .finish();
    let headers = [
        ("sec-fetch-site", "same-origin"),
        ("origin", base.as_str()),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let page = browser
        .try_send("POST", "/profile/api/new", &headers, Some(body.as_bytes()))
        .ok()?;
    assert!(
        page.status < 400 || page.status == 503,
        "{}: {}",
        page.status,
        page.text_of_main()
    );
    Some(page.status < 400)
}

/// The orders of a round.
const ORDERS: usize = 30;

/// The process is killed while assignments complete: every line is in one state, every license counted once, and
/// the next start goes on where the last one broke off.
#[test]
fn a_kill_while_orders_complete_loses_no_line_and_counts_none_twice() {
    use serde_json::json;
    let p = Portal::start();
    let cast = p.add_cast();
    let (olga, ada) = (
        p.api_client("olga@licensing.example", true),
        p.api_client("ada@xyz.example", true),
    );
    p.api("olga@licensing.example")
        .put(
            "/api/v1/simulator/orders",
            &json!({ "delay_seconds": 0, "failing_percent": 20 }),
        )
        .expect(200);
    let number = cast.xyz.number;
    let database = p.leave();
    for round in 0..rounds() {
        let mut process = Process::start(&database, "empty");
        let mut browser = Browser::at(&process.base);
        let (olga, ada) = (bearer(&mut browser, &olga), bearer(&mut browser, &ada));
        let orders: Vec<_> = (0..ORDERS)
            .map(|n| {
                json!({ "identifier": format!("KILL-{round}-{n}"), "customer": "XYZ COMPANY", "customer_domain": "xyz.example",
                    "lines": [{ "sku": "C9200-48P-E", "quantity": 2 }, { "sku": "AIR-DNA-E-5Y", "quantity": 5 },
                              { "sku": "CON-SNT-C92048PE", "quantity": 1 }] })
            })
            .collect();
        let imported = send(
            &mut browser,
            &olga,
            "/api/v1/order-imports",
            &json!({ "orders": orders }),
        );
        assert_eq!(imported, Some(200), "round {round}");
        // One request an order, so that completion and requests go side by side when the power goes.
        let wait = Duration::from_millis(u64::try_from((round * 131) % 900).unwrap());
        std::thread::scope(|scope| {
            let base = process.base.clone();
            scope.spawn(move || {
                let mut browser = Browser::at(&base);
                let path = format!("/api/v1/accounts/{number}/order-assignments");
                for n in 0..ORDERS {
                    let body = json!({ "orders": [format!("KILL-{round}-{n}")], "target": { "smart_account": "xyz.example" } });
                    if send(&mut browser, &ada, &path, &body).is_none() {
                        return;
                    }
                }
            });
            std::thread::sleep(wait);
            process.kill();
        });
        adds_up(&database, round);
        // A new start ends what was on its way.
        let mut again = Process::start(&database, "empty");
        let db = Db::open(&database.url).unwrap();
        let begun = std::time::Instant::now();
        while on_their_way(&db) > 0 {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "round {round}: lines are left behind"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        again.kill();
        adds_up(&database, round);
    }
}

fn adds_up(database: &crate::support::Database, round: usize) {
    let (ok, words) = licentral(&["check", "--database-url", &database.url], &database.folder);
    assert!(ok, "round {round}: {words}");
}

fn on_their_way(db: &Db) -> i64 {
    use diesel::prelude::*;
    use licentral::platform::db::Reads;
    use licentral::platform::db::schema::order_lines;
    db.read_now(|r| {
        Ok(order_lines::table
            .filter(order_lines::state.eq("requested"))
            .count()
            .get_result(r.conn())?)
    })
    .unwrap()
}

/// An access token of this process.
fn bearer(browser: &mut Browser, (id, secret): &(String, String)) -> String {
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let reply = browser
        .try_send(
            "POST",
            "/api/v1/token",
            &[("content-type", "application/x-www-form-urlencoded")],
            Some(form.as_bytes()),
        )
        .unwrap();
    reply.expect(200).json()["access_token"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// The status of the answer. None when the portal is gone.
fn send(browser: &mut Browser, bearer: &str, path: &str, body: &serde_json::Value) -> Option<u16> {
    let bearer = format!("Bearer {bearer}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let body = body.to_string();
    let page = browser
        .try_send("POST", path, &headers, Some(body.as_bytes()))
        .ok()?;
    Some(page.status)
}
