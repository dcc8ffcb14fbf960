//! Synchronization in the cloud: uploading, reviewing, submitting, the network, and every way in which a file is refused.

use crate::support::{Account, OnPrem, Portal};
use diesel::prelude::*;
use licentral::platform::db::Reads;
use licentral::platform::db::schema::{sync_files, sync_parts, sync_responses};
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
    assert_eq!(
        checked.header.request_sha256,
        licentral::platform::token::fingerprint(&bytes)
    );
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
            [b"LICENTRAL SYNC 2\n", &good[17..]].concat(),
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
fn whatever_comes_in_whatever_order_ends_the_same() {
    let (p, cast) = Portal::with_cast();
    let one = p.on_prem(&cast.xyz, "ada@xyz.example", "Springfield", "Local");
    let at = p.clock.now();
    // A history of eight files; they arrive in an order that is not theirs.
    let history: Vec<Vec<u8>> = (1..=8_i64)
        .map(|n| {
            let serials: Vec<String> = (0..n * 3 % 5 + 1).map(|d| format!("FOC{}", d * n % 7)).collect();
            let mut serials: Vec<&str> = serials.iter().map(String::as_str).collect();
            serials.sort_unstable();
            serials.dedup();
            let devices: Vec<crate::support::Serves<'_>> = serials
                .iter()
                .map(|serial| (*serial, "Lab", [("c9200-ne-48", n)]))
                .map(|(serial, place, _)| (serial, place, &[] as &[(&str, i64)]))
                .collect();
            one.file_with(at, n, n - 1, &devices)
        })
        .collect();
    for n in [3_usize, 1, 5, 2, 8, 7, 8, 4, 6] {
        let reply = p.sync(&history[n - 1]);
        assert!([200, 409].contains(&reply.status), "{}", reply.body);
    }
    let shown = p
        .api("ada@xyz.example")
        .get(&format!(
            "/api/v1/accounts/{}/device-managers/{}",
            cast.xyz.number, one.id
        ))
        .json();
    assert_eq!(shown["sequence"], 8);
    assert_eq!(
        simulator::check(&p.db).unwrap(),
        Vec::<String>::new(),
        "as the last file says"
    );
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
