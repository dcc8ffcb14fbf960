//! Product instances by policy of an On-Prem server: its synchronization, or files, carry what they signed to the cloud, which
//! counts each report once, and bring the acknowledgements back.

use crate::support::both::{ADMIN, Both, SKU, assert_agree};
use crate::support::{Browser, PolicyDevice, Reply, registration};
use licentral::devices::policy::payload::{Sent, acknowledged};
use licentral::kernel::Who;
use licentral::local_accounts::{self, Way};
use licentral::platform::signing::FileKey;
use licentral::sync::format::{self, Made, Record, Report};
use serde_json::{Value, json};

const NE: &str = "c9200-ne-48";
const DNA: &str = "c9200-dna-e-48";

/// A product instance by policy that calls a server.
pub(super) struct Caller {
    pub device: PolicyDevice,
    pub credential: String,
}

impl Caller {
    pub fn trusted(both: &Both, serial: &'static str) -> Self {
        let (_, token) = both.server.registration_token(&both.local(), both.default, None);
        let secret = licentral::platform::token::random();
        let mut asked = registration(&token, serial, &secret);
        asked["by_policy"] = json!(true);
        let reply = both.server.ask_to_register(&asked);
        reply.expect(201);
        let id = reply.json()["device"].as_str().unwrap().to_owned();
        Self {
            device: PolicyDevice::new(&both.server, serial),
            credential: format!("Bearer {id}.{secret}"),
        }
    }
    pub fn send(&self, both: &Both, reports: &[Sent]) -> Reply {
        let all: Vec<Value> = reports
            .iter()
            .map(|one| json!({ "payload": one.payload, "signature": { "signing_type": one.signing, "key": one.key, "value": one.value } }))
            .collect();
        both.server.api_without_token().send(
            "POST",
            "/device/v1/usage",
            &[
                ("authorization", &self.credential),
                ("content-type", "application/json"),
            ],
            Some(json!({ "reports": all }).to_string().as_bytes()),
        )
    }
    /// The numbers of the reports that the cloud has acknowledged, as the server hands them on.
    fn hears(&self, both: &Both, reports: &[Sent]) -> Vec<String> {
        let reply = self.send(both, reports);
        reply.expect(200);
        let mut ids = Vec::new();
        for (said, key) in acknowledged(reply.json()["acknowledgement"].as_str().unwrap()) {
            assert_eq!(key, both.cloud.parts.signing.files().public_key());
            ids.extend(serde_json::from_value::<Vec<String>>(said["report_ids"].clone()).unwrap());
        }
        ids.sort();
        ids
    }
}

pub(super) fn file_of(both: &Both) -> Vec<u8> {
    let signing = both.server.parts.signing.clone();
    let key = both
        .server
        .db
        .read_now(|r| local_accounts::key_of(r, &signing, both.account))
        .unwrap();
    let (who, now) = (Who::portal("tests"), both.server.clock.now());
    local_accounts::make(&both.server.db, &who, now, both.account, &key, Way::File)
        .unwrap()
        .bytes
}

#[track_caller]
pub(super) fn agree(both: &Both, when: &str) {
    assert_agree(
        (&both.cloud.db, both.cast.xyz.id, both.place),
        (&both.server.db, both.account),
        when,
    );
}

fn in_use(both: &Both, entitlement: &str) -> i64 {
    both.cloud.numbers(&both.cast.xyz, both.place, entitlement).1
}

#[test]
fn usage_goes_through_an_on_prem_server_and_its_acknowledgement_comes_back() {
    let both = Both::start();
    both.cloud.licenses(&both.cast.xyz, both.place, SKU, 5);
    both.sync(ADMIN).expect(303);
    let one = Caller::trusted(&both, "FOC1");
    let reports = [
        one.device.report("1", NE, 3, 5),
        one.device.report("2", DNA, 2, 5),
    ];
    assert!(
        one.hears(&both, &reports).is_empty(),
        "the cloud has not said anything"
    );
    assert_eq!(both.stock("DEFAULT")[1], 3, "counted here");
    let mut admin = both.server.sign_in(ADMIN);
    admin
        .get("/")
        .expect(200)
        .shows("1 reporting by policy")
        .shows("last report");
    let tab = format!("/sa/{}/devices/sl-using-policy", both.number);
    admin
        .get(&tab)
        .expect(200)
        .shows("FOC1")
        .shows("Reported, awaiting acknowledgement");

    let file = file_of(&both);
    assert!(file.starts_with(b"LICENTRAL SYNC 2\n"));
    let first = both.cloud.sync(&file);
    first.expect(200);
    assert!(first.bytes.starts_with(b"LICENTRAL RESPONSE 2\n"));
    assert_eq!((in_use(&both, NE), in_use(&both, DNA)), (3, 2));
    // The response gets lost: the same file has the same answer, and the next one is acknowledged as well.
    assert_eq!(both.cloud.sync(&file).bytes, first.bytes);
    both.sync(ADMIN).expect(303);
    assert_eq!((in_use(&both, NE), in_use(&both, DNA)), (3, 2), "counted once");
    agree(&both, "after a response was lost");
    assert_eq!(one.hears(&both, &reports), ["1", "2"]);
    // The latest report of each license goes with every file, and is known.
    both.sync(ADMIN).expect(303);
    assert_eq!(both.account().failure, "");
    assert_eq!((in_use(&both, NE), in_use(&both, DNA)), (3, 2));
    agree(&both, "after reports came that are known");
    admin.get(&tab).expect(200).shows("Acknowledged");
    let found = both.cloud.api("ada@xyz.example").get(&format!(
        "/api/v1/accounts/{}/devices?mode=slp",
        both.cast.xyz.number
    ));
    found.expect(200);
    let device = found.json()["items"][0].clone();
    assert_eq!(device["usage_report"], "acknowledged");
    assert_eq!(device["on_prem"], true, "{device}");

    // Less, and then a license no more. What it does not name stays as it was.
    let later = [
        one.device.report("3", NE, 1, 2),
        one.device.report("4", DNA, 0, 2),
    ];
    one.send(&both, &later).expect(200);
    both.sync(ADMIN).expect(303);
    assert_eq!((in_use(&both, NE), in_use(&both, DNA)), (1, 0));
    agree(&both, "after less was reported");
    assert_eq!(one.hears(&both, &later), ["3", "4"]);
    // A report that was changed on its way, and one of another device, are refused at the door.
    let mut bent = one.device.report("5", NE, 2, 1);
    bent.payload = bent.payload.replace("17.12.4", "17.12.5");
    one.send(&both, &[bent]).expect(409);
    let other = PolicyDevice::new(&both.server, "FOC2");
    one.send(&both, &[other.report("6", NE, 2, 1)]).expect(409);
    // Removed there, and gone here with the next synchronization; set up anew, it counts from its next report on.
    let id = one.credential[7..].split('.').next().unwrap().to_owned();
    both.server
        .api(ADMIN)
        .delete(&format!("/api/v1/accounts/{}/devices/{id}", both.number))
        .expect(204);
    both.sync(ADMIN).expect(303);
    assert_eq!(in_use(&both, NE), 0);
    agree(&both, "after it was removed");
    let again = Caller::trusted(&both, "FOC1");
    again
        .send(&both, &[again.device.report("7", NE, 4, 1)])
        .expect(200);
    both.sync(ADMIN).expect(303);
    assert_eq!(in_use(&both, NE), 4, "{}", both.account().failure);
    agree(&both, "after it came back with another key");
}

fn cloud_file(both: &Both, name: &str, bytes: &[u8]) -> Reply {
    both.cloud.api("ada@xyz.example").send(
        "POST",
        &format!(
            "/api/v1/accounts/{}/usage-files?va={}&name={name}",
            both.cast.xyz.number, both.place
        ),
        &[("content-type", "application/octet-stream")],
        Some(bytes),
    )
}

fn import(browser: &mut Browser, path: &str, file: &[u8]) {
    let csrf = browser.csrf();
    let mut body = format!("--b\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{csrf}\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"ack.txt\"\r\nContent-Type: text/plain\r\n\r\n").into_bytes();
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
fn usage_is_exported_for_the_cloud_and_its_acknowledgement_imported() {
    let both = Both::start();
    both.cloud.licenses(&both.cast.xyz, both.place, SKU, 5);
    both.sync(ADMIN).expect(303);
    let one = Caller::trusted(&both, "FOC1");
    let reports = [one.device.report("1", NE, 3, 5)];
    one.send(&both, &reports).expect(200);
    let mut admin = both.server.sign_in(ADMIN);
    let tab = format!("/sa/{}/devices/sl-using-policy", both.number);
    admin.get(&tab).expect(200);
    let archive = admin.get(&format!("{tab}/usage.tar")).expect(200).bytes.clone();
    // The Virtual Account is the server's: a product instance comes there with a synchronization.
    let early = cloud_file(&both, "usage.tar", &archive);
    early.expect(201);
    assert_eq!(early.json()["reports"][0]["code"], "virtual-accounts.bound");
    both.sync(ADMIN).expect(303);
    let reports = [one.device.report("2", NE, 2, 2)];
    one.send(&both, &reports).expect(200);
    let archive = admin.get(&format!("{tab}/usage.tar")).expect(200).bytes.clone();
    let taken = cloud_file(&both, "usage.tar", &archive);
    taken.expect(201);
    assert_eq!(taken.json()["file"]["taken"], 1, "{}", taken.body);
    let path = format!(
        "/api/v1/accounts/{}/usage-files/{}/acknowledgement",
        both.cast.xyz.number,
        taken.json()["file"]["id"].as_str().unwrap()
    );
    let text = both.cloud.api("ada@xyz.example").post(&path, &json!({}));
    text.expect(200);
    let import_at = format!("{tab}/import");
    admin.get(&import_at).expect(200);
    import(&mut admin, &import_at, b"");
    admin.page().expect(422);
    let foreign = text.body.replace("\"2\"", "\"9\"");
    import(&mut admin, &import_at, foreign.as_bytes());
    admin
        .page()
        .expect(409)
        .shows("There is no acknowledgement in it");
    import(&mut admin, &import_at, text.body.as_bytes());
    admin.page().expect(303);
    assert_eq!(one.hears(&both, &reports), ["2"]);
    admin
        .get(&format!("{tab}/usage.tar"))
        .expect(200)
        .shows("Nothing is left to export");
    assert_eq!(in_use(&both, NE), 2, "counted by the file");
    both.sync(ADMIN).expect(303);
    assert_eq!(in_use(&both, NE), 2, "{}", both.account().failure);
    agree(&both, "after both ways");
    assert_eq!(one.hears(&both, &reports), ["2"]);
}

#[test]
fn what_a_server_brings_is_checked_byte_for_byte() {
    let both = Both::start();
    both.cloud.licenses(&both.cast.xyz, both.place, SKU, 5);
    let one = Caller::trusted(&both, "FOC1");
    one.send(&both, &[one.device.report("1", NE, 3, 5)]).expect(200);
    both.sync(ADMIN).expect(303);
    let signing = both.server.parts.signing.clone();
    let key: FileKey = both
        .server
        .db
        .read_now(|r| local_accounts::key_of(r, &signing, both.account))
        .unwrap();
    let cloud = both.account().cloud.unwrap();
    let record = |sent: &Sent| {
        Record::Report(Report {
            payload: sent.payload.clone(),
            signing_type: sent.signing.clone(),
            key: sent.key.clone(),
            value: sent.value.clone(),
            acknowledged: false,
        })
    };
    let place = Record::Place(format::Place {
        name: "DEFAULT".to_owned(),
        description: String::new(),
    });
    let at = both.server.clock.now();
    let device = |serial: &str| {
        Record::Device(format::Device {
            pid: "C9200-48P-E".to_owned(),
            serial: serial.to_owned(),
            hostname: String::new(),
            product: "Switch".to_owned(),
            software: String::new(),
            place: "DEFAULT".to_owned(),
            registered_at: at,
            contact_at: at,
            by_policy: true,
            usage: Vec::new(),
        })
    };
    let sequence = std::cell::Cell::new(1_i64);
    let file = |records: &[Record]| {
        sequence.set(sequence.get() + 1);
        Made {
            manager: cloud.manager,
            smart_account: cloud.smart_account,
            virtual_account: cloud.virtual_account.clone(),
            sequence: sequence.get(),
            last_response: sequence.get() - 1,
            created_at: at,
            software: "tests".to_owned(),
        }
        .file(records.to_vec(), &key)
        .unwrap()
    };
    let refusals = |reply: &Reply| -> Vec<String> {
        reply.expect(200);
        let mut checked = format::open(std::io::Cursor::new(reply.bytes.clone()))
            .unwrap()
            .verify::<format::ResponseHeader>(&cloud.public_key)
            .unwrap()
            .check(&format::Limits::default())
            .unwrap();
        checked
            .records()
            .unwrap()
            .filter_map(|record| match record.unwrap() {
                Record::Refused(one) => Some(one.code),
                _ => None,
            })
            .collect()
    };
    let (mine, other) = (&one.device, PolicyDevice::new(&both.server, "FOC1"));
    let stranger = PolicyDevice::new(&both.server, "FOC9");
    let mut bent = mine.report("2", NE, 5, 1);
    bent.payload = bent.payload.replace("17.12.4", "17.12.5");
    let reply = both.cloud.sync(&file(&[
        place.clone(),
        device("FOC1"),
        record(&mine.report("1", NE, 3, 5)),
        record(&mine.report("1", NE, 4, 1)),
        record(&bent),
        record(&other.report("3", NE, 5, 1)),
        record(&mine.report("4", "no-such-license", 5, 1)),
        record(&mine.report("5", NE, 2, 3)),
        record(&mine.report("5", NE, 9, 2)),
        record(&stranger.report("1", NE, 5, 1)),
    ]));
    assert_eq!(
        refusals(&reply),
        [
            "usage.bad-signature",
            "usage.other-content",
            "usage.other-key",
            "licenses.unknown",
            "usage.other-content",
            "usage.not-by-policy"
        ]
    );
    assert_eq!(in_use(&both, NE), 2);
    // In the order of the UDIs, or not at all.
    let reply = both.cloud.sync(&file(&[
        place.clone(),
        device("FOC1"),
        device("FOC9"),
        record(&stranger.report("1", NE, 5, 1)),
        record(&mine.report("1", NE, 3, 5)),
    ]));
    reply.expect(409);
    assert_eq!(reply.json()["code"], "sync.bad-record");
    assert_eq!(in_use(&both, NE), 2);
}
