//! Asking for access to a Smart Account, from every side, and what the clock does with it.

use crate::support::{Browser, Cast, Portal, link_in};
use chrono::TimeDelta;
use diesel::prelude::*;
use licentral::authz::Role;
use licentral::authz::action::CreateTopVirtualAccount;
use licentral::authz::{Permit, grants};
use licentral::kernel::ids::VirtualAccountId;
use licentral::platform::db::Reads;
use licentral::platform::db::schema::smart_accounts;
use licentral::virtual_accounts::{self, AccessLevel, NewVirtualAccount};
use serde_json::{Value, json};

const ADA: &str = "ada@xyz.example";
const CY: &str = "cy@xyz.example";
const DAN: &str = "dan@xyz.example";
const NOA: &str = "noa@newcomer.example";
const PAT: &str = "pat@bramwell.example";

fn base(cast: &Cast) -> String {
    format!("/sa/{}/account/requests", cast.xyz.number)
}

fn api(cast: &Cast) -> String {
    format!("/api/v1/accounts/{}", cast.xyz.number)
}

/// Asks through the API; the request as it is answered.
fn ask(p: &Portal, who: &str, role: &str, places: &[VirtualAccountId]) -> Value {
    let scope = if places.is_empty() {
        "account"
    } else {
        "virtual-accounts"
    };
    p.api(who)
        .post(
            "/api/v1/access-requests",
            &json!({ "domain": "xyz.example", "scope": scope, "role": role, "virtual_accounts": places }),
        )
        .expect(201)
        .json()
}

fn id(request: &Value) -> String {
    request["id"].as_str().unwrap().to_owned()
}

fn state(p: &Portal, who: &str, id: &str) -> String {
    p.api(who)
        .get(&format!("/api/v1/access-requests/{id}"))
        .expect(200)
        .json()["state"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn subjects(p: &Portal, to: &str) -> Vec<String> {
    p.mail().all_to(to).into_iter().map(|l| l.subject).collect()
}

fn held(p: &Portal, cast: &Cast, who: &str) -> Vec<(Option<VirtualAccountId>, Role)> {
    let (account, person) = (cast.xyz.id, p.find_person(who).id);
    p.db.read_now(|r| grants::of_person_in(r, account, person))
        .unwrap()
        .into_iter()
        .map(|grant| (grant.virtual_account, grant.role))
        .collect()
}

fn restricted(p: &Portal, cast: &Cast, name: &str) -> VirtualAccountId {
    let (id, at) = (VirtualAccountId::new(), p.clock.now());
    let permit = Permit::<CreateTopVirtualAccount>::by_the_portal_in(cast.xyz.id, "tests");
    let new = NewVirtualAccount {
        access_level: AccessLevel::Restricted,
        ..NewVirtualAccount::named(name, "Hidden.")
    };
    p.db.write_now(|tx| virtual_accounts::create(tx, &permit, at, id, &new))
        .unwrap();
    id
}

/// What the menu of the open page says of requests.
fn menu(browser: &Browser) -> Option<String> {
    browser
        .page()
        .texts("nav.side a")
        .into_iter()
        .find(|text| text.starts_with("Pending Access Requests"))
}

/// Goes through the steps up to the review.
fn steps(browser: &mut Browser, scope: &str, role: &str, places: &[String]) {
    browser.get("/access/request?domain=xyz.example").expect(200);
    browser
        .fill_and_submit("Next", &[("scope", scope), ("role", role)])
        .expect(200);
    if scope == "virtual-accounts" {
        browser.page().shows("Available Virtual Accounts");
        let fields: Vec<(&str, &str)> = places.iter().map(|id| ("va", id.as_str())).collect();
        browser.fill_and_submit("Next", &fields).expect(200);
    }
    browser.page().shows("Review");
}

#[test]
fn a_newcomer_asks_step_by_step_and_is_given_less_than_asked() {
    let (p, cast) = Portal::with_cast();
    let mut noa = p.sign_in(NOA);
    noa.get("/access")
        .expect(200)
        .shows("Request access to another account");
    noa.click("Request access to another account").expect(200);
    noa.fill_and_submit("Next", &[("account", "xyz company")])
        .expect(200)
        .shows("Scope of access")
        .shows("User role")
        .shows("Entire Smart Account")
        .shows("Selected Virtual Accounts")
        .shows("Needs an email address in xyz.example");
    noa.fill_and_submit("Next", &[])
        .expect(422)
        .shows("Choose the scope of access.");
    steps(
        &mut noa,
        "virtual-accounts",
        "virtual-admin",
        &[cast.corporate.to_string(), cast.public.to_string()],
    );
    noa.page()
        .shows("Virtual Account Administrator of Corporate Network Devices, Public Network Devices");
    noa.fill_and_submit("Submit", &[("note", "I run the switches.")])
        .expect(200)
        .shows("Access request AR-")
        .shows("Requested: Virtual Account Administrator");
    let asked = p.api(NOA).get("/api/v1/access-requests").expect(200).json();
    let request = id(&asked["items"][0]);
    assert!(
        asked["items"][0]["reference"]
            .as_str()
            .unwrap()
            .starts_with("AR-")
    );

    // The requester has a receipt, the administrator a letter with a link of her own, Dan none: it is not all his.
    assert!(subjects(&p, NOA)[0].contains("was sent"));
    assert_eq!(subjects(&p, ADA).len(), 1);
    assert!(subjects(&p, DAN).is_empty() && subjects(&p, CY).is_empty());
    let letter = p.mail().last_to(ADA);
    assert!(letter.text.contains("I run the switches.") && letter.html.contains("I run the switches."));
    let link = link_in(&letter);
    assert!(link.starts_with("/ar/"), "{link}");

    // The link leads a signed-out person to sign in, another person nowhere, and decides nothing.
    p.browser().open(&link).expect(303);
    p.sign_in(CY).open(&link).expect(403);
    let mut ada = p.sign_in(ADA);
    let before = p.fingerprint();
    ada.get(&link)
        .expect(200)
        .shows("Noa Brandt")
        .shows("I run the switches.")
        .shows("Decline")
        .shows("Next");
    before.assert_same(&p.fingerprint(), "opening the link");

    // The count stands in the menu and on the Overview.
    ada.get(&format!("/sa/{}", cast.xyz.number))
        .shows("1 access request is pending");
    assert_eq!(menu(&ada), Some("Pending Access Requests 1 waiting".to_owned()));
    ada.get(&base(&cast)).shows("Noa Brandt");
    ada.click("Pending , request").expect(200);
    ada.click("Next").expect(200).shows("Approve access request");
    ada.fill_and_submit(
        "Approve",
        &[("role", "virtual-viewer"), ("va", cast.public.as_str())],
    )
    .expect(200)
    .shows("was approved")
    .shows("No requests are waiting");
    assert_eq!(held(&p, &cast, NOA), [(Some(cast.public), Role::VirtualViewer)]);
    let letter = p.mail().last_to(NOA);
    assert!(letter.subject.starts_with("Approved:"), "{}", letter.subject);
    assert!(
        letter
            .text
            .contains("Virtual Account Viewer of Public Network Devices")
    );
    let event = p.events_of("access-request.approved").remove(0);
    let detail: Value = serde_json::from_str(&event.detail).unwrap();
    assert_eq!(detail["before"]["state"], "pending");
    assert_eq!(detail["after"]["role"], "virtual-viewer");
    assert_eq!(p.events_of("role.granted").len(), 1);

    // A decided request is decided: who, when and what is said.
    let again = p.api(ADA).post(
        &format!("{}/access-requests/{request}/decline", api(&cast)),
        &json!({}),
    );
    again.expect(409);
    assert_eq!(again.json()["code"], "access-requests.decided");
    let says = again.json()["detail"].as_str().unwrap().to_owned();
    for words in [
        "Ada Lindqvist",
        "approved this request on",
        "Virtual Account Viewer",
    ] {
        assert!(says.contains(words), "{says}");
    }
    // The old link still leads its owner to what became of it.
    ada.get(&link).expect(200).shows("approved this request on");
    ada.get(&format!("{}/decided", base(&cast)))
        .shows("Noa Brandt")
        .shows("Approved");
    assert!(
        ada.get(&format!("{}/decided.csv", base(&cast)))
            .body
            .contains("Virtual Account Viewer of Public Network Devices")
    );
    noa.get("/access/requests").shows("Approved");
    noa.get(&format!("/sa/{}", cast.xyz.number)).expect(200);
}

#[test]
fn declined_with_a_reason_and_asked_again() {
    let (p, cast) = Portal::with_cast();
    let request = id(&ask(&p, PAT, "account-user", &[]));
    let mut ada = p.sign_in(ADA);
    ada.get(&format!("{}/{request}/decline", base(&cast)))
        .expect(200)
        .shows("Decline access request");
    ada.fill_and_submit("Decline", &[("reason", "x\u{202e}y")])
        .expect(422)
        .shows("cannot be shown");
    ada.fill_and_submit(
        "Decline",
        &[("reason", "Ask for a Virtual Account role instead.")],
    )
    .expect(200)
    .shows("was declined");
    let letter = p.mail().last_to(PAT);
    assert!(letter.text.contains("Ask for a Virtual Account role instead."));
    assert_eq!(state(&p, PAT, &request), "declined");
    assert!(held(&p, &cast, PAT).is_empty());
    // After a decision one may ask again; the reason is optional.
    let request = id(&ask(&p, PAT, "virtual-user", &[cast.corporate]));
    p.api(ADA)
        .post(
            &format!("{}/access-requests/{request}/decline", api(&cast)),
            &json!({}),
        )
        .expect(200);
    ada.get(&format!("{}/decided?status=declined", base(&cast)))
        .shows("2 requests")
        .shows("Pat Quill");
    ada.get(&format!(
        "{}/decided?q=AR-&sort=-requester&role=account-user",
        base(&cast)
    ))
    .shows("1 request");
    ada.get(&format!("{}/decided?q=nobody", base(&cast)))
        .shows("No requests match");
}

#[test]
fn what_cannot_be_asked_is_said() {
    let (p, cast) = Portal::with_cast();
    let post = |who: &str, body: Value| p.api(who).post("/api/v1/access-requests", &body);
    let body =
        |domain: &str, scope: &str, role: &str| json!({ "domain": domain, "scope": scope, "role": role });
    let code = |page: &crate::support::Page| page.json()["code"].as_str().unwrap_or_default().to_owned();

    // Twice, by page and by script.
    ask(&p, NOA, "account-viewer", &[]);
    let twice = post(NOA, body("xyz.example", "account", "account-user"));
    assert_eq!(
        (twice.status, code(&twice).as_str()),
        (409, "access-requests.pending")
    );
    let mut noa = p.sign_in(NOA);
    noa.get("/access/request?domain=xyz.example&scope=account&role=account-user&step=2")
        .expect(409)
        .shows("asked for access to this Smart Account already");
    assert!(
        !noa.get("/access?q=xyz")
            .body
            .contains("/access/request?domain=xyz.example")
    );

    // What one has.
    for (who, role) in [(CY, "account-user"), (ADA, "account-viewer")] {
        let has = post(who, body("xyz.example", "account", role));
        assert_eq!(
            (has.status, code(&has).as_str()),
            (409, "access-requests.has-role"),
            "{who}"
        );
    }
    let mut cy = p.sign_in(CY);
    cy.get("/access/request?domain=xyz.example&scope=account&role=account-user&step=2")
        .expect(409)
        .shows("You have this already: Smart Account User of the entire Smart Account.");

    // A role that does not fit the scope, nothing selected, an Approver of another domain.
    for (scope, role) in [
        ("account", "virtual-user"),
        ("virtual-accounts", "account-user"),
        ("virtual-accounts", "virtual-user"),
    ] {
        post(PAT, body("xyz.example", scope, role)).expect(422);
    }
    let approver = post(PAT, body("xyz.example", "account", "account-approver"));
    assert_eq!(code(&approver), "members.approver-domain");

    // A Virtual Account of another account, and none at all.
    let other = p.virtual_account(&cast.bramwell, "Other");
    for place in [other, VirtualAccountId::new()] {
        post(PAT, json!({ "domain": "xyz.example", "scope": "virtual-accounts", "role": "virtual-user", "virtual_accounts": [place] }))
            .expect(422);
    }

    // Unknown, Pending and a part of a Restricted name: one answer.
    let mut pat = p.sign_in(PAT);
    pat.get("/access/request-for-customer");
    pat.fill_and_send(
        "Send Request",
        &[
            ("name", "Alder Ridge"),
            ("domain", "alder.example"),
            ("customer_emails", "it@alder.example"),
        ],
    )
    .expect(303);
    let mut faces = Vec::new();
    for typed in [
        "nothing.example",
        "alder.example",
        "Alder Ridge",
        "Harborview",
        "harborview",
        "view.example",
    ] {
        noa.get("/access/request");
        let page = noa.fill_and_submit("Next", &[("account", typed)]).expect(422);
        faces.push(page.text_of_main().replace(typed, ""));
    }
    faces.dedup();
    assert_eq!(faces.len(), 1, "{faces:#?}");
    // All of a Restricted name or domain is enough.
    for typed in ["harborview.example", "HARBORVIEW clinics"] {
        noa.get("/access/request");
        noa.fill_and_submit("Next", &[("account", typed)])
            .expect(200)
            .shows("Harborview Clinics");
    }

    // An Inactive account is found and cannot be asked.
    let id = cast.bramwell.id;
    p.db.housekeeping_now(|tx| {
        diesel::update(smart_accounts::table.filter(smart_accounts::id.eq(id.as_str())))
            .set(smart_accounts::state.eq("inactive"))
            .execute(tx.conn())?;
        Ok(())
    })
    .unwrap();
    noa.get("/access/request?domain=bramwell.example")
        .expect(409)
        .shows("Active Smart Account only");
    let inactive = post(NOA, body("bramwell.example", "account", "account-user"));
    assert_eq!(code(&inactive), "access-requests.account-not-active");
}

#[test]
fn a_restricted_virtual_account_is_asked_for_by_its_exact_name_alone() {
    let (p, cast) = Portal::with_cast();
    let vault = restricted(&p, &cast, "Vault");
    let mut noa = p.sign_in(NOA);
    let step = "/access/request?domain=xyz.example&scope=virtual-accounts&role=virtual-user&step=2";
    noa.get(step)
        .expect(200)
        .shows("Corporate Network Devices")
        .shows_not("Vault");
    noa.get("/access?q=xyz").shows_not("Vault");
    // By its id it is as if it were not there, by a part of its name as well.
    p.api(NOA)
        .post("/api/v1/access-requests", &json!({ "domain": "xyz.example", "scope": "virtual-accounts", "role": "virtual-user", "virtual_accounts": [vault] }))
        .expect(422);
    noa.get(step);
    noa.fill_and_submit("Next", &[("names", "Vaul")])
        .expect(422)
        .shows("has exactly the name");
    noa.fill_and_submit("Next", &[("names", "  vault ")])
        .expect(200)
        .shows("Virtual Account User of Vault");
    noa.fill_and_submit("Submit", &[]).expect(200);
    // Who has a role over the whole account sees it.
    p.sign_in("vera@xyz.example").get(step).shows("Vault");
}

#[test]
fn a_virtual_account_administrator_decides_what_is_wholly_theirs() {
    let (p, cast) = Portal::with_cast();
    let theirs = id(&ask(&p, NOA, "virtual-user", &[cast.corporate]));
    let wider = id(&ask(&p, PAT, "virtual-user", &[cast.corporate, cast.public]));
    let whole = id(&ask(&p, "eve@harborview.example", "account-viewer", &[]));
    let mut dan = p.sign_in(DAN);
    dan.get(&base(&cast))
        .expect(200)
        .shows("Noa Brandt")
        .shows_not("Pat Quill")
        .shows_not("Eve Castellan")
        .shows("Pending Access Requests 1");
    assert_eq!(subjects(&p, DAN).len(), 1);
    for other in [&wider, &whole] {
        dan.get(&format!("{}/{other}", base(&cast))).expect(404);
        p.api(DAN)
            .post(
                &format!("{}/access-requests/{other}/decline", api(&cast)),
                &json!({}),
            )
            .expect(404);
    }
    // Not more than theirs: neither another place nor a role over the account.
    let approve = format!("{}/access-requests/{theirs}/approve", api(&cast));
    for body in [
        json!({ "scope": "virtual-accounts", "role": "virtual-user", "virtual_accounts": [cast.public] }),
        json!({ "scope": "account", "role": "account-viewer" }),
    ] {
        let page = p.api(DAN).post(&approve, &body);
        page.expect(409);
        assert_eq!(page.json()["code"], "access-requests.beyond-your-role");
    }
    dan.get(&format!("{}/{theirs}/approve", base(&cast)))
        .shows("gives roles in their own Virtual Accounts alone")
        .shows_not("Public Network Devices");
    dan.fill_and_submit("Approve", &[])
        .expect(200)
        .shows("was approved");
    assert_eq!(held(&p, &cast, NOA), [(Some(cast.corporate), Role::VirtualUser)]);
    // A colleague without the right has no such page, and no entry in the menu.
    for colleague in ["bob@xyz.example", CY, "vera@xyz.example", "una@xyz.example"] {
        let mut browser = p.sign_in(colleague);
        browser.get(&base(&cast)).expect(403);
        browser
            .get(&format!("/sa/{}", cast.xyz.number))
            .shows_not("Pending Access Requests");
    }
    // A stranger learns nothing.
    p.sign_in("eve@harborview.example")
        .get(&format!("{}/{wider}", base(&cast)))
        .expect(404);
    p.sign_in(PAT)
        .get(&format!("/access/requests/{whole}"))
        .expect(404);
    // The rules of the account are read by who decides, and changed by its administrator.
    dan.get(&format!("{}/automation", base(&cast)))
        .expect(200)
        .shows("cannot change access request Automation settings")
        .shows("Ada Lindqvist");
    dan.get(&format!("{}/automation/rules/new", base(&cast)))
        .expect(403);
    p.api(DAN)
        .put(
            &format!("{}/access-request-settings", api(&cast)),
            &json!({ "remind_days": 1, "expire_days": 2, "rules": [], "version": 0 }),
        )
        .expect(403);
}

#[test]
fn the_requester_withdraws() {
    let (p, cast) = Portal::with_cast();
    let request = id(&ask(&p, NOA, "account-viewer", &[]));
    p.run_jobs();
    let link = link_in(&p.mail().last_to(ADA));
    p.sign_in(PAT)
        .get(&format!("/access/requests/{request}/withdraw"))
        .expect(404);
    let mut noa = p.sign_in(NOA);
    noa.get(&format!("/access/requests/{request}"));
    noa.click("Withdraw request").expect(200);
    noa.fill_and_submit("Withdraw request", &[])
        .expect(200)
        .shows("was withdrawn")
        .shows("Withdrawn");
    let approve = p.api(ADA).post(
        &format!("{}/access-requests/{request}/approve", api(&cast)),
        &json!({ "scope": "account", "role": "account-viewer" }),
    );
    assert!(
        approve.expect(409).json()["detail"]
            .as_str()
            .unwrap()
            .contains("withdrew")
    );
    // The link is dead for everybody but the one to whom it was sent.
    p.browser().open(&link).expect(410);
    p.sign_in(ADA)
        .get(&link)
        .expect(200)
        .shows("withdrew this request");
    noa.post_fields(
        &format!("/access/requests/{request}/withdraw"),
        &[("csrf", &noa.csrf())],
    )
    .expect(409);
}

#[test]
fn rules_decide_in_order() {
    let (p, cast) = Portal::with_cast();
    let settings = format!("{}/access-request-settings", api(&cast));
    let rules = json!([
        { "domain": "bramwell.example", "asked_role": "account-admin", "verdict": "ask" },
        { "domain": "bramwell.example", "verdict": "approve", "scope": "virtual-accounts", "role": "virtual-viewer", "virtual_accounts": [cast.public] },
        { "domain": "newcomer.example", "verdict": "decline", "reason": "Write to your manager first." },
    ]);
    let mut ada = p.api(ADA);
    let kept = ada
        .put(
            &settings,
            &json!({ "remind_days": 7, "expire_days": 14, "rules": rules, "version": 0 }),
        )
        .expect(200)
        .json();
    assert_eq!(kept["rules"].as_array().unwrap().len(), 3);
    // A second writer who looked at the same version is told.
    ada.put(
        &settings,
        &json!({ "remind_days": 1, "expire_days": 14, "rules": [], "version": 0 }),
    )
    .expect(409);

    // The administrator's role is asked about, another is given what the rule says.
    p.person("pia@bramwell.example", "Pia Bram");
    p.person("sub@lab.bramwell.example", "Sub Lab");
    assert_eq!(ask(&p, PAT, "account-admin", &[])["state"], "pending");
    let given = ask(&p, "pia@bramwell.example", "account-user", &[]);
    assert_eq!(
        (&given["state"], &given["given_role"]),
        (&json!("auto-approved"), &json!("virtual-viewer"))
    );
    assert_eq!(
        held(&p, &cast, "pia@bramwell.example"),
        [(Some(cast.public), Role::VirtualViewer)]
    );
    let letters = subjects(&p, "pia@bramwell.example");
    assert!(
        letters.len() == 1 && letters[0].starts_with("Approved:"),
        "{letters:?}"
    );
    assert_eq!(subjects(&p, ADA).len(), 1, "of Pat's request alone");
    // A domain below is another domain.
    assert_eq!(
        ask(&p, "sub@lab.bramwell.example", "account-user", &[])["state"],
        "pending"
    );
    // A refusal says why.
    assert_eq!(ask(&p, NOA, "account-user", &[])["state"], "auto-declined");
    assert!(
        p.mail()
            .last_to(NOA)
            .text
            .contains("Write to your manager first.")
    );
    // A rule never takes the place of a role that is held: Pia asks for more, and the administrators are asked.
    p.role(
        "pia@bramwell.example",
        &cast.xyz,
        Some(cast.public),
        Role::VirtualAdmin,
    );
    assert_eq!(
        ask(&p, "pia@bramwell.example", "account-user", &[])["state"],
        "pending"
    );
    assert_eq!(
        held(&p, &cast, "pia@bramwell.example"),
        [(Some(cast.public), Role::VirtualAdmin)]
    );
    let event = p.events_of("access-request.automation").remove(0);
    assert!(event.detail.contains("bramwell.example") && event.detail.contains("before"));
}

#[test]
fn rules_are_made_on_the_page() {
    let (p, cast) = Portal::with_cast();
    let mut ada = p.sign_in(ADA);
    let page = format!("{}/automation", base(&cast));
    ada.get(&page)
        .expect(200)
        .shows("Access request Automation settings")
        .shows("No rules");
    ada.click("Add rule").expect(200);
    ada.fill_and_submit(
        "Save rule",
        &[
            ("domain", "not a domain"),
            ("scope", "account"),
            ("role", "account-viewer"),
        ],
    )
    .expect(422)
    .shows("Enter a domain such as");
    ada.fill_and_submit(
        "Save rule",
        &[
            ("domain", "Partner.Example"),
            ("scope", "account"),
            ("role", "account-viewer"),
        ],
    )
    .expect(200)
    .shows("partner.example")
    .shows("Approve as Smart Account Viewer of the entire Smart Account");
    // Nobody becomes administrator by a rule.
    ada.get(&format!("{page}/rules/new"));
    let csrf = ada.csrf();
    ada.post_fields(
        &format!("{page}/rules/new"),
        &[
            ("csrf", &csrf),
            ("domain", ""),
            ("asked_role", ""),
            ("verdict", "approve"),
            ("scope", "account"),
            ("role", "account-admin"),
            ("reason", ""),
            ("version", "1"),
        ],
    )
    .expect(422)
    .shows("Nobody becomes Smart Account Administrator by a rule");
    ada.get(&format!("{page}/rules/new"));
    ada.fill_and_submit(
        "Save rule",
        &[("verdict", "decline"), ("reason", "Not from there.")],
    )
    .expect(200)
    .shows("Any email domain");
    let order = |page: &crate::support::Page| page.texts("tbody th");
    assert_eq!(order(ada.page()), ["partner.example", "Any email domain"]);
    ada.fill_and_submit("Move down", &[]).expect(200);
    assert_eq!(order(ada.page()), ["Any email domain", "partner.example"]);
    ada.click("Remove").expect(200).shows("Remove this rule?");
    ada.fill_and_submit("Remove rule", &[])
        .expect(200)
        .shows("was removed");
    assert_eq!(order(ada.page()), ["partner.example"]);
    ada.fill_and_submit("Save", &[("remind_days", "20"), ("expire_days", "10")])
        .expect(422)
        .shows("Remind earlier than the request expires.");
    ada.fill_and_submit("Save", &[("remind_days", "2"), ("expire_days", "5")])
        .expect(200)
        .shows("were saved");
    // An old form is told that there is a newer one.
    ada.post_fields(
        &page,
        &[
            ("csrf", &ada.csrf()),
            ("remind_days", "3"),
            ("expire_days", "5"),
            ("version", "1"),
        ],
    )
    .expect(409);
}

#[test]
fn a_reminder_after_a_week_and_the_end_after_two() {
    let (p, cast) = Portal::with_cast();
    let request = id(&ask(&p, NOA, "account-viewer", &[]));
    p.advance(TimeDelta::days(7) - TimeDelta::minutes(1));
    assert_eq!(subjects(&p, ADA).len(), 1);
    p.advance(TimeDelta::minutes(2));
    let letters = subjects(&p, ADA);
    assert!(
        letters.len() == 2 && letters[1].starts_with("Reminder:"),
        "{letters:?}"
    );
    let link = link_in(&p.mail().last_to(ADA));
    p.sign_in(ADA).get(&link).expect(200).shows("Reminder sent");
    p.run_jobs();
    assert_eq!(p.events_of("access-request.reminded").len(), 1, "once");
    p.advance(TimeDelta::days(7) - TimeDelta::minutes(2));
    p.run_jobs();
    assert_eq!(state(&p, NOA, &request), "pending");
    // Overdue, and nobody has marked it yet: it cannot be decided any more.
    p.advance(TimeDelta::minutes(2));
    let late = p.api(ADA).post(
        &format!("{}/access-requests/{request}/approve", api(&cast)),
        &json!({ "scope": "account", "role": "account-viewer" }),
    );
    assert!(
        late.expect(409).json()["detail"]
            .as_str()
            .unwrap()
            .contains("expired")
    );
    p.run_jobs();
    assert_eq!(state(&p, NOA, &request), "expired");
    assert!(p.mail().last_to(NOA).subject.starts_with("Expired:"));
    p.browser().open(&link).expect(410);
    // The account may want other days; they hold for what is sent from then on.
    p.api(ADA)
        .put(
            &format!("{}/access-request-settings", api(&cast)),
            &json!({ "remind_days": 1, "expire_days": 3, "rules": [], "version": 0 }),
        )
        .expect(200);
    let quick = id(&ask(&p, NOA, "account-viewer", &[]));
    p.advance(TimeDelta::days(1) + TimeDelta::minutes(1));
    p.run_jobs();
    assert_eq!(p.events_of("access-request.reminded").len(), 2);
    p.advance(TimeDelta::days(2));
    // One that is overdue and not marked makes room for another.
    let next = id(&ask(&p, NOA, "account-viewer", &[]));
    assert_eq!(
        (state(&p, NOA, &quick).as_str(), state(&p, NOA, &next).as_str()),
        ("expired", "pending")
    );
}

#[test]
fn a_delegate_decides_within_the_rights_of_who_is_away_and_no_longer() {
    let (p, cast) = Portal::with_cast();
    let day = |days: i64| {
        let at = p.clock.now().plus(TimeDelta::days(days)).utc();
        at.format("%Y-%m-%d").to_string()
    };
    // Only a member can stand in, and only for a time that makes sense.
    let mut ada = p.sign_in(ADA);
    ada.get(&format!("{}/delegation", base(&cast)))
        .expect(200)
        .shows("No delegates");
    for (delegate, from, to, says) in [
        (NOA, day(1), day(3), "Nobody with a role in this Smart Account"),
        (ADA, day(1), day(3), "somebody else"),
        (CY, day(3), day(1), "not before the first day"),
        (CY, day(1), day(200), "at most 90 days"),
        (CY, "soon".to_owned(), day(3), "Enter a day such as"),
    ] {
        ada.fill_and_submit(
            "Name delegate",
            &[("delegate", delegate), ("starts", &from), ("ends", &to)],
        )
        .expect(422)
        .shows(says);
    }
    ada.fill_and_submit(
        "Name delegate",
        &[("delegate", CY), ("starts", &day(1)), ("ends", &day(3))],
    )
    .expect(200)
    .shows("The delegate was named")
    .shows("Later");
    ada.fill_and_submit(
        "Name delegate",
        &[("delegate", DAN), ("starts", &day(2)), ("ends", &day(4))],
    )
    .expect(422)
    .shows("End that delegation first");
    assert!(
        p.mail()
            .last_to(CY)
            .subject
            .contains("You decide access requests")
    );

    // Not yet: the page is not theirs.
    let request = id(&ask(&p, NOA, "account-viewer", &[]));
    let mut cy = p.sign_in(CY);
    cy.get(&base(&cast)).expect(403);
    assert_eq!(subjects(&p, CY).len(), 1, "no letter yet");

    p.advance(TimeDelta::days(1) + TimeDelta::minutes(1));
    cy.get(&format!("/sa/{}", cast.xyz.number));
    assert_eq!(menu(&cy), Some("Pending Access Requests 1 waiting".to_owned()));
    cy.get(&format!("{}/{request}", base(&cast)))
        .expect(200)
        .shows("You decide on behalf of Ada Lindqvist");
    // What was lent is one right and no other, and cannot be lent on.
    cy.get(&format!("/sa/{}/account/edit", cast.xyz.number))
        .expect(403);
    p.api(CY)
        .put(
            &format!("{}/access-request-settings", api(&cast)),
            &json!({ "remind_days": 1, "expire_days": 2, "rules": [], "version": 0 }),
        )
        .expect(403);
    let lend = p.api(CY).post(
        &format!("{}/access-delegations", api(&cast)),
        &json!({ "delegate": DAN, "starts": day(0), "ends": day(1) }),
    );
    assert_eq!(lend.expect(409).json()["code"], "access-requests.nothing-to-lend");
    // New letters go to the delegate too, with a link of their own.
    ask(&p, PAT, "virtual-user", &[cast.public]);
    let link = link_in(&p.mail().last_to(CY));
    cy.get(&link).expect(200).shows("Pat Quill");
    cy.get(&format!("{}/{request}/approve", base(&cast)));
    cy.fill_and_submit("Approve", &[])
        .expect(200)
        .shows("was approved");
    assert_eq!(held(&p, &cast, NOA), [(None, Role::AccountViewer)]);
    let event = p.events_of("access-request.approved").remove(0);
    assert!(event.actor.starts_with("Cy Okafor"), "{}", event.actor);
    assert!(
        event.message.contains("on behalf of Ada Lindqvist"),
        "{}",
        event.message
    );
    assert!(event.detail.contains("Ada Lindqvist"));
    ada.get(&format!("{}/decided", base(&cast)))
        .shows("Cy Okafor")
        .shows("on behalf of Ada Lindqvist");

    // The right is that of the absent person at that moment.
    p.role(ADA, &cast.xyz, None, Role::AccountViewer);
    cy.get(&base(&cast)).expect(403);
    p.role(ADA, &cast.xyz, None, Role::AccountAdmin);
    cy.get(&base(&cast)).expect(200);
    // Over when the last day is over.
    p.advance(TimeDelta::days(3));
    cy.get(&base(&cast)).expect(403);
    let pats = id(&p.api(PAT).get("/api/v1/access-requests").json()["items"][0]);
    p.api(CY)
        .post(
            &format!("{}/access-requests/{pats}/decline", api(&cast)),
            &json!({}),
        )
        .expect(403);
}

#[test]
fn a_delegation_of_a_virtual_account_administrator_reaches_theirs_alone_and_can_be_ended() {
    let (p, cast) = Portal::with_cast();
    let day = |days: i64| {
        let at = p.clock.now().plus(TimeDelta::days(days)).utc();
        at.format("%Y-%m-%d").to_string()
    };
    let theirs = id(&ask(&p, NOA, "virtual-user", &[cast.corporate]));
    let wider = id(&ask(&p, PAT, "virtual-user", &[cast.corporate, cast.public]));
    let made = p
        .api(DAN)
        .post(
            &format!("{}/access-delegations", api(&cast)),
            &json!({ "delegate": "una@xyz.example", "starts": day(0), "ends": day(10) }),
        )
        .expect(201)
        .json();
    let mut una = p.api("una@xyz.example");
    una.get(&format!("{}/access-requests/{theirs}", api(&cast)))
        .expect(200);
    una.get(&format!("{}/access-requests/{wider}", api(&cast)))
        .expect(404);
    let list = una
        .get(&format!("{}/access-requests", api(&cast)))
        .expect(200)
        .json();
    assert_eq!(list["total"], 1);
    una.post(
        &format!("{}/access-requests/{theirs}/approve", api(&cast)),
        &json!({ "scope": "account", "role": "account-viewer" }),
    )
    .expect(409);
    // Ended by somebody else's administrator of Virtual Accounts it cannot be, by the account's it can.
    let id = id(&made);
    una.delete(&format!("{}/access-delegations/{id}", api(&cast)))
        .expect(409);
    let mut ada = p.sign_in(ADA);
    ada.get(&format!("{}/delegation", base(&cast)))
        .shows("Una Haddad")
        .shows("Active");
    ada.fill_and_submit("End the delegation to Una Haddad", &[])
        .expect(200)
        .shows("The delegation was ended.");
    una.get(&format!("{}/access-requests/{theirs}", api(&cast)))
        .expect(403);
    // A delegate who leaves the account has nothing left.
    p.api(DAN)
        .post(
            &format!("{}/access-delegations", api(&cast)),
            &json!({ "delegate": "una@xyz.example", "starts": day(0), "ends": day(10) }),
        )
        .expect(201);
    una.get(&format!("{}/access-requests/{theirs}", api(&cast)))
        .expect(200);
    let (account, person) = (cast.xyz.id, p.find_person("una@xyz.example").id);
    p.db.housekeeping_now(|tx| {
        for grant in grants::of_person_in(tx, account, person)? {
            grants::take(tx, account, grant.id)?;
        }
        Ok(())
    })
    .unwrap();
    una.get(&format!("{}/access-requests/{theirs}", api(&cast)))
        .expect(404);
}

#[test]
fn a_request_is_superseded_when_access_comes_otherwise() {
    let (p, cast) = Portal::with_cast();
    let noas = id(&ask(&p, NOA, "account-viewer", &[]));
    let veras = id(&ask(&p, "vera@xyz.example", "account-user", &[]));
    p.run_jobs();
    // Noa had nothing and is added with another role; Vera had something and gets something else.
    p.role(NOA, &cast.xyz, Some(cast.public), Role::VirtualUser);
    p.role(
        "vera@xyz.example",
        &cast.xyz,
        Some(cast.public),
        Role::VirtualUser,
    );
    p.run_jobs();
    assert_eq!(state(&p, NOA, &noas), "superseded");
    assert!(p.mail().last_to(NOA).subject.starts_with("Superseded:"));
    assert_eq!(state(&p, "vera@xyz.example", &veras), "pending");
    p.role("vera@xyz.example", &cast.xyz, None, Role::AccountUser);
    p.run_jobs();
    assert_eq!(state(&p, "vera@xyz.example", &veras), "superseded");
    assert_eq!(p.events_of("access-request.superseded").len(), 2);
}

#[test]
fn two_who_decide_at_once_make_one_decision() {
    let (p, cast) = Portal::with_cast();
    p.person("alma@xyz.example", "Alma Second");
    p.role("alma@xyz.example", &cast.xyz, None, Role::AccountAdmin);
    for _ in 0..3 {
        let request = ask(&p, NOA, "account-viewer", &[]);
        let path = format!("{}/access-requests/{}", api(&cast), id(&request));
        let answers: Vec<u16> = std::thread::scope(|scope| {
            let threads: Vec<_> = [
                (ADA, true),
                ("alma@xyz.example", false),
                (ADA, true),
                ("alma@xyz.example", false),
            ]
            .into_iter()
            .map(|(who, approve)| {
                let (mut api, path) = (p.api(who), path.clone());
                scope.spawn(move || {
                    if approve {
                        api.post(
                            &format!("{path}/approve"),
                            &json!({ "scope": "account", "role": "account-viewer" }),
                        )
                        .status
                    } else {
                        api.post(&format!("{path}/decline"), &json!({})).status
                    }
                })
            })
            .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert_eq!(answers.iter().filter(|s| **s == 200).count(), 1, "{answers:?}");
        assert_eq!(answers.iter().filter(|s| **s == 409).count(), 3, "{answers:?}");
        let approved = state(&p, NOA, &id(&request)) == "approved";
        assert_eq!(held(&p, &cast, NOA).len(), usize::from(approved));
        if approved {
            break;
        }
    }
    let decisions =
        p.events_of("access-request.approved").len() + p.events_of("access-request.declined").len();
    assert_eq!(
        decisions,
        p.api(NOA).get("/api/v1/access-requests").json()["items"]
            .as_array()
            .unwrap()
            .len()
    );
}

#[test]
fn sent_once_however_often_the_button_is_pressed() {
    let (p, _) = Portal::with_cast();
    let mut noa = p.sign_in(NOA);
    steps(&mut noa, "account", "account-viewer", &[]);
    let (action, fields) = noa.form("Submit");
    let pairs: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    noa.post_fields(&action, &pairs).expect(303);
    noa.post_fields(&action, &pairs).expect(303);
    assert_eq!(p.events_of("access-request.sent").len(), 1);
    let mut api = p.api(PAT);
    let body = json!({ "domain": "xyz.example", "scope": "account", "role": "account-viewer" });
    let one = api
        .post_once("/api/v1/access-requests", "k1", &body)
        .expect(201)
        .json();
    let two = api
        .post_once("/api/v1/access-requests", "k1", &body)
        .expect(201)
        .json();
    assert_eq!(one["id"], two["id"]);
    // A client that may only read asks for nothing, and reads.
    let mut reader = p.api_with(ADA, false);
    let number = 100_001;
    reader
        .get(&format!("/api/v1/accounts/{number}/access-requests"))
        .expect(200);
    reader
        .post(
            &format!(
                "/api/v1/accounts/{number}/access-requests/{}/decline",
                one["id"].as_str().unwrap()
            ),
            &json!({}),
        )
        .expect(409);
}

#[test]
fn the_directory_has_its_documented_order() {
    let (p, cast) = Portal::with_cast();
    // Una has a role at XYZ, asks for access to Bramwell and for an account, and XYZ Labs is of her domain.
    p.account("XYZ Labs", "labs.xyz.example");
    let mut una = p.sign_in("una@xyz.example");
    una.get("/access/request-for-customer");
    una.fill_and_send(
        "Send Request",
        &[
            ("name", "Alder Ridge"),
            ("domain", "alder.example"),
            ("customer_emails", "it@alder.example"),
        ],
    )
    .expect(303);
    p.api("una@xyz.example")
        .post(
            "/api/v1/access-requests",
            &json!({ "domain": "bramwell.example", "scope": "account", "role": "account-viewer" }),
        )
        .expect(201);
    let page = una.get("/access?highlight=AR-").expect(200).clone();
    let names: Vec<String> = page
        .texts("tbody th")
        .iter()
        .map(|t| t.split("  ").next().unwrap().to_owned())
        .collect();
    for (at, name) in ["XYZ COMPANY", "Bramwell Distribution", "Alder Ridge", "XYZ Labs"]
        .iter()
        .enumerate()
    {
        assert!(names[at].starts_with(name), "{names:?}");
    }
    page.shows("Requested: Smart Account Viewer")
        .shows("Creation requested by you")
        .shows("Request access to XYZ Labs");
    let mails = page.attrs("td a[href^='mailto:']", "href");
    assert!(mails.contains(&"mailto:ada@xyz.example".to_owned()), "{mails:?}");
    for head in [
        "Smart Account name",
        "Smart Account ID",
        "Domain identifier",
        "Status",
        "Administrators",
        "Your access",
    ] {
        page.shows(head);
    }
    let csv = una.get("/access.csv").expect(200).body.clone();
    assert!(csv.contains("Smart Account Viewer"), "{csv}");
    let json = p.api("una@xyz.example").get("/api/v1/accounts").json();
    assert!(json["items"][1]["access_request"].is_string());
    assert_eq!(cast.xyz.number, json["items"][0]["number"].as_i64().unwrap());
}
