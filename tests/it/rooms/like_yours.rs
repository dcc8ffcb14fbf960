//! An account like yours: exported tables become an account; what is to be replaced is replaced before anything is kept.

use crate::support::{Portal, licentral};
use licentral::simulator;
use serde_json::json;

const PATH: &str = "/api/v1/simulator/account-like-yours";
const LICENSES: &str = "License,Purchased,Virtual Account\n\"C9200 Network Essentials, 48-port license\",10,Sales\nOur Own License,5,Branch\nNothing,none,Sales\n";
const DEVICES: &str = "Device Name,Product Number,Device Identifier 1 Value,Virtual Account,License,Quantity\ncore.corp.example,C9200-48P-E,FOCSECRET1,Sales,\"C9200 Network Essentials, 48-port license\",12\n";
const USERS: &str = "Email,Name,Role\nann@corp.example,Ann Real,Smart Account Administrator\n";

#[test]
fn exported_tables_become_an_account_and_nothing_secret_is_stored() {
    let (p, _) = Portal::with_cast();
    let mut olga = p.api("olga@licensing.example");
    let mut body = json!({
        "name": "Ours", "domain": "ours.example", "licenses": LICENSES, "product_instances": DEVICES, "users": USERS, "check": true,
    });
    let mut watch = p.watch();
    let told = olga.post(PATH, &body).expect(201).json();
    assert!(told["number"].is_null());
    assert_eq!(
        (told["licenses"].as_u64(), told["product_instances"].as_u64()),
        (Some(2), Some(1))
    );
    assert!(told["left_out"][0].as_str().unwrap().contains("line 4"), "{told}");
    watch.assert_same("a check");
    body["check"] = json!(false);
    let made = olga.post(PATH, &body).expect(201).json();
    let number = made["number"].as_i64().unwrap();
    assert_eq!(simulator::check(&p.db).unwrap(), Vec::<String>::new());
    let all = format!("{:?}", p.fingerprint());
    for secret in ["FOCSECRET1", "corp.example", "Ann Real"] {
        assert!(!all.contains(secret), "{secret} was stored");
    }
    let mut admin = p.sign_in("person-001@ours.example");
    admin
        .get(&format!("/sa/{number}/licensing/license-inventory"))
        .expect(200)
        .shows("Our Own License");
    admin
        .get(&format!("/sa/{number}/devices/device-inventory"))
        .expect(200)
        .shows("SIM0000001");
    // A second of that domain, and a table in which nothing is found.
    let again = olga.post(PATH, &body).expect(422).json();
    assert!(
        again["errors"][0]["pointer"].as_str().unwrap().contains("domain"),
        "{again}"
    );
    body["domain"] = json!("other.example");
    body["licenses"] = json!("Thing,Many\nc9200-ne-48,3\n");
    olga.post(PATH, &body).expect(422);
    body["columns"] = json!({ "license_name": 1, "license_quantity": 2 });
    body["name"] = json!("Others");
    body["replace"] = json!(false);
    olga.post(PATH, &body).expect(201);
    assert!(format!("{:?}", p.fingerprint()).contains("FOCSECRET1"));
    p.api("ada@xyz.example").post(PATH, &body).expect(403);
}

#[test]
fn the_page_shows_what_would_be_made_before_it_is() {
    let (p, _) = Portal::with_cast();
    let mut page = p.sign_in("olga@licensing.example");
    page.get("/simulator/account-like-yours")
        .expect(200)
        .shows("Read the tables");
    page.fill_and_submit("Read the tables", &[("name", "Ours"), ("domain", "ours.example")])
        .expect(422)
        .shows("Give one table at least.");
    let fields = [("licenses", LICENSES), ("product_instances", DEVICES)];
    page.fill_and_submit("Read the tables", &fields)
        .expect(200)
        .shows("What would be made")
        .shows("Make the account");
    page.fill_and_submit("Make the account", &[])
        .expect(200)
        .shows("The Smart Account Ours was made");
    p.sign_in("admin@ours.example").get("/profile").expect(200);
    // By the command, and as a scenario file.
    let folder = std::env::temp_dir().join(format!("licentral-like-yours-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("licenses.csv"), LICENSES).unwrap();
    let (id, secret) = p.api_client("olga@licensing.example", true);
    let client = [
        "lab",
        "--portal",
        &p.base,
        "--client-id",
        &id,
        "--client-secret",
        &secret,
    ];
    let wanted = ["account", "Mine", "mine.example", "--licenses", "licenses.csv"];
    let (good, said) = licentral(&[&client[..], &wanted[..]].concat(), &folder);
    assert!(good && said.contains("mine.example: 1 people"), "{said}");
    std::fs::remove_dir_all(&folder).unwrap();
}
