//! What becomes of a reservation whose device gives no return code: updates with their confirmation, rehosting, and removal
//! under a case. Nothing counts twice, whatever comes in whatever order.

use crate::support::{Account, Portal, Reply, refused};
use licentral::devices::reservation::codes::{self, Authorization, RequestCode};
use licentral::platform::token;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const NE: &str = "c9200-ne-48";
const DNA: &str = "c9200-dna-e-48";
const PLACE: &str = "Corporate Network Devices";
const PID: &str = "C9200-48P-E";
const ADA: &str = "ada@xyz.example";

fn request(serial: &str) -> RequestCode {
    RequestCode::make(PID, serial, token::random_bytes()).unwrap()
}
fn base(account: &Account) -> String {
    format!("/api/v1/accounts/{}", account.number)
}
fn of(made: &Value, field: &str) -> String {
    made[field].as_str().unwrap().to_owned()
}
fn wants(lines: &[(&str, i64)]) -> Value {
    lines
        .iter()
        .map(|(key, n)| json!({ "entitlement": key, "quantity": n }))
        .collect()
}

#[test]
fn an_update_reserves_more_at_once_and_gives_back_when_the_device_confirms() {
    let (p, cast) = Portal::with_cast();
    p.licenses(&cast.xyz, cast.corporate, PID, 5);
    let mut ada = p.sign_in(ADA);
    let mut script = p.api(ADA);
    let asked = request("FOC1");
    let made = script
        .post(
            &format!("{}/reservations", base(&cast.xyz)),
            &json!({ "virtual_account": cast.corporate, "request_code": asked.text, "licenses": wants(&[(NE, 3)]) }),
        )
        .expect(201)
        .json();
    let (id, device) = (of(&made, "id"), of(&made, "device"));
    let first = of(&made, "authorization_code");
    let page = format!("/sa/{}/devices/device-inventory/{device}", cast.xyz.number);
    let counts = |key: &str| p.stock_named(&cast.xyz, PLACE, key).unwrap().1;
    ada.get(&page).expect(200);
    ada.click("Update Reserved Licenses").expect(200).shows("Maximum");
    let csrf = ada.csrf();
    let update = format!("{page}/update-reservation");
    let before = p.fingerprint();
    let choice = |ne: &'static str, dna: &'static str| {
        [
            ("csrf", csrf.clone()),
            ("entitlement[]", NE.to_owned()),
            ("quantity[]", ne.to_owned()),
            ("entitlement[]", DNA.to_owned()),
            ("quantity[]", dna.to_owned()),
        ]
    };
    let mut post = |ne: &'static str, dna: &'static str| {
        let fields = choice(ne, dna);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(a, b)| (*a, b.as_str())).collect();
        ada.post_fields(&update, &fields).clone()
    };
    post("6", "")
        .expect(422)
        .shows("Enter a whole number from 0 to 5.");
    post("some", "").expect(422);
    post("3", "")
        .expect(409)
        .shows("These quantities are reserved already.");
    post("", "").expect(409).shows("To give all of them back");
    p.fingerprint().assert_same(&before, "nothing was updated");
    // One license more, two less: until the device confirms, both are set aside.
    post("1", "2").expect(303);
    assert_eq!((counts(NE), counts(DNA)), ([5, 0, 3, 2], [5, 0, 2, 3]));
    p.adds_up();
    ada.follow().expect(200).shows("Update of Reserved Licenses");
    assert_eq!(p.events_of("licenses.reservation-updated").len(), 1);
    let waits = script
        .get(&format!("{}/reservations/{id}", base(&cast.xyz)))
        .json();
    let second = of(&waits["update"], "authorization_code");
    assert_eq!(of(&waits, "authorization_code"), first);
    let read = Authorization::read(&second, &asked.text).unwrap();
    assert_eq!(read.update, 1);
    assert_eq!(read.licenses.iter().map(|one| one.quantity).sum::<i64>(), 3);
    // No other update until then, and it stays where its pools are.
    let again = script.post(
        &format!("{}/reservations/{id}/update", base(&cast.xyz)),
        &json!({ "licenses": wants(&[(NE, 2)]) }),
    );
    assert_eq!(refused(&again), "reservations.unconfirmed");
    let moved = script.post(
        &format!("{}/devices/transfer", base(&cast.xyz)),
        &json!({ "devices": [device], "virtual_account": cast.public }),
    );
    assert_eq!(refused(&moved), "reservations.unconfirmed");
    for wrong in [
        "",
        "AAAAAA-AAAAAA-AAAAAA",
        &codes::confirmation_code(&first, PID, "FOC1"),
    ] {
        ada.fill_and_send("Enter Confirmation Code", &[("confirmation", wrong)])
            .expect(422)
            .shows("This is not the confirmation code");
    }
    let right = codes::confirmation_code(&second, PID, "FOC1");
    ada.fill_and_submit("Enter Confirmation Code", &[("confirmation", &right)])
        .expect(200)
        .shows("The update is confirmed.");
    assert_eq!((counts(NE), counts(DNA)), ([5, 0, 1, 4], [5, 0, 2, 3]));
    let twice = script.post(
        &format!("{}/reservations/{id}/confirm", base(&cast.xyz)),
        &json!({ "confirmation_code": right }),
    );
    assert_eq!(refused(&twice), "reservations.nothing-pending");
    // Confirmed it may be moved, updated again, and returned by its newest code alone.
    let back = format!("{}/devices/{device}/return-reservation", base(&cast.xyz));
    let stale = codes::return_code(&first, PID, "FOC1");
    script.post(&back, &json!({ "return_code": stale })).expect(422);
    script
        .post(
            &back,
            &json!({ "return_code": codes::return_code(&second, PID, "FOC1") }),
        )
        .expect(204);
    assert_eq!((counts(NE), counts(DNA)), ([5, 0, 0, 5], [5, 0, 0, 5]));
    p.adds_up();
}

#[test]
fn a_device_may_return_before_it_confirms_with_either_code() {
    let (p, cast) = Portal::with_cast();
    p.licenses(&cast.xyz, cast.corporate, PID, 5);
    let mut script = p.api(ADA);
    for (serial, newest) in [("FOC1", false), ("FOC2", true)] {
        let made = script
            .post(
                &format!("{}/reservations", base(&cast.xyz)),
                &json!({ "virtual_account": cast.corporate, "request_code": request(serial).text, "licenses": wants(&[(NE, 2)]) }),
            )
            .expect(201)
            .json();
        let waits = script
            .post(
                &format!("{}/reservations/{}/update", base(&cast.xyz), of(&made, "id")),
                &json!({ "licenses": wants(&[(NE, 1), (DNA, 1)]) }),
            )
            .expect(200)
            .json();
        let code = if newest {
            of(&waits["update"], "authorization_code")
        } else {
            of(&waits, "authorization_code")
        };
        script
            .post(
                &format!(
                    "{}/devices/{}/return-reservation",
                    base(&cast.xyz),
                    of(&made, "device")
                ),
                &json!({ "return_code": codes::return_code(&code, PID, serial) }),
            )
            .expect(204);
        assert_eq!(p.stock_named(&cast.xyz, PLACE, NE).unwrap().1[2], 0);
        assert_eq!(p.stock_named(&cast.xyz, PLACE, DNA).unwrap().1[2], 0);
        p.adds_up();
    }
}

#[test]
fn a_dead_device_is_removed_under_a_case_and_its_later_return_code_changes_nothing() {
    let (p, cast) = Portal::with_cast();
    p.licenses(&cast.xyz, cast.corporate, PID, 3);
    let (mut script, mut cy, mut vera) = (p.api(ADA), p.sign_in("cy@xyz.example"), p.api("vera@xyz.example"));
    let made = script
        .post(
            &format!("{}/reservations", base(&cast.xyz)),
            &json!({ "virtual_account": cast.corporate, "request_code": request("FOC1").text, "licenses": wants(&[(NE, 3)]) }),
        )
        .expect(201)
        .json();
    let device = of(&made, "device");
    let page = format!("/sa/{}/devices/device-inventory/{device}", cast.xyz.number);
    let under_case = format!("{}/devices/{device}/remove-reservation", base(&cast.xyz));
    cy.get(&page).expect(200);
    cy.click("Remove")
        .expect(200)
        .shows("The device can give no code");
    let before = p.fingerprint();
    for (case, dead, says) in [
        ("", "1", "Enter the number of the case"),
        ("698123456", "", "Tick this only when"),
    ] {
        let csrf = cy.csrf();
        cy.post_fields(
            &format!("{page}/return/case"),
            &[("csrf", &csrf), ("case", case), ("dead", dead)],
        )
        .expect(422)
        .shows(says);
    }
    script
        .post(&under_case, &json!({ "case_number": "" }))
        .expect(422);
    vera.post(&under_case, &json!({ "case_number": "698123456" }))
        .expect(403);
    // The usual way says where to go.
    let usual = script.delete(&format!("{}/devices/{device}", base(&cast.xyz)));
    assert!(usual.body.contains("under a case"), "{}", usual.body);
    p.fingerprint().assert_same(&before, "nothing was removed");
    let csrf = cy.csrf();
    cy.post_fields(
        &format!("{page}/return/case"),
        &[("csrf", &csrf), ("case", "698123456"), ("dead", "1")],
    )
    .expect(303);
    cy.follow().expect(200).shows("was removed under a case");
    assert_eq!(p.stock_named(&cast.xyz, PLACE, NE).unwrap().1, [3, 0, 0, 3]);
    let event = &p.events_of("licenses.reservation-removed")[0];
    assert!(
        event.message.contains("under case 698123456"),
        "{}",
        event.message
    );
    // It comes back from the dead with a good return code.
    let before = p.fingerprint();
    let code = codes::return_code(&of(&made, "authorization_code"), PID, "FOC1");
    let late = script.post(
        &format!("{}/devices/{device}/return-reservation", base(&cast.xyz)),
        &json!({ "return_code": code }),
    );
    assert_eq!(refused(&late), "reservations.ended");
    assert!(late.body.contains("under case 698123456"), "{}", late.body);
    cy.get(&format!("{page}/return"))
        .expect(409)
        .shows("a return code brings nothing more");
    for (path, body) in [
        ("update", json!({ "licenses": wants(&[(NE, 1)]) })),
        ("confirm", json!({ "confirmation_code": "x" })),
        ("rehost", json!({ "request_code": request("FOC2").text })),
    ] {
        let reply = script.post(
            &format!("{}/reservations/{}/{path}", base(&cast.xyz), of(&made, "id")),
            &body,
        );
        assert_eq!(refused(&reply), "reservations.ended", "{path}");
    }
    p.fingerprint()
        .assert_same(&before, "a late return code changes nothing");
    cy.get(&format!(
        "/sa/{}/licensing/reservation/{}",
        cast.xyz.number,
        of(&made, "id")
    ))
    .expect(200)
    .shows("was removed under a case");
    // Reset, it asks anew.
    script
        .post(
            &format!("{}/reservations", base(&cast.xyz)),
            &json!({ "virtual_account": cast.corporate, "request_code": request("FOC1").text, "licenses": wants(&[(NE, 3)]) }),
        )
        .expect(201);
    p.adds_up();
}

#[test]
fn a_replacement_has_what_was_reserved_for_the_failed_device() {
    let (p, cast) = Portal::with_cast();
    p.licenses(&cast.xyz, cast.corporate, PID, 3);
    let (mut script, mut ada) = (p.api(ADA), p.sign_in(ADA));
    let made = script
        .post(
            &format!("{}/reservations", base(&cast.xyz)),
            &json!({ "virtual_account": cast.corporate, "request_code": request("FOC1").text, "licenses": wants(&[(NE, 3), (DNA, 1)]) }),
        )
        .expect(201)
        .json();
    let page = format!(
        "/sa/{}/devices/device-inventory/{}",
        cast.xyz.number,
        of(&made, "device")
    );
    ada.get(&page).expect(200);
    ada.click("Rehost Licenses from a Failed Product")
        .expect(200)
        .shows("These licenses go to the replacement");
    let before = p.fingerprint();
    ada.fill_and_send("Rehost licenses", &[("code", "no code")])
        .expect(422);
    ada.fill_and_send("Rehost licenses", &[("code", &of(&made, "request_code"))])
        .expect(409)
        .shows("was answered before");
    p.fingerprint().assert_same(&before, "nothing was rehosted");
    let asked = request("FOC2");
    ada.fill_and_submit(
        "Rehost licenses",
        &[("code", &asked.text), ("note", "RMA 800123")],
    )
    .expect(200)
    .shows("The licenses are reserved for the replacement.");
    // All three stayed set aside, for another device.
    assert_eq!(p.stock_named(&cast.xyz, PLACE, NE).unwrap().1, [3, 0, 3, 0]);
    let text = ada.page().texts(".copy code")[0].clone();
    let granted = Authorization::read(&text, &asked.text).unwrap();
    assert_eq!((granted.serial.as_str(), granted.licenses.len()), ("FOC2", 2));
    let events = p.events_of("licenses.reservation-rehosted");
    assert_eq!(events.len(), 2, "in the history of both");
    assert!(events[0].message.contains("RMA 800123"), "{}", events[0].message);
    let late = script.post(
        &format!(
            "{}/devices/{}/return-reservation",
            base(&cast.xyz),
            of(&made, "device")
        ),
        &json!({ "return_code": codes::return_code(&of(&made, "authorization_code"), PID, "FOC1") }),
    );
    assert_eq!(refused(&late), "reservations.ended");
    assert!(late.body.contains("rehosted to another device"), "{}", late.body);
    // The replacement is reset and asks with another code: what refuses it names this way, which is open.
    let asked = request("FOC2");
    let again = script.post(
        &format!("{}/reservations", base(&cast.xyz)),
        &json!({ "virtual_account": cast.corporate, "request_code": asked.text, "licenses": wants(&[(NE, 1)]) }),
    );
    assert_eq!(refused(&again), "reservations.registered");
    assert!(again.body.contains("rehost"), "{}", again.body);
    let now = script.get(&format!("{}/devices?q=FOC2", base(&cast.xyz))).json();
    let device = of(&now["items"][0], "id");
    ada.get(&format!(
        "/sa/{}/devices/device-inventory/{device}/rehost",
        cast.xyz.number
    ))
    .expect(200);
    ada.fill_and_submit("Rehost licenses", &[("code", &asked.text)])
        .expect(200);
    assert_eq!(p.stock_named(&cast.xyz, PLACE, NE).unwrap().1, [3, 0, 3, 0]);
    p.adds_up();
}

#[test]
fn who_may_go_these_ways_is_the_matrix_alone() {
    let (p, cast) = Portal::with_cast();
    p.licenses(&cast.xyz, cast.corporate, PID, 3);
    let made = p
        .api(ADA)
        .post(
            &format!("{}/reservations", base(&cast.xyz)),
            &json!({ "virtual_account": cast.corporate, "request_code": request("FOC1").text, "licenses": wants(&[(NE, 1)]) }),
        )
        .expect(201)
        .json();
    let update = format!("{}/reservations/{}/update", base(&cast.xyz), of(&made, "id"));
    let body = json!({ "licenses": wants(&[(NE, 2)]) });
    for (email, status) in [
        ("vera@xyz.example", 403),
        ("bob@xyz.example", 403),
        ("una@xyz.example", 404),
        ("eve@harborview.example", 404),
        ("dan@xyz.example", 200),
    ] {
        p.api(email).post(&update, &body).expect(status);
    }
    let mut vera = p.sign_in("vera@xyz.example");
    vera.get(&format!(
        "/sa/{}/devices/device-inventory/{}",
        cast.xyz.number,
        of(&made, "device")
    ))
    .expect(200)
    .shows("cannot reserve licenses");
}

/// Numbers that look like chance and are the same in each run.
struct Dice(u64);
impl Dice {
    fn upto(&mut self, most: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % (most + 1)
    }
}

/// A device as it stands by its own knowledge: which codes it has seen, and what it may use.
struct Held {
    id: String,
    device: String,
    serial: String,
    code: String,
    now: BTreeMap<&'static str, i64>,
    pending: Option<(String, BTreeMap<&'static str, i64>)>,
}

impl Held {
    /// What has to be set aside for it: the larger of the two, whichever code it works by.
    fn set_aside(&self, key: &str) -> i64 {
        let then = self
            .pending
            .as_ref()
            .map_or(0, |(_, then)| then.get(key).copied().unwrap_or(0));
        self.now.get(key).copied().unwrap_or(0).max(then)
    }
}

#[test]
fn whatever_is_done_in_whatever_order_no_license_counts_twice() {
    for seed in 1..=3 {
        let (p, cast) = Portal::with_cast();
        // Two terms, so that a license lies in two pools.
        let at = p.clock.now();
        p.licenses_of(&cast.xyz, cast.corporate, PID, 3, at, Some(36));
        p.licenses_of(&cast.xyz, cast.corporate, PID, 3, at, Some(60));
        let total = p.stock_named(&cast.xyz, PLACE, NE).unwrap().1[0];
        let mut dice = Dice(seed);
        let mut script = p.api(ADA);
        let base = base(&cast.xyz);
        let mut held: Vec<Held> = Vec::new();
        let mut serial = 0;
        for step in 0..60 {
            let lines: Vec<(&'static str, i64)> = [NE, DNA]
                .into_iter()
                .map(|key| (key, i64::try_from(dice.upto(4)).unwrap()))
                .filter(|(_, n)| *n > 0)
                .collect();
            let chosen = usize::try_from(dice.upto(99)).unwrap();
            let what = dice.upto(6);
            let fits = |held: &[Held], except: Option<usize>| {
                lines.iter().all(|(key, n)| {
                    let others: i64 = held
                        .iter()
                        .enumerate()
                        .filter(|(at, _)| Some(*at) != except)
                        .map(|(_, one)| one.set_aside(key))
                        .sum();
                    others + n <= total
                })
            };
            if what == 0 || held.is_empty() {
                serial += 1;
                let asked = request(&format!("FOC{serial}"));
                let reply: Reply = script.post(
                    &format!("{base}/reservations"),
                    &json!({ "virtual_account": cast.corporate, "request_code": asked.text, "licenses": wants(&lines) }),
                );
                let good = !lines.is_empty() && fits(&held, None);
                assert_eq!(
                    reply.status == 201,
                    good,
                    "seed {seed}, step {step}: {}",
                    reply.body
                );
                if good {
                    let made = reply.json();
                    held.push(Held {
                        id: of(&made, "id"),
                        device: of(&made, "device"),
                        serial: format!("FOC{serial}"),
                        code: of(&made, "authorization_code"),
                        now: lines.into_iter().collect(),
                        pending: None,
                    });
                }
            } else {
                let at = chosen % held.len();
                let (id, device, name) = (
                    held[at].id.clone(),
                    held[at].device.clone(),
                    held[at].serial.clone(),
                );
                match what {
                    1 | 2 => {
                        let wanted: BTreeMap<&'static str, i64> = lines.iter().copied().collect();
                        let reply = script.post(
                            &format!("{base}/reservations/{id}/update"),
                            &json!({ "licenses": wants(&lines) }),
                        );
                        let good = held[at].pending.is_none()
                            && !wanted.is_empty()
                            && wanted != held[at].now
                            && fits(&held, Some(at));
                        assert_eq!(
                            reply.status == 200,
                            good,
                            "seed {seed}, step {step}: {}",
                            reply.body
                        );
                        if good {
                            held[at].pending =
                                Some((of(&reply.json()["update"], "authorization_code"), wanted));
                        }
                    }
                    3 => {
                        let one = &mut held[at];
                        let code = one
                            .pending
                            .as_ref()
                            .map_or(one.code.clone(), |(code, _)| code.clone());
                        let reply = script.post(
                            &format!("{base}/reservations/{id}/confirm"),
                            &json!({ "confirmation_code": codes::confirmation_code(&code, PID, &name) }),
                        );
                        assert_eq!(reply.status == 200, one.pending.is_some(), "{}", reply.body);
                        if let Some((code, now)) = one.pending.take() {
                            one.code = code;
                            one.now = now;
                        }
                    }
                    4 => {
                        serial += 1;
                        let to = format!("FOC{serial}");
                        let reply = script.post(
                            &format!("{base}/reservations/{id}/rehost"),
                            &json!({ "request_code": request(&to).text }),
                        );
                        let made = reply.expect(201).json();
                        let one = &mut held[at];
                        let all = [NE, DNA].into_iter().map(|key| (key, one.set_aside(key)));
                        one.now = all.filter(|(_, n)| *n > 0).collect();
                        one.pending = None;
                        one.id = of(&made, "id");
                        one.device = of(&made, "device");
                        one.code = of(&made, "authorization_code");
                        one.serial = to;
                        // What the failed one says later changes nothing.
                        let late = script.post(
                            &format!("{base}/devices/{device}/return-reservation"),
                            &json!({ "return_code": codes::return_code(&one.code, PID, &name) }),
                        );
                        assert_eq!(refused(&late), "reservations.ended");
                    }
                    5 => {
                        script
                            .post(
                                &format!("{base}/devices/{device}/remove-reservation"),
                                &json!({ "case_number": "698123456" }),
                            )
                            .expect(204);
                        held.remove(at);
                    }
                    _ => {
                        script
                            .post(
                                &format!("{base}/devices/{device}/return-reservation"),
                                &json!({ "return_code": codes::return_code(&held[at].code, PID, &name) }),
                            )
                            .expect(204);
                        held.remove(at);
                    }
                }
            }
            for key in [NE, DNA] {
                let wanted: i64 = held.iter().map(|one| one.set_aside(key)).sum();
                let [purchased, in_use, reserved, balance] = p.stock_named(&cast.xyz, PLACE, key).unwrap().1;
                assert_eq!(
                    (purchased, in_use, reserved, balance),
                    (total, 0, wanted, total - wanted),
                    "seed {seed}, step {step}, {key}"
                );
            }
        }
        p.adds_up();
    }
}
