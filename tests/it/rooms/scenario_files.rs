//! Scenario files: what is exported is loaded again and gives the same lists; a wrong file changes nothing and every mistake
//! is named with its line; a file fills a lab at its start; and the commands.

use crate::support::{Api, Database, Page, Portal, Process, licentral};
use licentral::simulator::{self, scenario};
use std::path::Path;

const OLGA: &str = "olga@licensing.example";
const FILE: &str = "/api/v1/simulator/scenarios/file";

fn client(p: &Portal) -> Api {
    p.api_of(("demo-olga".to_owned(), scenario::CLIENT_SECRET.to_owned()))
}

fn demo() -> Portal {
    let p = Portal::start_as(|config| config.scenario = "demo".to_owned());
    scenario::fill_if_empty(&p.parts).unwrap();
    p
}

fn send(olga: &mut Api, path: &str, file: &str) -> Page {
    let kind = [("content-type", "application/octet-stream")];
    olga.send("POST", path, &kind, Some(file.as_bytes()))
}

fn export(olga: &mut Api) -> String {
    let found = olga.get(FILE);
    String::from_utf8(found.expect(200).bytes.clone()).unwrap()
}

/// The lists of an account as pages export them.
fn lists(p: &Portal) -> Vec<(String, Vec<String>)> {
    let mut ada = p.sign_in("ada@xyz.example");
    [
        "account/virtual-accounts",
        "licensing/license-inventory",
        "devices/device-inventory",
        "orders/order-inventory",
        "devices/token-management",
    ]
    .iter()
    .map(|list| {
        let page = ada.get(&format!("/sa/100001/{list}.csv")).expect(200);
        let mut rows: Vec<String> = String::from_utf8_lossy(&page.bytes)
            .lines()
            // Tokens are made anew by the scenario: who had made them and revoked them is not in the file.
            .map(|row| match list.ends_with("token-management") {
                true => row.split("llowed,").next().unwrap_or_default().to_owned(),
                false => row.to_owned(),
            })
            .collect();
        rows.sort();
        ((*list).to_owned(), rows)
    })
    .collect()
}

#[test]
fn what_is_exported_is_loaded_again_and_gives_the_same_lists() {
    let p = demo();
    p.freeze();
    let mut olga = client(&p);
    // What reports by policy is left out of a file, which says so. Here it is removed before.
    assert!(export(&mut olga).contains("1 product instance that reports by policy"));
    let mut ada = p.api_of(("demo-ada".to_owned(), scenario::CLIENT_SECRET.to_owned()));
    let devices = "/api/v1/accounts/100001/devices";
    let found = ada
        .get(&format!("{devices}?q=branch-switch-07"))
        .expect(200)
        .json();
    let by_policy = found["items"][0]["id"].as_str().unwrap().to_owned();
    ada.send("DELETE", &format!("{devices}/{by_policy}"), &[], None);
    let before = lists(&p);
    let first = export(&mut olga);
    assert!(!first.contains(scenario::PASSWORD) && !first.contains(scenario::CLIENT_SECRET));
    let told = send(&mut olga, FILE, &first).expect(200).json();
    assert_eq!(told["name"], "demo-export");
    assert_eq!(simulator::check(&p.db).unwrap(), Vec::<String>::new());
    let after = lists(&p);
    for ((name, before), (_, after)) in before.iter().zip(&after) {
        assert!(before.len() > 2, "{name}");
        // There it says how many reach each, also through a user group, and which On-Prem server: neither is in the file.
        if name != "account/virtual-accounts" {
            assert_eq!(before, after, "{name}");
        }
    }
    let second = export(&mut olga).replace("demo-export-export", "demo-export");
    let whole = |text: &str| -> Vec<String> {
        let mut rows: Vec<String> = text
            .lines()
            .filter(|row| {
                !row.starts_with("description:") && !row.contains("left_out") && !row.starts_with("  - \"")
            })
            .map(str::to_owned)
            .collect();
        rows.sort();
        rows
    };
    let (first, second) = (whole(&first), whole(&second));
    let lost: Vec<&String> = first.iter().filter(|row| !second.contains(row)).collect();
    assert!(lost.is_empty(), "{lost:#?}");
    // The lab can be reset to it, by its name.
    let listed = olga.get("/api/v1/simulator/scenarios").expect(200).json();
    assert_eq!(listed["loaded"], "demo-export");
    olga.post(
        "/api/v1/simulator/scenarios",
        &serde_json::json!({ "name": "demo-export" }),
    )
    .expect(200);
    assert_eq!(lists(&p), after);
}

#[test]
fn a_wrong_file_changes_nothing_and_every_mistake_has_its_line() {
    let p = demo();
    let mut olga = client(&p);
    olga.get("/api/v1/simulator/scenarios").expect(200);
    let before = p.fingerprint();
    let wrong = "licentral_scenario: 1\nname: ours\nacounts: []\npeople:\n  - email: nobody\n    name: Ada\n    access_level: 9\n";
    for path in [FILE, "/api/v1/simulator/scenarios/check"] {
        let told = send(&mut olga, path, wrong).expect(422).json().to_string();
        for line in [
            "Line 3: acounts is not known here",
            "Line 7: access_level is a number from 0 to 4",
        ] {
            assert!(told.contains(line), "{line} in {told}");
        }
    }
    send(&mut olga, FILE, "\u{7f}{").expect(422);
    // What only the writing finds out is found out before anything is lost.
    let alike = "licentral_scenario: 1\nname: ours\npeople:\n  - {email: olga@licensing.example, name: Olga, platform_roles: [operator]}\naccounts:\n  - {name: XYZ COMPANY, domain: xyz.example}\n  - name: XYZ COMP\u{410}NY\n    domain: other.example\n";
    let told = send(&mut olga, FILE, alike).expect(422).json().to_string();
    assert!(told.contains("Line 7: "), "{told}");
    let left: Vec<String> = before
        .differences(&p.fingerprint())
        .lines()
        .filter(|line| !line.contains("sessions") && !line.trim().is_empty())
        .map(str::to_owned)
        .collect();
    assert!(left.is_empty(), "{left:#?}");
    assert!(p.db.snapshots_now().unwrap().is_empty());
    let mut ada = p.api("ada@xyz.example");
    send(&mut ada, FILE, wrong).expect(403);
    ada.get(FILE).expect(403);
    // On the page the same.
    let mut page = p.sign_in(OLGA);
    page.get("/simulator/scenarios")
        .expect(200)
        .shows("Export the present state");
    page.fill_and_submit("Replace everything by the file", &[])
        .expect(422)
        .shows("Choose a scenario file.");
    page.get("/simulator/scenarios/export")
        .expect(200)
        .shows("licentral_scenario: 1");
    page.get("/simulator/scenarios/schema")
        .expect(200)
        .shows("\"$defs\"");
}

#[test]
fn a_file_fills_a_lab_at_its_start_and_the_commands_say_what_is_wrong() {
    let database = Database::fresh();
    let folder = database.folder.clone();
    let ours = "licentral_scenario: 1\nname: ours\npeople:\n  - {email: olga@ours.example, name: Olga, platform_roles: [operator], since: -30 days}\napi_clients:\n  - {id: demo-olga, person: olga@ours.example}\naccounts:\n  - name: Ours\n    domain: ours.example\n    licenses:\n      - {license: c9200-ne-48, quantity: 5, ends: +40 days, tags: [Campus]}\n    product_instances:\n      - pid: C9200-48P-E\n        serial: FOC1\n        uses:\n          - {license: c9200-ne-48, quantity: 7}\norders:\n  - identifier: WEB-1\n    customer: Ours\n    customer_domain: ours.example\n    lines:\n      - {sku: C9200-48P-E, quantity: 1, state: assigned, account: ours.example}\n";
    std::fs::write(folder.join("ours.yaml"), ours).unwrap();
    std::fs::write(folder.join("bad.yaml"), "licentral_scenario: 2\nname: [\n").unwrap();
    let lab = Process::start(&database, "./ours.yaml");
    let run = |arguments: &[&str]| {
        let portal = ["lab", "--portal", &lab.base];
        licentral(&[&portal, arguments].concat(), Path::new(&folder))
    };
    let (holds, said) = run(&[
        "assert",
        "licenses[ours.example/DEFAULT/c9200-ne-48].balance == -1",
    ]);
    assert!(holds, "{said}");
    let (good, said) = run(&["load", "--check", "ours.yaml"]);
    assert!(good && said.contains("1 Smart Accounts and 1 orders"), "{said}");
    let (good, said) = run(&["load", "bad.yaml"]);
    assert!(!good && said.contains("Line "), "{said}");
    let (good, said) = run(&["export", "--out", "now.yaml"]);
    assert!(good, "{said}");
    let (good, said) = run(&["load", "now.yaml"]);
    assert!(good, "{said}");
    let (holds, said) = run(&[
        "assert",
        "licenses[ours.example/DEFAULT/c9200-ne-48].balance == -1",
    ]);
    assert!(holds, "{said}");
    let (good, said) = run(&["load", "demo"]);
    assert!(good, "{said}");
    let (good, said) = run(&["export", "--schema"]);
    assert!(good && said.contains("\"$defs\""), "{said}");
    // A start with a file that is wrong says why.
    let url = format!("sqlite://{}", folder.join("other.db").display());
    let (good, said) = licentral(
        &[
            "serve",
            "--scenario",
            "./bad.yaml",
            "--database-url",
            &url,
            "--listen",
            "127.0.0.1:0",
        ],
        Path::new(&folder),
    );
    assert!(!good && said.contains("Line "), "{said}");
}
