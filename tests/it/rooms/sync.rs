//! Synchronization in the cloud: uploading, reviewing, submitting, the network, and every way in which a file is refused.

use crate::support::{Account, OnPrem, Portal, as_many_as, licentral};
use diesel::prelude::*;
use licentral::platform::db::Reads;
use licentral::platform::db::schema::{sync_files, sync_parts, sync_responses};
use licentral::platform::token::fingerprint;
use licentral::simulator;
use licentral::sync::format::{self, Limits, Record, ResponseHeader};
use serde_json::{Value, json};
use std::io::Cursor;

fn base(account: &Account, one: &OnPrem) -> String {
    format!("/sa/{}/devices/device-managers/{}", account.number, one.id)
}
fn files(account: &Account, one: &OnPrem) -> String {
    format!(
        "/api/v1/accounts/{}/device-managers/{}/sync-files",
        account.number, one.id
    )
}

fn upload(p: &Portal, email: &str, account: &Account, one: &OnPrem, bytes: &[u8]) -> crate::support::Reply {
    p.api(email).send(
        "POST",
        &files(account, one),
        &[("content-type", "application/octet-stream")],
        Some(bytes),
    )
}

/// The kept response to the file with this sequence.
fn response(p: &Portal, sequence: i64) -> Vec<u8> {
    let text: String =
        p.db.read_now(|r| {
            Ok(sync_responses::table
                .filter(sync_responses::sequence.eq(sequence))
                .select(sync_responses::content)
                .first(r.conn())?)
        })
        .unwrap();
    data_encoding::BASE64.decode(text.as_bytes()).unwrap()
}

fn parts(p: &Portal) -> i64 {
    p.db.read_now(|r| Ok(sync_parts::table.count().get_result(r.conn())?))
        .unwrap()
}

#[test]
fn a_file_is_uploaded_reviewed_submitted_and_answered() {
    let (p, cast) = Portal::with_cast();
    let mut one = p.on_prem(&cast.xyz, "ada@xyz.example", "Springfield", "Local");
    let bytes = one.file(
        p.clock.now(),
        &[("FOC1", "Lab", &[("c9200-ne-48", 2)]), ("FOC2", "DEFAULT", &[])],
    );
    let mut cy = p.sign_in("cy@xyz.example");
    cy.get(&format!("{}/upload-sync-file", base(&cast.xyz, &one)))
        .expect(200)
        .shows("Upload sync file");
    let csrf = cy.csrf();
    let mut body = format!("--b\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{csrf}\r\n--b\r\nContent-Disposition: form-data; name=\"once\"\r\n\r\nx\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\nContent-Type: application/octet-stream\r\n\r\n").into_bytes();
    body.extend_from_slice(&bytes);
    body.extend_from_slice(b"\r\n--b--\r\n");
    let send = |browser: &mut crate::support::Browser, body: &[u8]| {
        let origin = browser.base().to_owned();
        browser
            .send(
                "POST",
                &format!("{}/upload-sync-file", base(&cast.xyz, &one)),
                &[
                    ("content-type", "multipart/form-data; boundary=b"),
                    ("sec-fetch-site", "same-origin"),
                    ("origin", &origin),
                ],
                Some(body),
            )
            .clone()
    };
    send(&mut cy, &body).expect(303);
    cy.follow()
        .expect(200)
        .shows("Review the file information")
        .shows("1 license runs short")
        .shows("Insufficient Licenses")
        .shows("Appear");
    assert!(parts(&p) > 0);
    assert!(p.numbers(&cast.xyz, cast.xyz.default, "c9200-ne-48") == (0, 0, 0));
    let review = cy.page().path.clone();
    // Another person with the same file comes to the same review.
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&format!("{}/upload-sync-file", base(&cast.xyz, &one)))
        .expect(200)
        .shows("waits for Submit");
    ada.get(&review).expect(200);
    cy.get(&review).expect(200);
    cy.fill_and_submit("Submit", &[])
        .expect(200)
        .shows("Confirmation")
        .shows("The synchronization file was applied.");
    ada.fill_and_submit("Submit", &[])
        .expect(200)
        .shows("Confirmation");
    assert_eq!(
        p.events_of("sync.applied").len(),
        1,
        "pressed twice, applied once"
    );
    cy.click("Close").expect(200).shows("Synchronization Successful");

    // What is in the cloud now.
    let mut script = p.api("ada@xyz.example");
    let shown = script
        .get(&format!(
            "/api/v1/accounts/{}/device-managers/{}",
            cast.xyz.number, one.id
        ))
        .json();
    assert_eq!(shown["product_instances"], 2);
    assert_eq!(shown["status"], "successful");
    assert_eq!(shown["local_virtual_accounts"][1]["name"], "Lab");
    assert_eq!(shown["local_virtual_accounts"][1]["product_instances"], 1);
    let devices = script
        .get(&format!("/api/v1/accounts/{}/devices?q=foc1", cast.xyz.number))
        .json();
    let device = devices["items"][0]["id"].as_str().unwrap().to_owned();
    // It is changed on the On-Prem server alone.
    let before = p.fingerprint();
    for (path, body) in [
        ("devices/remove", json!({ "devices": [device] })),
        (
            "devices/transfer",
            json!({ "devices": [device], "virtual_account": cast.corporate }),
        ),
    ] {
        let reply = script.post(&format!("/api/v1/accounts/{}/{path}", cast.xyz.number), &body);
        reply.expect(409);
        assert_eq!(reply.json()["code"], "devices.on-prem");
    }
    assert_eq!(p.fingerprint(), before);
    ada.get(&format!(
        "/sa/{}/devices/device-inventory/{device}",
        cast.xyz.number
    ))
    .expect(200)
    .shows("which is the source of truth for it");

    // The response is signed by the cloud and speaks of this very file.
    let answer = response(&p, 1);
    let mut checked = format::open(Cursor::new(answer.as_slice()))
        .unwrap()
        .verify::<ResponseHeader>(p.parts.signing.files().public_key())
        .unwrap()
        .check(&Limits::default())
        .unwrap();
    assert_eq!(checked.header.request_sha256, fingerprint(&bytes));
    assert_eq!(
        checked.header.due_at,
        checked.header.created_at.plus(chrono::TimeDelta::days(30))
    );
    let records: Vec<Record> = checked.records().unwrap().map(Result::unwrap).collect();
    assert!(
        records
            .iter()
            .any(|record| matches!(record, Record::Acknowledged(a) if a.devices == 2 && a.usages == 1))
    );

    // The same file again over the network: the same bytes, and nothing changes.
    let before = p.fingerprint();
    let again = p.sync(&bytes);
    again.expect(200);
    assert_eq!(again.body, String::from_utf8_lossy(&answer));
    assert_eq!(p.fingerprint(), before);
    ada.get(&format!("{}/sync-history", base(&cast.xyz, &one)))
        .expect(200)
        .shows("Applied")
        .shows("Uploaded file");
    assert_eq!(simulator::check(&p.db).unwrap(), Vec::<String>::new());
}

#[test]
fn each_refusal_says_what_was_found_and_changes_nothing() {
    let (p, cast) = Portal::with_cast();
    let mut one = p.on_prem(&cast.xyz, "ada@xyz.example", "Springfield", "Local");
    let mut other = p.on_prem(&cast.xyz, "ada@xyz.example", "Portland", "Local 2");
    let at = p.clock.now();
    let first = one.file(at, &[("FOC1", "Lab", &[])]);
    p.sync(&first).expect(200);
    let (_, token) = p.registration_token(&cast.xyz, cast.xyz.default, None);
    p.device(&token, "JAE1");
    let good = one.file_with(at, 2, 1, &[("FOC1", "Lab", &[]), ("FOC9", "Lab", &[])]);
    let mut altered = good.clone();
    let last = altered.len() - 9;
    altered[last] ^= 1;
    let mut longer = good.clone();
    longer.push(b'x');
    let text = String::from_utf8_lossy(&good).into_owned();
    let head = text.find('\n').unwrap() + 30;
    let mut bent = good.clone();
    bent[head] = if bent[head] == b'A' { b'B' } else { b'A' };
    let of_another = OnPrem {
        id: other.id,
        key: licentral::platform::signing::FileKey::make().unwrap().0,
        place: "x".to_owned(),
        account: one.account,
        authorization: String::new(),
        sequence: 0,
        last_response: 0,
    };
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("sync.not-a-sync-file", b"hello\n".to_vec()),
        ("sync.not-a-sync-file", Vec::new()),
        ("sync.not-a-sync-file", p.on_prem_response()),
        (
            "sync.unsupported-version",
            [b"LICENTRAL SYNC 3\n", &good[17..]].concat(),
        ),
        ("sync.bad-signature", bent),
        ("sync.truncated", good[..good.len() - 5].to_vec()),
        ("sync.body-altered", altered),
        ("sync.body-altered", longer),
        ("sync.wrong-device-manager", other.file(at, &[])),
        ("sync.wrong-device-manager", of_another.file_with(at, 1, 0, &[])),
        ("sync.replayed", one.file_with(at, 1, 0, &[("FOC7", "Lab", &[])])),
        ("sync.old-response", one.file_with(at, 2, 0, &[])),
        (
            "sync.registered-elsewhere",
            one.file_with(at, 2, 1, &[("JAE1", "Lab", &[])]),
        ),
        (
            "licenses.unknown",
            one.file_with(at, 2, 1, &[("FOC1", "Lab", &[("no-such-license", 1)])]),
        ),
    ];
    let state = |p: &Portal| {
        let manager = p
            .api("ada@xyz.example")
            .get(&format!(
                "/api/v1/accounts/{}/device-managers/{}",
                cast.xyz.number, one.id
            ))
            .json();
        let devices = p
            .api("ada@xyz.example")
            .get(&format!("/api/v1/accounts/{}/devices?per=100", cast.xyz.number))
            .json();
        (
            manager["sequence"].clone(),
            manager["product_instances"].clone(),
            devices["items"].clone(),
            parts(p),
        )
    };
    let before = state(&p);
    for (code, bytes) in &cases {
        let reply = upload(&p, "ada@xyz.example", &cast.xyz, &one, bytes);
        assert_eq!(reply.status, 409, "{code}: {}", reply.body);
        assert_eq!(reply.json()["code"], *code, "{}", reply.body);
        assert_eq!(state(&p), before, "{code}");
    }
    assert_eq!(p.events_of("sync.refused").len(), cases.len());
    let reply = p
        .api("ada@xyz.example")
        .get(&format!(
            "/api/v1/accounts/{}/device-managers/{}",
            cast.xyz.number, one.id
        ))
        .json();
    assert_eq!(reply["status"], "failed");
    // Over the network, where anybody may knock, a file that is not genuine leaves nothing at all.
    let before = p.fingerprint();
    for (code, bytes) in &cases {
        if [
            "sync.not-a-sync-file",
            "sync.bad-signature",
            "sync.truncated",
            "sync.body-altered",
        ]
        .contains(code)
        {
            let reply = p.sync(bytes);
            reply.expect(409);
            assert_eq!(reply.json()["code"], *code);
        }
    }
    assert_eq!(p.fingerprint(), before);
    // Whoever may not, may not; and the good one is still taken, with a gap as well.
    upload(&p, "vera@xyz.example", &cast.xyz, &one, &good).expect(403);
    upload(&p, "eve@harborview.example", &cast.xyz, &one, &good).expect(404);
    upload(&p, "dan@xyz.example", &cast.xyz, &one, &good).expect(404);
    let far = one.file_with(at, 7, 1, &[("FOC1", "Lab", &[]), ("FOC9", "Lab", &[])]);
    let file: Value = upload(&p, "cy@xyz.example", &cast.xyz, &one, &far).json();
    assert_eq!(
        (file["appeared"].as_i64(), file["unchanged"].as_i64()),
        (Some(1), Some(1))
    );
    let submit = format!(
        "{}/{}/submit",
        files(&cast.xyz, &one),
        file["id"].as_str().unwrap()
    );
    let done = p.api("cy@xyz.example").post(&submit, &json!({}));
    done.expect(200);
    assert!(
        done.json()["reason"]
            .as_str()
            .unwrap()
            .contains("The files 2 to 6 were not seen here")
    );
    assert_eq!(simulator::check(&p.db).unwrap(), Vec::<String>::new());
}

#[test]
fn a_file_that_waits_is_withdrawn_or_replaced_and_leaves_no_bytes() {
    let (p, cast) = Portal::with_cast();
    let mut one = p.on_prem(&cast.xyz, "ada@xyz.example", "Springfield", "Local");
    let at = p.clock.now();
    let first = one.file(at, &[("FOC1", "Lab", &[])]);
    let second = one.file(at, &[("FOC2", "Lab", &[])]);
    let waiting = upload(&p, "ada@xyz.example", &cast.xyz, &one, &first).json();
    let path = format!("{}/{}", files(&cast.xyz, &one), waiting["id"].as_str().unwrap());
    let mut script = p.api("ada@xyz.example");
    let gone = script.post(&format!("{path}/withdraw"), &json!({}));
    assert_eq!(gone.json()["outcome"], "withdrawn");
    assert_eq!(parts(&p), 0);
    let reply = script.post(&format!("{path}/submit"), &json!({}));
    reply.expect(409);
    assert_eq!(reply.json()["code"], "sync.not-waiting");
    // Uploaded again it waits again, until a newer one is applied.
    upload(&p, "ada@xyz.example", &cast.xyz, &one, &first).expect(201);
    upload(&p, "cy@xyz.example", &cast.xyz, &one, &first).expect(200);
    p.sync(&second).expect(200);
    assert_eq!(script.get(&path).json()["outcome"], "replaced");
    // Of the applied one alone the bytes are kept; nobody submits a third for a week.
    let kept = parts(&p);
    one.last_response = 2;
    let third = one.file(at, &[]);
    upload(&p, "ada@xyz.example", &cast.xyz, &one, &third).expect(201);
    p.advance(chrono::TimeDelta::days(7));
    p.run_jobs();
    assert_eq!(parts(&p), kept);
    assert_eq!(p.events_of("sync.withdrawn").len(), 2);
    let count: i64 =
        p.db.read_now(|r| Ok(sync_files::table.count().get_result(r.conn())?))
            .unwrap();
    assert_eq!(count, 3);
    assert_eq!(simulator::check(&p.db).unwrap(), Vec::<String>::new());
}

#[test]
fn inspect_says_what_a_file_would_change_and_changes_nothing() {
    let (p, cast) = Portal::with_cast();
    let mut one = p.on_prem(&cast.xyz, "ada@xyz.example", "Springfield", "Local");
    let at = p.clock.now();
    p.sync(&one.file(at, &[("FOC1", "Lab", &[]), ("FOC2", "Lab", &[])]))
        .expect(200);
    one.last_response = 1;
    let next = one.file(
        at,
        &[("FOC2", "Lab", &[("c9200-ne-48", 2)]), ("FOC3", "Lab", &[])],
    );
    let old = one.file_with(at, 1, 0, &[]);
    let database = p.leave();
    let look = |bytes: &[u8]| {
        let path = database.folder.join("looked-at.lsync");
        std::fs::write(&path, bytes).unwrap();
        let path = path.to_string_lossy();
        licentral(
            &["sync", "inspect", &path, "--database-url", &database.url],
            &database.folder,
        )
    };
    let (ok, words) = look(&next);
    assert!(ok, "{words}");
    assert!(
        words.contains("What it would change at Springfield")
            && words.contains("1 appear, 1 change, 1 vanish, 0 stay as they are")
            && words.contains("balance 0 before, -2 after, Insufficient Licenses"),
        "{words}"
    );
    let (ok, words) = look(&old);
    assert!(!ok && words.contains("sync.replayed"), "{words}");
}

#[test]
fn how_many_records_are_taken_is_a_setting() {
    let p = Portal::start_as(|config| config.sync_records = 4);
    let cast = p.add_cast();
    let mut one = p.on_prem(&cast.xyz, "ada@xyz.example", "Springfield", "Local");
    let at = p.clock.now();
    let two = one.file(at, &[("FOC1", "Lab", &[]), ("FOC2", "Lab", &[])]);
    let three = one.file(
        at,
        &[("FOC1", "Lab", &[]), ("FOC2", "Lab", &[]), ("FOC3", "Lab", &[])],
    );
    let reply = upload(&p, "ada@xyz.example", &cast.xyz, &one, &three);
    reply.expect(409);
    assert_eq!(reply.json()["code"], "sync.too-large");
    upload(&p, "ada@xyz.example", &cast.xyz, &one, &two).expect(201);
}

/// As many devices as a job is needed for.
fn large(one: &mut OnPrem, at: licentral::kernel::Moment, hostname_of: char) -> Vec<u8> {
    let serials: Vec<String> = (0..5_001).map(|n| format!("{hostname_of}OC{n:05}")).collect();
    let devices: Vec<crate::support::Serves<'_>> = serials
        .iter()
        .map(|serial| (serial.as_str(), "Lab", &[] as &[(&str, i64)]))
        .collect();
    one.file(at, &devices)
}

#[test]
fn a_large_file_is_applied_by_a_job_while_its_page_says_so() {
    let (p, cast) = Portal::with_cast();
    let mut one = p.on_prem(&cast.xyz, "ada@xyz.example", "Springfield", "Local");
    let bytes = large(&mut one, p.clock.now(), 'F');
    let waiting = upload(&p, "cy@xyz.example", &cast.xyz, &one, &bytes).json();
    let id = waiting["id"].as_str().unwrap().to_owned();
    let page = format!("{}/upload-sync-file/{id}", base(&cast.xyz, &one));
    let path = format!("{}/{id}", files(&cast.xyz, &one));
    let mut cy = p.sign_in("cy@xyz.example");
    cy.get(&page).expect(200).shows("Review the file information");
    cy.fill_and_submit("Submit", &[])
        .expect(200)
        .shows("The file is being applied")
        .shows("You can leave this page");
    assert!(cy.page().body.contains("data-refresh"));
    let mut script = p.api("cy@xyz.example");
    assert_eq!(script.get(&path).json()["outcome"], "applying");
    // Again, withdrawn, brought once more: it stays as it is.
    let before = p.fingerprint();
    let again = script.post(&format!("{path}/submit"), &json!({}));
    again.expect(202);
    let reply = script.post(&format!("{path}/withdraw"), &json!({}));
    reply.expect(409);
    assert_eq!(reply.json()["code"], "sync.being-applied");
    let octets = [("content-type", "application/octet-stream")];
    script
        .send("POST", &files(&cast.xyz, &one), &octets, Some(&bytes))
        .expect(200);
    assert_eq!(p.fingerprint(), before);
    cy.get(&format!("{}/sync-history", base(&cast.xyz, &one)))
        .expect(200)
        .shows("Being applied");
    cy.get(&format!("{}/upload-sync-file", base(&cast.xyz, &one)))
        .expect(200)
        .shows("is being applied");
    let described = script.get("/api/v1/openapi.json").json();
    let both = "/paths/~1api~1v1~1accounts~1{said}~1device-managers~1{manager}~1sync-files~1{syncfile}~1submit/post/responses";
    let statuses: Vec<&String> = described
        .pointer(both)
        .unwrap()
        .as_object()
        .unwrap()
        .keys()
        .collect();
    assert_eq!(statuses, ["200", "202", "default"]);
    p.run_jobs();
    assert_eq!(script.get(&path).json()["outcome"], "applied");
    script.post(&format!("{path}/submit"), &json!({})).expect(200);
    cy.open(&page).expect(303);
    cy.follow().expect(200).shows("Confirmation");
    // For the record it was she, whoever did the work.
    for kind in ["sync.submitted", "sync.applied"] {
        let events = p.events_of(kind);
        assert_eq!(events.len(), 1);
        assert!(events[0].actor.contains("cy@xyz.example"), "{}", events[0].actor);
    }
    assert_eq!(p.sync(&bytes).body, String::from_utf8_lossy(&response(&p, 1)));
    assert_eq!(simulator::check(&p.db).unwrap(), Vec::<String>::new());
}

/// However large it is, a file that holds what is here already is not read again: no job is needed, and all stays.
#[test]
fn a_file_that_holds_what_is_here_already_is_applied_at_once() {
    let (p, cast) = Portal::with_cast();
    let mut one = p.on_prem(&cast.xyz, "ada@xyz.example", "Springfield", "Local");
    let at = p.clock.now();
    let first = large(&mut one, at, 'F');
    p.sync(&first).expect(200);
    one.last_response = 1;
    let before = served(&p);
    let path = format!("/api/v1/accounts/{}/device-managers/{}", cast.xyz.number, one.id);
    let show = |p: &Portal| p.api("ada@xyz.example").get(&path).json();
    let places = show(&p)["local_virtual_accounts"].clone();
    // One that cannot be is refused, whatever it holds.
    let sequence = one.sequence;
    one.last_response = 9;
    let never = large(&mut one, at, 'F');
    let reply = upload(&p, "ada@xyz.example", &cast.xyz, &one, &never);
    reply.expect(409);
    assert_eq!(reply.json()["code"], "sync.body-altered", "{}", reply.body);
    (one.sequence, one.last_response) = (sequence, 1);
    let again = large(&mut one, at, 'F');
    let waiting = upload(&p, "ada@xyz.example", &cast.xyz, &one, &again).json();
    assert_eq!(waiting["unchanged"], 5_001, "{waiting}");
    let path = format!("{}/{}", files(&cast.xyz, &one), waiting["id"].as_str().unwrap());
    let done = p
        .api("ada@xyz.example")
        .post(&format!("{path}/submit"), &json!({}));
    done.expect(200);
    assert_eq!(done.json()["outcome"], "applied");
    assert_eq!(served(&p), before);
    let now = show(&p);
    assert_eq!(now["local_virtual_accounts"], places);
    assert_eq!(
        (&now["sequence"], &now["product_instances"]),
        (&json!(2), &json!(5_001))
    );
    assert_eq!(simulator::check(&p.db).unwrap(), Vec::<String>::new());
    // Another content of the same length is read.
    one.last_response = 2;
    let other = large(&mut one, at, 'G');
    let file = upload(&p, "ada@xyz.example", &cast.xyz, &one, &other).json();
    assert_eq!(
        (&file["appeared"], &file["vanished"]),
        (&json!(5_001), &json!(5_001))
    );
}

#[test]
fn a_submitted_file_that_a_rule_refuses_by_now_is_refused_in_the_history() {
    let (p, cast) = Portal::with_cast();
    let mut one = p.on_prem(&cast.xyz, "ada@xyz.example", "Springfield", "Local");
    let bytes = large(&mut one, p.clock.now(), 'J');
    let waiting = upload(&p, "ada@xyz.example", &cast.xyz, &one, &bytes).json();
    let path = format!("{}/{}", files(&cast.xyz, &one), waiting["id"].as_str().unwrap());
    let mut script = p.api("ada@xyz.example");
    script.post(&format!("{path}/submit"), &json!({})).expect(202);
    // One of its devices registers here itself before the job comes to it.
    let (_, token) = p.registration_token(&cast.xyz, cast.xyz.default, None);
    p.device(&token, "JOC00007");
    p.run_jobs();
    let shown = script.get(&path).json();
    assert_eq!(shown["outcome"], "refused");
    assert_eq!(shown["code"], "sync.registered-elsewhere");
    assert_eq!(parts(&p), 0, "nothing of it is kept");
    assert_eq!(simulator::check(&p.db).unwrap(), Vec::<String>::new());
    p.run_jobs();
    assert_eq!(p.events_of("sync.refused").len(), 1, "and it is not tried again");
}

/// The product instances of On-Prem servers, with what they use.
fn served(p: &Portal) -> Vec<(String, String, Option<String>, Option<i64>)> {
    use licentral::platform::db::schema::{device_usage, devices};
    p.db.read_now(|r| {
        Ok(devices::table
            .left_join(device_usage::table.on(device_usage::device_id.eq(devices::id)))
            .filter(devices::device_manager_id.is_not_null())
            .order((devices::udi_key.asc(), device_usage::entitlement.asc()))
            .select((
                devices::udi_key,
                devices::local_virtual_account,
                device_usage::entitlement.nullable(),
                device_usage::quantity.nullable(),
            ))
            .load(r.conn())?)
    })
    .unwrap()
}

/// Files in an order that is not theirs, some of them more than once: what counts in the end is the last one.
#[test]
fn whatever_comes_in_whatever_order_ends_the_same() {
    let (p, cast) = Portal::with_cast();
    let at = p.clock.now();
    let rounds = as_many_as("LICENTRAL_ORDERS", 3);
    let mut ordered = None;
    for round in 0..=rounds {
        let name = format!("Site {round}");
        let one = p.on_prem(&cast.xyz, "ada@xyz.example", &name, &name);
        // A history of fifty files, the same for each round.
        let history: Vec<Vec<u8>> = (1..=50_i64)
            .map(|n| {
                let mut serials: Vec<String> =
                    (0..n * 3 % 5 + 1).map(|d| format!("FOC{}", d * n % 7)).collect();
                serials.sort_unstable();
                serials.dedup();
                let uses = [("c9200-ne-48", n)];
                let devices: Vec<crate::support::Serves<'_>> = serials
                    .iter()
                    .map(|serial| (serial.as_str(), "Lab", &uses[..]))
                    .collect();
                one.file_with(at, n, n - 1, &devices)
            })
            .collect();
        let mut order: Vec<usize> = (0..50).collect();
        if round > 0 {
            // Shuffled, each round in its own way; one comes twice.
            order.push(round % 50);
            order.sort_by_cached_key(|n| fingerprint(format!("{round} {n}").as_bytes()));
        }
        let mut applied = 0;
        for n in order {
            let reply = p.sync(&history[n]);
            match reply.status {
                200 => applied = applied.max(n + 1),
                409 => assert!(n + 1 < applied, "{}", reply.body),
                other => panic!("{other}: {}", reply.body),
            }
        }
        let end = served(&p);
        match &ordered {
            None => ordered = Some(end),
            Some(ordered) => assert_eq!(&end, ordered, "round {round}"),
        }
        // Out of the way of the next round.
        let last = one.file_with(at, 51, 50, &[]);
        p.sync(&last).expect(200);
        assert_eq!(served(&p), Vec::new());
    }
    assert_eq!(simulator::check(&p.db).unwrap(), Vec::<String>::new());
}

trait Odd {
    fn on_prem_response(&self) -> Vec<u8>;
}
impl Odd for Portal {
    /// The response to the first file: a file of the same family, and not one to upload.
    fn on_prem_response(&self) -> Vec<u8> {
        response(self, 1)
    }
}
