//! The last requests of API clients: what is kept, what is hidden, and one carried out again.

use crate::support::{Portal, program};
use licentral::platform::config::Mode;
use serde_json::{Value, json};

const ALL: &str = "/api/v1/simulator/requests";
const ADA: &str = "ada@xyz.example";
const OLGA: &str = "olga@licensing.example";

fn kept(p: &Portal) -> Vec<Value> {
    let mut olga = p.api(OLGA);
    let list = olga.get(ALL).expect(200).json();
    let numbers = list["items"].as_array().unwrap().clone();
    numbers
        .iter()
        .map(|one| olga.get(&format!("{ALL}/{}", one["number"])).expect(200).json())
        .collect()
}

#[test]
fn requests_are_kept_with_their_answers_and_without_secrets() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.api(ADA);
    let mut olga = p.api(OLGA);
    let base = format!("/api/v1/accounts/{}", cast.xyz.number);
    // Off: nothing is kept.
    ada.get(&format!("{base}/virtual-accounts")).expect(200);
    assert_eq!(olga.get(ALL).expect(200).json()["items"], json!([]));
    olga.put(ALL, &json!({ "on": true })).expect(200);
    // Read twice: an answer that was made already is kept as well.
    for _ in 0..2 {
        ada.get(&format!("{base}/virtual-accounts?page=1")).expect(200);
    }
    let made = ada.post(
        &format!("{base}/registration-tokens"),
        &json!({ "virtual_accounts": [cast.xyz.default] }),
    );
    let token = made.expect(201).json()["items"][0]["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let secret = json!({ "name": "Hook", "url": "http://127.0.0.1:9/x", "client_secret": "sesame-1" });
    ada.post(&format!("{base}/webhooks"), &secret).expect(400);
    ada.get("/api/v1/accounts/999999?access_token=sesame-2")
        .expect(404);
    ada.send(
        "POST",
        &format!("{base}/license-tags"),
        &[("content-type", "text/plain")],
        Some(b"sesame-3"),
    )
    .expect(415);
    let kept = kept(&p);
    let seen: Vec<(&str, u64)> = kept
        .iter()
        .rev()
        .map(|one| (one["method"].as_str().unwrap(), one["status"].as_u64().unwrap()))
        .collect();
    assert_eq!(
        seen,
        [
            ("GET", 200),
            ("GET", 200),
            ("POST", 201),
            ("POST", 400),
            ("GET", 404),
            ("POST", 415)
        ]
    );
    let all = json!(kept).to_string();
    for hidden in [
        token.as_str(),
        "sesame-1",
        "sesame-2",
        "sesame-3",
        "eyJ",
        "Bearer",
    ] {
        assert!(!all.contains(hidden), "{hidden}");
    }
    assert_eq!(kept[3]["answer"]["kept"], "masked");
    assert!(
        kept[3]["body"]["text"]
            .as_str()
            .unwrap()
            .contains("virtual_accounts")
    );
    assert_eq!(kept[4]["answer"]["text"], kept[5]["answer"]["text"]);
    assert_eq!(kept[2]["body"]["kept"], "masked");
    assert!(!kept[2]["against_replay"].is_null() && !kept[0]["against_replay"].is_null());
    // The lab's own operations are left out, and so is the one who asks for another client alone.
    assert!(!all.contains("/simulator/"));
    olga.put(ALL, &json!({ "on": true, "client": "nobody" }))
        .expect(200);
    ada.get("/api/v1/me").expect(200);
    assert_eq!(olga.get(ALL).json()["items"].as_array().unwrap().len(), 6);
    olga.delete(ALL).expect(204);
    assert_eq!(olga.get(ALL).json()["items"], json!([]));
    olga.put(ALL, &json!({ "on": true, "client": "x".repeat(101) }))
        .expect(422);
    // Operators alone; and not in production.
    ada.get(ALL).expect(403);
    p.sign_in(ADA).get("/simulator/requests").expect(403);
    let (p, _) = Portal::with_cast_as(|config| config.mode = Mode::Production);
    let mut olga = p.api(OLGA);
    olga.get(ALL).expect(404);
    olga.put(ALL, &json!({ "on": true })).expect(404);
}

#[test]
fn a_request_is_carried_out_again_by_the_right_of_its_client() {
    let (p, cast) = Portal::with_cast();
    let mut olga = p.api(OLGA);
    olga.put(ALL, &json!({ "on": true })).expect(200);
    let base = format!("/api/v1/accounts/{}", cast.xyz.number);
    let client = p.api_client(ADA, true);
    let mut ada = p.api_of(client.clone());
    let body = json!({ "name": "Made twice" });
    ada.post(&format!("{base}/virtual-accounts"), &body).expect(201);
    p.api("vera@xyz.example")
        .get(&format!("{base}/webhooks"))
        .expect(403);
    let list = olga.get(ALL).json();
    let number = |n: usize| list["items"][n]["number"].as_u64().unwrap();
    let (of_vera, of_ada) = (number(0), number(1));
    assert_eq!(list["items"][1]["client"], client.0.as_str());
    // The name is taken now; Vera may not, whoever asks for it.
    let again = olga.post(&format!("{ALL}/{of_ada}/replay"), &json!({}));
    let again = again.expect(200).json();
    assert_eq!(
        (&again["status"], &again["replayed"]["status"]),
        (&json!(201), &json!(422))
    );
    assert_eq!(again["replayed"]["same_status"], false);
    let again = olga.post(&format!("{ALL}/{of_vera}/replay"), &json!({}));
    assert_eq!(again.expect(200).json()["replayed"]["status"], 403);
    // What was carried out again is no further request.
    assert_eq!(olga.get(ALL).json()["items"].as_array().unwrap().len(), 2);
    let said: Vec<String> = p
        .events_of("lab.requests")
        .into_iter()
        .map(|one| one.message)
        .collect();
    assert!(said[1].contains("was carried out again"), "{said:?}");
    let actor = p.events_of("virtual-account.created").pop().unwrap().actor;
    assert!(actor.contains("Ada"), "{actor}");
    // By page and by command.
    let mut page = p.sign_in(OLGA);
    page.get("/simulator/requests")
        .expect(200)
        .shows("virtual-accounts");
    page.get(&format!("/simulator/requests/{of_ada}"))
        .expect(200)
        .shows("Made twice");
    page.fill_and_submit("Carry out again", &[])
        .expect(200)
        .shows("It was carried out again: 201 before, 422 now.");
    let (id, secret) = p.api_client(OLGA, true);
    let run = |words: &[&str]| {
        let done = program(&["lab"], &std::env::temp_dir())
            .args(words)
            .args([
                "--portal",
                &p.base,
                "--client-id",
                &id,
                "--client-secret",
                &secret,
            ])
            .output()
            .unwrap();
        let said = [done.stdout, done.stderr].concat();
        (done.status.code(), String::from_utf8_lossy(&said).into_owned())
    };
    assert!(
        run(&["requests", "--client", &client.0])
            .1
            .contains("virtual-accounts 201")
    );
    let (code, said) = run(&["request", &of_ada.to_string(), "--replay"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("Carried out again: 422"), "{said}");
    assert!(run(&["requests", "--off"]).1.contains("not kept"));
    // A client that is no more has no right that could be borrowed.
    ada.delete(&format!("/api/v1/me/api-clients/{}", client.0))
        .expect(204);
    let refused = olga.post(&format!("{ALL}/{of_ada}/replay"), &json!({}));
    assert_eq!(refused.expect(409).json()["code"], "lab.not-replayable");
    olga.post(&format!("{ALL}/4711/replay"), &json!({})).expect(404);
}
