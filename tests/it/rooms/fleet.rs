//! A simulated fleet: it registers and reports by the lab's clock, has the troubles of real devices, and the On-Prem portal
//! beside it synchronizes by itself.

use crate::support::{Api, Portal, licentral};
use chrono::TimeDelta;
use licentral::simulator::{self, scenario};
use serde_json::{Value, json};
use std::path::Path;

const FLEET: &str = "/api/v1/simulator/fleet";

fn lab() -> (Portal, Api) {
    let p = Portal::start_as(|config| config.scenario = "demo".to_owned());
    scenario::fill_if_empty(&p.parts).unwrap();
    p.freeze();
    let olga = p.api_of(("demo-olga".to_owned(), scenario::CLIENT_SECRET.to_owned()));
    (p, olga)
}

fn seen(olga: &mut Api) -> Value {
    olga.get(FLEET).expect(200).json()
}

fn count(shape: &Value, is: impl Fn(&Value) -> bool) -> usize {
    shape["devices"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| is(one))
        .count()
}

#[test]
fn a_fleet_reports_by_the_clock_and_has_the_troubles_of_real_devices() {
    let (p, mut olga) = lab();
    let body = json!({ "account": "xyz.example", "count": 6, "licenses": "c9200-ne-48" });
    olga.post(FLEET, &body).expect(201);
    p.run_jobs();
    let now = seen(&mut olga);
    assert_eq!(count(&now, |one| one["registered"] == 1), 6, "{now}");
    // Of the 180 of the demo one reports by policy.
    assert_eq!(p.events_of("device.registered").len(), 179 + 6);
    // Months later all of them have called, and none was silent for it.
    for _ in 0..2 {
        p.advance(TimeDelta::days(29));
        p.run_jobs();
    }
    assert_eq!(seen(&mut olga)["calls"], 18);
    let of_the_fleet = |p: &Portal| {
        let all = p.events_of("device.failed-to-connect");
        all.iter().filter(|one| one.message.contains("fleet-")).count()
    };
    assert_eq!(of_the_fleet(&p), 0);
    let befall = |olga: &mut Api, kind: &str, count: u32| {
        let body = json!({ "kind": kind, "count": count });
        olga.post("/api/v1/simulator/fleet/trouble", &body)
            .expect(200)
            .json()["count"]
            .clone()
    };
    // Two go silent: the clock says so, after a month.
    assert_eq!(befall(&mut olga, "silent", 2), 2);
    p.advance(TimeDelta::days(29));
    p.run_jobs();
    p.advance(TimeDelta::days(5));
    p.run_jobs();
    assert_eq!(of_the_fleet(&p), 2);
    assert_eq!(befall(&mut olga, "back", 2), 2);
    p.run_jobs();
    assert_eq!(p.events_of("device.connected").len(), 2);
    // More than there is; another device with the same serial number; another name.
    assert_eq!(befall(&mut olga, "greedy", 6), 6);
    p.run_jobs();
    assert!(
        count(&seen(&mut olga), |one| one["told"]
            .as_str()
            .unwrap()
            .starts_with("Out"))
            > 0
    );
    let before = seen(&mut olga)["devices"][0]["serial"].clone();
    assert_eq!(befall(&mut olga, "replaced", 6), 6);
    assert_eq!(befall(&mut olga, "renamed", 1), 1);
    p.run_jobs();
    let after = seen(&mut olga);
    assert_eq!(after["devices"][0]["serial"], before);
    assert_eq!(count(&after, |one| one["registered"].as_u64().unwrap() >= 2), 6);
    assert_eq!(
        count(&after, |one| one["hostname"].as_str().unwrap().ends_with("-2")),
        1
    );
    assert_eq!(simulator::check(&p.db).unwrap(), Vec::<String>::new());
    olga.delete(FLEET).expect(204);
    assert_eq!(olga.delete(FLEET).expect(409).json()["code"], "lab.no-fleet");
    assert_eq!(seen(&mut olga)["running"], false);
}

#[test]
fn a_fleet_by_policy_reports_is_acknowledged_and_falls_overdue_when_it_is_silent() {
    let (p, mut olga) = lab();
    let body = json!({ "account": "xyz.example", "count": 4, "licenses": "c9200-dna-e-48", "mode": "slp" });
    olga.post(FLEET, &body).expect(201);
    p.run_jobs();
    let now = seen(&mut olga);
    assert_eq!(now["mode"], "slp");
    assert_eq!(
        count(&now, |one| one["told"]
            .as_str()
            .unwrap()
            .starts_with("Acknowledged")),
        4,
        "{now}"
    );
    let states = |p: &Portal| -> Vec<String> {
        let account =
            p.db.read_now(|r| licentral::smart_accounts::by_domain(r, "xyz.example"))
                .unwrap()
                .unwrap();
        let found = p.api("ada@xyz.example").get(&format!(
            "/api/v1/accounts/{}/devices?mode=slp&q=fleet-",
            account.number
        ));
        found.expect(200);
        let mut all: Vec<String> = found.json()["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["usage_report"].as_str().unwrap().to_owned())
            .collect();
        all.sort();
        all
    };
    assert_eq!(states(&p), ["acknowledged"; 4]);
    // They report each month; replaced, renamed and greedy ones report with the same key or anew, and none is refused.
    for kind in ["replaced", "renamed", "greedy"] {
        let body = json!({ "kind": kind, "count": 2 });
        olga.post("/api/v1/simulator/fleet/trouble", &body).expect(200);
        p.run_jobs();
    }
    p.advance(TimeDelta::days(31));
    p.run_jobs();
    let now = seen(&mut olga);
    assert_eq!(now["refused"], 0, "{now}");
    assert_eq!(states(&p), ["acknowledged"; 4]);
    // Silent ones are due, and overdue in the end; what they used stays in use.
    let body = json!({ "kind": "silent", "count": 2 });
    olga.post("/api/v1/simulator/fleet/trouble", &body).expect(200);
    p.advance(TimeDelta::days(89));
    p.run_jobs();
    p.advance(TimeDelta::days(40));
    p.run_jobs();
    assert_eq!(states(&p), ["acknowledged", "acknowledged", "overdue", "overdue"]);
    assert_eq!(simulator::check(&p.db).unwrap(), Vec::<String>::new());
    let mut page = p.sign_in("olga@licensing.example");
    page.get("/simulator/fleet").expect(200).shows("By policy");
}

#[test]
fn what_is_wrong_with_a_fleet_stands_beside_the_field_and_the_page_shows_it_while_it_runs() {
    let (p, mut olga) = lab();
    for (field, value) in [
        ("count", json!(0)),
        ("licenses", json!("nobody-knows")),
        ("account", json!("no.example")),
    ] {
        let mut body = json!({ "account": "xyz.example", "count": 2 });
        body[field] = value;
        let told = olga.post(FLEET, &body).expect(422).json();
        assert!(
            told["errors"][0]["pointer"].as_str().unwrap().contains(field),
            "{told}"
        );
    }
    let mut page = p.sign_in("olga@licensing.example");
    page.get("/simulator/fleet").expect(200).shows("Start a fleet");
    page.fill_and_submit(
        "Start the fleet",
        &[("account", "xyz.example"), ("count", "many")],
    )
    .expect(422)
    .shows("Use a number from 1 to 1000.");
    page.fill_and_submit("Start the fleet", &[("account", "xyz.example"), ("count", "2")])
        .expect(200)
        .shows("The fleet was started.");
    p.run_jobs();
    page.get("/simulator/fleet")
        .expect(200)
        .shows("fleet-0002")
        .shows("Let it happen");
    page.fill_and_submit("Let it happen", &[("kind", "renamed")])
        .expect(200)
        .shows("changes its host name");
    p.api("ada@xyz.example").get(FLEET).expect(403);
    // Without an On-Prem portal beside it.
    let told = olga
        .put("/api/v1/simulator/fleet/on-prem", &json!({ "daily": true }))
        .expect(409)
        .json();
    assert_eq!(told["code"], "lab.no-on-prem");
}

#[test]
fn the_on_prem_portal_of_a_lab_synchronizes_by_itself() {
    let cloud = Portal::start_as(|config| config.scenario = "demo".to_owned());
    let on_prem = Portal::start_on_prem_as(|config| config.scenario = "demo".to_owned());
    assert!(cloud.parts.beside.set(on_prem.parts.clone()).is_ok());
    assert!(on_prem.parts.beside.set(cloud.parts.clone()).is_ok());
    scenario::fill_both(&cloud.parts, &on_prem.parts).unwrap();
    let mut olga = cloud.api_of(("demo-olga".to_owned(), scenario::CLIENT_SECRET.to_owned()));
    let before = seen(&mut olga);
    assert_eq!(before["on_prem_daily"], false);
    assert_eq!(before["on_prem"].as_array().unwrap().len(), 1);
    let after = olga
        .put("/api/v1/simulator/fleet/on-prem", &json!({ "daily": true }))
        .expect(200)
        .json();
    assert_eq!(after["on_prem_daily"], true);
    on_prem.run_jobs();
    let after = seen(&mut olga);
    assert!(after["on_prem"][0]["next_sync"].is_string(), "{after}");
    let (good, said) = licentral(
        &["lab", "--portal", &cloud.base, "fleet", "on-prem", "off"],
        Path::new("."),
    );
    assert!(good && said.contains("does not synchronize by itself"), "{said}");
}
