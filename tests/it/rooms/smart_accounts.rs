//! Smart Account properties: reading and editing.

use crate::support::{Account, Portal};

fn page(account: &Account) -> String {
    format!("/sa/{}/account", account.number)
}

#[test]
fn every_role_reads_the_properties_and_a_stranger_learns_nothing() {
    let (p, cast) = Portal::with_cast();
    for who in ["ada", "bob", "cy", "vera", "dan", "una"] {
        p.sign_in(&format!("{who}@xyz.example"))
            .get(&page(&cast.xyz))
            .expect(200)
            .shows("XYZ COMPANY")
            .shows("xyz.example")
            .shows("1 Sample Street, Springfield");
    }
    p.sign_in("sam@licensing.example")
        .get(&page(&cast.xyz))
        .expect(200);
    let mut eve = p.sign_in("eve@harborview.example");
    let foreign = eve.get(&page(&cast.xyz)).expect(404).text_of_main();
    let random = eve.get("/sa/999999/account").expect(404).text_of_main();
    let cut = |text: &str| text.split("Reference").next().unwrap().to_owned();
    assert_eq!(cut(&foreign), cut(&random), "another's account looks like none");
    eve.get("/sa/x/account").expect(404);
    p.browser().open(&page(&cast.xyz)).expect(303);
}

#[test]
fn who_may_not_edit_is_told_why_and_whom_to_ask() {
    let (p, cast) = Portal::with_cast();
    let mut vera = p.sign_in("vera@xyz.example");
    vera.get(&page(&cast.xyz)).shows(
        "Your role, Smart Account Viewer, cannot edit Smart Account properties. Administrators: Ada Lindqvist (ada@xyz.example).",
    );
    let edit = format!("{}/edit", page(&cast.xyz));
    vera.get(&edit).expect(403);
    let before = p.fingerprint();
    let csrf = p.csrf_of(&vera);
    vera.post_fields(
        &edit,
        &[
            ("csrf", &csrf),
            ("name", "Mine"),
            ("visibility", "restricted"),
            ("headquarters", ""),
            ("version", "1"),
        ],
    )
    .expect(403);
    drop(before);
    vera.get(&page(&cast.xyz)).shows("XYZ COMPANY");
    p.sign_in("eve@harborview.example").get(&edit).expect(404);
}

#[test]
fn an_edit_is_kept_recorded_and_shown() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&page(&cast.xyz));
    ada.click("Edit").expect(200);
    ada.fill_and_submit(
        "Save",
        &[
            ("name", "  XYZ   Holding "),
            ("visibility", "restricted"),
            ("headquarters", "2 New Street\r\nSpringfield"),
        ],
    )
    .expect(200)
    .shows("Smart Account properties were saved.")
    .shows("XYZ Holding")
    .shows("Restricted")
    .shows("2 New Street");
    let events = p.events_of("smart-account.changed");
    assert_eq!(events.len(), 1);
    assert!(events[0].actor.contains("ada@xyz.example"));
    let detail: serde_json::Value = serde_json::from_str(&events[0].detail).unwrap();
    assert_eq!(detail["before"]["name"], "XYZ COMPANY");
    assert_eq!(detail["after"]["visibility"], "restricted");
    // Saving the same again changes nothing and records nothing.
    ada.get(&format!("{}/edit", page(&cast.xyz)));
    ada.fill_and_submit("Save", &[]).expect(200);
    assert_eq!(p.events_of("smart-account.changed").len(), 1);
}

#[test]
fn bad_input_comes_back_with_the_reason_beside_the_field() {
    let (p, cast) = Portal::with_cast();
    let mut bob = p.sign_in("bob@xyz.example");
    bob.get(&format!("{}/edit", page(&cast.xyz))).expect(200);
    let long = "x".repeat(101);
    for (name, says) in [
        ("", "Enter the Smart Account Name."),
        ("a\u{202e}b", "cannot be shown"),
        (long.as_str(), "Use at most 100"),
    ] {
        let back = bob.fill_and_submit("Save", &[("name", name), ("headquarters", "kept")]);
        back.expect(422).shows(says).shows("kept");
    }
    let csrf = p.csrf_of(&bob);
    bob.post_fields(
        &format!("{}/edit", page(&cast.xyz)),
        &[
            ("csrf", &csrf),
            ("name", "Fine"),
            ("visibility", "secret"),
            ("headquarters", ""),
            ("version", "2"),
        ],
    )
    .expect(422)
    .shows("Choose who finds this Smart Account.");
    assert!(p.events_of("smart-account.changed").is_empty());
}

#[test]
fn two_who_edit_at_once_do_not_overwrite_each_other_unseen() {
    let (p, cast) = Portal::with_cast();
    let (mut ada, mut bob) = (p.sign_in("ada@xyz.example"), p.sign_in("bob@xyz.example"));
    let edit = format!("{}/edit", page(&cast.xyz));
    ada.get(&edit);
    bob.get(&edit);
    ada.fill_and_submit("Save", &[("name", "Of Ada")]).expect(200);
    bob.fill_and_submit("Save", &[("name", "Of Bob")])
        .expect(409)
        .shows("Somebody has changed these properties")
        .shows("Of Ada");
    assert_eq!(bob.page().attrs("input[name=name]", "value"), ["Of Bob"]);
    // Seen and sent again, it is meant.
    bob.fill_and_submit("Save", &[]).expect(200).shows("Of Bob");
    assert_eq!(p.events_of("smart-account.changed").len(), 2);
}

#[test]
fn the_api_says_the_same() {
    let (p, cast) = Portal::with_cast();
    let path = format!("/api/v1/accounts/{}", cast.xyz.number);
    let answer = p.api("vera@xyz.example").get(&path);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["domain"], "xyz.example");
    assert_eq!(answer.json()["state"], "active");
    assert_eq!(p.api("eve@harborview.example").get(&path).status, 404);
    assert_eq!(p.api_without_token().get(&path).status, 401);
}
