//! The lab: mailbox, clock, scenarios; the check of a database; the operator's pages.

use crate::support::{Browser, Portal, sel};
use diesel::prelude::*;
use licentral::kernel::Moment;
use licentral::kernel::ids::LetterId;
use licentral::platform::config::{MailRoute, Mode};
use licentral::platform::db::schema::{
    event_tallies, events, grants, mailbox, outbox, people, smart_accounts,
};
use licentral::platform::db::{Reads, Tx};
use licentral::simulator::{self, scenario};
use serde_json::json;

const OLGA: &str = "olga@licensing.example";

/// Puts a letter into the mailbox as the lab's transport does.
fn arrived(p: &Portal, to: &str, subject: &str, text: &str) -> LetterId {
    let (id, at) = (LetterId::new(), p.clock.now());
    let html = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><title>A letter</title></head><body><a href=\"{}/access\">Go</a></body></html>",
        p.base
    );
    p.db.housekeeping_now(|tx| {
        diesel::insert_into(mailbox::table)
            .values((
                mailbox::id.eq(id),
                mailbox::message_id.eq(format!("<{id}@licentral.example>")),
                mailbox::letter.eq("account-requests.pending"),
                mailbox::to_name.eq(""),
                mailbox::to_address.eq(to),
                mailbox::subject.eq(subject),
                mailbox::text_body.eq(text),
                mailbox::html_body.eq(&html),
                mailbox::search_key.eq(licentral::kernel::search_key(&format!("{to} {subject} {text}"))),
                mailbox::sent_at.eq(at),
            ))
            .execute(tx.conn())?;
        Ok(())
    })
    .unwrap();
    id
}

fn subjects(browser: &mut Browser, query: &str) -> Vec<String> {
    browser
        .get(&format!("/simulator/mailbox{query}"))
        .expect(200)
        .texts("tbody th a")
        .into_iter()
        .map(|s| s.replace("Unread: ", ""))
        .collect()
}

#[test]
fn the_mailbox_shows_every_letter_to_anybody_and_finds_by_words_and_address() {
    let p = Portal::start();
    let mut visitor = p.browser();
    visitor
        .get("/simulator/mailbox")
        .expect(200)
        .shows("No letters yet");
    arrived(&p, "ada@xyz.example", "First 100%", "Words about oranges.");
    p.advance(chrono::TimeDelta::minutes(1));
    arrived(&p, "Canada@xyz.example", "Second", "Words about apples.");
    assert_eq!(subjects(&mut visitor, ""), ["Second", "First 100%"]);
    assert_eq!(subjects(&mut visitor, "?q=ORANGES"), ["First 100%"]);
    assert_eq!(subjects(&mut visitor, "?q=100%25"), ["First 100%"]);
    assert_eq!(subjects(&mut visitor, "?to=ada@xyz.example"), ["First 100%"]);
    assert_eq!(subjects(&mut visitor, "?to=canada@XYZ.example"), ["Second"]);
    assert_eq!(subjects(&mut visitor, "?to=ada").len(), 2);
    assert_eq!(
        subjects(&mut visitor, "?letter=account-requests.pending").len(),
        2
    );
    visitor
        .get("/simulator/mailbox?q=pears")
        .expect(200)
        .shows("No letters match");
    visitor
        .get("/simulator/mailbox?letter=no-such")
        .expect(200)
        .shows("is not a choice here");
}

#[test]
fn a_letter_that_is_opened_is_read_and_the_number_in_the_bar_falls() {
    let p = Portal::start();
    let first = arrived(&p, "ada@xyz.example", "First", "Words.");
    arrived(&p, "ada@xyz.example", "Second", "Words.");
    p.run_jobs();
    let mut visitor = p.browser();
    visitor.get("/simulator/mailbox").expect(200);
    assert_eq!(visitor.page().texts("tr.unread th").len(), 2);
    assert!(visitor.page().body.contains("2 unread"));
    for _ in 0..2 {
        // Already on its own page it counts as read, and once.
        visitor.get(&format!("/simulator/mailbox/{first}")).expect(200);
        assert!(visitor.page().body.contains("1 unread"));
    }
    visitor.get("/simulator/mailbox").expect(200);
    assert_eq!(visitor.page().texts("tr.unread th").len(), 1);
    visitor.page().shows("Unread: Second").shows_not("Unread: First");
}

#[test]
fn reading_changes_nothing_else_and_marking_all_as_read_is_a_form() {
    let p = Portal::start();
    let id = arrived(&p, "ada@xyz.example", "Hello", "Words.");
    let before = p.fingerprint();
    let mut visitor = p.browser();
    for path in [
        "",
        &format!("/{id}"),
        &format!("/{id}?view=text"),
        &format!("/{id}/html"),
    ] {
        visitor.get(&format!("/simulator/mailbox{path}")).expect(200);
    }
    assert_eq!(before.differences(&p.fingerprint()), "");
    p.run_jobs();
    arrived(&p, "ada@xyz.example", "Hello again", "Words.");
    p.run_jobs();
    visitor.get("/simulator/clock").expect(200);
    assert!(visitor.page().body.contains("1 unread"));
    visitor.get("/simulator/mailbox").expect(200);
    visitor
        .fill_and_submit("Mark all as read", &[])
        .expect(200)
        .shows("1 letter was marked as read.")
        .shows_not("Mark all as read");
    assert!(!visitor.page().body.contains("unread"));
}

#[test]
fn a_letter_shows_as_html_in_a_locked_frame_and_as_text_with_links_that_work() {
    let p = Portal::start();
    let text = format!(
        "Decide: {0}/r/abc.def. Not here: https://evil.example/x, {0}.evil.example",
        p.base
    );
    let id = arrived(&p, "ada@xyz.example", "<script>Hello", &text);
    let mut visitor = p.browser();
    let page = visitor
        .get(&format!("/simulator/mailbox/{id}"))
        .expect(200)
        .clone();
    page.shows("<script>Hello")
        .shows("ada@xyz.example")
        .shows(&id.to_string());
    assert_eq!(
        page.attrs("iframe", "sandbox"),
        ["allow-top-navigation-by-user-activation allow-popups allow-popups-to-escape-sandbox"]
    );
    assert!(!page.attrs("iframe", "title")[0].is_empty());
    let frame = visitor.get(&page.attrs("iframe", "src")[0]).expect(200).clone();
    let policy = frame.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'self'"));
    assert!(!policy.contains("script-src"));
    assert_eq!(frame.attrs("base", "target"), ["_top"]);
    let text = visitor
        .get(&format!("/simulator/mailbox/{id}?view=text"))
        .expect(200)
        .clone();
    assert_eq!(text.attrs(".letter-text a", "href"), ["/r/abc.def"]);
    visitor
        .get("/simulator/mailbox/01a200c3-0079-71d1-a001-8c60dbbf4136")
        .expect(404);
    visitor.get("/simulator/mailbox/nonsense").expect(404);
}

#[test]
fn scripts_read_letters_without_a_token() {
    let p = Portal::start();
    let id = arrived(&p, "ada@xyz.example", "Hello", &format!("Go: {}/r/abc", p.base));
    arrived(&p, "bob@xyz.example", "Other", "Nothing.");
    let mut script = p.api_without_token();
    let list = script
        .get("/api/v1/simulator/mailbox?to=ada@xyz.example")
        .expect(200)
        .json();
    assert_eq!(list["total"], 1);
    let letter = &list["letters"][0];
    assert_eq!(letter["id"], id.to_string());
    assert_eq!(letter["letter"], "account-requests.pending");
    assert_eq!(letter["links"], json!([format!("{}/r/abc", p.base)]));
    assert!(letter["html"].as_str().unwrap().contains("<body>"));
    let one = script
        .get(&format!("/api/v1/simulator/mailbox/{id}"))
        .expect(200)
        .json();
    assert_eq!(&one, letter);
    script.get("/api/v1/simulator/mailbox?page=0").expect(400);
    script.get("/api/v1/simulator/mailbox/nonsense").expect(404);
}

#[test]
fn production_has_no_lab() {
    let p = Portal::start_as(|config| {
        config.mode = Mode::Production;
        config.mail = MailRoute::Mailbox;
    });
    p.person(OLGA, "Olga Brandt");
    p.platform_role(OLGA, licentral::authn::PlatformRole::Operator);
    let id = arrived(&p, "ada@xyz.example", "Hello", "Words.");
    let before = p.fingerprint();
    let mut olga = p.sign_in(OLGA);
    for path in [
        "/simulator/mailbox".to_owned(),
        format!("/simulator/mailbox/{id}"),
        format!("/simulator/mailbox/{id}/html"),
        "/simulator/clock".to_owned(),
        "/api/v1/simulator/mailbox".to_owned(),
        "/api/v1/simulator/clock".to_owned(),
    ] {
        olga.open(&path).expect(404);
    }
    let csrf = p.csrf_of(&olga);
    for path in ["freeze", "resume", "reset", "advance"] {
        let fields = [("csrf", csrf.as_str()), ("by", "3600")];
        let fields = if path == "advance" {
            &fields[..]
        } else {
            &fields[..1]
        };
        olga.post_fields(&format!("/simulator/clock/{path}"), fields)
            .expect(404);
    }
    olga.post_fields("/simulator/mailbox/read", &[("csrf", &csrf)])
        .expect(404);
    p.api(OLGA)
        .post("/api/v1/simulator/clock", &json!({ "action": "freeze" }))
        .expect(404);
    let differences = before.differences(&p.fingerprint());
    assert!(
        !differences.contains("settings") && !differences.contains("mailbox"),
        "{differences}"
    );
    assert!(scenario::fill_if_empty(&p.parts).unwrap().is_none());
}

// --- the clock

#[test]
fn everyone_sees_the_clock_and_the_operator_alone_moves_it() {
    let (p, _) = Portal::with_cast();
    for mut other in [p.browser(), p.sign_in("ada@xyz.example")] {
        let page = other.get("/simulator/clock").expect(200).clone();
        page.shows("Only the operator (olga@licensing.example) can move the clock and sees what is due.");
        assert!(
            !page
                .html()
                .select(&sel("main form button:not([disabled])"))
                .any(|_| true)
        );
    }
    let mut ada = p.sign_in("ada@xyz.example");
    let csrf = p.csrf_of(&ada);
    let before = p.clock.setting();
    ada.post_fields("/simulator/clock/freeze", &[("csrf", &csrf)])
        .expect(403);
    p.api("ada@xyz.example")
        .post("/api/v1/simulator/clock", &json!({ "action": "freeze" }))
        .expect(403);
    assert_eq!(p.clock.setting(), before);
    assert!(p.events_of("lab.clock").is_empty());
}

#[test]
fn the_operator_advances_stops_and_starts_the_clock() {
    let (p, _) = Portal::with_cast();
    let mut olga = p.sign_in(OLGA);
    let start = p.clock.now();
    olga.get("/simulator/clock").expect(200);
    olga.fill_and_submit("7 days", &[])
        .expect(200)
        .shows("The clock is now");
    let week = p.clock.now().since(start).num_seconds();
    assert!((604_800..604_900).contains(&week), "{week}");
    olga.get("/simulator/clock").expect(200);
    olga.fill_and_submit("Stop the clock", &[])
        .expect(200)
        .shows("The clock stands at")
        .shows("Stopped");
    let stands = p.clock.now();
    olga.fill_and_submit("Advance the clock", &[("amount", "36"), ("unit", "hours")])
        .expect(200)
        .shows("Nothing was due.");
    assert_eq!(p.clock.now(), stands.plus(chrono::TimeDelta::hours(36)));
    olga.fill_and_submit("Start the clock again", &[])
        .expect(200)
        .shows("Running");
    let moves = p.events_of("lab.clock");
    assert_eq!(moves.len(), 4);
    let detail: serde_json::Value = serde_json::from_str(&moves[2].detail).unwrap();
    assert_eq!(detail["before"]["shows"], json!(stands));
    assert_eq!(
        detail["after"]["shows"],
        json!(stands.plus(chrono::TimeDelta::hours(36)))
    );
    assert!(moves[0].actor.contains(OLGA));
    // Nobody was signed out by it.
    olga.get("/operator").expect(200);
}

#[test]
fn the_clock_never_goes_back() {
    let (p, _) = Portal::with_cast();
    let mut olga = p.sign_in(OLGA);
    let mut script = p.api(OLGA);
    script
        .post(
            "/api/v1/simulator/clock",
            &json!({ "action": "advance", "by_seconds": 86_400 }),
        )
        .expect(200);
    olga.get("/simulator/clock").expect(200);
    let before = p.clock.setting();
    olga.fill_and_submit("Set to the system's time", &[])
        .expect(409)
        .shows("It only goes forwards");
    assert_eq!(p.clock.setting(), before);
    let refused = script
        .post("/api/v1/simulator/clock", &json!({ "action": "reset" }))
        .expect(409)
        .json();
    assert_eq!(refused["code"], "lab.clock-backwards");
    let far = json!({ "action": "advance", "by_seconds": 3_660_i64 * 86_400 });
    for _ in 0..7 {
        script.post("/api/v1/simulator/clock", &far).expect(200);
    }
    let refused = script.post("/api/v1/simulator/clock", &far).expect(409).json();
    assert_eq!(refused["code"], "lab.clock-too-far");
    assert_eq!(p.events_of("lab.clock").len(), 8);
}

#[test]
fn a_clock_that_was_stopped_may_take_the_systems_time_again() {
    let (p, _) = Portal::with_cast();
    let mut script = p.api(OLGA);
    let frozen = script
        .post("/api/v1/simulator/clock", &json!({ "action": "freeze" }))
        .expect(200)
        .json();
    assert_eq!(frozen["frozen"], true);
    let now = p.clock.now();
    assert_eq!(json!(now), frozen["now"]);
    assert_eq!(p.clock.now(), now);
    let reset = script
        .post("/api/v1/simulator/clock", &json!({ "action": "reset" }))
        .expect(200)
        .json();
    assert_eq!(reset["frozen"], false);
    assert!(Moment::parse(reset["now"].as_str().unwrap()).unwrap() > now);
}

#[test]
fn bad_steps_come_back_with_what_was_typed() {
    let (p, _) = Portal::with_cast();
    let mut olga = p.sign_in(OLGA);
    let before = p.clock.setting();
    for (amount, says) in [
        ("", "Enter a whole number from 1"),
        ("0", "Enter a whole number from 1"),
        ("1.5", "Enter a whole number from 1"),
        ("9999999", "Enter at most 3660 days."),
    ] {
        olga.get("/simulator/clock").expect(200);
        let page = olga.fill_and_submit("Advance the clock", &[("amount", amount), ("unit", "days")]);
        page.expect(422).shows(says);
        assert_eq!(page.attrs("#f-amount", "value"), [amount]);
        assert_eq!(page.attrs("#f-amount", "aria-invalid"), ["true"]);
    }
    let csrf = p.csrf_of(&olga);
    let post = |olga: &mut Browser, fields: &[(&str, &str)]| {
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend_from_slice(fields);
        olga.post_fields("/simulator/clock/advance", &all).status
    };
    assert_eq!(post(&mut olga, &[("by", "-3600")]), 422);
    assert_eq!(post(&mut olga, &[("by", "3601")]), 422);
    assert_eq!(post(&mut olga, &[("by", "3600"), ("mode", "x")]), 400);
    let mut script = p.api(OLGA);
    for body in [
        json!({ "action": "advance" }),
        json!({ "action": "advance", "by_seconds": 0 }),
        json!({ "action": "advance", "by_seconds": -5 }),
        json!({ "action": "freeze", "by_seconds": 5 }),
    ] {
        script.post("/api/v1/simulator/clock", &body).expect(422);
    }
    script
        .post("/api/v1/simulator/clock", &json!({ "action": "explode" }))
        .expect(400);
    assert_eq!(p.clock.setting(), before);
}

#[test]
fn what_is_due_happens_when_the_clock_is_advanced() {
    let p = demo();
    let mut script = p.api(OLGA);
    let moved = script
        .post(
            "/api/v1/simulator/clock",
            &json!({ "action": "advance", "by_seconds": 30 * 86_400 }),
        )
        .expect(200)
        .json();
    // Both open requests are reminded of or expire.
    assert!(moved["events"].as_u64().unwrap() >= 2, "{moved}");
    assert_eq!(p.events_of("account-request.expired").len(), 2);
    assert!(moved["letters"].as_u64().unwrap() >= 2, "{moved}");
    assert!(simulator::check(&p.db).unwrap().is_empty());
}

#[test]
fn the_clock_says_what_was_done_letters_included() {
    let p = demo();
    p.run_jobs();
    let sent = p.mail().0.letters().len();
    let mut olga = p.sign_in(OLGA);
    olga.get("/simulator/clock").expect(200);
    olga.fill_and_submit("7 days", &[]).expect(200);
    let went = p.mail().0.letters().len() - sent;
    assert!(went > 1, "reminders are due after seven days");
    olga.page()
        .shows(&format!("{went} letters went out."))
        .shows_not("Nothing was due");
    assert_eq!(olga.page().attrs(".flash a", "href"), ["/simulator/mailbox"]);
}

#[test]
fn the_token_with_which_the_first_switch_registered_is_used() {
    let p = demo();
    let tokens = p
        .api("ada@xyz.example")
        .get("/api/v1/accounts/100001/registration-tokens?q=First+switch")
        .expect(200)
        .json();
    assert_eq!(tokens["items"][0]["uses"], 1, "{tokens}");
}

// --- scenarios

/// A portal with the scenario demo.
fn demo() -> Portal {
    let p = Portal::start_as(|config| config.scenario = "demo".to_owned());
    scenario::fill_if_empty(&p.parts).unwrap().expect("it was empty");
    p
}

/// What can be compared of two portals: everything but ids and times.
fn told(p: &Portal) -> Vec<(String, String, String)> {
    p.events()
        .into_iter()
        .map(|e| (e.kind, e.message, e.actor))
        .collect()
}

#[test]
fn the_demo_is_the_same_at_every_start_and_adds_up() {
    let (a, b) = (demo(), demo());
    assert_eq!(told(&a), told(&b));
    assert_eq!(simulator::check(&a.db).unwrap(), Vec::<String>::new());
    assert!(
        scenario::fill_if_empty(&a.parts).unwrap().is_none(),
        "once is enough"
    );
    let xyz: i64 =
        a.db.read_now(|r| {
            Ok(events::table
                .inner_join(
                    smart_accounts::table.on(events::smart_account_id.eq(smart_accounts::id.nullable())),
                )
                .filter(smart_accounts::domain.eq("xyz.example"))
                .count()
                .get_result(r.conn())?)
        })
        .unwrap();
    // A year of events, and what became of 48 orders, 180 product instances and their tokens.
    assert!((560..640).contains(&xyz), "{xyz}");
    let later: i64 =
        a.db.read_now(|r| {
            Ok(events::table
                .filter(events::at.gt(a.clock.now()))
                .count()
                .get_result(r.conn())?)
        })
        .unwrap();
    assert_eq!(later, 0, "nothing lies in the future");
}

#[test]
fn the_cast_of_the_demo_signs_in_and_its_scripts_do_too() {
    let p = demo();
    let mut pat = p.browser();
    pat.get("/login").expect(200);
    pat.fill_and_send(
        "form[action='/login']",
        &[
            ("email", "pat@bramwell.example"),
            ("password", scenario::PASSWORD),
        ],
    )
    .expect(303);
    pat.get("/access")
        .expect(200)
        .shows("Bramwell Distribution")
        .shows("Meridian Labs");
    for client in ["demo-ada", "demo-pat", "demo-olga"] {
        let form = format!(
            "grant_type=client_credentials&client_id={client}&client_secret={}",
            scenario::CLIENT_SECRET
        );
        p.api_without_token()
            .send(
                "POST",
                "/api/v1/token",
                &[("content-type", "application/x-www-form-urlencoded")],
                Some(form.as_bytes()),
            )
            .expect(200);
    }
}

#[test]
fn only_letters_of_what_is_open_are_delivered_at_the_first_start() {
    let p = demo();
    let mail = p.mail();
    let mut to: Vec<String> = mail.all().iter().map(|l| l.to_address.clone()).collect();
    to.sort();
    to.dedup();
    assert_eq!(
        to,
        [
            "ada@xyz.example",
            "dan@xyz.example",
            "drew@licensing.example",
            "it.lead@meridianlabs.example",
            "ivo@xyz.example",
            "noa@newcomer.example",
            "operations@kestrel-group.example",
            "pat@bramwell.example",
            "vera@xyz.example"
        ]
    );
}

#[test]
fn an_empty_lab_has_its_operator() {
    let p = Portal::start();
    let words = scenario::fill_if_empty(&p.parts).unwrap().unwrap();
    assert!(words.contains(OLGA), "{words}");
    p.sign_in(OLGA).get("/operator").expect(200).shows("empty");
    assert!(scenario::fill_if_empty(&p.parts).unwrap().is_none());
    assert_eq!(simulator::check(&p.db).unwrap(), Vec::<String>::new());
}

#[test]
fn a_database_with_people_is_never_filled() {
    let p = Portal::start_as(|config| config.scenario = "demo".to_owned());
    p.person("somebody@own.example", "Somebody");
    let before = p.fingerprint();
    assert!(scenario::fill_if_empty(&p.parts).unwrap().is_none());
    assert_eq!(before.differences(&p.fingerprint()), "");
}

#[test]
fn the_check_finds_what_does_not_add_up() {
    fn finds(words: &str, harm: impl Fn(&mut Tx<'_>) -> licentral::error::Result<()>) {
        let p = demo();
        p.db.housekeeping_now(&harm).unwrap();
        let found = simulator::check(&p.db).unwrap();
        assert!(found.iter().any(|f| f.contains(words)), "{words}: {found:?}");
    }
    finds("has no administrator: harborview.example", |tx| {
        diesel::delete(
            grants::table.filter(
                grants::role.eq("account-admin").and(
                    grants::person_id.eq_any(
                        people::table
                            .filter(people::email.eq("eve@harborview.example"))
                            .select(people::id),
                    ),
                ),
            ),
        )
        .execute(tx.conn())?;
        Ok(())
    });
    finds("number of events", |tx| {
        diesel::update(event_tallies::table.filter(event_tallies::smart_account_id.eq("")))
            .set(event_tallies::events.eq(event_tallies::events + 1))
            .execute(tx.conn())?;
        Ok(())
    });
    finds("do not fit: SAR-", |tx| {
        diesel::update(smart_accounts::table.filter(smart_accounts::pending_detail.eq("denied")))
            .set(smart_accounts::pending_detail.eq("expired"))
            .execute(tx.conn())?;
        Ok(())
    });
    finds("neither a password", |tx| {
        diesel::update(people::table.filter(people::email.eq("eve@harborview.example")))
            .set(people::password_hash.eq(None::<String>))
            .execute(tx.conn())?;
        Ok(())
    });
    finds("sent or given up without a try", |tx| {
        diesel::update(outbox::table.filter(outbox::sent_at.is_not_null()))
            .set(outbox::attempts.eq(0))
            .execute(tx.conn())?;
        Ok(())
    });
}

// --- the operator's pages

#[test]
fn the_operator_sees_the_installation_and_sends_letters_again() {
    let (p, _) = Portal::with_cast();
    let (id, at) = (LetterId::new(), p.clock.now());
    p.db.housekeeping_now(|tx| {
        diesel::insert_into(outbox::table)
            .values((
                outbox::id.eq(id),
                outbox::letter.eq("no-such-letter"),
                outbox::about_id.eq(id.as_str()),
                outbox::extra.eq("{}"),
                outbox::to_name.eq(""),
                outbox::to_address.eq("Lost@xyz.example"),
                outbox::not_before.eq(at),
                outbox::attempts.eq(10),
                outbox::gave_up_at.eq(Some(at)),
                outbox::last_problem.eq("the mail server said no"),
                outbox::created_at.eq(at),
            ))
            .execute(tx.conn())?;
        Ok(())
    })
    .unwrap();
    let mut olga = p.sign_in(OLGA);
    olga.get("/operator")
        .expect(200)
        .shows("Letters given up 1")
        .shows("Deliver letters");
    olga.get("/operator/mail?state=sent")
        .expect(200)
        .shows("No letters match");
    olga.get("/operator/mail?q=LOST&state=given-up")
        .expect(200)
        .shows("Given up")
        .shows("the mail server said no");
    olga.fill_and_submit(".tbl tbody form", &[])
        .expect(200)
        .shows("The letter to Lost@xyz.example was queued again.")
        .shows("Waiting");
    assert_eq!(p.events_of("mail.retried").len(), 1);
    let csrf = p.csrf_of(&olga);
    olga.post_fields(&format!("/operator/mail/{id}/retry"), &[("csrf", &csrf)])
        .expect(409);
    let unknown = LetterId::new();
    olga.post_fields(&format!("/operator/mail/{unknown}/retry"), &[("csrf", &csrf)])
        .expect(404);
    olga.get("/operator/ui").expect(200).shows("Components");
    olga.get("/operator/ui/dialog").expect(200);
    for path in ["/operator", "/operator/mail", "/operator/ui"] {
        p.sign_in("ada@xyz.example").open(path).expect(403);
        p.browser().open(path).expect(303);
    }
}
