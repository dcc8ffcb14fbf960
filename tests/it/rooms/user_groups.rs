//! User groups: roles held together, here and in other Smart Accounts.

use crate::support::{Browser, Cast, Portal};
use licentral::authz::Role;
use serde_json::json;

fn groups(cast: &Cast) -> String {
    format!("/sa/{}/account/user-groups", cast.xyz.number)
}

fn api(cast: &Cast) -> String {
    format!("/api/v1/accounts/{}/user-groups", cast.xyz.number)
}

/// Makes a group with a role on Corporate Network Devices; the browser stands on its page.
fn make(browser: &mut Browser, cast: &Cast, name: &str) -> String {
    let corporate = cast.corporate.to_string();
    browser.get(&format!("{}/new", groups(cast))).expect(200);
    browser
        .fill_and_submit(
            "Create User Group",
            &[
                ("name", name),
                ("description", "Those in the field."),
                ("scope", "virtual-accounts"),
                ("role", "virtual-user"),
                ("virtual_account", &corporate),
            ],
        )
        .expect(200)
        .shows("was created");
    browser.page().path.clone()
}

fn add(browser: &mut Browser, group: &str, emails: &str) {
    browser.get(&format!("{group}/add")).expect(200);
    browser.fill_and_submit("Next", &[("emails", emails)]).expect(200);
    browser.fill_and_submit(".decide form", &[]).expect(200);
}

#[test]
fn roles_through_a_group_follow_who_is_in_it_at_once() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.sign_in("ada@xyz.example");
    let group = make(&mut ada, &cast, "Field engineers");
    add(&mut ada, &group, "noa@newcomer.example, new@xyz.example");
    ada.page().shows("2 users");
    // Shown in Users as "through".
    let users = format!("/sa/{}/account/users", cast.xyz.number);
    ada.get(&format!("{users}?given=group"))
        .shows("2 users")
        .shows("in Corporate Network Devices through Field engineers");
    ada.get(&format!("{users}?group=field")).shows("2 users");
    ada.get(&format!("{users}?va=corporate&given=direct"))
        .shows("1 user");
    let mut noa = p.sign_in("noa@newcomer.example");
    noa.get(&format!("/sa/{}", cast.xyz.number)).expect(200);
    // Other Virtual Accounts, another role.
    let public = cast.public.to_string();
    ada.get(&format!("{group}/access")).expect(200);
    let (action, mut fields) = ada.form("form.fields");
    fields.retain(|(name, _)| name != "virtual_account" && name != "role");
    fields.push(("virtual_account".into(), public.clone()));
    fields.push(("role".into(), "virtual-admin".into()));
    let sent: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    ada.post_fields(&action, &sent).expect(303);
    ada.follow()
        .shows("Virtual Account Administrator")
        .shows("Public Network Devices");
    ada.get(&format!("{users}?va=public&role=virtual-admin"))
        .shows("2 users");
    ada.get(&format!("{users}?va=corporate&given=group"))
        .shows("No users match");
    // Out of the group: the role ends at once.
    ada.get(&format!("{group}?q=noa"));
    ada.fill_and_submit("Remove Noa Brandt from the group", &[])
        .expect(200)
        .shows("1 user");
    noa.get(&format!("/sa/{}", cast.xyz.number)).expect(404);
    // The group goes, and all it gave.
    ada.get(&format!("{group}/delete"))
        .expect(200)
        .shows("What they hold through it ends");
    ada.fill_and_submit("Delete", &[])
        .expect(200)
        .shows("No user groups yet");
    ada.get(&format!("{users}?given=group")).shows("No users match");
    for kind in ["user-group.created", "user-group.changed", "user-group.deleted"] {
        assert!(!p.events_of(kind).is_empty(), "{kind}");
    }
    assert_eq!(p.events_of("user-group.joined").len(), 2);
    assert_eq!(p.events_of("user-group.left").len(), 1);
}

#[test]
fn a_role_held_directly_and_through_a_group_ends_one_by_one() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.sign_in("ada@xyz.example");
    let group = make(&mut ada, &cast, "Field engineers");
    add(&mut ada, &group, "cy@xyz.example");
    p.role(
        "cy@xyz.example",
        &cast.xyz,
        Some(cast.corporate),
        Role::VirtualViewer,
    );
    let cy = p.find_person("cy@xyz.example").id;
    let path = format!("/api/v1/accounts/{}/users/{cy}", cast.xyz.number);
    let mut api = p.api("ada@xyz.example");
    let roles = |api: &mut crate::support::Api| api.get(&path).json()["roles"].as_array().unwrap().len();
    assert_eq!(roles(&mut api), 3);
    api.post(
        &format!("{path}/roles/remove"),
        &json!({ "virtual_accounts": [cast.corporate] }),
    )
    .expect(204);
    assert_eq!(roles(&mut api), 2);
    // Removing the person takes them out of the groups of this account as well.
    api.delete(&path).expect(204);
    api.get(&path).expect(404);
    ada.get(&group).shows("Nobody is in this group yet");
}

#[test]
fn a_virtual_account_administrator_keeps_groups_of_their_own() {
    let (p, cast) = Portal::with_cast();
    let mut dan = p.sign_in("dan@xyz.example");
    let mine = make(&mut dan, &cast, "Dan's people");
    add(&mut dan, &mine, "noa@newcomer.example");
    let mut ada = p.api("ada@xyz.example");
    let wide = ada
        .post(
            &api(&cast),
            &json!({ "name": "Everywhere", "role": "account-viewer" }),
        )
        .expect(201)
        .json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let both = ada
        .post(
            &api(&cast),
            &json!({ "name": "Both", "role": "virtual-viewer", "virtual_accounts": [cast.corporate, cast.public] }),
        )
        .expect(201)
        .json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    // What reaches beyond is seen where it touches, and changed nowhere.
    let mut his = p.api("dan@xyz.example");
    assert_eq!(his.get(&api(&cast)).json()["total"], 2);
    assert_eq!(his.get(&format!("{}/{wide}", api(&cast))).status, 404);
    let people = json!({ "emails": ["una@xyz.example"] });
    assert_eq!(
        his.post(&format!("{}/{wide}/people", api(&cast)), &people).status,
        404
    );
    let refused = his.post(&format!("{}/{both}/people", api(&cast)), &people).json();
    assert_eq!(refused["code"], "members.group-beyond-your-role");
    for pop_up in ["edit", "delete", "message", "access"] {
        p.sign_in("dan@xyz.example")
            .get(&format!("{}/{both}/{pop_up}", groups(&cast)))
            .expect(409);
    }
    // Who is in such a group alone is not his to remove.
    let zoe = p.person("zoe@bramwell.example", "Zoe Hill");
    ada.post(
        &format!("{}/{both}/people", api(&cast)),
        &json!({ "emails": ["zoe@bramwell.example"] }),
    );
    let hers = format!("/sa/{}/account/users/{zoe}", cast.xyz.number);
    p.sign_in("dan@xyz.example")
        .get(&hers)
        .expect(200)
        .shows("has access through a user group only");
    p.sign_in("ada@xyz.example")
        .get(&hers)
        .expect(200)
        .shows_not("has access through a user group only");
    for (body, code) in [
        (
            json!({ "name": "a", "role": "account-user" }),
            "members.beyond-your-role",
        ),
        (
            json!({ "name": "b", "role": "virtual-user", "virtual_accounts": [cast.public] }),
            "members.beyond-your-role",
        ),
        (json!({ "name": "c" }), "members.group-beyond-your-role"),
    ] {
        assert_eq!(his.post(&api(&cast), &body).json()["code"], code);
    }
    let approver = ada.post(&api(&cast), &json!({ "name": "d", "role": "account-approver" }));
    assert_eq!(approver.json()["code"], "members.approver-group");
    // Readers may look.
    let mut vera = p.sign_in("vera@xyz.example");
    vera.get(&groups(&cast))
        .expect(200)
        .shows("cannot manage user groups")
        .shows("Everywhere");
    vera.get(&format!("{}/new", groups(&cast))).expect(403);
    p.sign_in("eve@harborview.example")
        .get(&groups(&cast))
        .expect(404);
    p.sign_in("eve@harborview.example").get(&mine).expect(404);
}

#[test]
fn a_message_goes_to_everybody_in_the_group() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.sign_in("ada@xyz.example");
    let group = make(&mut ada, &cast, "Field engineers");
    ada.get(&format!("{group}/message")).expect(200);
    ada.fill_and_submit("Send", &[("subject", "Hello"), ("message", "Words.")])
        .expect(409)
        .shows("Nobody in this user group has a user account yet.");
    add(
        &mut ada,
        &group,
        "cy@xyz.example, vera@xyz.example, new@xyz.example",
    );
    ada.get(&format!("{group}/message"));
    ada.fill_and_submit("Send", &[("subject", ""), ("message", "")])
        .expect(422);
    ada.fill_and_submit(
        "Send",
        &[("subject", "Maintenance"), ("message", "On Friday <b>.")],
    )
    .expect(200)
    .shows("2 members");
    p.run_jobs();
    let letter = p.mail().last_to("cy@xyz.example");
    assert_eq!(letter.subject, "Maintenance");
    assert!(letter.text.contains("On Friday <b>.") && letter.html.contains("On Friday &#60;b&#62;."));
    assert_eq!(p.events_of("user-group.message").len(), 1);
}

#[test]
fn a_group_of_another_account_is_let_in_by_its_lookup_id_and_put_out_again() {
    let (p, cast) = Portal::with_cast();
    let theirs = format!("/sa/{}/account/user-groups", cast.bramwell.number);
    let mut pat = p.sign_in("pat@bramwell.example");
    pat.get(&format!("{theirs}/new"));
    pat.fill_and_submit("Create User Group", &[("name", "Resellers"), ("scope", "none")])
        .expect(200);
    let group = pat.page().path.clone();
    add(&mut pat, &group, "noa@newcomer.example, pat@bramwell.example");
    pat.get(&format!("{group}/request")).expect(200);
    pat.fill_and_submit("Send request", &[("domain", "nobody.example")])
        .expect(422)
        .shows("No active Smart Account has this");
    pat.fill_and_submit("Send request", &[("domain", "bramwell.example")])
        .expect(422);
    pat.fill_and_submit(
        "Send request",
        &[("domain", "XYZ.example"), ("note", "We sell to you.")],
    )
    .expect(200)
    .shows("was sent to the administrators")
    .shows("Pending");
    // Once is enough.
    pat.get(&format!("{group}/request"));
    pat.fill_and_submit("Send request", &[("domain", "xyz.example")])
        .expect(409);
    p.run_jobs();
    let letter = p.mail().last_to("ada@xyz.example");
    let lookup = letter
        .text
        .split_whitespace()
        .find(|word| word.starts_with("UGR-") && word.len() == 13)
        .unwrap()
        .to_owned();
    assert!(letter.text.contains("We sell to you.") && letter.text.contains("Resellers"));
    // Nobody else finds it by its lookup ID.
    let look = |number: i64| format!("/sa/{number}/account/user-groups/external?lookup={lookup}");
    p.sign_in("eve@harborview.example")
        .get(&look(cast.harborview.number))
        .expect(200)
        .shows("No request with this lookup ID")
        .shows_not("Resellers");
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&look(cast.xyz.number).to_lowercase())
        .expect(200)
        .shows("Resellers")
        .shows("2 people")
        .shows("Bramwell Distribution");
    let public = cast.public.to_string();
    ada.fill_and_submit(
        "Grant access",
        &[
            ("scope", "virtual-accounts"),
            ("role", "virtual-viewer"),
            ("virtual_account", &public),
        ],
    )
    .expect(200)
    .shows("has access now")
    .shows("External user groups");
    let users = format!("/sa/{}/account/users", cast.xyz.number);
    ada.get(&users).shows("8 users").shows("through Resellers");
    p.sign_in("noa@newcomer.example").get(&users).expect(200);
    // Whoever comes into the group later comes in here too; whoever goes, goes.
    add(&mut pat, &group, "third@bramwell.example");
    ada.get(&users).shows("9 users");
    p.run_jobs();
    assert!(p.mail().last_to("pat@bramwell.example").text.contains("granted"));
    // The target ends it.
    ada.get(&format!("{}/external/{lookup}/end", groups(&cast)))
        .expect(200);
    ada.fill_and_submit("End access", &[]).expect(200);
    // Once: from a second window as well.
    let csrf = ada.csrf();
    ada.post_fields(
        &format!("{}/external/{lookup}/end", groups(&cast)),
        &[("csrf", &csrf)],
    )
    .expect(409)
    .shows("has ended already")
    .shows_not("loses what they hold");
    ada.get(&users).shows("6 users");
    p.sign_in("noa@newcomer.example").get(&users).expect(404);
    // So does the owner, the next time.
    let mut their_api = p.api("pat@bramwell.example");
    let api_path = format!(
        "/api/v1/accounts/{}/user-groups/{}",
        cast.bramwell.number,
        group.rsplit('/').next().unwrap()
    );
    let again = their_api
        .post(
            &format!("{api_path}/requests"),
            &json!({ "domain": "xyz.example" }),
        )
        .expect(201)
        .json()["lookup_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut our_api = p.api("ada@xyz.example");
    our_api
        .post(
            &format!("{}/external/{again}/grant", api(&cast)),
            &json!({ "role": "account-viewer" }),
        )
        .expect(200);
    assert_eq!(
        our_api
            .post(
                &format!("{}/external/{again}/grant", api(&cast)),
                &json!({ "role": "account-viewer" })
            )
            .json()["code"],
        "members.group-answered"
    );
    ada.get(&users).shows("9 users");
    their_api
        .post(&format!("{api_path}/requests/{again}/end"), &json!({}))
        .expect(204);
    ada.get(&users).shows("6 users");
    // Declined, and a group that is deleted.
    let third = their_api
        .post(
            &format!("{api_path}/requests"),
            &json!({ "domain": "xyz.example" }),
        )
        .json()["lookup_id"]
        .as_str()
        .unwrap()
        .to_owned();
    our_api
        .post(&format!("{}/external/{third}/decline", api(&cast)), &json!({}))
        .expect(204);
    their_api.delete(&api_path).expect(204);
    assert_eq!(
        our_api.get(&format!("{}/external", api(&cast))).json()["total"],
        0
    );
    assert!(p.events_of("user-group.granted").len() >= 2);
    assert!(p.events_of("user-group.ended").len() >= 2);
    p.run_jobs();
}

#[test]
fn a_group_is_made_once_and_edited_by_one_at_a_time() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.api("ada@xyz.example");
    let new = json!({ "name": "Field", "role": "account-viewer" });
    let one = ada.post_once(&api(&cast), "key-1", &new).expect(201).json();
    let two = ada.post_once(&api(&cast), "key-1", &new).expect(201).json();
    assert_eq!(one["id"], two["id"]);
    assert_eq!(ada.post(&api(&cast), &json!({ "name": "FIELD" })).status, 422);
    let path = format!("{}/{}", api(&cast), one["id"].as_str().unwrap());
    let edit = json!({ "name": "Field engineers", "description": "All.", "version": 1 });
    ada.patch(&path, &edit).expect(204);
    ada.patch(&path, &edit).expect(409);
    let shown = ada.get(&path).expect(200).json();
    assert_eq!(shown["group"]["name"], "Field engineers");
    ada.put(&format!("{path}/access"), &json!({ "role": null }))
        .expect(204);
    assert!(ada.get(&path).json()["group"]["role"].is_null());
    let file = p
        .sign_in("ada@xyz.example")
        .get(&format!("{}.csv", groups(&cast)))
        .expect(200)
        .body
        .clone();
    assert!(file.contains("Field engineers,All.,0"), "{file}");
}
