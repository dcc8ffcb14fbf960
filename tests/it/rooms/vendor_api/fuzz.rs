//! Whatever is sent to a door or to an operation is answered in JSON, and never with a fault of ours.
//! `LICENTRAL_VENDOR_FUZZ=200000 cargo test --test it vendor_api::fuzz` sends so many requests.

use super::{Script, furnished};
use licentral::http::Surface;
use licentral::platform::token::random_bytes;
use serde_json::{Value, json};

/// Numbers that are made up, one after the other, from a seed that is told when something fails.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % most as u64).unwrap()
    }
    fn one<'a, T>(&mut self, some: &'a [T]) -> &'a T {
        let at = self.below(some.len());
        &some[at]
    }
}

const NAMES: &[&str] = &[
    "virtualAccounts",
    "licenses",
    "license",
    "licenseType",
    "quantity",
    "targetVirtualAccount",
    "precedence",
    "tokens",
    "description",
    "expiresAfterDays",
    "exportControlled",
    "productInstances",
    "productInstacesRemoveRequests",
    "productInstancesRemoveRequests",
    "sudi",
    "udiPid",
    "udiSerialNumber",
    "returnCode",
    "reservationRequests",
    "reservationCode",
    "reservationType",
    "entitlementTag",
    "reservationUpdateRequests",
    "reservationConfirmationRequests",
    "confirmationCode",
    "data",
    "timestamp",
    "nonce",
    "poll_id",
    "tags",
    "limit",
    "offset",
    "smartAccount",
    "smartAccountId",
    "domain",
    "name",
    "isDefault",
    "commerceAccessLevel",
    "parentVaName",
    "dlcRequests",
    "softwareTags",
    "crPartyID",
    "severity",
    "status",
    "fromDate",
    "toDate",
    "entitlements",
    "grant_type",
    "client_id",
    "client_secret",
    "username",
    "password",
];

fn value(dice: &mut Dice, depth: usize) -> Value {
    match dice.below(if depth == 0 { 9 } else { 12 }) {
        0 => Value::Null,
        1 => json!(dice.below(3)),
        2 => json!(dice.next().cast_signed()),
        3 => json!(f64::from_bits(dice.next())),
        4 => json!("Corporate Network Devices"),
        5 => json!("C9200 Network Essentials, 48-port"),
        6 => json!(*dice.one(&[
            "",
            "30.0",
            "DEFAULT",
            "SPECIFIC",
            "\u{0}",
            "é\u{202e}",
            "C9200-48P-E",
            "JAE24010001",
            "password",
            "Allowed",
            "PERPETUAL",
            "100001",
            "11-NOV-2020",
            super::REQUEST
        ])),
        7 => json!("x".repeat(dice.below(300))),
        8 => json!(dice.below(2) == 0),
        9 => Value::Array((0..dice.below(4)).map(|_| value(dice, depth - 1)).collect()),
        _ => object(dice, depth - 1),
    }
}

fn object(dice: &mut Dice, depth: usize) -> Value {
    Value::Object(
        (0..dice.below(6))
            .map(|_| ((*dice.one(NAMES)).to_owned(), value(dice, depth)))
            .collect(),
    )
}

/// A body that is meant, for the operation at a path; some of it is made up then.
fn meant(path: &str) -> Value {
    let sudi = json!({ "udiPid": "C9200-48P-E", "udiSerialNumber": super::SERIAL, "uuid": null });
    let wish =
        json!([{ "entitlementTag": "c9200-dna-e-48", "quantity": 1, "precedence": "LONGEST_TERM_FIRST" }]);
    let reserve =
        json!([{ "reservationCode": super::REQUEST, "reservationType": "SPECIFIC", "licenses": wish }]);
    let ends = |some: &[&str]| some.iter().any(|one| path.ends_with(one));
    if path.contains("token.oauth2") || path.ends_with("/v1/token") {
        json!({ "grant_type": "password", "client_id": "x", "client_secret": "x", "username": "cy@xyz.example", "password": "x", "code": "x", "redirect_uri": "http://localhost" })
    } else if ends(&["graphql"]) {
        json!({ "operationName": "Q", "variables": { "id": 100_001 }, "query": "query Q($id: Int!, $n: Int = 2) { a: getLicenseUsage(input: { pagination: { page: 1, pageSize: $n }, smartAccount: { id: $id, virtualAccounts: [1] }, filterBy: { product: \"C9200\" } }) { status data { ...R product } } getDeviceInventory(input: { smartAccount: { id: $id } }) { data { deviceName } } } fragment R on LicenseUsage { __typename }" })
    } else if ends(&["/tokens", "/create"]) && !path.contains("virtual-account/create") {
        json!({ "description": "x", "expiresAfterDays": 30, "exportControlled": "Allowed", "numberofUses": 3 })
    } else if ends(&["licenses/transfer"]) {
        json!({ "licenses": [{ "license": "C9200 Network Essentials, 48-port", "licenseType": "TERM", "quantity": 1, "targetVirtualAccount": "DEFAULT", "precedence": "LONGEST_TERM_LAST", "startDate": "2024-09-20T21:23:05.889Z", "subsriptionId": "Sub1" }] })
    } else if ends(&["devices/transfer", "device/transfer"]) {
        json!({ "productInstances": [{ "sudi": sudi, "productTagName": "x", "targetVirtualAccount": "DEFAULT" }] })
    } else if ends(&["update-licenses", "update-slr", "licenses/update"]) {
        json!({ "reservationUpdateRequests": [{ "sudi": sudi, "productTagName": "x", "licenses": wish }] })
    } else if ends(&["confirm-licenses", "confirm-slr-update", "licenses/confirm"]) {
        json!({ "reservationConfirmationRequests": [{ "sudi": sudi, "confirmationCode": "31f9b09e" }] })
    } else if ends(&["reserve-bulk", "accounts/{said}/licenses/reserve"]) {
        json!({ "virtualAccounts": [{ "name": "DEFAULT", "reservationRequests": reserve }], "forSingleVirtualAccount": true })
    } else if path.contains("reserve") {
        json!({ "reservationRequests": reserve })
    } else if ends(&["convert", "convert-bulk-dlc"]) {
        json!({ "virtualAccounts": [{ "name": "DEFAULT", "dlcRequests": [{ "sudi": sudi, "conversionLines": [] }] }] })
    } else if ends(&["subscription/search"]) {
        json!({ "source": "CCW", "smartAccount": [{ "smartAccountId": 100_001, "domain": "xyz.example" }] })
    } else {
        json!({
            "virtualAccounts": ["DEFAULT"], "limit": 5, "offset": "0", "status": ["Active"], "severity": ["major"], "name": "x",
            "data": { "timestamp": 1, "nonce": "n", "tags": [], "softwareTags": ["x"], "poll_id": "5", "action": "authorizations" },
            "type": "PREPAID", "entitlements": [{ "tag": "x" }], "tokens": ["x"], "softwareTags": ["x"], "crPartyID": "1",
            "logicalAccountId": 100_001, "subRefId": "Sub1", "fromDate": "11-NOV-2020",
        })
    }
}

/// Something of a value is made up.
fn bent(dice: &mut Dice, whole: &mut Value) {
    let size = match &*whole {
        Value::Array(list) => list.len(),
        Value::Object(map) => map.len(),
        _ => 0,
    };
    if size == 0 || dice.below(3) == 0 {
        *whole = value(dice, 2);
        return;
    }
    let at = dice.below(size);
    match whole {
        Value::Array(list) => bent(dice, &mut list[at]),
        Value::Object(map) => {
            let name = map.keys().nth(at).unwrap().clone();
            if dice.below(6) == 0 {
                map.remove(&name);
            } else {
                bent(dice, &mut map[&name]);
            }
        }
        _ => {}
    }
}

/// The fields of an object as a form, glued together as some scripts do.
fn glued(body: &Value) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    body.as_object().map_or_else(String::new, |map| {
        map.iter()
            .map(|(name, value)| format!("{name}={}", text(value)))
            .collect::<Vec<_>>()
            .join("&")
    })
}

fn rounds() -> usize {
    #[expect(clippy::disallowed_methods, reason = "a switch of the tests")]
    std::env::var("LICENTRAL_VENDOR_FUZZ")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(400)
}

#[test]
fn nothing_that_is_sent_is_a_fault_of_ours() {
    let (p, _) = furnished();
    let mut routes = p.routes();
    routes.retain(|route| Surface::of(&route.path) == Surface::Vendor);
    let mut ada = Script::of(&p, "ada@xyz.example");
    let mut at_the_door = p.api_without_token();
    let seed = u64::from_le_bytes(random_bytes::<8>()) | 1;
    let mut dice = Dice(seed);
    let parts = [
        "xyz.example",
        "100001",
        "Corporate%20Network%20Devices",
        "DEFAULT",
        "%00",
        "%ff",
        "..",
        "%2f",
        "x",
        "0",
    ];
    let mut statuses = std::collections::BTreeMap::<u16, usize>::new();
    for round in 0..rounds() {
        let route = dice.one(&routes).clone();
        // Deleting for good would leave nothing to ask about, and one address leads people to a page.
        if route.path.ends_with("/delete") || route.path.ends_with("authorization.oauth2") {
            continue;
        }
        let good = dice.below(4) > 0;
        let mut path: String = route
            .path
            .split('/')
            .map(|part| match (part, good) {
                ("{said}", true) => "xyz.example",
                ("{vname}", true) => "Corporate%20Network%20Devices",
                (part, _) if part.starts_with('{') => dice.one(&parts),
                (part, _) => part,
            })
            .collect::<Vec<_>>()
            .join("/");
        if dice.below(6) == 0 {
            path = path
                .replace("/services/api", "//services/api/services/api")
                .to_uppercase();
        }
        if dice.below(4) == 0 {
            let name = dice.one(&[
                "limit",
                "offset",
                "virtualAccountName",
                "grant_type",
                "client_id",
                "from",
                "size",
                "userId",
                "udi_serial_number",
            ]);
            let is = dice.one(&[
                "-1",
                "0",
                "1",
                "99999999999999999999",
                "x",
                "%00",
                "DEFAULT",
                "client_credentials",
                "&",
                "ada@xyz.example",
            ]);
            path = format!("{path}?{name}={is}");
        }
        let body = match dice.below(8) {
            0 => random_bytes::<40>().to_vec(),
            1 => b"null".to_vec(),
            2 => b"grant_type=password&client_id=a&username=%ff&password=%00".to_vec(),
            3 => object(&mut dice, 4).to_string().into_bytes(),
            _ => {
                let mut body = meant(&route.path);
                for _ in 0..dice.below(3) {
                    bent(&mut dice, &mut body);
                }
                match dice.below(5) {
                    0 => glued(&body).into_bytes(),
                    1 => {
                        // The same in the address, with an empty body.
                        let pairs: String = glued(&body)
                            .chars()
                            .filter(|c| c.is_ascii_graphic())
                            .take(500)
                            .collect();
                        path.push(if path.contains('?') { '&' } else { '?' });
                        path.push_str(
                            &pairs.replace(['#', '"', '<', '>', '\\', '^', '`', '{', '|', '}', '%'], ""),
                        );
                        Vec::new()
                    }
                    _ => body.to_string().into_bytes(),
                }
            }
        };
        let headers = [
            (
                "content-type",
                *dice.one(&[
                    "application/json",
                    "application/x-www-form-urlencoded",
                    "text/html",
                    "",
                ]),
            ),
            ("x-csw-smart-account-id", *dice.one(&["100001", "", "x", "999"])),
            ("x-csw-virtual-account-id", *dice.one(&["1", "2", "x", "-1"])),
            (
                "x-csw-requesting-system",
                *dice.one(&["{}", "{\"udi_pid\":\"x\"}", "", "x"]),
            ),
        ];
        let basic = *dice.one(&["Basic ", "Basic eDp5", "Basic ???", "Basic Og==", "basic eA=="]);
        let method = if dice.below(20) == 0 { "PUT" } else { &route.method };
        let body = (!matches!(method, "GET" | "HEAD")).then_some(body.as_slice());
        // At a door the client may stand in a header, too.
        let page = if route.path.contains("token") && route.path.len() < 30 && dice.below(3) == 0 {
            let mut headers = headers.to_vec();
            headers.push(("authorization", basic));
            at_the_door.send(method, &path, &headers, body)
        } else {
            ada.api.send(method, &path, &headers, body)
        };
        let what = format!(
            "seed {seed}, round {round}: {method} {path} {:?}",
            body.map(String::from_utf8_lossy)
        );
        assert!(page.status < 500, "{what}: {} {}", page.status, page.body);
        assert!(page.status < 300 || page.status >= 400, "{what}: {}", page.status);
        *statuses.entry(page.status).or_default() += 1;
        if method != "HEAD" {
            assert_eq!(page.header("content-type"), Some("application/json"), "{what}");
            serde_json::from_str::<Value>(&page.body).unwrap_or_else(|e| panic!("{what}: {e} {}", page.body));
        }
    }
    println!("answers by status: {statuses:?}");
}
