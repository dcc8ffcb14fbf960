//! Virtual Accounts: the list, the tree, one of them, what can be done with it, the file, the API.

use crate::support::{Account, Browser, Cast, Portal};
use licentral::authz::action::DeleteVirtualAccount;
use licentral::authz::{Permit, Role};
use licentral::error::{Error, Result};
use licentral::kernel::ids::{SmartAccountId, VirtualAccountId};
use licentral::platform::db::Reads;
use licentral::platform::occupants::{Holding, Occupant, Occupants};
use licentral::virtual_accounts;
use serde_json::json;

fn list(account: &Account) -> String {
    format!("/sa/{}/account/virtual-accounts", account.number)
}

fn page(cast: &Cast, id: VirtualAccountId) -> String {
    format!("{}/{id}", list(&cast.xyz))
}

/// Creates one by the form, below another or at the top level, and gives its address.
#[track_caller]
fn create(browser: &mut Browser, account: &Account, name: &str, parent: &str) -> String {
    browser.get(&format!("{}/new", list(account))).expect(200);
    let fields = [("name", name), ("parent", parent), ("tags", "made here")];
    browser
        .fill_and_send("Create Virtual Account and View Details", &fields)
        .expect(303)
        .location()
        .unwrap()
        .to_owned()
}

fn id_of(address: &str) -> String {
    address.rsplit('/').next().unwrap().to_owned()
}

fn told(detail: &str, side: &str) -> serde_json::Value {
    serde_json::from_str::<serde_json::Value>(detail).unwrap()[side].clone()
}

#[test]
fn a_role_over_the_account_sees_all_and_a_role_in_one_sees_that_one() {
    let (p, cast) = Portal::with_cast();
    let list = format!("/sa/{}/account/virtual-accounts", cast.xyz.number);
    let mut vera = p.sign_in("vera@xyz.example");
    vera.get(&list)
        .expect(200)
        .shows("3 Virtual Accounts")
        .shows("DEFAULT")
        .shows("Corporate Network Devices");
    assert_eq!(
        vera.page().texts("tbody th a"),
        ["DEFAULT", "Corporate Network Devices", "Public Network Devices"]
    );
    let mut una = p.sign_in("una@xyz.example");
    una.get(&list)
        .expect(200)
        .shows("1 Virtual Account")
        .shows_not("DEFAULT")
        .shows_not("Corporate Network Devices");
    una.get(&format!("{list}/{}", cast.public))
        .expect(200)
        .shows("Public Network Devices");
    for path in ["", "/users"] {
        una.get(&format!("{list}/{}{path}", cast.corporate)).expect(404);
        una.get(&format!("{list}/{}{path}", cast.xyz.default)).expect(404);
    }
    let mut eve = p.sign_in("eve@harborview.example");
    eve.get(&list).expect(404);
    // Our id below the stranger's own account is no way in either.
    let own = format!("/sa/{}/account/virtual-accounts", cast.harborview.number);
    eve.get(&format!("{own}/{}", cast.public)).expect(404);
    eve.get(&format!("{own}/{}/users", cast.public)).expect(404);
    eve.get(&format!("{own}/not-an-id")).expect(404);
}

#[test]
fn the_list_is_searched_sorted_and_cut_into_pages() {
    let (p, cast) = Portal::with_cast();
    for n in 1..=30 {
        p.virtual_account(&cast.xyz, &format!("Site {n:02}"));
    }
    let list = format!("/sa/{}/account/virtual-accounts", cast.xyz.number);
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&list).shows("1–25 of 33");
    ada.get(&format!("{list}?page=99"))
        .expect(200)
        .shows("26–33 of 33");
    ada.get(&format!("{list}?q=SITE+1")).shows("10 Virtual Accounts");
    ada.get(&format!("{list}?q=nothing"))
        .shows("No Virtual Accounts match");
    ada.get(&format!("{list}?q=%25"))
        .shows("No Virtual Accounts match");
    ada.get(&format!("{list}?access=bogus&sort=x&per=3"))
        .expect(200)
        .shows("is not a choice here");
    let first = ada.get(&format!("{list}?sort=-name")).texts("tbody th a");
    assert_eq!(first[0], "Site 30");
    ada.get(&format!("{list}?col=users"))
        .expect(200)
        .shows_not("Made by a test.");
}

#[test]
fn one_shows_its_facts_and_its_users() {
    let (p, cast) = Portal::with_cast();
    let one = format!(
        "/sa/{}/account/virtual-accounts/{}",
        cast.xyz.number, cast.corporate
    );
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&one)
        .expect(200)
        .shows("Will be searchable in all Account Selectors")
        .shows("Made by a test.");
    ada.get(&format!("{one}/users"))
        .expect(200)
        .shows("Dan Petrov")
        .shows("Ada Lindqvist")
        .shows_not("Una Haddad");
    // Who holds a role in it alone sees those who hold one in it.
    p.sign_in("dan@xyz.example")
        .get(&format!("{one}/users"))
        .expect(200)
        .shows("Dan Petrov")
        .shows_not("Ada Lindqvist");
}

#[test]
fn the_file_runs_no_formula() {
    let (p, cast) = Portal::with_cast();
    p.virtual_account(&cast.xyz, "=HYPERLINK(\"http://evil.example\")");
    let mut ada = p.sign_in("ada@xyz.example");
    let file = ada
        .get(&format!(
            "/sa/{}/account/virtual-accounts.csv?q=evil",
            cast.xyz.number
        ))
        .expect(200)
        .clone();
    assert!(
        file.header("content-disposition")
            .unwrap()
            .contains("virtual-accounts_xyz.example_")
    );
    assert!(
        file.body.contains("\"'=HYPERLINK(\"\"http://evil.example\"\")\""),
        "{}",
        file.body
    );
    assert_eq!(file.body.lines().count(), 2);
    let una = p
        .sign_in("una@xyz.example")
        .get(&format!("/sa/{}/account/virtual-accounts.csv", cast.xyz.number))
        .body
        .clone();
    assert!(una.contains("Public Network Devices") && !una.contains("DEFAULT"));
}

#[test]
fn the_api_has_the_same_reach() {
    let (p, cast) = Portal::with_cast();
    let path = format!("/api/v1/accounts/{}/virtual-accounts", cast.xyz.number);
    assert_eq!(p.api("ada@xyz.example").get(&path).json()["total"], 3);
    let mut una = p.api("una@xyz.example");
    let answer = una.get(&path).json();
    assert_eq!(answer["total"], 1);
    assert_eq!(answer["items"][0]["name"], "Public Network Devices");
    assert_eq!(una.get(&format!("{path}/{}", cast.corporate)).status, 404);
    assert_eq!(una.get(&format!("{path}/{}", cast.public)).status, 200);
    assert_eq!(p.api("eve@harborview.example").get(&path).status, 404);
}

#[test]
fn an_administrator_creates_one_and_sees_its_details() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&list(&cast.xyz));
    ada.click("Create Virtual Account")
        .expect(200)
        .shows("This is a top level Virtual Account")
        .shows("For order assignment, the user must provide the exact Account Name.");
    ada.fill_and_submit(
        "Create Virtual Account and View Details",
        &[
            ("name", " Branch   Offices "),
            ("description", "Small sites."),
            ("access", "restricted"),
            ("end_date", "2031-06-30"),
            ("parent", cast.corporate.as_str()),
            ("tags", "North, offices, NORTH"),
        ],
    )
    .expect(200)
    .shows("The Virtual Account Branch Offices was created.")
    .shows("Will NOT appear in any Account Selectors and Searches")
    .shows("30 Jun 2031")
    .shows("Corporate Network Devices");
    assert_eq!(ada.page().texts("dd .tag").len(), 2);
    let events = p.events_of("virtual-account.created");
    let event = events.last().unwrap();
    assert!(
        event.actor.contains("ada@xyz.example") && event.message.contains("below Corporate Network Devices")
    );
    let after = told(&event.detail, "after");
    assert_eq!(
        (&after["name"], &after["parent"]),
        (&json!("Branch Offices"), &json!("Corporate Network Devices"))
    );
    assert_eq!(after["tags"], json!(["North", "offices"]));
    assert!(
        p.events_of("role.granted").is_empty(),
        "a Smart Account Administrator needs no role in it"
    );
    // Sent twice, made once.
    ada.get(&format!("{}/new", list(&cast.xyz)));
    let (action, mut fields) = ada.form("Create Virtual Account and View Details");
    fields.retain(|(name, _)| name != "name");
    let mut fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    fields.push(("name", "Once"));
    let csrf = p.csrf_of(&ada);
    fields.push(("csrf", &csrf));
    let first = ada
        .post_fields(&action, &fields)
        .expect(303)
        .location()
        .unwrap()
        .to_owned();
    assert_eq!(
        ada.post_fields(&action, &fields).expect(303).location(),
        Some(first.as_str())
    );
    ada.get(&list(&cast.xyz)).shows("5 Virtual Accounts");
}

#[test]
fn bad_input_comes_back_and_names_are_one_however_they_are_written() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&format!("{}/new", list(&cast.xyz)));
    let long = "x".repeat(101);
    for (field, typed, says) in [
        ("name", "", "Enter the Name."),
        ("name", long.as_str(), "Use at most 100"),
        ("name", "corporate  NETWORK devices", "is there already"),
        ("name", "\u{ff24}\u{ff25}FAULT", "is there already"),
        ("end_date", "1999-01-01", "lies ahead"),
        ("end_date", "soon", "year, month and day"),
        ("parent", "nonsense", "Choose a Parent Account from the list."),
        (
            "parent",
            cast.harborview.default.as_str(),
            "Choose a Parent Account from the list.",
        ),
        ("access", "secret", "Choose an access level"),
        ("tags", "a\u{202e}b", "cannot be shown"),
    ] {
        let mut fields = vec![
            ("name", "Fine"),
            ("description", "kept"),
            ("end_date", ""),
            ("parent", ""),
            ("tags", ""),
            ("access", "unrestricted"),
        ];
        fields.retain(|(name, _)| *name != field);
        fields.push((field, typed));
        let csrf = p.csrf_of(&ada);
        fields.push(("csrf", &csrf));
        ada.post_fields(&format!("{}/new", list(&cast.xyz)), &fields)
            .expect(422)
            .shows(says)
            .shows("kept");
    }
    ada.get(&list(&cast.xyz)).shows("3 Virtual Accounts");
    // The same name in another account is another one.
    let mut eve = p.sign_in("eve@harborview.example");
    create(&mut eve, &cast.harborview, "Corporate Network Devices", "");
}

#[test]
fn an_edit_is_kept_recorded_and_not_lost_to_another() {
    let (p, cast) = Portal::with_cast();
    let edit = format!("{}/edit", page(&cast, cast.corporate));
    let (mut ada, mut dan) = (p.sign_in("ada@xyz.example"), p.sign_in("dan@xyz.example"));
    ada.get(&edit).expect(200);
    dan.get(&edit).expect(200);
    dan.fill_and_submit(
        "Save",
        &[("name", "Campus"), ("tags", "North"), ("access", "restricted")],
    )
    .expect(200)
    .shows("The Virtual Account was saved.")
    .shows("Campus");
    let event = p.events_of("virtual-account.changed").pop().unwrap();
    assert_eq!(told(&event.detail, "before")["name"], "Corporate Network Devices");
    assert_eq!(told(&event.detail, "after")["access_level"], "restricted");
    ada.fill_and_submit("Save", &[("description", "Of Ada")])
        .expect(409)
        .shows("Somebody has changed this Virtual Account")
        .shows("Campus");
    ada.fill_and_submit("Save", &[]).expect(200);
    assert_eq!(p.events_of("virtual-account.changed").len(), 2);
    ada.get(&edit);
    ada.fill_and_submit("Save", &[]).expect(200);
    assert_eq!(
        p.events_of("virtual-account.changed").len(),
        2,
        "nothing was changed"
    );
    ada.get(&edit);
    ada.fill_and_submit("Save", &[("name", "default")])
        .expect(422)
        .shows("is there already");
    // Found by its new words, and by its tag.
    ada.get(&format!("{}?q=of+ada", list(&cast.xyz)))
        .shows("1 Virtual Account");
}

#[test]
fn tags_narrow_the_list_whoever_spells_them() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.sign_in("ada@xyz.example");
    for (id, tags) in [(cast.corporate, "North, labs"), (cast.public, "NORTH")] {
        ada.get(&format!("{}/edit", page(&cast, id)));
        ada.fill_and_submit("Save", &[("tags", tags)]).expect(200);
    }
    ada.get(&list(&cast.xyz)).shows("North").shows("NORTH");
    let links = ada.page().attrs("td a.tag", "href");
    assert_eq!(links.len(), 3);
    for link in links.iter().filter(|link| link.contains("tag=N")) {
        ada.get(link)
            .expect(200)
            .shows("2 Virtual Accounts")
            .shows_not("is not a choice here");
    }
    ada.get(&format!("{}?tag=labs&tag=North", list(&cast.xyz)))
        .shows("2 Virtual Accounts");
    ada.get(&format!("{}?tag=labs&level=nested", list(&cast.xyz)))
        .shows("No Virtual Accounts match");
    ada.get(&format!("{}?q=labs", list(&cast.xyz)))
        .shows("1 Virtual Account");
    let mut una = p.sign_in("una@xyz.example");
    una.get(&format!("{}?tag=labs", list(&cast.xyz)))
        .shows("1 Virtual Account")
        .shows("is not a choice here");
    let reply = p
        .api("ada@xyz.example")
        .get(&format!(
            "/api/v1/accounts/{}/virtual-accounts?tag=labs",
            cast.xyz.number
        ))
        .json();
    assert_eq!(reply["total"], 1);
}

#[test]
fn a_virtual_account_administrator_nests_below_their_own_and_becomes_administrator_of_it() {
    let (p, cast) = Portal::with_cast();
    let mut dan = p.sign_in("dan@xyz.example");
    dan.get(&format!("{}/new", list(&cast.xyz)))
        .expect(200)
        .shows("You become its Virtual Account Administrator.")
        .shows_not("This is a top level Virtual Account")
        .shows_not("Public Network Devices");
    let made = create(&mut dan, &cast.xyz, "Branch", cast.corporate.as_str());
    dan.get(&made).expect(200).shows("Branch");
    dan.get(&format!("{made}/edit")).expect(200);
    let granted = p.events_of("role.granted").pop().unwrap();
    assert!(granted.message.contains("dan@xyz.example") && granted.message.contains("Branch"));
    // Not at the top, not below another's, not as the default.
    let before = p.fingerprint();
    let csrf = p.csrf_of(&dan);
    let fields = |parent: &'static str, default: &'static str| {
        [
            ("name", "Mine"),
            ("description", ""),
            ("access", "unrestricted"),
            ("end_date", ""),
            ("tags", ""),
            ("parent", parent),
            ("default", default),
        ]
    };
    let new = format!("{}/new", list(&cast.xyz));
    let corporate: &'static str = Box::leak(cast.corporate.to_string().into_boxed_str());
    let public: &'static str = Box::leak(cast.public.to_string().into_boxed_str());
    for (parent, default, status) in [("", "", 422), (public, "", 422), (corporate, "1", 403)] {
        let mut sent = fields(parent, default).to_vec();
        sent.retain(|(name, value)| *name != "default" || !value.is_empty());
        sent.push(("csrf", &csrf));
        dan.post_fields(&new, &sent).expect(status);
    }
    before.assert_same(&p.fingerprint(), "what Dan may not create");
    // Una is a user of hers and creates none.
    let mut una = p.sign_in("una@xyz.example");
    una.get(&list(&cast.xyz))
        .shows("Your role, Virtual Account User, cannot create a nested Virtual Account.");
    una.get(&new).expect(403);
    p.sign_in("eve@harborview.example").get(&new).expect(404);
}

#[test]
fn a_virtual_account_administrator_edits_theirs_and_never_the_default_one() {
    let (p, cast) = Portal::with_cast();
    p.role(
        "dan@xyz.example",
        &cast.xyz,
        Some(cast.xyz.default),
        Role::VirtualAdmin,
    );
    p.role(
        "dan@xyz.example",
        &cast.xyz,
        Some(cast.public),
        Role::VirtualViewer,
    );
    let mut dan = p.sign_in("dan@xyz.example");
    let before = p.fingerprint();
    for id in [cast.xyz.default, cast.public] {
        for form in ["edit", "parent"] {
            dan.get(&format!("{}/{form}", page(&cast, id))).expect(403);
        }
        let csrf = p.csrf_of(&dan);
        dan.post_fields(&format!("{}/default", page(&cast, id)), &[("csrf", &csrf)])
            .expect(403);
        dan.post_fields(
            &format!("{}/delete", page(&cast, id)),
            &[("csrf", &csrf), ("confirm", "x")],
        )
        .expect(403);
    }
    let csrf = p.csrf_of(&dan);
    dan.post_fields(
        &format!("{}/default", page(&cast, cast.corporate)),
        &[("csrf", &csrf)],
    )
    .expect(403);
    dan.post_fields(
        &format!("{}/parent", page(&cast, cast.corporate)),
        &[("csrf", &csrf), ("parent", cast.public.as_str())],
    )
    .expect(422);
    before.assert_same(&p.fingerprint(), "what Dan may not change");
    dan.get(&format!("{}/edit", page(&cast, cast.corporate)))
        .expect(200);
    dan.get(&page(&cast, cast.xyz.default))
        .expect(200)
        .shows("Your role, Virtual Account Administrator, cannot edit the default Virtual Account.");
}

#[test]
fn the_parent_is_changed_without_circles_and_not_into_another_tenant() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.sign_in("ada@xyz.example");
    let lab = create(&mut ada, &cast.xyz, "Lab", cast.corporate.as_str());
    let rack = create(&mut ada, &cast.xyz, "Rack", &id_of(&lab));
    let parent = format!("{}/parent", page(&cast, cast.corporate));
    ada.get(&parent)
        .expect(200)
        .shows("Public Network Devices")
        .shows_not("Rack");
    let csrf = p.csrf_of(&ada);
    let foreign = p.virtual_account(&cast.harborview, "Ward");
    let before = p.fingerprint();
    for (to, status, says) in [
        (id_of(&rack), 409, "cannot be nested below itself"),
        (id_of(&lab), 409, "cannot be nested below itself"),
        (cast.corporate.to_string(), 409, "cannot be nested below itself"),
        (foreign.to_string(), 422, "Choose a Parent Account from the list."),
        (
            VirtualAccountId::new().to_string(),
            422,
            "Choose a Parent Account from the list.",
        ),
        ("x".to_owned(), 422, "Choose a Parent Account from the list."),
    ] {
        ada.post_fields(&parent, &[("csrf", &csrf), ("parent", &to)])
            .expect(status)
            .shows(says);
    }
    before.assert_same(&p.fingerprint(), "parents that cannot be");
    ada.get(&parent);
    ada.fill_and_submit("Change Parent Account", &[("parent", cast.public.as_str())])
        .expect(200)
        .shows("was saved")
        .shows("Public Network Devices");
    let event = p.events_of("virtual-account.moved").pop().unwrap();
    assert_eq!(told(&event.detail, "before")["parent"], serde_json::Value::Null);
    assert_eq!(told(&event.detail, "after")["parent"], "Public Network Devices");
    // The tree shows all four levels, and finds what stands below with what stands above it.
    ada.get(&format!("{}/tree", list(&cast.xyz)));
    assert_eq!(
        ada.page().texts("tbody th a"),
        [
            "DEFAULT",
            "Public Network Devices",
            "Corporate Network Devices",
            "Lab",
            "Rack"
        ]
    );
    ada.get(&format!("{}/tree?q=rack", list(&cast.xyz)))
        .shows("1 Virtual Account");
    assert_eq!(ada.page().texts("tbody th a").len(), 4);
    assert_eq!(ada.page().texts("tbody tr.dim").len(), 3);
    // Dan sees his own alone, at the top of his tree.
    let mut dan = p.sign_in("dan@xyz.example");
    dan.get(&format!("{}/tree", list(&cast.xyz)));
    assert_eq!(dan.page().texts("tbody th a"), ["Corporate Network Devices"]);
    dan.get(&page(&cast, cast.corporate))
        .shows("Beyond your Virtual Accounts")
        .shows_not("Public Network Devices");
}

#[test]
fn ten_levels_are_the_most() {
    let (p, cast) = Portal::with_cast();
    let mut api = p.api("ada@xyz.example");
    let all = format!("/api/v1/accounts/{}/virtual-accounts", cast.xyz.number);
    let mut parent = serde_json::Value::Null;
    for level in 1..=10 {
        let made = api.post(
            &all,
            &json!({ "name": format!("Level {level:02}"), "parent": parent }),
        );
        assert_eq!(made.status, 201, "{}", made.body);
        parent = made.json()["id"].clone();
    }
    let refused = api.post(&all, &json!({ "name": "Level 11", "parent": parent }));
    assert_eq!(
        (refused.status, &refused.json()["code"]),
        (409, &json!("virtual-accounts.too-deep"))
    );
    let moved = api.post(
        &format!("{all}/{}/parent", cast.corporate),
        &json!({ "parent": parent }),
    );
    assert_eq!(moved.json()["code"], "virtual-accounts.too-deep");
    let mut ada = p.sign_in("ada@xyz.example");
    ada.get(&format!("{}/tree?per=10&page=2", list(&cast.xyz)))
        .shows("11\u{2013}13 of 13")
        .shows("Level 01 \u{203a} Level 02");
}

#[test]
fn the_default_one_is_handed_on_with_a_caution() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.sign_in("ada@xyz.example");
    let address = format!("{}/default", page(&cast, cast.public));
    ada.get(&address)
        .expect(200)
        .shows("new orders without a Virtual Account go there");
    ada.fill_and_submit("Set as Default Virtual Account", &[])
        .expect(200)
        .shows("Public Network Devices is the default Virtual Account now.");
    let events = p.events_of("virtual-account.default");
    assert_eq!(events.len(), 2, "the old one and the new one have a line each");
    assert_eq!(told(&events[0].detail, "before")["default"], "DEFAULT");
    ada.get(&list(&cast.xyz));
    assert_eq!(ada.page().texts("tbody th a")[0], "Public Network Devices");
    // Again is no change.
    let csrf = p.csrf_of(&ada);
    ada.post_fields(&address, &[("csrf", &csrf)]).expect(303);
    assert_eq!(p.events_of("virtual-account.default").len(), 2);
    // At once with the creation of one.
    ada.get(&format!("{}/new", list(&cast.xyz)));
    ada.fill_and_submit(
        "Create Virtual Account and View Details",
        &[("name", "Intake"), ("default", "1")],
    )
    .expect(200)
    .shows("Yes: new orders");
    let mut api = p.api("ada@xyz.example");
    let all = api
        .get(&format!("/api/v1/accounts/{}/virtual-accounts", cast.xyz.number))
        .json();
    let defaults: Vec<_> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["is_default"] == true)
        .collect();
    assert_eq!((defaults.len(), &defaults[0]["name"]), (1, &json!("Intake")));
}

#[test]
fn one_is_deleted_for_good_once_nothing_stands_in_its_way() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.sign_in("ada@xyz.example");
    let lab = create(&mut ada, &cast.xyz, "Lab", cast.corporate.as_str());
    // The default one, and one with others below it: the pop-up says why, and the server refuses.
    let csrf = p.csrf_of(&ada);
    for (id, name, says) in [
        (cast.xyz.default, "DEFAULT", "Set another one as default first."),
        (
            cast.corporate,
            "Corporate Network Devices",
            "nested below this one",
        ),
    ] {
        let address = format!("{}/delete", page(&cast, id));
        ada.get(&address)
            .expect(200)
            .shows(says)
            .shows_not("Type the name");
        ada.post_fields(&address, &[("csrf", &csrf), ("confirm", name)])
            .expect(409)
            .shows(says);
    }
    ada.get(&format!("{lab}/delete"))
        .expect(200)
        .shows("cannot be brought back");
    ada.fill_and_submit("Delete Virtual Account", &[("confirm", "DEFAULT")])
        .expect(422)
        .shows("Type Lab to delete this Virtual Account.");
    ada.fill_and_submit("Delete Virtual Account", &[("confirm", "lab")])
        .expect(200)
        .shows("The Virtual Account Lab was deleted.")
        .shows("3 Virtual Accounts");
    ada.get(&lab).expect(404);
    ada.get(&format!("{lab}/delete")).expect(404);
    // The record goes on to say where it happened, under the name that it had.
    ada.get(&format!("/sa/{}/activity", cast.xyz.number))
        .expect(200)
        .shows("Lab (deleted)");
    // Roles that were held on it go along, and the record keeps both.
    ada.get(&format!("{}/delete", page(&cast, cast.corporate)));
    ada.fill_and_submit(
        "Delete Virtual Account",
        &[("confirm", "Corporate Network Devices")],
    )
    .expect(200);
    p.sign_in("dan@xyz.example").get(&list(&cast.xyz)).expect(404);
    let removed = p.events_of("role.removed").pop().unwrap();
    assert!(removed.detail.contains("virtual-admin"));
    let deleted = p.events_of("virtual-account.deleted").pop().unwrap();
    assert_eq!(
        told(&deleted.detail, "before")["name"],
        "Corporate Network Devices"
    );
    // Only an administrator of the whole account.
    p.sign_in("una@xyz.example")
        .get(&format!("{}/delete", page(&cast, cast.public)))
        .expect(403);
    p.sign_in("eve@harborview.example")
        .get(&format!("{}/delete", page(&cast, cast.public)))
        .expect(404);
}

/// A room above that keeps things.
struct Warehouse(VirtualAccountId, Holding);

impl Occupant for Warehouse {
    fn holds(
        &self,
        _: &mut dyn Reads,
        _: SmartAccountId,
        ids: &[VirtualAccountId],
    ) -> Result<Vec<(VirtualAccountId, Holding)>> {
        Ok(ids
            .iter()
            .filter(|id| **id == self.0)
            .map(|id| (*id, self.1.clone()))
            .collect())
    }
}

#[test]
fn what_rooms_above_keep_in_it_stands_in_its_way() {
    let (p, cast) = Portal::with_cast();
    let permit = Permit::<DeleteVirtualAccount>::by_the_portal_in(cast.xyz.id, "tests");
    let at = p.clock.now();
    for (holding, code) in [
        (
            Holding::Things("12 licenses".to_owned()),
            "virtual-accounts.not-empty",
        ),
        (
            Holding::DeviceManager("Smart-On-Prem-Account".to_owned()),
            "virtual-accounts.bound",
        ),
    ] {
        let mut occupants = Occupants::default();
        occupants.add(Warehouse(cast.public, holding));
        let refused =
            p.db.write_now(|tx| virtual_accounts::delete(tx, &permit, &occupants, at, cast.public, None));
        assert!(matches!(refused, Err(Error::Refused(refusal)) if refusal.code == code));
        let other = virtual_accounts_left(&p, &cast);
        assert!(other.contains(&"Public Network Devices".to_owned()));
    }
    p.db.write_now(|tx| virtual_accounts::delete(tx, &permit, &Occupants::default(), at, cast.public, None))
        .unwrap();
    assert!(!virtual_accounts_left(&p, &cast).contains(&"Public Network Devices".to_owned()));
}

fn virtual_accounts_left(p: &Portal, cast: &Cast) -> Vec<String> {
    let account = cast.xyz.id;
    p.db.read_now(|r| virtual_accounts::names(r, &[account]))
        .unwrap()
        .into_iter()
        .map(|(_, _, name, _)| name)
        .collect()
}

#[test]
fn two_at_once_make_no_circle_and_one_default() {
    let (p, cast) = Portal::with_cast();
    for _ in 0..3 {
        let (one, two) = (cast.corporate, cast.public);
        let base = format!("/api/v1/accounts/{}/virtual-accounts", cast.xyz.number);
        let mut setter = p.api("ada@xyz.example");
        for id in [one, two] {
            assert_eq!(
                setter
                    .post(&format!("{base}/{id}/parent"), &json!({ "parent": null }))
                    .status,
                200
            );
        }
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let threads: Vec<_> = [(one, two), (two, one)]
                .into_iter()
                .map(|(moved, parent)| {
                    let (mut api, path) = (setter.clone(), format!("{base}/{moved}/parent"));
                    scope.spawn(move || api.post(&path, &json!({ "parent": parent })).status)
                })
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert_eq!(statuses.iter().filter(|s| **s == 200).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|s| **s == 409).count(), 1, "{statuses:?}");
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let threads: Vec<_> = [one, two]
                .into_iter()
                .map(|id| {
                    let (mut api, path) = (setter.clone(), format!("{base}/{id}/default"));
                    scope.spawn(move || api.post(&path, &json!({})).status)
                })
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert!(statuses.iter().all(|s| *s == 200), "{statuses:?}");
        let items = setter.get(&base).json()["items"].clone();
        let defaults = items
            .as_array()
            .unwrap()
            .iter()
            .filter(|one| one["is_default"] == true);
        assert_eq!(defaults.count(), 1);
    }
}

#[test]
fn the_api_does_what_the_pages_do() {
    let (p, cast) = Portal::with_cast();
    let all = format!("/api/v1/accounts/{}/virtual-accounts", cast.xyz.number);
    let mut ada = p.api("ada@xyz.example");
    let body = json!({ "name": "Lab", "tags": ["North", "north", "racks"], "access_level": "restricted", "preferred_end_date": "2031-01-31" });
    let made = ada.post_once(&all, "key-1", &body);
    assert_eq!(made.status, 201, "{}", made.body);
    let made = made.json();
    assert_eq!(ada.post_once(&all, "key-1", &body).json()["id"], made["id"]);
    assert_eq!(
        ada.post_once(&all, "key-1", &json!({ "name": "Other" })).status,
        422
    );
    assert_eq!(
        (&made["tags"], &made["version"]),
        (&json!(["North", "racks"]), &json!(1))
    );
    let one = format!("{all}/{}", made["id"].as_str().unwrap());
    let edited = ada
        .put(
            &one,
            &json!({ "name": "Lab 2", "access_level": "unrestricted", "version": 1 }),
        )
        .json();
    assert_eq!(
        (&edited["name"], &edited["version"], &edited["preferred_end_date"]),
        (&json!("Lab 2"), &json!(2), &json!(null))
    );
    assert_eq!(
        ada.put(
            &one,
            &json!({ "name": "Lab 3", "access_level": "unrestricted", "version": 1 })
        )
        .json()["code"],
        "stale"
    );
    assert_eq!(
        ada.post(&format!("{one}/parent"), &json!({ "parent": cast.public }))
            .json()["parent"],
        json!(cast.public)
    );
    assert_eq!(
        ada.delete(&format!("{all}/{}", cast.public)).json()["code"],
        "virtual-accounts.has-nested"
    );
    assert_eq!(ada.delete(&one).status, 204);
    assert_eq!(ada.get(&one).status, 404);
    assert_eq!(
        ada.get(&format!("{all}?per=10&page=1")).json()["items"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    assert_eq!(ada.get(&format!("{all}?sort=bogus")).status, 400);
    // Dan, in his own.
    let mut dan = p.api("dan@xyz.example");
    let nested = dan.post(&all, &json!({ "name": "Dan's", "parent": cast.corporate }));
    assert_eq!(nested.status, 201, "{}", nested.body);
    assert_eq!(nested.json()["users"], 1);
    assert_eq!(dan.post(&all, &json!({ "name": "Top" })).status, 403);
    assert_eq!(
        dan.post(&all, &json!({ "name": "Below", "parent": cast.public }))
            .status,
        422
    );
    assert_eq!(dan.delete(&format!("{all}/{}", cast.corporate)).status, 403);
    assert_eq!(p.api("vera@xyz.example").post(&all, &body).status, 403);
    assert_eq!(p.api("eve@harborview.example").post(&all, &body).status, 404);
}
