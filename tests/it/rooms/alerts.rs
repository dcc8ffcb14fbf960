//! Alerts, the bell, hiding, and what people are told by mail.

use crate::support::{Account, ESSENTIALS, Portal};
use chrono::TimeDelta;
use serde_json::json;

fn alerts(account: &Account) -> String {
    format!("/sa/{}/alerts", account.number)
}

fn api(account: &Account) -> String {
    format!("/api/v1/accounts/{}", account.number)
}

/// What the bell counts, or none where there is none.
fn bell(page: &crate::support::Page) -> Option<String> {
    page.texts(".top a[href$='/alerts'] .vh").pop()
}

/// DEFAULT is short of the two licenses of a switch: two switches share one.
fn short() -> (Portal, crate::support::Cast, crate::support::TestDevice) {
    let (p, cast) = Portal::with_cast();
    p.licenses(&cast.xyz, cast.xyz.default, "C9200-48P-E", 1);
    let (_, token) = p.registration_token(&cast.xyz, cast.xyz.default, None);
    p.device(&token, "JAE24010001").report(&ESSENTIALS).expect(200);
    let mut second = p.device(&token, "JAE24010002");
    second.report(&ESSENTIALS).expect(200);
    (p, cast, second)
}

#[test]
fn a_shortage_is_an_alert_until_it_is_put_right() {
    let (p, cast, mut second) = short();
    let mut ada = p.sign_in("ada@xyz.example");
    let list = alerts(&cast.xyz);
    ada.get(&list)
        .expect(200)
        .shows("Insufficient Licenses")
        .shows("is short by 1")
        .shows("Major")
        .shows("Now")
        .shows("2 alerts");
    assert_eq!(bell(ada.page()).as_deref(), Some("Alerts, 2"));
    ada.get(&format!("/sa/{}", cast.xyz.number))
        .expect(200)
        .shows("View all 2")
        .shows("Insufficient Licenses");
    // Hidden from her alone, on the page and on the bell.
    ada.get(&list).expect(200);
    ada.fill_and_submit("form[action$='/hide']:not(#bulk)", &[])
        .expect(200)
        .shows("1 alert is hidden from you")
        .shows("1 alert");
    assert_eq!(bell(ada.page()).as_deref(), Some("Alerts, 1"));
    ada.get(&format!("{list}?hidden=yes"))
        .expect(200)
        .shows("2 alerts")
        .shows("Hidden");
    let mut cy = p.sign_in("cy@xyz.example");
    cy.get(&list).expect(200).shows("2 alerts");
    ada.fill_and_submit("form[action$='/show']", &[])
        .expect(200)
        .shows("1 alert is shown again.");
    assert_eq!(bell(ada.page()).as_deref(), Some("Alerts, 2"));
    // The same by script.
    let mut api = p.api("ada@xyz.example");
    let path = format!("/api/v1/accounts/{}/alerts", cast.xyz.number);
    let key = api.get(&path).json()["items"][0]["key"].clone();
    let body = |hidden: bool| serde_json::json!({ "keys": [key, "made up"], "hidden": hidden });
    let told = api.post(&format!("{path}/hide"), &body(true));
    assert_eq!(told.expect(200).json()["total"], 1);
    assert_eq!(api.get(&path).json()["total"], 1);
    assert_eq!(p.api("cy@xyz.example").get(&path).json()["total"], 2);
    api.post(&format!("{path}/hide"), &body(false)).expect(200);
    assert_eq!(api.get(&path).json()["total"], 2);
    // Both at once; then the second switch goes, and it is put right.
    let keys = ada.get(&list).attrs("input[name=key][form=bulk]", "value");
    let csrf = ada.csrf();
    ada.post_fields(
        &format!("{list}/hide"),
        &[
            ("csrf", &csrf),
            ("key", &keys[0]),
            ("key", &keys[1]),
            ("key", "made up"),
            ("asked", "sort=due"),
        ],
    )
    .expect(303);
    assert_eq!(ada.page().location(), Some(format!("{list}?sort=due").as_str()));
    ada.follow().expect(200).shows("No alerts");
    second.deregister().expect(204);
    cy.get(&list).expect(200).shows("No alerts");
    // It comes back: that is another alert, which nobody hides.
    p.advance(TimeDelta::hours(1));
    let (_, token) = p.registration_token(&cast.xyz, cast.xyz.default, None);
    p.device(&token, "JAE24010003").report(&ESSENTIALS).expect(200);
    ada.get(&list).expect(200).shows("2 alerts");
}

#[test]
fn silent_devices_and_terms_that_end_are_alerts_by_the_clock() {
    let (p, cast) = Portal::with_cast();
    // A term of a year, of which nothing is said for nine months.
    p.licenses(&cast.xyz, cast.corporate, "C9200-48P-E", 5);
    let (_, token) = p.registration_token(&cast.xyz, cast.corporate, None);
    p.device(&token, "JAE24010001");
    let mut ada = p.api("ada@xyz.example");
    let mut seen = |p: &Portal| -> Vec<(String, String)> {
        p.run_jobs();
        let reply = ada.get(&format!("{}/alerts", api(&cast.xyz)));
        let list = reply.expect(200).json();
        let words = |one: &serde_json::Value, name: &str| one[name].as_str().unwrap().to_owned();
        list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (words(one, "severity"), words(one, "type")))
            .collect()
    };
    let of = |severity: &str, kind: &str| (severity.to_owned(), kind.to_owned());
    assert_eq!(seen(&p), []);
    p.advance(TimeDelta::days(31));
    assert_eq!(seen(&p), [of("minor", "failed-to-connect")]);
    p.advance(TimeDelta::days(60));
    assert_eq!(seen(&p), [of("major", "failed-to-connect")]);
    // Vera may read, Dan sees his own Virtual Account, Una none of it, Bob and strangers nothing.
    let list = alerts(&cast.xyz);
    p.sign_in("vera@xyz.example")
        .get(&list)
        .expect(200)
        .shows("1 alert");
    p.sign_in("dan@xyz.example")
        .get(&list)
        .expect(200)
        .shows("1 alert");
    p.sign_in("una@xyz.example")
        .get(&list)
        .expect(200)
        .shows("No alerts");
    p.sign_in("bob@xyz.example").get(&list).expect(403);
    p.sign_in("eve@harborview.example").get(&list).expect(404);
    p.sign_in("ada@xyz.example")
        .get(&format!("{list}?severity=minor"))
        .expect(200)
        .shows("No alerts match");
}

#[test]
fn additional_addresses_stay_within_the_company() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.sign_in("ada@xyz.example");
    let page = format!("{}/notifications", alerts(&cast.xyz));
    ada.get(&page).expect(200).shows("Daily Event Summary");
    let before = p.fingerprint();
    ada.fill_and_send(
        "Save",
        &[
            ("daily_summary", "1"),
            ("addresses", "noc@xyz.example\nsomebody@bramwell.example"),
        ],
    )
    .expect(422)
    .shows("somebody@bramwell.example is not in the domain xyz.example of this Smart Account. Nothing was saved.");
    before.assert_same(&p.fingerprint(), "nothing was saved");
    ada.fill_and_submit(
        "Save",
        &[
            ("daily_summary", "1"),
            (
                "addresses",
                "NOC@xyz.example, noc@xyz.example;duty@it.xyz.example",
            ),
        ],
    )
    .expect(200)
    .shows("Your notification settings are saved.");
    assert_eq!(p.events_of("notifications.addresses").len(), 1);
    assert_eq!(p.events_of("notifications.changed").len(), 1);
    // Others read them and cannot change them.
    let mut cy = p.sign_in("cy@xyz.example");
    cy.get(&page)
        .expect(200)
        .shows("duty@it.xyz.example")
        .shows("cannot change additional notification addresses");
    cy.fill_and_submit("Save", &[("status", "1")]).expect(200);
    let csrf = cy.csrf();
    cy.post_fields(&page, &[("csrf", &csrf), ("addresses", "cy@xyz.example")])
        .expect(403);
    ada.get(&page).expect(200);
    ada.fill_and_submit("form#reset", &[]).expect(200).shows("reset");
    let mut script = p.api("ada@xyz.example");
    let at = format!("{}/notifications", api(&cast.xyz));
    let told = script.get(&at).expect(200).json();
    assert_eq!(told["daily_summary"], false);
    assert_eq!(
        told["additional_addresses"],
        json!(["duty@it.xyz.example", "noc@xyz.example"])
    );
    let wanted = |addresses: serde_json::Value| {
        json!({ "daily_summary": true, "status": true, "expiring_90": false, "expiring_60": false,
            "expiring_30": true, "additional_addresses": addresses })
    };
    let wrong = script.put(&at, &wanted(json!(["noc@other.example"])));
    wrong.expect(422);
    assert_eq!(wrong.json()["errors"][0]["pointer"], "/additional_addresses");
    script.put(&at, &wanted(json!([]))).expect(200);
    p.api("cy@xyz.example").put(&at, &wanted(json!([]))).expect(403);
}

#[test]
fn a_new_alert_is_told_once_and_a_day_once() {
    let (p, cast, mut second) = short();
    // In the morning: what is done within hours shall not go past midnight.
    let now = p.clock.now().utc();
    let morning = (now.date_naive() + TimeDelta::days(1))
        .and_hms_opt(8, 0, 0)
        .unwrap();
    p.advance(morning.and_utc() - now);
    let at = format!("{}/notifications", api(&cast.xyz));
    let wanted = |daily: bool, status: bool, addresses: Option<&[&str]>| {
        let mut body = json!({ "daily_summary": daily, "status": status, "expiring_90": false,
            "expiring_60": false, "expiring_30": false });
        if let Some(addresses) = addresses {
            body["additional_addresses"] = json!(addresses);
        }
        body
    };
    p.api("ada@xyz.example")
        .put(&at, &wanted(false, true, Some(&["noc@xyz.example"])))
        .expect(200);
    p.api("dan@xyz.example")
        .put(&at, &wanted(true, true, None))
        .expect(200);
    let letters = |p: &Portal, to: &str, words: &str| -> usize {
        p.mail()
            .all_to(to)
            .iter()
            .filter(|letter| letter.subject.contains(words))
            .count()
    };
    // What is wrong already is told once, to those who reach it.
    assert_eq!(letters(&p, "ada@xyz.example", "2 new alerts"), 1);
    assert_eq!(letters(&p, "noc@xyz.example", "2 new alerts"), 1);
    assert_eq!(
        letters(&p, "dan@xyz.example", "new alert"),
        0,
        "not in his Virtual Account"
    );
    p.advance(TimeDelta::hours(2));
    assert_eq!(letters(&p, "ada@xyz.example", "new alert"), 1);
    // Put right and back again: that is news.
    second.deregister().expect(204);
    p.run_jobs();
    let (_, token) = p.registration_token(&cast.xyz, cast.xyz.default, None);
    p.device(&token, "JAE24010003").report(&ESSENTIALS).expect(200);
    assert_eq!(letters(&p, "ada@xyz.example", "2 new alerts"), 2);
    // A day is summed up once, however often one looks; and three days at once bring one letter.
    assert_eq!(letters(&p, "noc@xyz.example", "Daily Event Summary"), 0);
    p.advance(TimeDelta::days(1));
    assert_eq!(letters(&p, "noc@xyz.example", "Daily Event Summary"), 1);
    assert_eq!(letters(&p, "dan@xyz.example", "Daily Event Summary"), 1);
    assert_eq!(
        letters(&p, "ada@xyz.example", "Daily Event Summary"),
        0,
        "she did not ask"
    );
    p.run_jobs();
    assert_eq!(letters(&p, "noc@xyz.example", "Daily Event Summary"), 1);
    p.advance(TimeDelta::days(3));
    assert_eq!(letters(&p, "noc@xyz.example", "Daily Event Summary"), 2);
    let letter = p.mail().last_to("noc@xyz.example");
    assert!(letter.text.contains("XYZ COMPANY"), "{}", letter.text);
}
