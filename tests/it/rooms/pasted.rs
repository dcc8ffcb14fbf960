//! What people copy from one place and paste into another, with what comes along.

use crate::support::Portal;
use chrono::TimeDelta;
use serde_json::json;

const ADA: &str = "ada@xyz.example";

/// How a text looks when it was copied.
fn copies(text: &str) -> Vec<String> {
    vec![
        format!("\u{a0}{text}\u{a0}"),
        format!("\u{feff}{text}\n"),
        format!("\u{201c}{text}\u{201d}"),
        format!("\"{text}\"."),
        format!("({text})"),
        text.chars().flat_map(|c| [c, '\u{200b}']).collect(),
        format!(
            "> {}",
            text.chars()
                .take(5)
                .chain("\n> ".chars())
                .chain(text.chars().skip(5))
                .collect::<String>()
        ),
    ]
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[test]
fn a_device_is_found_by_what_its_page_shows() {
    let (p, cast) = Portal::with_cast();
    let (_, text) = p.registration_token(&cast.xyz, cast.corporate, None);
    for serial in ["FOC9001", "FOC9002", "FOC9003"] {
        p.device(&text, serial);
    }
    let mut ada = p.api(ADA);
    let mut found = |q: &str| -> Vec<String> {
        let address = format!("/api/v1/accounts/{}/devices?q={}", cast.xyz.number, encoded(q));
        let page = ada.get(&address);
        page.expect(200);
        let items = page.json()["items"].as_array().unwrap().clone();
        assert_eq!(page.json()["total"], items.len(), "{q:?}");
        items
            .iter()
            .map(|one| one["serial"].as_str().unwrap().to_owned())
            .collect()
    };
    for one in [
        "PID:C9200-48P-E SN:FOC9001",
        "PID: C9200-48P-E , VID: V02 , SN: FOC9001",
        "\"FOC9001\"",
        "FOC9001\u{a0}",
        "SN: FOC9001",
        "sw-foc9001",
    ] {
        assert_eq!(found(one), ["FOC9001"], "{one:?}");
    }
    for two in ["FOC9001 FOC9002", "FOC9001, FOC9002", "FOC9001\nFOC9002"] {
        assert_eq!(found(two), ["FOC9001", "FOC9002"], "{two:?}");
    }
    assert_eq!(found("C9200").len(), 3);
    assert!(found("FOC9004").is_empty() && found("\"\"").is_empty() && found("50%_").is_empty());
}

#[test]
fn people_licenses_tokens_and_accounts_are_found_by_what_is_copied() {
    let (p, cast) = Portal::with_cast();
    let (_, text) = p.registration_token(&cast.xyz, cast.corporate, None);
    p.registration_token(&cast.xyz, cast.corporate, None);
    let base = format!("/api/v1/accounts/{}", cast.xyz.number);
    let mut ada = p.api(ADA);
    let mut count = |list: &str, q: &str| -> u64 {
        let page = ada.get(&format!("{base}/{list}?q={}", encoded(q)));
        page.expect(200);
        page.json()["total"].as_u64().unwrap()
    };
    let name = p.find_person(ADA).name;
    for typed in [
        format!("{name} <{ADA}>"),
        format!("<{ADA}>"),
        format!("mailto:{ADA}"),
        format!("\u{201c}{name}\u{201d}\u{a0}"),
    ] {
        assert_eq!(count("users", &typed), 1, "{typed:?}");
    }
    let masked: String = text.chars().take(14).chain(['\u{2026}']).collect();
    assert_eq!(count("registration-tokens", &masked), 1, "{masked}");
    assert_eq!(count("registration-tokens", text.trim()), 1);
    assert_eq!(count("registration-tokens", "no-such-thing"), 0);
    let mut accounts = |q: &str| {
        ada.get(&format!("/api/v1/accounts/search?q={}", encoded(q)))
            .json()["total"]
            .clone()
    };
    for whole in [
        "\"Harborview Clinics\"",
        "Harborview\u{a0}Clinics",
        "H\u{430}rborview Clinics",
        "harborview.example.",
    ] {
        assert_eq!(accounts(whole), 1, "{whole:?}");
    }
    assert_eq!(accounts("Harborview Clinic"), 0);
}

#[test]
fn a_copied_token_registers_and_copied_credentials_open_the_door() {
    let (p, cast) = Portal::with_cast();
    let (_, text) = p.registration_token(&cast.xyz, cast.corporate, None);
    for (at, copy) in copies(text.trim()).into_iter().enumerate() {
        p.device(&copy, &format!("FOC{at}"));
    }
    let (id, secret) = p.api_client(ADA, true);
    for (id, secret) in copies(&id).into_iter().zip(copies(&secret)) {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_id", &id)
            .append_pair("client_secret", &secret)
            .finish();
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        p.api_without_token()
            .send("POST", "/api/v1/token", &kind, Some(form.as_bytes()))
            .expect(200);
        // What differs in case is another secret.
        let other = form.replace(&encoded(&secret), &encoded(&secret.to_lowercase()));
        p.api_without_token()
            .send("POST", "/api/v1/token", &kind, Some(other.as_bytes()))
            .expect(401);
        let twice = format!("{form}&client_id=x");
        let page = p
            .api_without_token()
            .send("POST", "/api/v1/token", &kind, Some(twice.as_bytes()));
        assert_eq!(
            (page.status, page.json()["error"].as_str()),
            (400, Some("invalid_request"))
        );
    }
}

#[test]
fn an_address_with_a_full_stop_behind_it_leads_to_the_thing() {
    let (p, cast) = Portal::with_cast();
    let (_, text) = p.registration_token(&cast.xyz, cast.corporate, None);
    let device = p.device(&text, "FOC9001");
    let mut ada = p.api(ADA);
    for after in [".", ")", ",", "%E2%80%8B", "%3E"] {
        ada.get(&format!(
            "/api/v1/accounts/{}/devices/{}{after}",
            cast.xyz.number, device.id
        ))
        .expect(200);
    }
    ada.get(&format!(
        "/api/v1/accounts/{}/devices/{}x",
        cast.xyz.number, device.id
    ))
    .expect(404);
}

#[test]
fn names_that_look_the_same_are_one_name() {
    let (p, cast) = Portal::with_cast();
    let base = format!("/api/v1/accounts/{}", cast.xyz.number);
    let mut ada = p.api(ADA);
    ada.post(
        &format!("{base}/virtual-accounts"),
        &json!({ "name": "Plant One" }),
    )
    .expect(201);
    ada.post(&format!("{base}/user-groups"), &json!({ "name": "Plant One" }))
        .expect(201);
    for alike in [
        "Pl\u{430}nt One",
        "PLANT ONE",
        "Plant\u{a0}One",
        "P1ant One",
        "Plant 0ne",
        "Plant \u{39f}ne",
    ] {
        for what in ["virtual-accounts", "user-groups"] {
            let page = ada.post(&format!("{base}/{what}"), &json!({ "name": alike }));
            assert_eq!(page.status, 422, "{what} {alike:?}: {}", page.body);
            assert_eq!(page.json()["errors"][0]["pointer"], "/name", "{what} {alike:?}");
        }
    }
    for unseen in [
        "Plant\u{ad} One",
        "Plant\u{34f} One",
        "Plant\u{3164} One",
        "Plant\u{200b} One",
    ] {
        ada.post(&format!("{base}/virtual-accounts"), &json!({ "name": unseen }))
            .expect(422);
    }
    ada.post(
        &format!("{base}/virtual-accounts"),
        &json!({ "name": "Plant Two" }),
    )
    .expect(201);
    // A Restricted account's name is nobody else's, however it is written.
    let mut pat = p.api("pat@bramwell.example");
    for (name, status) in [
        ("H\u{430}rborview Clinics", 422),
        ("Harborview C1inics", 422),
        ("Harborview Hospital", 201),
    ] {
        let asked = json!({ "name": name, "domain": "newclient.example", "customer_emails": ["lee@newclient.example"] });
        let page = pat.post("/api/v1/account-requests", &asked);
        assert_eq!(page.status, status, "{name:?}: {}", page.body);
    }
}

#[test]
fn an_access_token_outlives_a_clock_that_is_set_back() {
    let p = Portal::with_cast().0;
    p.advance_wall(TimeDelta::hours(2));
    let mut ada = p.api(ADA);
    ada.get("/api/v1/me").expect(200);
    p.advance_wall(TimeDelta::seconds(-55));
    ada.get("/api/v1/me").expect(200);
    p.advance_wall(TimeDelta::seconds(-20));
    ada.get("/api/v1/me").expect(401);
}
