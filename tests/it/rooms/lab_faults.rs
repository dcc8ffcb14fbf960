//! Faults on purpose: what each of them does to a client, whom it leaves alone, and how it ends.

use crate::support::{Api, Portal, program};
use licentral::platform::config::Mode;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const OLGA: &str = "olga@licensing.example";
const FAULTS: &str = "/api/v1/simulator/faults";

fn add(olga: &mut Api, rule: Value) -> Value {
    olga.post(FAULTS, &rule).expect(201).json()
}

fn hits(olga: &mut Api) -> Vec<i64> {
    let list = olga.get(FAULTS).expect(200).json();
    let items = list["items"].as_array().unwrap();
    items.iter().map(|one| one["hits"].as_i64().unwrap()).collect()
}

#[test]
fn each_effect_does_what_it_says() {
    let (p, _) = Portal::with_cast();
    let (mut olga, mut ada) = (p.api(OLGA), p.api("ada@xyz.example"));
    let mut page = p.sign_in("ada@xyz.example");
    // 429, and then it is over.
    add(&mut olga, json!({ "preset": "api-rate-limit", "times": 2 }));
    for _ in 0..2 {
        let refused = ada.get("/api/v1/me");
        refused.expect(429);
        assert_eq!(refused.json()["code"], "lab.fault");
        assert_eq!(refused.header("retry-after"), Some("1"));
        assert!(refused.header("content-security-policy").is_some());
    }
    ada.get("/api/v1/me").expect(200);
    assert!(hits(&mut olga).is_empty(), "it has ended by itself");
    // 200 with an error in it; pages are another surface.
    add(&mut olga, json!({ "preset": "ok-with-an-error" }));
    assert_eq!(ada.get("/api/v1/me").expect(200).json()["status"], "ERROR");
    page.get("/profile").expect(200).shows("ada@xyz.example");
    olga.delete(FAULTS).expect(204);
    // Nothing is done where another answer is given; everything where the answer is cut off.
    add(
        &mut olga,
        json!({ "effect": "cut", "surface": "api", "path": "/api/v1/me" }),
    );
    let begun = raw(&p, "GET /api/v1/me", &ada.bearer);
    assert!(begun.starts_with("HTTP/1.1 200"), "{begun}");
    let length: usize = begun
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .unwrap()
        .parse()
        .unwrap();
    let body = begun.split("\r\n\r\n").nth(1).unwrap();
    assert_eq!(body.len(), length / 2, "half of the answer comes");
    olga.delete(FAULTS).expect(204);
    // No answer at all.
    add(&mut olga, json!({ "effect": "drop", "path": "/api/v1/me" }));
    assert_eq!(raw(&p, "GET /api/v1/me", &ada.bearer), "");
    assert_eq!(hits(&mut olga), [1]);
    olga.delete(FAULTS).expect(204);
    // Later.
    add(
        &mut olga,
        json!({ "effect": "delay", "delay_ms": 300, "surface": "pages" }),
    );
    let begun = Instant::now();
    page.get("/profile").expect(200);
    assert!(begun.elapsed() >= Duration::from_millis(300));
    assert_eq!(hits(&mut olga), [1]);
    ada.get("/api/v1/me").expect(200);
    assert_eq!(hits(&mut olga), [1], "the API is another surface");
    assert!(p.events_of("lab.faults").len() >= 8);
}

/// Everything that comes back before the connection ends.
fn raw(p: &Portal, line: &str, bearer: &str) -> String {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(p.base.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let host = p.base.trim_start_matches("http://");
    write!(
        stream,
        "{line} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {bearer}\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut all = Vec::new();
    // A connection that is reset has said what it had to say.
    let _ = stream.read_to_end(&mut all);
    String::from_utf8_lossy(&all).into_owned()
}

#[test]
fn the_lab_itself_is_never_touched_and_a_rule_names_whom_it_strikes() {
    let (p, _) = Portal::with_cast();
    let mut olga = p.api(OLGA);
    let (mut ada, mut bob) = (p.api("ada@xyz.example"), p.api("bob@xyz.example"));
    add(&mut olga, json!({ "effect": "status", "status": 503 }));
    let mut page = p.sign_in(OLGA);
    for path in [
        "/livez",
        "/readyz",
        "/simulator/clock",
        "/simulator/mailbox",
        "/simulator/faults",
        "/login",
    ] {
        page.get(path);
        assert_ne!(page.page().status, 503, "{path}");
    }
    page.get("/profile").expect(503);
    olga.get("/api/v1/simulator/clock").expect(200);
    p.api("ada@xyz.example").get("/api/v1/me").expect(503);
    page.get("/simulator/faults")
        .expect(200)
        .shows("Answered with status 503");
    page.fill_and_submit("Remove all rules", &[])
        .expect(200)
        .shows("1 fault rule was removed.");
    page.get("/profile").expect(200);
    // One person, by page and by script.
    add(
        &mut olga,
        json!({ "effect": "status", "status": 500, "who": "ADA@xyz.example" }),
    );
    ada.get("/api/v1/me").expect(500);
    bob.get("/api/v1/me").expect(200);
    p.sign_in("ada@xyz.example").get("/profile").expect(500);
    p.sign_in("bob@xyz.example").get("/profile").expect(200);
    olga.delete(FAULTS).expect(204);
    // A method and the beginning of a path.
    add(
        &mut olga,
        json!({ "effect": "status", "status": 502, "method": "POST", "path": "/api/v1/account-requests" }),
    );
    ada.get("/api/v1/account-requests").expect(200);
    ada.post("/api/v1/account-requests", &json!({})).expect(502);
    assert_eq!(hits(&mut olga), [1]);
    // Others may not.
    ada.post(FAULTS, &json!({ "preset": "slow-portal" })).expect(403);
    p.sign_in("ada@xyz.example").get("/simulator/faults").expect(403);
    olga.delete(&format!("{FAULTS}/999")).expect(404);
}

#[test]
fn what_is_wrong_with_a_rule_is_said_beside_its_field() {
    let (p, _) = Portal::with_cast();
    let mut olga = p.api(OLGA);
    let wrong = olga
        .post(
            FAULTS,
            &json!({ "effect": "status", "status": 200, "share": 101, "path": "api" }),
        )
        .expect(422)
        .json();
    let fields: Vec<&str> = wrong["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(fields, ["/path", "/share", "/status"]);
    let mut page = p.sign_in(OLGA);
    page.get("/simulator/faults").expect(200);
    page.fill_and_submit("Add rule", &[("effect", "delay"), ("delay_ms", "soon")])
        .expect(422)
        .shows("Use a whole number.");
    page.fill_and_submit("Add rule", &[("effect", "delay"), ("delay_ms", "250")])
        .expect(200)
        .shows("Delayed by 250 ms");
    for n in 1..50 {
        add(
            &mut olga,
            json!({ "effect": "drop", "path": format!("/never/{n}") }),
        );
    }
    let full = olga
        .post(FAULTS, &json!({ "preset": "slow-portal" }))
        .expect(409)
        .json();
    assert_eq!(full["code"], "lab.too-many-faults");
}

#[test]
fn while_the_mail_server_is_down_letters_wait() {
    let (p, _) = Portal::with_cast();
    let mut olga = p.api(OLGA);
    add(&mut olga, json!({ "preset": "mail-server-down" }));
    let mut pat = p.api("pat@bramwell.example");
    pat.post(
        "/api/v1/account-requests",
        &json!({ "name": "New Client", "domain": "newclient.example", "customer_emails": ["lee@newclient.example"] }),
    )
    .expect(201);
    p.run_jobs();
    assert!(p.mail().all_to("lee@newclient.example").is_empty());
    assert!(hits(&mut olga)[0] >= 1);
    olga.delete(FAULTS).expect(204);
    p.advance_wall(chrono::TimeDelta::minutes(2));
    p.run_jobs();
    assert!(!p.mail().all_to("lee@newclient.example").is_empty());
}

#[test]
fn faults_by_command_and_none_in_production() {
    let p = Portal::start_as(|config| config.scenario = "demo".to_owned());
    licentral::simulator::scenario::fill_if_empty(&p.parts).unwrap();
    let lab = |words: &[&str]| {
        let arguments: Vec<&str> = ["lab", "--portal", &p.base]
            .into_iter()
            .chain(words.iter().copied())
            .collect();
        let done = program(&arguments, &std::env::temp_dir()).output().unwrap();
        let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
        (done.status.code().unwrap(), said)
    };
    let (status, said) = lab(&["fault", "slow-portal", "--for", "5m", "--times", "3"]);
    assert_eq!((status, said.trim()), (0, "The fault rule 1 holds: Slow portal."));
    let (status, said) = lab(&["fault", "--effect", "status", "--status", "200"]);
    assert_eq!(status, 3, "{said}");
    assert!(said.contains("from 400 to 599"), "{said}");
    assert!(
        lab(&["faults"])
            .1
            .contains("1  Slow portal (any): Delayed by 2000 ms. Hits: 0.")
    );
    assert_eq!(lab(&["faults", "--remove", "1"]).0, 0);
    assert!(lab(&["faults"]).1.contains("No fault rule holds."));
    let real = Portal::start_as(|config| config.mode = Mode::Production);
    real.person(OLGA, "Olga Brandt");
    real.platform_role(OLGA, licentral::authn::PlatformRole::Operator);
    let mut olga = real.api(OLGA);
    for path in [
        FAULTS,
        "/api/v1/simulator/snapshots",
        "/api/v1/simulator/scenarios",
    ] {
        olga.get(path).expect(404);
    }
    olga.post(FAULTS, &json!({ "preset": "slow-portal" })).expect(404);
    olga.post("/api/v1/simulator/snapshots", &json!({ "name": "a" }))
        .expect(404);
    olga.post("/api/v1/simulator/scenarios", &json!({ "name": "demo" }))
        .expect(404);
    olga.post("/api/v1/simulator/snapshots/a/restore", &json!({}))
        .expect(404);
    let mut page = real.sign_in(OLGA);
    for path in [
        "/simulator/faults",
        "/simulator/scenarios",
        "/simulator/scenarios/demo/load",
    ] {
        page.get(path).expect(404);
    }
}
