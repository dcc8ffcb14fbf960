//! Answers that are kept: given again to whoever asks the same, and gone with the next write, the next second and the next
//! person.

use super::vendor_api::Script;
use crate::support::{Api, Browser, Cast, Page, Portal, placed};
use diesel::prelude::*;
use licentral::authz::Role;
use licentral::kernel::Who;
use licentral::kernel::ids::PersonId;
use licentral::platform::db::schema::{devices, grants};
use licentral::platform::db::{Database, Db};
use serde_json::json;

fn kept() -> (Portal, Cast) {
    let p = Portal::start_as(|config| config.keeps_pages = true);
    let cast = p.add_cast();
    p.freeze();
    let some: Vec<_> = (0..5)
        .map(|_| placed(&cast.xyz, cast.corporate, "c9200-ne-48", 1, p.clock.now()))
        .collect();
    let (at, who) = (p.clock.now(), Who::portal("tests"));
    p.db.housekeeping_now(|tx| licentral::devices::place_many(tx, at, &who, cast.xyz.id, &some))
        .unwrap();
    (p, cast)
}

fn list(cast: &Cast) -> String {
    format!("/sa/{}/devices/device-inventory", cast.xyz.number)
}

/// Asks the same until an answer needs nothing of the database: twice within a second, and nothing was written meanwhile.
/// On PostgreSQL one question is whether anything was, and other tests write to the same server all the time.
#[track_caller]
fn given_again(p: &Portal, mut ask: impl FnMut()) {
    let is_sqlite = p.db.database() == Database::Sqlite;
    let again = (0..50).any(|_| {
        let before = p.db.statements();
        ask();
        p.db.statements() - before <= u64::from(!is_sqlite)
    });
    assert!(again || !is_sqlite, "it is made anew each time");
}

/// As another process does: by a database of its own.
fn rename_all(p: &Portal, to: &str) {
    let other = Db::open(p.database_url()).unwrap();
    other
        .housekeeping_now(|tx| {
            use licentral::platform::db::{Conn, Reads};
            let rename = diesel::update(devices::table).set(devices::product.eq(to));
            match tx.conn() {
                Conn::Sqlite(c) => rename.execute(c)?,
                Conn::Postgres(c) => rename.execute(c)?,
            };
            Ok(())
        })
        .unwrap();
}

#[test]
fn what_was_made_is_given_until_somebody_writes() {
    let (p, cast) = kept();
    let mut ada = p.sign_in("ada@xyz.example");
    let mut script = p.api("ada@xyz.example");
    let (page, api) = (
        list(&cast),
        format!("/api/v1/accounts/{}/devices", cast.xyz.number),
    );
    for n in 0..20 {
        given_again(&p, || {
            ada.get(&page).expect(200);
        });
        given_again(&p, || {
            script.get(&api).expect(200);
        });
        let name = format!("Renamed {n}");
        rename_all(&p, &name);
        ada.get(&page).expect(200).shows(&name);
        assert_eq!(script.get(&api).json()["items"][0]["product"], name.as_str());
    }
}

#[test]
fn the_clock_and_the_second_end_what_is_kept() {
    let (p, cast) = kept();
    let mut ada = p.sign_in("ada@xyz.example");
    let page = list(&cast);
    given_again(&p, || {
        ada.get(&page).expect(200);
    });
    // Nothing is written by it here: this clock is the test's own.
    p.advance(chrono::TimeDelta::days(40));
    let before = p.db.statements();
    ada.get(&page).expect(200);
    assert!(p.db.statements() > before, "the same page 40 days later");
    given_again(&p, || {
        ada.get(&page).expect(200);
    });
    p.advance_wall(chrono::TimeDelta::hours(13));
    // The session has ended meanwhile.
    ada.open(&page).expect(303);
}

#[test]
fn a_role_that_was_taken_away_is_not_served_after() {
    let (p, cast) = kept();
    let page = list(&cast);
    for round in 0..5 {
        let mut cy = p.sign_in("cy@xyz.example");
        given_again(&p, || {
            cy.get(&page).expect(200);
        });
        let person: PersonId = p.find_person("cy@xyz.example").id;
        p.db.housekeeping_now(|tx| {
            use licentral::platform::db::Reads;
            diesel::delete(grants::table.filter(grants::person_id.eq(person))).execute(tx.conn())?;
            Ok(())
        })
        .unwrap();
        let gone = cy.open(&page).status;
        assert_ne!(gone, 200, "round {round}");
        p.role("cy@xyz.example", &cast.xyz, None, Role::AccountUser);
    }
}

#[test]
fn nobody_meets_what_was_made_for_another() {
    let (p, cast) = kept();
    let page = list(&cast);
    // Una sees one Virtual Account, in which there is no product instance; Eve sees nothing of it.
    let mut people: Vec<(String, Browser, u16, bool)> = [
        ("ada@xyz.example", 200, true),
        ("una@xyz.example", 200, false),
        ("dan@xyz.example", 200, true),
        ("eve@harborview.example", 404, false),
    ]
    .into_iter()
    .map(|(email, status, sees)| {
        let name = p.find_person(email).name;
        (name, p.sign_in(email), status, sees)
    })
    .collect();
    for _ in 0..5 {
        for (name, browser, status, sees) in &mut people {
            let page = browser.open(&page).expect(*status);
            assert_eq!(page.body.contains("PLACED"), *sees, "{name}");
            assert!(page.body.contains(name.as_str()), "{name}");
        }
    }
    // Borrowed eyes are other eyes, with the same session.
    let mut ada = people.remove(0).1;
    given_again(&p, || {
        ada.get(&page).expect(200);
    });
    let form = format!("/sa/{}/view-as", cast.xyz.number);
    ada.get(&form).expect(200);
    ada.fill_and_submit(&format!("form[action='{form}']"), &[("role", "account-viewer")])
        .expect(200);
    let borrowed = ada.get(&page).expect(200).texts("aside.view-as").join(" ");
    assert!(borrowed.contains("You see the portal as"), "{borrowed}");
}

#[test]
fn each_page_can_send_its_forms_and_shows_its_message_once() {
    let (p, cast) = kept();
    let mut ada = p.sign_in("ada@xyz.example");
    let (page, form) = (list(&cast), format!("/sa/{}/view-as", cast.xyz.number));
    let says = "You see the portal with your own role again.";
    for _ in 0..3 {
        ada.get(&form).expect(200);
        ada.fill_and_submit(&format!("form[action='{form}']"), &[("role", "account-viewer")])
            .expect(200);
        given_again(&p, || {
            ada.get(&page).expect(200);
        });
        ada.fill_and_submit("form[action='/view-as/stop']", &[])
            .expect(200)
            .shows(says);
        given_again(&p, || {
            ada.get(&page).expect(200);
        });
        assert!(!ada.get(&page).body.contains(says), "shown a second time");
    }
}

#[test]
fn who_has_an_answer_is_told_that_it_is_the_same() {
    let (p, cast) = kept();
    let mut script: Api = p.api("ada@xyz.example");
    for path in [
        format!("/api/v1/accounts/{}/devices", cast.xyz.number),
        format!("/api/v1/accounts/{}/orders", cast.xyz.number),
    ] {
        let etag = script.get(&path).expect(200).header("etag").unwrap().to_owned();
        let reply = script.send("GET", &path, &[("if-none-match", &etag)], None);
        assert_eq!((reply.status, reply.body.as_str()), (304, ""));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        let reply = script.send("GET", &path, &[("if-none-match", "\"another\"")], None);
        assert_eq!(reply.status, 200);
        rename_all(&p, &format!("After {etag}"));
        let reply = script.send("GET", &path, &[("if-none-match", &etag)], None);
        assert_eq!(reply.status, if path.ends_with("devices") { 200 } else { 304 });
    }
}

/// Scripts of the vendor read with POST: the body is a part of what they ask.
#[test]
fn what_a_script_reads_with_post_is_kept_by_its_body_until_somebody_writes() {
    let (p, cast) = kept();
    let mut script = Script::of(&p, "ada@xyz.example");
    let path = "/services/api/smart-accounts-and-licensing/v1/accounts/xyz.example/devices";
    let (one, none) = (json!({ "limit": 1 }), json!({ "limit": 0 }));
    let rows = |page: &Page| page.json()["devices"].as_array().unwrap().len();
    given_again(&p, || {
        assert_eq!(rows(&script.post(path, &one)), 1);
    });
    given_again(&p, || {
        assert_eq!(rows(&script.post(path, &none)), 0);
    });
    assert_eq!(rows(&script.post(path, &one)), 1);
    rename_all(&p, "Renamed");
    assert_eq!(
        script.post(path, &one).json()["devices"][0]["productName"],
        "Renamed"
    );
    // What changes something is done as often as it is asked.
    let tokens =
        "/services/api/smart-accounts-and-licensing/v1/accounts/xyz.example/virtual-accounts/DEFAULT/tokens";
    let wanted = json!({ "description": "The same", "expiresAfterDays": 30 });
    let mut made: Vec<_> = (0..3)
        .map(|_| script.post(tokens, &wanted).json()["tokenInfo"]["token"].clone())
        .collect();
    made.dedup();
    assert_eq!(made.len(), 3);
    // The same words of somebody who may not read here.
    let mut stranger = Script::of(&p, "eve@harborview.example");
    for _ in 0..3 {
        stranger.post(path, &one).expect(404);
    }
    assert_eq!(
        rows(&script.post(path, &json!({ "limit": 50 }))),
        5,
        "{}",
        cast.xyz.number
    );
}

#[test]
fn a_switch_turns_it_off() {
    let p = Portal::start_as(|config| config.keeps_pages = false);
    let cast = p.add_cast();
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&list(&cast)).expect(200);
    for _ in 0..5 {
        let before = p.db.statements();
        ada.get(&list(&cast)).expect(200);
        assert!(p.db.statements() > before);
    }
}
