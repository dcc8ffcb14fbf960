//! The grant with a code, clients that are not subscribed, and answers that the lab gives instead of the portal.

use super::{A, B, Script, furnished, is_compact_json, says};
use crate::support::{Browser, Page, Portal};
use chrono::TimeDelta;
use licentral::authn::api_client::Scopes;
use serde_json::json;

const DOOR: &str = "/as/token.oauth2";
const BACK: &str = "http://localhost:5000/callback?own=1";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn asking(client: &str, back: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("response_type", "code"),
            ("scope", "openid profile email"),
            ("client_id", client),
            ("redirect_uri", back),
            ("state", "s&1"),
        ])
        .finish();
    format!("/as/authorization.oauth2?{query}")
}

/// The page to which the vendor's address leads.
fn led(p: &Portal, browser: &mut Browser, client: &str, back: &str) -> Page {
    let page = browser.send("GET", &asking(client, back), &[], None).clone();
    assert_eq!(page.status, 303, "{}", page.body);
    let to = page.location().unwrap().strip_prefix(&p.base).unwrap().to_owned();
    browser.send("GET", &to, &[], None).clone()
}

/// What the browser is sent back with, by name.
fn sent(page: &Page, name: &str) -> Option<String> {
    let url = url::Url::parse(page.location().unwrap()).unwrap();
    assert!(url.as_str().starts_with(BACK), "{url}");
    url.query_pairs()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
}

/// Sends the form of the page with one of its buttons.
fn decide(browser: &mut Browser, word: &str) -> Page {
    let (action, mut fields) = browser.form("form[action='/authorize']");
    fields.retain(|(name, _)| name != "decision");
    fields.push(("decision".to_owned(), word.to_owned()));
    let fields: Vec<_> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    browser.post_fields(&action, &fields).clone()
}

fn trade(p: &Portal, (id, secret): &(String, String), code: &str, back: &str) -> Page {
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("grant_type", "authorization_code"),
            ("client_id", id),
            ("client_secret", secret),
            ("code", code),
            ("redirect_uri", back),
        ])
        .finish();
    let page = p
        .api_without_token()
        .send("POST", DOOR, &[FORM], Some(form.as_bytes()));
    is_compact_json(&page);
    page
}

#[test]
fn a_person_lets_a_script_in_with_a_code_and_once() {
    let (p, _) = furnished();
    let client = p.api_client("ada@xyz.example", true);
    let other = p.api_client("eve@harborview.example", true);
    let mut cy = p.sign_in("cy@xyz.example");
    let page = led(&p, &mut cy, &client.0, BACK);
    page.expect(200)
        .shows("Test script")
        .shows("http://localhost:5000");
    assert!(
        page.header("content-security-policy")
            .unwrap()
            .contains("form-action 'self' http://localhost:5000;"),
        "browsers hold the way back against the page with the form"
    );
    // Whoever does not let it in says so.
    let denied = decide(&mut cy, "deny");
    assert_eq!(denied.status, 303);
    assert_eq!(sent(&denied, "error").as_deref(), Some("access_denied"));
    led(&p, &mut cy, &client.0, BACK);
    let allowed = decide(&mut cy, "allow");
    assert_eq!(sent(&allowed, "state").as_deref(), Some("s&1"));
    let code = sent(&allowed, "code").unwrap();
    // Neither another client nor another address has any use for it.
    for (client, back) in [(&other, BACK), (&client, "http://localhost:5000/")] {
        let page = trade(&p, client, &code, back);
        assert_eq!(page.status, 400);
        assert_eq!(page.json()["error"], "invalid_grant");
    }
    assert_eq!(
        trade(&p, &(client.0.clone(), "wrong".to_owned()), &code, BACK).status,
        401
    );
    assert_eq!(trade(&p, &client, "", BACK).status, 400);
    assert_eq!(trade(&p, &client, "x.y.z", BACK).status, 400);
    let page = trade(&p, &client, &code, BACK);
    page.expect(200);
    let mut api = p.api_without_token();
    page.json()["access_token"]
        .as_str()
        .unwrap()
        .clone_into(&mut api.bearer);
    assert_eq!(
        api.post("/idp/userinfo.openid", &json!(null)).json()["email"],
        "cy@xyz.example"
    );
    api.get(&format!("{A}/v2/accounts")).expect(200);
    // A code is no access token, and lets in once.
    assert_eq!(trade(&p, &client, &code, BACK).json()["error"], "invalid_grant");
    code.clone_into(&mut api.bearer);
    assert_eq!(api.get(&format!("{A}/v2/accounts")).status, 401);
    // Nor is one that nobody came for in time.
    led(&p, &mut cy, &client.0, BACK);
    let late = decide(&mut cy, "allow");
    p.advance_wall(TimeDelta::seconds(70));
    assert_eq!(
        trade(&p, &client, &sent(&late, "code").unwrap(), BACK).json()["error"],
        "invalid_grant"
    );
}

#[test]
fn nobody_is_sent_where_a_script_may_not_listen() {
    let (p, _) = furnished();
    let client = p.api_client("ada@xyz.example", true);
    let mut ada = p.sign_in("ada@xyz.example");
    for back in [
        "",
        "x",
        "javascript:alert(1)",
        "ftp://localhost/",
        "http://a:b@localhost/",
        "http://localhost/#x",
    ] {
        assert_eq!(led(&p, &mut ada, &client.0, back).status, 400, "{back}");
    }
    assert_eq!(led(&p, &mut ada, "unknown", BACK).status, 400);
    assert_eq!(ada.get("/authorize?response_type=token").status, 400);
    // What no button sends.
    led(&p, &mut ada, &client.0, BACK);
    assert_eq!(decide(&mut ada, "x").status, 422);
    // Who is nobody yet signs in first.
    let mut nobody = p.browser();
    let page = led(&p, &mut nobody, &client.0, BACK);
    assert_eq!(page.status, 303);
    assert!(
        page.location().unwrap().starts_with("/login?next=%2Fauthorize"),
        "{:?}",
        page.location()
    );
}

#[test]
fn a_client_without_a_subscription_is_no_client() {
    let (p, _) = furnished();
    let (id, secret) = p.client_with(
        "ada@xyz.example",
        Scopes {
            write: true,
            vendor: false,
        },
    );
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let mut api = p.api_without_token();
    let door = api.send("POST", DOOR, &[FORM], Some(form.as_bytes()));
    door.expect(200);
    door.json()["access_token"]
        .as_str()
        .unwrap()
        .clone_into(&mut api.bearer);
    let mut watch = p.watch();
    for (method, path) in [
        ("GET", format!("{A}/v2/accounts")),
        ("POST", format!("{A}/v1/accounts/xyz.example/licenses")),
        ("POST", format!("{A}/v1/accounts/unknown.example/licenses")),
        ("GET", format!("{B}/licensing/v2/account-policy")),
        ("POST", format!("{B}/clc/v1/graphql")),
        (
            "GET",
            "/services/api/enterprise-agreements/v1/subscription/Sub1/consumption".to_owned(),
        ),
    ] {
        let page = api.send(method, &path, &[], None);
        assert_eq!(page.status, 403, "{path}");
        is_compact_json(&page);
        let said = page.json();
        assert!(
            says(&page) == "Invalid Client" || said["errors"][0]["message"] == "Invalid Client",
            "{path}: {said}"
        );
    }
    watch.assert_same("calls of a client that is not subscribed");
    // Who it stands for it may say, and our own API knows no subscriptions.
    api.get("/idp/userinfo.openid").expect(200);
    api.get("/api/v1/me").expect(200);
    // As it is made on the page.
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get("/profile/api/new");
    ada.fill_and_submit(
        "Create API client",
        &[("name", "Not yet"), ("scope", "read"), ("vendor", "no")],
    )
    .expect(200);
    ada.get("/profile/api")
        .expect(200)
        .shows("Not subscribed to the vendor's APIs");
    ada.get("/profile/api/new");
    let (action, mut fields) = ada.form("Create API client");
    for (name, value) in &mut fields {
        if name == "vendor" {
            "perhaps".clone_into(value);
        }
    }
    let fields: Vec<_> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    ada.post_fields(&action, &fields)
        .expect(422)
        .shows("Choose whether the client is subscribed.");
}

#[test]
fn faults_of_the_lab_are_told_in_the_vendors_shapes() {
    let (p, _) = furnished();
    let mut olga = p.api("olga@licensing.example");
    let mut ada = Script::of(&p, "ada@xyz.example");
    for code in [429, 500, 502, 503] {
        olga.post(
            "/api/v1/simulator/faults",
            &json!({ "effect": "status", "status": code, "surface": "vendor" }),
        )
        .expect(201);
        for path in [
            format!("{A}/v2/accounts"),
            format!("/{A}/v2/accounts/"),
            format!("{B}/pnp/v2/accounts"),
            format!("{B}/licensing/v2/poll"),
            format!("{B}/clc/v1/graphql"),
            "/services/nothing".to_owned(),
        ] {
            let page = ada.api.send("POST", &path, &[], Some(b"null"));
            assert_eq!(page.status, code, "{path}");
            is_compact_json(&page);
            assert!(!page.body.contains("\"type\""), "{}", page.body);
            assert_eq!(
                page.header("retry-after").is_some(),
                matches!(code, 429 | 503),
                "{path} {code}"
            );
        }
        olga.delete("/api/v1/simulator/faults").expect(204);
    }
    // A door, which a rule has to name.
    let rule = json!({ "effect": "status", "status": 503, "surface": "vendor", "path": "/as/" });
    olga.post("/api/v1/simulator/faults", &rule).expect(201);
    let page = ada.api.send("POST", DOOR, &[], None);
    page.expect(503);
    assert_eq!(page.json()["error"], "temporarily_unavailable");
}

#[test]
fn whoever_shows_nothing_at_an_on_prem_server_is_forbidden_to_ask() {
    let (p, cast) = Portal::with_local_cast();
    let named = "/api/v1/accounts/Smart-On-Prem-Account/virtual-accounts";
    let ours = format!("/api/v1/accounts/{}/virtual-accounts", cast.ours.number);
    let mut nobody = p.api_without_token();
    for path in [
        named,
        &format!("/backend{named}"),
        "/api/v1/upstream_satellites/accounts",
    ] {
        let method = if path.ends_with("upstream_satellites/accounts") {
            "POST"
        } else {
            "GET"
        };
        let page = nobody.send(method, path, &[], None);
        assert_eq!(page.status, 403, "{path}");
        is_compact_json(&page);
        // A token that is not good any more is asked for anew.
        for bearer in ["Bearer ", "Bearer x", "Bearer x.y.z"] {
            let page = nobody.send(method, path, &[("authorization", bearer)], None);
            assert_eq!(page.status, 401, "{path} {bearer}");
            is_compact_json(&page);
        }
    }
    // The number is asked for in our words, unless the token says otherwise.
    assert_eq!(
        nobody.get(&ours).header("content-type"),
        Some("application/problem+json")
    );
    let mut lara = Script::of(&p, "lara@on-prem.example");
    lara.get("/api/v1/accounts/Smart-On-Prem-Account/CUSTOMER/virtual-accounts")
        .expect(200);
    lara.get(&format!("{named}/Corporate+Network+Devices/devices"))
        .expect(200);
    // An On-Prem server has no page for codes, and no subscriptions.
    let (id, secret) = p.client_with(
        "lara@on-prem.example",
        Scopes {
            write: false,
            vendor: false,
        },
    );
    let form = format!("grant_type=authorization_code&code=x&client_id={id}&client_secret={secret}");
    let page = nobody.send("POST", "/oauth/token", &[FORM], Some(form.as_bytes()));
    assert_eq!(page.json()["error"], "unsupported_grant_type");
    let form = form.replace("authorization_code", "client_credentials");
    let page = nobody.send("POST", "/oauth/token", &[FORM], Some(form.as_bytes()));
    page.json()["access_token"]
        .as_str()
        .unwrap()
        .clone_into(&mut nobody.bearer);
    nobody.get(named).expect(200);
}
