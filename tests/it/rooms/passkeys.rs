//! Passkeys: added, asked for as a second factor, taken without a password, and removed; and answers that are not taken.

use crate::support::{Authenticator, Browser, PASSWORD, PRESENT, Page, Portal, VERIFIED, licentral};
use chrono::TimeDelta;
use licentral::authn::people;
use licentral::kernel::{EmailAddress, Kind};
use serde_json::Value;
use std::path::Path;

const ADA: &str = "ada@xyz.example";
const CY: &str = "cy@xyz.example";
const ADD: &str = "/profile/second-factor/passkeys/add";
const ADD_FORM: &str = "form[action='/profile/second-factor/passkeys/add']";
const DOOR: &str = "/login/passkey";
const DOOR_FORM: &str = "form[action='/login/passkey']";

/// Makes an authenticator say what it should not; the other one is somebody else's.
type Bend = fn(&mut Authenticator, &Authenticator);

/// A portal with a name, which browsers make passkeys for.
fn portal() -> Portal {
    let mut p =
        Portal::start_as(|config| config.base_url = config.base_url.replace("127.0.0.1", "localhost"));
    p.base = p.base.replace("127.0.0.1", "localhost");
    p.person(ADA, "Ada Lindqvist");
    p.person(CY, "Cy Okoye");
    p
}

/// What a page asks of an authenticator.
fn asked(page: &Page) -> Value {
    serde_json::from_str(&page.attrs("form[data-passkey]", "data-passkey")[0]).unwrap()
}

fn is_in(browser: &Browser) -> bool {
    browser.clone().open("/profile").status == 200
}

/// Adds a first passkey in the pages; gives it and the recovery codes.
fn add(p: &Portal, browser: &mut Browser, name: &str) -> (Authenticator, Vec<String>) {
    let mut key = Authenticator::at(&p.base);
    let made = key.make(&asked(browser.get(ADD).expect(200)));
    let shown = browser.fill_and_send(ADD_FORM, &[("name", name), ("passkey", &made)]);
    let codes = shown.expect(200).texts("pre[aria-label='Recovery codes']")[0]
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    (key, codes)
}

fn first_step<'b>(browser: &'b mut Browser, email: &str) -> &'b Page {
    browser.open("/login").expect(200);
    browser.fill_and_send(
        "form[action='/login']",
        &[("email", email), ("password", PASSWORD)],
    )
}

/// At the door with a passkey alone; what came of it.
fn knock<'b>(browser: &'b mut Browser, key: &Authenticator) -> &'b Page {
    let answer = key.answer(&asked(browser.open(DOOR).expect(200)));
    browser.fill_and_send(DOOR_FORM, &[("passkey", &answer)])
}

#[test]
fn a_passkey_is_a_second_factor_and_a_way_in_without_a_password() {
    let p = portal();
    let (mut ada, other) = (p.sign_in(ADA), p.sign_in(ADA));
    ada.get("/profile/second-factor")
        .expect(200)
        .shows("Add a passkey");
    let (mut key, codes) = add(&p, &mut ada, "Phone");
    assert_eq!(codes.len(), 10);
    assert!(is_in(&ada) && !is_in(&other), "other sessions end");
    assert_eq!(p.events_of("person.passkey-added").len(), 1);
    assert_eq!(p.mail().last_to(ADA).subject, "Your second factor is set up");
    ada.get("/profile/second-factor")
        .shows("Phone")
        .shows("10 of 10")
        .shows("Never");

    // After the password, by somebody who only touches it.
    let mut second = p.browser();
    let page = first_step(&mut second, ADA)
        .expect(200)
        .shows("Show your second factor");
    key.flags = PRESENT;
    let answer = key.answer(&asked(page));
    assert!(!is_in(&second), "the password alone");
    second
        .fill_and_send("form[action='/login/code']", &[("passkey", &answer)])
        .expect(303);
    second
        .get("/profile/sessions")
        .expect(200)
        .shows("Password and passkey");

    // Without a password, and on to where they wanted to go.
    key.flags = VERIFIED;
    let mut third = p.browser();
    third.open("/login?next=/profile/sessions").expect(200);
    let answer = key.answer(&asked(third.click("Sign in with a passkey").expect(200)));
    let to = third
        .fill_and_send(DOOR_FORM, &[("passkey", &answer)])
        .expect(303)
        .clone();
    assert_eq!(to.location(), Some("/profile/sessions"));
    assert_eq!(
        third.follow().expect(200).texts("tr td:nth-child(3)")[0],
        "Passkey"
    );

    // A recovery code is the way out, once.
    let mut without = p.browser();
    first_step(&mut without, ADA).expect(200);
    without
        .fill_and_send("form[action='/login/code']", &[("code", &codes[3])])
        .expect(303);
    without.get("/profile/second-factor").shows("9 of 10");

    // Scripts know them, and nothing that could be used.
    let told = p.api(ADA).get("/api/v1/me/passkeys").expect(200).json();
    assert_eq!(told["passkeys"][0]["name"], "Phone");
    assert!(told["passkeys"][0]["used_at"].is_string());

    // Removed by showing it; then the password alone lets in, and the recovery codes are gone.
    let page = third.get("/profile/second-factor").expect(200).clone();
    let address = page.attrs("td a.btn[data-dialog]", "href")[0].clone();
    let answer = key.answer(&asked(third.open(&address).expect(200)));
    let form = format!("form[action='{address}']");
    third.fill_and_send(&form, &[("passkey", &answer)]).expect(303);
    third
        .follow()
        .expect(200)
        .shows("The passkey Phone is removed")
        .shows_not("of 10");
    assert!(!is_in(&without) && is_in(&third));
    assert_eq!(p.events_of("person.passkey-removed").len(), 1);
    assert_eq!(p.mail().last_to(ADA).subject, "A passkey was removed");
    first_step(&mut p.browser(), ADA).expect(303);
    knock(&mut p.browser(), &key).expect(422).shows("not known here");
}

#[test]
fn answers_at_the_door_are_for_this_site_this_question_and_somebody_who_was_checked() {
    let p = portal();
    let (mut key, _) = add(&p, &mut p.sign_in(ADA), "Phone");
    let (cy, _) = add(&p, &mut p.sign_in(CY), "Key");
    let good = Authenticator::at(&p.base);
    let handle = key.handle.clone();
    let bends: [(&str, Bend); 7] = [
        ("another site's origin", |key, _| {
            key.origin = "https://evil.example".to_owned()
        }),
        ("another site's host", |key, _| {
            key.site = "evil.example".to_owned()
        }),
        ("another question", |key, _| key.challenge = Some("A".repeat(43))),
        ("nobody was checked", |key, _| key.flags = PRESENT),
        ("nobody was there", |key, _| key.flags = 0),
        ("another person's name on it", |key, cy| {
            key.handle.clone_from(&cy.handle)
        }),
        ("no name on it", |key, _| key.handle = None),
    ];
    for (what, bend) in bends {
        bend(&mut key, &cy);
        let mut thief = p.browser();
        let page = knock(&mut thief, &key);
        assert_eq!(page.status, 422, "{what}");
        assert!(!is_in(&thief), "{what}");
        (key.origin, key.site) = (good.origin.clone(), good.site.clone());
        (key.flags, key.challenge, key.handle) = (VERIFIED, None, handle.clone());
    }
    let misses = p.events_of("person.sign-in-failed");
    assert_eq!(misses.len(), 7);
    assert!(
        misses[0].message.contains("the answer is for another site"),
        "{}",
        misses[0].message
    );
    assert!(
        misses[3].message.contains("did not check who it was"),
        "{}",
        misses[3].message
    );

    // Another key under its name, a part of an answer, and no answer at all.
    let mut forger = Authenticator::at(&p.base);
    (forger.id, forger.handle) = (key.id.clone(), handle);
    knock(&mut p.browser(), &forger).expect(422).shows("not taken");
    let mut broken = p.browser();
    let whole = key.answer(&asked(broken.open(DOOR)));
    for part in [
        "",
        "{}",
        "[1]",
        &whole[..whole.len() / 2],
        &whole.replace("\"signature\":\"", "\"signature\":\"AAAA"),
    ] {
        broken.fill_and_send(DOOR_FORM, &[("passkey", part)]).expect(422);
    }
    assert!(!is_in(&broken));

    // Once, in one browser, for five minutes.
    let mut ada = p.browser();
    let answer = key.answer(&asked(ada.open(DOOR)));
    let before = ada.clone();
    ada.fill_and_send(DOOR_FORM, &[("passkey", &answer)]).expect(303);
    assert!(is_in(&ada));
    let mut again = before.clone();
    again
        .fill_and_send(DOOR_FORM, &[("passkey", &answer)])
        .expect(422);
    assert!(!is_in(&again));
    let question = before.form(DOOR_FORM).1;
    let locked = question
        .iter()
        .find(|(name, _)| name == "asked")
        .unwrap()
        .1
        .clone();
    let mut elsewhere = p.browser();
    elsewhere.open(DOOR);
    let page = elsewhere.fill_and_send(DOOR_FORM, &[("passkey", &answer), ("asked", &locked)]);
    assert_eq!(page.expect(303).location(), Some("/login/passkey?next="));
    let mut slow = p.browser();
    let answer = key.answer(&asked(slow.open(DOOR)));
    p.advance_wall(TimeDelta::seconds(301));
    slow.fill_and_send(DOOR_FORM, &[("passkey", &answer)]).expect(303);
    slow.follow().expect(200).shows("asked for too long ago");
    assert!(!is_in(&slow) && !is_in(&elsewhere));
}

#[test]
fn a_counter_that_goes_back_is_refused_recorded_and_told() {
    let p = portal();
    let (mut key, _) = add(&p, &mut p.sign_in(ADA), "Security key");
    // Nobody counts: fine.
    knock(&mut p.browser(), &key).expect(303);
    key.counter = 8;
    knock(&mut p.browser(), &key).expect(303);
    for copy in [8, 7, 0] {
        key.counter = copy;
        let mut thief = p.browser();
        knock(&mut thief, &key)
            .expect(422)
            .shows("there may be a copy of it");
        assert!(!is_in(&thief));
    }
    let misses = p.events_of("person.sign-in-failed");
    assert_eq!(misses.len(), 3);
    assert!(misses[0].message.contains("Ada Lindqvist") && misses[0].message.contains("counter"));
    assert_eq!(p.mail().last_to(ADA).subject, "A passkey was refused");
    key.counter = 9;
    knock(&mut p.browser(), &key).expect(303);
}

#[test]
fn a_new_passkey_is_made_for_this_site_and_belongs_to_one_person() {
    let p = portal();
    let (key, _) = add(&p, &mut p.sign_in(ADA), "Phone");
    let mut cy = p.sign_in(CY);
    // What was made for Ada.
    let question = asked(cy.get(ADD).expect(200));
    let taken = key.make_with(&question, &key.attestation());
    cy.fill_and_send(ADD_FORM, &[("name", "Mine"), ("passkey", &taken)])
        .expect(422)
        .shows("in use already");
    // For another site, and in answer to another question.
    let bends: [fn(&mut Authenticator); 4] = [
        |key| key.origin = "https://evil.example".to_owned(),
        |key| key.site = "evil.example".to_owned(),
        |key| key.challenge = Some("A".repeat(43)),
        |key| key.flags = 0,
    ];
    for bend in bends {
        let mut key = Authenticator::at(&p.base);
        bend(&mut key);
        let made = key.make(&asked(cy.page()));
        cy.fill_and_send(ADD_FORM, &[("name", "Mine"), ("passkey", &made)])
            .expect(422);
    }
    assert_eq!(
        p.events_of("person.passkey-added")
            .iter()
            .filter(|one| one.outcome == "done")
            .count(),
        1
    );
    // Cut off at any place, longer than it says, and larger than anything.
    let whole = Authenticator::at(&p.base).attestation();
    let huge = [
        &[0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff][..],
        &whole,
    ]
    .concat();
    let mut broken: Vec<Vec<u8>> = (0..whole.len())
        .step_by(17)
        .map(|cut| whole[..cut].to_vec())
        .collect();
    broken.extend([
        [&whole[..], &[0]].concat(),
        huge,
        vec![0x5b; 20_000],
        vec![0xa1; 20_000],
    ]);
    for attestation in broken {
        let key = Authenticator::at(&p.base);
        let made = key.make_with(&asked(cy.page()), &attestation);
        cy.fill_and_send(ADD_FORM, &[("name", "Mine"), ("passkey", &made)])
            .expect(422);
    }
    // What was made stays made while its name is mended.
    let mut own = Authenticator::at(&p.base);
    let made = own.make(&asked(cy.page()));
    cy.fill_and_send(ADD_FORM, &[("name", ""), ("passkey", &made)])
        .expect(422)
        .shows("Enter the Name");
    cy.fill_and_send(ADD_FORM, &[("name", "Mine")])
        .expect(200)
        .shows("Your recovery codes");
    knock(&mut p.browser(), &own).expect(303);
    // Without script nothing is made.
    let mut other = p.sign_in(ADA);
    other.get("/profile/second-factor").expect(200).shows("Phone");
}

#[test]
fn a_stolen_session_and_a_password_add_and_remove_no_passkey() {
    let p = portal();
    let mut old = p.sign_in(ADA);
    p.advance_wall(TimeDelta::minutes(11));
    old.get(ADD).expect(200).shows("Confirm your password");
    let mut ada = p.sign_in(ADA);
    let (key, codes) = add(&p, &mut ada, "Phone");
    assert!(!is_in(&old));
    // A second factor is shown before another one is added: here the password is known, and the phone is not at hand.
    let mut stolen = ada.clone();
    stolen.get(ADD).expect(200).shows("Show your second factor");
    let form = "form[action='/profile/second-factor/passkeys/prove']";
    for (password, code) in [
        (PASSWORD, "000000"),
        ("the old password", &*codes[0]),
        ("", &*codes[0]),
    ] {
        stolen
            .fill_and_send(form, &[("current_password", password), ("code", code)])
            .expect(422);
    }
    let mut thiefs = Authenticator::at(&p.base);
    thiefs.handle.clone_from(&key.handle);
    let answer = thiefs.answer(&asked(stolen.page()));
    stolen
        .fill_and_send(form, &[("current_password", PASSWORD), ("passkey", &answer)])
        .expect(422)
        .shows("not known here");
    // Touched only, it stands for the second factor and not for the password.
    let mut touched = key;
    touched.flags = PRESENT;
    let answer = touched.answer(&asked(ada.get(ADD)));
    ada.fill_and_send(form, &[("passkey", &answer)])
        .expect(422)
        .shows("give your password as well");
    let answer = touched.answer(&asked(ada.page()));
    let page = ada
        .fill_and_send(form, &[("current_password", PASSWORD), ("passkey", &answer)])
        .expect(200)
        .clone();
    assert_eq!(asked(&page)["excludeCredentials"].as_array().unwrap().len(), 1);
    let mut backup = Authenticator::at(&p.base);
    let made = backup.make(&asked(&page));
    ada.fill_and_send(ADD_FORM, &[("name", "Security key"), ("passkey", &made)])
        .expect(303);
    assert_eq!(p.mail().last_to(ADA).subject, "A passkey was added");
    // One goes, the other stays a second factor.
    let page = ada.get("/profile/second-factor").shows("Security key").clone();
    let address = page.attrs("td a.btn[data-dialog]", "href")[0].clone();
    ada.open(&address).expect(200).shows("Remove passkey?");
    let form = format!("form[action='{address}']");
    ada.fill_and_send(&form, &[("current_password", PASSWORD), ("code", &codes[1])])
        .expect(303);
    first_step(&mut p.browser(), ADA)
        .expect(200)
        .shows("Show your second factor");
    knock(&mut p.browser(), &touched).expect(422);
    knock(&mut p.browser(), &backup).expect(303);
    // Nobody removes another's.
    let mut cy = p.sign_in(CY);
    cy.get(&address).expect(404);
}

#[test]
fn a_passkey_is_the_second_factor_that_everybody_needs() {
    let mut p = Portal::start_as(|config| {
        config.base_url = config.base_url.replace("127.0.0.1", "localhost");
        config.needs_second_factor = true;
    });
    p.base = p.base.replace("127.0.0.1", "localhost");
    p.person(ADA, "Ada Lindqvist");
    let mut ada = p.sign_in(ADA);
    ada.open("/software-central").expect(303);
    let (key, _) = add(&p, &mut ada, "Phone");
    ada.open("/software-central").expect(200);
    let mut again = p.browser();
    knock(&mut again, &key).expect(303);
    again.open("/software-central").expect(200);
    // Lost: the operator's command removes all.
    let (done, said) = licentral(
        &["remove-second-factor", ADA, "--database-url", p.database_url()],
        Path::new("."),
    );
    assert!(done, "{said}");
    assert!(!is_in(&again));
    knock(&mut p.browser(), &key).expect(422).shows("not known here");
    first_step(&mut p.browser(), ADA).expect(303);
    assert_eq!(p.events_of(Kind::SecondFactorRemoved.word()).len(), 1);
}

#[test]
fn where_browsers_make_no_passkeys_none_are_offered() {
    let p = Portal::start();
    p.person(ADA, "Ada Lindqvist");
    let mut ada = p.sign_in(ADA);
    ada.get("/profile/second-factor")
        .expect(200)
        .shows("only for a portal with a name and TLS")
        .shows_not("Add a passkey");
    ada.get(ADD).expect(404);
    let mut visitor = p.browser();
    visitor.open("/login").expect(200).shows_not("passkey");
    visitor.open(DOOR).expect(404);
}

#[test]
fn whoever_is_disabled_comes_in_by_no_passkey() {
    let p = portal();
    let (key, _) = add(&p, &mut p.sign_in(ADA), "Phone");
    p.db.housekeeping_now(|tx| {
        let ada = people::by_email(tx, &EmailAddress::parse(ADA).unwrap())?.unwrap();
        people::set_state(tx, ada.id, people::PersonState::Disabled)
    })
    .unwrap();
    let mut ada = p.browser();
    knock(&mut ada, &key)
        .expect(422)
        .shows("Your user account is disabled. Ask whoever runs this portal.");
    assert!(!is_in(&ada));
}
