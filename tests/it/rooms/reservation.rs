//! License Reservation: request code, licenses, authorization code, and the way back.

use crate::support::both::{ADMIN, Both, SKU};
use crate::support::{Account, Portal};
use diesel::prelude::*;
use licentral::devices::reservation::codes::{self, Authorization, RequestCode};
use licentral::platform::db::schema::{registration_tokens, reservation_lines, reservations};
use licentral::platform::db::{Reads, Tx};
use licentral::platform::token;
use serde_json::json;

const NE: &str = "c9200-ne-48";
const DNA: &str = "c9200-dna-e-48";

fn pages(account: &Account) -> String {
    format!("/sa/{}/licensing/reservation", account.number)
}

fn request(serial: &str) -> RequestCode {
    RequestCode::make("C9200-48P-E", serial, token::random_bytes()).unwrap()
}

/// What a script is told.
fn code(reply: &crate::support::Reply) -> String {
    reply.json()["code"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn licenses_are_reserved_installed_and_returned() {
    let (p, cast) = Portal::with_cast();
    p.licenses(&cast.xyz, cast.corporate, "C9200-48P-E", 5);
    let place = "Corporate Network Devices";
    let asked = request("FOC2401X0AB");
    let mut cy = p.sign_in("cy@xyz.example");
    cy.get(&format!(
        "/sa/{}/licensing/inventory/{}/licenses",
        cast.xyz.number, cast.corporate
    ))
    .expect(200);
    cy.click("Generate license authorization")
        .expect(200)
        .shows("Enter Request Code");
    let path = pages(&cast.xyz);
    let (csrf, va) = (cy.csrf(), cast.corporate.to_string());
    // What is no code stays, with the reason beside it.
    let before = p.fingerprint();
    for bad in ["", "no code", "LC-ZC9200-48P-E:FOC2401X0AB-AAAAAAAAA-00"] {
        cy.post_fields(&path, &[("csrf", &csrf), ("va", &va), ("code", bad)])
            .expect(422);
    }
    cy.post_fields(&path, &[("csrf", &csrf), ("va", ""), ("code", &asked.text)])
        .expect(422)
        .shows("Choose the Virtual Account");
    // From a file, with white space around it.
    let file = format!(" {}\r\n", asked.text);
    cy.post_fields(&path, &[("csrf", &csrf), ("va", &va), ("file", &file)])
        .expect(303);
    cy.follow()
        .expect(200)
        .shows("Only surplus licenses can be reserved.");
    let licenses = format!("{path}/licenses");
    let choice = |quantity: &'static str| {
        [
            ("csrf", csrf.as_str()),
            ("va", va.as_str()),
            ("code", asked.text.as_str()),
            ("entitlement[]", NE),
            ("quantity[]", quantity),
            ("entitlement[]", DNA),
            ("quantity[]", "1"),
        ]
    };
    for bad in ["6", "-1", "1.5", "some"] {
        cy.post_fields(&licenses, &choice(bad))
            .expect(422)
            .shows("Enter a whole number from 1 to 5.");
    }
    cy.post_fields(&licenses, &[("csrf", &csrf), ("va", &va), ("code", &asked.text)])
        .expect(422)
        .shows("Enter a quantity");
    before.assert_same(&p.fingerprint(), "nothing was confirmed");
    cy.post_fields(&licenses, &choice("2")).expect(303);
    cy.follow().expect(200).shows("Review what will be reserved.");
    cy.fill_and_send("Generate Authorization Code", &[]).expect(303);
    let done = cy.page().location().unwrap().to_owned();
    cy.follow()
        .expect(200)
        .shows("The licenses are reserved.")
        .shows("Authorization Code");
    let text = cy.page().texts(".copy code")[0].clone();
    cy.get(&format!("{done}/code.txt")).expect(200);
    assert_eq!(cy.page().body, format!("{text}\n"));
    // What the device reads out of it.
    let granted = Authorization::read(&text, &asked.text).unwrap();
    assert_eq!(
        (granted.pid.as_str(), granted.serial.as_str()),
        ("C9200-48P-E", "FOC2401X0AB")
    );
    let mut told: Vec<(&str, i64)> = granted
        .licenses
        .iter()
        .map(|one| (one.entitlement.as_str(), one.quantity))
        .collect();
    told.sort_unstable();
    assert_eq!(told, [(DNA, 1), (NE, 2)]);
    assert!(Authorization::read(&text, &request("FOC2401X0AB").text).is_err());

    // Purchased, in use, reserved, balance; a product instance that holds it.
    assert_eq!(p.stock_named(&cast.xyz, place, NE).unwrap().1, [5, 0, 2, 3]);
    assert_eq!(p.events_of("licenses.reserved").len(), 1);
    let mut ada = p.sign_in("ada@xyz.example");
    let list = format!("/sa/{}/devices/device-inventory", cast.xyz.number);
    ada.get(&list).expect(200).shows("FOC2401X0AB");
    // Years of silence change nothing.
    p.advance(chrono::TimeDelta::days(400));
    p.run_jobs();
    ada.get(&list).expect(200).shows("FOC2401X0AB");
    // The same request is answered once, and the device holds one reservation.
    let mut script = p.api("ada@xyz.example");
    let base = format!("/api/v1/accounts/{}/reservations", cast.xyz.number);
    let body = |request: &RequestCode, quantity: i64| {
        json!({ "virtual_account": cast.corporate, "request_code": request.text,
            "licenses": [{ "entitlement": NE, "quantity": quantity }] })
    };
    let refused = script.post(&base, &body(&asked, 1));
    refused.expect(409);
    assert_eq!(code(&refused), "reservations.request-used");
    let refused = script.post(&base, &body(&request("foc2401x0ab"), 1));
    refused.expect(409);
    assert_eq!(code(&refused), "reservations.registered");

    // Remove asks for the return code.
    cy.get(&list).expect(200);
    cy.click("Remove").expect(200).shows("Reservation Return Code");
    let right = codes::return_code(&text, "C9200-48P-E", "FOC2401X0AB");
    let other = codes::return_code(&text, "C9200-48P-E", "FOC2401X0AC");
    for wrong in ["", "AAAAAA-AAAAAA-AAAAAA", &other, &text] {
        cy.fill_and_send("Remove product instance", &[("code", wrong)])
            .expect(422);
    }
    assert_eq!(p.stock_named(&cast.xyz, place, NE).unwrap().1[2], 2);
    cy.fill_and_send("Remove product instance", &[("code", &right.to_lowercase())])
        .expect(303);
    cy.follow().expect(200).shows("The reserved licenses came back");
    assert_eq!(p.stock_named(&cast.xyz, place, NE).unwrap().1[2], 0);
    assert_eq!(p.events_of("licenses.reservation-returned").len(), 1);
    ada.get(&list).expect(200).shows_not("FOC2401X0AB");
    ada.get(&done).expect(200).shows("This reservation was returned");
    p.adds_up();
}

#[test]
fn what_is_reserved_goes_with_its_device_and_stays_reserved() {
    let (p, cast) = Portal::with_cast();
    p.licenses(&cast.xyz, cast.corporate, "C9200-48P-E", 3);
    let mut ada = p.api("ada@xyz.example");
    let base = format!("/api/v1/accounts/{}", cast.xyz.number);
    let asked = request("FOC2401X0AB");
    let body = json!({ "virtual_account": cast.corporate, "request_code": asked.text,
        "licenses": [{ "entitlement": NE, "quantity": 3 }] });
    let made = ada.post_once(&format!("{base}/reservations"), "k", &body);
    let made = made.expect(201).json();
    let again = ada
        .post_once(&format!("{base}/reservations"), "k", &body)
        .expect(201)
        .json();
    assert_eq!(made, again);
    let device = made["device"].as_str().unwrap();
    // All three are set aside: nothing is left to be reserved or transferred.
    let more = json!({ "virtual_account": cast.corporate, "request_code": request("FOC2").text,
        "licenses": [{ "entitlement": NE, "quantity": 1 }] });
    let refused = ada.post(&format!("{base}/reservations"), &more);
    refused.expect(409);
    assert_eq!(code(&refused), "licenses.not-enough");
    // It is not removed without its code, and not registered beside it.
    let refused = ada.delete(&format!("{base}/devices/{device}"));
    refused.expect(409);
    assert_eq!(code(&refused), "devices.reserved");
    ada.post(
        &format!("{base}/devices/transfer"),
        &json!({ "devices": [device], "virtual_account": cast.public }),
    )
    .expect(200);
    assert_eq!(
        p.stock_named(&cast.xyz, "Public Network Devices", NE).unwrap().1,
        [3, 0, 3, 0]
    );
    let id = made["id"].as_str().unwrap();
    let one = ada.get(&format!("{base}/reservations/{id}")).expect(200).json();
    assert_eq!(one["virtual_account_name"], "Public Network Devices");
    let text = made["authorization_code"].as_str().unwrap();
    let back = format!("{base}/devices/{device}/return-reservation");
    let wrong = ada.post(&back, &json!({ "return_code": "AAAAAA-AAAAAA-AAAAAA" }));
    wrong.expect(422);
    assert_eq!(wrong.json()["errors"][0]["pointer"], "/return_code");
    let right = codes::return_code(text, "C9200-48P-E", "FOC2401X0AB");
    ada.post(&back, &json!({ "return_code": right })).expect(204);
    let twice = ada.post(&back, &json!({ "return_code": right }));
    twice.expect(409);
    assert_eq!(code(&twice), "reservations.ended");
    assert_eq!(
        p.stock_named(&cast.xyz, "Public Network Devices", NE).unwrap().1,
        [3, 0, 0, 3]
    );
    p.adds_up();
}

/// Devices are moved by writers that are not one at a time: what a stock says is still what its pools add up to.
#[test]
fn four_who_move_reserved_licenses_at_once_lose_none() {
    let (p, cast) = Portal::with_cast();
    // Each device has a term of its own, so that its stock is all that two of them share.
    let mut ada = p.api("ada@xyz.example");
    let base = format!("/api/v1/accounts/{}", cast.xyz.number);
    let devices: Vec<String> = (1..=4)
        .map(|term| {
            let at = p.clock.now();
            p.licenses_of(&cast.xyz, cast.corporate, "C9200-48P-E", 1, at, Some(12 * term));
            let body = json!({ "virtual_account": cast.corporate,
                "request_code": request(&format!("FOC2401X0A{term}")).text,
                "licenses": [{ "entitlement": NE, "quantity": 1 }] });
            let made = ada
                .post(&format!("{base}/reservations"), &body)
                .expect(201)
                .json();
            made["device"].as_str().unwrap().to_owned()
        })
        .collect();
    for round in 0..10 {
        let to = if round % 2 == 0 {
            cast.public
        } else {
            cast.corporate
        };
        std::thread::scope(|scope| {
            for device in &devices {
                let mut ada = p.api("ada@xyz.example");
                let path = format!("{base}/devices/transfer");
                scope.spawn(move || {
                    ada.post(&path, &json!({ "devices": [device], "virtual_account": to }))
                        .expect(200);
                });
            }
        });
        let place = ["Public Network Devices", "Corporate Network Devices"][round % 2];
        assert_eq!(
            p.stock_named(&cast.xyz, place, NE).unwrap().1,
            [4, 0, 4, 0],
            "in round {round}"
        );
        p.adds_up();
    }
}

#[test]
fn export_controlled_functionality_is_among_what_is_reserved_or_is_not() {
    let (p, cast) = Portal::with_cast();
    p.licenses(&cast.xyz, cast.corporate, "C9200-48P-E", 1);
    p.licenses(&cast.xyz, cast.corporate, "HSEC-C8300", 1);
    let mut ada = p.sign_in("ada@xyz.example");
    let mut script = p.api("ada@xyz.example");
    for (serial, entitlement, says) in [
        ("FOC2401X0AB", NE, "Not allowed"),
        ("FOC2401X0AC", "hsec-k9", "Allowed"),
    ] {
        script
            .post(
                &format!("/api/v1/accounts/{}/reservations", cast.xyz.number),
                &json!({ "virtual_account": cast.corporate, "request_code": request(serial).text,
                    "licenses": [{ "entitlement": entitlement, "quantity": 1 }] }),
            )
            .expect(201);
        let found = script
            .get(&format!(
                "/api/v1/accounts/{}/devices?q={serial}",
                cast.xyz.number
            ))
            .json();
        let id = found["items"][0]["id"].as_str().unwrap();
        assert_eq!(found["items"][0]["export_controlled"], says == "Allowed");
        ada.get(&format!("/sa/{}/devices/device-inventory/{id}", cast.xyz.number))
            .expect(200)
            .shows(&format!("Export-controlled functionality {says}"));
    }
}

#[test]
fn who_may_reserve_is_the_matrix_alone() {
    let (p, cast) = Portal::with_cast();
    p.licenses(&cast.xyz, cast.corporate, "C9200-48P-E", 1);
    let asked = request("FOC2401X0AB");
    let path = pages(&cast.xyz);
    let chosen = format!("{path}/licenses?va={}&code={}", cast.corporate, asked.text);
    p.sign_in("vera@xyz.example").get(&path).expect(403);
    p.sign_in("bob@xyz.example").get(&path).expect(403);
    p.sign_in("eve@harborview.example").get(&path).expect(404);
    p.sign_in("dan@xyz.example").get(&chosen).expect(200);
    p.sign_in("una@xyz.example").get(&chosen).expect(404);
    let mut una = p.api("una@xyz.example");
    una.post(
        &format!("/api/v1/accounts/{}/reservations", cast.xyz.number),
        &json!({ "virtual_account": cast.corporate, "request_code": asked.text,
            "licenses": [{ "entitlement": NE, "quantity": 1 }] }),
    )
    .expect(404);
    let mut vera = p.sign_in("vera@xyz.example");
    vera.get(&format!(
        "/sa/{}/licensing/inventory/{}/licenses",
        cast.xyz.number, cast.corporate
    ))
    .expect(200)
    .shows("Your role, Smart Account Viewer, cannot reserve licenses.");
    assert!(p.events_of("licenses.reserved").is_empty());
}

#[test]
fn the_check_finds_reservations_and_tokens_that_do_not_add_up() {
    let (p, cast) = Portal::with_cast();
    p.licenses(&cast.xyz, cast.corporate, "C9200-48P-E", 3);
    p.registration_token(&cast.xyz, cast.corporate, Some(3));
    p.api("ada@xyz.example")
        .post(
            &format!("/api/v1/accounts/{}/reservations", cast.xyz.number),
            &json!({ "virtual_account": cast.corporate, "request_code": request("FOC2").text,
                "licenses": [{ "entitlement": NE, "quantity": 2 }] }),
        )
        .expect(201);
    p.adds_up();
    let finds = |words: &str,
                 harm: &dyn Fn(&mut Tx<'_>) -> QueryResult<usize>,
                 undo: &dyn Fn(&mut Tx<'_>) -> QueryResult<usize>| {
        p.db.housekeeping_now(|tx| Ok(harm(tx)?)).unwrap();
        let found = licentral::simulator::check(&p.db).unwrap();
        assert!(found.iter().any(|one| one.contains(words)), "{words}: {found:?}");
        p.db.housekeeping_now(|tx| Ok(undo(tx)?)).unwrap();
        p.adds_up();
    };
    let by = |amount: i64| {
        move |tx: &mut Tx<'_>| {
            diesel::update(reservation_lines::table)
                .set(reservation_lines::quantity.eq(reservation_lines::quantity + amount))
                .execute(tx.conn())
        }
    };
    finds("Reservations hold more of a pool", &by(1), &by(-1));
    finds("What is reserved for a product instance", &by(-1), &by(1));
    let at = p.clock.now();
    let returned = |when: Option<licentral::kernel::Moment>| {
        move |tx: &mut Tx<'_>| {
            diesel::update(reservations::table)
                .set(reservations::returned_at.eq(when))
                .execute(tx.conn())
        }
    };
    finds(
        "holds a reservation that is not there",
        &returned(Some(at)),
        &returned(None),
    );
    let used = |uses: i64| {
        move |tx: &mut Tx<'_>| {
            diesel::update(registration_tokens::table)
                .set(registration_tokens::uses.eq(uses))
                .execute(tx.conn())
        }
    };
    finds("used more often than it may be", &used(4), &used(0));
}

/// The list of reservations of an account: over pages, as a file and for scripts.
fn listed(p: &Portal, account: &Account, email: &str, udi: &str) {
    let path = format!("/sa/{}/licensing/reservations", account.number);
    let mut reader = p.sign_in(email);
    reader.open(&path).expect(200).shows(udi).shows("Reserved");
    for found in [
        udi,
        "SN: FOC2401X0AB",
        "foc2401x0ab",
        "PID:C9200-48P-E SN:FOC2401X0AB",
    ] {
        let q: String = url::form_urlencoded::byte_serialize(found.as_bytes()).collect();
        reader.open(&format!("{path}?q={q}")).expect(200).shows(udi);
    }
    for narrowed in ["q=FOC9999", "status=returned"] {
        reader
            .open(&format!("{path}?{narrowed}"))
            .expect(200)
            .shows("No reservations match");
    }
    let file = reader.open(&format!("{path}.csv")).expect(200).body.clone();
    assert!(file.contains("C9200-48P-E,FOC2401X0AB,"), "{file}");
    let all = p
        .api(email)
        .get(&format!(
            "/api/v1/accounts/{}/reservations?status=reserved",
            account.number
        ))
        .expect(200)
        .json();
    assert_eq!(all["total"], 1);
    let one = &all["items"][0];
    assert_eq!(
        (&one["serial"], &one["licenses"], &one["status"]),
        (&json!("FOC2401X0AB"), &json!(2), &json!("reserved"))
    );
    // The codes are where one may use them, and not in a list that everybody reads.
    assert!(one.get("authorization_code").is_none() && one.get("request_code").is_none());
}

#[test]
fn reservations_are_listed_in_both_editions() {
    let (p, cast) = Portal::with_cast();
    p.licenses(&cast.xyz, cast.corporate, "C9200-48P-E", 5);
    let reserve = |p: &Portal, account: &Account, place: &str, email: &str| {
        p.api(email)
            .post(
                &format!("/api/v1/accounts/{}/reservations", account.number),
                &json!({ "virtual_account": place, "request_code": request("FOC2401X0AB").text,
                    "licenses": [{ "entitlement": NE, "quantity": 2 }] }),
            )
            .expect(201)
            .json()
    };
    let udi = "PID:C9200-48P-E SN:FOC2401X0AB";
    let one = reserve(&p, &cast.xyz, cast.corporate.as_str(), "ada@xyz.example");
    listed(&p, &cast.xyz, "ada@xyz.example", udi);
    let path = format!("/sa/{}/licensing/reservations", cast.xyz.number);
    // Vera sees it and reserves nothing; Una does not reach it; a stranger knows of nothing.
    let page = p.sign_in("vera@xyz.example").open(&path).expect(200).clone();
    page.shows(udi);
    assert!(!page.body.contains(one["id"].as_str().unwrap()) || !page.body.contains("reservation/"));
    p.sign_in("una@xyz.example")
        .open(&path)
        .expect(200)
        .shows("No reservations yet");
    p.sign_in("eve@harborview.example").open(&path).expect(404);
    p.sign_in("ada@xyz.example")
        .open(&format!("/sa/{}/licensing/license-inventory", cast.xyz.number))
        .expect(200)
        .shows("Reservations");

    // At an On-Prem server from the local pool, and in its left menu.
    let both = Both::start();
    both.cloud.licenses(&both.cast.xyz, both.place, SKU, 5);
    both.sync(ADMIN).expect(303);
    let local = both.local();
    reserve(&both.server, &local, both.default.as_str(), ADMIN);
    listed(&both.server, &local, ADMIN, udi);
    assert_eq!(both.stock("DEFAULT")[2], 2);
    let mut admin = both.server.sign_in(ADMIN);
    admin.open(&format!("/sa/{}", local.number)).expect(200);
    admin.click("Reservations").expect(200).shows(udi);
}
