//! A lab in another state: scenarios and snapshots, of the cloud alone and of both portals at once.

use crate::support::{Fingerprint, Portal, program};
use licentral::platform::db::SnapshotName;
use licentral::simulator::{self, scenario};
use serde_json::json;

const OLGA: &str = "olga@licensing.example";

fn client(p: &Portal) -> crate::support::Api {
    p.api_of(("demo-olga".to_owned(), scenario::CLIENT_SECRET.to_owned()))
}

/// A cloud and the On-Prem server beside it, as `licentral serve` ties them together, with one story in them.
fn both() -> (Portal, Portal) {
    let cloud = Portal::start_as(|config| config.scenario = "demo".to_owned());
    let on_prem = Portal::start_on_prem_as(|config| config.scenario = "demo".to_owned());
    assert!(cloud.parts.beside.set(on_prem.parts.clone()).is_ok());
    assert!(on_prem.parts.beside.set(cloud.parts.clone()).is_ok());
    scenario::fill_both(&cloud.parts, &on_prem.parts).unwrap();
    (cloud, on_prem)
}

/// What is in a portal, without what a restore itself leaves: its line in the record, the sessions that go on, the name of
/// the snapshot that was taken last.
fn state(p: &Portal) -> Fingerprint {
    p.fingerprint()
}

fn differences(before: &Fingerprint, after: &Fingerprint) -> Vec<String> {
    before
        .differences(after)
        .lines()
        .filter(|line| !line.contains("lab.restored") && !line.trim().is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn two_portals_in_one_snapshot_come_back_equal() {
    let (cloud, on_prem) = both();
    cloud.freeze();
    cloud.run_jobs();
    on_prem.run_jobs();
    let mut olga = client(&cloud);
    let mut page = cloud.sign_in(OLGA);
    page.get("/operator").expect(200);
    let stood = cloud.clock.now();
    let took = olga
        .post("/api/v1/simulator/snapshots", &json!({ "name": "before-class" }))
        .expect(201)
        .json();
    assert_eq!(took["name"], "before-class");
    let before = (state(&cloud), state(&on_prem));
    // Much happens in both.
    for by in [31, 90] {
        let step = json!({ "action": "advance", "by_seconds": by * 86_400 });
        olga.post("/api/v1/simulator/clock", &step).expect(200);
    }
    on_prem.run_jobs();
    let ada = cloud.sign_in("ada@xyz.example");
    assert!(!differences(&before.0, &state(&cloud)).is_empty());
    // Again by another name is refused; a second one is listed.
    let again = olga
        .post("/api/v1/simulator/snapshots", &json!({ "name": "before-class" }))
        .expect(409)
        .json();
    assert_eq!(again["code"], "lab.snapshot-there");
    for name in ["", "-x", "Big", "a/b", "../x"] {
        olga.post("/api/v1/simulator/snapshots", &json!({ "name": name }))
            .expect(422);
    }
    let took = olga
        .post("/api/v1/simulator/snapshots/before-class/restore", &json!({}))
        .expect(200)
        .json();
    println!("restored in {} ms", took["took_ms"]);
    assert_eq!(cloud.clock.now(), stood, "the clock stands where it stood");
    for (p, before) in [(&cloud, &before.0), (&on_prem, &before.1)] {
        let left: Vec<String> = differences(before, &state(p))
            .into_iter()
            .filter(|line| !line.contains("sessions"))
            .collect();
        assert!(left.is_empty(), "{left:#?}");
        assert_eq!(simulator::check(&p.db).unwrap(), Vec::<String>::new());
        assert_eq!(p.events_of("lab.restored").len(), 1);
    }
    // Whoever was signed in before the snapshot, or since, stays signed in.
    page.get("/operator").expect(200);
    let mut ada = ada;
    ada.get("/profile").expect(200);
    olga.get("/api/v1/simulator/snapshots").expect(200);
    // The record cannot be changed afterwards either.
    let touched = cloud.db.housekeeping_now(|tx| {
        use diesel::prelude::*;
        use licentral::platform::db::Reads;
        use licentral::platform::db::schema::events;
        Ok(diesel::delete(events::table).execute(tx.conn())?)
    });
    assert!(touched.is_err(), "the record is append-only no more");
}

#[test]
fn who_signed_out_since_the_snapshot_stays_signed_out() {
    let p = Portal::start_as(|config| config.scenario = "demo".to_owned());
    scenario::fill_if_empty(&p.parts).unwrap();
    let mut olga = client(&p);
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get("/profile").expect(200);
    olga.post("/api/v1/simulator/snapshots", &json!({ "name": "a" }))
        .expect(201);
    let csrf = ada.csrf();
    ada.post_fields("/logout", &[("csrf", &csrf)]).expect(303);
    olga.post("/api/v1/simulator/snapshots/a/restore", &json!({}))
        .expect(200);
    ada.get("/profile").expect(200).shows("Forgot your password?");
    // Deleted is deleted, and what is not there is not there.
    olga.delete("/api/v1/simulator/snapshots/a").expect(204);
    olga.delete("/api/v1/simulator/snapshots/a").expect(404);
    olga.post("/api/v1/simulator/snapshots/a/restore", &json!({}))
        .expect(404);
    assert_eq!(
        olga.get("/api/v1/simulator/snapshots").expect(200).json()["snapshots"],
        json!([])
    );
    assert_eq!(p.events_of("lab.snapshot-deleted").len(), 1);
}

#[test]
fn a_lab_is_emptied_and_filled_with_another_scenario() {
    let (cloud, on_prem) = both();
    let mut olga = client(&cloud);
    let mut page = cloud.sign_in(OLGA);
    let mut ada = cloud.sign_in("ada@xyz.example");
    olga.post(
        "/api/v1/simulator/clock",
        &json!({ "action": "advance", "by_seconds": 864_000 }),
    )
    .expect(200);
    page.get("/simulator/scenarios/empty/load")
        .expect(200)
        .shows("Replace everything");
    page.fill_and_submit("Replace everything", &[])
        .expect(200)
        .shows("The scenario empty was loaded.");
    ada.get("/profile").expect(200).shows("Forgot your password?");
    page.get("/operator").expect(200);
    assert_eq!(
        cloud.clock.now().since(cloud.clock.system_time()).num_minutes(),
        0
    );
    for p in [&cloud, &on_prem] {
        assert_eq!(simulator::check(&p.db).unwrap(), Vec::<String>::new());
    }
    assert!(cloud.events().len() < 10);
    // The empty scenario has no API client of the operator.
    let mut olga = cloud.api(OLGA);
    let listed = olga.get("/api/v1/simulator/scenarios").expect(200).json();
    assert_eq!(listed["loaded"], "empty");
    olga.post("/api/v1/simulator/scenarios", &json!({ "name": "no-such" }))
        .expect(422);
    let took = olga
        .post("/api/v1/simulator/scenarios", &json!({ "name": "demo" }))
        .expect(200)
        .json();
    println!("the demo was loaded in {} ms", took["took_ms"]);
    for p in [&cloud, &on_prem] {
        p.run_jobs();
        assert_eq!(simulator::check(&p.db).unwrap(), Vec::<String>::new());
    }
    assert!(cloud.events().len() > 100);
    client(&cloud).get("/api/v1/me").expect(200);
}

#[test]
fn requests_wait_while_the_lab_is_put_into_another_state_and_none_fails() {
    let p = Portal::start_as(|config| config.scenario = "demo".to_owned());
    scenario::fill_if_empty(&p.parts).unwrap();
    let mut olga = client(&p);
    olga.post("/api/v1/simulator/snapshots", &json!({ "name": "a" }))
        .expect(201);
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let asking: Vec<_> = (0..4)
        .map(|_| {
            let (mut page, stop) = (p.sign_in("ada@xyz.example"), stop.clone());
            std::thread::spawn(move || {
                let mut asked = 0;
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    page.get("/profile").expect(200);
                    asked += 1;
                }
                asked
            })
        })
        .collect();
    for _ in 0..5 {
        olga.post("/api/v1/simulator/snapshots/a/restore", &json!({}))
            .expect(200);
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    for one in asking {
        assert!(one.join().unwrap() > 0);
    }
}

#[test]
fn snapshots_by_command_and_by_page() {
    let p = Portal::start_as(|config| config.scenario = "demo".to_owned());
    scenario::fill_if_empty(&p.parts).unwrap();
    let lab = |words: &[&str]| {
        let arguments: Vec<&str> = ["lab", "--portal", &p.base]
            .into_iter()
            .chain(words.iter().copied())
            .collect();
        let done = program(&arguments, &std::env::temp_dir()).output().unwrap();
        let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
        (done.status.code().unwrap(), said)
    };
    assert!(lab(&["scenarios"]).1.contains("demo (loaded): The cast"));
    assert!(lab(&["snapshot"]).1.contains("No snapshot yet."));
    assert_eq!(lab(&["snapshot", "one"]).0, 0);
    assert_eq!(lab(&["snapshot", "one"]).0, 3);
    assert!(lab(&["snapshot"]).1.contains("one"));
    let (status, said) = lab(&["restore", "one"]);
    assert_eq!(status, 0, "{said}");
    assert!(said.contains("The snapshot one was restored. It took"), "{said}");
    assert_eq!(lab(&["restore", "two"]).0, 3);
    let (status, said) = lab(&["reset"]);
    assert_eq!(status, 0, "{said}");
    assert!(said.contains("The scenario demo was loaded."), "{said}");
    let mut page = p.sign_in(OLGA);
    page.get("/simulator/scenarios").expect(200).shows("one");
    page.fill_and_submit("Take a snapshot", &[("name", "Two Words")])
        .expect(422)
        .shows("Use small letters, digits and hyphens");
    page.fill_and_submit("Take a snapshot", &[("name", "two")])
        .expect(200)
        .shows("The snapshot two was taken.");
    page.get("/simulator/snapshots/two/restore").expect(200);
    page.fill_and_submit("Restore snapshot", &[])
        .expect(200)
        .shows("The snapshot two was restored.");
    page.get("/simulator/snapshots/two/delete").expect(200);
    page.fill_and_submit("Delete snapshot", &[])
        .expect(200)
        .shows("The snapshot two was deleted.");
    assert_eq!(lab(&["snapshot", "one", "--delete"]).0, 0);
    p.sign_in("ada@xyz.example")
        .get("/simulator/scenarios")
        .expect(403);
    assert!(p.db.snapshots_now().unwrap().is_empty());
    assert!(SnapshotName::parse("one").is_ok());
}
