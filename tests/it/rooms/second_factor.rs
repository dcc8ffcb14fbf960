//! Second factors: set up, asked for, used up, lost and removed. Row 20 of the security bar.

use crate::support::{Browser, PASSWORD, Page, Portal, licentral};
use chrono::TimeDelta;
use licentral::authn::totp;
use licentral::kernel::Secret;
use std::path::Path;

const ADA: &str = "ada@xyz.example";

/// Begins a new step of 30 seconds, so that none ends while codes are computed and sent.
fn new_step(p: &Portal) {
    let into = p.clock.wall().utc().timestamp().rem_euclid(30);
    p.advance_wall(TimeDelta::seconds(31 - into));
}

/// The code that an authenticator shows whose clock is off by so many seconds.
fn code(p: &Portal, secret: &Secret, off: i64) -> String {
    totp::shown(secret, p.clock.wall().plus(TimeDelta::seconds(off))).unwrap()
}

/// The secret that the page of setting one up shows.
fn secret_of(page: &Page) -> Secret {
    let address = &page.attrs("a[href^='otpauth:']", "href")[0];
    let (_, rest) = address.split_once("secret=").unwrap();
    Secret::new(rest.split('&').next().unwrap())
}

/// Sets a second factor up in the pages; gives the secret and the recovery codes.
fn set_up(p: &Portal, browser: &mut Browser) -> (Secret, Vec<String>) {
    new_step(p);
    let secret = secret_of(browser.get("/profile/second-factor/set-up").expect(200));
    let now = code(p, &secret, 0);
    let shown = browser.fill_and_send("form[action='/profile/second-factor/set-up']", &[("code", &now)]);
    let codes = shown.expect(200).texts("pre[aria-label='Recovery codes']")[0]
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    (secret, codes)
}

/// The first step of a sign-in: login and password.
fn first_step<'b>(browser: &'b mut Browser, email: &str) -> &'b Page {
    browser.open("/login").expect(200);
    browser.fill_and_send(
        "form[action='/login']",
        &[("email", email), ("password", PASSWORD)],
    )
}

fn second_step<'b>(browser: &'b mut Browser, code: &str) -> &'b Page {
    browser.fill_and_send("form[action='/login/code']", &[("code", code)])
}

fn is_in(browser: &Browser) -> bool {
    browser.clone().open("/profile").status == 200
}

#[test]
fn a_code_is_asked_for_after_the_password_and_is_good_once() {
    let p = Portal::start();
    p.person(ADA, "Ada Lindqvist");
    let (mut ada, other) = (p.sign_in(ADA), p.sign_in(ADA));
    let before = p.fingerprint();
    let (secret, codes) = set_up(&p, &mut ada);
    assert_eq!(codes.len(), 10);
    assert!(is_in(&ada) && !is_in(&other), "other sessions end");
    let rows = before.differences(&p.fingerprint());
    assert!(
        rows.contains("+ second_factors") && rows.contains("+ recovery_codes"),
        "{rows}"
    );
    assert!(!rows.contains(secret.reveal()), "the secret is in the database");
    assert!(!codes.iter().any(|code| rows.contains(&code.replace('-', ""))));
    ada.open("/profile/second-factor").expect(200).shows("10 of 10");
    // The page that showed the codes came with a new cookie: its forms go with it.
    p.run_jobs();
    assert_eq!(p.mail().last_to(ADA).subject, "Your second factor is set up");

    let mut phone = p.browser();
    first_step(&mut phone, ADA).expect(200).shows("Enter a code");
    assert!(!is_in(&phone), "the password alone");
    let used = code(&p, &secret, 0);
    second_step(&mut phone, &used).expect(422).shows("used already");
    new_step(&p);
    let now = code(&p, &secret, 0);
    let (mut thief, step) = (p.browser(), phone.clone());
    second_step(&mut phone, &now).expect(303);
    assert!(is_in(&phone));
    phone.open("/profile/sessions").shows("Password and code");
    // Whoever looked over the shoulder has the very same page and code.
    thief.clone_from(&step);
    second_step(&mut thief, &now).expect(422);
    assert!(!is_in(&thief));
    assert_eq!(p.events_of("person.second-step-asked").len(), 1);

    // A recovery code, as it was written down, once.
    let mut without = p.browser();
    first_step(&mut without, ADA).expect(200);
    second_step(&mut without, &codes[3].to_uppercase().replace('-', " ")).expect(303);
    assert!(is_in(&without));
    without.open("/profile/second-factor").shows("9 of 10");
    first_step(&mut thief, ADA).expect(200);
    second_step(&mut thief, &codes[3]).expect(422);
    p.run_jobs();
    assert_eq!(p.mail().last_to(ADA).subject, "A recovery code was used");
}

#[test]
fn the_clock_of_a_phone_may_be_one_step_off() {
    let p = Portal::start();
    p.person(ADA, "Ada Lindqvist");
    let mut ada = p.sign_in(ADA);
    new_step(&p);
    let secret = secret_of(ada.get("/profile/second-factor/set-up").expect(200));
    let form = "form[action='/profile/second-factor/set-up']";
    ada.fill_and_send(form, &[("code", &code(&p, &secret, 60))])
        .expect(422)
        .shows("60 seconds ahead");
    ada.fill_and_send(form, &[("code", &code(&p, &secret, -30))])
        .expect(200)
        .shows("Your recovery codes");
    for (off, status) in [(60, 422), (-90, 422), (30, 303)] {
        new_step(&p);
        let mut phone = p.browser();
        first_step(&mut phone, ADA).expect(200);
        second_step(&mut phone, &code(&p, &secret, off)).expect(status);
    }
    // A time step that was used stays used, and so do those before it.
    let mut late = p.browser();
    first_step(&mut late, ADA).expect(200);
    second_step(&mut late, &code(&p, &secret, 0)).expect(422);
}

#[test]
fn a_stolen_session_and_an_old_password_change_no_second_factor() {
    let p = Portal::start();
    p.person(ADA, "Ada Lindqvist");
    let mut stolen = p.sign_in(ADA);
    p.advance_wall(TimeDelta::minutes(11));
    stolen
        .get("/profile/second-factor/set-up")
        .expect(200)
        .shows("Confirm your password");
    let mut ada = p.sign_in(ADA);
    let (secret, _) = set_up(&p, &mut ada);
    assert!(!is_in(&stolen));
    // A session that was stolen afterwards, with a password and without the phone.
    let mut stolen = ada.clone();
    let form = "form[action='/profile/second-factor/remove']";
    let mut send = |password: &str, code: &str| {
        stolen.open("/profile/second-factor/remove").expect(200);
        stolen
            .fill_and_send(form, &[("current_password", password), ("code", code)])
            .status
    };
    assert_eq!(send("the old password", &code(&p, &secret, 30)), 422);
    assert_eq!(send(PASSWORD, "000000"), 422);
    assert_eq!(send(PASSWORD, ""), 422);
    for _ in 0..4 {
        send(PASSWORD, "000000");
    }
    assert_eq!(send(PASSWORD, &code(&p, &secret, 30)), 429, "tries are counted");
    p.advance_wall(TimeDelta::minutes(20));
    new_step(&p);
    assert_eq!(send(PASSWORD, &code(&p, &secret, 0)), 303);
    assert_eq!(p.events_of("person.second-factor-removed").len(), 1);
    p.run_jobs();
    assert_eq!(p.mail().last_to(ADA).subject, "Your second factor was removed");
    first_step(&mut p.browser(), ADA).expect(303);
}

#[test]
fn guesses_of_a_code_are_slowed_and_a_first_step_does_not_last() {
    let p = Portal::start();
    p.person(ADA, "Ada Lindqvist");
    let (secret, _) = set_up(&p, &mut p.sign_in(ADA));
    let mut guesser = p.browser();
    first_step(&mut guesser, ADA).expect(200);
    let statuses: Vec<u16> = (0..8)
        .map(|n| second_step(&mut guesser, &format!("00000{n}")).status)
        .collect();
    assert!(
        statuses.starts_with(&[422; 5]) && statuses.contains(&429),
        "{statuses:?}"
    );
    new_step(&p);
    second_step(&mut guesser, &code(&p, &secret, 0)).expect(303);
    let mut slow = p.browser();
    first_step(&mut slow, ADA).expect(200);
    p.advance_wall(TimeDelta::minutes(11));
    new_step(&p);
    let page = second_step(&mut slow, &code(&p, &secret, 0)).expect(303);
    assert_eq!(page.location(), Some("/login"));
    assert!(!is_in(&slow));
}

#[test]
fn whoever_looks_after_a_server_removes_a_lost_second_factor() {
    let p = super::system_users::with_users();
    let mut ines = p.sign_in("ines@on-prem.example");
    let uma = p.find_person("uma@on-prem.example").id;
    set_up(&p, &mut p.sign_in("uma@on-prem.example"));
    ines.get("/admin/users").expect(200).shows("This user has none.");
    ines.get(&format!("/admin/users/{uma}/second-factor")).expect(200);
    ines.fill_and_submit("Remove second factor", &[])
        .expect(200)
        .shows("is removed");
    p.run_jobs();
    p.mail()
        .last_to("uma@on-prem.example")
        .text
        .find("removed it")
        .unwrap();
    // The last administrator: nobody else can help, and nobody's own goes without a code.
    let own = p.find_person("ines@on-prem.example").id;
    set_up(&p, &mut ines);
    let address = format!("/admin/users/{own}/second-factor");
    let csrf = ines.csrf();
    ines.post_fields(&address, &[("csrf", &csrf)]).expect(409);
    let (done, said) = licentral(
        &[
            "remove-second-factor",
            "ines@on-prem.example",
            "--database-url",
            p.database_url(),
        ],
        Path::new("."),
    );
    assert!(done && said.contains("is removed"), "{said}");
    assert!(!is_in(&ines));
    first_step(&mut p.browser(), "ines@on-prem.example").expect(303);
    let events = p.events_of("person.second-factor-removed");
    assert_eq!(events.len(), 2);
    p.run_jobs();
    p.mail()
        .last_to("ines@on-prem.example")
        .text
        .find("removed it")
        .unwrap();
    let (done, said) = licentral(
        &[
            "remove-second-factor",
            "nobody@on-prem.example",
            "--database-url",
            p.database_url(),
        ],
        Path::new("."),
    );
    assert!(!done && said.contains("Nobody has the address"), "{said}");
}

#[test]
fn a_click_on_the_cast_asks_for_a_code_once_there_is_a_second_factor() {
    let (p, _) = Portal::with_cast();
    let mut ada = p.browser();
    let click = "form:has(input[value='ada@xyz.example'])";
    ada.open("/login").expect(200);
    ada.fill_and_send(click, &[]).expect(303);
    let (secret, _) = set_up(&p, &mut ada);
    ada.get("/profile/sessions").shows("Cast of the lab");
    let mut again = p.browser();
    again.open("/login").expect(200);
    again.fill_and_send(click, &[]).expect(200).shows("Enter a code");
    new_step(&p);
    second_step(&mut again, &code(&p, &secret, 0)).expect(303);
    assert!(is_in(&again));
}

#[test]
fn an_account_that_requires_a_second_factor_opens_to_nobody_without_one() {
    let (p, cast) = Portal::with_cast();
    let number = cast.xyz.number;
    let page = format!("/sa/{number}/account/users/second-factor");
    let (mut ada, mut cy) = (p.sign_in(ADA), p.sign_in("cy@xyz.example"));
    let mut script = p.api("cy@xyz.example");
    cy.get(&format!("/sa/{number}")).expect(200);
    script.get(&format!("/api/v1/accounts/{number}")).expect(200);
    ada.open(&page).expect(200).shows("Not required");
    ada.fill_and_send("Save", &[("required", "1")])
        .expect(409)
        .shows("a second factor of your own first");
    set_up(&p, &mut ada);
    ada.open(&page).expect(200);
    ada.fill_and_submit("Save", &[("required", "1")])
        .expect(200)
        .shows("opens only to those");
    ada.get(&format!("/sa/{number}")).expect(200);

    // Cy is led to the set-up, and from there to where he wanted to go.
    let wanted = format!("/sa/{number}/licensing/inventory");
    let led = cy.open(&wanted).expect(303);
    assert!(
        led.location()
            .unwrap()
            .starts_with("/profile/second-factor?next=%2Fsa")
    );
    cy.follow()
        .expect(200)
        .shows("opens only to those who sign in with a second factor");
    let refused = script
        .get(&format!("/api/v1/accounts/{number}"))
        .expect(403)
        .json();
    assert_eq!(refused["code"], "second-factor-needed");
    cy.open("/software-central")
        .expect(200)
        .shows_not("License Inventory");
    cy.open(&led_to(&wanted)).expect(200);
    new_step(&p);
    let secret = secret_of(cy.click("Set up"));
    let now = code(&p, &secret, 0);
    cy.fill_and_send("form[action='/profile/second-factor/set-up']", &[("code", &now)])
        .expect(200)
        .shows("Your recovery codes");
    assert_eq!(cy.page().attrs(".secret a", "href"), [wanted.as_str()]);
    cy.get(&wanted).expect(200);
    // A stranger still knows of nothing.
    p.person("eve@else.example", "Eve Sand");
    p.sign_in("eve@else.example").get(&wanted).expect(404);
}

/// Where somebody is led who asked for a page.
fn led_to(wanted: &str) -> String {
    let next: String = url::form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
    format!("/profile/second-factor?next={next}")
}

#[test]
fn where_everybody_needs_a_second_factor_nothing_opens_before_one_is_set_up() {
    let p = Portal::start_as(|config| config.needs_second_factor = true);
    p.person(ADA, "Ada Lindqvist");
    let (mut ada, mut script) = (p.sign_in(ADA), p.api(ADA));
    for path in [
        "/software-central",
        "/profile",
        "/profile/api",
        "/profile/sessions",
    ] {
        assert_eq!(ada.open(path).expect(303).location(), Some(led_to(path).as_str()));
    }
    script.get("/api/v1/me").expect(403);
    ada.get("/help/second-factor").expect(200);
    set_up(&p, &mut ada);
    ada.open("/software-central").expect(200);
    ada.open("/profile").expect(200);
}
