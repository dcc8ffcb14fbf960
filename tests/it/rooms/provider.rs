//! Sign-in by an identity provider: who comes in, who is asked for a password first, and which answers are not taken.

use crate::support::provider::{Forgery, Provider};
use crate::support::{Browser, PASSWORD, Page, Portal};
use chrono::TimeDelta;
use licentral::authn::{PlatformRole, people, totp};
use licentral::kernel::{EmailAddress, Secret};
use licentral::platform::config::Config;
use serde_json::{Value, json};

const ADA: &str = "ada@xyz.example";
const NEW: &str = "nia@company.example";

fn newcomer() -> Value {
    json!({ "sub": "n-1", "email": NEW, "email_verified": true, "name": "Nia Okafor", "groups": ["ops", "all"] })
}

fn ada() -> Value {
    json!({ "sub": "a-1", "email": "Ada@XYZ.example", "email_verified": true, "name": "Somebody" })
}

/// As the settings have it.
fn plain(_: &mut Config) {}

/// There and back; the answer to the provider's answer.
fn come<'b>(idp: &Provider, browser: &'b mut Browser) -> &'b Page {
    let back = answer(idp, browser, "/login/provider?next=/profile/sessions");
    browser.open(&back)
}

/// There, and the way back that the provider gives.
fn answer(idp: &Provider, browser: &mut Browser, path: &str) -> String {
    let to = browser.open(path).expect(303).location().unwrap().to_owned();
    idp.authorize(&to)
}

fn is_in(browser: &Browser) -> bool {
    browser.clone().open("/profile").status == 200
}

fn roles(p: &Portal, email: &str) -> Vec<PlatformRole> {
    let email = EmailAddress::parse(email).unwrap();
    let read = |r: &mut licentral::platform::db::Read<'_>| {
        let person = people::by_email(r, &email)?.unwrap();
        people::platform_roles(r, person.id)
    };
    p.db.read_now(read).unwrap()
}

#[test]
fn who_is_new_comes_in_with_the_roles_of_their_groups() {
    let idp = Provider::start(newcomer());
    let p = idp.portal(plain);
    p.person("olga@company.example", "Olga Brandt");
    let mut nia = p.browser();
    nia.open("/login").expect(200).shows("Sign in with Company");
    assert_eq!(
        come(&idp, &mut nia).expect(303).location(),
        Some("/profile/sessions")
    );
    nia.follow().expect(200).shows("Identity provider");
    assert_eq!(roles(&p, NEW), [PlatformRole::Operator]);
    assert_eq!(p.events_of("person.added").len(), 1);
    assert_eq!(p.events_of("person.provider-linked").len(), 1);
    assert!(p.events_of("person.signed-in")[0].detail.contains("provider"));

    // Another address there, and other groups: the same person, and the last operator stays one.
    idp.steer().person = json!({ "sub": "n-1", "email": "nia.smith@elsewhere.example", "groups": "help" });
    let mut again = p.browser();
    come(&idp, &mut again).expect(303);
    again.open("/profile").expect(200).shows(NEW);
    assert_eq!(roles(&p, NEW), [PlatformRole::Operator, PlatformRole::Support]);
    p.db.housekeeping_now(|tx| {
        let olga = people::by_email(tx, &EmailAddress::parse("olga@company.example").unwrap())?.unwrap();
        people::give_platform_role(tx, olga.id, PlatformRole::Operator)
    })
    .unwrap();
    come(&idp, &mut again).expect(303);
    assert_eq!(roles(&p, NEW), [PlatformRole::Support]);
    assert_eq!(p.events_of("role.removed").len(), 1);

    // Out here; out there is one's own choice.
    again.open("/profile").expect(200);
    again.fill_and_send("form[action='/logout']", &[]).expect(303);
    let page = again.follow().expect(200).shows("still knows you").clone();
    let there = &page.attrs(".flash a", "href")[0];
    assert!(
        there.starts_with(&format!("{}/end?client_id=licentral&", idp.issuer)),
        "{there}"
    );
    assert!(!is_in(&again) && is_in(&nia));

    // Who has no password comes in by the provider: nothing is amiss.
    assert_eq!(licentral::simulator::check(&p.db).unwrap(), Vec::<String>::new());

    // Whoever is disabled here stays out.
    p.db.housekeeping_now(|tx| {
        let nia = people::by_email(tx, &EmailAddress::parse(NEW).unwrap())?.unwrap();
        people::set_state(tx, nia.id, people::PersonState::Disabled)
    })
    .unwrap();
    come(&idp, &mut again).expect(303);
    again.follow().shows("is disabled");
    assert!(!is_in(&again));
}

#[test]
fn an_address_alone_opens_no_user_account_that_is_there_already() {
    let idp = Provider::start(ada());
    let p = idp.portal(plain);
    p.person(ADA, "Ada Lindqvist");
    let mut ada_there = p.browser();
    assert_eq!(
        come(&idp, &mut ada_there).expect(303).location(),
        Some("/login/link?next=%2Fprofile%2Fsessions")
    );
    ada_there.follow().expect(200).shows("Give its password once");
    assert!(!is_in(&ada_there));
    let link = "form[action='/login/link']";
    ada_there
        .fill_and_send(link, &[("password", "not the password")])
        .expect(422)
        .shows("not right");
    assert!(!is_in(&ada_there));
    // The second factor is asked for as at every sign-in, and nothing is linked before.
    let into = p.clock.wall().utc().timestamp().rem_euclid(30);
    p.advance_wall(TimeDelta::seconds(31 - into));
    let mut own = p.sign_in(ADA);
    let shown = own.get("/profile/second-factor/set-up").expect(200).clone();
    let address = &shown.attrs("a[href^='otpauth:']", "href")[0];
    let secret = Secret::new(
        address
            .split_once("secret=")
            .unwrap()
            .1
            .split('&')
            .next()
            .unwrap(),
    );
    let code = |p: &Portal| totp::shown(&secret, p.clock.wall()).unwrap();
    own.fill_and_send(
        "form[action='/profile/second-factor/set-up']",
        &[("code", &code(&p))],
    )
    .expect(200);
    p.advance_wall(TimeDelta::seconds(30));
    ada_there
        .fill_and_send(link, &[("password", PASSWORD)])
        .expect(200)
        .shows("Enter a code");
    assert!(!is_in(&ada_there));
    assert_eq!(p.events_of("person.provider-linked").len(), 0);
    let step = "form[action='/login/code']";
    ada_there.fill_and_send(step, &[("code", &code(&p))]).expect(303);
    ada_there.follow().expect(200).shows("Identity provider and code");
    assert_eq!(p.events_of("person.provider-linked").len(), 1);

    // From now on without the password; the code is asked for here.
    let mut later = p.browser();
    assert_eq!(
        come(&idp, &mut later).expect(303).location(),
        Some("/login/code?next=%2Fprofile%2Fsessions")
    );
    later.follow().expect(200);
    p.advance_wall(TimeDelta::seconds(30));
    later.fill_and_send(step, &[("code", &code(&p))]).expect(303);
    assert!(is_in(&later));

    // An address that the provider has not seen to be theirs counts for nothing.
    idp.steer().person = json!({ "sub": "x-1", "email": "new@company.example", "email_verified": false });
    let mut other = p.browser();
    come(&idp, &mut other).expect(303);
    other.follow().shows("no e-mail address that it has verified");
    assert!(!is_in(&other));

    // Somebody else to whom an address went that belongs to a person without a password.
    idp.steer().person = newcomer();
    come(&idp, &mut other).expect(303);
    assert!(is_in(&other));
    idp.steer().person["sub"] = json!("n-2");
    let mut second = p.browser();
    come(&idp, &mut second).expect(303);
    second.follow().shows("linked to another account");
    assert!(!is_in(&second));

    // Who was invited need not set a password.
    p.invited("ivo@company.example", "ivo@company.example");
    idp.steer().person = json!({ "sub": "i-1", "email": "ivo@company.example", "email_verified": "true", "given_name": "Ivo", "family_name": "Marin" });
    let mut ivo = p.browser();
    come(&idp, &mut ivo).expect(303);
    assert!(is_in(&ivo));
    let accepted = p.events_of("person.invitation-accepted");
    assert!(accepted[0].message.contains("Ivo Marin"), "{accepted:?}");
}

type Bend = fn(&mut Value);

#[test]
fn answers_that_are_not_for_this_sign_in_are_not_taken() {
    let idp = Provider::start(newcomer());
    let p = idp.portal(plain);
    let bent: &[(&str, Bend)] = &[
        ("another issuer", |c| c["iss"] = json!("https://evil.example")),
        ("cannot be read", |c| {
            c["iss"] = json!([c["iss"], "https://evil.example"])
        }),
        ("another client", |c| c["aud"] = json!("other")),
        ("another client", |c| c["aud"] = json!(["licentral", "other"])),
        ("another client", |c| c["azp"] = json!("other")),
        ("another sign-in", |c| c["nonce"] = json!("other")),
        ("another sign-in", |c| c["nonce"] = Value::Null),
        ("expired", |c| c["exp"] = json!(c["exp"].as_i64().unwrap() - 361)),
        ("from the future", |c| {
            c["iat"] = json!(c["iat"].as_i64().unwrap() + 120)
        }),
        ("names nobody", |c| c["sub"] = json!("")),
        ("somebody else", |c| c["sub"] = json!("n-9")),
    ];
    let mut tries = 0;
    let mut refused = |says: &str| {
        let mut browser = p.browser();
        assert_eq!(
            come(&idp, &mut browser).expect(303).location(),
            Some("/login"),
            "{says}"
        );
        browser.follow().shows(says);
        assert!(!is_in(&browser), "{says}");
        tries += 1;
        // Tries are counted; this test is about answers.
        p.advance_wall(TimeDelta::minutes(20));
    };
    for (says, bend) in bent {
        idp.steer().bend = Some(Box::new(*bend));
        refused(says);
    }
    idp.steer().bend = None;
    for (says, forgery) in [
        ("signature", Forgery::OtherKey),
        ("key is not one", Forgery::Hmac),
        ("cannot be read", Forgery::Unsigned),
    ] {
        idp.steer().forgery = Some(forgery);
        refused(says);
    }
    idp.steer().forgery = None;
    idp.steer().userinfo = Some(json!({ "sub": "n-9", "email": "eve@evil.example" }));
    refused("somebody else");
    idp.steer().userinfo = None;
    assert_eq!(p.events_of("person.sign-in-failed").len(), tries);
    assert_eq!(p.events_of("person.added").len(), 0);

    // An answer that another browser has fetched, and one that says where it is from, wrongly.
    let (mut nia, mut eve) = (p.browser(), p.browser());
    let back = answer(&idp, &mut eve, "/login/provider");
    nia.open(&back).expect(303);
    nia.follow().shows("not begun in this browser");
    assert!(!is_in(&nia));
    eve.open(&format!("{back}&iss=https%3A%2F%2Fevil.example"))
        .expect(303);
    eve.follow().shows("another issuer");
    // The answer of a browser once more, with the cookies of then: even where the provider takes a code twice.
    idp.steer().takes_codes_again = true;
    let back = answer(&idp, &mut nia, "/login/provider");
    let mut then = nia.clone();
    nia.open(&back).expect(303);
    assert!(is_in(&nia));
    then.open(&back).expect(303);
    then.follow().shows("finished already");
    assert!(!is_in(&then));
    // And ten minutes are enough.
    let back = answer(&idp, &mut then, "/login/provider");
    p.advance_wall(TimeDelta::minutes(10));
    then.open(&back).expect(303);
    then.follow().shows("ten minutes ago");
    assert!(!is_in(&then));
    // A network that goes on so has to wait.
    for _ in 0..25 {
        eve.open("/login/provider/callback?state=x&code=y");
    }
    assert_eq!(eve.page().status, 429);
}

#[test]
fn keys_are_changed_and_a_missing_one_is_looked_for_once() {
    let idp = Provider::start(newcomer());
    let p = idp.portal(plain);
    come(&idp, &mut p.browser()).expect(303);
    assert_eq!(idp.steer().key_fetches, 1);
    come(&idp, &mut p.browser()).expect(303);
    assert_eq!(idp.steer().key_fetches, 1, "kept");
    idp.change_key("second");
    let mut nia = p.browser();
    come(&idp, &mut nia).expect(303);
    assert!(is_in(&nia));
    assert_eq!(idp.steer().key_fetches, 2, "a new key is found");
    idp.change_key("third");
    let mut late = p.browser();
    come(&idp, &mut late).expect(303);
    late.follow().shows("key is not one");
    assert_eq!(idp.steer().key_fetches, 2, "and not asked for again at once");
}

#[test]
fn a_second_factor_is_the_portals_unless_the_provider_stands_for_it() {
    let idp = Provider::start(newcomer());
    for (by_provider, opens) in [(false, 303), (true, 200)] {
        let p = idp.portal(|config| {
            config.needs_second_factor = true;
            if let Some(provider) = &mut config.identity_provider {
                provider.is_second_factor = by_provider;
            }
        });
        let mut nia = p.browser();
        come(&idp, &mut nia).expect(303);
        assert_eq!(nia.open("/profile").status, opens, "{by_provider}");
        if by_provider {
            nia.open("/profile/sessions").shows("second factor there");
        }
        // What is sensitive asks once more who it is: by the provider, which has to ask as well.
        idp.steer().bend = Some(Box::new(|c| {
            c["auth_time"] = json!(c["iat"].as_i64().unwrap() - 3600)
        }));
        let mut stale = p.browser();
        come(&idp, &mut stale).expect(303);
        let path = "/profile/second-factor/set-up";
        let to = stale.open(path).expect(303).location().unwrap().to_owned();
        assert!(to.starts_with("/confirm-password?next="), "{to}");
        stale.open(&to).expect(200).shows("Sign in with Company again");
        let again = stale.page().attrs("a.btn.primary", "href")[0].clone();
        let back = answer(&idp, &mut stale, &again);
        stale.open(&back).expect(303);
        stale.follow().shows("did not ask once more");
        idp.steer().bend = None;
        let mut stale = p.browser();
        let back = answer(&idp, &mut stale, &again);
        assert_eq!(stale.open(&back).expect(303).location(), Some(path));
        stale.open(path).expect(200);
    }
}
