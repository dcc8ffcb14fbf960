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
pub fn form_token(browser: &mut Browser) -> Option<String> {
    let page = browser.try_send("GET", "/profile/api/new", &[], None).ok()?;
    page.attrs("dialog input[name=csrf]", "value").pop()
}

/// Makes an API client through its form, which is opened once for many: the load is to be writes. None when the
/// portal is gone.
pub fn make_client(browser: &mut Browser, csrf: &str, name: &str) -> Option<bool> {
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
pub fn bearer(browser: &mut Browser, (id, secret): &(String, String)) -> String {
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

/// The process is killed while a synchronization file is applied: all of it is there afterwards, or nothing, and the same
/// file again gives the response that was given, or would have been, byte for byte.
#[test]
fn a_kill_while_a_file_is_applied_leaves_all_of_it_or_nothing() {
    let p = Portal::start();
    let cast = p.add_cast();
    let mut site = p.on_prem(&cast.xyz, "ada@xyz.example", "Springfield", "Local");
    let ada = p.api_client("ada@xyz.example", true);
    let at = p.clock.now();
    let files = format!(
        "/api/v1/accounts/{}/device-managers/{}/sync-files",
        cast.xyz.number, site.id
    );
    let database = p.leave();
    let (mut answered, mut applied_before_the_kill) = (0, 0);
    let mut took = Duration::from_millis(300);
    for round in 0..rounds() {
        // Two of three stay from one file to the next, with another usage. Some files are so large that a job applies them.
        let count = if round % 10 == 9 { 5_001 } else { 300 };
        let serials: Vec<String> = (0..count)
            .map(|n| format!("KIL{:05}", n * 3 + round % 3 * n % 2))
            .collect();
        let uses = [("c9200-ne-48", i64::try_from(round % 7 + 1).unwrap())];
        let devices: Vec<crate::support::Serves<'_>> = serials
            .iter()
            .map(|serial| (serial.as_str(), "Lab", &uses[..]))
            .collect();
        let bytes = site.file(at, &devices);
        let by_network = round % 2 == 0;
        let mut process = Process::start(&database, "empty");
        let mut browser = Browser::at(&process.base);
        let token = bearer(&mut browser, &ada);
        // Anywhere between the first byte and a little after the answer.
        let wait = took.mul_f64(f64::from(u32::try_from(round * 37 % 130).unwrap()) / 100.0);
        let first = std::thread::scope(|scope| {
            let (base, token, bytes, files) = (process.base.clone(), token.clone(), &bytes, &files);
            let sender = scope.spawn(move || {
                let mut browser = Browser::at(&base);
                if by_network {
                    exchange(&mut browser, bytes)
                } else {
                    bring(&mut browser, &token, files, bytes)
                }
            });
            std::thread::sleep(wait);
            process.kill();
            sender.join().unwrap()
        });
        adds_up(&database, round);
        let is_there = sequence(&database) == site.sequence;
        applied_before_the_kill += usize::from(is_there);
        assert!(
            is_there || first.is_none(),
            "round {round}: what was answered is there"
        );
        answered += usize::from(first.is_some());
        // The On-Prem server tries again, until it has its answer; and once more.
        let mut again = Process::start(&database, "empty");
        let mut browser = Browser::at(&again.base);
        let begun = std::time::Instant::now();
        let answer = exchange(&mut browser, &bytes).expect("an answer");
        if !is_there {
            took = begun.elapsed();
        }
        assert_eq!(
            exchange(&mut browser, &bytes).as_ref(),
            Some(&answer),
            "round {round}"
        );
        if let Some(first) = first.filter(|_| by_network) {
            assert_eq!(first, answer, "round {round}: byte for byte");
        }
        again.kill();
        assert_eq!(sequence(&database), site.sequence);
        adds_up(&database, round);
        site.last_response = site.sequence;
    }
    println!(
        "{} kills: {applied_before_the_kill} files were applied before, {answered} of them answered, the others not at all",
        rounds()
    );
}

/// What an On-Prem server gets for its file over the network. None when the portal is gone.
fn exchange(browser: &mut Browser, file: &[u8]) -> Option<String> {
    let headers = [("content-type", "application/octet-stream")];
    let reply = browser
        .try_send("POST", "/device-manager/v1/sync", &headers, Some(file))
        .ok()?;
    (reply.status == 200).then(|| reply.body.clone())
}

/// Uploads a file and submits it. None when the portal is gone before it was applied.
fn bring(browser: &mut Browser, token: &str, files: &str, file: &[u8]) -> Option<String> {
    let bearer = format!("Bearer {token}");
    let mut ask = |method: &str, path: &str, body: &[u8]| {
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/octet-stream"),
        ];
        let reply = browser.try_send(method, path, &headers, Some(body)).ok()?;
        (reply.status < 400).then(|| reply.json())
    };
    let one = format!("{files}/{}", ask("POST", files, file)?["id"].as_str()?);
    let mut shown = ask("POST", &format!("{one}/submit"), b"")?;
    while shown["outcome"] == "applying" {
        std::thread::sleep(Duration::from_millis(20));
        shown = ask("GET", &one, b"")?;
    }
    Some(shown.to_string())
}

/// Of the last file that was applied, of the only device manager.
fn sequence(database: &crate::support::Database) -> i64 {
    use diesel::prelude::*;
    use licentral::platform::db::Reads;
    use licentral::platform::db::schema::device_managers;
    Db::open(&database.url)
        .unwrap()
        .read_now(|r| {
            Ok(device_managers::table
                .select(device_managers::sequence)
                .first(r.conn())?)
        })
        .unwrap()
}
