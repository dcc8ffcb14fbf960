//! Signing in and out, passwords, sessions, keys for scripts. The numbers are rows of the security bar.

use crate::support::{Browser, PASSWORD, Page, Portal, link_in};
use chrono::TimeDelta;
use licentral::authn::{PersonState, people, session};
use licentral::authz::links::{self, Purpose};
use licentral::identity;
use licentral::kernel::ids::{LinkId, PersonId};
use licentral::kernel::{EmailAddress, Name, Who};
use licentral::platform::token;
use std::time::{Duration, Instant};

const ADA: &str = "ada@xyz.example";
const NEW: &str = "teal cabin forty orbit";

/// Tries to sign in with the form of the page.
fn try_in<'b>(browser: &'b mut Browser, email: &str, password: &str) -> &'b Page {
    browser.open("/login").expect(200);
    browser.fill_and_send(
        "form[action='/login']",
        &[("email", email), ("password", password)],
    )
}

fn signed_in(browser: &Browser) -> bool {
    let mut browser = browser.clone();
    browser.open("/profile").status == 200
}

/// A form token of this browser's session.
fn form_token(browser: &Browser) -> String {
    let mut browser = browser.clone();
    let page = browser.open("/profile").expect(200);
    page.attrs("input[name=csrf]", "value")[0].clone()
}

fn cookie_of(browser: &Browser) -> String {
    browser.cookies[session::COOKIE].clone()
}

/// A portal with one person whose password is [`PASSWORD`].
fn with_ada() -> Portal {
    let p = Portal::start();
    p.person(ADA, "Ada Lindqvist");
    p
}

// --- 1, 2, 3: the cookie

#[test]
fn the_session_cookie_is_for_this_host_alone_and_is_not_kept() {
    let p = with_ada();
    let mut ada = p.browser();
    let before = p.fingerprint();
    let page = try_in(&mut ada, ADA, PASSWORD).expect(303).clone();
    assert_eq!(page.location(), Some("/software-central"));
    let line = page
        .headers
        .iter()
        .find(|(name, value)| name == "set-cookie" && value.starts_with(session::COOKIE))
        .map(|(_, value)| value.clone())
        .unwrap();
    let value = cookie_of(&ada);
    assert_eq!(
        line,
        format!("__Host-session={value}; Path=/; Secure; HttpOnly; SameSite=Lax")
    );
    assert_eq!(value.len(), 43, "32 random bytes");
    let rows = before.differences(&p.fingerprint());
    assert!(rows.contains("+ sessions"), "{rows}");
    assert!(!rows.contains(&value), "the cookie itself is in the database");
    assert!(signed_in(&ada));
}

#[test]
fn a_planted_cookie_is_never_taken_over_and_an_old_session_ends() {
    let p = with_ada();
    p.person("bob@xyz.example", "Bob Tanaka");
    let mut ada = p.browser();
    let planted = token::random();
    ada.cookies.insert(session::COOKIE.to_owned(), planted.clone());
    try_in(&mut ada, ADA, PASSWORD).expect(303);
    let first = cookie_of(&ada);
    assert_ne!(first, planted);
    let mut old = p.browser();
    old.cookies.insert(session::COOKIE.to_owned(), planted);
    assert!(!signed_in(&old), "the planted cookie");
    // Another sign-in of the same browser, as somebody else.
    try_in(&mut ada, "bob@xyz.example", PASSWORD).expect(303);
    assert_ne!(cookie_of(&ada), first);
    old.cookies.insert(session::COOKIE.to_owned(), first);
    assert!(!signed_in(&old), "the session before");
}

#[test]
fn giving_the_password_again_changes_the_cookie() {
    let p = with_ada();
    let mut ada = p.sign_in(ADA);
    let before = ada.clone();
    p.advance_wall(TimeDelta::minutes(11));
    ada.get("/profile/api/new")
        .expect(200)
        .shows("Confirm your password");
    ada.fill_and_submit("form[action='/confirm-password']", &[("password", "wrong")])
        .expect(422)
        .shows("The password is not right.");
    ada.fill_and_submit("form[action='/confirm-password']", &[("password", PASSWORD)])
        .expect(200)
        .shows("Create API client");
    assert_ne!(cookie_of(&ada), cookie_of(&before));
    assert!(!signed_in(&before) && signed_in(&ada));
    assert_eq!(p.events_of("person.password-confirmed").len(), 1);
}

// --- 4: how long

#[test]
fn a_session_ends_after_half_an_hour_without_use() {
    let p = with_ada();
    let mut ada = p.sign_in(ADA);
    p.advance_wall(TimeDelta::minutes(29));
    ada.open("/profile").expect(200);
    p.advance_wall(TimeDelta::minutes(31));
    let page = ada.open("/profile?x=1").expect(303);
    assert_eq!(page.location(), Some("/login?next=%2Fprofile%3Fx%3D1"));
}

#[test]
fn however_busy_a_session_ends_after_twelve_hours() {
    let p = with_ada();
    let mut ada = p.sign_in(ADA);
    for round in 0..28 {
        p.advance_wall(TimeDelta::minutes(25));
        ada.open("/profile").expect(200);
        // The use is noted beside the answer.
        let since = Instant::now();
        let wall = p.clock.wall().plus(TimeDelta::minutes(-1));
        let id = p.find_person(ADA).id;
        while p.db.read_now(|r| session::list(r, p.clock.wall(), id)).unwrap()[0].seen_at < wall {
            assert!(since.elapsed() < Duration::from_secs(60), "round {round}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    p.advance_wall(TimeDelta::minutes(21));
    ada.open("/profile").expect(303);
}

// --- 5: signing out

#[test]
fn signing_out_ends_the_session_and_clears_what_was_seen() {
    let p = with_ada();
    let mut ada = p.sign_in(ADA);
    let before = ada.clone();
    let page = ada.open("/profile").expect(200);
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let page = ada.fill_and_send("form[action='/logout']", &[]).expect(303);
    assert_eq!(page.location(), Some("/login"));
    assert_eq!(page.header("clear-site-data"), Some("\"cache\", \"storage\""));
    assert!(!signed_in(&before) && !signed_in(&ada));
    assert_eq!(p.events_of("person.signed-out").len(), 1);
    // Only with a form of one's own session.
    let mut again = p.sign_in(ADA);
    again.open("/logout").expect(405);
    again.post_fields("/logout", &[("csrf", "x.y")]).expect(403);
    assert!(signed_in(&again));
}

// --- 6: what ends with a password, or with the person

/// What an old password has opened: a session, an access token, a link for a new password.
struct Opened {
    session: Browser,
    api: crate::support::Api,
    link: String,
}

impl Opened {
    fn by_ada(p: &Portal) -> Self {
        let mut visitor = p.browser();
        visitor.open("/password/forgot").expect(200);
        visitor
            .fill_and_submit("form[action='/password/forgot']", &[("email", ADA)])
            .expect(200);
        let all = Self {
            session: p.sign_in(ADA),
            api: p.api(ADA),
            link: link_in(&p.mail().last_to(ADA)),
        };
        assert_eq!(all.alive(p), [true; 3]);
        all
    }
    fn alive(&self, p: &Portal) -> [bool; 3] {
        [
            signed_in(&self.session),
            self.api.clone().get("/api/v1/me").status == 200,
            p.browser().open(&self.link).status == 200,
        ]
    }
}

#[test]
fn a_changed_password_ends_all_that_the_old_one_opened() {
    let p = with_ada();
    let opened = Opened::by_ada(&p);
    let mut ada = p.sign_in(ADA);
    let before = ada.clone();
    ada.open("/profile/password").expect(200);
    ada.fill_and_submit(
        "form[action='/profile/password']",
        &[
            ("current_password", PASSWORD),
            ("password", NEW),
            ("password_again", NEW),
        ],
    )
    .expect(200)
    .shows("Your password is changed.");
    assert_eq!(opened.alive(&p), [false; 3]);
    assert!(signed_in(&ada) && !signed_in(&before), "under a new cookie");
    assert!(p.mail().last_to(ADA).subject.contains("password was changed"));
    try_in(&mut p.browser(), ADA, PASSWORD).expect(422);
    try_in(&mut p.browser(), ADA, NEW).expect(303);
}

#[test]
fn a_password_set_through_a_link_ends_all_that_the_old_one_opened() {
    let p = with_ada();
    let opened = Opened::by_ada(&p);
    let mut visitor = p.browser();
    visitor.open(&opened.link).expect(200);
    visitor
        .fill_and_submit("form.fields", &[("password", NEW), ("password_again", NEW)])
        .expect(200)
        .shows("Your new password is set.");
    assert!(!signed_in(&visitor), "a link signs nobody in");
    assert_eq!(opened.alive(&p), [false; 3]);
    assert!(p.mail().last_to(ADA).subject.contains("password was changed"));
    assert_eq!(p.events_of("person.password-reset").len(), 1);
}

#[test]
fn whoever_is_disabled_is_out_at_once() {
    let p = with_ada();
    let opened = Opened::by_ada(&p);
    let (id, at) = (p.find_person(ADA).id, p.clock.now());
    let to = |state| {
        p.db.write_now(|tx| identity::set_state(tx, at, &Who::portal("test"), id, state, ""))
            .unwrap();
    };
    to(PersonState::Disabled);
    assert_eq!(opened.alive(&p), [false; 3]);
    try_in(&mut p.browser(), ADA, PASSWORD)
        .expect(422)
        .shows("The e-mail address or the password is not right.");
    to(PersonState::Active);
    assert_eq!(opened.alive(&p), [false; 3], "nothing comes back with the person");
    assert_eq!(p.events_of("person.state").len(), 2);
}

// --- 7: one's own sessions

#[test]
fn people_see_and_end_their_own_sessions_and_nobody_elses() {
    let p = with_ada();
    p.person("eve@harborview.example", "Eve Castellan");
    let (mut ada, phone, laptop, mut eve) = (
        p.sign_in(ADA),
        p.sign_in(ADA),
        p.sign_in(ADA),
        p.sign_in("eve@harborview.example"),
    );
    let page = ada.open("/profile/sessions").expect(200);
    assert_eq!(page.texts("main tbody tr").len(), 3);
    let forms = page.attrs("main td form", "action");
    assert_eq!(forms.len(), 2, "not this one");
    // A stranger who knows the id.
    let csrf = form_token(&eve);
    let before = p.fingerprint();
    eve.post_fields(&forms[0], &[("csrf", &csrf)]).expect(404);
    before.assert_same(&p.fingerprint(), "ending a stranger's session");
    ada.fill_and_submit(&format!("form[action='{}']", forms[0]), &[])
        .shows("The session has ended.");
    assert_eq!([&phone, &laptop].iter().filter(|b| signed_in(b)).count(), 1);
    ada.fill_and_submit("End all other sessions", &[])
        .shows("1 other session has ended.");
    assert!(!signed_in(&phone) && !signed_in(&laptop) && signed_in(&ada) && signed_in(&eve));
}

// --- 13: hashes

#[test]
fn an_outdated_hash_is_made_anew_at_the_next_sign_in() {
    let p = with_ada();
    let id = p.find_person(ADA).id;
    let hash = || p.db.read_now(|r| people::password_hash(r, id)).unwrap().unwrap();
    assert!(hash().starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
    try_in(&mut p.browser(), ADA, "wrong").expect(422);
    assert!(hash().starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
    try_in(&mut p.browser(), ADA, PASSWORD).expect(303);
    let renewed = hash();
    assert!(
        renewed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
        "{renewed}"
    );
    try_in(&mut p.browser(), ADA, PASSWORD).expect(303);
    assert_eq!(hash(), renewed, "and then stays");
    assert_eq!(p.find_person(ADA).version, 1, "no change of the person");
}

// --- 17: tries

#[test]
fn wrong_tries_slow_down_whoever_makes_them_and_not_the_owner() {
    let p = Portal::start_as(|c| c.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]);
    p.person(ADA, "Ada Lindqvist");
    let from = |address: &str, password: &str| {
        let mut browser = p.browser();
        browser.open("/login").expect(200);
        let (_, mut fields) = browser.form("form[action='/login']");
        for (name, value) in &mut fields {
            match name.as_str() {
                "email" => ADA.clone_into(value),
                "password" => password.clone_into(value),
                _ => {}
            }
        }
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&fields)
            .finish();
        browser
            .send(
                "POST",
                "/login",
                &[
                    ("sec-fetch-site", "same-origin"),
                    ("content-type", "application/x-www-form-urlencoded"),
                    ("x-forwarded-for", address),
                ],
                Some(body.as_bytes()),
            )
            .clone()
    };
    let mut answered = 0;
    for _ in 0..60 {
        let page = from("203.0.113.9", "wrong");
        if page.status == 422 {
            answered += 1;
        } else {
            page.expect(429).shows("There were too many tries. Wait");
            assert!(page.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
        }
    }
    assert!((5..=7).contains(&answered), "{answered} of 60 were answered");
    // Even the right password tells nothing there now; from elsewhere its owner comes in.
    p.advance_wall(TimeDelta::seconds(5));
    while from("203.0.113.9", "wrong").status != 429 {}
    from("203.0.113.9", PASSWORD).expect(429);
    from("198.51.100.7", PASSWORD).expect(303);
    // Waiting helps, for everyone: nobody is locked out for good.
    p.advance_wall(TimeDelta::minutes(16));
    from("203.0.113.9", PASSWORD).expect(303);
    // An IPv6 customer has 2^64 addresses and is still one.
    let many = (0..12)
        .filter(|n| from(&format!("2001:db8:1:2::{n}"), "wrong").status == 422)
        .count();
    assert!((5..=7).contains(&many), "{many}");
}

#[test]
fn a_crowd_is_slowed_and_the_owner_is_not() {
    let p = Portal::start_as(|c| c.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]);
    p.person(ADA, "Ada Lindqvist");
    let from = |email: &str, address: &str, password: &str| {
        let mut browser = p.browser();
        browser.open("/login").expect(200);
        let csrf = browser
            .page()
            .attrs("form[action='/login'] input[name=csrf]", "value")[0]
            .clone();
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("csrf", csrf.as_str()),
                ("next", ""),
                ("email", email),
                ("password", password),
            ])
            .finish();
        let headers = [
            ("sec-fetch-site", "same-origin"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("x-forwarded-for", address),
        ];
        browser
            .send("POST", "/login", &headers, Some(body.as_bytes()))
            .clone()
    };
    from(ADA, "198.51.100.7", PASSWORD).expect(303);
    // Whether anybody has the address is no difference.
    for email in ["nobody@xyz.example", ADA] {
        let answered = (0..300)
            .filter(|n| from(email, &format!("203.0.113.{}", n % 60), "wrong").status == 422)
            .count();
        assert!((30..=40).contains(&answered), "{answered} of 300 were answered");
    }
    while from(ADA, "203.0.113.98", "wrong").status != 429 {}
    from(ADA, "203.0.113.99", PASSWORD).expect(429);
    // From where she came in before, she comes in at once; and a miss there is counted there.
    from(ADA, "198.51.100.7", "wrong").expect(422);
    from(ADA, "198.51.100.7", PASSWORD).expect(303);
    // From elsewhere she waits a minute at most, or sets a new password by a link, which makes the place known.
    let link = ask_for_link(&p);
    let mut elsewhere = p.browser();
    elsewhere.open(&link).expect(200);
    let csrf = elsewhere.page().attrs("form.fields input[name=csrf]", "value")[0].clone();
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("csrf", csrf.as_str()),
            ("password", NEW),
            ("password_again", NEW),
        ])
        .finish();
    let headers = [
        ("sec-fetch-site", "same-origin"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("x-forwarded-for", "192.0.2.8"),
    ];
    elsewhere
        .send("POST", &link, &headers, Some(body.as_bytes()))
        .expect(303);
    from(ADA, "192.0.2.8", NEW).expect(303);
    p.advance_wall(TimeDelta::seconds(61));
    from(ADA, "203.0.113.99", NEW).expect(303);
}

#[test]
fn letters_to_one_person_are_few_from_however_many_places() {
    let p = Portal::start_as(|c| c.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]);
    p.person(ADA, "Ada Lindqvist");
    let sent = (0..60)
        .filter(|n| {
            let mut browser = p.browser();
            browser.open("/password/forgot").expect(200);
            let csrf = browser.page().attrs("form.fields input[name=csrf]", "value")[0].clone();
            let body = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs([("csrf", csrf.as_str()), ("email", ADA)])
                .finish();
            let address = format!("203.0.113.{n}");
            let headers = [
                ("sec-fetch-site", "same-origin"),
                ("content-type", "application/x-www-form-urlencoded"),
                ("x-forwarded-for", address.as_str()),
            ];
            browser
                .send("POST", "/password/forgot", &headers, Some(body.as_bytes()))
                .status
                == 303
        })
        .count();
    assert!((10..=20).contains(&sent), "{sent} of 60 were sent");
}

#[test]
fn a_flood_at_once_learns_no_more_than_one_that_comes_slowly() {
    let p = with_ada();
    let wrong: Vec<u16> = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..32)
            .map(|_| {
                let mut browser = p.browser();
                scope.spawn(move || try_in(&mut browser, ADA, "wrong").status)
            })
            .collect();
        tries.into_iter().map(|t| t.join().unwrap()).collect()
    });
    let answered = wrong.iter().filter(|s| **s == 422).count();
    assert!(
        (5..=8).contains(&answered),
        "{answered} of 32 were answered: {wrong:?}"
    );
    assert_eq!(
        p.events_of("person.sign-in-failed").len(),
        answered,
        "each answer is on the record"
    );
}

// --- 18: who has a user account

/// A page without what differs each time.
fn stable(page: &Page) -> String {
    let mut text = page.body.clone();
    for token in page.attrs("input[name=csrf]", "value") {
        text = text.replace(&token, "-");
    }
    text
}

#[test]
fn nobody_learns_who_has_a_user_account() {
    let p = Portal::start_as(|c| c.mode = licentral::platform::config::Mode::Production);
    p.person(ADA, "Ada Lindqvist");
    let bob = Name::parse("Bob Tanaka", "name").unwrap();
    let (id, at) = (PersonId::new(), p.clock.now());
    let email = EmailAddress::parse("bob@xyz.example").unwrap();
    p.db.housekeeping_now(|tx| people::add(tx, at, id, &email, &bob, None, 0))
        .unwrap();
    // Known, invited, unknown.
    let all = [ADA, "bob@xyz.example", "zoe@xyz.example"];
    let logins: Vec<String> = all
        .iter()
        .map(|email| {
            let mut browser = p.browser();
            let page = try_in(&mut browser, email, "wrong").expect(422);
            stable(page).replace(email, "-")
        })
        .collect();
    assert_eq!(logins[0], logins[2]);
    assert_eq!(logins[0], logins[1]);
    let forgotten: Vec<String> = all
        .iter()
        .map(|email| {
            let mut browser = p.browser();
            browser.open("/password/forgot");
            let sent = browser.fill_and_send("form.fields", &[("email", email)]);
            assert_eq!(sent.expect(303).location(), Some("/password/forgot?sent=1"));
            let page = browser.follow();
            page.shows("If this address has a user account, a letter is on its way.");
            stable(page)
        })
        .collect();
    assert_eq!(forgotten[0], forgotten[2]);
    assert_eq!(forgotten[0], forgotten[1]);
    let letters: Vec<String> = p.mail().all().into_iter().map(|l| l.to_address).collect();
    assert_eq!(letters, [ADA], "and only who has one is written to");
    let record = format!("{:?}", p.events());
    assert!(
        record.contains(ADA) && !record.contains("zoe@"),
        "unknown addresses are not kept"
    );
}

#[test]
fn an_unknown_address_costs_as_much_as_a_wrong_password() {
    let p = with_ada();
    // A hash of today's cost.
    try_in(&mut p.browser(), ADA, PASSWORD).expect(303);
    let cost = |email: &str| {
        let mut browser = p.browser();
        browser.open("/login").expect(200);
        let before = p.parts.hasher.filled();
        browser
            .fill_and_send(
                "form[action='/login']",
                &[("email", email), ("password", "wrong")],
            )
            .expect(422);
        p.parts.hasher.filled() - before
    };
    // Not its time, which a busy machine makes longer for one of them, but the work that takes the time.
    let (known, unknown) = (cost(ADA), cost("zoe@xyz.example"));
    assert!(known > 0);
    assert_eq!(known, unknown);
}

// --- 19: the first start

#[test]
fn the_first_operator_comes_in_through_a_link_that_works_once() {
    let p = Portal::start();
    let older = identity::bootstrap(&p.parts).unwrap().unwrap();
    let link = identity::bootstrap(&p.parts).unwrap().unwrap();
    assert!(link.starts_with(&p.base));
    let path = |link: &str| link.replace(&p.base, "");
    p.browser().open(&path(&older)).expect(410);
    let mut olga = p.browser();
    olga.open(&path(&link)).expect(200);
    let fields = |password, again| {
        [
            ("name", "Olga Verhoeven"),
            ("email", "olga@licensing.example"),
            ("password", password),
            ("password_again", again),
        ]
    };
    olga.fill_and_send("form.fields", &fields("verhoeven", "verhoeven"))
        .expect(422);
    olga.fill_and_send("form.fields", &fields(NEW, "other"))
        .expect(422)
        .shows("The two passwords differ.");
    olga.fill_and_send("form.fields", &fields(NEW, NEW)).expect(303);
    olga.open("/profile").expect(200).shows("Operator");
    p.browser().open(&path(&link)).expect(410);
    assert_eq!(identity::bootstrap(&p.parts).unwrap(), None, "somebody is there");
    assert_eq!(p.events_of("portal.set-up").len(), 1);
}

#[test]
fn the_link_of_the_first_start_is_for_an_hour() {
    let p = Portal::start();
    let link = identity::bootstrap(&p.parts)
        .unwrap()
        .unwrap()
        .replace(&p.base, "");
    p.advance(TimeDelta::minutes(59));
    p.browser().open(&link).expect(200);
    p.advance(TimeDelta::minutes(2));
    p.browser().open(&link).expect(410);
}

#[test]
fn only_a_lab_has_a_cast() {
    let p = with_ada();
    let mut visitor = p.browser();
    let page = visitor.open("/login").expect(200);
    let cast = page.texts("form[action='/login/as'] button");
    assert_eq!(cast.len(), 1);
    assert!(
        cast[0].contains("Ada Lindqvist ada@xyz.example No access yet"),
        "{cast:?}"
    );
    visitor.fill_and_send("form[action='/login/as']", &[]).expect(303);
    assert!(signed_in(&visitor));
    let p = Portal::start_as(|c| c.mode = licentral::platform::config::Mode::Production);
    p.person(ADA, "Ada Lindqvist");
    let mut visitor = p.browser();
    let page = visitor.open("/login").expect(200);
    page.shows_not("Ada");
    let csrf = page.attrs("input[name=csrf]", "value")[0].clone();
    visitor
        .post_fields("/login/as", &[("csrf", &csrf), ("email", ADA)])
        .expect(404);
    assert!(!signed_in(&visitor));
}

// --- 21: forgotten passwords

fn ask_for_link(p: &Portal) -> String {
    let mut visitor = p.browser();
    visitor.open("/password/forgot").expect(200);
    visitor
        .fill_and_send("form.fields", &[("email", ADA)])
        .expect(303);
    link_in(&p.mail().last_to(ADA))
}

#[test]
fn a_link_for_a_new_password_is_for_an_hour() {
    let p = with_ada();
    let link = ask_for_link(&p);
    p.advance(TimeDelta::minutes(59));
    p.browser().open(&link).expect(200);
    p.advance(TimeDelta::minutes(2));
    p.browser().open(&link).expect(410);
}

#[test]
fn a_newer_link_ends_the_older_and_a_used_one_is_used() {
    let p = with_ada();
    let (older, newer) = (ask_for_link(&p), ask_for_link(&p));
    assert_ne!(older, newer);
    p.browser().open(&older).expect(410);
    let mut ada = p.browser();
    // Looking at it does not use it up.
    for _ in 0..3 {
        ada.open(&newer).expect(200);
    }
    let stale = ada.clone();
    ada.fill_and_send(
        "form.fields",
        &[("password", "short"), ("password_again", "short")],
    )
    .expect(422)
    .shows("Use at least 8 characters.");
    ada.fill_and_send("form.fields", &[("password", NEW), ("password_again", NEW)])
        .expect(303);
    p.browser().open(&newer).expect(410);
    stale
        .clone()
        .fill_and_send(
            "form.fields",
            &[
                ("password", "other cabin forty orbit"),
                ("password_again", "other cabin forty orbit"),
            ],
        )
        .expect(410);
    try_in(&mut p.browser(), ADA, NEW).expect(303);
}

#[test]
fn of_many_who_use_a_link_at_once_one_wins() {
    let p = with_ada();
    let link = ask_for_link(&p);
    let browsers: Vec<Browser> = (0..12)
        .map(|_| {
            let mut browser = p.browser();
            browser.open(&link).expect(200);
            browser
        })
        .collect();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let all: Vec<_> = browsers
            .into_iter()
            .enumerate()
            .map(|(n, mut browser)| {
                scope.spawn(move || {
                    let password = format!("{NEW} {n}");
                    let fields = [("password", password.as_str()), ("password_again", &password)];
                    browser.fill_and_send("form.fields", &fields).status
                })
            })
            .collect();
        all.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|s| **s == 303).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|s| **s == 410).count(), 11, "{statuses:?}");
    assert_eq!(p.events_of("person.password-reset").len(), 1);
}

#[test]
fn a_link_made_for_one_thing_opens_nothing_else() {
    let p = with_ada();
    let link = ask_for_link(&p);
    let token = link.rsplit('/').next().unwrap();
    for path in ["/invite/", "/setup/"] {
        p.browser().open(&format!("{path}{token}")).expect(410);
    }
    // The pages ask for more than the purpose; it alone is enough of a difference.
    let opens = |purpose| {
        let (token, signing, now) = (token.to_owned(), p.parts.signing.clone(), p.clock.now());
        p.db.read_now(|r| links::open(r, &signing, now, purpose, &token))
            .is_ok()
    };
    for purpose in Purpose::ALL {
        assert_eq!(opens(*purpose), *purpose == Purpose::ResetPassword, "{purpose}");
    }
    let last = if token.ends_with('A') { "B" } else { "A" };
    let bent = format!("{}{last}", &link[..link.len() - 1]);
    p.browser()
        .open(&bent.replace("/reset/e", "/reset/f"))
        .expect(410);
    p.browser().open("/password/reset/x").expect(410);
}

#[test]
fn letters_are_not_sent_without_end() {
    let p = with_ada();
    let statuses: Vec<u16> = (0..10)
        .map(|_| {
            let mut visitor = p.browser();
            visitor.open("/password/forgot").expect(200);
            visitor.fill_and_send("form.fields", &[("email", ADA)]).status
        })
        .collect();
    assert!(statuses.contains(&429), "{statuses:?}");
    try_in(&mut p.browser(), ADA, PASSWORD).expect(303);
}

// --- 22: changing a password

#[test]
fn a_password_is_changed_with_the_current_one_alone() {
    let p = with_ada();
    let mut ada = p.sign_in(ADA);
    let mut change = |current: &str, new: &str, again: &str| {
        ada.open("/profile/password").expect(200);
        ada.fill_and_send(
            "form[action='/profile/password']",
            &[
                ("current_password", current),
                ("password", new),
                ("password_again", again),
            ],
        )
        .clone()
    };
    for (current, new, again, says) in [
        ("", NEW, NEW, "Enter your current password."),
        ("wrong", NEW, NEW, "Enter your current password."),
        (PASSWORD, NEW, "other", "The two passwords differ."),
        (PASSWORD, "lindqvist1", "lindqvist1", "others would try first"),
        (PASSWORD, "short", "short", "Use at least 8 characters."),
    ] {
        let page = change(current, new, again);
        page.expect(422).shows(says);
        assert!(
            !page.body.contains(NEW) && !page.body.contains(PASSWORD),
            "a password is on the page"
        );
    }
    change(PASSWORD, NEW, NEW).expect(303);
    assert_eq!(p.events_of("person.password-changed").len(), 1);
    let record = format!("{:?}", p.events());
    assert!(!record.contains(NEW) && !record.contains("argon2"));
}

// --- 23: where one goes on to

#[test]
fn after_signing_in_nobody_leaves_this_host() {
    let p = with_ada();
    let go = |next: &str| {
        let mut browser = p.browser();
        let query: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
        browser.open(&format!("/login?next={query}")).expect(200);
        browser
            .fill_and_send("form[action='/login']", &[("email", ADA), ("password", PASSWORD)])
            .expect(303)
            .location()
            .unwrap()
            .to_owned()
    };
    assert_eq!(go("/profile?x=1"), "/profile?x=1");
    for bad in [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "https:evil.example",
        "/%5cevil.example",
        "/%09/evil.example",
        "/%2f/evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        " //evil.example",
        "@evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "/x\r\nset-cookie: a=b",
        "\u{2028}/evil",
        ".evil.example",
    ] {
        assert_eq!(go(bad), "/software-central", "{bad:?}");
    }
}

// --- invitations

#[test]
fn who_was_invited_names_themselves_and_is_in() {
    let p = Portal::start();
    let (id, link, at) = (PersonId::new(), LinkId::new(), p.clock.now());
    let email = EmailAddress::parse("noa@newcomer.example").unwrap();
    let name = Name::parse("noa@newcomer.example", "name").unwrap();
    p.db.housekeeping_now(|tx| {
        let person = people::add(tx, at, id, &email, &name, None, 0)?;
        identity::invite(
            tx,
            at,
            &Who::portal("test"),
            link,
            &person,
            "Ada <b>Lindqvist</b>",
        )
    })
    .unwrap();
    let letter = p.mail().last_to("noa@newcomer.example");
    assert!(!letter.html.contains("<b>L"), "{}", letter.html);
    let link = link_in(&letter);
    try_in(&mut p.browser(), "noa@newcomer.example", "").expect(422);
    let mut noa = p.browser();
    noa.open(&link).expect(200).shows("noa@newcomer.example");
    noa.fill_and_send(
        "form.fields",
        &[
            ("name", "Noa\nBrandt"),
            ("password", NEW),
            ("password_again", NEW),
        ],
    )
    .expect(422);
    noa.fill_and_send(
        "form.fields",
        &[("name", "Noa Brandt"), ("password", NEW), ("password_again", NEW)],
    )
    .expect(303);
    noa.open("/profile").expect(200).shows("No role yet");
    p.browser().open(&link).expect(410);
    try_in(&mut p.browser(), "noa@newcomer.example", NEW).expect(303);
}

// --- the profile

#[test]
fn a_name_is_changed_once_from_each_version() {
    let p = with_ada();
    let mut ada = p.sign_in(ADA);
    ada.open("/profile").expect(200);
    let mut other_tab = ada.clone();
    ada.fill_and_submit("form[action='/profile']", &[("name", "Ada L. Lindqvist")])
        .shows("Your name is saved.");
    other_tab
        .fill_and_send("form[action='/profile']", &[("name", "Countess")])
        .expect(409);
    ada.open("/profile");
    ada.fill_and_send("form[action='/profile']", &[("name", "x".repeat(101).as_str())])
        .expect(422);
    assert_eq!(p.find_person(ADA).name, "Ada L. Lindqvist");
    let events = p.events_of("person.changed");
    assert_eq!(events.len(), 1);
    assert!(
        events[0]
            .detail
            .contains("\"before\":{\"name\":\"Ada Lindqvist\"}"),
        "{events:?}"
    );
}

#[test]
fn the_appearance_is_kept_in_the_browser() {
    let p = with_ada();
    let mut ada = p.sign_in(ADA);
    ada.open("/preferences").expect(200);
    ada.fill_and_submit("form[action='/preferences']", &[("appearance", "dark")])
        .expect(200);
    assert!(ada.page().body.contains("data-theme=\"dark\""));
    let csrf = form_token(&ada);
    ada.post_fields("/preferences", &[("csrf", &csrf), ("appearance", "sepia")])
        .expect(422);
}

// --- clients of the API

#[test]
fn a_client_is_made_its_secret_is_shown_once_and_it_dies_when_revoked() {
    let p = with_ada();
    let mut ada = p.sign_in(ADA);
    ada.open("/profile/api/new").expect(200);
    let empty = p.fingerprint();
    let again = ada.clone();
    let page = ada
        .fill_and_send(
            "form[action='/profile/api/new']",
            &[("name", "Nightly"), ("scope", "read")],
        )
        .expect(200);
    let copied = page.texts(".copy code");
    let (id, secret) = (copied[0].clone(), copied[1].clone());
    let rows = p.fingerprint();
    // The same form once more: nothing more is made, and the secret is not told again.
    let page = again
        .clone()
        .fill_and_submit(
            "form[action='/profile/api/new']",
            &[("name", "Nightly"), ("scope", "read")],
        )
        .expect(200)
        .clone();
    page.shows("was created already");
    assert!(!page.body.contains(&secret));
    rows.assert_same(&p.fingerprint(), "sending the form twice");
    let kept = empty.differences(&rows);
    assert!(
        kept.contains(&id) && !kept.contains(&secret),
        "the secret is kept"
    );
    let mut script = p.api_without_token();
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let reply = script.send("POST", "/api/v1/token", FORM, Some(form.as_bytes()));
    script.bearer = reply.expect(200).json()["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    script.get("/api/v1/me").expect(200);
    // Read only: it may not revoke another client.
    let (other, _) = p.api_client(ADA, true);
    assert_eq!(
        script
            .delete(&format!("/api/v1/me/api-clients/{other}"))
            .expect(409)
            .json()["code"],
        "api.scope"
    );
    ada.open(&format!("/profile/api/{id}/revoke")).expect(200);
    ada.fill_and_submit("Revoke API client", &[]).shows("is revoked");
    script.get("/api/v1/me").expect(401);
    script
        .send("POST", "/api/v1/token", FORM, Some(form.as_bytes()))
        .expect(401);
}

#[test]
fn sensitive_pages_want_a_fresh_password() {
    let p = with_ada();
    let (id, _) = p.api_client(ADA, true);
    let mut ada = p.sign_in(ADA);
    let csrf = form_token(&ada);
    p.advance_wall(TimeDelta::minutes(11));
    let revoke = format!("/profile/api/{id}/revoke");
    let before = p.fingerprint();
    for path in ["/profile/api/new", revoke.as_str()] {
        let wanted = format!("/confirm-password?next={}", path.replace('/', "%2F"));
        assert_eq!(ada.open(path).expect(303).location(), Some(wanted.as_str()));
        let page = ada.post_fields(path, &[("csrf", &csrf), ("name", "x"), ("scope", "read")]);
        if page.status != 400 {
            assert_eq!(page.expect(303).location(), Some(wanted.as_str()));
        }
        ada.post_fields(path, &[("csrf", &csrf)]);
    }
    before.assert_same(&p.fingerprint(), "an old sign-in");
}

const FORM: &[(&str, &str)] = &[("content-type", "application/x-www-form-urlencoded")];

#[test]
fn a_token_is_had_in_every_way_that_scripts_use() {
    let p = with_ada();
    let (id, secret) = p.api_client(ADA, true);
    let mut script = p.api_without_token();
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let json =
        serde_json::json!({ "grant_type": "client_credentials", "client_id": id, "client_secret": secret });
    let basic = format!(
        "Basic {}",
        data_encoding::BASE64.encode(format!("{id}:{secret}").as_bytes())
    );
    let replies = [
        script.send("POST", "/api/v1/token", FORM, Some(form.as_bytes())),
        script.send("POST", &format!("/api/v1/token?{form}"), &[], Some(b"")),
        script.post("/api/v1/token", &json),
        script.send(
            "POST",
            "/api/v1/token",
            &[FORM[0], ("authorization", &basic)],
            Some(b"grant_type=client_credentials"),
        ),
    ];
    for reply in replies {
        let answer = reply.expect(200).json();
        assert_eq!(
            (&answer["token_type"], &answer["expires_in"]),
            (&"Bearer".into(), &3599.into())
        );
        let mut client = p.api_without_token();
        client.bearer = answer["access_token"].as_str().unwrap().to_owned();
        assert_eq!(client.get("/api/v1/me").expect(200).json()["email"], ADA);
    }
    assert_eq!(p.events_of("api-client.token-issued").len(), 4);
}

#[test]
fn a_token_is_refused_in_the_words_of_the_standard() {
    let p = with_ada();
    let (id, secret) = p.api_client(ADA, true);
    let mut script = p.api_without_token();
    for (body, status, error) in [
        (
            format!("grant_type=client_credentials&client_id={id}&client_secret=wrong"),
            401,
            "invalid_client",
        ),
        (
            format!("grant_type=client_credentials&client_id=nobody&client_secret={secret}"),
            401,
            "invalid_client",
        ),
        (
            format!("grant_type=client_credentials&client_id={id}"),
            401,
            "invalid_client",
        ),
        ("grant_type=client_credentials".to_owned(), 401, "invalid_client"),
        (
            format!("grant_type=password&client_id={id}&client_secret={secret}"),
            400,
            "unsupported_grant_type",
        ),
        (
            format!("client_id={id}&client_secret={secret}"),
            400,
            "invalid_request",
        ),
    ] {
        let reply = script.send("POST", "/api/v1/token", FORM, Some(body.as_bytes()));
        assert_eq!(reply.expect(status).json()["error"], error, "{body}");
    }
    // Expired, bent, and none at all; and a cookie is nothing to the API.
    let mut client = p.api(ADA);
    client.get("/api/v1/me/sessions").expect(200);
    assert_eq!(
        client.get("/api/v1/me/api-clients").expect(200).json()["clients"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    p.advance_wall(TimeDelta::seconds(3620));
    client.get("/api/v1/me").expect(401);
    p.api_without_token().get("/api/v1/me").expect(401);
    p.sign_in(ADA).open("/api/v1/me").expect(401);
}

#[test]
fn a_link_in_anothers_session_says_so_and_leads_on() {
    let (p, cast) = Portal::with_cast();
    // One link of each kind that is mailed, and to whom.
    let mut pat = p.sign_in("pat@bramwell.example");
    pat.get("/access/request-for-customer").expect(200);
    pat.fill_and_send(
        "Send Request",
        &[
            ("name", "Newclient"),
            ("domain", "newclient.example"),
            ("customer_emails", "lee@newclient.example"),
        ],
    )
    .expect(303);
    p.api("noa@newcomer.example")
        .post(
            "/api/v1/access-requests",
            &serde_json::json!({ "domain": "xyz.example", "scope": "virtual-accounts", "role": "virtual-user", "virtual_accounts": [cast.public.to_string()] }),
        )
        .expect(201);
    let (at, id, link) = (p.clock.now(), PersonId::new(), LinkId::new());
    p.db.housekeeping_now(|tx| {
        let email = EmailAddress::parse("ida@xyz.example").unwrap();
        let name = Name::parse("ida@xyz.example", "name").unwrap();
        let person = people::add(tx, at, id, &email, &name, None, 0)?;
        identity::invite(tx, at, &Who::portal("test"), link, &person, "Ada Lindqvist")
    })
    .unwrap();
    let reset = ask_for_link(&p);
    let mail = p.mail();
    let mut kinds = std::collections::BTreeSet::new();
    for (link, to, leads) in [
        (
            link_in(&mail.last_to("lee@newclient.example")),
            "lee@newclient.example",
            200,
        ),
        (link_in(&mail.last_to("ida@xyz.example")), "ida@xyz.example", 200),
        (reset, ADA, 200),
        (
            mail.all_to(ADA)
                .iter()
                .map(link_in)
                .find(|link| link.starts_with("/ar/"))
                .unwrap(),
            ADA,
            303,
        ),
    ] {
        kinds.insert(link.split('/').nth(1).unwrap().to_owned());
        let mut eve = p.sign_in("eve@harborview.example");
        let before = p.fingerprint();
        let page = eve.open(&link).expect(403).clone();
        page.shows("This link was sent to another person")
            .shows("eve@harborview.example")
            .shows_not(to);
        // Whoever sends the form behind the link all the same is told the same.
        let csrf = page.attrs("input[name=csrf]", "value")[0].clone();
        let mut fields = vec![
            ("csrf", csrf.as_str()),
            ("password", NEW),
            ("password_again", NEW),
        ];
        if !link.starts_with("/password/") {
            fields.push(("name", "Eve"));
        }
        let sent = eve.post_fields(&link, &fields).status;
        assert!(matches!(sent, 403 | 405), "{link}: {sent}");
        before.assert_same(&p.fingerprint(), &link);
        assert!(signed_in(&eve), "{link} ended the session");
        eve.open(&link).expect(403);
        let on = eve.fill_and_send("form.actions", &[]).expect(303).clone();
        assert_eq!(on.location(), Some(link.as_str()));
        assert!(!signed_in(&eve));
        eve.open(&link).expect(leads);
        if leads == 303 {
            let login = eve.page().location().unwrap().to_owned();
            assert!(login.starts_with("/login?next=%2Far%2F"), "{login}");
        }
    }
    assert_eq!(kinds.len(), 4, "{kinds:?}");
}

#[test]
fn a_token_is_given_when_nothing_can_be_written() {
    let (p, _) = Portal::with_cast();
    let client = p.api_client("ada@xyz.example", true);
    p.stop_writing();
    // A script still comes in and reads; what it writes is refused for now.
    let mut api = p.api_of(client);
    api.get("/api/v1/me").expect(200);
    api.get("/api/v1/accounts").expect(200);
    let asked = serde_json::json!({ "domain": "bramwell.example", "scope": "virtual-accounts", "role": "virtual-user", "virtual_account_names": ["DEFAULT"] });
    api.post("/api/v1/access-requests", &asked).expect(503);
}
