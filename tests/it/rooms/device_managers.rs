//! Device managers: adding, the list and its pop-ups, renaming, removing, and what the clock does.

use crate::support::{Account, OnPrem, Portal, registration_file};
use chrono::TimeDelta;
use licentral::devices::reservation::codes::RequestCode;
use licentral::platform::signing::FileKey;
use licentral::platform::token;
use licentral::simulator;
use licentral::sync::format::{self, AuthorizationHeader};
use serde_json::json;
use std::io::Cursor;

fn list(account: &Account) -> String {
    format!("/sa/{}/devices/device-managers", account.number)
}
fn page(account: &Account, one: &OnPrem) -> String {
    format!("{}/{}", list(account), one.id)
}
fn api(account: &Account) -> String {
    format!("/api/v1/accounts/{}/device-managers", account.number)
}

#[test]
fn a_device_manager_is_added_by_its_registration_file() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&list(&cast.xyz))
        .expect(200)
        .shows("No On-Prem deployment is connected");
    let (key, _) = FileKey::make().unwrap();
    let text = registration_file(&key, "Springfield", p.clock.now());
    ada.get(&format!("{}/add", list(&cast.xyz))).expect(200);
    let before = p.fingerprint();
    ada.fill_and_submit(
        "Add device manager",
        &[("text", "LICENTRAL SYNC 1\n"), ("va", "new")],
    )
    .expect(422)
    .shows("Name");
    let bent = text.replace("LICENTRAL REGISTRATION 1\ne", "LICENTRAL REGISTRATION 1\nf");
    ada.get(&format!("{}/add", list(&cast.xyz))).expect(200);
    ada.fill_and_submit(
        "Add device manager",
        &[("text", &bent), ("va", "new"), ("new_va", "Local")],
    )
    .expect(422)
    .shows("signature");
    assert_eq!(p.fingerprint(), before);
    ada.get(&format!("{}/add", list(&cast.xyz))).expect(200);
    ada.fill_and_submit(
        "Add device manager",
        &[
            ("text", &text),
            ("va", "new"),
            ("new_va", "Local-Virtual-Account"),
        ],
    )
    .expect(200)
    .shows("Springfield is registered")
    .shows("Local-Virtual-Account");
    let file = ada.page().path.clone() + "-file";
    ada.get(&file).expect(200);
    let answer = ada.page().body.clone();
    let signed = format::open(Cursor::new(answer.as_bytes()))
        .unwrap()
        .verify::<AuthorizationHeader>(p.parts.signing.files().public_key())
        .unwrap();
    assert_eq!(signed.header.name, "Springfield");
    assert_eq!(signed.header.smart_account, cast.xyz.number);
    assert_eq!(signed.header.virtual_account, "Local-Virtual-Account");
    assert_eq!(p.events_of("device-manager.added").len(), 1);

    ada.get(&list(&cast.xyz))
        .expect(200)
        .shows("Springfield")
        .shows("Never synchronized")
        .shows("Local-Virtual-Account");
    ada.click("Springfield").expect(200).shows("Registered by");
    let here = ada.page().path.clone();
    ada.get(&format!("{here}/virtual-accounts"))
        .expect(200)
        .shows("None known yet");
    ada.click("Event log")
        .expect(200)
        .shows("The device manager Springfield was added and bound to Local-Virtual-Account.");

    // Its key, its name and its Virtual Account are taken.
    let mut script = p.api("ada@xyz.example");
    let (other, _) = FileKey::make().unwrap();
    let other = registration_file(&other, "Second", p.clock.now());
    let before = p.fingerprint();
    for (name, place, file, code) in [
        ("Third", "Fresh", &text, "device-managers.already-registered"),
        ("springfield", "Fresh", &other, "device-managers.name-taken"),
        ("Third", "local-virtual-account", &other, "device-managers.bound"),
        ("Third", "DEFAULT", &other, "device-managers.default"),
    ] {
        let body = json!({ "name": name, "virtual_account": place, "registration": file });
        let reply = script.post(&api(&cast.xyz), &body);
        reply.expect(409);
        assert_eq!(reply.json()["code"], code);
    }
    assert_eq!(p.fingerprint(), before, "nothing is left of what was refused");

    // Neither deleted nor made the default, whoever asks.
    let names =
        p.db.read_now(|r| licentral::virtual_accounts::names(r, &[cast.xyz.id]))
            .unwrap();
    let place = names
        .iter()
        .find(|(_, _, name, _)| name == "Local-Virtual-Account")
        .unwrap()
        .1;
    let reply = script.delete(&format!(
        "/api/v1/accounts/{}/virtual-accounts/{place}",
        cast.xyz.number
    ));
    reply.expect(409);
    assert_eq!(reply.json()["code"], "virtual-accounts.bound");
}

#[test]
fn who_may_do_what_with_a_device_manager() {
    let (p, cast) = Portal::with_cast();
    let one = p.on_prem(&cast.xyz, "ada@xyz.example", "Springfield", "Local");
    let path = format!("{}/{}", api(&cast.xyz), one.id);
    for (email, sees, renames, removes) in [
        ("ada@xyz.example", 200, 200, 204),
        ("cy@xyz.example", 200, 200, 403),
        ("vera@xyz.example", 200, 403, 403),
        ("bob@xyz.example", 403, 403, 403),
        // Of other Virtual Accounts, and of another Smart Account.
        ("dan@xyz.example", 404, 404, 404),
        ("eve@harborview.example", 404, 404, 404),
    ]
    .into_iter()
    .rev()
    {
        let mut script = p.api(email);
        script.get(&path).expect(sees);
        script
            .patch(&path, &json!({ "name": format!("Of {email}") }))
            .expect(renames);
        script.post(&format!("{path}/remove"), &json!({})).expect(removes);
    }
    let mut vera = p.sign_in("vera@xyz.example");
    vera.get(&list(&cast.xyz)).expect(200);
    assert!(
        p.events_of("device-manager.removed")[0]
            .message
            .contains("without a case number")
    );
}

#[test]
fn one_that_serves_product_instances_is_removed_only_after_them() {
    let (p, cast) = Portal::with_cast();
    let mut one = p.on_prem(&cast.xyz, "ada@xyz.example", "Springfield", "Local");
    p.sync(&one.file(p.clock.now(), &[("FOC1", "Lab", &[])]))
        .expect(200);
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&format!("{}/remove", page(&cast.xyz, &one)))
        .expect(200)
        .shows("Remove Device Manager?")
        .shows("Remove all Product Instances on all Local Virtual Accounts")
        .shows("Synchronize with SSM On-Prem");
    assert!(
        ada.page().texts("dialog .danger").is_empty(),
        "there is no red button"
    );
    let mut script = p.api("ada@xyz.example");
    let before = p.fingerprint();
    let reply = script.post(&format!("{}/{}/remove", api(&cast.xyz), one.id), &json!({}));
    reply.expect(409);
    assert_eq!(reply.json()["code"], "device-managers.product-instances");
    assert_eq!(p.fingerprint(), before);

    one.last_response = 1;
    p.sync(&one.file(p.clock.now(), &[])).expect(200);
    ada.get(&format!("{}/remove", page(&cast.xyz, &one))).expect(200);
    ada.click("Remove device manager")
        .expect(200)
        .shows("Enter Active Case Number")
        .shows_not("(optional)");
    let csrf = ada.csrf();
    let case = format!("{}/remove/case", page(&cast.xyz, &one));
    ada.post_fields(&case, &[("csrf", &csrf), ("case", "")])
        .expect(422)
        .shows("Proceed without");
    ada.post_fields(&case, &[("csrf", &csrf), ("case", "698123456")])
        .expect(303);
    ada.follow()
        .expect(200)
        .shows("Springfield was removed")
        .shows("No On-Prem deployment is connected");
    let event = &p.events_of("device-manager.removed")[0];
    assert!(event.detail.contains("698123456") && event.message.contains("under case 698123456"));
    // The Virtual Account is there and free again; the key opens nothing.
    one.last_response = 2;
    let reply = p.sync(&one.file(p.clock.now(), &[]));
    reply.expect(409);
    assert_eq!(reply.json()["code"], "sync.removed-device-manager");
    p.on_prem(&cast.xyz, "ada@xyz.example", "Springfield", "Local");
    p.run_jobs();
    assert_eq!(simulator::check(&p.db).unwrap(), Vec::<String>::new());
}

#[test]
fn whoever_does_not_synchronize_is_overdue_and_then_removed() {
    let (p, cast) = Portal::with_cast();
    let mut one = p.on_prem(&cast.xyz, "ada@xyz.example", "Springfield", "Local");
    p.sync(&one.file(p.clock.now(), &[("FOC1", "Lab", &[("c9200-ne-48", 1)])]))
        .expect(200);
    p.advance(TimeDelta::days(29));
    p.run_jobs();
    assert!(p.events_of("device-manager.overdue").is_empty());
    p.advance(TimeDelta::days(1));
    p.run_jobs();
    p.run_jobs();
    assert_eq!(p.events_of("device-manager.overdue").len(), 1);
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&list(&cast.xyz))
        .expect(200)
        .shows("Synchronization overdue");
    ada.get(&format!("/sa/{}/alerts", cast.xyz.number))
        .expect(200)
        .shows("Synchronization Overdue")
        .shows("Springfield was to synchronize by");
    p.advance(TimeDelta::days(59));
    p.run_jobs();
    assert!(p.events_of("device-manager.expired").is_empty());
    p.advance(TimeDelta::days(1));
    p.run_jobs();
    let gone = p.events_of("device-manager.expired");
    assert_eq!(gone.len(), 1);
    assert!(
        gone[0].message.contains("1 product instance went with it"),
        "{}",
        gone[0].message
    );
    ada.get(&list(&cast.xyz))
        .expect(200)
        .shows("No On-Prem deployment is connected");
    p.run_jobs();
    assert_eq!(simulator::check(&p.db).unwrap(), Vec::<String>::new());
}

#[test]
fn nothing_registers_in_a_bound_virtual_account_but_through_its_server() {
    let (p, cast) = Portal::with_cast();
    p.licenses(&cast.xyz, cast.corporate, "C9200-48P-E", 5);
    // A token from before it was bound, and a device that is elsewhere.
    let (_, old) = p.registration_token(&cast.xyz, cast.corporate, None);
    let (_, token) = p.registration_token(&cast.xyz, cast.public, None);
    let elsewhere = p.device(&token, "FOC1").id;
    p.on_prem(
        &cast.xyz,
        "ada@xyz.example",
        "Springfield",
        "Corporate Network Devices",
    );
    let number = cast.xyz.number;
    let request = RequestCode::make("C9200-48P-E", "FOC2", token::random_bytes()).unwrap();
    let mut ada = p.api("ada@xyz.example");
    let before = p.fingerprint();
    for (path, body) in [
        (
            format!("/api/v1/accounts/{number}/registration-tokens"),
            json!({ "virtual_accounts": [cast.public, cast.corporate], "description": "x", "expires_after_days": 7,
                "max_uses": 2, "export_controlled": false }),
        ),
        (
            format!("/api/v1/accounts/{number}/devices/transfer"),
            json!({ "devices": [elsewhere], "virtual_account": cast.corporate }),
        ),
        (
            format!("/api/v1/accounts/{number}/reservations"),
            json!({ "virtual_account": cast.corporate, "request_code": request.text,
                "licenses": [{ "entitlement": "c9200-ne-48", "quantity": 1 }] }),
        ),
    ] {
        let reply = ada.post(&path, &body);
        assert_eq!(reply.status, 409, "{path}: {}", reply.body);
        assert_eq!(reply.json()["code"], "virtual-accounts.bound", "{path}");
        assert!(
            reply.body.contains("Springfield"),
            "it says where to go: {}",
            reply.body
        );
    }
    let reply = p.ask_to_register(&crate::support::registration(&old, "FOC3", &token::random()));
    reply.expect(409);
    assert_eq!(reply.json()["code"], "virtual-accounts.bound");
    assert_eq!(p.fingerprint(), before);
    // On the pages the road is closed before anybody walks it, with the reason.
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&format!(
        "/sa/{number}/licensing/inventory/{}/general",
        cast.corporate
    ))
    .expect(200)
    .shows("is bound to the device manager Springfield");
    let empty = p.virtual_account(&cast.xyz, "Warehouse");
    p.on_prem(&cast.xyz, "ada@xyz.example", "Shelbyville", "Warehouse");
    ada.get(&format!("/sa/{number}/licensing/inventory/{empty}/general"))
        .expect(200)
        .shows("Product instances of this Virtual Account register on its On-Prem server.");
    let offered = |body: &str| body.contains(&format!("value=\"{}\"", cast.corporate));
    for path in [
        format!("/sa/{number}/devices/transfer?device={elsewhere}"),
        format!("/sa/{number}/licensing/reservation"),
    ] {
        assert!(!offered(&ada.get(&path).expect(200).body), "{path}");
    }
}
