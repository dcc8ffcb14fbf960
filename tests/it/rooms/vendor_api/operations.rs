//! Every operation with its answer: `golden/vendor_api.txt`. Times, codes and texts of tokens are new each time and left out.

use super::{A, B, REQUEST, SERIAL, Script, furnished, is_compact_json, line};
use crate::support::{Page, PolicyDevice, Portal, golden};
use licentral::devices::reservation::codes::confirmation_code;
use licentral::http::Surface;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What was asked and answered.
pub struct Tape {
    pub script: Script,
    /// The address of the portal of the test.
    base: String,
    pub text: String,
    /// What is new each time.
    pub secrets: Vec<String>,
    headers: Vec<(String, String)>,
    asked: BTreeSet<String>,
}

fn is_time(text: &str) -> bool {
    text.len() == 24 && text.ends_with('Z') && text.as_bytes()[10] == b'T'
}

/// `11-NOV-2020`, `2018-Aug-08` or `2019-05-15`.
fn is_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let is_number = |part: &&str| part.chars().all(|c| c.is_ascii_digit());
    parts.len() == 3
        && is_number(&parts[0])
        && is_number(&parts[2])
        && (text.len() == 10 || (text.len() == 11 && parts[1].chars().all(|c| c.is_ascii_alphabetic())))
}

impl Tape {
    fn plain(&self, value: &mut Value) {
        match value {
            Value::String(text) if is_time(text) => "TIME".clone_into(text),
            Value::String(text) if is_day(text) => "DAY".clone_into(text),
            // The text of a token that the test has made itself.
            Value::String(text) if text.len() > 100 && text.ends_with("%0A") => "CODE".clone_into(text),
            Value::String(text) => {
                *text = text.replace(&self.base, "PORTAL");
                for secret in &self.secrets {
                    *text = text.replace(secret, "CODE");
                }
            }
            Value::Number(number) if number.as_i64().is_some_and(|n| n > 1_000_000_000_000) => {
                *value = json!("MILLISECONDS");
            }
            Value::Array(list) => list.iter_mut().for_each(|one| self.plain(one)),
            Value::Object(map) => map.values_mut().for_each(|one| self.plain(one)),
            _ => {}
        }
    }

    fn ask(&mut self, method: &str, path: &str, body: Value) -> Page {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(self.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())));
        let sent = (method != "GET").then(|| body.to_string());
        let page = self
            .script
            .api
            .send(method, path, &headers, sent.as_deref().map(str::as_bytes));
        is_compact_json(&page);
        let mut body = body;
        self.plain(&mut body);
        self.text.push_str(&format!("{method} {path}\n"));
        if method != "GET" {
            self.text.push_str(&format!("  {body}\n"));
        }
        self.heard(&page);
        self.asked
            .insert(format!("{method} {}", path.split('?').next().unwrap()));
        page
    }

    /// Asks as it is written, which the text tells.
    pub fn raw(&mut self, why: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Page {
        let sent = (!body.is_empty()).then_some(body.as_bytes());
        let page = self.script.api.send(method, path, headers, sent);
        is_compact_json(&page);
        self.text.push_str(&format!("# {why}\n{method} {path}\n"));
        for (name, value) in headers {
            self.text.push_str(&format!("  {name}: {value}\n"));
        }
        if !body.is_empty() {
            self.text.push_str(&format!("  {body}\n"));
        }
        self.heard(&page);
        page
    }

    fn heard(&mut self, page: &Page) {
        let mut answer = page.json();
        for pointer in [
            "/tokenInfo/token",
            "/authorizationCodes/0/authorizationCode",
            "/data/license_data/0/smart_license",
        ] {
            if let Some(secret) = answer.pointer(pointer).and_then(Value::as_str) {
                self.secrets.push(secret.to_owned());
            }
        }
        self.plain(&mut answer);
        for pointer in [
            "/correlation_id",
            "/poll_id",
            "/data/license_data/0/correlation_id",
            "/data/acknowledgements/0/correlation_id",
            "/data/authorizations/0/correlation_id",
        ] {
            if let Some(id) = answer.pointer_mut(pointer) {
                *id = json!("ID");
            }
        }
        self.text.push_str(&format!("  {} {answer}\n\n", page.status));
    }

    fn get(&mut self, path: &str) -> Page {
        self.ask("GET", path, Value::Null)
    }
    fn post(&mut self, path: &str, body: Value) -> Page {
        self.ask("POST", path, body)
    }
}

/// Whether a path is one of a pattern.
fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len()
        && pattern
            .iter()
            .zip(&path)
            .all(|(word, part)| word.starts_with('{') || word == part)
}

fn never_asked(p: &Portal, tape: &Tape) -> Vec<String> {
    p.routes()
        .into_iter()
        .filter(|route| Surface::of(&route.path) == Surface::Vendor && route.method != "HEAD")
        .filter(|route| !route.path.contains(".oauth2") && !route.path.ends_with("/token"))
        .map(|route| format!("{} {}", route.method, route.path))
        .filter(|pattern| !tape.asked.iter().any(|asked| fits(pattern, asked)))
        .collect()
}

pub fn tape(p: &Portal, email: &str) -> Tape {
    Tape {
        script: Script::of(p, email),
        base: p.base.clone(),
        text: String::new(),
        secrets: Vec::new(),
        headers: Vec::new(),
        asked: BTreeSet::new(),
    }
}

const NE: &str = "C9200 Network Essentials, 48-port";

fn udi(serial: &str) -> Value {
    json!({ "udiPid": "C9200-48P-E", "udiSerialNumber": serial, "suvi": null, "uuid": "" })
}

#[test]
fn every_operation_of_the_clouds_answers_as_recorded() {
    let (p, cast) = furnished();
    let mut t = tape(&p, "ada@xyz.example");
    let a = |rest: &str| format!("{A}/v1/accounts/xyz.example{rest}");
    let b = |rest: &str| format!("{B}{rest}");
    let place = "Corporate%20Network%20Devices";
    let v1 = |rest: &str| b(&format!("/licensing/v1/account/xyz.example{rest}"));
    let v1va = |rest: &str| {
        b(&format!(
            "/licensing/v1/account/xyz.example/virtual-account/{place}{rest}"
        ))
    };
    let av = |rest: &str| a(&format!("/virtual-accounts/{place}{rest}"));

    // Who and where.
    t.post("/idp/userinfo.openid", json!(null));
    t.get("/idp/userinfo.openid");
    t.get(&format!("{A}/v2/accounts"));
    t.get(&format!("{A}/v2/accounts?domain=elsewhere.example"));
    t.get(&format!("{A}/v1/accounts/search?name=xyz&limit=1000"));
    t.get(&format!("{A}/v1/accounts/search?domain=harborview&type=CUSTOMER"));
    t.get(&format!("{A}/v2/accounts/search"));
    t.post(&format!("{A}/v2/accounts/search"), json!({ "crPartyID": "1" }));
    t.post(&b("/accounts/v2/smart-recommendation"), json!({}));
    t.post(&b("/accounts/v2/smart-recommendation"), json!({ "crPartyID": 7 }));
    t.get(&b("/accounts/v1/user/search-smart-accounts?userId=ada"));
    t.get(&b(
        "/accounts/v1/user/search-smart-accounts?userId=ada&addRoleDipslayName=true&accountType=HOLDING",
    ));
    t.get(&b("/accounts/v1/user/search-smart-accounts"));
    t.get(&b("/accounts/v1/validate-user-access?domain=xyz.example"));
    t.get(&b("/accounts/v2/validate-user-access"));
    t.get(&b(
        "/accounts/v1/virtual-account/default?smartAccountDomain=xyz.example&accountType=CUSTOMER",
    ));
    t.get(&b("/pnp/v2/accounts?startIdx=0&rowsPerPage=10"));
    t.get(&b("/pnp/v2/accounts/xyz.example/virtual-accounts?rowsPerPage=1"));

    // Virtual Accounts.
    t.post(&a("/virtual-accounts"), json!({ "name": "Lab", "description": "Of a script", "isDefault": "false", "commerceAccessLevel": "PUBLIC" }));
    t.post(&a("/virtual-accounts"), json!({ "name": "Lab" }));
    t.get(&a("/virtual-accounts"));
    t.get(&b(
        "/accounts/v1/domain/xyz.example/type/CUSTOMER/virtual-accounts?from=0&size=2",
    ));
    t.post(
        &b("/accounts/v1/domain/xyz.example/type/CUSTOMER/virtual-account/create"),
        json!({ "name": "Below", "parentVaName": "Lab", "commerceAccessLevel": "PRIVATE" }),
    );
    t.post(
        &b("/accounts/v1/domain/xyz.example/type/CUSTOMER/virtual-accounts"),
        json!({ "name": "" }),
    );
    t.post(&a("/virtual-accounts/Lab/delete"), json!(null));
    t.post(
        &b("/accounts/v1/domain/xyz.example/type/CUSTOMER/virtual-account-name/Below/delete"),
        json!(null),
    );
    t.post(&a("/virtual-accounts/Lab/delete"), json!(null));

    // Tokens.
    t.post(
        &av("/tokens"),
        json!({ "description": "Branch", "expiresAfterDays": 30, "exportControlled": "Allowed" }),
    );
    t.get(&av("/tokens"));
    let text = t.secrets[0].clone();
    t.post(&av("/tokens/revoke"), json!({ "tokens": [text, "unknown"] }));
    t.post(
        &v1va("/token/create"),
        json!({ "description": "B", "expiresAfterDays": "1", "exportControlled": "not allowed" }),
    );
    t.get(&v1va("/token/list"));
    let text = t.secrets[1].clone();
    t.post(&v1va("/token/revoke"), json!({ "tokens": [text] }));

    // Licenses.
    t.post(
        &a("/licenses"),
        json!({ "virtualAccounts": [], "limit": 50, "offset": 0 }),
    );
    t.post(
        &a("/license-subscriptions"),
        json!({ "virtualAccounts": ["DEFAULT"], "status": ["Active"] }),
    );
    t.post(
        &v1("/report-usage-partner"),
        json!({ "virtualAccounts": ["DEFAULT"] }),
    );
    t.post(
        &v1("/licenses/subscription-usage"),
        json!({ "status": ["Canceled"] }),
    );
    t.post(&v1va("/get-msla-subscriptions"), json!({ "type": "POSTPAID" }));
    t.post(
        &b("/licensing/v2/accounts/xyz.example/subscriptions?virtualAccountName=DEFAULT"),
        json!({ "type": "PREPAID" }),
    );
    t.post(
        &v1("/get-alerts"),
        json!({ "severity": ["minor", "major"], "limit": -1 }),
    );
    t.post(
        &av("/licenses/transfer"),
        json!({ "licenses": [line(NE, json!("1"))] }),
    );
    t.post(&v1va("/licenses/transfer"), json!({ "licenses": [{ "license": NE, "licenseType": "TERM", "quantity": 2, "targetVirtualAccount": "Public Network Devices", "precedence": "LONGEST_TERM_FIRST" }] }));
    t.post(
        &b("/licensing/v2/accounts/xyz.example/licenses/transfer?virtualAccountName=DEFAULT"),
        json!({ "licenses": [{ "license": NE, "quantity": 50, "targetVirtualAccount": "Nothing" }] }),
    );
    t.post(&format!("{A}/v1/subscription/search"), json!({ "source": "CCW", "smartAccount": [{ "smartAccountId": 100_001, "domain": "xyz.example" }], "additionalParams": [] }));

    // Product instances.
    t.post(
        &a("/devices"),
        json!({ "virtualAccounts": [], "limit": 50, "offset": 0 }),
    );
    t.post(
        &v1("/device/get-usage"),
        json!({ "virtualAccounts": ["DEFAULT"] }),
    );
    t.get(&av("/devices"));
    t.get(&v1va("/device/search?instanceName=JAE"));
    t.get(&b(&format!(
        "/licensing/v2/accounts/xyz.example/devices?virtualAccountName={place}"
    )));
    t.get(&b("/licensing/v2/accounts/xyz.example/devices"));
    t.headers = vec![("x-csw-requesting-system".to_owned(), "{}".to_owned())];
    t.get(&b(&format!(
        "/licensing/v2/device/search?udi_serial_number={SERIAL}"
    )));
    t.headers.clear();
    let go = |to: &str| json!({ "productInstances": [{ "sudi": udi(SERIAL), "productTagName": "x", "targetVirtualAccount": to }] });
    t.post(&av("/devices/transfer"), go("DEFAULT"));
    t.post(
        &b("/licensing/v2/accounts/xyz.example/devices/transfer?virtualAccountName=DEFAULT"),
        go("Public Network Devices"),
    );
    t.post(&v1va("/device/transfer"), go("DEFAULT"));

    // Reservations.
    let tag = "c9200-dna-e-48";
    let reserve = |code: &str, quantity: Value| json!({ "reservationRequests": [{ "reservationCode": code, "reservationType": "SPECIFIC", "licenses": [{ "entitlementTag": tag, "quantity": quantity, "precedence": "LONGEST_TERM_FIRST" }] }] });
    let page = t.post(&av("/reserve-licenses"), reserve(REQUEST, json!("2")));
    let code = page.json()["authorizationCodes"][0]["authorizationCode"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(code.len() > 20);
    t.post(
        &format!("{A}/v2/accounts/xyz.example/virtual-accounts/{place}/reserve-licenses"),
        reserve(REQUEST, json!(1)),
    );
    t.post(&v1va("/licenses/reserve"), reserve("nonsense", json!(1)));
    t.post(
        &b(&format!(
            "/licensing/v2/account/xyz.example/virtual-account/{place}/licenses/reserve"
        )),
        reserve(&REQUEST.replace("0AB", "0AC"), json!(0)),
    );
    let bulk = |code: &str| json!({ "virtualAccounts": [{ "name": "Corporate Network Devices", "reservationRequests": [reserve(code, json!(1))["reservationRequests"][0]] }] });
    t.post(
        &b("/licensing/v2/account/xyz.example/licenses/reserve-bulk"),
        bulk(&REQUEST.replace("0AB", "0AD")),
    );
    t.post(&b("/licensing/v2/accounts/xyz.example/licenses/reserve"), json!({ "virtualAccounts": [{ "name": "Corporate Network Devices", "reservationRequests": [{ "reservationCode": REQUEST, "reservationType": "UNIVERSAL" }] }] }));
    let update = |quantity: i64| json!({ "reservationUpdateRequests": [{ "sudi": udi("FOC2401X0AB"), "productTagName": "x", "licenses": [{ "entitlementTag": tag, "quantity": quantity }] }] });
    let page = t.post(&av("/update-licenses"), update(3));
    let newer = page.json()["autorizationCodes"][0]["authorizationCode"]
        .as_str()
        .unwrap()
        .to_owned();
    t.post(&v1va("/update-slr"), update(4));
    t.post(
        &b(&format!(
            "/licensing/v2/accounts/xyz.example/licenses/update?virtualAccountName={place}"
        )),
        update(0),
    );
    let confirm = |code: &str| json!({ "reservationConfirmationRequests": [{ "sudi": udi("FOC2401X0AB"), "productTagName": "x", "confirmationCode": code }] });
    t.post(&av("/confirm-licenses"), confirm("31f9b09e"));
    let confirmed = confirmation_code(&newer, "C9200-48P-E", "FOC2401X0AB");
    t.secrets.push(confirmed.clone());
    t.post(&v1va("/confirm-slr-update"), confirm(&confirmed));
    t.post(
        &b(&format!(
            "/licensing/v2/accounts/xyz.example/licenses/confirm?virtualAccountName={place}"
        )),
        confirm(&confirmed),
    );
    t.post(
        &b("/licensing/v1/search-slr-details"),
        json!({ "softwareTags": [] }),
    );
    let listed = t.script.post(&a("/devices"), &json!(null)).json();
    let software = listed["devices"][0]["productTagName"].clone();
    t.post(
        &b("/licensing/v1/search-slr-details"),
        json!({ "softwareTags": [software, "unknown"] }),
    );
    t.post(&a("/dlc_convert"), json!({ "virtualAccounts": [{ "name": "DEFAULT", "dlcRequests": [{ "sudi": udi("X"), "conversionLines": [] }] }] }));
    t.post(&v1("/convert-bulk-dlc"), json!({ "virtualAccounts": [] }));

    // Removal: with the return code where something is reserved.
    let gone = |serial: &str, code: &str| json!({ "productInstacesRemoveRequests": [{ "sudi": udi(serial), "productTagName": "x", "returnCode": code }, {}] });
    let returned = licentral::devices::reservation::codes::return_code(&newer, "C9200-48P-E", "FOC2401X0AB");
    t.secrets.push(returned.clone());
    t.post(
        &format!("{A}/v2/accounts/xyz.example/virtual-accounts/{place}/devices/remove"),
        gone("FOC2401X0AB", "wrong"),
    );
    t.post(
        &b(&format!(
            "/licensing/v2/account/xyz.example/virtual-account/{place}/device/remove-bulk"
        )),
        gone("FOC2401X0AB", &returned),
    );
    t.post(
        &b("/licensing/v3/accounts/xyz.example/devices/remove?virtualAccountName=DEFAULT"),
        json!({ "productInstancesRemoveRequests": [{ "sudi": udi("UNKNOWN") }] }),
    );
    t.post(&av("/devices/remove"), json!({ "sudi": udi("UNKNOWN") }));
    t.post(
        &b("/licensing/v1/account/xyz.example/virtual-account/Public%20Network%20Devices/device/remove"),
        json!({ "sudi": udi(SERIAL), "productTagName": "x" }),
    );

    // What stands for an account in headers.
    t.headers = vec![
        ("x-csw-smart-account-id".to_owned(), "100001".to_owned()),
        ("x-csw-virtual-account-id".to_owned(), "1".to_owned()),
        (
            "x-csw-requesting-system".to_owned(),
            r#"{"udi_pid":"x","udi_serial_number":"y"}"#.to_owned(),
        ),
    ];
    let data = json!({ "data": { "timestamp": "1", "nonce": "n", "tags": [], "poll_id": "5", "action": "authorizations" } });
    for path in [
        format!("{A}/v2/devices/authrequest"),
        format!("{A}/v2/devices/reportusage"),
        format!("{A}/v2/accounts/poll"),
        format!("{A}/v3/licenses/summary"),
        b("/licensing/v2/device/request-auth-codes"),
        b("/licensing/v2/device/conversion"),
        b("/licensing/v2/report-usage"),
        b("/licensing/v2/report-usage-legacy"),
        b("/licensing/v2/device/remove"),
        b("/licensing/v2/poll"),
        b("/licensing/v3/get-summary-by-tag"),
        b("/licensing/v2/get-summary"),
    ] {
        t.post(&path, data.clone());
    }
    let poll = format!("{A}/v2/accounts/poll");
    let sender = PolicyDevice::new(&p, "FOC1");
    let sent = sender.report("1", "c9200-ne-48", 1, 1);
    t.secrets
        .extend([sent.payload.clone(), sent.key.clone(), sent.value.clone()]);
    let reported = t.post(&format!("{A}/v2/devices/reportusage"), sender.asked(&[sent]));
    let later = |page: &Page, action: &str| json!({ "data": { "timestamp": 1, "nonce": "n", "poll_id": page.json()["poll_id"].to_string(), "action": action } });
    t.secrets.push(reported.json()["poll_id"].to_string());
    t.post(&poll, later(&reported, "acknowledgements"));
    p.licenses(&cast.xyz, cast.xyz.default, "HSEC-C8300", 1);
    let asked = t.post(
        &format!("{A}/v2/devices/authrequest"),
        json!({ "data": { "timestamp": 1, "nonce": "n", "licenses": [{
            "sudi": { "udi_pid": "C9200-48P-E", "udi_serial_number": "FOC1" },
            "keys": [{ "entitlement": "hsec-k9", "count": "1" }] }] } }),
    );
    t.secrets.push(asked.json()["poll_id"].to_string());
    t.post(&poll, later(&asked, "authorizations"));
    t.post(
        &b("/licensing/v2/get-history"),
        json!({ "timestamp": 1, "nonce": "n", "fromDate": "11-NOV-2020", "tags": [] }),
    );
    t.post(
        &b("/licensing/v2/get-history"),
        json!({ "timestamp": 1, "nonce": "n", "fromDate": "yesterday" }),
    );
    t.get(&b("/licensing/v2/account-policy"));
    t.get("/services/api/enterprise-agreements/v1/subscription/account/xyz.example/consumption");
    t.get("/services/api/enterprise-agreements/v1/subscription/account/xyz.example/subscription/Sub1/consumption");
    t.get("/services/api/enterprise-agreements/v1/subscription/Sub1/consumption");
    t.get(&b("/ea/v1/subscription/account/xyz.example/consumption"));
    t.get(&b("/ea/v1/subscription/Sub1/consumption"));
    t.post(
        &b("/licensing/v1/msla/transfer-usage"),
        json!({ "logicalAccountId": 100_001, "entitlementTagId": 1, "subRefId": "Sub1", "added": [1], "removed": [] }),
    );
    let older = "/services/api/software/dms/v2/smartaccounts";
    t.get(older);
    t.get(&format!("{older}/xyz.example/virtualaccounts"));
    let device = b(&format!(
        "/pnp/v2/accounts/xyz.example/virtual-accounts/{place}/devices/d-1"
    ));
    t.get(&device);
    t.ask("PUT", &device, json!({ "description": "x" }));
    for what in [
        "consumption",
        "consumption/details",
        "entitlements",
        "pricing",
        "getPartnerHwAssetDetails",
        "trueforwardreport",
    ] {
        t.post(&b(&format!("/ea/v1/subscription/account/{what}")), json!({}));
    }
    t.headers.clear();
    let input = json!({ "pagination": { "page": 1, "pageSize": 2 }, "smartAccount": { "id": 100_001 } });
    for (name, wanted) in [
        (
            "getSmartAccount",
            "id name domain status virtualAccounts { id name isDefault }",
        ),
        (
            "getLicenseSummary",
            "entitledQuantity inUseQuantity feature { displayName } smartAccount { id virtualAccount { id name } }",
        ),
        (
            "getLicenseEntitlement",
            "product licenseType entitledQuantity limitTime { isPerpetual }",
        ),
        ("getLicenseUsage", "product consumptionQuantity"),
        (
            "getDeviceInventory",
            "serialNumber primaryDeviceIdentifier { label value }",
        ),
    ] {
        let query = format!(
            "query ($input: Input!) {{ {name}(input: $input) {{ status code pagination {{ totalCount }} data {{ {wanted} }} }} }}"
        );
        t.post(
            &b("/clc/v1/graphql"),
            json!({ "query": query, "variables": { "input": input } }),
        );
    }
    let elsewhere = "{ getSmartAccount(input: { smartAccount: { id: 100002 } }) { status code messages { description } } }";
    t.post(&b("/clc/v1/graphql"), json!({ "query": elsewhere }));
    t.post(&b("/clc/v1/graphql"), json!({ "query": "{ nothing { x } }" }));
    t.post(&b("/clc/v1/graphql"), json!({ "query": "mutation { x }" }));
    let missing = never_asked(&p, &t);
    assert!(missing.is_empty(), "no step asks these: {missing:#?}");
    golden("tests/it/golden/vendor_api.txt", &t.text);
}

#[test]
fn every_operation_of_an_on_prem_server_answers_as_recorded() {
    let (p, cast) = Portal::with_local_cast();
    p.licenses(&cast.ours, cast.corporate, "C9200-48P-E", 20);
    let (_, text) = p.registration_token(&cast.ours, cast.corporate, None);
    p.device(&text, SERIAL).report(&[("c9200-ne-48", 2)]).expect(200);
    let mut t = tape(&p, "lara@on-prem.example");
    let e = |rest: &str| format!("/backend/api/v1/accounts/Smart-On-Prem-Account{rest}");
    let place = "/virtual-accounts/Corporate%20Network%20Devices";
    let ev = |rest: &str| e(&format!("{place}{rest}"));
    t.post("/backend/api/v1/upstream_satellites/accounts", json!(null));
    t.get(&e("/virtual-accounts"));
    t.post(
        &e("/virtual-accounts"),
        json!({ "name": "Lab", "description": "Of a script" }),
    );
    t.post(&e("/virtual-accounts/Lab/delete"), json!(null));
    t.post(&ev("/tokens"), json!({ "description": "x", "expiresAfterDays": "365", "exportControlled": "Allowed", "numberofUses": 5 }));
    t.get(&ev("/tokens"));
    let text = t.secrets[0].clone();
    t.post(&ev("/tokens/revoke"), json!({ "tokens": [text] }));
    t.post(&e("/licenses"), json!({ "limit": -1 }));
    t.post(&e("/license-subscriptions"), json!({ "virtualAccounts": [] }));
    t.post(&e("/alerts"), json!({ "limit": -1 }));
    t.post(
        &ev("/licenses/transfer"),
        json!({ "licenses": [{ "license": NE, "quantity": 1, "targetVirtualAccount": "DEFAULT" }] }),
    );
    t.post(&e("/devices"), json!(null));
    t.get(&ev("/devices"));
    t.post(
        &ev("/devices/transfer"),
        json!({ "productInstances": [{ "sudi": udi(SERIAL), "targetVirtualAccount": "DEFAULT" }] }),
    );
    t.post(
        &e("/virtual-accounts/DEFAULT/devices/remove"),
        json!({ "productInstancesRemoveRequests": [{ "sudi": udi(SERIAL) }] }),
    );
    t.post(&ev("/reserve-licenses"), json!({ "reservationRequests": [{ "reservationCode": REQUEST, "licenses": [{ "entitlementTag": "c9200-dna-e-48", "quantity": 1 }] }] }));
    t.post(&ev("/update-licenses"), json!({ "reservationUpdateRequests": [{ "sudi": udi("FOC2401X0AB"), "licenses": [{ "entitlementTag": "c9200-dna-e-48", "quantity": 2 }] }] }));
    t.post(&ev("/confirm-licenses"), json!({ "reservationConfirmationRequests": [{ "sudi": udi("FOC2401X0AB"), "confirmationCode": "x" }] }));
    let missing = never_asked(&p, &t);
    assert!(missing.is_empty(), "no step asks these: {missing:#?}");
    golden("tests/it/golden/vendor_api_on_prem.txt", &t.text);
}
