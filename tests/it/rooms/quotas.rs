//! How often programs may call, what they are told of it, and whom that leaves alone.

use crate::support::{Portal, Reply};
use chrono::TimeDelta;
use licentral::platform::config::Quotas;

const ADA: &str = "ada@xyz.example";
const PAT: &str = "pat@bramwell.example";

fn header(reply: &Reply, name: &str) -> String {
    reply.header(name).unwrap_or_default().to_owned()
}

#[test]
fn a_client_is_told_what_is_left_and_refused_when_nothing_is() {
    let p = Portal::start_as(|config| {
        config.quotas = Quotas {
            client: 3,
            account: 0,
        }
    });
    let cast = p.add_cast();
    let path = format!("/api/v1/accounts/{}/virtual-accounts", cast.xyz.number);
    let (mut ada, mut other) = (p.api(ADA), p.api(ADA));
    for left in [2, 1, 0] {
        // The same answer is kept, and counts all the same.
        let reply = ada.get(&path);
        reply.expect(200);
        assert_eq!(header(&reply, "ratelimit-policy"), "\"client\";q=3;w=60");
        let said = header(&reply, "ratelimit");
        assert!(said.starts_with(&format!("\"client\";r={left};t=")), "{said}");
    }
    let over = ada.get(&path);
    over.expect(429);
    let seconds: i64 = header(&over, "retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds));
    assert!(header(&over, "ratelimit").starts_with("\"client\";r=0;t="));
    assert_eq!(header(&over, "content-type"), "application/problem+json");
    let problem = over.json();
    assert_eq!(problem["code"], "too-many");
    assert_eq!(problem["violated-policies"][0], "client");
    assert!(!problem["request_id"].as_str().unwrap().is_empty());
    // Another client of the same person, and the person in the pages.
    other.get(&path).expect(200);
    let mut browser = p.sign_in(ADA);
    for _ in 0..5 {
        let page = browser.get(&format!("/sa/{}", cast.xyz.number)).expect(200);
        assert!(page.header("ratelimit").is_none());
    }
    // Whoever is not let in is not told of anything.
    let mut nobody = p.api_without_token();
    nobody.bearer = "made up".to_owned();
    for _ in 0..5 {
        let reply = nobody.get(&path);
        reply.expect(401);
        assert!(reply.header("ratelimit").is_none());
    }
    p.advance_wall(TimeDelta::seconds(61));
    ada.get(&path).expect(200);
}

#[test]
fn the_vendors_scripts_are_refused_in_their_own_shape() {
    let p = Portal::start_as(|config| {
        config.quotas = Quotas {
            client: 1,
            account: 0,
        }
    });
    p.add_cast();
    let mut ada = p.api(ADA);
    let path = "/services/api/smart-accounts-and-licensing/v1/accounts/xyz.example/virtual-accounts";
    let first = ada.get(path);
    assert!(
        first.status != 429 && !header(&first, "ratelimit").is_empty(),
        "{}",
        first.status
    );
    let over = ada.get(path);
    over.expect(429);
    assert_eq!(over.json()["status"], "ERROR");
    assert!(
        over.json()["statusMessage"]
            .as_str()
            .unwrap()
            .contains("1 calls in 60 seconds")
    );
    assert!(!header(&over, "retry-after").is_empty());
}

#[test]
fn an_account_is_called_for_by_all_its_clients_together_and_by_no_stranger() {
    let p = Portal::start_as(|config| {
        config.quotas = Quotas {
            client: 0,
            account: 4,
        }
    });
    let cast = p.add_cast();
    let path = format!("/api/v1/accounts/{}/virtual-accounts", cast.xyz.number);
    let (mut ada, mut bob, mut pat) = (p.api(ADA), p.api("bob@xyz.example"), p.api(PAT));
    for _ in 0..8 {
        let reply = pat.get(&path);
        reply.expect(404);
        assert!(
            reply.header("ratelimit").is_none(),
            "a stranger is told of the account"
        );
    }
    for script in [&mut ada, &mut bob] {
        script.get(&path).expect(200);
        script.get(&path).expect(200);
    }
    let over = bob.get(&path);
    over.expect(429);
    assert_eq!(over.json()["violated-policies"][0], "account");
    ada.get("/api/v1/me").expect(200);
}

#[test]
fn without_a_quota_nothing_is_counted() {
    let p = Portal::start();
    let cast = p.add_cast();
    let reply = p
        .api(ADA)
        .get(&format!("/api/v1/accounts/{}/virtual-accounts", cast.xyz.number));
    reply.expect(200);
    assert!(reply.header("ratelimit").is_none() && reply.header("ratelimit-policy").is_none());
}
