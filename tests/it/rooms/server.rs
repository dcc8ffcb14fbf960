//! Admin Workspace of an On-Prem server: Settings, Security, API Toolkit, Event Log, Support Center.

use crate::support::{PASSWORD, Portal};
use chrono::TimeDelta;
use licentral::server;

const INES: &str = "ines@on-prem.example";
const OMAR: &str = "omar@on-prem.example";

#[test]
fn the_message_of_the_day_stands_on_the_sign_in_page() {
    let (p, _) = Portal::with_local_cast();
    let mut ines = p.sign_in(INES);
    ines.get("/admin/settings").expect(200);
    ines.fill_and_submit("Save", &[("message_of_the_day", &"x".repeat(1001))])
        .expect(422);
    ines.fill_and_submit(
        "Save",
        &[
            ("message_of_the_day", "Maintenance on <Sunday>."),
            ("hide_hostnames", "1"),
        ],
    )
    .expect(200)
    .shows("The settings were saved");
    p.browser()
        .get("/login")
        .expect(200)
        .shows("Maintenance on <Sunday>.");
    assert!(p.db.read_now(|r| server::hides_hostnames_by_default(r)).unwrap());
    let event = p.events_of("server.changed").pop().unwrap();
    assert!(event.detail.contains("Maintenance"), "{}", event.detail);
    // The same again is no change.
    ines.get("/admin/settings").expect(200);
    ines.fill_and_submit("Save", &[]).expect(200);
    assert_eq!(p.events_of("server.changed").len(), 1);
}

#[test]
fn a_test_email_is_really_sent() {
    let (p, _) = Portal::with_local_cast();
    let mut ines = p.sign_in(INES);
    ines.get("/admin/settings").expect(200);
    ines.fill_and_submit("Send test email", &[("to", "no address")])
        .expect(422);
    ines.fill_and_submit("Send test email", &[("to", "desk@on-prem.example")])
        .expect(200)
        .shows("on its way to desk@on-prem.example");
    let letter = p.mail().last_to("desk@on-prem.example");
    assert!(letter.subject.contains("Test email"), "{}", letter.subject);
    assert!(letter.text.contains("Ines Okoro"), "{}", letter.text);
}

#[test]
fn the_rules_of_sessions_and_locks_are_kept() {
    let (p, _) = Portal::with_local_cast();
    let mut ines = p.sign_in(INES);
    ines.get("/admin/security").expect(200);
    ines.fill_and_submit("Save", &[("shortest_length", "7"), ("tries", "many")])
        .expect(422)
        .shows("from 8 to 64")
        .shows("from 3 to 20");
    ines.fill_and_submit(
        "Save",
        &[
            ("shortest_length", "20"),
            ("tries", "3"),
            ("unlock_minutes", "2"),
            ("idle_minutes", "5"),
        ],
    )
    .expect(200)
    .shows("The rules were saved");
    // Three tries, then two minutes.
    let mut uma = p.browser();
    for status in [422, 422, 422, 429] {
        uma.open("/login").expect(200);
        uma.fill_and_send(
            "form[action='/login']",
            &[("email", "uma"), ("password", "wrong")],
        )
        .expect(status);
    }
    p.advance_wall(TimeDelta::seconds(121));
    uma.open("/login").expect(200);
    uma.fill_and_send(
        "form[action='/login']",
        &[("email", "uma"), ("password", PASSWORD)],
    )
    .expect(303);
    // Twenty characters.
    uma.get("/profile/password")
        .expect(200)
        .shows("20 to 128 characters");
    uma.fill_and_submit(
        "form.fields",
        &[
            ("current_password", PASSWORD),
            ("password", "teal cabin forty"),
            ("password_again", "teal cabin forty"),
        ],
    )
    .expect(422)
    .shows("at least 20 characters");
    // Five minutes without a request.
    p.advance_wall(TimeDelta::minutes(4));
    uma.open("/profile").expect(200);
    p.advance_wall(TimeDelta::minutes(6));
    uma.open("/profile").expect(303);
}

#[test]
fn the_api_is_switched_off_and_on_and_devices_go_on() {
    let (p, cast) = Portal::with_local_cast();
    let mut api = p.api("lara@on-prem.example");
    let path = format!("/api/v1/accounts/{}/licenses", cast.ours.number);
    api.get(&path).expect(200);
    let mut ines = p.sign_in(INES);
    ines.get("/admin/api").expect(200);
    ines.fill_and_submit("Switch the API off", &[])
        .expect(200)
        .shows("switched off");
    let answer = api.get(&path).expect(403).json();
    assert_eq!(answer["code"], "api-off");
    // Nobody gets a token either, and the device's own surface answers as before.
    let refused = p
        .api_without_token()
        .post("/api/v1/token", &serde_json::json!({}));
    assert_eq!(refused.status, 403);
    let device = p.browser().send("POST", "/device/v1/report", &[], None).clone();
    assert_ne!(device.status, 403);
    ines.get("/admin/api").expect(200);
    ines.fill_and_submit("Switch the API on", &[]).expect(200);
    api.get(&path).expect(200);
}

#[test]
fn everybodys_api_clients_are_listed_and_revoked() {
    let (p, cast) = Portal::with_local_cast();
    let mut api = p.api("lara@on-prem.example");
    let path = format!("/api/v1/accounts/{}/licenses", cast.ours.number);
    let mut ines = p.sign_in(INES);
    ines.get("/admin/api").expect(200).shows("Lara Nowak");
    ines.click("Revoke").expect(200);
    ines.fill_and_submit("Revoke API client", &[])
        .expect(200)
        .shows("is revoked");
    api.get(&path).expect(401);
    ines.open("/admin/api/clients/nothing/revoke").expect(404);
}

#[test]
fn the_log_of_the_server_has_what_belongs_to_no_account() {
    let (p, cast) = Portal::with_local_cast();
    let mut ines = p.sign_in(INES);
    ines.get("/admin/settings").expect(200);
    ines.fill_and_submit("Save", &[("message_of_the_day", "Hello.")])
        .expect(200);
    p.virtual_account(&cast.ours, "Of an account");
    let mut omar = p.sign_in(OMAR);
    let page = omar.get("/admin/activity").expect(200).clone();
    page.shows("Server settings changed").shows_not("Of an account");
    omar.click("Server settings changed").expect(200).shows("Hello.");
    let csv = omar
        .open("/admin/activity.csv?kind=server.changed")
        .expect(200)
        .body
        .clone();
    assert_eq!(csv.lines().count(), 2, "{csv}");
    omar.get("/admin/activity?q=nobody-at-all")
        .expect(200)
        .shows("No events");
    // An event of an account is not one of the server.
    let of_account = p.events_of("virtual-account.created").pop().unwrap();
    assert!(of_account.account.is_some());
    p.sign_in("uma@on-prem.example")
        .open("/admin/activity")
        .expect(403);
}

#[test]
fn the_support_center_says_how_the_server_stands() {
    let (p, _) = Portal::with_local_cast();
    p.run_jobs();
    let mut omar = p.sign_in(OMAR);
    omar.get("/admin/support")
        .expect(200)
        .shows("Schema version")
        .shows("On-Prem accounts")
        .shows("Deliver letters");
    let text = omar.open("/admin/support.txt").expect(200).clone();
    assert!(text.header("content-type").unwrap().starts_with("text/plain"));
    for words in [
        "Version: Licentral On-Prem",
        "Database: ",
        "Users: 8",
        "Last errors",
    ] {
        assert!(text.body.contains(words), "{words}: {}", text.body);
    }
    // Settings are not an operator's.
    for path in ["/admin/settings", "/admin/security", "/admin/api"] {
        omar.open(path).expect(403);
    }
    p.sign_in("uma@on-prem.example")
        .open("/admin/support")
        .expect(403);
}
