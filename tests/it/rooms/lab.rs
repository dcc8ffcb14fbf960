//! The powers of a lab: what is due, waiting and asserting; by page, API and command.

use crate::support::{Api, Portal, program};
use diesel::prelude::*;
use licentral::kernel::Moment;
use licentral::kernel::ids::LetterId;
use licentral::platform::config::Mode;
use licentral::platform::db::Reads;
use licentral::platform::db::schema::mailbox;
use licentral::simulator::scenario;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const OLGA: &str = "olga@licensing.example";

/// A lab with the demo in it.
fn demo() -> Portal {
    let p = Portal::start_as(|config| config.scenario = "demo".to_owned());
    scenario::fill_if_empty(&p.parts).unwrap();
    p
}

/// `licentral lab ...` against a portal: exit status, and what it said.
fn lab(p: &Portal, words: &[&str]) -> (i32, String) {
    let arguments: Vec<&str> = ["lab", "--portal", &p.base]
        .into_iter()
        .chain(words.iter().copied())
        .collect();
    let done = program(&arguments, &std::env::temp_dir()).output().unwrap();
    let said = [done.stdout, done.stderr].concat();
    (
        done.status.code().unwrap(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

fn add_operator(p: &Portal) {
    p.person(OLGA, "Olga Brandt");
    p.platform_role(OLGA, licentral::authn::PlatformRole::Operator);
}

fn asked(api: &mut Api, what: &str, expression: &str, more: &str) -> crate::support::Page {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("expression", expression)
        .finish();
    api.get(&format!("/api/v1/simulator/{what}?{query}{more}"))
}

fn letter(p: &Portal, to: &str, subject: &str) {
    let (id, at) = (LetterId::new(), p.clock.now());
    p.db.housekeeping_now(|tx| {
        diesel::insert_into(mailbox::table)
            .values((
                mailbox::id.eq(id),
                mailbox::message_id.eq(format!("<{id}@licentral.example>")),
                mailbox::letter.eq("account-requests.pending"),
                mailbox::to_name.eq(""),
                mailbox::to_address.eq(to),
                mailbox::subject.eq(subject),
                mailbox::text_body.eq(""),
                mailbox::html_body.eq(""),
                mailbox::search_key.eq(""),
                mailbox::sent_at.eq(at),
            ))
            .execute(tx.conn())?;
        Ok(())
    })
    .unwrap();
}

// --- the clock, and what is due

#[test]
fn the_clock_jumps_from_one_thing_that_is_due_to_the_next() {
    let p = demo();
    p.freeze();
    p.run_jobs();
    let mut olga = p.api_of(("demo-olga".to_owned(), scenario::CLIENT_SECRET.to_owned()));
    let due = |olga: &mut Api| {
        let list = olga.get("/api/v1/simulator/clock/due").expect(200).json();
        list["due"].as_array().unwrap().clone()
    };
    let time = |one: &Value| Moment::parse(one["at"].as_str().unwrap()).unwrap();
    let first = due(&mut olga);
    assert!(first.len() > 20, "{}", first.len());
    assert!(first.windows(2).all(|two| time(&two[0]) <= time(&two[1])));
    assert!(first.iter().all(|one| time(one) > p.clock.now()));
    let kinds: std::collections::BTreeSet<&str> =
        first.iter().map(|one| one["what"].as_str().unwrap()).collect();
    assert!(kinds.len() >= 5, "{kinds:?}");
    // Each jump lands on the very moment, and what was due there was done.
    for _ in 0..12 {
        let next = due(&mut olga)[0].clone();
        let moved = olga
            .post("/api/v1/simulator/clock", &json!({ "action": "next" }))
            .expect(200)
            .json();
        assert_eq!(moved["now"], next["at"], "{next}");
        let after = due(&mut olga);
        assert!(after.iter().all(|one| time(one) > time(&next)), "{next}");
        let worked = moved["events"].as_u64().unwrap() + moved["letters"].as_u64().unwrap();
        let is_summary = next["what"] == "Daily summaries are sent";
        assert!(is_summary || worked > 0, "nothing came of {next}");
    }
    // By the page, and by the command.
    let mut page = p.sign_in(OLGA);
    page.get("/simulator/clock").expect(200).shows("What is due next");
    let next = due(&mut olga)[0].clone();
    page.fill_and_submit("Jump to the next", &[])
        .expect(200)
        .shows("The clock stands at");
    assert_eq!(p.clock.now(), time(&next));
    let (status, said) = lab(&p, &["due"]);
    assert_eq!(status, 0, "{said}");
    assert!(said.contains(due(&mut olga)[0]["at"].as_str().unwrap()), "{said}");
    let (status, said) = lab(&p, &["clock", "next", "--json"]);
    assert_eq!(status, 0, "{said}");
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["frozen"], true);
    let before = p.clock.now();
    assert_eq!(lab(&p, &["clock", "advance", "2h"]).0, 0);
    assert_eq!(p.clock.now(), before.plus(chrono::TimeDelta::hours(2)));
}

#[test]
fn where_nothing_is_due_the_clock_does_not_jump() {
    let p = Portal::start();
    add_operator(&p);
    let mut olga = p.api(OLGA);
    let refused = olga
        .post("/api/v1/simulator/clock", &json!({ "action": "next" }))
        .expect(409)
        .json();
    assert_eq!(refused["code"], "lab.nothing-due");
    assert!(p.events_of("lab.clock").is_empty());
}

// --- waiting and asserting

#[test]
fn an_assertion_says_what_it_looked_up() {
    let p = demo();
    let mut olga = p.api_of(("demo-olga".to_owned(), scenario::CLIENT_SECRET.to_owned()));
    for (expression, holds) in [
        ("accounts[xyz.example].state == active", true),
        ("accounts[XYZ COMPANY].state == active", true),
        ("accounts[no-such.example].state == nothing", true),
        ("licenses[xyz.example/DEFAULT/no-such].balance == nothing", true),
        ("licenses[xyz.example/DEFAULT/no-such].balance < 0", false),
        (
            "events[].count > 100 and not events[sync.refused].count > 100000",
            true,
        ),
        ("orders[no-such].state == assigned or mails[].count >= 0", true),
    ] {
        let answer = asked(&mut olga, "assert", expression, "").expect(200).json();
        assert_eq!(answer["holds"], holds, "{answer}");
    }
    let one = asked(&mut olga, "assert", "mails[ada@xyz.example].count == 0", "")
        .expect(200)
        .json();
    assert_eq!(one["facts"][0]["fact"], "mails[ada@xyz.example].count");
    assert!(one["facts"][0]["value"].is_i64());
    // Every license, device, order and request of the demo is found under its own name.
    for (fact, query) in [
        (
            "licenses[{}].balance",
            "SELECT a.domain || '/' || v.name || '/' || s.entitlement AS key, CAST(s.balance AS TEXT) AS value FROM license_stocks s \
             JOIN virtual_accounts v ON v.id = s.virtual_account_id JOIN smart_accounts a ON a.id = s.smart_account_id ORDER BY 1",
        ),
        (
            "orders[{}].state",
            "SELECT identifier AS key, assignment AS value FROM orders ORDER BY 1",
        ),
        (
            "requests[{}].state",
            "SELECT reference AS key, state AS value FROM access_requests UNION ALL SELECT reference, state FROM account_requests ORDER BY 1",
        ),
    ] {
        let rows = found(&p, query);
        assert!(!rows.is_empty(), "{fact}");
        for (key, value) in rows.into_iter().take(15) {
            let expression = format!("{} == \"{value}\"", fact.replace("{}", &key))
                .replace("balance == \"", "balance == ");
            let expression = if fact.starts_with("licenses") {
                expression.trim_end_matches('"').to_owned()
            } else {
                expression
            };
            let answer = asked(&mut olga, "assert", &expression, "").expect(200).json();
            assert_eq!(answer["holds"], true, "{answer}");
        }
    }
}

/// Keys and values that a query of ours finds.
fn found(p: &Portal, query: &str) -> Vec<(String, String)> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Text)]
        key: String,
        #[diesel(sql_type = diesel::sql_types::Text)]
        value: String,
    }
    p.db.read_now(|r| Ok(diesel::sql_query(query).load::<Row>(r.conn())?))
        .unwrap()
        .into_iter()
        .map(|row| (row.key, row.value))
        .collect()
}

#[test]
fn what_is_not_understood_is_said_with_its_place_and_nobody_else_may_ask() {
    let (p, _) = Portal::with_cast();
    let mut olga = p.api(OLGA);
    let wrong = asked(&mut olga, "assert", "orders[1].colour == x", "")
        .expect(422)
        .json();
    assert!(
        wrong["errors"][0]["detail"]
            .as_str()
            .unwrap()
            .contains("At character 11"),
        "{wrong}"
    );
    olga.get("/api/v1/simulator/assert").expect(400);
    asked(&mut olga, "wait", "mails[].count == 0", "&timeout=301").expect(400);
    for who in ["ada@xyz.example", "sam@licensing.example"] {
        asked(&mut p.api(who), "wait", "mails[].count >= 0", "").expect(403);
    }
    let mut page = p.sign_in(OLGA);
    page.get("/simulator/assert?expression=mails%5B%5D.count+%3E%3D+0")
        .expect(200)
        .shows("Holds")
        .shows("mails[].count");
    page.get("/simulator/assert?expression=mails%5B%5D.count")
        .expect(422)
        .shows("It ends too soon. Compare count by");
    p.sign_in("ada@xyz.example").get("/simulator/assert").expect(403);
}

#[test]
fn whoever_waits_is_woken_by_the_commit() {
    let (p, _) = Portal::with_cast();
    let mut olga = p.api(OLGA);
    let end = asked(
        &mut olga,
        "wait",
        "mails[eve@there.example].count > 0",
        "&timeout=0",
    )
    .expect(200)
    .json();
    assert_eq!(end["holds"], false);
    assert_eq!(end["facts"][0]["value"], 0);
    // Without the commit's call the rest of half a second would pass each time; with it now and then, where machines are busy.
    let mut quick = 0;
    for round in 1..=20 {
        let expression = format!("mails[eve@there.example].count == {round}");
        let (mut other, begun) = (olga.clone(), Instant::now());
        let waits = std::thread::spawn(move || {
            let answer = asked(&mut other, "wait", &expression, "&timeout=20")
                .expect(200)
                .json();
            (answer, Instant::now())
        });
        while begun.elapsed() < Duration::from_millis(40) {
            std::thread::yield_now();
        }
        letter(&p, "eve@there.example", "Here");
        let committed = Instant::now();
        let (answer, woke) = waits.join().unwrap();
        assert_eq!(answer["holds"], true, "{answer}");
        if woke.duration_since(committed) < Duration::from_millis(250) {
            quick += 1;
        }
        if quick == 3 {
            return;
        }
    }
    panic!("{quick} of 20 were woken by the commit, the others by the beat");
}

#[test]
fn a_script_waits_and_asserts_by_command_and_leaves_a_report() {
    let p = demo();
    let folder = std::env::temp_dir().join(format!("licentral-lab-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let report = folder.join("report.xml");
    let (status, said) = lab(
        &p,
        &["wait", "accounts[xyz.example].state == active", "--timeout", "5s"],
    );
    assert_eq!(status, 0, "{said}");
    let (status, said) = lab(
        &p,
        &[
            "assert",
            "accounts[xyz.example].state == active",
            "accounts[xyz.example].state == inactive",
            "--junit",
            report.to_str().unwrap(),
        ],
    );
    assert_eq!(status, 1, "{said}");
    assert!(said.contains("does not hold: accounts[xyz.example].state == inactive (accounts[xyz.example].state is \"active\")"), "{said}");
    let xml = std::fs::read_to_string(&report).unwrap();
    assert!(xml.contains("tests=\"2\" failures=\"1\""), "{xml}");
    let (status, said) = lab(&p, &["assert", "cats[1].state == x"]);
    assert_eq!(status, 3, "{said}");
    assert!(said.contains("Ask about one of"), "{said}");
    let (status, said) = lab(&p, &["--client-secret", "wrong", "due"]);
    assert_eq!(status, 3, "{said}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn in_production_there_are_no_powers() {
    let p = Portal::start_as(|config| config.mode = Mode::Production);
    add_operator(&p);
    let (mut olga, mut page) = (p.api(OLGA), p.sign_in(OLGA));
    for path in [
        "/simulator/clock",
        "/simulator/assert",
        "/simulator/assert?expression=x",
    ] {
        page.get(path).expect(404);
    }
    for path in [
        "clock/due",
        "assert?expression=mails%5B%5D.count+%3E+0",
        "wait?expression=mails%5B%5D.count+%3E+0",
    ] {
        olga.get(&format!("/api/v1/simulator/{path}")).expect(404);
    }
    page.get("/operator").expect(200);
    assert!(!page.page().body.contains("/simulator/"));
}
