//! The token addresses, and how paths and bodies are written.

use super::{A, Script, furnished, is_compact_json, password};
use crate::support::{Page, Portal};
use serde_json::json;

/// Asks a door with its parameters in one of four places.
fn ask(p: &Portal, door: &str, way: &str, pairs: &[(&str, &str)]) -> Page {
    let form: String = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect::<Vec<_>>()
        .join("&");
    let mut api = p.api_without_token();
    let kind = ("content-type", "application/x-www-form-urlencoded");
    match way {
        "form" => api.send("POST", door, &[kind], Some(form.as_bytes())),
        "query" => api.send("POST", &format!("{door}?{form}"), &[], Some(b"")),
        "json" => {
            let body: serde_json::Map<_, _> = pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), json!(value)))
                .collect();
            api.post(door, &body.into())
        }
        _ => {
            let of = |name: &str| {
                pairs
                    .iter()
                    .find(|(known, _)| *known == name)
                    .map_or("", |(_, v)| *v)
            };
            let basic = data_encoding::BASE64
                .encode(format!("{}:{}", of("client_id"), of("client_secret")).as_bytes());
            let rest: String = pairs
                .iter()
                .filter(|(name, _)| !name.starts_with("client_"))
                .map(|(name, value)| format!("{name}={value}"))
                .collect::<Vec<_>>()
                .join("&");
            let header = format!("Basic {basic}");
            api.send(
                "POST",
                door,
                &[kind, ("authorization", &header)],
                Some(rest.as_bytes()),
            )
        }
    }
}

const WAYS: [&str; 4] = ["form", "query", "json", "basic"];

#[test]
fn every_token_address_takes_its_parameters_in_four_ways() {
    let (p, _) = Portal::with_cast();
    let (id, secret) = p.api_client("ada@xyz.example", true);
    for door in [
        "/as/token.oauth2",
        "/oauth2/default/v1/token",
        "//As/Token.OAuth2/",
    ] {
        for way in WAYS {
            let client = [
                ("grant_type", "client_credentials"),
                ("client_id", id.as_str()),
                ("client_secret", secret.as_str()),
            ];
            let page = ask(&p, door, way, &client);
            page.expect(200);
            is_compact_json(&page);
            let body = page.json();
            assert_eq!(body["token_type"], "Bearer");
            assert_eq!(body["expires_in"], 3599);
            let mut api = p.api_without_token();
            body["access_token"].as_str().unwrap().clone_into(&mut api.bearer);
            let mine = api.get(&format!("{A}/v2/accounts"));
            mine.expect(200);
            assert_eq!(mine.json()["accounts"][0]["accountDomain"], "xyz.example");
            // An address in a form that was glued together.
            let person = [
                &client[..],
                &[("username", "cy@xyz.example"), ("password", password())],
            ]
            .concat()
            .into_iter()
            .map(|(name, value)| (name, if name == "grant_type" { "password" } else { value }))
            .collect::<Vec<_>>();
            let page = ask(&p, door, way, &person);
            page.expect(200);
            page.json()["access_token"]
                .as_str()
                .unwrap()
                .clone_into(&mut api.bearer);
            let who = api.post("/idp/userinfo.openid", &json!(null));
            who.expect(200);
            assert_eq!(who.json()["email"], "cy@xyz.example");
        }
    }
}

#[test]
fn a_wrong_client_and_a_wrong_person_are_told_apart() {
    let (p, _) = Portal::with_cast();
    let (id, secret) = p.api_client("ada@xyz.example", true);
    let door = "/as/token.oauth2";
    let c = "client_credentials";
    for (pairs, status, error) in [
        (
            vec![("grant_type", c), ("client_id", &*id), ("client_secret", "wrong")],
            401,
            "invalid_client",
        ),
        (vec![("grant_type", c)], 401, "invalid_client"),
        (vec![], 400, "invalid_request"),
        (
            vec![
                ("grant_type", "refresh_token"),
                ("client_id", &*id),
                ("client_secret", &*secret),
            ],
            400,
            "unsupported_grant_type",
        ),
        (
            vec![
                ("grant_type", "password"),
                ("client_id", &*id),
                ("client_secret", &*secret),
                ("username", "ada@xyz.example"),
                ("password", "wrong"),
            ],
            400,
            "invalid_grant",
        ),
        (
            vec![
                ("grant_type", "password"),
                ("client_id", &*id),
                ("client_secret", &*secret),
                ("username", "nobody"),
                ("password", "x"),
            ],
            400,
            "invalid_grant",
        ),
        (
            vec![
                ("grant_type", "password"),
                ("client_id", &*id),
                ("client_secret", &*secret),
            ],
            400,
            "invalid_request",
        ),
    ] {
        for way in WAYS {
            let page = ask(&p, door, way, &pairs);
            assert_eq!(page.status, status, "{way} {pairs:?}: {}", page.body);
            is_compact_json(&page);
            assert_eq!(page.json()["error"], error);
            assert!(page.json()["error_description"].is_string());
        }
    }
    assert!(
        p.events_of("person.sign-in-failed").len() >= 4,
        "a wrong password is recorded"
    );
    for (method, path) in [
        ("GET", door),
        ("PUT", door),
        ("POST", "/as/nothing"),
        ("GET", "/idp/"),
    ] {
        let page = p.api_without_token().send(method, path, &[], None);
        assert!(
            [404, 405].contains(&page.status),
            "{method} {path}: {}",
            page.status
        );
        is_compact_json(&page);
    }
}

#[test]
fn a_token_ends_with_its_client_and_with_the_role() {
    let (p, cast) = furnished();
    let (id, secret) = p.api_client("ada@xyz.example", true);
    let pairs = [
        ("grant_type", "password"),
        ("client_id", &*id),
        ("client_secret", &*secret),
        ("username", "cy@xyz.example"),
        ("password", password()),
    ];
    let mut api = p.api_without_token();
    let page = ask(&p, "/as/token.oauth2", "form", &pairs);
    page.json()["access_token"]
        .as_str()
        .unwrap()
        .clone_into(&mut api.bearer);
    let licenses = format!("{A}/v1/accounts/xyz.example/licenses");
    api.post(&licenses, &json!(null)).expect(200);
    // Cy loses the role: the account is not there any more.
    let ada = p.find_person("cy@xyz.example").id;
    p.db.housekeeping_now(|tx| {
        let held = licentral::authz::grants::of_person_in(tx, cast.xyz.id, ada)?;
        for grant in held {
            licentral::authz::grants::take(tx, cast.xyz.id, grant.id)?;
        }
        Ok(())
    })
    .unwrap();
    let page = api.post(&licenses, &json!(null));
    assert_eq!(page.status, 404);
    is_compact_json(&page);
    // The client of Ada ends, and every token that it was given.
    p.api("ada@xyz.example")
        .delete(&format!("/api/v1/me/api-clients/{id}"))
        .expect(204);
    assert_eq!(api.get(&format!("{A}/v2/accounts")).status, 401);
    assert_eq!(ask(&p, "/as/token.oauth2", "form", &pairs).status, 401);
}

#[test]
fn paths_and_bodies_are_understood_as_scripts_write_them() {
    let (p, _) = furnished();
    let mut ada = Script::of(&p, "ada@xyz.example");
    let wanted = ada
        .post(&format!("{A}/v1/accounts/xyz.example/licenses"), &json!({}))
        .json();
    assert_eq!(wanted["totalRecords"], 3);
    for path in [
        "//services/api/smart-accounts-and-licensing/v1/accounts/xyz.example/licenses",
        "/services/api/services/api/smart-accounts-and-licensing/v1/accounts/xyz.example/licenses",
        "/services/api/smart-accounts-and-licensing/v1/accounts/xyz.example/licenses/",
        "/SERVICES/API/smart-accounts-and-licensing/V1/accounts/XYZ.example/Licenses",
        "/services/api/smart-accounts-and-licensing/v1/accounts/100001/licenses",
    ] {
        for body in ["", "null", "\"\"", "{}", r#"{"virtualAccounts":[]}"#] {
            let headers = [("content-type", "application/json")];
            let page = ada.api.send("POST", path, &headers, Some(body.as_bytes()));
            page.expect(200);
            assert_eq!(page.json(), wanted, "{path} with {body:?}");
        }
    }
    let license = &wanted["licenses"][0]["license"];
    for (path, body) in [
        ("", r#"{"limit":1,"offset":0}"#),
        ("", r#"{"limit":"1","offset":"0"}"#),
        ("", r#"{"limit":1.0}"#),
        ("?limit=1&offset=0", "null"),
        ("?LIMIT=1", ""),
    ] {
        let path = format!("{A}/v1/accounts/xyz.example/licenses{path}");
        let page = ada.api.send(
            "POST",
            &path,
            &[("content-type", "application/json")],
            Some(body.as_bytes()),
        );
        page.expect(200);
        let body = page.json();
        assert_eq!(body["licenses"].as_array().unwrap().len(), 1, "{path}");
        assert_eq!(&body["licenses"][0]["license"], license);
        assert_eq!(body["totalRecords"], 3);
    }
    // GET with a body of null, as one automation tool sends it; the kind of account in the path, or not.
    for path in [
        "virtual-accounts",
        "CUSTOMER/virtual-accounts",
        "customer/virtual-accounts/",
    ] {
        let path = format!("{A}/v1/accounts/xyz.example/{path}");
        let page = ada.api.send(
            "GET",
            &path,
            &[("content-type", "application/json")],
            Some(b"null"),
        );
        page.expect(200);
        assert_eq!(page.json()["virtualAccounts"][0]["isDefault"], "true");
    }
    // Cookies of elsewhere mean nothing, and neither do those of a browser that is signed in.
    let cookie = p
        .sign_in("ada@xyz.example")
        .cookies
        .iter()
        .map(|(n, v)| format!("{n}={v}"))
        .collect::<Vec<_>>()
        .join("; ");
    let mut nobody = p.api_without_token();
    for headers in [
        vec![("cookie", cookie.as_str())],
        vec![("authorization", "Bearer ")],
        vec![("authorization", "Bearer x.y.z")],
    ] {
        let page = nobody.send("GET", &format!("{A}/v2/accounts"), &headers, None);
        assert_eq!(page.status, 401, "{headers:?}");
        is_compact_json(&page);
    }
}

#[test]
fn the_portal_answers_to_the_vendors_names_on_the_vendors_paths_alone() {
    let p = Portal::start_as(|config| {
        config.vendor_hosts = vec!["swapi.cisco.com".to_owned(), "cloudsso.cisco.com".to_owned()];
    });
    p.add_cast();
    let mut ada = Script::of(&p, "ada@xyz.example");
    let accounts = format!("{A}/v2/accounts");
    for (host, path, status) in [
        ("swapi.cisco.com", accounts.as_str(), 200),
        ("SWAPI.cisco.com:443", accounts.as_str(), 200),
        ("cloudsso.cisco.com", "/as/nothing", 404),
        ("apx.cisco.com", accounts.as_str(), 400),
        ("swapi.cisco.com", "/login", 400),
        ("swapi.cisco.com", "/api/v1/me", 400),
        ("swapi.cisco.com.evil.example", accounts.as_str(), 400),
    ] {
        let page = ada.api.send("GET", path, &[("host", host)], None);
        assert_eq!(page.status, status, "{host} {path}: {}", page.body);
    }
    // A form-origin of elsewhere is no hindrance: there are no cookies that it could borrow.
    let page = ada.api.send(
        "POST",
        &format!("{A}/v1/accounts/xyz.example/licenses"),
        &[
            ("origin", "https://evil.example"),
            ("sec-fetch-site", "cross-site"),
            ("host", "swapi.cisco.com"),
        ],
        Some(b"null"),
    );
    page.expect(200);
}

#[test]
fn an_on_prem_server_answers_in_the_language_of_the_token() {
    let (p, cast) = Portal::with_local_cast();
    p.licenses(&cast.ours, cast.corporate, "C9200-48P-E", 5);
    let (id, secret) = p.api_client("lara@on-prem.example", true);
    let pairs = [
        ("grant_type", "client_credentials"),
        ("client_id", &*id),
        ("client_secret", &*secret),
    ];
    for door in ["/oauth/token", "/backend/oauth/token"] {
        for way in WAYS {
            ask(&p, door, way, &pairs).expect(200);
        }
    }
    let mut script = Script::of(&p, "lara@on-prem.example");
    for base in ["/api/v1", "/backend/api/v1", "//backend/api/v1"] {
        for account in [
            "Smart-On-Prem-Account",
            "smart-on-prem-account",
            &cast.ours.number.to_string(),
        ] {
            let page = script.get(&format!("{base}/accounts/{account}/virtual-accounts"));
            page.expect(200);
            assert_eq!(
                page.json()["virtualAccounts"][0]["isDefault"],
                "true",
                "{base} {account}"
            );
            let page = script.post(
                &format!("{base}/accounts/{account}/licenses"),
                &json!({ "limit": -1 }),
            );
            page.expect(200);
            assert_eq!(page.json()["licenses"][0]["quantity"], 5);
        }
    }
    let accounts = script.post("/api/v1/upstream_satellites/accounts", &json!(null));
    accounts.expect(200);
    assert_eq!(accounts.json()["accounts"][0]["name"], "Smart-On-Prem-Account");
    assert_eq!(accounts.json()["totalRecords"], 1);
    // A token of our own speaks our language at the same address.
    let mut ours = p.api("lara@on-prem.example");
    let page = ours.get(&format!("/api/v1/accounts/{}/virtual-accounts", cast.ours.number));
    page.expect(200);
    assert!(page.json()["items"].is_array());
    assert_eq!(
        ours.get("/api/v1/accounts/Smart-On-Prem-Account/virtual-accounts")
            .status,
        404
    );
    // And at the vendor's own it is as good as another.
    ours.get("/backend/api/v1/accounts/Smart-On-Prem-Account/virtual-accounts")
        .expect(200);
    // A form makes a Virtual Account as well, and a blank in a name may be encoded.
    let page = script.api.send(
        "POST",
        "/api/v1/accounts/Smart-On-Prem-Account/virtual-accounts",
        &[("content-type", "application/x-www-form-urlencoded")],
        Some(b"name=Branch&description=Of+a+form"),
    );
    page.expect(200);
    assert_eq!(page.json()["statusMessage"], "Operation Successful");
    script
        .post(
            "/api/v1/accounts/Smart-On-Prem-Account/virtual-accounts/Branch/delete",
            &json!(null),
        )
        .expect(200);
    script
        .get("/api/v1/accounts/Smart-On-Prem-Account/virtual-accounts/Corporate%20Network%20Devices/devices")
        .expect(200);
    // Whoever has no token is forbidden to ask, and other people's accounts are not there.
    let page = p
        .api_without_token()
        .get("/backend/api/v1/accounts/x/virtual-accounts");
    assert_eq!(page.status, 403);
    is_compact_json(&page);
    let page = script.get("/api/v1/accounts/Branch-Account/virtual-accounts");
    assert_eq!(page.status, 404);
    is_compact_json(&page);
    let alerts = script.post(
        "/api/v1/accounts/Smart-On-Prem-Account/alerts",
        &json!({ "limit": -1 }),
    );
    alerts.expect(200);
    assert!(alerts.json()["alerts"].is_array());
}
