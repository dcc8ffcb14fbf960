//! Product instances by policy: what they report is counted once, whichever way it comes, and acknowledged.

use super::vendor_api::{A, B, Script, says};
use crate::support::{Api, Cast, Page, PolicyDevice as Sender, Portal};
use data_encoding::BASE64;
use licentral::devices::policy::files::usage_file;
use licentral::devices::policy::payload::{Sent, acknowledged};
use licentral::devices::reservation::codes::{Authorization, RequestCode, return_code, sealed_to};
use licentral::kernel::Moment;
use licentral::platform::signing::FileKey;
use serde_json::{Value, json};

const NE: &str = "c9200-ne-48";
const DNA: &str = "c9200-dna-e-48";
const PLACE: &str = "Corporate Network Devices";

/// Asks as a proxy does, for a Virtual Account that is named by its number.
fn ask(script: &mut Script, cast: &Cast, place: i64, path: &str, body: &Value) -> Page {
    let (account, place) = (cast.xyz.number.to_string(), place.to_string());
    script.api.send(
        "POST",
        path,
        &[
            ("content-type", "application/json"),
            ("x-csw-smart-account-id", &account),
            ("x-csw-virtual-account-id", &place),
            (
                "x-csw-requesting-system",
                r#"{"udi_pid":"x","udi_serial_number":"y"}"#,
            ),
        ],
        Some(body.to_string().as_bytes()),
    )
}

/// The number by which proxies know a Virtual Account.
fn number_of(script: &mut Script, name: &str) -> i64 {
    let page = script.get(&format!("{A}/v2/accounts/search"));
    page.expect(200);
    let accounts = page.json()["accounts"].as_array().unwrap().clone();
    let places = accounts
        .iter()
        .flat_map(|one| one["virtual_accounts"].as_array().unwrap().clone());
    let found = places.into_iter().find(|one| one["name"] == name).unwrap();
    found["virtual_account_id"].as_str().unwrap().parse().unwrap()
}

fn device(api: &mut Api, p: &Portal, cast: &Cast) -> Value {
    let all = api.get(&format!("/api/v1/accounts/{}/devices?mode=slp", cast.xyz.number));
    all.expect(200);
    assert_eq!(all.json()["total"], 1, "{}", p.base);
    all.json()["items"][0].clone()
}

fn code(page: &Page) -> String {
    page.json()["code"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn proxies_that_report_at_the_same_time_are_all_answered() {
    let (p, cast) = Portal::with_cast();
    p.licenses(&cast.xyz, cast.corporate, "C9200-48P-E", 5);
    let mut scripts: Vec<Script> = (0..8).map(|_| Script::of(&p, "ada@xyz.example")).collect();
    let place = number_of(&mut scripts[0], PLACE);
    let all: Vec<Vec<Value>> = (0..8)
        .map(|proxy| {
            (0..6)
                .map(|n| {
                    let sender = Sender::new(&p, format!("FOC{proxy}{n}").leak());
                    sender.asked(&[sender.report("1", NE, 2, 5), sender.report("2", DNA, 1, 5)])
                })
                .collect()
        })
        .collect();
    let report = format!("{A}/v2/devices/reportusage");
    std::thread::scope(|scope| {
        for (mut script, bodies) in scripts.into_iter().zip(&all) {
            let (cast, report) = (&cast, &report);
            scope.spawn(move || {
                for body in bodies {
                    ask(&mut script, cast, place, report, body).expect(202);
                }
            });
        }
    });
    // All of them meet on the same licenses, and each use is counted.
    assert_eq!(p.numbers(&cast.xyz, cast.corporate, NE), (5, 96, -91));
    p.adds_up();
}

#[test]
fn usage_reports_of_scripts_are_counted_once_and_acknowledged() {
    let (p, cast) = Portal::with_cast();
    p.licenses(&cast.xyz, cast.corporate, "C9200-48P-E", 5);
    let mut script = Script::of(&p, "ada@xyz.example");
    let mut api = p.api("ada@xyz.example");
    let place = number_of(&mut script, PLACE);
    let sender = Sender::new(&p, "FOC1");
    let report = format!("{A}/v2/devices/reportusage");
    let poll = format!("{A}/v2/accounts/poll");
    let first = [sender.report("1", NE, 3, 5), sender.report("2", DNA, 2, 5)];
    let page = ask(&mut script, &cast, place, &report, &sender.asked(&first));
    page.expect(202);
    assert_eq!(page.json()["status"], "OK_POLL");
    assert_eq!(page.json()["action"], "acknowledgements");
    let number = page.json()["poll_id"].as_i64().unwrap();
    // Counted once, and nothing is registered.
    assert_eq!(p.numbers(&cast.xyz, cast.corporate, NE), (5, 3, 2));
    let one = device(&mut api, &p, &cast);
    assert_eq!(
        (one["mode"].as_str(), one["usage_report"].as_str()),
        (Some("SLP"), Some("reported"))
    );
    assert_eq!(one["hostname"], "edge-1");
    // The acknowledgement is fetched as often as one likes, and is the same.
    let wait = json!({ "data": { "timestamp": "1", "nonce": "n2", "poll_id": number, "action": "acknowledgements" } });
    let page = ask(&mut script, &cast, place, &poll, &wait);
    page.expect(200);
    let row = &page.json()["data"]["acknowledgements"][0];
    let text = BASE64
        .decode(row["smart_license"].as_str().unwrap().as_bytes())
        .unwrap();
    let said = acknowledged(std::str::from_utf8(&text).unwrap());
    assert_eq!(said[0].0["report_ids"], json!(["1", "2"]));
    assert_eq!(said[0].1, p.parts.signing.files().public_key());
    let again = ask(&mut script, &cast, place, &poll, &wait);
    assert_eq!(
        again.json()["data"]["acknowledgements"][0]["smart_license"],
        row["smart_license"]
    );
    assert_eq!(device(&mut api, &p, &cast)["usage_report"], "acknowledged");
    assert_eq!(p.events_of("device.usage-acknowledged").len(), 1);

    // What is wrong with a report refuses the whole request, and changes nothing.
    let before = p.fingerprint();
    let other = Sender::new(&p, "FOC1");
    let mut bent = sender.report("4", NE, 1, 1);
    bent.payload = bent.payload.replace("FOC1", "FOC2");
    let mut far = Sender::new(&p, "FOC1");
    far.now = p.clock.now().plus(chrono::TimeDelta::hours(3));
    far.key = FileKey::make().unwrap().0;
    for (wrong, says_so) in [
        (vec![first[0].clone()], "was taken in before"),
        (
            vec![sender.report("3", NE, 4, 1), bent],
            "a byte of this report was changed",
        ),
        (vec![sender.report("3", NE, 4, 6)], "A later report"),
        (vec![sender.report("1", NE, 4, 1)], "with other content"),
        (
            vec![sender.report("3", "no-such-license", 1, 1)],
            "No license is known",
        ),
        (vec![other.report("3", NE, 4, 1)], "with another key"),
        (vec![sender.report("3", NE, 4, 24 * 3650)], "more than a year ago"),
        (vec![sender.report("3", NE, 4, -2)], "Set the clock"),
        (
            vec![sender.report("3", NE, 4, 1), sender.report("4", NE, 4, -2)],
            "Set the clock",
        ),
    ] {
        let page = ask(&mut script, &cast, place, &report, &sender.asked(&wrong));
        page.expect(422);
        assert!(says(&page).contains(says_so), "{says_so}: {}", page.body);
    }
    let wrong_place = number_of(&mut script, "Public Network Devices");
    let later = [sender.report("5", NE, 1, 1)];
    let page = ask(&mut script, &cast, wrong_place, &report, &sender.asked(&later));
    page.expect(422);
    assert!(says(&page).contains("another Virtual Account"));
    let page = ask(&mut script, &cast, wrong_place, &poll, &wait);
    page.expect(422);
    before.assert_same(&p.fingerprint(), "nothing was taken in");
    // Another Smart Account cannot count it too.
    let mut eve = p.api("eve@harborview.example");
    let file = usage_file(&[sender.report("9", NE, 1, 1)]);
    let path = format!(
        "/api/v1/accounts/{}/usage-files?va={}",
        cast.harborview.number, cast.harborview.default
    );
    let kind = [("content-type", "application/octet-stream")];
    let page = eve.send("POST", &path, &kind, Some(file.as_bytes()));
    page.expect(201);
    assert_eq!(page.json()["reports"][0]["code"], "usage.other-account");
    assert_eq!(p.numbers(&cast.harborview, cast.harborview.default, NE).1, 0);

    // Less is used, and then nothing: in the newer family, where numbers are texts.
    let page = ask(
        &mut script,
        &cast,
        place,
        &format!("{B}/licensing/v2/report-usage"),
        &sender.asked(&later),
    );
    page.expect(202);
    assert!(page.json()["poll_id"].is_string());
    assert_eq!(p.numbers(&cast.xyz, cast.corporate, NE).1, 1);
    // Removed, and what was counted once stays counted once.
    let removal = json!({ "data": { "timestamp": 1, "nonce": "n", "devices": [{ "sudi": { "udi_pid": "C9200-48P-E", "udi_serial_number": "FOC1" } }] } });
    ask(
        &mut script,
        &cast,
        place,
        &format!("{B}/licensing/v2/device/remove"),
        &removal,
    )
    .expect(202);
    assert_eq!(p.numbers(&cast.xyz, cast.corporate, NE).1, 0);
    let legacy = BASE64.encode(usage_file(&later).as_bytes());
    let again = json!({ "data": { "timestamp": 1, "nonce": "n", "reports": [{
        "sudi": { "udi_pid": "C9200-48P-E", "udi_serial_number": "FOC1" }, "licenses": legacy }] } });
    let page = ask(
        &mut script,
        &cast,
        place,
        &format!("{B}/licensing/v2/report-usage-legacy"),
        &again,
    );
    page.expect(422);
    assert!(says(&page).contains("was taken in before"), "{}", page.body);
    assert_eq!(p.numbers(&cast.xyz, cast.corporate, NE).1, 0);
}

fn upload(browser: &mut crate::support::Browser, path: &str, va: &str, file: &[u8]) {
    let csrf = browser.csrf();
    let mut body = Vec::new();
    for (name, value) in [("csrf", csrf.as_str()), ("va", va)] {
        body.extend(
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes(),
        );
    }
    body.extend(b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"usage.txt\"\r\nContent-Type: text/plain\r\n\r\n");
    body.extend(file);
    body.extend(b"\r\n--b--\r\n");
    browser.send(
        "POST",
        path,
        &[
            ("content-type", "multipart/form-data; boundary=b"),
            ("sec-fetch-site", "same-origin"),
        ],
        Some(&body),
    );
}

#[test]
fn a_usage_file_tells_what_came_of_each_report_and_is_acknowledged() {
    let (p, cast) = Portal::with_cast();
    p.licenses(&cast.xyz, cast.corporate, "C9200-48P-E", 5);
    let base = format!("/sa/{}/devices/usage-data-files", cast.xyz.number);
    let (one, two) = (Sender::new(&p, "FOC1"), Sender::new(&p, "FOC2"));
    let mut bent = two.report("2", DNA, 1, 1);
    bent.payload = bent.payload.replace("17.12.4", "17.12.5");
    let file = usage_file(&[
        // Within one file the order of the lines means nothing.
        one.report("2", NE, 2, 1),
        one.report("1", NE, 3, 2),
        two.report("1", NE, 1, 1),
        bent,
        two.report("3", "no-such-license", 1, 1),
    ]);
    let mut cy = p.sign_in("cy@xyz.example");
    cy.get(&base).expect(200).shows("No usage data files yet");
    cy.click("Upload Usage Data").expect(200);
    let (path, va) = (format!("{base}/upload"), cast.corporate.to_string());
    let before = p.fingerprint();
    upload(&mut cy, &path, "", file.as_bytes());
    cy.page().expect(422).shows("Choose the Virtual Account");
    upload(&mut cy, &path, &va, b"");
    cy.page().expect(422).shows("Choose the usage file");
    upload(&mut cy, &path, &va, &file.as_bytes()[..file.len() / 2]);
    cy.page().expect(409).shows("was cut off");
    before.assert_same(&p.fingerprint(), "nothing was taken in");
    upload(&mut cy, &path, &va, file.as_bytes());
    cy.page().expect(303);
    let here = cy.page().location().unwrap().to_owned();
    cy.follow()
        .expect(200)
        .shows("2 errors")
        .shows("usage.bad-signature")
        .shows("licenses.unknown");
    cy.get(&format!("{base}.csv?sort=uploaded"))
        .expect(200)
        .shows("2 errors");
    // The newer of the two counts: 2 and 1.
    assert_eq!(p.numbers(&cast.xyz, cast.corporate, NE), (5, 3, 2));
    // Who may look and not report gets nothing to take back.
    let mut vera = p.sign_in("vera@xyz.example");
    vera.get(&here).expect(200);
    let csrf = vera.csrf();
    vera.post_fields(&format!("{here}/acknowledgement"), &[("csrf", &csrf)])
        .expect(403);
    let mut una = p.sign_in("una@xyz.example");
    una.get(&here).expect(404);
    let mut eve = p.sign_in("eve@harborview.example");
    eve.get(&here).expect(404);
    let csrf = cy.csrf();
    cy.post_fields(&format!("{here}/acknowledgement"), &[("csrf", &csrf)])
        .expect(200);
    let said = acknowledged(&cy.page().body.clone());
    assert_eq!(said.len(), 2);
    assert_eq!(said[0].0["report_ids"], json!(["2", "1"]));
    assert_eq!(said[1].0["report_ids"], json!(["1"]));
    // Again: each report is known, and none is counted twice.
    cy.get(&path).expect(200);
    upload(&mut cy, &path, &va, file.as_bytes());
    cy.page().expect(303);
    cy.follow().expect(200).shows("Taken in before");
    assert_eq!(p.numbers(&cast.xyz, cast.corporate, NE), (5, 3, 2));
    cy.get(&format!("{base}.csv")).expect(200).shows("usage.txt");
    // On the page of the product instance, and in its list.
    cy.get(&format!(
        "/sa/{}/devices/device-inventory?mode=slp&report=acknowledged",
        cast.xyz.number
    ))
    .expect(200)
    .shows("FOC1")
    .shows("SLP");
    cy.click("PID:C9200-48P-E SN:FOC1")
        .expect(200)
        .shows("Smart Licensing Using Policy")
        .shows("Usage Reports");
}

#[test]
fn a_device_by_policy_is_trusted_reports_and_is_overdue_when_it_does_not() {
    let (p, cast) = Portal::with_cast();
    p.licenses(&cast.xyz, cast.corporate, "C9200-48P-E", 5);
    let (_, token) = p.registration_token(&cast.xyz, cast.corporate, None);
    let mut asked = crate::support::registration(&token, "FOC1", &licentral::platform::token::random());
    asked["by_policy"] = json!(true);
    let reply = p.ask_to_register(&asked);
    reply.expect(201);
    let credential = format!(
        "Bearer {}.{}",
        reply.json()["device"].as_str().unwrap(),
        asked["secret"].as_str().unwrap()
    );
    let mut open = p.api_without_token();
    let mut send = |path: &str, body: Value| {
        open.send(
            "POST",
            path,
            &[
                ("authorization", &credential),
                ("content-type", "application/json"),
            ],
            Some(body.to_string().as_bytes()),
        )
    };
    let mut api = p.api("ada@xyz.example");
    assert_eq!(device(&mut api, &p, &cast)["usage_report"], "not-reported");
    let refused = send("/device/v1/report", json!({ "licenses": [] }));
    refused.expect(409);
    assert_eq!(code(&refused), "devices.by-policy");
    let mut sender = Sender::new(&p, "FOC1");
    let body = |reports: &[Sent]| {
        let all: Vec<Value> = reports
            .iter()
            .map(|one| json!({ "payload": one.payload, "signature": { "signing_type": one.signing, "key": one.key, "value": one.value } }))
            .collect();
        json!({ "reports": all })
    };
    let first = body(&[sender.report("1", NE, 2, 1), sender.report("2", DNA, 1, 1)]);
    let page = send("/device/v1/usage", first.clone());
    page.expect(200);
    assert_eq!(
        acknowledged(page.json()["acknowledgement"].as_str().unwrap()).len(),
        1
    );
    // The answer got lost: the same again is acknowledged again, and counted once.
    let before = p.fingerprint();
    let again = send("/device/v1/usage", first);
    again.expect(200);
    assert_eq!(again.json()["acknowledgement"], page.json()["acknowledgement"]);
    before.assert_same(&p.fingerprint(), "it was counted before");
    assert_eq!(p.numbers(&cast.xyz, cast.corporate, NE), (5, 2, 3));
    let elsewhere = Sender::new(&p, "FOC2");
    let refused = send("/device/v1/usage", body(&[elsewhere.report("3", NE, 1, 1)]));
    refused.expect(409);
    assert_eq!(code(&refused), "usage.elsewhere");

    // Subscriptions are reported each 90 days. Silence costs no license here.
    for (days, state) in [
        (89, "acknowledged"),
        (2, "report-due"),
        (30, "overdue"),
        (365, "overdue"),
    ] {
        p.advance(chrono::TimeDelta::days(days));
        p.run_jobs();
        assert_eq!(
            device(&mut api, &p, &cast)["usage_report"],
            state,
            "{days} days later"
        );
        let alerts = api.get(&format!(
            "/api/v1/accounts/{}/alerts?type=usage-report-due&type=usage-report-overdue",
            cast.xyz.number
        ));
        alerts.expect(200);
        let alerts = alerts.json()["items"].as_array().unwrap().clone();
        let kinds: Vec<&str> = alerts.iter().map(|one| one["type"].as_str().unwrap()).collect();
        let expected: &[&str] = match state {
            "report-due" => &["usage-report-due"],
            "overdue" => &["usage-report-overdue"],
            _ => &[],
        };
        assert_eq!(kinds, expected, "{days} days later");
    }
    assert_eq!(p.numbers(&cast.xyz, cast.corporate, NE).1, 2);
    assert_eq!(p.events_of("device.report-due").len(), 1);
    assert_eq!(p.events_of("device.report-overdue").len(), 1);
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&format!("/sa/{}/devices/device-inventory", cast.xyz.number))
        .expect(200)
        .shows("Report overdue");
    // Another policy, and the next report.
    let policy = format!("/api/v1/accounts/{}/reporting-policy", cast.xyz.number);
    let weekly = json!({ "classes": [{ "license_class": "subscription", "first_report_days": 7, "report_every_days": 7, "report_on_change_days": 1 }] });
    p.api("cy@xyz.example").put(&policy, &weekly).expect(403);
    let mut bad = weekly.clone();
    bad["classes"][0]["report_every_days"] = json!(366);
    api.put(&policy, &bad).expect(422);
    api.put(&policy, &weekly).expect(200);
    sender.now = p.clock.now();
    send("/device/v1/usage", body(&[sender.report("3", DNA, 2, 1)])).expect(200);
    let one = device(&mut api, &p, &cast);
    assert_eq!(one["usage_report"], "acknowledged");
    let by = Moment::parse(one["report_by"].as_str().unwrap()).unwrap();
    assert_eq!((by.since(p.clock.now()).num_hours() + 1) / 24, 7);
    // What it did not name it still uses.
    assert_eq!(p.numbers(&cast.xyz, cast.corporate, NE).1, 2);
    assert_eq!(p.numbers(&cast.xyz, cast.corporate, DNA).1, 2);
}

const HSEC: &str = "hsec-k9";

fn stock(p: &Portal, cast: &Cast) -> [i64; 4] {
    p.stock_named(&cast.xyz, PLACE, HSEC).unwrap().1
}

#[test]
fn enforced_licenses_need_an_authorization_code_and_come_back_with_its_return_code() {
    let (p, cast) = Portal::with_cast();
    p.licenses(&cast.xyz, cast.corporate, "HSEC-C8300", 2);
    p.licenses(&cast.xyz, cast.corporate, "C9200-48P-E", 2);
    let mut api = p.api("ada@xyz.example");
    let path = format!("/api/v1/accounts/{}/license-authorizations", cast.xyz.number);
    let by_serial = |serial: &str, key: &str, quantity: i64| {
        json!({ "virtual_account": cast.corporate, "pid": "C9200-48P-E", "serial": serial,
            "licenses": [{ "entitlement": key, "quantity": quantity }] })
    };
    let request =
        RequestCode::make("C9200-48P-E", "FOC1", licentral::platform::token::random_bytes()).unwrap();
    let asked = json!({ "virtual_account": cast.corporate, "request_code": request.text,
        "licenses": [{ "entitlement": HSEC, "quantity": 1 }] });
    let made = api.post(&path, &asked);
    made.expect(201);
    let code = made.json()["authorization_code"].as_str().unwrap().to_owned();
    let granted = Authorization::read(&code, &request.text).unwrap();
    assert_eq!((granted.serial.as_str(), granted.licenses.len()), ("FOC1", 1));
    assert_eq!(stock(&p, &cast), [2, 0, 1, 1]);
    let one = device(&mut api, &p, &cast);
    assert_eq!(
        (one["mode"].as_str(), one["usage_report"].as_str()),
        (Some("SLP"), Some("not-reported"))
    );
    let id = one["id"].as_str().unwrap().to_owned();
    // Twice, beyond what is left, without need, for another account.
    let (mut eve, mut vera) = (p.api("eve@harborview.example"), p.api("vera@xyz.example"));
    let before = p.fingerprint();
    for (body, why) in [
        (asked.clone(), "reservations.request-used"),
        (by_serial("FOC1", HSEC, 1), "authorizations.held"),
        (by_serial("FOC2", HSEC, 2), "licenses.not-enough"),
        (by_serial("FOC2", NE, 1), "authorizations.not-enforced"),
    ] {
        let page = api.post(&path, &body);
        page.expect(409);
        assert_eq!(self::code(&page), why);
    }
    api.post(&path, &by_serial("", HSEC, 1)).expect(422);
    let theirs = format!(
        "/api/v1/accounts/{}/license-authorizations",
        cast.harborview.number
    );
    eve.post(&path, &by_serial("FOC2", HSEC, 1)).expect(404);
    let mut body = by_serial("FOC1", HSEC, 1);
    body["virtual_account"] = json!(cast.harborview.default);
    let page = eve.post(&theirs, &body);
    page.expect(409);
    assert_eq!(self::code(&page), "usage.other-account");
    vera.post(&path, &by_serial("FOC2", HSEC, 1)).expect(403);
    // It is not removed, nor returned with a wrong code.
    let devices = format!("/api/v1/accounts/{}/devices/{id}", cast.xyz.number);
    let page = api.delete(&devices);
    page.expect(409);
    assert_eq!(self::code(&page), "authorizations.held");
    let back = format!("{devices}/return-authorization");
    api.post(&back, &json!({ "return_code": "AAAAAA-AAAAAA" }))
        .expect(422);
    before.assert_same(&p.fingerprint(), "all of that was refused");
    // What it reports of it is what was set aside, and counts once.
    let sender = Sender::new(&p, "FOC1");
    let files = format!(
        "/api/v1/accounts/{}/usage-files?va={}",
        cast.xyz.number, cast.corporate
    );
    let kind = [("content-type", "application/octet-stream")];
    let file = usage_file(&[sender.report("1", HSEC, 1, 1)]);
    api.send("POST", &files, &kind, Some(file.as_bytes())).expect(201);
    assert_eq!(stock(&p, &cast), [2, 0, 1, 1]);
    // Another Virtual Account: what is set aside goes with it.
    let moved = json!({ "devices": [id], "virtual_account": cast.public });
    api.post(
        &format!("/api/v1/accounts/{}/devices/transfer", cast.xyz.number),
        &moved,
    )
    .expect(200);
    assert_eq!(stock(&p, &cast), [1, 0, 0, 1]);
    let returned = json!({ "return_code": return_code(&code, "C9200-48P-E", "FOC1") });
    api.post(&back, &returned).expect(204);
    let page = api.post(&back, &returned);
    page.expect(409);
    assert_eq!(self::code(&page), "authorizations.none");
    assert_eq!(p.numbers(&cast.xyz, cast.public, HSEC), (1, 1, 0));

    // A script, by serial number; and a page.
    let mut script = Script::of(&p, "ada@xyz.example");
    let place = number_of(&mut script, PLACE);
    let asks = |fields: Value| {
        let mut one = json!({ "sudi": { "udi_pid": "C9200-48P-E", "udi_serial_number": "FOC3" } });
        one.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        json!({ "data": { "timestamp": 1, "nonce": "n", "licenses": [one] } })
    };
    let keys =
        json!({ "keys": [{ "entitlement": licentral::catalog::entitlement_tag(HSEC), "count": "1" }] });
    let path = format!("{A}/v2/devices/authrequest");
    let page = ask(&mut script, &cast, place, &path, &asks(keys.clone()));
    page.expect(202);
    let wait = json!({ "data": { "timestamp": 1, "nonce": "n", "poll_id": page.json()["poll_id"], "action": "authorizations" } });
    let page = ask(&mut script, &cast, place, &format!("{A}/v2/accounts/poll"), &wait);
    page.expect(200);
    let text = page.json()["data"]["authorizations"][0]["smart_license"]
        .as_str()
        .unwrap()
        .to_owned();
    let text = String::from_utf8(BASE64.decode(text.as_bytes()).unwrap()).unwrap();
    let code = text
        .split("<authorizationCode>")
        .nth(1)
        .unwrap()
        .split('<')
        .next()
        .unwrap()
        .to_owned();
    assert!(Authorization::read(&code, &sealed_to("C9200-48P-E", "FOC3")).is_ok());
    assert_eq!(stock(&p, &cast), [1, 0, 1, 0]);
    ask(&mut script, &cast, place, &path, &asks(keys)).expect(422);
    let proof = return_code(&code, "C9200-48P-E", "FOC3");
    ask(
        &mut script,
        &cast,
        place,
        &path,
        &asks(json!({ "keys": [], "remove_code": "AAAAAA" })),
    )
    .expect(422);
    ask(
        &mut script,
        &cast,
        place,
        &path,
        &asks(json!({ "keys": [], "remove_code": proof })),
    )
    .expect(202);
    assert_eq!(stock(&p, &cast), [1, 0, 0, 1]);
    let mut cy = p.sign_in("cy@xyz.example");
    cy.get(&format!("/sa/{}/licensing/reservations", cast.xyz.number))
        .expect(200);
    cy.click("Generate license authorization").expect(200);
    let va = cast.corporate.to_string();
    let fields = [
        ("va", va.as_str()),
        ("pid", "C9200-48P-E"),
        ("serial", "FOC4"),
        ("license", HSEC),
        ("quantity", "1"),
    ];
    cy.fill_and_send("Generate Authorization Code", &[("va", &va)])
        .expect(422)
        .shows("Choose an enforced license");
    cy.fill_and_send("Generate Authorization Code", &fields)
        .expect(303);
    cy.follow()
        .expect(200)
        .shows("license smart authorization install");
    let code = cy.page().texts(".copy code")[0].clone();
    cy.fill_and_send("Return Authorization", &[("return_code", "AAAA")])
        .expect(422)
        .shows("not the return code");
    cy.fill_and_send(
        "Return Authorization",
        &[("return_code", &return_code(&code, "C9200-48P-E", "FOC4"))],
    )
    .expect(303);
    cy.follow()
        .expect(200)
        .shows("The authorization code was returned");
    assert_eq!(stock(&p, &cast), [1, 0, 0, 1]);
}

#[test]
fn a_large_usage_file_is_taken_in_by_a_job_and_its_page_says_so() {
    let (p, cast) = Portal::with_cast();
    p.licenses(&cast.xyz, cast.corporate, "C9200-48P-E", 5);
    let serials: Vec<&'static str> = (0..6)
        .map(|n| &*Box::leak(format!("BIG{n}").into_boxed_str()))
        .collect();
    let senders: Vec<Sender> = serials.iter().map(|serial| Sender::new(&p, serial)).collect();
    // The latest of them counts, 1 each, wherever it stands in the file, and however scattered their product instances are.
    let mut reports: Vec<Sent> = senders.iter().map(|one| one.report("last", NE, 1, 1)).collect();
    for n in (0..835_i64).rev() {
        reports.extend(
            senders
                .iter()
                .map(|one| one.report(&n.to_string(), NE, n % 7 + 1, 1_000 - n)),
        );
    }
    reports[9].payload = reports[9].payload.replace("17.12.4", "17.12.5");
    let file = usage_file(&reports);
    let mut api = p.api("ada@xyz.example");
    let files = format!("/api/v1/accounts/{}/usage-files", cast.xyz.number);
    let kind = [("content-type", "application/octet-stream")];
    let path = format!("{files}?va={}&name=large.txt", cast.corporate);
    let page = api.send("POST", &path, &kind, Some(file.as_bytes()));
    page.expect(201);
    let made = page.json()["file"].clone();
    assert_eq!(
        (&made["is_being_taken_in"], &made["taken"]),
        (&json!(true), &json!(0))
    );
    let id = made["id"].as_str().unwrap().to_owned();
    let mut cy = p.sign_in("cy@xyz.example");
    cy.get(&format!("/sa/{}/devices/usage-data-files/{id}", cast.xyz.number))
        .expect(200)
        .shows("Being taken in")
        .shows("Progress");
    let early = api.post(&format!("{files}/{id}/acknowledgement"), &json!({}));
    early.expect(409);
    assert_eq!(code(&early), "usage.being-taken-in");
    p.run_jobs();
    let done = api.get(&format!("{files}/{id}"));
    done.expect(200);
    let done = done.json()["file"].clone();
    assert_eq!(
        [
            &done["is_being_taken_in"],
            &done["taken"],
            &done["refused"],
            &done["devices"]
        ],
        [&json!(false), &json!(5_015), &json!(1), &json!(6)]
    );
    assert_eq!(p.numbers(&cast.xyz, cast.corporate, NE).1, 6);
    let text = api.post(&format!("{files}/{id}/acknowledgement"), &json!({}));
    text.expect(200);
    assert_eq!(acknowledged(&text.body).len(), 6);
    // Again: all of it is known.
    let page = api.send("POST", &path, &kind, Some(file.as_bytes()));
    page.expect(201);
    p.run_jobs();
    let again = api
        .get(&format!(
            "{files}/{}",
            page.json()["file"]["id"].as_str().unwrap()
        ))
        .json();
    assert_eq!(
        (&again["file"]["taken"], &again["file"]["known"]),
        (&json!(0), &json!(5_015))
    );
    assert_eq!(p.numbers(&cast.xyz, cast.corporate, NE).1, 6);
    assert!(licentral::simulator::check(&p.db).unwrap().is_empty());
}

#[test]
fn what_is_wrong_in_a_usage_file_is_told_line_by_line_and_a_broken_file_takes_nothing_in() {
    let (p, cast) = Portal::with_cast();
    p.licenses(&cast.xyz, cast.corporate, "C9200-48P-E", 5);
    let mut api = p.api("ada@xyz.example");
    let kind = [("content-type", "application/octet-stream")];
    let path = format!(
        "/api/v1/accounts/{}/usage-files?va={}",
        cast.xyz.number, cast.corporate
    );
    let (one, two, impostor) = (
        Sender::new(&p, "FOC1"),
        Sender::new(&p, "FOC2"),
        Sender::new(&p, "FOC1"),
    );
    api.send(
        "POST",
        &path,
        &kind,
        Some(usage_file(&[one.report("1", NE, 3, 5)]).as_bytes()),
    )
    .expect(201);
    // A device of another Smart Account.
    let theirs = Sender::new(&p, "FOC3");
    let there = format!(
        "/api/v1/accounts/{}/usage-files?va={}",
        cast.harborview.number, cast.harborview.default
    );
    let file = usage_file(&[theirs.report("1", NE, 1, 1)]);
    p.api("eve@harborview.example")
        .send("POST", &there, &kind, Some(file.as_bytes()))
        .expect(201);
    let mut bent = one.report("2", NE, 4, 1);
    bent.payload = bent.payload.replace("17.12.4", "17.12.5");
    let all = [
        (one.report("1", NE, 3, 5), ""),
        (one.report("1", NE, 4, 5), "usage.other-content"),
        (bent, "usage.bad-signature"),
        (one.report("3", NE, 4, 6), "usage.out-of-order"),
        (one.report("4", NE, 4, 24 * 3_650), "usage.too-old"),
        (one.report("5", NE, 4, -2), "devices.clock"),
        (one.report("6", "no-such-license", 4, 1), "licenses.unknown"),
        (impostor.report("7", NE, 4, 1), "usage.other-key"),
        (theirs.report("2", NE, 4, 1), "usage.other-account"),
        (two.report("1", NE, 1, 1), ""),
    ];
    let sent: Vec<Sent> = all.iter().map(|(sent, _)| sent.clone()).collect();
    let page = api.send("POST", &path, &kind, Some(usage_file(&sent).as_bytes()));
    page.expect(201);
    let told = page.json();
    let codes: Vec<&str> = told["reports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, all.map(|(_, code)| code), "{told}");
    assert_eq!(
        [
            &told["file"]["taken"],
            &told["file"]["known"],
            &told["file"]["refused"]
        ],
        [1, 1, 8]
    );
    assert_eq!(p.numbers(&cast.xyz, cast.corporate, NE).1, 4);
    // Cut off, too deep, no archive at all: refused whole.
    let good = usage_file(&[two.report("2", NE, 2, 0)]);
    let archive = licentral::devices::policy::files::archive(std::slice::from_ref(&good));
    let packed = |bytes: &[u8]| {
        use std::io::Write as _;
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    };
    let whole = packed(&archive);
    let deep = (0..9).fold(whole.clone(), |bytes, _| packed(&bytes));
    let before = p.fingerprint();
    for (file, code) in [
        (&archive[..archive.len() - 600], "usage.truncated"),
        (&whole[..whole.len() / 2], "usage.truncated"),
        (deep.as_slice(), "usage.too-much"),
        (b"hello".as_slice(), "usage.no-reports"),
    ] {
        let page = api.send("POST", &path, &kind, Some(file));
        page.expect(409);
        assert_eq!(self::code(&page), code);
    }
    before.assert_same(&p.fingerprint(), "nothing was taken in");
    api.send("POST", &path, &kind, Some(&whole)).expect(201);
    assert_eq!(p.numbers(&cast.xyz, cast.corporate, NE).1, 5);
}
