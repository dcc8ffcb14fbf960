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
        &[("name", "  XYZ   Holding "), ("visibility", "restricted")],
    )
    .expect(200)
    .shows("Smart Account properties were saved.")
    .shows("XYZ Holding")
    .shows("Restricted");
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
        let back = bob.fill_and_submit("Save", &[("name", name), ("visibility", "restricted")]);
        back.expect(422).shows(says);
        assert_eq!(
            bob.page().attrs("input[name=visibility][checked]", "value"),
            ["restricted"]
        );
    }
    let csrf = p.csrf_of(&bob);
    bob.post_fields(
        &format!("{}/edit", page(&cast.xyz)),
        &[
            ("csrf", &csrf),
            ("name", "Fine"),
            ("visibility", "secret"),
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

fn domain(account: &Account) -> String {
    format!("{}/domain", page(account))
}

/// The change that waits for Drew.
fn waiting(drew: &mut crate::support::Browser) -> String {
    drew.get("/domain-changes?status=pending")
        .expect(200)
        .attrs("tbody th a", "href")[0]
        .clone()
}

#[test]
fn a_domain_that_speaks_for_itself_is_changed_at_once() {
    let (p, cast) = Portal::with_cast();
    // Pat's company has another domain in use; the address of who asks is what counts.
    p.person("kim@newname.example", "Kim Alder");
    p.role(
        "kim@newname.example",
        &cast.xyz,
        None,
        licentral::authz::Role::AccountAdmin,
    );
    let mut kim = p.sign_in("kim@newname.example");
    kim.get(&domain(&cast.xyz)).expect(200);
    kim.fill_and_submit("Change domain", &[("domain", "NewName.example")])
        .expect(200)
        .shows("The Account Domain Identifier is newname.example now.");
    // The other administrator reads of it, who did it does not.
    let letters = p.mail().all();
    let told = letters
        .iter()
        .find(|l| l.to_address == "ada@xyz.example" && l.subject.contains("newname.example"))
        .expect("a letter to the other administrator");
    // The Approver, whose address is not in the new domain, keeps the role; the letter says so.
    assert!(
        told.text
            .contains("outside newname.example: Bob Tanaka (bob@xyz.example)"),
        "{}",
        told.text
    );
    kim.get(&format!(
        "/sa/{}/account/users?role=account-approver",
        cast.xyz.number
    ))
    .shows("bob@xyz.example");
    assert!(letters.iter().all(|l| l.to_address != "kim@newname.example"));
    let events = p.events_of("smart-account.changed");
    assert!(events[0].detail.contains("newname.example") && events[0].detail.contains("xyz.example"));
    kim.get(&domain(&cast.xyz));
    for (typed, says) in [
        ("newname.example", "already"),
        ("bramwell.example", "belongs to a Smart Account already"),
        ("com", "Enter a domain"),
        ("co.uk", "public suffix"),
        ("", "Enter the Account Domain Identifier."),
    ] {
        let back = kim.fill_and_submit("Change domain", &[("domain", typed)]).clone();
        assert!(matches!(back.status, 409 | 422), "{typed}: {}", back.status);
        back.shows(says);
    }
}

#[test]
fn a_domain_approver_decides_where_the_rule_for_requests_asks_for_one() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&domain(&cast.xyz));
    ada.fill_and_submit(
        "Change domain",
        &[("domain", "xyz-group.example"), ("note", "We were bought.")],
    )
    .expect(200)
    .shows("A Domain approver was asked")
    .shows("Pending domain approval")
    .shows("xyz.example");
    ada.get(&domain(&cast.xyz));
    ada.fill_and_submit("Change domain", &[("domain", "other.example")])
        .expect(409)
        .shows("waits for a Domain approver");
    let letter = p.mail().last_to("drew@licensing.example");
    assert!(letter.text.contains("We were bought.") && letter.text.contains("/domain-changes/"));
    let mut drew = p.sign_in("drew@licensing.example");
    let one = waiting(&mut drew);
    drew.get(&one)
        .expect(200)
        .shows("xyz-group.example instead of xyz.example")
        .shows("We were bought.");
    p.sign_in("eve@harborview.example").get(&one).expect(403);
    p.sign_in("ada@xyz.example").get("/domain-changes").expect(403);
    drew.fill_and_submit("Approve domain", &[])
        .expect(200)
        .shows("was changed");
    // Decided is decided.
    let csrf = p.csrf_of(&drew);
    drew.post_fields(&format!("{one}/deny"), &[("csrf", &csrf), ("reason", "No.")])
        .expect(409)
        .shows("approved this change");
    drew.post_fields(&format!("{one}/approve"), &[("csrf", &csrf)])
        .expect(409);
    ada.get(&page(&cast.xyz))
        .shows("xyz-group.example")
        .shows_not("Pending domain approval");
    assert!(
        p.mail()
            .last_to("ada@xyz.example")
            .subject
            .contains("was approved")
    );
    assert_eq!(p.events_of("domain-change.requested").len(), 1);
    assert_eq!(p.events_of("domain-change.approved").len(), 1);
}

#[test]
fn a_domain_is_denied_with_a_reason_or_withdrawn_and_the_old_one_stays() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&domain(&cast.xyz));
    ada.fill_and_submit("Change domain", &[("domain", "xyz-group.example")])
        .expect(200);
    let mut drew = p.sign_in("drew@licensing.example");
    let one = waiting(&mut drew);
    drew.get(&format!("{one}/deny")).expect(200);
    drew.fill_and_submit("Deny", &[("reason", " ")])
        .expect(422)
        .shows("Enter the Deny reason.");
    drew.fill_and_submit("Deny", &[("reason", "That is another company.")])
        .expect(200)
        .shows("denied this change")
        .shows("That is another company.");
    assert!(
        p.mail()
            .last_to("ada@xyz.example")
            .text
            .contains("That is another company.")
    );
    ada.get(&domain(&cast.xyz));
    ada.fill_and_submit("Change domain", &[("domain", "xyz-holding.example")])
        .expect(200);
    ada.get(&format!("{}/withdraw", domain(&cast.xyz)));
    ada.fill_and_submit("Withdraw domain change", &[])
        .expect(200)
        .shows("was withdrawn")
        .shows_not("Pending domain approval");
    ada.get(&format!("{}/withdraw", domain(&cast.xyz)));
    ada.fill_and_submit("Withdraw domain change", &[]).expect(409);
    drew.get("/domain-changes?status=withdrawn")
        .shows("xyz-holding.example");
    drew.get("/domain-changes.csv?status=withdrawn")
        .expect(200)
        .shows("xyz-holding.example");
    drew.get("/domain-changes.csv?status=lost").expect(400);
    assert_eq!(
        p.api("ada@xyz.example")
            .get(&format!("/api/v1/accounts/{}", cast.xyz.number))
            .json()["domain"],
        "xyz.example"
    );
}

#[test]
fn nobody_approves_the_domain_that_they_asked_for() {
    let (p, cast) = Portal::with_cast();
    p.role(
        "drew@licensing.example",
        &cast.xyz,
        None,
        licentral::authz::Role::AccountAdmin,
    );
    let mut drew = p.sign_in("drew@licensing.example");
    drew.get(&domain(&cast.xyz));
    drew.fill_and_submit("Change domain", &[("domain", "mine.example")])
        .expect(200);
    let one = waiting(&mut drew);
    drew.get(&one).shows("You asked for this yourself");
    let csrf = p.csrf_of(&drew);
    drew.post_fields(&format!("{one}/approve"), &[("csrf", &csrf)])
        .expect(409);
    drew.open(&format!("{one}/deny")).expect(303);
}

#[test]
fn the_headquarters_move_to_a_new_address_and_back() {
    let (p, cast) = Portal::with_cast();
    let mut bob = p.sign_in("bob@xyz.example");
    let hq = format!("{}/headquarters", page(&cast.xyz));
    bob.get(&hq).expect(200).shows("The present headquarters");
    bob.click("add a HQ Address").expect(200);
    bob.fill_and_submit(
        "Add HQ Address",
        &[("street", ""), ("city", "Oslo"), ("country", "")],
    )
    .expect(422)
    .shows("Enter the Street address.")
    .shows("Enter the Country.");
    bob.fill_and_submit(
        "Add HQ Address",
        &[
            ("street", "2 New Street"),
            ("city", "Oslo"),
            ("postal", "0150"),
            ("country", "Norway"),
        ],
    )
    .expect(200)
    .shows("2 New Street")
    .shows("Oslo, 0150");
    // The one from before stays on offer.
    bob.get(&hq).shows("1 Sample Street, Springfield");
    let other = bob.page().attrs("input[name=address]:not([checked])", "value");
    bob.fill_and_submit("Save", &[("address", &other[0])])
        .expect(200)
        .shows("1 Sample Street, Springfield");
    assert_eq!(p.events_of("smart-account.changed").len(), 2);
    bob.get(&hq);
    bob.fill_and_submit("Save", &[]).expect(200);
    assert_eq!(p.events_of("smart-account.changed").len(), 2, "nothing was moved");
    let csrf = p.csrf_of(&bob);
    bob.post_fields(&hq, &[("csrf", &csrf), ("address", "nonsense")])
        .expect(422);
    // An address of another account is none of ours.
    let mut eve = p.sign_in("eve@harborview.example");
    let theirs = format!("/sa/{}/account/headquarters", cast.harborview.number);
    let csrf = p.csrf_of(&eve);
    eve.post_fields(&theirs, &[("csrf", &csrf), ("address", &other[0])])
        .expect(422);
    p.sign_in("vera@xyz.example").get(&hq).expect(403);
}

#[test]
fn an_inactive_account_is_read_and_not_changed_until_an_administrator_reactivates_it() {
    let (p, cast) = Portal::with_cast();
    let sa = page(&cast.xyz);
    let mut ada = p.sign_in("ada@xyz.example");
    let mut api = p.api("ada@xyz.example");
    ada.get(&format!("{sa}/deactivate"))
        .expect(200)
        .shows("API clients can read");
    ada.fill_and_submit(
        "Deactivate Smart Account",
        &[("reason", ""), ("confirm", "XYZ COMPANY")],
    )
    .expect(422)
    .shows("Enter the Reason.");
    ada.fill_and_submit(
        "Deactivate Smart Account",
        &[("reason", "Sold."), ("confirm", "XYZ")],
    )
    .expect(422)
    .shows("Type XYZ COMPANY to confirm.");
    ada.fill_and_submit(
        "Deactivate Smart Account",
        &[("reason", "Sold."), ("confirm", "xyz company")],
    )
    .expect(200)
    .shows("This Smart Account is Inactive");
    assert!(p.mail().last_to("ada@xyz.example").text.contains("Sold."));
    let detail = &p.events_of("smart-account.deactivated")[0].detail;
    assert!(detail.contains("active") && detail.contains("inactive") && detail.contains("Sold."));

    // Read by everybody who has a role, and by scripts.
    for who in ["ada", "bob", "cy", "vera", "dan", "una"] {
        let mut reader = p.sign_in(&format!("{who}@xyz.example"));
        for path in [
            "/account",
            "/account/virtual-accounts",
            "/account/users",
            "/activity",
        ] {
            reader
                .get(&format!("/sa/{}{path}", cast.xyz.number))
                .expect(200)
                .shows("This Smart Account is Inactive");
        }
    }
    let base = format!("/api/v1/accounts/{}", cast.xyz.number);
    assert_eq!(api.get(&base).json()["state"], "inactive");
    assert_eq!(api.get(&format!("{base}/virtual-accounts")).status, 200);

    // Changed by nobody: whoever might is told why, whoever may not is told that.
    let mut others = [
        "sam@licensing.example",
        "vera@xyz.example",
        "eve@harborview.example",
    ]
    .map(|email| p.sign_in(email));
    let before = p.fingerprint();
    let body = serde_json::json!({ "name": "Lab" });
    let refused = api.post(&format!("{base}/virtual-accounts"), &body);
    assert_eq!(
        (refused.status, &refused.json()["code"]),
        (409, &"smart-account.inactive".into())
    );
    let csrf = p.csrf_of(&ada);
    for form in ["edit", "domain", "headquarters", "virtual-accounts/new"] {
        ada.get(&format!("{sa}/{form}")).expect(409).shows("Inactive");
        ada.post_fields(&format!("{sa}/{form}"), &[("csrf", &csrf)])
            .expect(409);
    }
    for (other, status) in others.iter_mut().zip([409, 403, 404]) {
        other.get(&format!("{sa}/edit")).expect(status);
    }
    before.assert_same(&p.fingerprint(), "writes in an Inactive account");
    ada.get(&format!("{sa}/virtual-accounts"))
        .shows("nothing in it can be changed until a Smart Account Administrator reactivates it");

    // Twice is once.
    ada.get(&format!("{sa}/deactivate")).expect(409);
    ada.post_fields(
        &format!("{sa}/deactivate"),
        &[("csrf", &csrf), ("reason", "Again."), ("confirm", "XYZ COMPANY")],
    )
    .expect(409);
    p.sign_in("bob@xyz.example")
        .get(&format!("{sa}/reactivate"))
        .expect(403);
    ada.get(&format!("{sa}/reactivate")).expect(200);
    ada.fill_and_submit(
        "Reactivate Smart Account",
        &[("reason", "Bought back."), ("confirm", "XYZ COMPANY")],
    )
    .expect(200)
    .shows("is Active again")
    .shows_not("This Smart Account is Inactive");
    assert_eq!(api.post(&format!("{base}/virtual-accounts"), &body).status, 201);
    assert_eq!(p.events_of("smart-account.reactivated").len(), 1);
}

#[test]
fn who_may_not_deactivate_is_told_why() {
    let (p, cast) = Portal::with_cast();
    let mut bob = p.sign_in("bob@xyz.example");
    bob.get(&page(&cast.xyz)).shows(
        "Your role, Smart Account Approver, cannot deactivate or reactivate this Smart Account. Administrators: Ada Lindqvist (ada@xyz.example).",
    );
    bob.get(&format!("{}/deactivate", page(&cast.xyz))).expect(403);
    p.sign_in("eve@harborview.example")
        .get(&format!("{}/deactivate", page(&cast.xyz)))
        .expect(404);
    // The password again, when it was given long ago.
    let mut ada = p.sign_in("ada@xyz.example");
    p.clock.advance_wall(chrono::TimeDelta::minutes(20));
    assert!(
        ada.open(&format!("{}/deactivate", page(&cast.xyz)))
            .expect(303)
            .location()
            .unwrap()
            .starts_with("/confirm-password")
    );
}

#[test]
fn a_domain_approver_changes_nothing_in_an_inactive_account() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&domain(&cast.xyz));
    ada.fill_and_submit("Change domain", &[("domain", "xyz-group.example")])
        .expect(200);
    let mut api = p.api("ada@xyz.example");
    let base = format!("/api/v1/accounts/{}", cast.xyz.number);
    let reason = serde_json::json!({ "reason": "Sold." });
    assert_eq!(
        api.post(&format!("{base}/deactivate"), &reason).json()["state"],
        "inactive"
    );
    let mut drew = p.api("drew@licensing.example");
    let list = drew.get("/api/v1/domain-changes?status=pending").json();
    assert_eq!(list["total"], 1);
    let one = format!(
        "/api/v1/domain-changes/{}",
        list["items"][0]["id"].as_str().unwrap()
    );
    let refused = drew.post(&format!("{one}/approve"), &serde_json::json!({}));
    assert_eq!(
        (refused.status, &refused.json()["code"]),
        (409, &"smart-account.inactive".into())
    );
    assert_eq!(api.post(&format!("{base}/reactivate"), &reason).status, 200);
    assert_eq!(
        drew.post(&format!("{one}/approve"), &serde_json::json!({}))
            .json()["state"],
        "approved"
    );
    assert_eq!(api.get(&base).json()["domain"], "xyz-group.example");
}

#[test]
fn the_api_edits_what_the_page_edits() {
    let (p, cast) = Portal::with_cast();
    let mut bob = p.api("bob@xyz.example");
    let base = format!("/api/v1/accounts/{}", cast.xyz.number);
    let version = bob.get(&base).json()["version"].clone();
    let body =
        |name: &str| serde_json::json!({ "name": name, "visibility": "restricted", "version": version });
    let saved = bob.put(&base, &body("XYZ Group")).json();
    assert_eq!(
        (&saved["name"], &saved["headquarters"]),
        (&"XYZ Group".into(), &"1 Sample Street, Springfield".into())
    );
    assert_eq!(bob.put(&base, &body("XYZ Other")).json()["code"], "stale");
    assert_eq!(bob.put(&base, &body("")).status, 422);
    assert_eq!(p.api("vera@xyz.example").put(&base, &body("Mine")).status, 403);
    assert_eq!(
        p.api("eve@harborview.example").put(&base, &body("Mine")).status,
        404
    );
    let asked = bob
        .post(
            &format!("{base}/domain"),
            &serde_json::json!({ "domain": "far.example" }),
        )
        .json();
    assert_eq!(
        (&asked["waits_for_approval"], &asked["reasons"][0]),
        (&true.into(), &"requester-differs".into())
    );
    assert_eq!(
        bob.post(&format!("{base}/domain/withdraw"), &serde_json::json!({}))
            .status,
        200
    );
    assert_eq!(
        bob.post(
            &format!("{base}/deactivate"),
            &serde_json::json!({ "reason": "x" })
        )
        .status,
        403
    );
}
