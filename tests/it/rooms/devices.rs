//! Product instances: the protocol, the clock, the pages, and what is refused.

use crate::support::{Account, ESSENTIALS, Portal, registration};
use chrono::TimeDelta;
use diesel::prelude::*;
use licentral::kernel::ids::{DeviceManagerId, VirtualAccountId};
use licentral::platform::db::Reads;
use licentral::platform::db::schema::{device_usage, devices};
use licentral::platform::token;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use std::collections::BTreeMap;

fn inventory(account: &Account) -> String {
    format!("/sa/{}/devices/device-inventory", account.number)
}

fn code(reply: &crate::support::Reply) -> String {
    reply.json()["code"].as_str().unwrap_or_default().to_owned()
}

/// How often a token was used.
fn uses(p: &Portal, id: licentral::kernel::ids::RegistrationTokenId) -> i64 {
    use licentral::platform::db::schema::registration_tokens as tokens;
    p.db.read_now(|r| Ok(tokens::table.find(id).select(tokens::uses).first(r.conn())?))
        .unwrap()
}

#[test]
fn one_switch_uses_its_two_licenses_and_the_balance_is_zero() {
    let (p, cast) = Portal::with_cast();
    p.licenses(&cast.xyz, cast.xyz.default, "C9200-48P-E", 1);
    let (_, token) = p.registration_token(&cast.xyz, cast.xyz.default, Some(5));
    let mut switch = p.device(&token, "JAE24010001");
    let told = switch.report(&ESSENTIALS);
    let told = told.expect(200).json();
    assert_eq!(told["authorization"], "authorized");
    assert_eq!(told["smart_account"]["name"], "XYZ COMPANY");
    assert_eq!(told["virtual_account"], "DEFAULT");
    assert_eq!(told["licenses"].as_array().unwrap().len(), 2);
    assert_eq!(told["licenses"][0]["status"], "in-compliance");
    for (key, _) in ESSENTIALS {
        assert_eq!(p.numbers(&cast.xyz, cast.xyz.default, key), (1, 1, 0), "{key}");
    }
    // A second one makes it short, for both.
    let mut second = p.device(&token, "JAE24010002");
    let told = second.report(&ESSENTIALS).expect(200).json();
    assert_eq!(told["authorization"], "out-of-compliance");
    let at = |key: &str| licentral::kernel::Moment::parse(told[key].as_str().unwrap()).unwrap();
    assert_eq!(
        at("next_contact_at").since(at("contact_at")),
        TimeDelta::hours(12)
    );
    assert_eq!(
        switch.status().expect(200).json()["authorization"],
        "out-of-compliance"
    );
    // It goes, and there is enough again.
    second.deregister().expect(204);
    second.status().expect(401);
    let told = switch.report(&ESSENTIALS).expect(200).json();
    assert_eq!(told["authorization"], "authorized");
    assert_eq!(p.numbers(&cast.xyz, cast.xyz.default, "c9200-ne-48"), (1, 1, 0));
    // The host name stands on Product Instances, and each step in the record.
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&format!(
        "/sa/{}/licensing/inventory/{}/product-instances",
        cast.xyz.number, cast.xyz.default
    ))
    .expect(200)
    .shows("sw-jae24010001")
    .shows("C9200 Series Switch")
    .shows_not("<div");
    for (kind, count) in [
        ("device.registered", 2),
        ("device.reported", 3),
        ("device.deregistered", 1),
    ] {
        assert_eq!(p.events_of(kind).len(), count, "{kind}");
    }
    assert!(
        p.events()
            .iter()
            .all(|event| !event.detail.contains(&switch.secret)
                && !event.message.contains(&token)
                && !event.detail.contains(&token))
    );
}

#[test]
fn a_registration_is_made_once_however_often_it_is_asked_for() {
    let (p, cast) = Portal::with_cast();
    let (id, text) = p.registration_token(&cast.xyz, cast.xyz.default, Some(1));
    let secret = token::random();
    let asked = registration(&text, "JAE24010001", &secret);
    // A name that would turn the text around it is none.
    let mut turning = asked.clone();
    turning["hostname"] = json!("\u{202e}evil");
    p.ask_to_register(&turning).expect(422);
    let first = p.ask_to_register(&asked);
    first.expect(201);
    // The answer was lost: the token is used up, and asking again is answered all the same.
    let again = p.ask_to_register(&asked);
    again.expect(200);
    assert_eq!(first.json(), again.json());
    assert_eq!(uses(&p, id), 1);
    assert_eq!(p.events_of("device.registered").len(), 1);
    // The same device with another secret is another matter, whatever the case of its serial number.
    let (more, text) = p.registration_token(&cast.xyz, cast.corporate, Some(5));
    let other = token::random();
    let asked = registration(&text, "jae24010001", &other);
    assert_eq!(
        code(p.ask_to_register(&asked).expect(409)),
        "devices.already-registered"
    );
    assert_eq!(uses(&p, more), 0);
    let mut forced = asked.clone();
    forced["force"] = json!(true);
    let moved = p.ask_to_register(&forced);
    moved.expect(201);
    assert_eq!(
        moved.json()["device"],
        first.json()["device"],
        "one row for a UDI"
    );
    assert_eq!(moved.json()["virtual_account"], "Corporate Network Devices");
    assert_eq!(uses(&p, more), 1);
    // In another Smart Account it may be registered as well.
    let (_, theirs) = p.registration_token(&cast.harborview, cast.harborview.default, None);
    p.device(&theirs, "JAE24010001");
}

#[test]
fn what_is_wrong_with_a_call_is_told_with_a_code_of_its_own() {
    let (p, cast) = Portal::with_cast();
    let (_, token) = p.registration_token_with(&cast.xyz, cast.xyz.default, None, false);
    let mut switch = p.device(&token, "JAE24010001");
    let before = p.fingerprint();
    assert_eq!(
        code(switch.report(&[("no-such-license", 1)]).expect(409)),
        "licenses.unknown"
    );
    assert_eq!(
        code(switch.report(&[("hsec-k9", 1)]).expect(409)),
        "devices.export-controlled"
    );
    assert_eq!(code(switch.report(&[("c9200-ne-48", -1)]).expect(422)), "invalid");
    assert_eq!(
        code(
            switch
                .report(&[("c9200-ne-48", 1), ("c9200-ne-48", 2)])
                .expect(422)
        ),
        "invalid"
    );
    let ahead = p.clock.now().plus(TimeDelta::minutes(61));
    let body = json!({ "licenses": [], "at": ahead });
    assert_eq!(
        code(switch.send("POST", "/device/v1/report", Some(&body)).expect(409)),
        "devices.clock"
    );
    for body in [
        json!({}),
        json!({ "licenses": 1 }),
        json!({ "licenses": [], "more": 1 }),
    ] {
        switch.send("POST", "/device/v1/report", Some(&body)).expect(400);
    }
    for wrong in ["", "x", &"x".repeat(42), &"%".repeat(43)] {
        p.ask_to_register(&registration(&token, "JAE24010009", wrong))
            .expect(422);
    }
    p.ask_to_register(&registration(&token, "with space", &token::random()))
        .expect(422);
    before.assert_same(&p.fingerprint(), "calls that were refused");
    assert_eq!(
        code(
            p.ask_to_register(&registration("garbled", "JAE24010009", &token::random()))
                .expect(409)
        ),
        "tokens.garbled"
    );
    // A Smart Account that is Inactive takes no reports.
    p.db.housekeeping_now(|tx| {
        use licentral::platform::db::schema::smart_accounts;
        diesel::update(smart_accounts::table.find(cast.xyz.id))
            .set(smart_accounts::state.eq("inactive"))
            .execute(tx.conn())?;
        Ok(())
    })
    .unwrap();
    assert_eq!(code(switch.report(&[]).expect(409)), "smart-account.inactive");
}

#[test]
fn wrong_credentials_have_to_wait_and_right_ones_elsewhere_do_not() {
    let (p, cast) = Portal::with_cast();
    let (_, token) = p.registration_token(&cast.xyz, cast.xyz.default, None);
    let mut switch = p.device(&token, "JAE24010001");
    let right = std::mem::replace(&mut switch.secret, token::random());
    let mut answers = Vec::new();
    for _ in 0..7 {
        answers.push(switch.status().status);
    }
    assert_eq!(answers[..5], [401; 5]);
    assert_eq!(answers[6], 429);
    switch.secret = right;
    switch.report(&[]).expect(429);
    let mut other = p.device(&token, "JAE24010002");
    other.report(&[]).expect(200);
    p.advance_wall(TimeDelta::minutes(20));
    switch.report(&[]).expect(200);
}

#[test]
fn silence_costs_the_licenses_first_and_the_registration_last() {
    let (p, cast) = Portal::with_cast();
    p.licenses(&cast.xyz, cast.xyz.default, "C9200-48P-E", 5);
    let (_, token) = p.registration_token(&cast.xyz, cast.xyz.default, None);
    let (mut silent, mut calling) = (p.device(&token, "JAE24010001"), p.device(&token, "JAE24010002"));
    silent.report(&ESSENTIALS).expect(200);
    calling.report(&ESSENTIALS).expect(200);
    p.run_jobs();
    assert!(p.events_of("device.failed-to-connect").is_empty());
    p.advance(TimeDelta::days(29));
    calling.report(&ESSENTIALS).expect(200);
    p.advance(TimeDelta::days(1));
    p.run_jobs();
    assert_eq!(p.events_of("device.failed-to-connect").len(), 1);
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&format!("{}?status=silent", inventory(&cast.xyz)))
        .expect(200)
        .shows("sw-jae24010001")
        .shows("1–1 of 1");
    // Back in time: nothing was lost.
    silent.report(&ESSENTIALS).expect(200);
    assert_eq!(p.events_of("device.connected").len(), 1);
    assert_eq!(p.numbers(&cast.xyz, cast.xyz.default, "c9200-ne-48").1, 2);
    // Ninety days: released.
    p.advance(TimeDelta::days(60));
    calling.report(&ESSENTIALS).expect(200);
    p.advance(TimeDelta::days(30));
    p.run_jobs();
    p.run_jobs();
    assert_eq!(p.events_of("device.authorization-expired").len(), 1);
    assert_eq!(p.numbers(&cast.xyz, cast.xyz.default, "c9200-ne-48").1, 1);
    assert_eq!(
        silent.status().expect(200).json()["authorization"],
        "authorization-expired"
    );
    silent.report(&ESSENTIALS).expect(200);
    assert_eq!(p.numbers(&cast.xyz, cast.xyz.default, "c9200-ne-48").1, 2);
    // A year without a new certificate ends a registration, even of one that calls; a renewal keeps the other.
    calling.renew().expect(200);
    p.advance(TimeDelta::days(250));
    assert_eq!(
        code(silent.report(&ESSENTIALS).expect(409)),
        "devices.registration-expired"
    );
    p.run_jobs();
    silent.status().expect(401);
    calling.report(&ESSENTIALS).expect(200);
    assert_eq!(p.events_of("device.registration-expired").len(), 1);
    assert_eq!(p.numbers(&cast.xyz, cast.xyz.default, "c9200-ne-48").1, 1);
    ada.get(&inventory(&cast.xyz)).expect(200).shows("1–1 of 1");
    p.adds_up();
}

#[test]
fn product_instances_are_transferred_together_with_what_they_use() {
    let (p, cast) = Portal::with_cast();
    p.licenses(&cast.xyz, cast.xyz.default, "C9200-48P-E", 2);
    let (_, token) = p.registration_token(&cast.xyz, cast.xyz.default, None);
    let ids: Vec<String> = ["JAE24010001", "JAE24010002"]
        .iter()
        .map(|serial| {
            let mut device = p.device(&token, serial);
            device.report(&ESSENTIALS).expect(200);
            device.id
        })
        .collect();
    let mut ada = p.sign_in("ada@xyz.example");
    let csrf = p.csrf_of(&ada);
    let path = format!("/sa/{}/devices/transfer", cast.xyz.number);
    let body = |more: &str| format!("csrf={csrf}&device={}&device={}&from={more}", ids[0], ids[1]);
    ada.post(&path, &body("&step=choose"))
        .expect(200)
        .shows("Target Virtual Account")
        .shows("sw-jae24010001")
        .shows("sw-jae24010002");
    ada.fill_and_submit("Next", &[])
        .expect(422)
        .shows("Choose a Target Virtual Account.");
    ada.fill_and_submit("Next", &[("to", cast.corporate.as_str())])
        .expect(200)
        .shows("2 licenses will be short")
        .shows("−2");
    ada.fill_and_submit("Submit", &[])
        .expect(200)
        .shows("2 product instances transferred to Corporate Network Devices.");
    assert_eq!(p.numbers(&cast.xyz, cast.xyz.default, "c9200-ne-48"), (2, 0, 2));
    assert_eq!(p.numbers(&cast.xyz, cast.corporate, "c9200-ne-48"), (0, 2, -2));
    assert_eq!(p.events_of("device.transferred").len(), 2);
    // To where they are.
    let mut api = p.api("ada@xyz.example");
    let base = format!("/api/v1/accounts/{}/devices", cast.xyz.number);
    let to = |place: VirtualAccountId| json!({ "devices": ids, "virtual_account": place });
    assert_eq!(
        code(
            api.post(&format!("{base}/transfer"), &to(cast.corporate))
                .expect(409)
        ),
        "devices.same-place"
    );
    // Dan reaches one end alone; who may only look may not; a stranger finds nothing.
    p.api("dan@xyz.example")
        .post(&format!("{base}/transfer"), &to(cast.public))
        .expect(404);
    p.api("vera@xyz.example")
        .post(&format!("{base}/transfer"), &to(cast.public))
        .expect(403);
    p.api("eve@harborview.example")
        .post(&format!("{base}/transfer"), &to(cast.public))
        .expect(404);
    assert_eq!(
        api.post(&format!("{base}/transfer"), &to(cast.xyz.default))
            .expect(200)
            .json()["devices"],
        2
    );
    assert_eq!(p.numbers(&cast.xyz, cast.corporate, "c9200-ne-48"), (0, 0, 0));
    p.adds_up();
    // Sent twice, by page and by script: done once, and answered the same.
    let twice = format!("{}&once=an-once-token-of-a-form&to={}", body(""), cast.public);
    for _ in 0..2 {
        ada.post(&format!("{path}/submit"), &twice).expect(303);
    }
    for _ in 0..2 {
        let reply = api.post_once(&format!("{base}/remove"), "a-key", &json!({ "devices": ids }));
        reply.expect(200);
        assert_eq!(reply.json()["devices"], 2);
    }
    assert_eq!(p.events_of("device.transferred").len(), 6);
    assert_eq!(p.events_of("device.removed").len(), 2);
    p.adds_up();
}

#[test]
fn a_product_instance_is_removed_after_a_look_at_what_comes_back() {
    let (p, cast) = Portal::with_cast();
    p.licenses(&cast.xyz, cast.xyz.default, "C9200-48P-E", 1);
    let (_, token) = p.registration_token(&cast.xyz, cast.xyz.default, None);
    let mut switch = p.device(&token, "JAE24010001");
    switch.report(&ESSENTIALS).expect(200);
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&format!("{}/{}", inventory(&cast.xyz), switch.id))
        .expect(200)
        .shows("License Usage")
        .shows("C9200 Network Essentials, 48-port")
        .shows("PID:C9200-48P-E SN:JAE24010001")
        .shows("Product instance registered");
    ada.click("Remove")
        .expect(200)
        .shows("Remove Product Instance")
        .shows("C9200 DNA Essentials, 48-port");
    ada.fill_and_submit("Remove Product Instance", &[])
        .expect(200)
        .shows("1 product instance removed. What was used is free again.");
    assert_eq!(p.numbers(&cast.xyz, cast.xyz.default, "c9200-ne-48"), (1, 0, 1));
    switch.report(&ESSENTIALS).expect(401);
    ada.get(&format!("{}/{}", inventory(&cast.xyz), switch.id))
        .expect(404);
    assert_eq!(p.events_of("device.removed").len(), 1);
    p.adds_up();
}

#[test]
fn who_may_not_change_a_product_instance_is_told_why() {
    let (p, cast) = Portal::with_cast();
    let (_, token) = p.registration_token(&cast.xyz, cast.public, None);
    let switch = p.device(&token, "JAE24010001");
    let one = format!("{}/{}", inventory(&cast.xyz), switch.id);
    let mut vera = p.sign_in("vera@xyz.example");
    vera.get(&one)
        .expect(200)
        .shows("Your role, Smart Account Viewer, cannot transfer licenses and devices.");
    vera.get(&inventory(&cast.xyz))
        .expect(200)
        .shows("sw-jae24010001");
    vera.get(&format!(
        "/sa/{}/devices/remove?device={}",
        cast.xyz.number, switch.id
    ))
    .expect(403);
    // Una may, in her Virtual Account; Dan does not see it.
    p.sign_in("una@xyz.example").get(&one).expect(200);
    p.sign_in("dan@xyz.example").get(&one).expect(404);
    p.sign_in("eve@harborview.example").get(&one).expect(404);
    p.sign_in("bob@xyz.example").get(&one).expect(403);
    let mut una = p.api("una@xyz.example");
    let base = format!("/api/v1/accounts/{}/devices", cast.xyz.number);
    assert_eq!(una.get(&base).expect(200).json()["total"], 1);
    assert_eq!(p.api("dan@xyz.example").get(&base).expect(200).json()["total"], 0);
    una.delete(&format!("{base}/{}", switch.id)).expect(204);
    una.delete(&format!("{base}/{}", switch.id)).expect(404);
}

#[test]
fn what_an_on_prem_server_owns_is_changed_there() {
    let (p, cast) = Portal::with_cast();
    let (_, token) = p.registration_token(&cast.xyz, cast.xyz.default, None);
    let mut switch = p.device(&token, "JAE24010001");
    p.db.housekeeping_now(|tx| {
        diesel::update(devices::table)
            .set(devices::device_manager_id.eq(Some(DeviceManagerId::new())))
            .execute(tx.conn())?;
        Ok(())
    })
    .unwrap();
    let before = p.fingerprint();
    let mut api = p.api("ada@xyz.example");
    let base = format!("/api/v1/accounts/{}/devices", cast.xyz.number);
    let refused = api.delete(&format!("{base}/{}", switch.id));
    assert_eq!(code(refused.expect(409)), "devices.on-prem");
    assert!(refused.json()["detail"].as_str().unwrap().contains("synchronize"));
    let body = json!({ "devices": [switch.id], "virtual_account": cast.corporate });
    assert_eq!(
        code(api.post(&format!("{base}/transfer"), &body).expect(409)),
        "devices.on-prem"
    );
    assert_eq!(code(switch.deregister().expect(409)), "devices.on-prem");
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&format!("{}/{}", inventory(&cast.xyz), switch.id))
        .expect(200)
        .shows("source of truth");
    p.advance(TimeDelta::days(400));
    p.run_jobs();
    assert!(p.events_of("device.failed-to-connect").is_empty());
    let _ = before;
    ada.get(&inventory(&cast.xyz)).expect(200).shows("1–1 of 1");
}

#[test]
fn a_virtual_account_with_product_instances_stays() {
    let (p, cast) = Portal::with_cast();
    let (_, token) = p.registration_token(&cast.xyz, cast.public, None);
    let mut switch = p.device(&token, "JAE24010001");
    let mut api = p.api("ada@xyz.example");
    let path = format!(
        "/api/v1/accounts/{}/virtual-accounts/{}",
        cast.xyz.number, cast.public
    );
    let refused = api.delete(&path);
    assert_eq!(code(refused.expect(409)), "virtual-accounts.not-empty");
    assert!(refused.body.contains("1 product instance"), "{}", refused.body);
    switch.deregister().expect(204);
    api.delete(&path).expect(204);
}

#[test]
fn the_list_is_searched_filtered_sorted_and_exported() {
    let (p, cast) = Portal::with_cast();
    let (_, token) = p.registration_token(&cast.xyz, cast.xyz.default, None);
    for n in 1..=12 {
        p.device(&token, &format!("JAE240100{n:02}"));
    }
    let (_, token) = p.registration_token(&cast.xyz, cast.corporate, None);
    p.device(&token, "FOC1");
    let mut ada = p.sign_in("ada@xyz.example");
    let at = |query: &str| format!("{}?{query}", inventory(&cast.xyz));
    ada.get(&at("per=10")).expect(200).shows("1–10 of 13");
    ada.get(&at("per=10&page=2&sort=-name"))
        .expect(200)
        .shows("11–13 of 13")
        .shows("sw-foc1");
    ada.get(&at("q=foc1"))
        .expect(200)
        .shows("1–1 of 1")
        .shows("sw-foc1");
    ada.get(&at(&format!("va={}", cast.corporate)))
        .expect(200)
        .shows("1–1 of 1");
    ada.get(&at("product=C9200+Series+Switch&sort=product"))
        .expect(200)
        .shows("13 of 13");
    ada.get(&at("status=released"))
        .expect(200)
        .shows("No product instances match");
    let file = ada.get(&format!("{}.csv?q=foc1", inventory(&cast.xyz)));
    assert_eq!(file.expect(200).body.lines().count(), 2);
}

/// Whatever devices and people do, in any order: what a stock says is in use is what the devices in it use, and there
/// is one row for a UDI.
#[test]
fn no_use_is_ever_lost() {
    let (p, cast) = Portal::with_cast();
    let places = [cast.xyz.default, cast.corporate, cast.public];
    let tokens: Vec<String> = places
        .iter()
        .map(|place| p.registration_token(&cast.xyz, *place, None).1)
        .collect();
    let mut runner = TestRunner::new(Config {
        cases: 6,
        failure_persistence: None,
        ..Config::default()
    });
    let step = (0..5_u8, 0..4_usize, 0..3_usize, 0..4_i64);
    runner
        .run(&proptest::collection::vec(step, 1..40), |steps| {
            let mut api = p.api("ada@xyz.example");
            let base = format!("/api/v1/accounts/{}/devices", cast.xyz.number);
            // The model: where each device is, and what it uses.
            let mut known: BTreeMap<usize, (crate::support::TestDevice, usize, i64)> = BTreeMap::new();
            for (what, device, place, quantity) in steps {
                match (what, known.remove(&device)) {
                    (0, None) => {
                        let made = p.device(&tokens[place], &format!("MODEL{device}"));
                        known.insert(device, (made, place, 0));
                    }
                    (1, Some((mut one, at, _))) => {
                        one.report(&[("c9200-ne-48", quantity)]).expect(200);
                        known.insert(device, (one, at, quantity));
                    }
                    (2, Some((mut one, _, _))) => {
                        one.deregister().expect(204);
                    }
                    (3, Some((one, _, _))) => {
                        api.delete(&format!("{base}/{}", one.id)).expect(204);
                    }
                    (4, Some((one, at, used))) => {
                        let body = json!({ "devices": [one.id], "virtual_account": places[place] });
                        let moved = api.post(&format!("{base}/transfer"), &body);
                        moved.expect(if at == place { 409 } else { 200 });
                        known.insert(device, (one, place, used));
                    }
                    (_, back) => {
                        if let Some(back) = back {
                            known.insert(device, back);
                        }
                    }
                }
                for (n, place) in places.iter().enumerate() {
                    let used: i64 = known.values().filter(|one| one.1 == n).map(|one| one.2).sum();
                    prop_assert_eq!(p.numbers(&cast.xyz, *place, "c9200-ne-48").1, used);
                }
                prop_assert_eq!(api.get(&base).json()["total"].as_u64(), Some(known.len() as u64));
            }
            for (one, _, _) in known.values_mut() {
                one.deregister().expect(204);
            }
            Ok(())
        })
        .unwrap();
    p.adds_up();
}

/// Everybody at once: one row, one use of the token, and no use of a license lost.
#[test]
fn fifty_times_the_same_device_is_one_device() {
    let (p, cast) = Portal::with_cast();
    let (id, text) = p.registration_token(&cast.xyz, cast.xyz.default, Some(3));
    let secret = token::random();
    let asked = registration(&text, "JAE24010001", &secret);
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..50)
            .map(|_| scope.spawn(|| p.ask_to_register(&asked).status))
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert_eq!(
        answers.iter().filter(|status| **status == 201).count(),
        1,
        "{answers:?}"
    );
    assert_eq!(
        answers.iter().filter(|status| **status == 200).count(),
        49,
        "{answers:?}"
    );
    assert_eq!(uses(&p, id), 1);
    assert_eq!(p.fingerprint().count("devices"), 1);
    assert_eq!(p.events_of("device.registered").len(), 1);
    // With different secrets one is first, and the others are told.
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..20)
            .map(|_| {
                scope.spawn(|| {
                    p.ask_to_register(&registration(&text, "JAE24010002", &token::random()))
                        .status
                })
            })
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert_eq!(
        answers.iter().filter(|status| **status == 201).count(),
        1,
        "{answers:?}"
    );
    assert_eq!(
        answers.iter().filter(|status| **status == 409).count(),
        19,
        "{answers:?}"
    );
    assert_eq!(uses(&p, id), 2);
    p.adds_up();
}

#[test]
fn thirty_two_devices_report_at_once_while_somebody_moves_them() {
    let (p, cast) = Portal::with_cast();
    let (_, text) = p.registration_token(&cast.xyz, cast.xyz.default, None);
    let mut made: Vec<_> = (0..32).map(|n| p.device(&text, &format!("RACE{n:02}"))).collect();
    let ids: Vec<String> = made.iter().map(|one| one.id.clone()).collect();
    std::thread::scope(|scope| {
        for one in &mut made {
            scope.spawn(move || {
                for round in 1..=5 {
                    one.report(&[("c9200-ne-48", round), ("c9200-dna-e-48", 6 - round)])
                        .expect(200);
                }
            });
        }
        scope.spawn(|| {
            let mut api = p.api("ada@xyz.example");
            let base = format!("/api/v1/accounts/{}/devices/transfer", cast.xyz.number);
            for round in 0..6 {
                let to = if round % 2 == 0 {
                    cast.corporate
                } else {
                    cast.xyz.default
                };
                api.post(&base, &json!({ "devices": ids[..16], "virtual_account": to }))
                    .expect(200);
            }
        });
    });
    let (here, there) = (
        p.numbers(&cast.xyz, cast.xyz.default, "c9200-ne-48").1,
        p.numbers(&cast.xyz, cast.corporate, "c9200-ne-48").1,
    );
    assert_eq!(here + there, 32 * 5);
    let rows: i64 =
        p.db.read_now(|r| {
            Ok(device_usage::table
                .filter(device_usage::virtual_account_id.eq(cast.xyz.default))
                .count()
                .get_result(r.conn())?)
        })
        .unwrap();
    assert_eq!(rows, 64);
    p.adds_up();
}

#[test]
fn the_demo_has_180_product_instances_three_silent_and_one_shortage() {
    let p = Portal::start_as(|config| config.scenario = "demo".to_owned());
    licentral::simulator::scenario::fill_if_empty(&p.parts).unwrap();
    let mut api = p.api("ada@xyz.example");
    let list = |api: &mut crate::support::Api, query: &str| {
        api.get(&format!("/api/v1/accounts/100001/devices?{query}"))
            .expect(200)
            .json()
    };
    assert_eq!(list(&mut api, "")["total"], 180);
    assert_eq!(list(&mut api, "status=silent")["total"], 3);
    let switch = list(&mut api, "q=access-switch-01");
    assert_eq!(switch["items"][0]["virtual_account_name"], "DEFAULT");
    assert_eq!(switch["items"][0]["authorization"], "authorized");
    assert_eq!(switch["items"][0]["licenses"].as_array().unwrap().len(), 2);
    let short: Vec<String> =
        p.db.read_now(|r| {
            use licentral::platform::db::schema::license_stocks as stocks;
            Ok(stocks::table
                .filter(stocks::balance.lt(0).and(stocks::billing.eq("prepaid")))
                .select(stocks::entitlement)
                .load(r.conn())?)
        })
        .unwrap();
    assert_eq!(short, ["cucm-enhanced"]);
    let balances: Vec<i64> =
        p.db.read_now(|r| {
            use licentral::platform::db::schema::{license_stocks as stocks, virtual_accounts};
            Ok(stocks::table
                .inner_join(virtual_accounts::table.on(virtual_accounts::id.eq(stocks::virtual_account_id)))
                .filter(virtual_accounts::is_default.eq(true))
                .filter(stocks::entitlement.eq_any(["c9200-ne-48", "c9200-dna-e-48"]))
                .filter(stocks::in_use.gt(0))
                .select(stocks::balance)
                .load(r.conn())?)
        })
        .unwrap();
    assert_eq!(balances, [0, 0], "S4: one of each, both in use");
    p.run_jobs();
    assert_eq!(
        p.events_of("device.failed-to-connect").len(),
        3,
        "no more than the three"
    );
    p.adds_up();
}
