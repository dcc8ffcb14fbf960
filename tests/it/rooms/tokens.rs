//! Registration tokens: the tab General of a Virtual Account, Token Management, and what a token opens.

use crate::support::{Account, Browser, Cast, Portal, as_many_as};
use chrono::TimeDelta;
use licentral::error::Error;
use licentral::kernel::ids::VirtualAccountId;
use licentral::tokens;
use serde_json::json;

fn general(account: &Account, place: VirtualAccountId) -> String {
    format!("/sa/{}/licensing/inventory/{place}/general", account.number)
}

fn management(account: &Account) -> String {
    format!("/sa/{}/devices/token-management", account.number)
}

/// The text in the pop-up that is open.
fn text_on(browser: &Browser) -> String {
    let texts = browser.page().texts("dialog .copy code");
    assert_eq!(texts.len(), 1, "{}", browser.text_of_main());
    texts[0].clone()
}

/// With what code a token is refused, or "" when it opens something.
fn refusal(p: &Portal, text: &str) -> String {
    let at = p.clock.now();
    let looked = p.db.read_now(|r| tokens::look_up(r, at, text));
    let used = p.db.housekeeping_now(|tx| tokens::redeem(tx, at, text));
    let code = |result: licentral::error::Result<tokens::Redeemed>| match result {
        Ok(_) => String::new(),
        Err(Error::Refused(refusal)) => refusal.code.to_owned(),
        Err(other) => panic!("{other:?}"),
    };
    let (looked, used) = (code(looked), code(used));
    assert_eq!(looked, used, "looking and using say the same");
    used
}

#[test]
fn a_token_is_created_copied_downloaded_and_revoked() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&general(&cast.xyz, cast.xyz.default))
        .expect(200)
        .shows("Product Instance Registration Tokens")
        .shows("No tokens yet");
    ada.click("New Token")
        .expect(200)
        .shows("Create Registration Token");
    let (_, fields) = ada.form("form[action$='/tokens/new']");
    let value = |name: &str| {
        fields
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value.as_str())
            .to_owned()
    };
    assert_eq!(value("days"), "30");
    assert_eq!(value("uses"), "");
    assert_eq!(value("export"), "1", "allowed unless the box is cleared");
    ada.fill_and_submit(
        "Create Token",
        &[("description", "Catalyst rollout"), ("uses", "25")],
    )
    .expect(200)
    .shows("Token created. It can register up to 25 product instances until")
    .shows("Catalyst rollout")
    .shows("0 of 25")
    .shows("Allowed")
    .shows("Active");
    let made = p.events_of("registration-token.created");
    assert_eq!(made.len(), 1);
    assert_eq!(made[0].virtual_account, Some(cast.xyz.default.to_string()));

    // Copy: the text is shown once it is in the record, and loading the page again adds nothing.
    assert!(p.events_of("registration-token.shown").is_empty());
    ada.fill_and_submit("Copy", &[]).expect(200);
    let text = text_on(&ada);
    assert!(text.ends_with("%0A") && text.len() > 130, "{text}");
    let here = ada.page().path.clone();
    ada.get(&here).expect(200);
    assert_eq!(text_on(&ada), text);
    assert_eq!(p.events_of("registration-token.shown").len(), 1);
    // The proof is hers alone and lasts some minutes.
    let mut cy = p.sign_in("cy@xyz.example");
    cy.get(&here)
        .expect(200)
        .shows("is shown to be copied. Each time it is shown is recorded");
    assert!(!cy.page().body.contains(&text));
    p.advance_wall(TimeDelta::minutes(6));
    ada.get(&here).expect(200).shows("Show token");
    ada.fill_and_submit("Show token", &[]).expect(200);
    assert_eq!(text_on(&ada), text);
    assert_eq!(p.events_of("registration-token.shown").len(), 2);

    // Download: a text file with the token and nothing else.
    ada.get(&general(&cast.xyz, cast.xyz.default)).expect(200);
    ada.fill_and_submit("Download", &[]).expect(200);
    assert_eq!(ada.page().body, format!("{text}\n"));
    assert!(
        ada.page()
            .header("content-disposition")
            .unwrap()
            .contains("token_DEFAULT")
    );
    assert_eq!(p.events_of("registration-token.shown").len(), 3);

    // It opens what it was made for.
    let at = p.clock.now();
    let opened = p.db.read_now(|r| tokens::look_up(r, at, &text)).unwrap();
    assert_eq!(
        (opened.account, opened.virtual_account),
        (cast.xyz.id, cast.xyz.default)
    );
    assert!(opened.export_controlled);
    assert_eq!(refusal(&p, &text), "");

    // Revoke.
    ada.get(&general(&cast.xyz, cast.xyz.default))
        .expect(200)
        .shows("1 of 25");
    ada.click("Revoke")
        .expect(200)
        .shows("Revoke registration token?");
    ada.fill_and_submit("Revoke token", &[])
        .expect(200)
        .shows("is revoked")
        .shows("Revoked");
    assert_eq!(p.events_of("registration-token.revoked").len(), 1);
    assert_eq!(refusal(&p, &text), "tokens.revoked");
    let revoke = here.split("/copy").next().unwrap().to_owned() + "/revoke";
    let csrf = ada.csrf();
    ada.post_fields(&revoke, &[("csrf", &csrf)]).expect(409);
    let copy = revoke.replace("/revoke", "/copy");
    ada.post_fields(&copy, &[("csrf", &csrf)])
        .expect(409)
        .shows("This registration token is Revoked");
}

#[test]
fn what_was_typed_wrongly_stays_with_the_reason_beside_it() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.sign_in("ada@xyz.example");
    let new = format!(
        "/sa/{}/licensing/inventory/{}/tokens/new",
        cast.xyz.number, cast.corporate
    );
    let before = p.fingerprint();
    for (days, uses, says) in [
        ("0", "", "Enter a whole number of days from 1 to 365."),
        ("366", "", "Enter a whole number of days from 1 to 365."),
        ("a week", "", "Enter a whole number of days from 1 to 365."),
        ("30", "0", "Enter a whole number from 1 to 10,000"),
        ("30", "10001", "Enter a whole number from 1 to 10,000"),
    ] {
        ada.get(&new).expect(200);
        ada.fill_and_send("Create Token", &[("days", days), ("uses", uses)])
            .expect(422)
            .shows(says);
        assert_eq!(
            ada.page().attrs("dialog input[name=days]", "value"),
            [days.to_owned()]
        );
    }
    before.assert_same(&p.fingerprint(), "wrong forms");
    // Pressed twice, it is made once.
    ada.get(&new).expect(200);
    let (action, fields) = ada.form("form[action$='/tokens/new']");
    let sent: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    ada.post_fields(&action, &sent).expect(303);
    ada.post_fields(&action, &sent).expect(303);
    assert_eq!(p.events_of("registration-token.created").len(), 1);
}

#[test]
fn who_may_not_manage_sees_no_text_and_reads_why() {
    let (p, cast) = Portal::with_cast();
    let (id, text) = p.registration_token(&cast.xyz, cast.corporate, Some(3));
    let one = format!("{}/{id}", management(&cast.xyz));
    let begin: String = text.chars().take(12).collect();
    for (email, page) in [
        ("vera@xyz.example", general(&cast.xyz, cast.corporate)),
        ("vera@xyz.example", management(&cast.xyz)),
    ] {
        let mut vera = p.sign_in(email);
        vera.get(&page)
            .expect(200)
            .shows("Hidden")
            .shows("Your role, Smart Account Viewer, cannot generate or revoke tokens.");
        assert!(!vera.page().body.contains(&begin));
        vera.get(&format!("{one}/copy")).expect(403);
        let csrf = vera.csrf();
        for what in ["copy", "download", "revoke"] {
            vera.post_fields(&format!("{one}/{what}"), &[("csrf", &csrf)])
                .expect(403);
        }
    }
    // Dan manages his own Virtual Account, Una another one: hers does not reach here.
    let mut dan = p.sign_in("dan@xyz.example");
    dan.get(&general(&cast.xyz, cast.corporate))
        .expect(200)
        .shows("New Token");
    dan.fill_and_submit("Copy", &[]).expect(200);
    assert_eq!(text_on(&dan), text);
    dan.get(&general(&cast.xyz, cast.public)).expect(404);
    let mut una = p.sign_in("una@xyz.example");
    una.get(&general(&cast.xyz, cast.corporate)).expect(404);
    una.get(&management(&cast.xyz)).expect(200).shows("No tokens yet");
    una.get(&format!("{one}/copy")).expect(404);
    let csrf = una.csrf();
    una.post_fields(&format!("{one}/revoke"), &[("csrf", &csrf)])
        .expect(404);
    // An approver sees no inventory; a stranger sees no account; a token of another Virtual Account is not here.
    p.sign_in("bob@xyz.example")
        .get(&management(&cast.xyz))
        .expect(403);
    p.sign_in("eve@harborview.example")
        .get(&format!("{one}/copy"))
        .expect(404);
    let mut ada = p.sign_in("ada@xyz.example");
    let elsewhere = format!(
        "/sa/{}/licensing/inventory/{}/tokens/{id}/copy",
        cast.xyz.number, cast.public
    );
    ada.get(&elsewhere).expect(404);
    ada.get(&format!("{}/no-id/copy", management(&cast.xyz)))
        .expect(404);
    assert_eq!(p.events_of("registration-token.shown").len(), 1);
}

#[test]
fn tokens_are_generated_for_several_virtual_accounts_at_once() {
    let (p, cast) = Portal::with_cast();
    let mut cy = p.sign_in("cy@xyz.example");
    cy.get(&management(&cast.xyz)).expect(200);
    cy.click("Generate a Token")
        .expect(200)
        .shows("Token generation disclaimer");
    cy.click("Next").expect(200).shows("Token expires after");
    let (corporate, public) = (cast.corporate.to_string(), cast.public.to_string());
    cy.fill_and_send("Next", &[])
        .expect(422)
        .shows("Select one or more Virtual Accounts.");
    let csrf = cy.csrf();
    let base = management(&cast.xyz);
    cy.post_fields(
        &format!("{base}/generate/accounts"),
        &[
            ("csrf", &csrf),
            ("va", &corporate),
            ("va", &public),
            ("description", "Rollout"),
            ("days", "60"),
            ("uses", "5"),
            ("export", "1"),
        ],
    )
    .expect(303);
    cy.follow()
        .expect(200)
        .shows("Corporate Network Devices")
        .shows("Public Network Devices")
        .shows("2 Virtual Accounts");
    let (action, mut fields) = cy.form("form[action$='/generate/review']");
    // The second is to be different: first wrongly, then well.
    let set = |fields: &mut Vec<(String, String)>, name: &str, value: &str| {
        let second = fields.iter_mut().filter(|(known, _)| known == name).nth(1);
        second.unwrap().1 = value.to_owned();
    };
    set(&mut fields, "days[]", "400");
    let send = |browser: &mut Browser, fields: &[(String, String)]| {
        let sent: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        browser.post_fields(&action, &sent).status
    };
    assert_eq!(send(&mut cy, &fields), 422);
    cy.page()
        .shows("Public Network Devices: Enter a whole number of days from 1 to 365.");
    assert!(p.events_of("registration-token.created").is_empty());
    set(&mut fields, "days[]", "7");
    set(&mut fields, "uses[]", "");
    set(&mut fields, "export[]", "not-allowed");
    assert_eq!(send(&mut cy, &fields), 303);
    let done = cy.page().location().unwrap().to_owned();
    assert_eq!(send(&mut cy, &fields), 303, "twice pressed");
    assert_eq!(p.events_of("registration-token.created").len(), 2);
    cy.get(&done).expect(200).shows("2 tokens were generated.");
    let texts = cy.page().texts(".copy code");
    assert_eq!(texts.len(), 2);
    let at = p.clock.now();
    let opened: Vec<tokens::Redeemed> = texts
        .iter()
        .map(|text| p.db.read_now(|r| tokens::look_up(r, at, text)).unwrap())
        .collect();
    assert_eq!(opened[0].virtual_account, cast.corporate);
    assert_eq!(opened[1].virtual_account, cast.public);
    assert!(opened[0].export_controlled && !opened[1].export_controlled);
    cy.click("Download").expect(200);
    for text in &texts {
        assert!(cy.page().body.contains(text));
    }
    // For somebody else the address leads to the list.
    let mut ada = p.sign_in("ada@xyz.example");
    ada.open(&done).expect(303);
    // What Dan may not choose is not offered, and not taken.
    let mut dan = p.sign_in("dan@xyz.example");
    dan.get(&format!("{base}/generate/accounts"))
        .expect(200)
        .shows("Corporate Network Devices")
        .shows_not("Public Network Devices");
    let csrf = dan.csrf();
    dan.post_fields(
        &format!("{base}/generate/accounts"),
        &[("csrf", &csrf), ("va", &public), ("days", "30")],
    )
    .expect(404);
    dan.post_fields(
        &action,
        &[
            ("csrf", &csrf),
            ("va[]", &public),
            ("days[]", "30"),
            ("export[]", "allowed"),
        ],
    )
    .expect(404);
}

#[test]
fn every_end_of_a_token_has_its_own_answer() {
    let (p, cast) = Portal::with_cast();
    let (_, good) = p.registration_token(&cast.xyz, cast.corporate, None);
    let (_, twice) = p.registration_token(&cast.xyz, cast.corporate, Some(2));
    let (_, theirs) = p.registration_token(&cast.harborview, cast.harborview.default, Some(2));
    for garbled in ["", "token", &good[..60], &good.replace("%3D", ""), "\0"] {
        assert_eq!(refusal(&p, garbled), "tokens.garbled", "{garbled:?}");
    }
    // As it comes out of a mail program.
    let wrapped = format!(" {}\r\n{}\n", &good[..40], &good[40..]);
    assert_eq!(refusal(&p, &wrapped), "");
    let other = Portal::with_cast();
    let (_, foreign) = other.0.registration_token(&other.1.xyz, other.1.corporate, None);
    assert_eq!(refusal(&p, &foreign), "tokens.unknown");
    assert_eq!(refusal(&p, &twice), "");
    assert_eq!(refusal(&p, &twice), "");
    assert_eq!(refusal(&p, &twice), "tokens.exhausted");
    p.advance(TimeDelta::days(30));
    assert_eq!(refusal(&p, &good), "tokens.expired");
    assert_eq!(refusal(&p, &twice), "tokens.exhausted", "it ended that way first");
    assert_eq!(refusal(&p, &theirs), "tokens.expired");
    let mut ada = p.sign_in("ada@xyz.example");
    let list = management(&cast.xyz);
    for (query, count) in [
        ("", 2),
        ("?status=active", 0),
        ("?status=expired", 1),
        ("?status=exhausted", 1),
        ("?status=expired&status=exhausted", 2),
        ("?status=revoked", 0),
        ("?q=of%20a%20TEST&sort=-expires", 2),
        ("?q=nothing", 0),
    ] {
        ada.get(&format!("{list}{query}")).expect(200);
        assert_eq!(ada.page().texts("tbody tr").len(), count, "{query}");
    }
}

#[test]
fn tokens_of_an_inactive_account_open_nothing() {
    let (p, cast) = Portal::with_cast();
    let (_, text) = p.registration_token(&cast.xyz, cast.corporate, None);
    let mut ada = p.api("ada@xyz.example");
    let state = format!("/api/v1/accounts/{}/deactivate", cast.xyz.number);
    ada.post(
        &state,
        &json!({ "reason": "Wound up.", "confirm": "XYZ COMPANY" }),
    );
    if p.events_of("smart-account.deactivated").is_empty() {
        let mut browser = p.sign_in("ada@xyz.example");
        let page = format!("/sa/{}/account/deactivate", cast.xyz.number);
        browser.get(&page).expect(200);
        browser
            .fill_and_send(
                "form[action$='/deactivate']",
                &[("reason", "Wound up."), ("confirm", "XYZ COMPANY")],
            )
            .expect(303);
    }
    assert_eq!(refusal(&p, &text), "smart-account.inactive");
    let mut browser = p.sign_in("ada@xyz.example");
    browser
        .get(&general(&cast.xyz, cast.corporate))
        .expect(200)
        .shows("This Smart Account is Inactive");
}

#[test]
fn tokens_go_with_their_virtual_account_and_do_not_keep_it() {
    let (p, cast) = Portal::with_cast();
    let (_, text) = p.registration_token(&cast.xyz, cast.public, None);
    p.registration_token(&cast.xyz, cast.public, Some(2));
    let (_, kept) = p.registration_token(&cast.xyz, cast.corporate, None);
    let mut ada = p.api("ada@xyz.example");
    ada.delete(&format!(
        "/api/v1/accounts/{}/virtual-accounts/{}",
        cast.xyz.number, cast.public
    ))
    .expect(204);
    assert_eq!(refusal(&p, &text), "tokens.unknown");
    assert_eq!(refusal(&p, &kept), "");
    let gone = p.events_of("registration-token.revoked");
    assert_eq!(gone.len(), 1);
    assert!(gone[0].message.starts_with("2 registration tokens went with"));
}

#[test]
fn texts_stand_nowhere_but_where_they_are_shown() {
    let (p, cast) = Portal::with_cast();
    let (id, text) = p.registration_token(&cast.xyz, cast.corporate, None);
    let secret: String = text.chars().skip(80).take(30).collect();
    let mut ada = p.sign_in("ada@xyz.example");
    let list = management(&cast.xyz);
    ada.get(&format!("{list}/{id}/copy")).expect(200);
    ada.fill_and_submit("Show token", &[]).expect(200);
    let shown = ada.page().path.clone();
    assert!(ada.page().body.contains(&secret) && !shown.contains(&secret));
    assert!(!format!("{:?}", p.fingerprint()).contains(&secret));
    for page in [
        list.clone(),
        format!("{list}.csv"),
        format!("{list}/{id}/revoke"),
        format!("{list}/{id}/download"),
        general(&cast.xyz, cast.corporate),
        format!("/sa/{}/activity", cast.xyz.number),
    ] {
        ada.get(&page).expect(200);
        assert!(!ada.page().body.contains(&secret), "{page}");
    }
    ada.get(&format!("{list}.csv")).expect(200);
    let csv = ada.page().body.clone();
    assert!(csv.contains("Of a test") && csv.contains("Unlimited"), "{csv}");
}

#[test]
fn scripts_do_what_the_pages_do() {
    let (p, cast) = Portal::with_cast();
    let base = format!("/api/v1/accounts/{}/registration-tokens", cast.xyz.number);
    let mut ada = p.api("ada@xyz.example");
    let body = json!({ "virtual_accounts": [cast.corporate, cast.public], "description": "By a script",
        "expires_after_days": 7, "max_uses": 2, "export_controlled": false });
    let made = ada.post_once(&base, "k1", &body).expect(201).json();
    let again = ada.post_once(&base, "k1", &body).expect(201).json();
    assert_eq!(made, again, "the same key brings the same tokens");
    let items = made["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    let text = items[0]["token"].as_str().unwrap();
    let id = items[0]["details"]["id"].as_str().unwrap();
    assert_eq!(items[0]["details"]["status"], "active");
    assert_eq!(refusal(&p, text), "");
    let one = ada.get(&format!("{base}/{id}")).expect(200).json();
    assert_eq!(one["uses"], 1);
    assert!(one.get("token").is_none());
    let shown = ada
        .post(&format!("{base}/{id}/text"), &json!({}))
        .expect(200)
        .json();
    assert_eq!(shown["token"], text);
    assert_eq!(p.events_of("registration-token.shown").len(), 1);
    let list = ada
        .get(&format!("{base}?status=active&per=10"))
        .expect(200)
        .json();
    assert_eq!(list["total"], 2);
    assert!(!list.to_string().contains(text));
    ada.get(&format!("{base}?status=lost")).expect(400);
    let after = ada
        .post(&format!("{base}/{id}/revoke"), &json!({}))
        .expect(200)
        .json();
    assert_eq!(after["status"], "revoked");
    let refused = ada
        .post(&format!("{base}/{id}/revoke"), &json!({}))
        .expect(409)
        .json();
    assert_eq!(refused["code"], "tokens.not-active");
    let refused = ada
        .post(&format!("{base}/{id}/text"), &json!({}))
        .expect(409)
        .json();
    assert_eq!(refused["code"], "tokens.not-active");
    let wrong = ada
        .post(
            &base,
            &json!({ "virtual_accounts": [], "expires_after_days": 0, "max_uses": 0 }),
        )
        .expect(422)
        .json();
    assert_eq!(wrong["errors"].as_array().unwrap().len(), 3, "{wrong}");
    let nowhere = VirtualAccountId::new();
    ada.post(&base, &json!({ "virtual_accounts": [cast.corporate, nowhere] }))
        .expect(404);
    ada.post(&base, &json!({ "virtual_accounts": [cast.harborview.default] }))
        .expect(404);
    assert_eq!(p.events_of("registration-token.created").len(), 2);
    let mut vera = p.api("vera@xyz.example");
    vera.get(&base).expect(200);
    vera.post(&base, &body).expect(403);
    vera.post(&format!("{base}/{id}/text"), &json!({})).expect(403);
    let mut dan = p.api("dan@xyz.example");
    dan.post(&base, &json!({ "virtual_accounts": [cast.public] }))
        .expect(404);
    assert_eq!(
        dan.get(&base).expect(200).json()["total"],
        1,
        "of his own Virtual Account"
    );
    let mut reader = p.api_with("ada@xyz.example", false);
    let refused = reader.post(&base, &body).expect(409).json();
    assert_eq!(refused["code"], "api.scope");
    p.api("eve@harborview.example").get(&base).expect(404);
}

/// So many come at once with a token that has room for fewer.
fn race(p: &Portal, cast: &Cast, comers: usize, uses: i64) {
    let (id, text) = p.registration_token(&cast.xyz, cast.corporate, Some(uses));
    let at = p.clock.now();
    let threads = 16;
    let got_in: usize = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                let (db, text) = (&p.db, text.as_str());
                scope.spawn(move || {
                    let mut got_in = 0;
                    for _ in 0..comers / threads {
                        loop {
                            match db.housekeeping_now(|tx| tokens::redeem(tx, at, text)) {
                                Ok(_) => got_in += 1,
                                Err(Error::Refused(refusal)) => assert_eq!(refusal.code, "tokens.exhausted"),
                                Err(error) if error.wants_another_try() => continue,
                                Err(error) => panic!("{error:?}"),
                            }
                            break;
                        }
                    }
                    got_in
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    assert_eq!(i64::try_from(got_in).unwrap(), uses);
    let mut ada = p.api("ada@xyz.example");
    let one = ada
        .get(&format!(
            "/api/v1/accounts/{}/registration-tokens/{id}",
            cast.xyz.number
        ))
        .expect(200)
        .json();
    assert_eq!(
        (&one["uses"], &one["status"]),
        (&json!(uses), &json!("exhausted"))
    );
}

/// A few hundred each day, `LICENTRAL_REDEEMS` of them when that is asked for.
#[test]
fn as_many_get_in_as_there_are_uses() {
    let (p, cast) = Portal::with_cast();
    let comers = as_many_as("LICENTRAL_REDEEMS", 320);
    race(&p, &cast, comers, 100);
    race(&p, &cast, comers.min(320), 1);
}
