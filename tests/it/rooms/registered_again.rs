//! The ways back for an On-Prem server that was restored from a backup or set up anew (it is registered again), and for one
//! that is lost for good (it is removed under a case).

use crate::support::{Account, Cast, OnPrem, Portal, licentral, registration_again, registration_file};
use diesel::prelude::*;
use licentral::platform::db::Reads;
use licentral::platform::db::schema::sync_parts;
use licentral::platform::signing::FileKey;
use licentral::sync::format::{self, RegistrationHeader};
use serde_json::{Value, json};
use std::io::Cursor;
use std::path::Path;

const NE: &str = "c9200-ne-48";
const ADA: &str = "ada@xyz.example";

fn page(account: &Account, one: &OnPrem) -> String {
    format!("/sa/{}/devices/device-managers/{}", account.number, one.id)
}
fn api(account: &Account) -> String {
    format!("/api/v1/accounts/{}/device-managers", account.number)
}

/// A server that has synchronized twice.
fn synchronized(p: &Portal, cast: &Cast) -> OnPrem {
    let mut one = p.on_prem(&cast.xyz, ADA, "Springfield", "Local");
    let at = p.clock.now();
    p.sync(&one.file(at, &[("FOC1", "Lab", &[(NE, 1)])])).expect(200);
    one.last_response = 1;
    p.sync(&one.file(at, &[("FOC1", "Lab", &[(NE, 1)]), ("FOC2", "Lab", &[(NE, 2)])]))
        .expect(200);
    one.last_response = 2;
    one
}

fn shown(p: &Portal, account: &Account, one: &OnPrem) -> Value {
    p.api(ADA).get(&format!("{}/{}", api(account), one.id)).json()
}

/// The same server with a new key, counting from 1.
fn anew(one: &OnPrem) -> OnPrem {
    OnPrem {
        id: one.id,
        account: one.account,
        place: one.place.clone(),
        key: FileKey::make().unwrap().0,
        authorization: String::new(),
        sequence: 0,
        last_response: 0,
    }
}

#[test]
fn a_server_that_was_restored_from_a_backup_is_registered_again_and_synchronizes() {
    let (p, cast) = Portal::with_cast();
    let mut old = synchronized(&p, &cast);
    let at = p.clock.now();
    // Rolled back it counts from 2 again: what it says is refused, and each refusal names the way back.
    let replayed = old.file_with(at, 2, 1, &[("FOC1", "Lab", &[(NE, 1)]), ("FOC9", "Lab", &[])]);
    let old_response = old.file_with(at, 3, 1, &[("FOC1", "Lab", &[(NE, 1)])]);
    let mut ada = p.sign_in(ADA);
    for (bytes, code) in [(&replayed, "sync.replayed"), (&old_response, "sync.old-response")] {
        let refused = p.sync(bytes);
        refused.expect(409);
        assert_eq!(refused.json()["code"], code);
        assert!(refused.body.contains("Re-register"), "{}", refused.body);
    }
    ada.get(&page(&cast.xyz, &old))
        .expect(200)
        .shows("The last synchronization failed.");
    ada.click("Re-register")
        .expect(200)
        .shows("Re-register Springfield");
    // One file waits: it is withdrawn with the registration that it belongs to.
    let waiting = old.file_with(at, 3, 2, &[]);
    let waits = p.api(ADA).send(
        "POST",
        &format!("{}/{}/sync-files", api(&cast.xyz), old.id),
        &[("content-type", "application/octet-stream")],
        Some(&waiting),
    );
    let waits = waits.expect(201).json()["id"].as_str().unwrap().to_owned();
    let latest = old.file_with(
        at,
        2,
        1,
        &[("FOC1", "Lab", &[(NE, 1)]), ("FOC2", "Lab", &[(NE, 2)])],
    );

    let mut new = anew(&old);
    let registration = registration_again(&new.key, "Springfield", Some(new.id), at);
    let before = p.fingerprint();
    let form = [("text", registration.as_str()), ("reason", " ")];
    ada.fill_and_submit("Re-register", &form)
        .expect(422)
        .shows("Enter the number of the case, or why");
    let same = registration_again(&old.key, "Springfield", Some(old.id), at);
    ada.fill_and_submit("Re-register", &[("text", &same), ("reason", "Restored")])
        .expect(409)
        .shows("with this very key");
    let other = registration_again(
        &new.key,
        "Portland",
        Some(licentral::kernel::ids::DeviceManagerId::new()),
        at,
    );
    ada.fill_and_submit("Re-register", &[("text", &other), ("reason", "Restored")])
        .expect(422)
        .shows("comes from another On-Prem server");
    p.fingerprint().assert_same(&before, "nothing was done");
    ada.fill_and_submit(
        "Re-register",
        &[("text", &registration), ("reason", "Case 698123456, restored")],
    )
    .expect(200)
    .shows("Springfield is registered again.")
    .shows("Download authorization file");
    let file = ada.page().path.clone() + "-file";
    assert!(
        ada.get(&file)
            .expect(200)
            .body
            .starts_with("LICENTRAL AUTHORIZATION 1")
    );

    // The same device manager, as it was last told, counting from 1.
    let now = shown(&p, &cast.xyz, &old);
    assert_eq!(
        (now["sequence"].as_i64(), now["product_instances"].as_i64()),
        (Some(0), Some(2))
    );
    assert_eq!(now["status"], "never-synchronized");
    assert_eq!(p.stock_named(&cast.xyz, "Local", NE).unwrap().1[1], 3);
    let events = p.events_of("device-manager.registered-again");
    assert_eq!(events.len(), 1);
    assert!(
        events[0].message.contains("Case 698123456, restored"),
        "{}",
        events[0].message
    );
    let mut script = p.api(ADA);
    let gone = script
        .get(&format!("{}/{}/sync-files/{waits}", api(&cast.xyz), old.id))
        .json();
    assert_eq!(gone["outcome"], "withdrawn");
    let kept: i64 =
        p.db.read_now(|r| Ok(sync_parts::table.count().get_result(r.conn())?))
            .unwrap();
    assert_eq!(kept, 0, "no bytes by the old key are kept");
    // By the old key nothing is taken any more, over neither way, not even what was taken before.
    for bytes in [&latest, &waiting, &old.file(at, &[])] {
        let refused = p.sync(bytes);
        refused.expect(409);
        assert_eq!(refused.json()["code"], "sync.old-key", "{}", refused.body);
        assert!(
            refused.body.contains("registered again, with a new key"),
            "{}",
            refused.body
        );
    }
    p.adds_up();

    // Until the first new file says what is there now.
    p.sync(&new.file(at, &[("FOC1", "Lab", &[(NE, 1)]), ("FOC3", "Lab", &[])]))
        .expect(200);
    let now = shown(&p, &cast.xyz, &old);
    assert_eq!(
        (now["sequence"].as_i64(), now["product_instances"].as_i64()),
        (Some(1), Some(2))
    );
    assert_eq!(now["status"], "successful");
    assert_eq!(p.stock_named(&cast.xyz, "Local", NE).unwrap().1[1], 1);
    // Its response is the latest, not that to the first file of before.
    new.last_response = 1;
    p.sync(&new.file(at, &[])).expect(200);
    script
        .post(&format!("{}/{}/remove", api(&cast.xyz), old.id), &json!({}))
        .expect(204);
    p.adds_up();
}

#[test]
fn adding_the_file_of_a_server_that_is_there_registers_it_again() {
    let (p, cast) = Portal::with_cast();
    let old = synchronized(&p, &cast);
    let at = p.clock.now();
    let new = anew(&old);
    let registration = registration_again(&new.key, "Springfield", Some(new.id), at);
    let (mut script, mut ada) = (p.api(ADA), p.sign_in(ADA));
    let before = p.fingerprint();
    let refused = script.post(
        &api(&cast.xyz),
        &json!({ "name": "Springfield", "virtual_account": "Local", "registration": registration }),
    );
    refused.expect(409);
    assert_eq!(refused.json()["code"], "device-managers.registered-before");
    let way = format!("{}/{}/re-register", api(&cast.xyz), old.id);
    assert!(refused.body.contains(&way), "{}", refused.body);
    ada.get(&format!("/sa/{}/devices/device-managers/add", cast.xyz.number))
        .expect(200);
    ada.fill_and_submit("Add device manager", &[("text", &registration), ("va", "new")])
        .expect(409)
        .shows("Springfield is a device manager already.");
    p.fingerprint().assert_same(&before, "nothing was added");
    // What was brought is in the form: only the reason is missing.
    ada.fill_and_submit("Re-register", &[("reason", "Set up anew")])
        .expect(200)
        .shows("Springfield is registered again.");
    assert_eq!(p.events_of("device-manager.added").len(), 1);
    // The way that the API names, with another key once more; asked twice it is done once.
    let third = anew(&old);
    let registration = registration_again(&third.key, "Springfield", Some(new.id), at);
    for bad in [
        json!({ "registration": registration, "reason": "" }),
        json!({ "registration": "x", "reason": "y" }),
    ] {
        script.post(&way, &bad).expect(422);
    }
    let body = json!({ "registration": registration, "reason": "Case 7" });
    let first = script.post_once(&way, "k", &body).expect(200).json();
    let again = script.post_once(&way, "k", &body).expect(200).json();
    assert_eq!(first, again);
    assert_eq!(p.events_of("device-manager.registered-again").len(), 2);
    // A key that ended is not taken again, as nobody's.
    for key in [&old.key, &new.key] {
        let body = json!({ "name": "Else", "virtual_account": "Fresh", "registration": registration_file(key, "Else", at) });
        let refused = script.post(&api(&cast.xyz), &body);
        refused.expect(409);
        assert_eq!(refused.json()["code"], "device-managers.already-registered");
    }
    for email in ["cy@xyz.example", "vera@xyz.example"] {
        p.api(email).post(&way, &body).expect(403);
    }
    for email in ["dan@xyz.example", "eve@harborview.example"] {
        p.api(email).post(&way, &body).expect(404);
    }
    p.adds_up();
}

#[test]
fn a_lost_server_is_removed_under_a_case_with_all_that_it_left() {
    let (p, cast) = Portal::with_cast();
    let one = synchronized(&p, &cast);
    let here = page(&cast.xyz, &one);
    let mut ada = p.sign_in(ADA);
    ada.get(&format!("{here}/remove"))
        .expect(200)
        .shows("cannot be removed yet");
    ada.click("remove it as lost")
        .expect(200)
        .shows("Product Instances 2")
        .shows("Licenses in use 3");
    let (mut script, mut cy) = (p.api(ADA), p.api("cy@xyz.example"));
    let before = p.fingerprint();
    for (case, lost, says) in [
        ("", "1", "Enter the number of the case"),
        ("698123456", "", "Tick this only when"),
        ("?", "1", "Enter the number of the case"),
    ] {
        let csrf = ada.csrf();
        ada.post_fields(
            &format!("{here}/remove/lost"),
            &[("csrf", &csrf), ("case", case), ("lost", lost)],
        )
        .expect(422)
        .shows(says);
    }
    let path = format!("{}/{}/remove", api(&cast.xyz), one.id);
    script.post(&path, &json!({ "lost": true })).expect(422);
    let usual = script.post(&path, &json!({ "case_number": "698123456" }));
    usual.expect(409);
    assert!(usual.body.contains("remove it as lost"), "{}", usual.body);
    cy.post(&path, &json!({ "lost": true, "case_number": "698123456" }))
        .expect(403);
    p.fingerprint().assert_same(&before, "nothing was removed");
    let csrf = ada.csrf();
    ada.post_fields(
        &format!("{here}/remove/lost"),
        &[("csrf", &csrf), ("case", "698123456"), ("lost", "1")],
    )
    .expect(303);
    ada.follow()
        .expect(200)
        .shows("Springfield was removed as lost, with 2 product instances.")
        .shows("No On-Prem deployment is connected");
    let event = &p.events_of("device-manager.lost")[0];
    assert!(
        event
            .message
            .contains("under case 698123456: 2 product instances went with it, and 3 licenses"),
        "{}",
        event.message
    );
    assert_eq!(
        p.stock_named(&cast.xyz, "Local", NE)
            .map_or(0, |stock| stock.1[1]),
        0
    );
    // Should it turn up after all, it comes back as a new one, into the same Virtual Account.
    let refused = p.sync(&one.file_with(p.clock.now(), 3, 2, &[]));
    refused.expect(409);
    assert_eq!(refused.json()["code"], "sync.removed-device-manager");
    let (key, _) = FileKey::make().unwrap();
    let body = json!({ "name": "Springfield", "virtual_account": "Local",
        "registration": registration_again(&key, "Springfield", Some(one.id), p.clock.now()) });
    script.post(&api(&cast.xyz), &body).expect(201);
    p.run_jobs();
    p.adds_up();
}

#[test]
fn one_without_product_instances_is_not_lost_and_goes_the_usual_way() {
    let (p, cast) = Portal::with_cast();
    let one = p.on_prem(&cast.xyz, ADA, "Springfield", "Local");
    let mut ada = p.sign_in(ADA);
    ada.get(&format!("{}/remove/lost", page(&cast.xyz, &one)))
        .expect(200)
        .shows("Remove Device Manager?");
}

/// The command, from the snapshot to the first synchronization after it.
#[test]
fn the_command_comes_back_from_a_snapshot() {
    let (p, cast) = Portal::with_cast();
    let folder = std::env::temp_dir().join(format!("licentral-again-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let does = |words: &[&str]| -> (bool, String) {
        let words: Vec<&str> = std::iter::once("on-prem").chain(words.iter().copied()).collect();
        licentral(&words, &folder)
    };
    let done = |words: &[&str]| -> String {
        let (good, says) = does(words);
        assert!(good, "{words:?}: {says}");
        says
    };
    let copy = |from: &Path, to: &Path| {
        std::fs::create_dir_all(to).unwrap();
        for one in std::fs::read_dir(from).unwrap().flatten() {
            if one
                .file_name()
                .to_string_lossy()
                .starts_with("licentral-on-prem.db")
            {
                std::fs::copy(one.path(), to.join(one.file_name())).unwrap();
            }
        }
    };
    let portal = p.base.clone();
    let (id, secret) = p.api_client(ADA, true);
    let number = cast.xyz.number.to_string();
    let cloud = ["--cloud", &portal, "--client-id", &id, "--client-secret", &secret];
    done(&[
        "account",
        "new",
        "--name",
        "Plant",
        "--smart-account",
        &number,
        "--virtual-account",
        "Plant VA",
        "--email",
        "plant@xyz.example",
    ]);
    done(&[&["register"], &cloud[..]].concat());
    done(&["sync", "now"]);
    let snapshot = folder.join("snapshot");
    copy(&folder, &snapshot);
    done(&["sync", "now"]);
    copy(&snapshot, &folder);
    for _ in 0..2 {
        let (good, says) = does(&["sync", "now"]);
        assert!(!good && says.contains("register the account again"), "{says}");
    }
    // Registering says how, and without a reason nothing is asked.
    let (good, says) = does(&["register", "--out", "no.registration"]);
    assert!(!good && says.contains("Re-register"), "{says}");
    let (good, says) = does(&[&["register"], &cloud[..]].concat());
    assert!(!good && says.contains("register --again"), "{says}");
    let (good, says) = does(&[&["register", "--again"], &cloud[..]].concat());
    assert!(
        !good && says.contains("Enter why it is registered again"),
        "{says}"
    );
    done(
        &[
            &["register", "--again", "--reason", "Restored from a backup"],
            &cloud[..],
        ]
        .concat(),
    );
    let says = done(&["sync", "now"]);
    assert!(says.contains("the response to file 1 was applied"), "{says}");
    assert!(done(&["status"]).contains("Last response:        1"));
    // By hand, once more: the key is the same until it is answered, and the old authorization is none for the new key.
    done(&["register", "--again", "--out", "first.registration"]);
    done(&["register", "--again", "--out", "second.registration"]);
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let manager = p.api(ADA).get(&api(&cast.xyz)).json()["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let body = json!({ "registration": text("first.registration"), "reason": "Once more" });
    let answer = p
        .api(ADA)
        .post(&format!("{}/{manager}/re-register", api(&cast.xyz)), &body);
    let answer = answer.expect(200).json();
    std::fs::write(
        folder.join("plant.authorization"),
        answer["authorization"].as_str().unwrap(),
    )
    .unwrap();
    done(&["authorize", "plant.authorization"]);
    assert!(done(&["sync", "now"]).contains("the response to file 1 was applied"));
    let asks = |name: &str| {
        let header: RegistrationHeader = format::open(Cursor::new(text(name))).unwrap().claimed().unwrap();
        header.public_key
    };
    assert_eq!(
        asks("first.registration"),
        asks("second.registration"),
        "one key until it is answered"
    );
    p.adds_up();
    std::fs::remove_dir_all(&folder).unwrap();
}
