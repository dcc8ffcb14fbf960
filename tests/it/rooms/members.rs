//! Who holds which role where.

use crate::support::{Browser, Portal};
use licentral::authz::Role;

#[test]
fn a_role_over_the_account_sees_everybody_and_a_role_in_one_its_own_people() {
    let (p, cast) = Portal::with_cast();
    let list = format!("/sa/{}/account/users", cast.xyz.number);
    let mut bob = p.sign_in("bob@xyz.example");
    bob.get(&list)
        .expect(200)
        .shows("6 users")
        .shows("Virtual Account Administrator in Corporate Network Devices");
    p.role(
        "una@xyz.example",
        &cast.xyz,
        Some(cast.corporate),
        Role::VirtualViewer,
    );
    p.sign_in("dan@xyz.example")
        .get(&list)
        .expect(200)
        .shows("2 users")
        .shows("Una Haddad")
        // Her other role lies beyond his reach.
        .shows_not("Public Network Devices")
        .shows_not("Ada Lindqvist");
    p.sign_in("eve@harborview.example").get(&list).expect(404);
    p.sign_in("noa@newcomer.example").get(&list).expect(404);
    p.sign_in("sam@licensing.example")
        .get(&list)
        .expect(200)
        .shows("6 users");
}

#[test]
fn the_list_is_searched_and_filtered() {
    let (p, cast) = Portal::with_cast();
    let list = format!("/sa/{}/account/users", cast.xyz.number);
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&format!("{list}?q=PETROV")).shows("1 user");
    ada.get(&format!("{list}?q=xyz.example")).shows("6 users");
    ada.get(&format!("{list}?role=account-viewer&role=virtual-user"))
        .shows("2 users");
    ada.get(&format!("{list}?q=nobody")).shows("No users match");
    let names = ada.get(&format!("{list}?sort=-name")).texts("tbody th a");
    assert_eq!((names[0].as_str(), names.len()), ("Vera Moreau", 6));
}

#[test]
fn a_person_is_found_where_they_hold_a_role_and_nowhere_else() {
    let (p, cast) = Portal::with_cast();
    let of = |email: &str| {
        format!(
            "/sa/{}/account/users/{}",
            cast.xyz.number,
            p.find_person(email).id
        )
    };
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&of("dan@xyz.example"))
        .expect(200)
        .shows("Virtual Account Administrator")
        .shows("Corporate Network Devices");
    ada.get(&of("eve@harborview.example")).expect(404);
    ada.get(&format!("/sa/{}/account/users/nobody", cast.xyz.number))
        .expect(404);
    p.sign_in("una@xyz.example")
        .get(&of("ada@xyz.example"))
        .expect(404);
    p.sign_in("eve@harborview.example")
        .get(&of("ada@xyz.example"))
        .expect(404);
}

#[test]
fn the_file_has_one_line_for_each_role_and_runs_no_formula() {
    let (p, cast) = Portal::with_cast();
    p.person("mallory@xyz.example", "+cmd|' /C calc'!A0");
    p.role("mallory@xyz.example", &cast.xyz, None, Role::AccountViewer);
    p.role(
        "mallory@xyz.example",
        &cast.xyz,
        Some(cast.public),
        Role::VirtualUser,
    );
    let mut ada = p.sign_in("ada@xyz.example");
    let file = ada
        .get(&format!("/sa/{}/account/users.csv?q=mallory", cast.xyz.number))
        .expect(200)
        .body
        .clone();
    assert_eq!(file.lines().count(), 3, "{file}");
    assert!(
        file.lines().skip(1).all(|line| line.starts_with("'+cmd")),
        "{file}"
    );
}

#[test]
fn the_api_has_the_same_reach() {
    let (p, cast) = Portal::with_cast();
    let path = format!("/api/v1/accounts/{}/users", cast.xyz.number);
    assert_eq!(p.api("vera@xyz.example").get(&path).json()["total"], 6);
    let una = p.api("una@xyz.example").get(&path).json();
    assert_eq!(una["total"], 1);
    assert_eq!(una["items"][0]["roles"][0]["role"], "virtual-user");
    assert_eq!(p.api("eve@harborview.example").get(&path).status, 404);
}

// Adding ----------------------------------------------------------------------------------------------------

fn users(cast: &crate::support::Cast) -> String {
    format!("/sa/{}/account/users", cast.xyz.number)
}

/// Fills "Add User" and stops at the report.
fn list(browser: &mut Browser, users: &str, emails: &str, fields: &[(&str, &str)]) {
    browser.get(&format!("{users}/add")).expect(200);
    let mut all = vec![("emails", emails)];
    all.extend_from_slice(fields);
    browser.fill_and_submit("Next", &all);
}

const WHOLE: &[(&str, &str)] = &[("scope", "account"), ("role", "account-user")];

#[test]
fn people_are_added_after_a_report_and_those_without_an_account_are_invited() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.sign_in("ada@xyz.example");
    let before = p.fingerprint();
    list(
        &mut ada,
        &users(&cast),
        "noa@newcomer.example, NOA@newcomer.example\nNew.Person@xyz.example\nvera@xyz.example",
        WHOLE,
    );
    ada.page()
        .expect(200)
        .shows("Smart Account User, Entire Smart Account")
        .shows("Will be invited")
        .shows("The same person as in line 1")
        .shows("Holds the role Smart Account Viewer, which is replaced.");
    // Nothing but the list itself has been written.
    assert_eq!(before.count("people"), p.fingerprint().count("people"));
    assert_eq!(before.count("grants"), p.fingerprint().count("grants"));
    let review = ada.page().path.clone();
    ada.fill_and_submit("Add 3 users", &[])
        .expect(200)
        .shows("2 users were added, 1 person was invited")
        .shows("8 users")
        .shows("New.Person@xyz.example");
    p.run_jobs();
    assert!(
        p.mail()
            .last_to("noa@newcomer.example")
            .text
            .contains("Smart Account User")
    );
    let letter = p.mail().last_to("New.Person@xyz.example");
    // The list is done with; coming back adds nobody twice.
    ada.get(&review).shows("were added already");
    assert_eq!(p.events_of("role.granted").len(), 3);
    assert_eq!(p.events_of("users.added").len(), 1);
    // The roles of an invited person count once they accept.
    let mut new = p.browser();
    new.get(&crate::support::link_in(&letter)).expect(200);
    new.fill_and_submit(
        "form",
        &[
            ("name", "Nia Person"),
            ("password", "teal cabin forty orbit"),
            ("password_again", "teal cabin forty orbit"),
        ],
    );
    new.get(&users(&cast))
        .expect(200)
        .shows("Nia Person")
        .shows("8 users");
}

#[test]
fn wrong_lines_are_mended_or_left_out_and_nothing_is_written_until_then() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.sign_in("ada@xyz.example");
    list(
        &mut ada,
        &users(&cast),
        "good@xyz.example\nbroken\nad\u{430}@xyz.example\nworse",
        WHOLE,
    );
    ada.page()
        .expect(200)
        .shows("3 lines are wrong")
        .shows("it only looks like one");
    let review = ada.page().path.clone();
    let before = p.fingerprint().count("grants");
    // Not even by somebody who sends the last form by hand.
    let csrf = ada.csrf();
    ada.post_fields(&format!("{review}/confirm"), &[("csrf", &csrf)])
        .expect(409)
        .shows("3 lines are wrong");
    assert_eq!(p.fingerprint().count("grants"), before);
    // One is mended, one left out, one still wrong.
    let version = ada.page().attrs("form.mend input[name=version]", "value")[0].clone();
    ada.post_fields(
        &review,
        &[
            ("csrf", &csrf),
            ("version", &version),
            ("number", "2"),
            ("typed", "mended@xyz.example"),
            ("number", "3"),
            ("typed", "ad\u{430}@xyz.example"),
            ("leave", "3"),
            ("number", "4"),
            ("typed", "worse"),
        ],
    );
    ada.follow()
        .expect(200)
        .shows("1 line is wrong")
        .shows("mended@xyz.example");
    // It keeps its number when another is gone.
    assert_eq!(ada.page().attrs("form.mend input[name=number]", "value"), ["4"]);
    // Mended in two windows at once, the second is told so.
    ada.post_fields(&review, &[("csrf", &csrf), ("version", &version), ("all", "1")])
        .expect(409);
    ada.get(&review);
    ada.fill_and_submit("Leave out the wrong line", &[]).expect(200);
    ada.fill_and_submit("Add 2 users", &[]).shows("8 users");
}

#[test]
fn a_file_of_five_thousand_lines_of_which_37_are_wrong() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.sign_in("ada@xyz.example");
    let mut file = String::from("Name,Email\r\n");
    for n in 1..=5000 {
        let address = if n % 135 == 0 {
            format!("person {n} at xyz.example")
        } else {
            format!("person{n}@xyz.example")
        };
        file.push_str(&format!("\"Person, {n}\",{address}\r\n"));
    }
    let (csrf, boundary) = (ada.csrf(), "----file");
    let mut body = String::new();
    for (name, value) in [
        ("csrf", csrf.as_str()),
        ("emails", ""),
        ("scope", "account"),
        ("role", "account-viewer"),
    ] {
        body.push_str(&format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        ));
    }
    body.push_str(&format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"people.csv\"\r\nContent-Type: text/csv\r\n\r\n{file}\r\n--{boundary}--\r\n"
    ));
    let base = ada.base().to_owned();
    ada.send(
        "POST",
        &format!("{}/add", users(&cast)),
        &[
            ("sec-fetch-site", "same-origin"),
            ("origin", &base),
            (
                "content-type",
                &format!("multipart/form-data; boundary={boundary}"),
            ),
        ],
        Some(body.as_bytes()),
    )
    .expect(303);
    ada.follow()
        .expect(200)
        .shows("37 lines are wrong")
        .shows("1\u{2013}25 of 5,000");
    // Numbered as in the file, whose first line is the heading.
    assert_eq!(
        ada.page().attrs("form.mend input[name=number]", "value")[..2],
        ["136", "271"]
    );
    assert_eq!(p.fingerprint().count("people"), 12);
    ada.fill_and_submit("Leave out all wrong lines", &[])
        .expect(200)
        .shows("4,963");
    ada.fill_and_submit("Add 4,963 users", &[])
        .expect(200)
        .shows("4,963 people were invited")
        .shows_not("users were added")
        .shows("4,969 users");
    assert_eq!(p.events_of("role.granted").len(), 4963);
    // The list stays quick and whole.
    ada.get(&format!(
        "{}?q=person4999&status=invited&sort=-since",
        users(&cast)
    ))
    .expect(200)
    .shows("1 user");
    // More than is taken at once is refused, and says so.
    let many = "a@xyz.example,".repeat(10_001);
    list(&mut ada, &users(&cast), &many, WHOLE);
    ada.page().expect(422).shows("10,000");
}

#[test]
fn who_may_not_add_is_told_why_and_strangers_find_nothing() {
    let (p, cast) = Portal::with_cast();
    let users = users(&cast);
    for email in [
        "bob@xyz.example",
        "cy@xyz.example",
        "vera@xyz.example",
        "una@xyz.example",
    ] {
        let mut reader = p.sign_in(email);
        reader.get(&users).expect(200).shows("cannot manage users");
        reader.get(&format!("{users}/add")).expect(403);
    }
    for email in ["eve@harborview.example", "noa@newcomer.example"] {
        p.sign_in(email).get(&format!("{users}/add")).expect(404);
    }
}

#[test]
fn a_virtual_account_administrator_gives_roles_in_their_own_and_nowhere_else() {
    let (p, cast) = Portal::with_cast();
    let mut dan = p.sign_in("dan@xyz.example");
    let (corporate, public) = (cast.corporate.to_string(), cast.public.to_string());
    dan.get(&format!("{}/add", users(&cast)))
        .expect(200)
        .shows("Corporate Network Devices")
        .shows_not("Public Network Devices");
    list(
        &mut dan,
        &users(&cast),
        "noa@newcomer.example",
        &[
            ("scope", "virtual-accounts"),
            ("role", "virtual-user"),
            ("virtual_account", &corporate),
        ],
    );
    dan.fill_and_submit("Add 1 user", &[])
        .expect(200)
        .shows("2 users");
    let csrf = dan.csrf();
    let add = format!("{}/add", users(&cast));
    for (scope, role, place) in [
        ("account", "account-viewer", ""),
        ("account", "account-admin", ""),
        ("virtual-accounts", "virtual-viewer", public.as_str()),
        ("virtual-accounts", "account-user", corporate.as_str()),
    ] {
        let mut fields = vec![
            ("csrf", csrf.as_str()),
            ("emails", "x@xyz.example"),
            ("scope", scope),
            ("role", role),
        ];
        if !place.is_empty() {
            fields.push(("virtual_account", place));
        }
        dan.post_fields(&add, &fields).expect(422);
    }
    // Neither does the API.
    let mut api = p.api("dan@xyz.example");
    let path = format!("/api/v1/accounts/{}/users", cast.xyz.number);
    let body = serde_json::json!({ "emails": ["x@xyz.example"], "role": "account-viewer" });
    assert_eq!(api.post(&path, &body).json()["code"], "members.beyond-your-role");
    let body = serde_json::json!({ "emails": ["x@xyz.example"], "role": "virtual-viewer", "virtual_accounts": [public] });
    assert_eq!(api.post(&path, &body).json()["code"], "members.beyond-your-role");
    // Of a colleague with a wider role, he takes what they hold in his Virtual Account and nothing else.
    p.role(
        "cy@xyz.example",
        &cast.xyz,
        Some(cast.corporate),
        Role::VirtualViewer,
    );
    let cy = p.find_person("cy@xyz.example").id;
    assert_eq!(api.delete(&format!("{path}/{cy}")).status, 204);
    let left = p.api("ada@xyz.example").get(&format!("{path}/{cy}")).json();
    assert_eq!(left["roles"].as_array().unwrap().len(), 1);
    assert_eq!(left["roles"][0]["role"], "account-user");
    let ada = p.find_person("ada@xyz.example").id;
    assert_eq!(api.delete(&format!("{path}/{ada}")).status, 404);
}

#[test]
fn the_approver_role_goes_by_the_domain_of_the_address() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.sign_in("ada@xyz.example");
    list(
        &mut ada,
        &users(&cast),
        "cy@xyz.example, noa@newcomer.example",
        &[("scope", "account"), ("role", "account-approver")],
    );
    ada.page()
        .shows("1 line is wrong")
        .shows("doesn't match the domain for the Smart Account.");
    let noa = p.find_person("noa@newcomer.example").id;
    p.role("noa@newcomer.example", &cast.xyz, None, Role::AccountViewer);
    ada.get(&format!("{}/{noa}/roles", users(&cast))).expect(200);
    ada.fill_and_submit("Save", &[("role[]", "account-approver")])
        .expect(409)
        .shows("The users can't be assigned to the Approver role");
}

#[test]
fn roles_are_changed_granted_and_taken_with_before_and_after() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.sign_in("ada@xyz.example");
    let cy = format!("{}/{}", users(&cast), p.find_person("cy@xyz.example").id);
    ada.get(&format!("{cy}/roles"))
        .expect(200)
        .shows("Entire Smart Account");
    ada.fill_and_submit("Save", &[("role[]", "account-viewer")])
        .expect(200)
        .shows("Roles were changed.")
        .shows("Smart Account Viewer");
    let event = p.events_of("role.granted").pop().unwrap();
    assert!(
        event.detail.contains("account-user") && event.detail.contains("account-viewer"),
        "{event:?}"
    );
    let corporate = cast.corporate.to_string();
    ada.get(&format!("{cy}/grant")).expect(200);
    ada.fill_and_submit("Grant access", &[("role", "virtual-admin")])
        .expect(422)
        .shows("Select at least one Virtual Account.");
    ada.fill_and_submit(
        "Grant access",
        &[("role", "virtual-admin"), ("virtual_account", &corporate)],
    )
    .expect(200)
    .shows("Virtual Account Administrator");
    ada.get(&format!("{cy}/remove"))
        .expect(200)
        .shows("loses the 2 roles");
    ada.fill_and_submit("Remove", &[("tell", "1")])
        .expect(200)
        .shows("Cy Okafor was removed. An email tells them.")
        .shows("5 users");
    p.run_jobs();
    assert!(p.mail().last_to("cy@xyz.example").subject.contains("removed"));
    assert_eq!(p.events_of("role.removed").len(), 2);
    assert_eq!(p.events_of("user.removed").len(), 1);
    p.sign_in("cy@xyz.example").get(&users(&cast)).expect(404);
    ada.get(&cy).expect(404);
}

#[test]
fn the_last_administrator_stays() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.sign_in("ada@xyz.example");
    let id = p.find_person("ada@xyz.example").id;
    let page = format!("{}/{id}", users(&cast));
    let says = "is the last Smart Account Administrator";
    ada.get(&page).shows(says);
    let csrf = ada.csrf();
    ada.post_fields(&format!("{page}/remove"), &[("csrf", &csrf)])
        .expect(409)
        .shows(says);
    ada.post_fields(
        &format!("{page}/roles"),
        &[("csrf", &csrf), ("place[]", ""), ("role[]", "account-viewer")],
    )
    .expect(409)
    .shows(says);
    ada.post_fields(
        &format!("{page}/roles"),
        &[("csrf", &csrf), ("place[]", ""), ("role[]", "none")],
    )
    .expect(409);
    ada.post_fields(&format!("{}/leave", users(&cast)), &[("csrf", &csrf)])
        .expect(409)
        .shows(says);
    // An invited administrator is none yet.
    p.invited("ivo@xyz.example", "Ivo Marsh");
    p.role("ivo@xyz.example", &cast.xyz, None, Role::AccountAdmin);
    ada.post_fields(&format!("{}/leave", users(&cast)), &[("csrf", &csrf)])
        .expect(409);
    p.role("cy@xyz.example", &cast.xyz, None, Role::AccountAdmin);
    ada.get(&format!("{}/leave", users(&cast))).expect(200);
    ada.fill_and_submit("Leave", &[])
        .expect(200)
        .shows("You have left");
    ada.get(&users(&cast)).expect(404);
    assert_eq!(p.events_of("user.left").len(), 1);
}

#[test]
fn an_invitation_is_sent_again_and_the_link_before_ends() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.sign_in("ada@xyz.example");
    list(&mut ada, &users(&cast), "new@xyz.example", WHOLE);
    ada.fill_and_submit("Add 1 user", &[]).expect(200);
    p.run_jobs();
    let first = crate::support::link_in(&p.mail().last_to("new@xyz.example"));
    let new = p.find_person("new@xyz.example").id;
    ada.get(&format!("{}/{new}", users(&cast)))
        .shows("was invited and has not set up");
    ada.fill_and_submit("Resend invitation", &[])
        .expect(200)
        .shows("The invitation was sent again.");
    p.run_jobs();
    let second = crate::support::link_in(&p.mail().last_to("new@xyz.example"));
    assert_ne!(first, second);
    p.browser().get(&first).expect(410);
    p.browser().get(&second).expect(200);
    // Who has an account is not invited.
    let vera = p.find_person("vera@xyz.example").id;
    let reply = p.api("ada@xyz.example").post(
        &format!("/api/v1/accounts/{}/users/{vera}/invitation", cast.xyz.number),
        &serde_json::json!({}),
    );
    assert_eq!(reply.json()["code"], "members.not-invited");
}

#[test]
fn the_api_adds_with_a_report_changes_and_removes() {
    let (p, cast) = Portal::with_cast();
    let mut api = p.api("ada@xyz.example");
    let path = format!("/api/v1/accounts/{}/users", cast.xyz.number);
    let mut body = serde_json::json!({
        "emails": ["Noa <noa@newcomer.example>", "wrong", "new@xyz.example"],
        "role": "account-viewer", "dry_run": true,
    });
    let report = api.post(&path, &body).expect(200).json();
    assert_eq!(
        (&report["written"], &report["added"], &report["wrong"]),
        (&false.into(), &1.into(), &1.into())
    );
    body["dry_run"] = false.into();
    let refused = api.post(&path, &body).expect(422).json();
    assert_eq!(refused["errors"][0]["pointer"], "/emails/1", "{refused}");
    body["leave_out_wrong"] = true.into();
    let report = api.post(&path, &body).expect(200).json();
    assert_eq!(
        (&report["written"], &report["invited"]),
        (&true.into(), &1.into())
    );
    let noa = p.find_person("noa@newcomer.example").id;
    let given = api
        .post(
            &format!("{path}/{noa}/roles"),
            &serde_json::json!({ "role": "virtual-user", "virtual_accounts": [cast.public] }),
        )
        .expect(200)
        .json();
    assert_eq!(given["roles"].as_array().unwrap().len(), 2);
    // A Virtual Account of somebody else is not there.
    let theirs = serde_json::json!({ "role": "virtual-user", "virtual_accounts": [cast.harborview.default] });
    assert_eq!(api.post(&format!("{path}/{noa}/roles"), &theirs).status, 404);
    let take = serde_json::json!({ "virtual_accounts": [cast.public] });
    api.post(&format!("{path}/{noa}/roles/remove"), &take).expect(204);
    api.post(&format!("{path}/{noa}/roles/remove"), &take).expect(404);
    assert_eq!(
        api.get(&format!("{path}?q=noa&role=account-viewer")).json()["total"],
        1
    );
    api.delete(&format!("{path}/{noa}?tell=true")).expect(204);
    api.get(&format!("{path}/{noa}")).expect(404);
    p.run_jobs();
    assert!(
        p.mail()
            .last_to("noa@newcomer.example")
            .subject
            .contains("removed")
    );
}

#[test]
fn the_face_for_access_requests_gives_replaces_and_refuses() {
    use licentral::kernel::Who;
    use licentral::members::{Scope, give_roles};
    let (p, cast) = Portal::with_cast();
    let (noa, at) = (p.find_person("noa@newcomer.example").id, p.clock.now());
    let give = |scope: Scope, role: Role| {
        p.db.write_now(|tx| {
            let events = give_roles(tx, at, cast.xyz.id, noa, &scope, role)?;
            for event in &events {
                tx.note(at, &Who::portal("test"), event)?;
            }
            Ok(match events.first() {
                Some(first) => tx.record(at, &Who::portal("test"), first, events.len())?,
                None => tx.unchanged(0),
            })
        })
    };
    assert_eq!(
        give(Scope::These(vec![cast.corporate, cast.public]), Role::VirtualUser).unwrap(),
        2
    );
    assert_eq!(
        give(Scope::These(vec![cast.corporate]), Role::VirtualUser).unwrap(),
        0
    );
    assert_eq!(
        give(Scope::These(vec![cast.corporate]), Role::VirtualViewer).unwrap(),
        1
    );
    assert!(give(Scope::Account, Role::VirtualViewer).is_err());
    assert!(give(Scope::Account, Role::AccountApprover).is_err());
    assert!(give(Scope::These(vec![cast.harborview.default]), Role::VirtualViewer).is_err());
}
