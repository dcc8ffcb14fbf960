//! The users of an On-Prem server: signing in with a user name, the first sign-in, and Admin Workspace, Users.

use crate::support::{Browser, PASSWORD, Page, Portal, link_in};
use chrono::TimeDelta;
use licentral::authn::system_users::{self, DEFAULT_PASSWORD};
use licentral::authn::{PersonState, PlatformRole};
use licentral::system_users as room;
use serde_json::json;

const INES: &str = "ines@on-prem.example";
const OMAR: &str = "omar@on-prem.example";
const UMA: &str = "uma@on-prem.example";
const NEW: &str = "teal cabin forty orbit";

fn try_in<'b>(browser: &'b mut Browser, login: &str, password: &str) -> &'b Page {
    browser.open("/login").expect(200);
    browser.fill_and_send(
        "form[action='/login']",
        &[("email", login), ("password", password)],
    )
}

pub fn with_users() -> Portal {
    let p = Portal::start_on_prem();
    p.system_user(INES, "Ines Okoro", PlatformRole::SystemAdministrator);
    p.system_user(OMAR, "Omar Feld", PlatformRole::SystemOperator);
    p.system_user(UMA, "Uma Sato", PlatformRole::SystemUser);
    p
}

// --- signing in

#[test]
fn a_user_signs_in_with_the_user_name_or_the_address() {
    let p = with_users();
    for login in ["uma", "UMA", UMA] {
        let mut uma = p.browser();
        let page = try_in(&mut uma, login, PASSWORD).expect(303).clone();
        assert_eq!(page.location(), Some("/on-prem-accounts"), "{login}");
        assert_eq!(uma.open("/profile").status, 200, "{login}");
    }
    let mut nobody = p.browser();
    for (login, password) in [("uma", "wrong"), ("nobody", PASSWORD), ("two words", PASSWORD)] {
        let page = try_in(&mut nobody, login, password).expect(422).clone();
        assert!(!page.text_of_main().contains("e-mail address or"), "{login}");
    }
    // Whether a user name exists is not told.
    let wrong = try_in(&mut nobody, "uma", "wrong").texts(".panel");
    let unknown = try_in(&mut nobody, "umb", "wrong").texts(".panel");
    assert_eq!(wrong, unknown);
}

#[test]
fn user_name_and_address_share_the_tries_and_the_lock_ends() {
    let p = with_users();
    let mut uma = p.browser();
    for login in ["uma", UMA, "uma", UMA, "uma"] {
        try_in(&mut uma, login, "wrong").expect(422);
    }
    try_in(&mut uma, UMA, PASSWORD)
        .expect(429)
        .shows("too many tries");
    p.advance_wall(TimeDelta::minutes(16));
    // All the tries are back: one miss does not lock again.
    try_in(&mut uma, "uma", "wrong").expect(422);
    try_in(&mut uma, "uma", PASSWORD).expect(303);
}

// --- the first sign-in

fn started_empty() -> Portal {
    let p = Portal::start_on_prem();
    let says = room::bootstrap(&p.parts).unwrap().unwrap();
    assert!(says.contains(DEFAULT_PASSWORD), "{says}");
    assert_eq!(room::bootstrap(&p.parts).unwrap(), None, "once");
    p
}

#[test]
fn the_first_sign_in_leads_through_the_wizard_and_nothing_else_opens() {
    let p = started_empty();
    let mut admin = p.browser();
    try_in(&mut admin, "admin", DEFAULT_PASSWORD).expect(303);
    for path in ["/", "/admin/users", "/profile", "/help", "/login", "/preferences"] {
        let page = admin.open(path).expect(303).clone();
        assert_eq!(page.location(), Some("/first-sign-in"), "{path}");
    }
    let csrf = admin.csrf();
    let page = admin
        .post_fields("/profile/api/new", &[("csrf", &csrf), ("name", "x")])
        .clone();
    assert_eq!(page.location(), Some("/first-sign-in"));
    admin.get("/").expect(200).shows("Language");
    admin
        .fill_and_submit("Next", &[])
        .expect(200)
        .shows("New password");
    for (password, says) in [
        (DEFAULT_PASSWORD, "the password that the server came with"),
        ("short", "at least 15 characters"),
    ] {
        admin
            .fill_and_submit("Next", &[("password", password), ("password_again", password)])
            .expect(422)
            .shows(says);
    }
    admin
        .fill_and_submit("Next", &[("password", NEW), ("password_again", NEW)])
        .expect(200)
        .shows("Nothing is changed yet");
    let mut early = p.browser();
    try_in(&mut early, "admin", NEW).expect(422);
    admin
        .fill_and_submit("Apply", &[])
        .expect(200)
        .shows("Sign in again");
    try_in(&mut admin, "admin", DEFAULT_PASSWORD).expect(422);
    try_in(&mut admin, "admin", NEW).expect(303);
    admin.get("/admin/users").expect(200).shows("Administrator");
    // Over is over.
    assert_eq!(admin.get("/first-sign-in").path, "/on-prem-accounts");
}

#[test]
fn a_review_of_another_session_sets_no_password() {
    let p = started_empty();
    let mut one = p.browser();
    try_in(&mut one, "admin", DEFAULT_PASSWORD).expect(303);
    one.get("/first-sign-in/password").expect(200);
    one.fill_and_submit("Next", &[("password", NEW), ("password_again", NEW)])
        .expect(200);
    let sealed = one.page().attrs("input[name=sealed]", "value")[0].clone();
    let mut other = p.browser();
    try_in(&mut other, "admin", DEFAULT_PASSWORD).expect(303);
    let csrf = other.csrf();
    for sealed in [sealed.as_str(), "", "rubbish"] {
        other
            .post_fields("/first-sign-in/apply", &[("csrf", &csrf), ("sealed", sealed)])
            .expect(422);
    }
    try_in(&mut p.browser(), "admin", NEW).expect(422);
}

#[test]
fn a_forgotten_password_is_set_through_the_mailed_link_alone() {
    let p = with_users();
    let mut uma = p.browser();
    // The same answer for whoever is there and whoever is not.
    let mut answers = Vec::new();
    for email in [UMA, "nobody@on-prem.example"] {
        uma.get("/password/forgot").expect(200);
        answers.push(
            uma.fill_and_submit("Send the letter", &[("email", email)])
                .text_of_main(),
        );
    }
    assert_eq!(answers[0], answers[1]);
    assert!(p.mail().all_to("nobody@on-prem.example").is_empty());
    // Without the link, or with another's, nothing is set.
    let csrf = uma.csrf();
    let fields = [
        ("csrf", csrf.as_str()),
        ("password", NEW),
        ("password_again", NEW),
    ];
    for token in [
        "x",
        "eyJhbGciOiJub25lIn0.e30.",
        &p.find_person(UMA).id.to_string(),
    ] {
        let page = uma
            .post_fields(&format!("/password/reset/{token}"), &fields)
            .clone();
        assert!(matches!(page.status, 404 | 410), "{token}: {}", page.status);
    }
    try_in(&mut p.browser(), "uma", NEW).expect(422);
    let link = link_in(&p.mail().last_to(UMA));
    uma.get(&link).expect(200);
    uma.fill_and_submit(
        "Set password",
        &[("password", "short"), ("password_again", "short")],
    )
    .expect(422)
    .shows("at least 15 characters");
    uma.fill_and_submit(
        "Set password",
        &[
            ("password", DEFAULT_PASSWORD),
            ("password_again", DEFAULT_PASSWORD),
        ],
    )
    .expect(422);
    uma.fill_and_submit("Set password", &[("password", NEW), ("password_again", NEW)])
        .expect(200);
    uma.open(&link).expect(410);
    try_in(&mut p.browser(), "uma", NEW).expect(303);
}

/// The two resets of the vendor's server that needed no sign-in: one answered the request for a code with what the code is
/// good for, the other believed the request that named a user.
#[test]
fn a_request_for_a_reset_answers_with_nothing_that_resets_and_a_link_is_for_its_own_user() {
    let p = with_users();
    let mut thief = p.browser();
    thief.get("/password/forgot").expect(200);
    thief
        .fill_and_submit("Send the letter", &[("email", UMA)])
        .expect(200);
    let answer = thief.page().clone();
    let link = link_in(&p.mail().last_to(UMA));
    let token = link.rsplit('/').next().unwrap().to_owned();
    let told = format!("{:?}{:?}{}", answer.headers, thief.cookies, answer.body);
    assert!(!told.contains(&token), "the answer holds the link");
    // By the addresses of the vendor, and by its fields at ours.
    for path in [
        "/backend/reset_password/generate_code",
        "/backend/reset_password",
        "/reset_password/generate_code",
        "/password/forgot/code",
    ] {
        thief.open(path);
        let csrf = thief.csrf();
        let page = thief
            .post_fields(path, &[("csrf", &csrf), ("uid", "uma")])
            .clone();
        assert_eq!(page.status, 404, "{path}");
    }
    // A link for Uma sets Uma's password, whomever the form names.
    let csrf = thief.csrf();
    let ines = p.find_person(INES).id.to_string();
    for (field, value) in [("uid", "ines"), ("email", INES), ("person", ines.as_str())] {
        let fields = [
            ("csrf", csrf.as_str()),
            ("password", NEW),
            ("password_again", NEW),
            (field, value),
        ];
        let path = format!("/password/reset/{token}");
        assert_eq!(thief.post_fields(&path, &fields).status, 400, "{field}");
    }
    for who in ["ines", "uma"] {
        try_in(&mut p.browser(), who, NEW).expect(422);
        try_in(&mut p.browser(), who, PASSWORD).expect(303);
    }
}

#[test]
fn nobody_raises_their_own_role_in_a_local_account() {
    let (p, cast) = Portal::with_local_cast();
    let before =
        p.db.read_now(|r| licentral::authz::grants::in_account(r, cast.ours.id))
            .unwrap()
            .len();
    for email in [
        "luis@on-prem.example",
        "vito@on-prem.example",
        "ulla@on-prem.example",
    ] {
        let id = p.find_person(email).id;
        let base = format!("/api/v1/accounts/{}/users", cast.ours.number);
        let mut api = p.api(email);
        for role in ["account-admin", "account-user", "virtual-admin"] {
            let on = if role.starts_with("virtual") {
                serde_json::json!({ "role": role, "virtual_accounts": [cast.public, cast.corporate] })
            } else {
                serde_json::json!({ "role": role })
            };
            let reply = api.post(&format!("{base}/{id}/roles"), &on);
            assert!(
                matches!(reply.status, 403 | 404 | 409),
                "{email} {role}: {} {}",
                reply.status,
                reply.body
            );
            let reply = api.post(&base, &serde_json::json!({ "emails": [email], "role": role }));
            assert!(
                matches!(reply.status, 403 | 409 | 422),
                "{email} {role}: {} {}",
                reply.status,
                reply.body
            );
        }
    }
    let after =
        p.db.read_now(|r| licentral::authz::grants::in_account(r, cast.ours.id))
            .unwrap()
            .len();
    assert_eq!(before, after);
}

// --- Admin Workspace, Users

#[test]
fn an_administrator_makes_a_user_who_sets_a_password_and_signs_in() {
    let p = with_users();
    let mut ines = p.sign_in(INES);
    ines.get("/admin/users/new").expect(200);
    ines.fill_and_submit(
        "Create",
        &[
            ("user_name", "two words"),
            ("name", ""),
            ("email", "x"),
            ("role", ""),
        ],
    )
    .expect(422)
    .shows("letters, digits");
    let good = [
        ("user_name", "nils"),
        ("name", "Nils Berg"),
        ("email", "nils@on-prem.example"),
        ("role", "System Operator"),
    ];
    ines.fill_and_submit("Create", &good)
        .expect(200)
        .shows("Nils Berg was added");
    ines.shows_row("nils", "Invited");
    // Neither the address nor the user name is given twice.
    ines.get("/admin/users/new").expect(200);
    ines.fill_and_submit("Create", &good)
        .expect(409)
        .shows("has a user account already");
    ines.fill_and_submit(
        "Create",
        &[("user_name", "NILS"), ("email", "n2@on-prem.example")],
    )
    .expect(409)
    .shows("is taken");
    let link = link_in(&p.mail().last_to("nils@on-prem.example"));
    let mut nils = p.browser();
    nils.get(&link).expect(200);
    nils.fill_and_submit(
        "form.fields",
        &[("name", "Nils Berg"), ("password", NEW), ("password_again", NEW)],
    )
    .expect(200);
    try_in(&mut p.browser(), "nils", NEW).expect(303);
    nils.get("/admin/users")
        .expect(200)
        .shows("managed by a System Administrator");
    nils.open("/admin/users/new").expect(403);
}

impl Browser {
    /// Fails when no row of the table holds both.
    #[track_caller]
    fn shows_row(&self, one: &str, other: &str) {
        let rows = self.page().texts("tbody tr");
        assert!(
            rows.iter().any(|row| row.contains(one) && row.contains(other)),
            "no row with {one:?} and {other:?}: {rows:#?}"
        );
    }
}

#[test]
fn nobody_raises_themselves_and_the_last_administrator_stays() {
    let p = with_users();
    let id = |email: &str| p.find_person(email).id;
    let mut ines = p.sign_in(INES);
    // Oneself, by the form and by a direct request.
    ines.get(&format!("/admin/users/{}/edit", id(INES))).expect(200);
    ines.fill_and_submit("Save", &[("role", "system-user")])
        .expect(409)
        .shows("Nobody changes their own role");
    let csrf = ines.csrf();
    for what in ["disable", "remove"] {
        let page = ines
            .post_fields(&format!("/admin/users/{}/{what}", id(INES)), &[("csrf", &csrf)])
            .expect(409)
            .clone();
        assert!(
            page.body.contains("themselves"),
            "{what}: {}",
            page.text_of_main()
        );
    }
    // An operator and a user raise nobody, whatever they send.
    for email in [OMAR, UMA] {
        let mut browser = p.sign_in(email);
        let csrf = browser.csrf();
        let path = format!("/admin/users/{}/edit", id(email));
        browser
            .post_fields(
                &path,
                &[
                    ("csrf", &csrf),
                    ("name", "X"),
                    ("role", "system-administrator"),
                    ("version", "1"),
                ],
            )
            .expect(403);
    }
    // A second administrator may go, and the last may not.
    p.system_user(
        "zoe@on-prem.example",
        "Zoe Lind",
        PlatformRole::SystemAdministrator,
    );
    let mut zoe = p.sign_in("zoe@on-prem.example");
    zoe.get(&format!("/admin/users/{}/edit", id(INES))).expect(200);
    zoe.fill_and_submit("Save", &[("role", "system-operator")])
        .expect(200);
    zoe.get(&format!("/admin/users/{}/edit", id("zoe@on-prem.example")))
        .expect(200);
    let refused = p.db.read_now(|r| system_users::active_administrators(r)).unwrap();
    assert_eq!(refused, 1);
    ines.open("/admin/users/new").expect(403);
    let events = p.events_of("system-user.changed");
    assert!(
        events[0].detail.contains("system-operator"),
        "{}",
        events[0].detail
    );
}

#[test]
fn a_disabled_user_is_out_at_once_and_a_removed_one_can_come_back() {
    let p = with_users();
    let uma_id = p.find_person(UMA).id;
    let (mut ines, mut uma) = (p.sign_in(INES), p.sign_in(UMA));
    uma.get("/profile").expect(200);
    ines.get(&format!("/admin/users/{uma_id}/disable")).expect(200);
    ines.fill_and_submit("Disable", &[])
        .expect(200)
        .shows("can no longer sign in");
    assert_eq!(uma.get("/profile").path.split('?').next(), Some("/login"));
    try_in(&mut uma, "uma", PASSWORD).expect(422);
    // A disabled user gets no link.
    let csrf = ines.csrf();
    ines.post_fields(
        &format!("/admin/users/{uma_id}/reset-password"),
        &[("csrf", &csrf)],
    )
    .expect(409);
    ines.post_fields(&format!("/admin/users/{uma_id}/enable"), &[("csrf", &csrf)])
        .expect(303);
    try_in(&mut uma, "uma", PASSWORD).expect(303);
    ines.get(&format!("/admin/users/{uma_id}/reset-password"))
        .expect(200);
    ines.fill_and_submit("Send the letter", &[])
        .expect(200)
        .shows("on its way");
    assert!(p.mail().last_to(UMA).text.contains("/password/reset/"));
    ines.get(&format!("/admin/users/{uma_id}/remove")).expect(200);
    ines.fill_and_submit("Remove", &[])
        .expect(200)
        .shows("was removed");
    try_in(&mut p.browser(), "uma", PASSWORD).expect(422);
    ines.open(&format!("/admin/users/{uma_id}/edit")).expect(404);
    ines.get("/admin/users/new").expect(200);
    ines.fill_and_submit(
        "Create",
        &[
            ("user_name", "uma"),
            ("name", "Uma Sato"),
            ("email", UMA),
            ("role", "System User"),
        ],
    )
    .expect(200);
    assert_eq!(p.find_person(UMA).state, PersonState::Invited);
}

#[test]
fn the_list_is_searched_sorted_filtered_and_taken_out() {
    let p = with_users();
    let mut ines = p.sign_in(INES);
    let page = ines.get("/admin/users?q=FELD").expect(200);
    assert_eq!(page.texts("tbody tr").len(), 1);
    // As it is copied out of a mail, of the page, or of a list.
    for copied in [
        "Omar Feld <omar@on-prem.example>",
        "\u{201c}omar\u{201d}",
        "omar@on-prem.example\u{a0}",
        "omar feld",
    ] {
        let q: String = url::form_urlencoded::byte_serialize(copied.as_bytes()).collect();
        let page = ines.get(&format!("/admin/users?q={q}")).expect(200);
        assert_eq!(page.texts("tbody tr").len(), 1, "{copied:?}");
    }
    let page = ines
        .get("/admin/users?role=system-user&status=active")
        .expect(200);
    assert_eq!(page.texts("tbody tr").len(), 1);
    let first = |page: &Page| page.texts("tbody tr th")[0].clone();
    assert!(first(ines.get("/admin/users?sort=name")).contains("ines"));
    assert!(first(ines.get("/admin/users?sort=-email")).contains("uma"));
    // Whoever has signed in last comes first.
    try_in(&mut p.browser(), "omar", PASSWORD).expect(303);
    assert!(first(ines.get("/admin/users?sort=-last")).contains("omar"));
    ines.get("/admin/users?q=nothing-like-it")
        .expect(200)
        .shows("No users match");
    let csv = ines.open("/admin/users.csv?q=omar").expect(200).body.clone();
    assert!(
        csv.contains("omar,Omar Feld,omar@on-prem.example,System Operator,Active,20"),
        "{csv}"
    );
    assert!(!csv.contains("Uma"), "{csv}");
    p.sign_in(UMA).open("/admin/users.csv").expect(403);
}

#[test]
fn whoever_is_invited_to_a_local_account_becomes_a_user_of_the_server() {
    let (p, cast) = Portal::with_local_cast();
    let mut lara = p.sign_in("lara@on-prem.example");
    let answer = lara
        .get(&format!("/sa/{}/account/users/add", cast.ours.number))
        .expect(200)
        .clone();
    let body = &answer.body;
    for gone in ["Approver", "Viewer", "Smart Account"] {
        assert!(!body.contains(gone), "{gone} is offered on an On-Prem server");
    }
    assert!(body.contains("Local Virtual Account User"));
    let mut api = p.api("lara@on-prem.example");
    api.post(
        &format!("/api/v1/accounts/{}/users", cast.ours.number),
        &serde_json::json!({ "emails": ["new@on-prem.example"], "role": "account-user" }),
    )
    .expect(200);
    let mut ines = p.sign_in(INES);
    ines.get("/admin/users?q=new%40on-prem").expect(200);
    ines.shows_row("new@on-prem.example", "System User");
}

#[test]
fn scripts_manage_the_users_by_the_rules_of_the_pages() {
    let p = with_users();
    const ALL: &str = "/api/v1/on-prem/users";
    let mut ines = p.api(INES);
    let list = ines
        .get(&format!("{ALL}?role=system-operator"))
        .expect(200)
        .json();
    assert_eq!(
        (&list["total"], &list["items"][0]["user_name"]),
        (&json!(1), &json!("omar"))
    );
    ines.get(&format!("{ALL}?role=king")).expect(400);
    let new = json!({ "user_name": "nina", "name": "Nina Falk", "email": "nina@on-prem.example", "role": "system-user" });
    let made = ines.post(ALL, &new).expect(201).json();
    assert_eq!(
        (&made["status"], &made["role"]),
        (&json!("invited"), &json!("system-user"))
    );
    assert_eq!(
        ines.post(ALL, &new).expect(409).json()["code"],
        "people.address-taken"
    );
    ines.post(
        ALL,
        &json!({ "user_name": "", "name": "X", "email": "x", "role": "king" }),
    )
    .expect(422);
    let one = format!("{ALL}/{}", made["id"].as_str().unwrap());
    let changed = ines
        .patch(&one, &json!({ "role": "system-operator" }))
        .expect(200)
        .json();
    assert_eq!(
        (&changed["role"], &changed["name"]),
        (&json!("system-operator"), &json!("Nina Falk"))
    );
    let own = p.find_person(INES).id;
    let refused = ines.patch(&format!("{ALL}/{own}"), &json!({ "role": "system-user" }));
    assert_eq!(refused.expect(409).json()["code"], "system-users.yourself");
    // All of what is asked for is done or nothing.
    let before = ines.get(&format!("{ALL}/{own}")).expect(200).json();
    let both = json!({ "name": "Somebody Else", "enabled": false });
    let refused = ines.patch(&format!("{ALL}/{own}"), &both);
    assert_eq!(refused.expect(409).json()["code"], "system-users.yourself");
    assert_eq!(ines.get(&format!("{ALL}/{own}")).json(), before);
    let renamed = json!({ "name": "Nina Falk-Berg", "enabled": true });
    let renamed = ines.patch(&one, &renamed).expect(200).json();
    assert_eq!(renamed["name"], "Nina Falk-Berg", "though she was enabled before");
    let off = ines.patch(&one, &json!({ "enabled": false })).expect(200).json();
    assert_eq!(off["status"], "disabled");
    let omar = p.find_person(OMAR).id;
    ines.post(&format!("{ALL}/{omar}/reset-password"), &json!({}))
        .expect(204);
    ines.delete(&one).expect(204);
    ines.get(&one).expect(404);
    let mut reads = p.api(OMAR);
    reads.get(ALL).expect(200);
    reads.post(ALL, &new).expect(403);
    p.api(UMA).get(ALL).expect(403);
}
