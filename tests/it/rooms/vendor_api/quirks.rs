//! How scripts were seen to ask, each way with its answer: `golden/vendor_api_quirks.txt`.

use super::operations::tape;
use super::{A, B, SERIAL, furnished};
use crate::support::golden;

const JSON: (&str, &str) = ("content-type", "application/json");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const NE: &str = "C9200 Network Essentials, 48-port";

#[test]
fn whatever_way_scripts_were_seen_to_ask_is_answered_as_recorded() {
    let (p, _) = furnished();
    let mut t = tape(&p, "ada@xyz.example");
    let accounts = format!("{A}/v2/accounts");
    let xyz = format!("{A}/v1/accounts/xyz.example");
    let place = format!("{xyz}/virtual-accounts/Corporate%20Network%20Devices");

    for (why, path) in [
        ("a slash at the end", format!("{accounts}/")),
        ("two slashes in front", format!("/{accounts}")),
        (
            "the prefix doubled",
            accounts.replace("/services/api", "/services/api/services/api"),
        ),
        ("other letters", accounts.to_uppercase()),
        ("a question mark without a question", format!("{accounts}?")),
    ] {
        t.raw(why, "GET", &path, &[], "");
    }
    t.raw("a body of null with GET", "GET", &accounts, &[JSON], "null");
    t.raw("an empty text with GET", "GET", &accounts, &[JSON], "\"\"");
    t.raw(
        "the kind of account in the path",
        "GET",
        &format!("{xyz}/CUSTOMER/virtual-accounts"),
        &[],
        "",
    );
    t.raw(
        "a kind of account that is not here",
        "GET",
        &format!("{xyz}/HOLDING/virtual-accounts"),
        &[],
        "",
    );
    t.raw(
        "the account by its number",
        "GET",
        &format!("{A}/v1/accounts/100001/virtual-accounts"),
        &[],
        "",
    );
    t.raw(
        "family B below family A",
        "GET",
        &format!("{A}/v3/pnp/v2/accounts?startIdx=0&rowsPerPage=5"),
        &[],
        "",
    );
    t.raw(
        "a partner asks with a form",
        "POST",
        &format!("{A}/v2/accounts/search"),
        &[FORM],
        "crPartyID=1",
    );
    t.raw(
        "a search for many",
        "GET",
        &format!("{A}/v1/accounts/search?name=xyz&limit=1000&offset=0"),
        &[],
        "",
    );

    let licenses = format!("{xyz}/licenses");
    t.raw(
        "null instead of a body",
        "POST",
        &format!("{licenses}?limit=1"),
        &[JSON],
        "null",
    );
    t.raw(
        "no kind of body and no body",
        "POST",
        &format!("{licenses}?limit=1&offset=1"),
        &[],
        "",
    );
    t.raw(
        "limits as texts",
        "POST",
        &licenses,
        &[JSON],
        r#"{"limit":"1","offset":"2"}"#,
    );
    t.raw(
        "all at once",
        "POST",
        &licenses,
        &[("content-type", "application/json; charset=UTF-8")],
        r#"{"limit":-1,"virtualAccounts":["DEFAULT"]}"#,
    );
    t.raw(
        "a mark of the encoding in front",
        "POST",
        &licenses,
        &[("content-type", "text/plain")],
        "\u{feff}{\"limit\":1}",
    );
    t.raw(
        "a body with GET",
        "GET",
        &format!("{place}/devices"),
        &[JSON],
        r#"{"limit":1,"offset":0}"#,
    );
    t.raw(
        "an offset behind all",
        "POST",
        &format!("{xyz}/devices"),
        &[JSON],
        r#"{"limit":50,"offset":50}"#,
    );
    t.raw(
        "blanks as a form has them",
        "GET",
        &format!("{xyz}/virtual-accounts/Corporate+Network+Devices/devices"),
        &[],
        "",
    );
    t.raw(
        "small hexadecimal letters",
        "GET",
        &format!("{xyz}/virtual-accounts/%44efault/devices"),
        &[],
        "",
    );

    t.raw("days of a spreadsheet, and keys that mean nothing", "POST", &format!("{place}/tokens"), &[JSON], r#"{"description":"x","expiresAfterDays":"30.0","exportControlled":"NOT allowed","limit":50,"offset":0}"#);
    t.raw(
        "half a day",
        "POST",
        &format!("{place}/tokens"),
        &[JSON],
        r#"{"description":"x","expiresAfterDays":1.5}"#,
    );
    t.raw(
        "a revocation of what is not known",
        "POST",
        &format!("{place}/tokens/revoke"),
        &[JSON],
        r#"{"tokens":["x"]}"#,
    );

    let line = |rest: &str| {
        format!(
            r#"{{"licenses":[{{"license":"{NE}","targetVirtualAccount":"DEFAULT","quantity":1{rest}}}]}}"#
        )
    };
    let transfer = format!("{place}/licenses/transfer");
    t.raw(
        "a subscription by its misspelled name, which there is not",
        "POST",
        &transfer,
        &[JSON],
        &line(r#","subsriptionId":"Sub9""#),
    );
    t.raw(
        "an end that no term has",
        "POST",
        &transfer,
        &[JSON],
        &line(r#","endDate":"2001-01-01T00:00:00.000Z""#),
    );
    t.raw(
        "more than there are",
        "POST",
        &transfer,
        &[JSON],
        &line(r#","licenseType":"PERPETUAL","quantity":999"#),
    );
    let sudi = format!(
        r#""sudi":{{"udiPid":"C9200-48P-E","udiSerialNumber":"{SERIAL}","suvi":null,"uuid":"","macAddress":null}}"#
    );
    t.raw(
        "fields that are not known are null or empty",
        "POST",
        &format!("{place}/devices/transfer"),
        &[JSON],
        &format!(
            r#"{{"productInstances":[{{{sudi},"productTagName":"x","targetVirtualAccount":"DEFAULT"}}]}}"#
        ),
    );
    t.raw(
        "a product instance of elsewhere",
        "POST",
        &format!("{place}/devices/transfer"),
        &[JSON],
        &format!(r#"{{"productInstances":[{{{sudi},"targetVirtualAccount":"DEFAULT"}}]}}"#),
    );
    t.raw("both spellings in one body, and an empty object", "POST", &format!("{A}/v2/accounts/xyz.example/virtual-accounts/DEFAULT/devices/remove"), &[JSON], &format!(r#"{{"productInstacesRemoveRequests":[{{}}],"productInstancesRemoveRequests":[{{{sudi},"productTagName":"x","returnCode":null}},{{"sudi":{{"udiPid":"C9200-48P-E","udiSerialNumber":"UNKNOWN"}}}}]}}"#));
    t.raw("no precedence on any line", "POST", &format!("{place}/reserve-licenses"), &[JSON], r#"{"reservationRequests":[{"reservationCode":"nonsense","reservationType":"SPECIFIC","licenses":[{"entitlementTag":"c9200-dna-e-48","quantity":"1"}]}]}"#);

    t.raw(
        "no account in a header that needs one",
        "POST",
        &format!("{A}/v3/licenses/summary"),
        &[JSON],
        r#"{"data":{"timestamp":"1","nonce":"n","tags":[]}}"#,
    );
    let headers = [
        JSON,
        ("x-csw-smart-account-id", "100001"),
        ("x-csw-virtual-account-id", "1"),
        (
            "x-csw-requesting-system",
            r#"{"udi_pid":"p","udi_serial_number":"s"}"#,
        ),
    ];
    t.raw(
        "no program in a header that needs one",
        "POST",
        &format!("{A}/v3/licenses/summary"),
        &headers[..3],
        r#"{"data":{"timestamp":1,"nonce":"n","tags":[]}}"#,
    );
    t.raw(
        "a time as a text, and the shortest program",
        "POST",
        &format!("{A}/v3/licenses/summary"),
        &headers,
        r#"{"data":{"timestamp":"1764374400000","nonce":"n-1","tags":["regid.unknown"]}}"#,
    );
    t.raw("a stale poll", "POST", &format!("{A}/v2/accounts/poll"), &headers, r#"{"data":{"timestamp":"1","nonce":"n","poll_id":"5559650232","action":"authorizations","type":"acknowledgements"}}"#);
    t.raw(
        "the default of no account",
        "GET",
        &format!("{B}/accounts/v1/virtual-account/default"),
        &[],
        "",
    );
    t.raw(
        "a page that is none",
        "GET",
        &format!("{B}/pnp/v2/accounts?startIdx=x"),
        &[],
        "",
    );
    t.raw(
        "an account of others",
        "GET",
        &format!("{B}/pnp/v2/accounts/harborview.example/virtual-accounts"),
        &[],
        "",
    );
    t.raw(
        "a path of somebody's own invention",
        "GET",
        &format!("{A}/accounts/xyz.example/licenses/usage"),
        &[],
        "",
    );
    t.raw("a method that it does not have", "DELETE", &licenses, &[], "");

    let graphql = format!("{B}/clc/v1/graphql");
    t.raw("fragments, aliases, defaults and types", "POST", &graphql, &[JSON], r#"{"operationName":"Q","variables":{"id":100001},"query":"query Q($id: Int!, $size: Int = 1) { sum: getLicenseSummary(input: { pagination: { page: 1, pageSize: $size }, smartAccount: { id: $id } }) { __typename status data { ...Row ... on LicenseSummary { inUseQuantity } } } } fragment Row on LicenseSummary { __typename entitledQuantity feature { displayName } }"}"#);
    t.raw("another order than by name", "POST", &graphql, &[JSON], r#"{"query":"{ getLicenseSummary(input: { pagination: { pageSize: 1, sortOrder: [{ attribute: \"balanceQuantity\", order: DESC }] }, smartAccount: { id: 100001 } }) { status messages { severity description } } }"}"#);
    t.raw("what nothing here has", "POST", &graphql, &[JSON], r#"{"query":"{ getLicenseSummary(input: { smartAccount: { id: 100001 }, filterBy: { inventoryType: UNASSIGNED } }) { pagination { totalCount } } getDeviceInventory(input: { smartAccount: { id: 100001 }, filterBy: { productNumber: [\"C9200-48P-E\"], shipDate: [\"2026-01-01\"] } }) { pagination { totalCount } } }"}"#);
    t.raw(
        "a variable that is missing",
        "POST",
        &graphql,
        &[JSON],
        r#"{"query":"query ($id: Int!) { getSmartAccount(input: { smartAccount: { id: $id } }) { code } }"}"#,
    );
    golden("tests/it/golden/vendor_api_quirks.txt", &t.text);
}
