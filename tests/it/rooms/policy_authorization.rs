//! Authorization codes that product instances by policy ask for themselves: of the cloud, and through an On-Prem server, whose
//! synchronization carries the request and brings the answer.

use super::policy_on_prem::{Caller, agree, file_of};
use crate::support::both::{ADMIN, Both, SKU};
use crate::support::{Page, Reply};
use licentral::devices::reservation::codes::{Authorization, RequestCode, return_code, sealed_to};
use licentral::kernel::Who;
use licentral::local_accounts;
use licentral::platform::signing::FileKey;
use licentral::platform::token;
use licentral::sync::format::{self, Made, Record};
use serde_json::{Value, json};

const PID: &str = "C9200-48P-E";
const HSEC: &str = "hsec-k9";
const NE: &str = "c9200-ne-48";

fn started() -> Both {
    let both = Both::start();
    both.cloud.licenses(&both.cast.xyz, both.place, "HSEC-C8300", 2);
    both.cloud.licenses(&both.cast.xyz, both.place, SKU, 2);
    both.sync(ADMIN).expect(303);
    both
}

/// Purchased, in use, reserved and the balance in the Virtual Account of the cloud.
fn stock(both: &Both) -> [i64; 4] {
    both.cloud.stock_named(&both.cast.xyz, "Local", HSEC).unwrap().1
}

fn request(serial: &str) -> String {
    RequestCode::make(PID, serial, token::random_bytes())
        .unwrap()
        .text
}

impl Caller {
    fn asks(&self, both: &Both, request: &str, wanted: &[(&str, i64)], back: &str) -> Reply {
        let licenses: Vec<Value> = wanted
            .iter()
            .map(|(key, n)| json!({ "entitlement": key, "quantity": n }))
            .collect();
        both.server.api_without_token().send(
            "POST",
            "/device/v1/authorization",
            &[
                ("authorization", &self.credential),
                ("content-type", "application/json"),
            ],
            Some(
                json!({ "request_code": request, "licenses": licenses, "return_code": back })
                    .to_string()
                    .as_bytes(),
            ),
        )
    }
    #[track_caller]
    fn is_told(&self, both: &Both, request: &str, wanted: &[(&str, i64)], state: &str) -> Value {
        let reply = self.asks(both, request, wanted, "");
        reply.expect(200);
        let said = reply.json();
        assert_eq!(said["state"], state, "{said}");
        said
    }
}

#[track_caller]
fn refused(reply: &Reply, code: &str) {
    reply.expect(409);
    assert_eq!(reply.json()["code"], code, "{}", reply.body);
}

#[test]
fn an_authorization_code_comes_through_an_on_prem_server() {
    let both = started();
    let one = Caller::trusted(&both, "FOC1");
    let first = request("FOC1");
    // Refused at the door: without need, none at all, the request of another device.
    refused(
        &one.asks(&both, &first, &[(NE, 1)], ""),
        "authorizations.not-enforced",
    );
    refused(&one.asks(&both, &first, &[], ""), "authorizations.nothing-chosen");
    refused(
        &one.asks(&both, &request("FOC2"), &[(HSEC, 1)], ""),
        "authorizations.other-device",
    );
    let waits = one.is_told(&both, &first, &[(HSEC, 1)], "waiting");
    assert_eq!(waits["authorization_code"], "");
    one.is_told(&both, &first, &[(HSEC, 1)], "waiting");
    refused(
        &one.asks(&both, &request("FOC1"), &[(HSEC, 1)], ""),
        "authorizations.waiting",
    );
    assert_eq!(stock(&both), [2, 0, 0, 2]);

    // The cloud decides; a lost response and the same file again change nothing.
    let file = file_of(&both);
    let answered = both.cloud.sync(&file);
    answered.expect(200);
    assert_eq!(stock(&both), [2, 0, 1, 1]);
    assert_eq!(both.cloud.sync(&file).bytes, answered.bytes);
    both.sync(ADMIN).expect(303);
    both.sync(ADMIN).expect(303);
    assert_eq!(stock(&both), [2, 0, 1, 1], "{}", both.account().failure);
    let code = one.is_told(&both, &first, &[(HSEC, 1)], "granted")["authorization_code"]
        .as_str()
        .unwrap()
        .to_owned();
    let granted = Authorization::read(&code, &first).unwrap();
    assert_eq!(
        (granted.serial.as_str(), granted.licenses[0].quantity),
        ("FOC1", 1)
    );
    refused(
        &one.asks(&both, &request("FOC1"), &[(HSEC, 1)], ""),
        "authorizations.held",
    );
    // What it uses of it is what was set aside, and it is not removed while it holds the code.
    one.send(&both, &[one.device.report("1", HSEC, 1, 1)]).expect(200);
    both.sync(ADMIN).expect(303);
    assert_eq!(stock(&both), [2, 0, 1, 1]);
    let mut admin = both.server.api(ADMIN);
    let id = one.credential[7..].split('.').next().unwrap().to_owned();
    let device = format!("/api/v1/accounts/{}/devices/{id}", both.number);
    refused(&admin.delete(&device), "authorizations.held");

    // Back with the right code alone, and once.
    refused(
        &one.asks(&both, &first, &[], "AAAAAA-AAAAAA-AAAAAA"),
        "authorizations.wrong-return-code",
    );
    refused(
        &one.asks(&both, &request("FOC1"), &[], "AAAAAA"),
        "authorizations.none",
    );
    one.send(&both, &[one.device.report("2", HSEC, 0, 0)]).expect(200);
    let back = return_code(&code, PID, "FOC1");
    for _ in 0..2 {
        let reply = one.asks(&both, &first, &[], &back);
        reply.expect(200);
        assert_eq!(reply.json()["state"], "returning");
    }
    both.cloud.sync(&file_of(&both)).expect(200);
    assert_eq!(stock(&both), [2, 0, 0, 2]);
    both.sync(ADMIN).expect(303);
    assert_eq!(stock(&both), [2, 0, 0, 2], "{}", both.account().failure);
    assert_eq!(one.asks(&both, &first, &[], &back).json()["state"], "returned");

    // More than there is: the cloud says no, and another request is another try.
    let greedy = request("FOC1");
    one.is_told(&both, &greedy, &[(HSEC, 3)], "waiting");
    both.sync(ADMIN).expect(303);
    let said = one.is_told(&both, &greedy, &[(HSEC, 3)], "refused");
    assert_eq!(said["code"], "licenses.not-enough");
    assert_eq!(stock(&both), [2, 0, 0, 2]);
    let last = request("FOC1");
    one.is_told(&both, &last, &[(HSEC, 2)], "waiting");
    both.sync(ADMIN).expect(303);
    one.is_told(&both, &last, &[(HSEC, 2)], "granted");
    assert_eq!(stock(&both), [2, 0, 2, 0]);
    agree(&both, "with an authorization code");
    assert!(licentral::simulator::check(&both.cloud.db).unwrap().is_empty());
    assert!(licentral::simulator::check(&both.server.db).unwrap().is_empty());
}

#[test]
fn somebody_asks_for_a_product_instance_by_hand_and_what_is_gone_gives_back() {
    let both = started();
    let one = Caller::trusted(&both, "FOC1");
    let id = one.credential[7..].split('.').next().unwrap().to_owned();
    let mut admin = both.server.sign_in(ADMIN);
    let tab = format!("/sa/{}/devices/sl-using-policy", both.number);
    admin.get(&tab).expect(200).shows("No code");
    let page = format!("{tab}/{id}/license-authorization");
    admin.get(&page).expect(200).shows("Authorization Code Request");
    let mut fill = |license: &str, quantity: &str| -> Page {
        admin.get(&page).expect(200);
        admin
            .fill_and_submit(
                "Request Authorization Code",
                &[("license", license), ("quantity", quantity)],
            )
            .clone()
    };
    fill("", "1").expect(422).shows("Choose an enforced license.");
    fill(HSEC, "none")
        .expect(422)
        .shows("Enter a whole number from 1.");
    fill(HSEC, "2")
        .expect(200)
        .shows("The authorization code is asked for");
    admin.get(&tab).expect(200).shows("Waits for the synchronization");
    let script = both.server.api(ADMIN).post(
        &format!(
            "/api/v1/accounts/{}/devices/{id}/authorization-request",
            both.number
        ),
        &json!({ "licenses": [{ "entitlement": HSEC, "quantity": 1 }] }),
    );
    refused(&script, "authorizations.waiting");

    // The file and the response are carried by hand.
    let response = both.cloud.sync(&file_of(&both));
    response.expect(200);
    assert_eq!(stock(&both), [2, 0, 2, 0]);
    let (who, now) = (Who::portal("tests"), both.server.clock.now());
    local_accounts::apply(&both.server.db, &who, now, both.account, &response.bytes).unwrap();
    let shown = both.server.api(ADMIN).get(&format!(
        "/api/v1/accounts/{}/devices/{id}/authorization-request",
        both.number
    ));
    shown.expect(200);
    let code = shown.json()["authorization_code"].as_str().unwrap().to_owned();
    let granted = Authorization::read(&code, &sealed_to(PID, "FOC1")).unwrap();
    assert_eq!(granted.licenses[0].quantity, 2);
    admin.get(&page).expect(200).shows(&code);
    admin
        .fill_and_submit("Return Authorization", &[("return_code", "AAAAAA")])
        .expect(422)
        .shows("This is not the return code");
    admin
        .fill_and_submit(
            "Return Authorization",
            &[("return_code", &return_code(&code, PID, "FOC1"))],
        )
        .expect(200)
        .shows("The authorization code was given back");
    // It is gone before the cloud hears of the return: what was set aside for it comes back all the same.
    both.server
        .api(ADMIN)
        .delete(&format!("/api/v1/accounts/{}/devices/{id}", both.number))
        .expect(204);
    both.sync(ADMIN).expect(303);
    assert_eq!(stock(&both), [2, 0, 0, 2], "{}", both.account().failure);
    assert!(licentral::simulator::check(&both.cloud.db).unwrap().is_empty());
    // Who may only look is shown no way to ask.
    let cloud_page = both.cloud.api("ada@xyz.example").get(&format!(
        "/api/v1/accounts/{}/devices/{id}/authorization-request",
        both.cast.xyz.number
    ));
    cloud_page.expect(404);
}

#[test]
fn what_a_server_asks_for_its_product_instances_is_judged_by_the_cloud() {
    let both = started();
    let one = Caller::trusted(&both, "FOC1");
    let first = request("FOC1");
    one.is_told(&both, &first, &[(HSEC, 1)], "waiting");
    both.sync(ADMIN).expect(303);
    one.is_told(&both, &first, &[(HSEC, 1)], "granted");
    let signing = both.server.parts.signing.clone();
    let key: FileKey = both
        .server
        .db
        .read_now(|r| local_accounts::key_of(r, &signing, both.account))
        .unwrap();
    let account = both.account();
    let (cloud, at) = (account.cloud.unwrap(), both.server.clock.now());
    let sequence = std::cell::Cell::new(account.sequence);
    let send = |asked: &[format::Authorization]| {
        sequence.set(sequence.get() + 1);
        let mut records = vec![Record::Place(format::Place {
            name: "DEFAULT".to_owned(),
            description: String::new(),
        })];
        records.push(Record::Device(format::Device {
            pid: PID.to_owned(),
            serial: "FOC1".to_owned(),
            hostname: String::new(),
            product: "Switch".to_owned(),
            software: String::new(),
            place: "DEFAULT".to_owned(),
            registered_at: at,
            contact_at: at,
            by_policy: true,
            usage: Vec::new(),
        }));
        records.extend(asked.iter().cloned().map(Record::Authorization));
        let made = Made {
            manager: cloud.manager,
            smart_account: cloud.smart_account,
            virtual_account: cloud.virtual_account.clone(),
            sequence: sequence.get(),
            last_response: sequence.get() - 1,
            created_at: at,
            software: "tests".to_owned(),
        };
        both.cloud.sync(&made.file(records, &key).unwrap())
    };
    let asks = |request: &str, wanted: i64, back: &str| format::Authorization {
        request: request.to_owned(),
        by_serial: false,
        licenses: vec![(HSEC.to_owned(), wanted)],
        return_code: back.to_owned(),
    };
    let codes = |reply: &Reply| -> Vec<String> {
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
                Record::Authorized(one) => Some(one.code),
                _ => None,
            })
            .collect()
    };
    for (asked, code) in [
        (asks(&request("FOC9"), 1, ""), "usage.not-by-policy"),
        (asks("no request", 1, ""), "authorizations.other-device"),
        (asks(&request("FOC1"), 1, ""), "authorizations.held"),
        (asks(&request("FOC1"), 0, ""), "authorizations.nothing-chosen"),
        (asks(&request("FOC1"), 1, "AAAAAA"), "authorizations.none"),
        (asks(&first, 1, "AAAAAA"), "authorizations.wrong-return-code"),
        (asks(&first, 7, ""), ""),
    ] {
        assert_eq!(codes(&send(std::slice::from_ref(&asked))), [code], "{asked:?}");
        assert_eq!(stock(&both), [2, 0, 1, 1], "{asked:?}");
    }
    // Twice in one file is no file.
    let twice = [asks(&first, 1, ""), asks(&first, 1, "")];
    let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| send(&twice)));
    assert!(made.is_err(), "the writer refuses what the reader would");
}
