//! What is wrong is told in the vendor's shapes, and changes nothing.

use super::{A, B, REQUEST, SERIAL, Script, furnished, is_compact_json, line, says};
use crate::support::{Page, Portal};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const XYZ: &str = "xyz.example";
const PLACE: &str = "Corporate%20Network%20Devices";

fn at(rest: &str) -> String {
    format!("{A}/v1/accounts/{XYZ}/virtual-accounts/{PLACE}/{rest}")
}

#[track_caller]
fn is_refused(page: &Page, status: u16) {
    assert_eq!(page.status, status, "{}", page.body);
    is_compact_json(page);
    assert!(!says(page).is_empty(), "{}", page.body);
}

#[test]
fn a_token_lives_for_1_to_365_whole_days() {
    let (p, _) = furnished();
    let mut ada = Script::of(&p, "ada@xyz.example");
    let mut watch = p.watch();
    for days in [
        json!(0),
        json!(366),
        json!(1.5),
        json!("1.5"),
        json!("many"),
        json!(-1),
        json!([1]),
        json!({}),
        json!(true),
        json!(1e99),
    ] {
        let page = ada.post(
            &at("tokens"),
            &json!({ "description": "x", "expiresAfterDays": days }),
        );
        is_refused(&page, 422);
        assert_eq!(page.json()["status"], "ERROR");
        watch.assert_same(&format!("{days} days"));
    }
    for bad in [
        json!({ "exportControlled": "Perhaps" }),
        json!({ "description": "x".repeat(1000) }),
    ] {
        is_refused(&ada.post(&at("tokens"), &bad), 422);
    }
    watch.assert_same("a token that is not right");
    for days in [
        json!(1),
        json!(365),
        json!("30"),
        json!("30.0"),
        json!(30.0),
        json!(null),
        json!(""),
    ] {
        let page = ada.post(&at("tokens"), &json!({ "description": "x", "expiresAfterDays": days, "exportControlled": "nOT alloWED", "limit": 1, "unknown": [] }));
        page.expect(200);
        let info = &page.json()["tokenInfo"];
        assert!(
            info["token"].as_str().unwrap().len() > 50 && info["exportControl"] == "Not Allowed",
            "{info}"
        );
    }
}

#[test]
fn a_transfer_that_cannot_be_done_says_so_line_by_line() {
    let (p, cast) = furnished();
    let mut ada = Script::of(&p, "ada@xyz.example");
    let name = "C9200 Network Essentials, 48-port";
    let mut watch = p.watch();
    for quantity in [
        json!(0),
        json!(-1),
        json!(null),
        json!("x"),
        json!(1.5),
        json!(1000),
    ] {
        let page = ada.post(
            &at("licenses/transfer"),
            &json!({ "licenses": [line(name, quantity)] }),
        );
        page.expect(200);
        let body = page.json();
        assert_eq!(body["status"], "ERROR");
        assert_eq!(body["licensesTransferStatus"][0]["status"], "ERROR");
        assert_eq!(
            body["licensesTransferStatus"][0]["statusMessage"],
            body["statusMessage"]
        );
        watch.assert_same("a transfer that was refused");
    }
    let eleven: Vec<Value> = (0..11).map(|n| line(&format!("License {n}"), json!(1))).collect();
    is_refused(
        &ada.post(&at("licenses/transfer"), &json!({ "licenses": eleven })),
        422,
    );
    for body in [
        json!(null),
        json!({}),
        json!({ "licenses": [] }),
        json!({ "licenses": [{}] }),
    ] {
        is_refused(&ada.post(&at("licenses/transfer"), &body), 400);
    }
    for body in [
        json!({ "licenses": "x" }),
        json!({ "licenses": [1] }),
        json!({ "licenses": {} }),
    ] {
        is_refused(&ada.post(&at("licenses/transfer"), &body), 422);
    }
    watch.assert_same("a request that is not right");
    // One line that goes and one that does not: the first is done.
    let page = ada.post(
        &at("licenses/transfer"),
        &json!({ "licenses": [line(name, json!("2")), line("Nothing", json!(1))] }),
    );
    page.expect(200);
    let body = page.json();
    assert_eq!(body["status"], "WARNING");
    assert_eq!(body["statusMessage"], "1 licenses transferred successfully");
    assert_eq!(body["licensesTransferStatus"][1]["status"], "ERROR");
    // The very next read sees it.
    let page = ada.post(
        &format!("{A}/v1/accounts/{XYZ}/licenses"),
        &json!({ "virtualAccounts": ["DEFAULT"] }),
    );
    let rows = page.json();
    let row = rows["licenses"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["license"] == name)
        .unwrap();
    assert_eq!(row["quantity"], 2);
    assert_eq!(row["licenseDetails"][0]["licenseType"], "PERPETUAL");
    assert_eq!(p.numbers(&cast.xyz, cast.xyz.default, "c9200-ne-48").0, 2);
    // Of the ten that last for good no more than eight are left, whatever there is beside them.
    let page = ada.post(
        &at("licenses/transfer"),
        &json!({ "licenses": [line(name, json!(9))] }),
    );
    assert_eq!(page.json()["status"], "ERROR", "{}", page.body);
}

#[test]
fn who_may_not_is_told_so() {
    let (p, _) = furnished();
    let writes = [
        (at("tokens"), json!({ "expiresAfterDays": 5 })),
        (at("tokens/revoke"), json!({ "tokens": ["x"] })),
        (
            at("licenses/transfer"),
            json!({ "licenses": [line("x", json!(1))] }),
        ),
        (
            at("devices/transfer"),
            json!({ "productInstances": [{ "sudi": { "udiPid": "C9200-48P-E", "udiSerialNumber": SERIAL }, "targetVirtualAccount": "DEFAULT" }] }),
        ),
        (
            at("devices/remove"),
            json!({ "sudi": { "udiPid": "C9200-48P-E", "udiSerialNumber": SERIAL } }),
        ),
        (
            at("reserve-licenses"),
            json!({ "reservationRequests": [{ "reservationCode": REQUEST }] }),
        ),
        (
            at("update-licenses"),
            json!({ "reservationUpdateRequests": [{ "sudi": {} }] }),
        ),
        (
            at("confirm-licenses"),
            json!({ "reservationConfirmationRequests": [{ "sudi": {} }] }),
        ),
        (
            format!("{A}/v1/accounts/{XYZ}/virtual-accounts"),
            json!({ "name": "New" }),
        ),
        (at("delete"), json!(null)),
    ];
    let mut reader = Script::with(&p, "ada@xyz.example", false);
    let mut viewer = Script::of(&p, "vera@xyz.example");
    let mut eve = Script::of(&p, "eve@harborview.example");
    let mut una = Script::of(&p, "una@xyz.example");
    let mut watch = p.watch();
    for (path, body) in &writes {
        is_refused(&reader.post(path, body), 403);
        is_refused(&eve.post(path, body), 404);
        let unknown = path.replace(XYZ, "unknown.example");
        assert_eq!(eve.post(path, body).body, eve.post(&unknown, body).body, "{path}");
        assert!(matches!(una.post(path, body).status, 403 | 404), "{path}");
        watch.assert_same(path);
    }
    let denied = p.events_of("access.denied").len();
    for (path, body) in &writes {
        is_refused(&viewer.post(path, body), 403);
    }
    assert_eq!(
        p.events_of("access.denied").len(),
        denied + writes.len(),
        "what was refused is on record, however long its path is"
    );
    // Reading is what a client does that may only read, though it is asked with POST.
    reader
        .post(&format!("{A}/v1/accounts/{XYZ}/licenses"), &json!(null))
        .expect(200);
    reader
        .post(&format!("{A}/v1/accounts/{XYZ}/devices"), &json!(null))
        .expect(200);
    is_refused(&reader.get(&at("tokens")), 403);
    // A Virtual Account out of reach, in a path and in a list, is as one that is not there.
    let mut ask = |name: &str| {
        let body = json!({ "virtualAccounts": [name] });
        una.post(&format!("{A}/v1/accounts/{XYZ}/licenses"), &body).body
    };
    assert_eq!(ask("Corporate Network Devices"), ask("Nothing"));
}

#[test]
fn accounts_that_stand_in_bodies_headers_and_addresses_are_guarded_too() {
    let (p, cast) = furnished();
    let mut eve = Script::of(&p, "eve@harborview.example");
    let search = |script: &mut Script, id: Value| {
        script.post(
            &format!("{A}/v1/subscription/search"),
            &json!({ "source": "CCW", "smartAccount": [{ "smartAccountId": id, "domain": "harborview.example" }] }),
        )
    };
    search(&mut eve, json!(cast.harborview.number)).expect(200);
    for id in [json!(cast.xyz.number), json!(1), json!("xyz.example"), json!("x")] {
        is_refused(&search(&mut eve, id), 404);
    }
    let with = |script: &mut Script, account: &str, place: &str, path: &str| {
        script.api.send(
            "POST",
            &format!("{A}{path}"),
            &[
                ("content-type", "application/json"),
                ("x-csw-smart-account-id", account),
                ("x-csw-virtual-account-id", place),
                (
                    "x-csw-requesting-system",
                    r#"{"udi_pid":"x","udi_serial_number":"y"}"#,
                ),
            ],
            Some(
                br#"{"data":{"timestamp":"1","nonce":"n","poll_id":5,"action":"authorizations","tags":[]}}"#,
            ),
        )
    };
    let mut ada = Script::of(&p, "ada@xyz.example");
    let numbers = ada.get(&format!("{A}/v2/accounts/search")).json();
    let account = numbers["accounts"][0]["account_id"].as_str().unwrap().to_owned();
    let place = numbers["accounts"][0]["virtual_accounts"][0]["virtual_account_id"]
        .as_str()
        .unwrap()
        .to_owned();
    with(&mut ada, &account, &place, "/v3/licenses/summary").expect(200);
    for path in [
        "/v3/licenses/summary",
        "/v2/devices/authrequest",
        "/v2/devices/reportusage",
        "/v2/accounts/poll",
    ] {
        is_refused(&with(&mut eve, &account, &place, path), 404);
        is_refused(&with(&mut ada, "x", &place, path), 404);
        is_refused(&with(&mut ada, &account, "999999", path), 404);
        is_refused(&with(&mut ada, &account, "", path), 404);
    }
    let page = with(&mut ada, &account, &place, "/v2/accounts/poll");
    is_refused(&page, 422);
    assert_eq!(page.json()["message"], "Specified poll ID is not valid");
    // It names no product instance.
    is_refused(&with(&mut ada, &account, &place, "/v2/devices/authrequest"), 400);
    // A device of another account is found by nobody else.
    let find = |script: &mut Script| {
        let path = format!("{B}/licensing/v2/device/search?udi_serial_number={SERIAL}");
        let page = script
            .api
            .send("GET", &path, &[("x-csw-requesting-system", "{}")], None);
        page.json()["data"].clone()
    };
    assert_eq!(find(&mut ada)[0]["account"]["domain"], XYZ);
    assert_eq!(find(&mut eve), json!([]));
    for named in [
        "smartAccountId=100001",
        "smartAccountDomain=xyz.example&accountType=CUSTOMER",
    ] {
        let path = format!("{B}/accounts/v1/virtual-account/default?{named}");
        is_refused(&eve.get(&path), 404);
        assert_eq!(ada.get(&path).json()["name"], "DEFAULT");
    }
}

#[test]
fn what_is_no_request_is_answered_in_json() {
    let (p, _) = furnished();
    let mut ada = Script::of(&p, "ada@xyz.example");
    let licenses = format!("{A}/v1/accounts/{XYZ}/licenses");
    let json = ("content-type", "application/json");
    for body in [
        "[",
        "[1]",
        "7",
        "\"x\"",
        "{\"limit\":\"x\"}",
        "{\"limit\":-2}",
        "{\"offset\":-1}",
        "{\"virtualAccounts\":5}",
        "{\"virtualAccounts\":[5]}",
    ] {
        let page = ada.api.send("POST", &licenses, &[json], Some(body.as_bytes()));
        assert!(matches!(page.status, 400 | 422), "{body}: {}", page.status);
        is_refused(&page, page.status);
        assert_eq!(page.json()["status"], "ERROR");
    }
    is_refused(
        &ada.post(&licenses, &json!({ "virtualAccounts": ["Nothing"] })),
        404,
    );
    let huge = format!("{{\"virtualAccounts\":[\"{}\"]}}", "x".repeat(2 * 1024 * 1024));
    is_refused(
        &ada.api.send("POST", &licenses, &[json], Some(huge.as_bytes())),
        413,
    );
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    is_refused(
        &ada.api.send("POST", &licenses, &[json], Some(deep.as_bytes())),
        400,
    );
    for (method, path, status) in [
        ("GET", licenses.as_str(), 405),
        ("DELETE", licenses.as_str(), 405),
        (
            "GET",
            "/services/api/smart-accounts-and-licensing/v1/accounts/xyz.example",
            404,
        ),
        (
            "GET",
            "/services/api/smart-accounts-and-licensing/accounts/xyz.example/licenses/usage",
            404,
        ),
        ("GET", "/services", 404),
        ("POST", "/v1/software/apis/nothing", 404),
        (
            "GET",
            "/services/api/enterprise-agreements/v1/subscription/account/xyz.example/consumption",
            400,
        ),
    ] {
        is_refused(&ada.api.send(method, path, &[], None), status);
    }
    let page = ada.get("/services/api/enterprise-agreements/v1/subscription/Sub1/consumption");
    assert_eq!(page.json()["code"], 400_001);
    assert_eq!(page.json()["message"], "No Valid Subscriptions found");
}

#[test]
fn a_lab_may_take_the_codes_of_devices_that_are_not_its_own() {
    let p = Portal::start_as(|config| config.accept_device_codes = true);
    let cast = p.add_cast();
    p.licenses(&cast.xyz, cast.corporate, "C9200-48P-E", 20);
    let mut ada = Script::of(&p, "ada@xyz.example");
    let tag = "c9200-dna-e-48";
    let sudi = json!({ "udiPid": "C9200-48P-E", "udiSerialNumber": "FOC2401X0AB" });
    let reserve = json!({ "reservationRequests": [{ "reservationCode": REQUEST, "licenses": [{ "entitlementTag": tag, "quantity": 2 }] }] });
    assert_eq!(
        ada.post(&at("reserve-licenses"), &reserve).json()["status"],
        "SUCCESS"
    );
    let update = json!({ "reservationUpdateRequests": [{ "sudi": sudi, "licenses": [{ "entitlementTag": tag, "quantity": 1 }] }] });
    assert_eq!(
        ada.post(&at("update-licenses"), &update).json()["status"],
        "SUCCESS"
    );
    let confirm = |code: &str| json!({ "reservationConfirmationRequests": [{ "sudi": sudi, "confirmationCode": code }] });
    assert_eq!(
        ada.post(&at("confirm-licenses"), &confirm("not a code")).json()["status"],
        "ERROR"
    );
    assert_eq!(
        ada.post(&at("confirm-licenses"), &confirm("31f9b09e")).json()["status"],
        "SUCCESS"
    );
    let remove =
        |code: &str| json!({ "productInstancesRemoveRequests": [{ "sudi": sudi, "returnCode": code }] });
    let path = at("devices/remove").replace("/v1/", "/v2/");
    assert_eq!(ada.post(&path, &remove("")).json()["status"], "ERROR");
    assert_eq!(ada.post(&path, &remove("CD6pzt-aUk")).json()["status"], "SUCCESS");
    assert_eq!(p.numbers(&cast.xyz, cast.corporate, tag), (20, 0, 20));
}

/// What comes back for a head that is no request the library would hand on.
fn raw(p: &Portal, head: &str) -> String {
    let mut stream = TcpStream::connect(p.base.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // The answer may come, and the connection end, before all of it has gone out.
    let _ = stream.write_all(head.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn heads_that_cannot_be_read_end_without_a_page() {
    let (p, _) = furnished();
    let host = p.base.trim_start_matches("http://");
    let (long, longer) = ("x".repeat(60_000), "x".repeat(200_000));
    // As far as a path is known, it is answered in its shape.
    let answer = raw(
        &p,
        &format!(
            "GET {A}/v1/accounts/{long}/virtual-accounts HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"
        ),
    );
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer:.300}");
    assert!(answer.contains("{\"status\":\"ERROR\""), "{answer:.300}");
    for (head, status) in [
        (
            format!("GET {A}/v2/accounts?{longer} HTTP/1.1\r\nhost: {host}\r\n\r\n"),
            "431",
        ),
        (
            format!("GET {A}/v2/accounts HTTP/1.1\r\nhost: {host}\r\nx-long: {longer}\r\n\r\n"),
            "431",
        ),
        (
            format!("GET {A}/v1/accounts/a b/licenses HTTP/1.1\r\nhost: {host}\r\n\r\n"),
            "400",
        ),
    ] {
        let answer = raw(&p, &head);
        assert!(
            answer.is_empty() || answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer:.300}"
        );
        let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        assert_eq!(body, "", "nothing is said of a request that nobody could read");
    }
    // The older protocol, and what is not asked for.
    let answer = raw(
        &p,
        &format!("GET {A}/v2/accounts HTTP/1.0\r\nhost: {host}\r\n\r\n"),
    );
    assert!(
        answer.starts_with("HTTP/1.0 401") || answer.starts_with("HTTP/1.1 401"),
        "{answer:.300}"
    );
    assert!(answer.ends_with('}'), "{answer:.300}");
    let mut ada = Script::of(&p, "ada@xyz.example");
    let page = ada.api.send(
        "OPTIONS",
        &format!("{A}/v2/accounts"),
        &[("accept", "text/html")],
        None,
    );
    is_refused(&page, 405);
    assert_eq!(page.header("allow"), Some("GET, HEAD"));
    let zipped = ada.api.send(
        "POST",
        &format!("{A}/v1/accounts/{XYZ}/licenses"),
        &[("content-type", "application/json"), ("content-encoding", "gzip")],
        Some(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0]),
    );
    is_refused(&zipped, 400);
}
