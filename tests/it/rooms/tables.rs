//! Tables that people send, from the file to what is written: users and orders are read in one way.

use crate::support::{Browser, Portal};
use serde_json::{Value, json};

/// The files in `tests/fixtures/tables`, byte for byte.
fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(
        crate::support::repository()
            .join("tests/fixtures/tables")
            .join(name),
    )
    .unwrap()
}

/// Sends a form with a file, as a browser does, and follows.
#[track_caller]
fn upload(browser: &mut Browser, path: &str, fields: &[(&str, &str)], file: &[u8]) {
    let csrf = browser.csrf();
    let mut body = Vec::new();
    for (name, value) in [("csrf", csrf.as_str())].iter().chain(fields) {
        body.extend(
            format!("--part\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes(),
        );
    }
    body.extend(b"--part\r\nContent-Disposition: form-data; name=\"file\"; filename=\"table.csv\"\r\n\r\n");
    body.extend(file);
    body.extend(b"\r\n--part--\r\n");
    let base = browser.base().to_owned();
    browser
        .send(
            "POST",
            path,
            &[
                ("sec-fetch-site", "same-origin"),
                ("origin", &base),
                ("content-type", "multipart/form-data; boundary=part"),
            ],
            Some(&body),
        )
        .expect(303);
    browser.follow();
}

/// The form of the card on the open page, with other columns chosen.
#[track_caller]
fn choose(browser: &mut Browser, columns: &[&str]) {
    let (action, mut fields) = browser.form("Read the file again");
    for chosen in columns {
        let (meaning, _) = chosen.split_once(':').unwrap();
        let same = |value: &str| value.split(':').next() == Some(meaning);
        match fields
            .iter_mut()
            .find(|(name, value)| name == "column" && same(value))
        {
            Some((_, value)) => (*chosen).clone_into(value),
            None => fields.push(("column".to_owned(), (*chosen).to_owned())),
        }
    }
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    browser.post_fields(&action, &fields).expect(303);
    browser.follow().expect(200);
}

const ADD: [(&str, &str); 3] = [("emails", ""), ("scope", "account"), ("role", "account-viewer")];

/// The addresses of the review.
fn emails(browser: &Browser) -> Vec<String> {
    browser.page().texts("section[aria-labelledby=h-lines] tbody th")
}

#[test]
fn files_of_directories_and_spreadsheets_bring_their_people() {
    let (p, cast) = Portal::with_cast();
    let add = format!("/sa/{}/account/users/add", cast.xyz.number);
    let mut ada = p.sign_in("ada@xyz.example");
    for (name, taken, people) in [
        (
            "users-google-workspace.csv",
            "Email Address [Required]",
            vec!["grace", "hal"],
        ),
        ("users-m365-template.csv", "User Name", vec!["grace", "hal"]),
        ("users-title-row.csv", "E-Mail-Adresse", vec!["grace", "hal"]),
        ("users-german-cp1252.csv", "E-Mail-Adresse", vec!["joerg", "zoe"]),
        ("users-comma-in-quoted-header.csv", "Email", vec!["grace"]),
    ] {
        upload(&mut ada, &add, &ADD, &fixture(name));
        let people: Vec<String> = people.iter().map(|name| format!("{name}@xyz.example")).collect();
        assert_eq!(emails(&ada), people, "{name}");
        assert_eq!(ada.page().texts(".sheet .facts dd"), [taken], "{name}");
        ada.page()
            .expect(200)
            .shows("How the file was read")
            .shows_not("wrong");
    }
    ada.page().shows("Name (last, first, middle)");
    // A list from a mail client is no table.
    upload(&mut ada, &add, &ADD, &fixture("users-pasted-lists.txt"));
    ada.page().shows_not("How the file was read");
    assert_eq!(emails(&ada).len(), 8);
    ada.get(&add);
    let pasted = String::from_utf8(fixture("users-pasted-lists.txt")).unwrap();
    ada.fill_and_submit(
        "Next",
        &[
            ("emails", &pasted),
            ("role", "account-viewer"),
            ("scope", "account"),
        ],
    );
    ada.page().expect(200).shows_not("wrong");
    ada.fill_and_submit("Add 8 users", &[])
        .shows("8 people were invited");
}

#[test]
fn another_column_can_be_chosen_in_the_review() {
    let (p, cast) = Portal::with_cast();
    let add = format!("/sa/{}/account/users/add", cast.xyz.number);
    let mut ada = p.sign_in("ada@xyz.example");
    let file = b"Staff;;\nName;Email;Deputy email\nGrace;grace@xyz.example;hal@xyz.example\n";
    let typed = [("emails", "ida@xyz.example"), ADD[1], ADD[2]];
    upload(&mut ada, &add, &typed, file);
    assert_eq!(emails(&ada), ["grace@xyz.example", "ida@xyz.example"]);
    ada.page()
        .shows("Its heading stands in line 2")
        .shows("Deputy email");
    choose(&mut ada, &["email:3"]);
    // What was typed beside the file stays.
    assert_eq!(emails(&ada), ["hal@xyz.example", "ida@xyz.example"]);
    // Without one nobody can be added, not even by a request that was made by hand.
    choose(&mut ada, &["email:"]);
    ada.page().shows("Choose the column of the addresses first");
    let confirm = format!("{}/confirm", ada.page().path);
    let csrf = ada.csrf();
    ada.post_fields(&confirm, &[("csrf", &csrf)]).expect(409);
    assert_eq!(p.fingerprint().count("people"), 12);
    // Two columns of one name: which one is asked.
    upload(
        &mut ada,
        &add,
        &ADD,
        b"Email,Email\na@xyz.example,b@xyz.example\n",
    );
    ada.page().shows("Columns 1 and 2 may all be the e-mail address");
    choose(&mut ada, &["email:2"]);
    ada.fill_and_submit("Add 1 user", &[])
        .shows("1 person was invited");
    p.find_person("b@xyz.example");
}

#[test]
fn what_users_are_exported_is_read_again() {
    let (p, cast) = Portal::with_cast();
    let users = format!("/sa/{}/account/users", cast.xyz.number);
    let file = p
        .sign_in("ada@xyz.example")
        .get(&format!("{users}.csv"))
        .expect(200)
        .body
        .clone();
    let harborview = format!("/sa/{}/account/users/add", cast.harborview.number);
    let mut eve = p.sign_in("eve@harborview.example");
    eve.get(&harborview);
    upload(&mut eve, &harborview, &ADD, file.as_bytes());
    assert_eq!(eve.page().texts(".sheet .facts dd"), ["Email"]);
    eve.page().shows_not("lines are wrong");
    assert_eq!(emails(&eve).len(), file.lines().count() - 1);
    eve.fill_and_submit("Add 6 users", &[])
        .shows("6 users were added");
}

#[test]
fn an_element_of_a_list_over_the_api_is_one_address() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.api("ada@xyz.example");
    let path = format!("/api/v1/accounts/{}/users", cast.xyz.number);
    let body = |emails: Value| json!({ "emails": emails, "role": "account-viewer", "dry_run": true });
    let report = ada
        .post(
            &path,
            &body(json!([
                "Example, Grace <grace@xyz.example>",
                "a@xyz.example, b@xyz.example",
                "c@xyz.example d@xyz.example"
            ])),
        )
        .expect(200)
        .json();
    assert_eq!(
        (report["invited"].as_u64(), report["wrong"].as_u64()),
        (Some(1), Some(2))
    );
    assert_eq!(report["lines"][0]["typed"], json!("grace@xyz.example"));
    assert_eq!(report["lines"][1]["line"], json!(2));
    assert!(
        report["lines"][1]["says"]
            .as_str()
            .unwrap()
            .contains("2 addresses")
    );
    let mut real = body(json!(["a@xyz.example b@xyz.example"]));
    real["dry_run"] = json!(false);
    let errors = ada.post(&path, &real).expect(422).json()["errors"].clone();
    assert_eq!(errors.as_array().unwrap().len(), 1);
}

const ORDERS: &str = "/operator/orders/import";

#[test]
fn files_of_orders_are_read_whatever_program_wrote_them() {
    let (p, _) = Portal::with_cast();
    let mut olga = p.sign_in("olga@licensing.example");
    for (name, says) in [
        ("orders-tab.txt", "parted by tabs"),
        ("orders-tab-utf16.csv", "parted by tabs"),
        ("orders-comma-in-semicolon-header.csv", "Name (legal, short)"),
        ("orders-case-of-domain.csv", "parted by commas"),
        ("orders-unknown-column.csv", "Term (months)"),
    ] {
        upload(&mut olga, ORDERS, &[], &fixture(name));
        olga.page()
            .expect(200)
            .shows(says)
            .shows("Will be imported")
            .shows_not("Wrong");
    }
    let taken = olga.page().texts(".sheet .facts dd");
    assert!(taken.contains(&"Order Dt".to_owned()), "{taken:?}");
    olga.fill_and_submit("Import 1 order", &[])
        .shows("1 order was imported");
    assert_eq!(p.fingerprint().count("order_lines"), 1);
    let mut api = p.api("olga@licensing.example");
    let text = String::from_utf8(fixture("orders-unknown-column.csv"))
        .unwrap()
        .replace("Term (months)", "Frist");
    let report = api
        .post("/api/v1/order-imports", &json!({ "file": text, "dry_run": true }))
        .expect(200)
        .json();
    assert_eq!(report["unused_columns"], json!(["Frist"]));
}

#[test]
fn a_column_of_orders_that_stands_twice_is_asked_about() {
    let (p, cast) = Portal::with_cast();
    let mut olga = p.sign_in("olga@licensing.example");
    upload(&mut olga, ORDERS, &[], &fixture("orders-duplicate-column.csv"));
    olga.page()
        .expect(200)
        .shows("Columns 5 and 6 may all be the quantity")
        .shows("Choose the columns first");
    let confirm = format!("{}/confirm", olga.page().path);
    let csrf = olga.csrf();
    olga.post_fields(&confirm, &[("csrf", &csrf)]).expect(409);
    olga.get(confirm.strip_suffix("/confirm").unwrap());
    choose(&mut olga, &["quantity:6"]);
    olga.fill_and_submit("Import 1 order", &[])
        .shows("1 order was imported");
    let orders = p
        .api("ada@xyz.example")
        .get(&format!("/api/v1/accounts/{}/orders", cast.xyz.number))
        .expect(200)
        .json();
    assert_eq!(orders["total"], json!(1));
    // The same over the API.
    let mut api = p.api("olga@licensing.example");
    let text = String::from_utf8(fixture("orders-duplicate-column.csv"))
        .unwrap()
        .replace("WR-9", "WR-10");
    let body = |columns: Value| json!({ "file": text, "columns": columns, "dry_run": true });
    for bad in [
        json!({}),
        json!({ "quantity": "quantity" }),
        json!({ "quantity": "9" }),
        json!({ "number": "5" }),
    ] {
        let refused = api.post("/api/v1/order-imports", &body(bad)).expect(422).json();
        assert!(refused["errors"][0].to_string().contains("columns/"), "{refused}");
    }
    let report = api
        .post("/api/v1/order-imports", &body(json!({ "quantity": "6" })))
        .expect(200)
        .json();
    assert_eq!(report["wrong"], json!(0));
    assert!(report["columns"].to_string().contains(r#""field":"quantity""#));
    assert_eq!(report["unused_columns"], json!(["quantity"]));
}

#[test]
fn what_orders_are_exported_is_read_again() {
    let (p, cast) = Portal::with_cast();
    let mut api = p.api("olga@licensing.example");
    for (name, order_type, partner) in [
        ("X-1", "standard", "bramwell.example"),
        ("X-2", "enterprise-agreement", ""),
    ] {
        api.post(
            "/api/v1/orders",
            &json!({
                "identifier": name, "customer": "=XYZ, \"the\" COMPANY", "customer_domain": "xyz.example",
                "customer_email": "buyer@xyz.example", "partner_domain": partner, "order_type": order_type,
                "order_status": "partially-fulfilled", "purchase_order": "4500-1", "ordered_at": "2026-01-05T09:30:00Z",
                "lines": [{ "sku": "C9200-48P-E", "quantity": 3 }, { "sku": "C9200-24P-E", "quantity": 1, "term_months": 60 }],
            }),
        )
        .expect(201);
    }
    let mut ada = p.sign_in("ada@xyz.example");
    let inventory = format!("/sa/{}/orders/order-inventory", cast.xyz.number);
    ada.get(&inventory).expect(200).shows("Export lines");
    let export = |ada: &mut Browser, q: &str| {
        ada.get(&format!("{inventory}/lines.csv?sort=id&q={q}"))
            .expect(200)
            .body
            .clone()
    };
    let file = export(&mut ada, "X-");
    assert_eq!(file.lines().count(), 5);
    let report = api
        .post(
            "/api/v1/order-imports",
            &json!({ "file": file.replace("X-", "Y-") }),
        )
        .expect(200)
        .json();
    assert_eq!(
        (report["received"].as_u64(), report["wrong"].as_u64()),
        (Some(2), Some(0))
    );
    assert_eq!(export(&mut ada, "Y-").replace("Y-", "X-"), file);
    // What keeps a spreadsheet from running a cell is no part of what it says.
    let orders = p
        .api("ada@xyz.example")
        .get(&format!("/api/v1/accounts/{}/orders?q=Y-", cast.xyz.number))
        .expect(200)
        .json();
    for order in orders["items"].as_array().unwrap() {
        assert_eq!(order["customer"], "=XYZ, \"the\" COMPANY");
    }
    p.adds_up();
}
