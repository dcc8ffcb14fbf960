//! Webhooks: what is told to whom, how it is signed, what becomes of it, and where it never goes.

use crate::support::{Api, Cast, Portal, program};
use chrono::TimeDelta;
use licentral::kernel::{Event, Kind, Who};
use licentral::platform::config::Mode;
use licentral::platform::reach::{Network, Reach};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

const ADA: &str = "ada@xyz.example";
const OLGA: &str = "olga@licensing.example";
const RECEIVER: &str = "/api/v1/simulator/receiver";

fn hooks(cast: &Cast) -> String {
    format!("/api/v1/accounts/{}/webhooks", cast.xyz.number)
}

/// Adds a webhook; its id and its secret.
fn add(ada: &mut Api, cast: &Cast, body: Value) -> (String, String) {
    let added = ada.post(&hooks(cast), &body).expect(201).json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&added["webhook"]["id"]), text(&added["secret"]))
}

/// Something that happens in XYZ COMPANY.
fn happen(ada: &mut Api, cast: &Cast, name: &str) {
    let path = format!("/api/v1/accounts/{}/virtual-accounts", cast.xyz.number);
    ada.post(&path, &json!({ "name": name })).expect(201);
}

fn received(p: &Portal) -> Vec<Value> {
    let list = p.api(OLGA).get(RECEIVER).expect(200).json();
    list["items"].as_array().unwrap().clone()
}

fn deliveries(ada: &mut Api, cast: &Cast, hook: &str) -> Vec<Value> {
    let list = ada
        .get(&format!("{}/{hook}/deliveries?per=100", hooks(cast)))
        .expect(200)
        .json();
    list["items"].as_array().unwrap().clone()
}

#[test]
fn an_event_is_told_signed_to_those_who_asked_for_its_kind() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.api(ADA);
    let here = format!("{}{RECEIVER}", p.base);
    let (all, secret) = add(&mut ada, &cast, json!({ "name": "All", "url": here }));
    assert!(secret.starts_with("lcw_") && secret.len() > 40);
    let (some, _) = add(
        &mut ada,
        &cast,
        json!({ "name": "Places", "url": here, "kinds": ["virtual-account.*", "order.received"] }),
    );
    happen(&mut ada, &cast, "Paris");
    // Of another account nobody here hears.
    let eve = format!("/api/v1/accounts/{}/virtual-accounts", cast.harborview.number);
    p.api("eve@harborview.example")
        .post(&eve, &json!({ "name": "Ward" }))
        .expect(201);
    p.run_jobs();
    let got = received(&p);
    assert!(got.iter().all(|one| one["is_good"] == true), "{got:#?}");
    let kinds = |hook: &str, ada: &mut Api| -> Vec<String> {
        deliveries(ada, &cast, hook)
            .iter()
            .map(|one| one["kind"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        kinds(&all, &mut ada),
        ["virtual-account.created", "webhook.added", "webhook.added"]
    );
    assert_eq!(kinds(&some, &mut ada), ["virtual-account.created"]);
    assert_eq!(got.len(), 4);
    let one = &deliveries(&mut ada, &cast, &some)[0];
    assert_eq!(
        (&one["state"], &one["status"]),
        (&json!("delivered"), &json!(204))
    );
    let id = one["id"].as_str().unwrap();
    let whole = ada
        .get(&format!("{}/{some}/deliveries/{id}", hooks(&cast)))
        .expect(200)
        .json();
    let body: Value = serde_json::from_str(whole["request"].as_str().unwrap()).unwrap();
    assert_eq!(body["account"]["domain"], "xyz.example");
    assert_eq!(body["event"]["kind"], "virtual-account.created");
    assert!(body["event"]["message"].as_str().unwrap().contains("Paris"));
    assert!(
        body["event"]["request_id"]
            .as_str()
            .is_some_and(|id| !id.is_empty())
    );
    let as_received = got.iter().find(|one| one["delivery"] == id).unwrap();
    assert_eq!(as_received["body"], whole["request"]);
    // Its page shows the same.
    let mut page = p.sign_in(ADA);
    let number = cast.xyz.number;
    page.get(&format!("/sa/{number}/webhooks/{some}/deliveries/{id}"))
        .expect(200)
        .shows("Paris");
    // The record keeps the address, and the secret nowhere.
    assert_eq!(p.events_of("webhook.added").len(), 2);
    assert!(p.events().iter().all(|one| !one.detail.contains(&secret)));
}

#[test]
fn many_events_of_one_write_are_all_told_and_what_is_not_kept_is_not_told() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.api(ADA);
    let here = format!("{}{RECEIVER}", p.base);
    let (hook, _) = add(
        &mut ada,
        &cast,
        json!({ "name": "All", "url": here, "kinds": ["smart-account.changed"] }),
    );
    let (at, who) = (p.clock.now(), Who::portal("test"));
    let event =
        |n: usize| Event::new(Kind::AccountChanged, cast.xyz.id, format!("Number {n}.")).within(cast.xyz.id);
    p.db.write_now(|tx| {
        for n in 0..449 {
            tx.note(at, &who, &event(n))?;
        }
        tx.record(at, &who, &event(449), ())
    })
    .unwrap();
    let total = |ada: &mut Api| {
        ada.get(&format!("{}/{hook}/deliveries", hooks(&cast))).json()["total"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(total(&mut ada), 450);
    let failed: Result<(), _> = p.db.write_now(|tx| {
        tx.note(at, &who, &event(0))?;
        Err(licentral::error::Error::NotFound)
    });
    assert!(failed.is_err());
    assert_eq!(total(&mut ada), 450, "it was rolled back with its event");
    p.run_jobs();
    let done = ada
        .get(&format!("{}/{hook}/deliveries?state=delivered", hooks(&cast)))
        .json();
    assert_eq!(done["total"], 450);
    assert_eq!(received(&p).len(), 100, "the receiver keeps the newest");
}

#[test]
fn what_nobody_takes_is_tried_again_later_and_given_up_after_ten_tries() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.api(ADA);
    let url = format!("{}{RECEIVER}?status=503", p.base);
    let (hook, _) = add(
        &mut ada,
        &cast,
        json!({ "name": "Down", "url": url, "kinds": ["virtual-account.created", "webhook.given-up"] }),
    );
    happen(&mut ada, &cast, "Paris");
    p.run_jobs();
    p.run_jobs();
    let one = |ada: &mut Api| deliveries(ada, &cast, &hook)[0].clone();
    let first = one(&mut ada);
    assert_eq!(
        (&first["state"], &first["attempts"], &first["status"]),
        (&json!("waiting"), &json!(1), &json!(503)),
        "not before a minute has passed"
    );
    assert_eq!(first["problem"], "The receiver answered 503.");
    for minutes in [1, 2, 4, 8, 16, 32, 64, 128, 256] {
        let before = one(&mut p.api(ADA));
        assert_eq!(before["state"], "waiting");
        p.advance_wall(TimeDelta::minutes(minutes) - TimeDelta::seconds(5));
        p.run_jobs();
        assert_eq!(
            one(&mut p.api(ADA))["attempts"],
            before["attempts"],
            "{minutes} minutes are not over"
        );
        p.advance_wall(TimeDelta::seconds(10));
        p.run_jobs();
    }
    let mut ada = p.api(ADA);
    let last = one(&mut ada);
    assert_eq!(
        (&last["state"], &last["attempts"]),
        (&json!("given-up"), &json!(10))
    );
    assert_eq!(p.events_of("webhook.given-up").len(), 1);
    p.run_jobs();
    assert_eq!(
        deliveries(&mut ada, &cast, &hook).len(),
        1,
        "of its own failure it is not told"
    );
}

#[test]
fn during_a_day_after_a_rotation_both_secrets_sign() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.api(ADA);
    let here = format!("{}{RECEIVER}", p.base);
    let (hook, first) = add(
        &mut ada,
        &cast,
        json!({ "name": "All", "url": here, "kinds": ["virtual-account.created"] }),
    );
    let rotated = ada
        .post(&format!("{}/{hook}/rotate", hooks(&cast)), &json!({}))
        .expect(200)
        .json();
    assert_ne!(rotated["secret"], first);
    let signatures = |p: &Portal| {
        received(p)[0]["signature"]
            .as_str()
            .unwrap()
            .matches("v1=")
            .count()
    };
    happen(&mut ada, &cast, "Paris");
    p.run_jobs();
    assert_eq!(signatures(&p), 2);
    p.advance_wall(TimeDelta::hours(25));
    let mut ada = p.api(ADA);
    happen(&mut ada, &cast, "London");
    p.run_jobs();
    assert_eq!(signatures(&p), 1);
    assert!(received(&p).iter().all(|one| one["is_good"] == true));
}

#[test]
fn an_event_or_a_period_is_told_once_more() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.api(ADA);
    let here = format!("{}{RECEIVER}", p.base);
    happen(&mut ada, &cast, "Before");
    let (hook, _) = add(
        &mut ada,
        &cast,
        json!({ "name": "Late", "url": here, "kinds": ["virtual-account.created"] }),
    );
    let today = p.clock.now().utc().format("%Y-%m-%d").to_string();
    let replay = |ada: &mut Api, from: &str, to: &str| {
        ada.post(
            &format!("{}/{hook}/replay", hooks(&cast)),
            &json!({ "from": from, "to": to }),
        )
    };
    let told = replay(&mut ada, &today, &today).expect(202).json()["events"]
        .as_u64()
        .unwrap();
    assert!(told >= 1);
    p.run_jobs();
    let all = deliveries(&mut ada, &cast, &hook);
    assert!(
        all.iter()
            .all(|one| one["is_replay"] == true && one["state"] == "delivered")
    );
    assert_eq!(all.len() as u64, told);
    let id = all[0]["id"].as_str().unwrap();
    let again = format!("{}/{hook}/deliveries/{id}/replay", hooks(&cast));
    ada.post(&again, &json!({})).expect(202);
    p.run_jobs();
    assert_eq!(deliveries(&mut ada, &cast, &hook).len() as u64, told + 1);
    assert_eq!(
        replay(&mut ada, "2001-01-01", "2001-01-01").expect(202).json()["events"],
        0
    );
    replay(&mut ada, "2026-11-28", "2026-11-27").expect(422);
    replay(&mut ada, "tomorrow", "2026-11-27").expect(422);
    assert_eq!(p.events_of("webhook.replayed").len(), 2);
}

/// Answers each request so, until it is dropped; counts them.
fn answering(answer: &'static str) -> (u16, std::sync::Arc<std::sync::atomic::AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = count.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let mut some = [0; 4096];
            let _ = stream.read(&mut some);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (port, count)
}

#[test]
fn redirects_are_not_followed_and_a_long_answer_is_cut() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.api(ADA);
    let (target, reached) = answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let redirect = format!(
        "HTTP/1.1 307 Go\r\nlocation: http://127.0.0.1:{target}/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    let (port, asked) = answering(redirect.leak());
    let (hook, _) = add(
        &mut ada,
        &cast,
        json!({ "name": "Moved", "url": format!("http://127.0.0.1:{port}/"), "kinds": ["virtual-account.created"] }),
    );
    let long = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: 100000\r\nconnection: close\r\n\r\n{}",
        "x".repeat(100_000)
    );
    let (port, _) = answering(long.leak());
    let (talker, _) = add(
        &mut ada,
        &cast,
        json!({ "name": "Talker", "url": format!("http://127.0.0.1:{port}/"), "kinds": ["virtual-account.created"] }),
    );
    happen(&mut ada, &cast, "Paris");
    p.run_jobs();
    let one = &deliveries(&mut ada, &cast, &hook)[0];
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 1);
    assert_eq!(
        reached.load(std::sync::atomic::Ordering::SeqCst),
        0,
        "it went to the second address"
    );
    assert!(
        one["problem"]
            .as_str()
            .unwrap()
            .contains("redirects are not followed"),
        "{one}"
    );
    let id = deliveries(&mut ada, &cast, &talker)[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let whole = ada
        .get(&format!("{}/{talker}/deliveries/{id}", hooks(&cast)))
        .json();
    assert_eq!(whole["state"], "delivered");
    assert_eq!(whole["answer"].as_str().unwrap().len(), 2000);
}

#[test]
fn no_address_is_called_that_may_not_be_reached() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.api(ADA);
    for url in [
        "http://10.0.0.1/",
        "http://169.254.169.254/latest",
        "https://example.com#x",
        "ftp://127.0.0.1/",
        "x",
    ] {
        let said = ada.post(&hooks(&cast), &json!({ "name": "Bad", "url": url }));
        if url.starts_with("http://1") {
            assert!(
                said.expect(422).json()["errors"][0]["detail"]
                    .as_str()
                    .unwrap()
                    .contains("A lab calls this computer alone")
            );
        }
        said.expect(422);
    }
    let (p, cast) = Portal::with_cast_as(|config| {
        config.mode = Mode::Production;
        config.reach = Reach::new(false, Vec::new());
    });
    let mut ada = p.api(ADA);
    for url in [
        "https://127.0.0.1/",
        "https://[::ffff:10.0.0.1]/",
        "http://hooks.example.com/",
    ] {
        ada.post(&hooks(&cast), &json!({ "name": "Bad", "url": url }))
            .expect(422);
    }
    // A name is looked up when it is called: this one leads here.
    let (hook, _) = add(
        &mut ada,
        &cast,
        json!({ "name": "Name", "url": "https://localhost:1/", "kinds": ["virtual-account.created"] }),
    );
    happen(&mut ada, &cast, "Paris");
    p.run_jobs();
    let one = &deliveries(&mut ada, &cast, &hook)[0];
    assert!(
        one["problem"]
            .as_str()
            .unwrap()
            .contains("calls public addresses alone"),
        "{one}"
    );
    // The lab's own parts are not there in production.
    for path in [RECEIVER, "/api/v1/simulator/listeners"] {
        p.api(OLGA)
            .post(
                path,
                &json!({ "account": "xyz.example", "url": "http://127.0.0.1:1/", "name": "Listening" }),
            )
            .expect(404);
    }
    p.sign_in(OLGA).get("/simulator/receiver").expect(404);
    // A network that was named is reached, in the clear too.
    let named = Network::parse("127.0.0.0/8").unwrap();
    let (p, cast) = Portal::with_cast_as(|config| {
        config.mode = Mode::Production;
        config.reach = Reach::new(false, vec![named]);
    });
    let mut ada = p.api(ADA);
    let (port, asked) = answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    add(
        &mut ada,
        &cast,
        json!({ "name": "Named", "url": format!("http://127.0.0.1:{port}/") }),
    );
    p.run_jobs();
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[test]
fn a_webhook_is_added_tried_changed_and_removed_on_its_pages() {
    let (p, cast) = Portal::with_cast();
    let number = cast.xyz.number;
    let mut page = p.sign_in(ADA);
    page.get(&format!("/sa/{number}/webhooks/new")).expect(200);
    page.fill_and_submit(
        "Add Webhook",
        &[
            ("name", "CI"),
            ("url", "http://10.1.1.1/"),
            ("kinds", "licences.*"),
        ],
    )
    .expect(422)
    .shows("A lab calls this computer alone")
    .shows("There is no kind of event");
    let here = format!("{}{RECEIVER}", p.base);
    page.fill_and_submit(
        "Add Webhook",
        &[
            ("name", "CI"),
            ("url", &here),
            ("kinds", "licenses.*\nvirtual-account.*"),
            ("is_on", "1"),
        ],
    )
    .expect(200)
    .shows("CI was added")
    .shows("lcw_");
    let mut ada = p.api(ADA);
    let list = ada.get(&hooks(&cast)).json();
    let id = list["items"][0]["id"].as_str().unwrap().to_owned();
    let one = format!("/sa/{number}/webhooks/{id}");
    page.get(&one).expect(200).shows("Nothing was sent yet");
    page.fill_and_submit("Send a test", &[])
        .expect(200)
        .shows("A test is on its way.");
    p.run_jobs();
    page.get(&one)
        .expect(200)
        .shows("webhook.tested")
        .shows("Delivered");
    assert_eq!(received(&p)[0]["kind"], "webhook.tested");
    let mut olga = p.sign_in(OLGA);
    olga.get("/simulator/receiver")
        .expect(200)
        .shows("Signature good")
        .shows("From the webhook CI.");
    olga.fill_and_submit("Forget all", &[])
        .expect(200)
        .shows("1 request was forgotten.");
    // A second of the name is refused; off, nothing is put down.
    ada.post(&hooks(&cast), &json!({ "name": "ci", "url": here }))
        .expect(422);
    page.get(&format!("{one}/edit")).expect(200);
    page.fill_and_submit(
        "Save",
        &[("name", "CI"), ("url", &here), ("kinds", ""), ("is_on", "")],
    )
    .expect(200)
    .shows("The webhook was saved.")
    .shows("Off");
    happen(&mut ada, &cast, "Paris");
    p.run_jobs();
    assert!(received(&p).is_empty());
    page.get(&format!("{one}/rotate")).expect(200);
    page.fill_and_submit("Rotate secret", &[])
        .expect(200)
        .shows("The secret was rotated");
    page.get(&format!("{one}/remove")).expect(200);
    page.fill_and_submit("Remove webhook", &[])
        .expect(200)
        .shows("The webhook CI was removed.");
    page.get(&one).expect(404);
    for kind in [
        "webhook.added",
        "webhook.tested",
        "webhook.changed",
        "webhook.secret-rotated",
        "webhook.removed",
    ] {
        assert_eq!(p.events_of(kind).len(), 1, "{kind}");
    }
    for (email, status) in [
        ("cy@xyz.example", 403),
        ("dan@xyz.example", 403),
        ("eve@harborview.example", 404),
    ] {
        p.api(email).get(&hooks(&cast)).expect(status);
    }
}

#[test]
fn there_are_not_endlessly_many() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.api(ADA);
    for n in 0..20 {
        add(
            &mut ada,
            &cast,
            json!({ "name": format!("Hook {n}"), "url": "http://127.0.0.1:9/", "is_on": false }),
        );
    }
    let more = ada.post(
        &hooks(&cast),
        &json!({ "name": "One more", "url": "http://127.0.0.1:9/" }),
    );
    assert_eq!(more.expect(409).json()["code"], "webhook.too-many");
}

#[test]
fn a_fault_stops_them_and_an_expression_waits_for_them() {
    let (p, cast) = Portal::with_cast();
    let (mut ada, mut olga) = (p.api(ADA), p.api(OLGA));
    let here = format!("{}{RECEIVER}", p.base);
    add(
        &mut ada,
        &cast,
        json!({ "name": "CI", "url": here, "kinds": ["virtual-account.created"] }),
    );
    olga.post(
        "/api/v1/simulator/faults",
        &json!({ "preset": "webhooks-fail", "times": 1 }),
    )
    .expect(201);
    happen(&mut ada, &cast, "Paris");
    p.run_jobs();
    let mut holds = |expression: &str| {
        let encoded: String = url::form_urlencoded::byte_serialize(expression.as_bytes()).collect();
        olga.get(&format!("/api/v1/simulator/assert?expression={encoded}"))
            .expect(200)
            .json()["holds"]
            == true
    };
    assert!(holds("webhooks[CI].waiting == 1 and webhooks[CI].delivered == 0"));
    p.advance_wall(TimeDelta::minutes(2));
    p.run_jobs();
    let mut olga = p.api(OLGA);
    let mut holds = |expression: &str| {
        let encoded: String = url::form_urlencoded::byte_serialize(expression.as_bytes()).collect();
        olga.get(&format!("/api/v1/simulator/assert?expression={encoded}"))
            .expect(200)
            .json()["holds"]
            == true
    };
    assert!(holds(
        "webhooks[ci].delivered == 1 and webhooks[CI].given_up == 0"
    ));
    assert!(holds("webhooks[Nothing].delivered == nothing"));
}

#[test]
fn the_command_listens_and_passes_on() {
    let (p, cast) = Portal::with_cast();
    let (client, secret) = p.api_client(OLGA, true);
    let (port, asked) = answering("HTTP/1.1 201 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
    let to = format!("http://127.0.0.1:{port}/hook");
    let who = [
        "lab",
        "listen",
        "--portal",
        &p.base,
        "--client-id",
        &client,
        "--client-secret",
        &secret,
    ];
    let child = program(&who, &std::env::temp_dir())
        .args([
            "--account",
            "xyz.example",
            "--forward-to",
            &to,
            "--kind",
            "virtual-account.*",
            "--count",
            "1",
        ])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut ada = p.api(ADA);
    let begun = Instant::now();
    while ada.get(&hooks(&cast)).json()["items"]
        .as_array()
        .unwrap()
        .is_empty()
    {
        assert!(begun.elapsed() < Duration::from_secs(20), "it does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    happen(&mut ada, &cast, "Paris");
    p.run_jobs();
    let done = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{said}");
    assert!(
        said.contains("virtual-account.created")
            && said.contains("[201]")
            && said.contains("1 event was heard."),
        "{said}"
    );
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 1);
    assert!(
        ada.get(&hooks(&cast)).json()["items"]
            .as_array()
            .unwrap()
            .is_empty(),
        "it takes its webhook away"
    );
}
