//! The event log: who sees what, filters, pages, and the file.

use crate::support::{Cast, Portal};
use chrono::TimeDelta;
use licentral::kernel::{Event, Kind, Who};

/// Writes so many lines into the record of XYZ COMPANY, a minute apart, every third in "Public Network Devices".
fn happen(p: &Portal, cast: &Cast, many: i64, message: &str) {
    let (start, ada) = (p.clock.now(), p.find_person("ada@xyz.example"));
    let who = Who {
        person: Some(ada.id),
        label: ada.label(),
        address: "192.0.2.7".to_owned(),
        request_id: "request-1".to_owned(),
    };
    p.db.housekeeping_now(|tx| {
        for n in 0..many {
            let mut event = Event::new(Kind::RoleGranted, format!("thing-{n}"), format!("{message} {n}"))
                .within(cast.xyz.id)
                .changed(
                    &serde_json::json!({ "role": "none" }),
                    &serde_json::json!({ "role": "account-viewer" }),
                );
            if n % 3 == 0 {
                event = event.in_virtual_account(cast.public);
            }
            tx.note(start.plus(TimeDelta::minutes(n - many)), &who, &event)?;
        }
        Ok(())
    })
    .unwrap();
}

fn log(cast: &Cast) -> String {
    format!("/sa/{}/activity", cast.xyz.number)
}

#[test]
fn a_role_in_one_virtual_account_sees_its_events_alone() {
    let (p, cast) = Portal::with_cast();
    happen(&p, &cast, 9, "line");
    // Two more: the cast's Virtual Accounts were recorded when they were made.
    p.sign_in("vera@xyz.example")
        .get(&log(&cast))
        .expect(200)
        .shows("11 events");
    let mut una = p.sign_in("una@xyz.example");
    una.get(&log(&cast))
        .expect(200)
        .shows("4 events")
        .shows("line 6")
        .shows_not("line 7");
    p.sign_in("dan@xyz.example")
        .get(&log(&cast))
        .shows("1 event")
        .shows_not("line 0");
    p.sign_in("eve@harborview.example").get(&log(&cast)).expect(404);
    // One event by its address follows the same rule.
    let mut ada = p.sign_in("ada@xyz.example");
    let page = ada.get(&log(&cast)).clone();
    let links = page.attrs("tbody th a", "href");
    let outside = &links[page
        .texts("tbody th")
        .iter()
        .position(|t| t.contains("line 7"))
        .unwrap()];
    let inside = &links[page
        .texts("tbody th")
        .iter()
        .position(|t| t.contains("line 6"))
        .unwrap()];
    ada.get(outside)
        .expect(200)
        .shows("192.0.2.7")
        .shows("account-viewer")
        .shows("What changed");
    una.get(outside).expect(404);
    una.get(inside).expect(200).shows_not("192.0.2.7");
    p.sign_in("eve@harborview.example").get(outside).expect(404);
    let moved = outside.replace(&cast.xyz.number.to_string(), &cast.harborview.number.to_string());
    p.sign_in("eve@harborview.example").get(&moved).expect(404);
    ada.get(&format!("{}/no-id", log(&cast))).expect(404);
}

#[test]
fn filters_narrow_and_totals_are_exact() {
    let (p, cast) = Portal::with_cast();
    happen(&p, &cast, 60, "line");
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&log(&cast)).shows("1–25 of 62");
    ada.get(&format!("{}?page=3", log(&cast))).shows("51–62 of 62");
    ada.get(&format!("{}?page=4000000000000", log(&cast)))
        .expect(200)
        .shows("51–62 of 62");
    ada.get(&format!("{}?kind=role.granted", log(&cast)))
        .shows("60 events");
    ada.get(&format!("{}?q=LINDQVIST", log(&cast))).shows("60 events");
    ada.get(&format!("{}?outcome=refused", log(&cast)))
        .shows("No events in this period");
    ada.get(&format!("{}?from=2999-01-01", log(&cast)))
        .shows("No events in this period");
    ada.get(&format!("{}?from=yesterday", log(&cast)))
        .expect(200)
        .shows("is not a choice here");
    let newest = ada.get(&log(&cast)).texts("tbody .said");
    let oldest = ada.get(&format!("{}?sort=time", log(&cast))).texts("tbody .said");
    assert_eq!(oldest[0], "line 0");
    assert!(!newest.contains(&"line 0".to_owned()));
    // Paging shows each line once.
    let mut seen = Vec::new();
    for page in 1..=3 {
        seen.extend(
            ada.get(&format!("{}?kind=role.granted&page={page}", log(&cast)))
                .attrs("tbody th a", "href"),
        );
    }
    let many = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!((many, seen.len()), (60, 60));
}

#[test]
fn a_refused_attempt_is_in_the_log() {
    let (p, cast) = Portal::with_cast();
    p.sign_in("vera@xyz.example")
        .get(&format!("/sa/{}/account/edit", cast.xyz.number))
        .expect(403);
    p.sign_in("ada@xyz.example")
        .get(&format!("{}?outcome=refused", log(&cast)))
        .shows("1 event")
        .shows("Vera Moreau tried to edit Smart Account properties and may not.");
}

#[test]
fn the_file_is_recorded_whole_and_runs_no_formula() {
    let (p, cast) = Portal::with_cast();
    happen(&p, &cast, 2500, "@SUM(1)");
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&format!("{}?kind=role.granted", log(&cast)));
    let file = ada.fill_and_send("Export CSV", &[]).expect(200).clone();
    assert!(
        file.header("content-disposition")
            .unwrap()
            .contains("event-log_xyz.example_")
    );
    assert_eq!(file.body.lines().count(), 2501);
    assert!(file.body.contains(",'@SUM(1) 2499,"));
    let mut ids: Vec<&str> = file
        .body
        .lines()
        .skip(1)
        .filter_map(|line| line.rsplit(',').next())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 2500, "each line once");
    let recorded = p.events_of("export");
    assert_eq!(recorded.len(), 1);
    assert!(
        recorded[0].message.contains("2,500 lines"),
        "{}",
        recorded[0].message
    );
    assert!(recorded[0].detail.contains("role.granted"));
    // Within reach, too.
    let mut una = p.sign_in("una@xyz.example");
    una.get(&log(&cast));
    let file = una.fill_and_send("Export CSV", &[]).expect(200).body.clone();
    assert_eq!(
        file.lines().count(),
        836,
        "834 lines, the making of the Virtual Account, the head"
    );
    // Reading exports nothing and records nothing.
    ada.get(&format!("{}/export", log(&cast))).expect(405);
    assert_eq!(p.events_of("export").len(), 2);
}

#[test]
fn the_api_has_the_same_filters_and_reach() {
    let (p, cast) = Portal::with_cast();
    happen(&p, &cast, 12, "line");
    let path = format!("/api/v1/accounts/{}/events", cast.xyz.number);
    let answer = p
        .api("vera@xyz.example")
        .get(&format!("{path}?kind=role.granted&per=10&page=2"))
        .json();
    assert_eq!(
        (answer["total"].as_u64(), answer["page"].as_u64()),
        (Some(12), Some(2))
    );
    assert_eq!(answer["items"].as_array().unwrap().len(), 2);
    assert_eq!(answer["items"][1]["detail"]["after"]["role"], "account-viewer");
    assert_eq!(p.api("una@xyz.example").get(&path).json()["total"], 5);
    assert_eq!(p.api("eve@harborview.example").get(&path).status, 404);
}
