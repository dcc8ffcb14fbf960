//! Local accounts of an On-Prem server: asked for, registered with a cloud over the network and by hand, ended.

use crate::support::{Account, Browser, Cast, Page, Portal};
use diesel::prelude::*;
use licentral::authn::PlatformRole;
use licentral::kernel::Edition;
use licentral::kernel::ids::{DeviceManagerId, PersonId, SmartAccountId};
use licentral::local_accounts::{self, AccountState, LocalAccount};
use licentral::platform::db::schema::{local_accounts as accounts, local_sync_files as files};
use licentral::platform::db::{Conn, Reads, forget};
use licentral::virtual_accounts;
use serde_json::{Value, json};

const INES: &str = "ines@on-prem.example";
const OMAR: &str = "omar@on-prem.example";
const UMA: &str = "uma@on-prem.example";
const LUIS: &str = "luis@on-prem.example";

/// An On-Prem server with a System Administrator, a System Operator and two System Users.
fn server() -> Portal {
    let p = Portal::start_as(|config| config.edition = Edition::OnPrem);
    for (email, name, role) in [
        (INES, "Ines Okoro", PlatformRole::SystemAdministrator),
        (OMAR, "Omar Feld", PlatformRole::SystemOperator),
        (UMA, "Uma Sato", PlatformRole::SystemUser),
        (LUIS, "Luis Amado", PlatformRole::SystemUser),
    ] {
        p.person(email, name);
        p.platform_role(email, role);
    }
    p
}

const FIELDS: [&str; 4] = ["name", "smart_account", "virtual_account", "email"];

fn send(browser: &mut Browser, values: [&str; 4]) {
    browser.get("/on-prem-accounts/new").expect(200);
    let fields: Vec<(&str, &str)> = FIELDS.into_iter().zip(values).collect();
    browser.fill_and_submit("Submit", &fields);
}

/// Sends a form that no page was opened for.
fn post<'a>(browser: &'a mut Browser, path: &str, fields: &[(&str, &str)]) -> &'a Page {
    let csrf = browser.csrf();
    let mut fields = fields.to_vec();
    fields.push(("csrf", &csrf));
    browser.post_fields(path, &fields)
}

/// Asks for an account as this person.
fn ask(p: &Portal, email: &str, name: &str, place: &str) -> LocalAccount {
    let mut browser = p.sign_in(email);
    send(&mut browser, [name, "XYZ COMPANY", place, "ops@on-prem.example"]);
    browser
        .page()
        .expect(200)
        .shows("was submitted and requires approval");
    named(p, name)
}

fn named(p: &Portal, name: &str) -> LocalAccount {
    let owner = |email: &str| p.find_person(email).id;
    [INES, OMAR, UMA, LUIS]
        .map(owner)
        .into_iter()
        .flat_map(|person: PersonId| {
            p.db.read_now(|r| local_accounts::requested_by(r, person))
                .unwrap()
        })
        .find(|one| one.name == name)
        .unwrap_or_else(|| panic!("no account {name}"))
}

fn again(p: &Portal, id: SmartAccountId) -> LocalAccount {
    p.db.read_now(|r| local_accounts::find(r, id)).unwrap()
}

fn page(account: &LocalAccount, rest: &str) -> String {
    format!("/admin/accounts/{}/{rest}", account.number)
}

/// The way over the network up to the review.
fn to_review(
    p: &Portal,
    cloud: &Portal,
    account: &LocalAccount,
    way: &str,
    more: &[(&str, &str)],
) -> Browser {
    let (id, secret) = cloud.api_client("ada@xyz.example", true);
    let mut ines = p.sign_in(INES);
    ines.get(&page(account, way)).expect(200);
    let mut fields = vec![
        ("cloud", cloud.base.as_str()),
        ("client_id", id.as_str()),
        ("client_secret", secret.as_str()),
    ];
    fields.extend_from_slice(more);
    ines.fill_and_submit("Submit", &fields)
        .expect(200)
        .shows("What the cloud says");
    ines
}

fn registered(p: &Portal, cloud: &Portal, account: &LocalAccount) -> LocalAccount {
    let mut ines = to_review(p, cloud, account, "approve", &[]);
    ines.fill_and_submit("Next", &[])
        .expect(200)
        .shows("is registered and Active");
    again(p, account.id)
}

/// An account in which one can work, as the support of the other rooms knows accounts.
fn tenant(p: &Portal, account: &LocalAccount) -> Account {
    let default =
        p.db.read_now(|r| virtual_accounts::default_of(r, account.id))
            .unwrap();
    Account {
        id: account.id,
        number: account.number,
        name: account.name.clone(),
        default: default.id,
    }
}

/// What the cloud gives for a registration file.
fn authorization(cloud: &Portal, cast: &Cast, name: &str, place: &str, file: &str) -> String {
    let body = json!({ "name": name, "virtual_account": place, "registration": file });
    let path = format!("/api/v1/accounts/{}/device-managers", cast.xyz.number);
    let reply = cloud.api("ada@xyz.example").post(&path, &body);
    reply.expect(201).json()["authorization"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn upload(browser: &mut Browser, account: &LocalAccount, text: &str) {
    browser.get(&page(account, "manual")).expect(200);
    browser.fill_and_submit("Upload", &[("text", text)]);
}

// Asking --------------------------------------------------------------------------------------------------------

#[test]
fn a_system_user_asks_once_and_every_administrator_is_told() {
    let p = server();
    let mut uma = p.sign_in(UMA);
    uma.get("/on-prem-accounts/new")
        .expect(200)
        .shows("Email for Notification");
    let fields: Vec<(&str, &str)> = FIELDS
        .into_iter()
        .zip([
            "Smart-On-Prem-Account",
            "XYZ COMPANY",
            "Branch",
            "ops@on-prem.example",
        ])
        .collect();
    let (action, mut form) = uma.form("Submit");
    for (name, value) in &fields {
        form.retain(|(known, _)| known != name);
        form.push(((*name).to_owned(), (*value).to_owned()));
    }
    let pairs: Vec<(&str, &str)> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    for _ in 0..2 {
        // A double click, and the way back with a second press.
        uma.post_fields(&action, &pairs).expect(303);
        assert_eq!(uma.page().location(), Some("/on-prem-accounts/1/submitted"));
    }
    uma.follow()
        .expect(200)
        .shows("was submitted and requires approval")
        .shows("Pending");
    assert_eq!(
        uma.page().attrs("main a.btn.primary", "href"),
        ["/on-prem-accounts"],
        "where OK leads"
    );
    let account = named(&p, "Smart-On-Prem-Account");
    assert_eq!((account.number, account.state), (1, AccountState::Pending));
    assert_eq!(p.events_of("local-account.requested").len(), 1);
    let letter = p.mail().last_to(INES);
    assert!(
        letter.text.contains("Smart-On-Prem-Account") && letter.text.contains("Uma Sato"),
        "{}",
        letter.text
    );
    assert!(letter.text.contains("/admin/accounts/requests"));
    uma.get("/on-prem-accounts/new")
        .expect(200)
        .shows("Your requests")
        .shows("XYZ COMPANY / Branch");
    // An administrator lands among the requests.
    let mut ines = p.sign_in(INES);
    ines.get("/on-prem-accounts/1/submitted").expect(200).shows("OK");
    ines.click("OK")
        .expect(200)
        .shows("Accounts Requests")
        .shows("Smart-On-Prem-Account");
    // Nobody else learns of it.
    p.sign_in(LUIS).get("/on-prem-accounts/1/submitted").expect(404);
    p.sign_in(UMA).get("/on-prem-accounts/7/submitted").expect(404);
}

#[test]
fn what_is_wrong_is_said_beside_its_field_and_nothing_is_lost() {
    let p = server();
    ask(&p, UMA, "Springfield", "Branch");
    let mut luis = p.sign_in(LUIS);
    let watch = p.fingerprint();
    send(&mut luis, ["", "  ", "", "nonsense"]);
    luis.page()
        .expect(422)
        .shows("Enter the Account Name.")
        .shows("Enter the Cisco Smart Account.")
        .shows("Enter the Cisco Virtual Account.");
    // The name as people see it, and the Virtual Account of the cloud, are taken.
    send(
        &mut luis,
        [
            "ＳＰＲＩＮＧＦＩＥＬＤ",
            "Another",
            "Other",
            "ops@on-prem.example",
        ],
    );
    luis.page()
        .expect(422)
        .shows("Another On-Prem account is called Springfield already");
    assert_eq!(luis.page().attrs("#f-smart_account", "value"), ["Another"]);
    send(
        &mut luis,
        ["Shelbyville", "xyz company", "BRANCH", "ops@on-prem.example"],
    );
    luis.page()
        .expect(422)
        .shows("Springfield uses this Cisco Virtual Account of XYZ COMPANY already");
    watch.assert_same(&p.fingerprint(), "refused requests");
    send(
        &mut luis,
        ["Shelbyville", "xyz company", "Another", "ops@on-prem.example"],
    );
    luis.page().expect(200);
}

#[test]
fn an_operator_sees_the_accounts_and_decides_nothing_and_a_user_does_not_see_them() {
    let p = server();
    let account = ask(&p, UMA, "Springfield", "Branch");
    let mut omar = p.sign_in(OMAR);
    omar.get("/admin/").expect(200);
    assert_eq!(omar.page().path, "/admin/accounts");
    omar.get("/admin/accounts/requests")
        .expect(200)
        .shows("Springfield")
        .shows("Uma Sato")
        .shows("Your role, System Operator, cannot approve");
    assert!(
        omar.page().attrs("td.act .pop form", "action").is_empty()
            && omar.page().attrs("td.act .pop a", "href").is_empty(),
        "controls are off"
    );
    for path in ["approve", "manual", "reject", "registration-file"] {
        omar.get(&page(&account, path)).expect(403);
    }
    let watch = p.fingerprint();
    for (path, fields) in [
        (
            "approve",
            vec![("cloud", "x"), ("client_id", "x"), ("client_secret", "x")],
        ),
        ("register", vec![("sign_in", "x")]),
        ("manual", vec![]),
        ("authorization", vec![("text", "x")]),
        ("reject", vec![("reason", "No.")]),
        ("start-again", vec![]),
        ("deactivate/reason", vec![("reason", "No.")]),
        ("activate", vec![]),
        ("delete", vec![]),
    ] {
        post(&mut omar, &page(&account, path), &fields).expect(403);
        post(&mut p.sign_in(UMA), &page(&account, path), &fields).expect(403);
    }
    assert_eq!(again(&p, account.id).state, AccountState::Pending);
    assert_eq!(
        watch.count("local_accounts"),
        p.fingerprint().count("local_accounts")
    );
    let mut uma = p.sign_in(UMA);
    for path in [
        "/admin/accounts",
        "/admin/accounts/requests",
        "/admin/accounts/events",
        "/admin",
    ] {
        uma.get(path).expect(403);
        let mut nobody = p.browser();
        nobody.open(path);
        assert!(
            nobody.page().status == 303 || nobody.page().status == 401,
            "{path}"
        );
    }
    // What is not there is not found, by those who may look.
    p.sign_in(INES).get("/admin/accounts/99/approve").expect(404);
    p.sign_in(INES).get("/admin/accounts/x/approve").expect(404);
}

// Over the network ----------------------------------------------------------------------------------------------

#[test]
fn a_request_is_approved_reviewed_and_registered_with_a_cloud_over_the_network() {
    let (cloud, cast) = Portal::with_cast();
    let p = server();
    let account = ask(&p, UMA, "Springfield", "Branch");
    // Until then nothing in it can be changed, and the requester holds no role in it.
    p.sign_in(UMA).get(&format!("/sa/{}", account.number)).expect(404);
    let mut ines = to_review(&p, &cloud, &account, "approve", &[]);
    ines.page()
        .shows("XYZ COMPANY")
        .shows("xyz.example")
        .shows(&cast.xyz.number.to_string())
        .shows("will be made");
    assert!(
        !ines.page().body.contains("client_secret"),
        "the secret is not carried on"
    );
    ines.fill_and_submit("Next", &[])
        .expect(200)
        .shows("Springfield is registered and Active");
    assert_eq!(ines.page().path, "/admin/accounts");
    let now = again(&p, account.id);
    assert_eq!(now.state, AccountState::Active);
    let bound = now.cloud.clone().unwrap();
    assert_eq!(bound.url.as_deref(), Some(cloud.base.as_str()));
    assert_eq!(
        (bound.smart_account, bound.virtual_account.as_str()),
        (cast.xyz.number, "Branch")
    );
    // In the cloud it is a device manager; here the requester administers it, with its DEFAULT.
    let managers = cloud
        .api("ada@xyz.example")
        .get(&format!("/api/v1/accounts/{}/device-managers", cast.xyz.number))
        .json();
    assert_eq!(managers["items"][0]["name"], "Springfield");
    assert_eq!(managers["items"][0]["id"], bound.manager.as_str());
    let mut uma = p.sign_in(UMA);
    uma.get(&format!("/sa/{}", account.number))
        .expect(200)
        .shows("Springfield")
        .shows("xyz.example");
    uma.get(&format!("/sa/{}/account/virtual-accounts", account.number))
        .expect(200)
        .shows("DEFAULT");
    assert_eq!(p.events_of("local-account.registered").len(), 1);
    let mail = p.mail();
    assert!(mail.last_to(UMA).text.contains("Local Account Administrator"));
    assert!(mail.last_to("ops@on-prem.example").text.contains("Springfield"));
    // A second approval finds it done.
    ines.get(&page(&account, "approve")).expect(409).shows("Active");
    // The key signs what the cloud takes.
    let key =
        p.db.read_now(|r| local_accounts::key_of(r, &p.parts.signing, account.id))
            .unwrap();
    assert_eq!(key.public_key(), now.public_key);
}

#[test]
fn of_two_who_approve_at_once_one_registers_and_the_other_is_told() {
    let (cloud, cast) = Portal::with_cast();
    let p = server();
    let account = ask(&p, UMA, "Springfield", "Branch");
    let both = [(); 2].map(|()| to_review(&p, &cloud, &account, "approve", &[]));
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let tries = both.map(|mut browser| scope.spawn(move || browser.fill_and_send("Next", &[]).status));
        tries.into_iter().map(|one| one.join().unwrap()).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 409]);
    assert_eq!(again(&p, account.id).state, AccountState::Active);
    let path = format!("/api/v1/accounts/{}/device-managers", cast.xyz.number);
    assert_eq!(cloud.api("ada@xyz.example").get(&path).json()["total"], 1);
}

#[test]
fn a_cloud_that_says_no_or_nothing_leaves_the_request_pending_with_the_reason() {
    let (cloud, cast) = Portal::with_cast();
    let p = server();
    let account = ask(&p, UMA, "Springfield", "Branch");
    let (id, secret) = cloud.api_client("ada@xyz.example", true);
    let mut ines = p.sign_in(INES);
    let fill = |ines: &mut Browser, cloud: &str, id: &str, secret: &str| {
        ines.get(&page(&account, "approve")).expect(200);
        ines.fill_and_submit(
            "Submit",
            &[("cloud", cloud), ("client_id", id), ("client_secret", secret)],
        );
    };
    fill(&mut ines, "", "", "");
    ines.page()
        .expect(422)
        .shows("Enter the address of the cloud.")
        .shows("Enter the client id.");
    fill(&mut ines, &cloud.base, &id, "wrong");
    ines.page().expect(422).shows("invalid_client");
    fill(&mut ines, "http://127.0.0.1:9", &id, &secret);
    ines.page().expect(422).shows("cannot be reached");
    fill(&mut ines, "ftp://cloud.example", &id, &secret);
    ines.page().expect(422).shows("http://");
    // Somebody who has no access there.
    let (eve, eves) = cloud.api_client("eve@harborview.example", true);
    fill(&mut ines, &cloud.base, &eve, &eves);
    ines.page()
        .expect(422)
        .shows("no Cisco Smart Account XYZ COMPANY")
        .shows("Harborview Clinics");
    assert_eq!(again(&p, account.id).state, AccountState::Pending);
    // The Virtual Account is bound meanwhile: the cloud refuses, and says why on the page and in the row.
    let mut reviewed = to_review(&p, &cloud, &account, "approve", &[]);
    cloud.on_prem(&cast.xyz, "ada@xyz.example", "Elsewhere", "Branch");
    reviewed
        .fill_and_submit("Next", &[])
        .expect(409)
        .shows("device-managers.bound");
    let now = again(&p, account.id);
    assert_eq!(now.state, AccountState::Pending);
    assert!(now.reason.contains("device-managers.bound"), "{}", now.reason);
    ines.get("/admin/accounts/requests")
        .shows("Pending")
        .shows("device-managers.bound");
    let failed = p.events_of("local-account.registration");
    assert!(failed.iter().any(|event| event.outcome == "failed"));
    // A sign-in of another page is not taken.
    post(&mut ines, &page(&account, "register"), &[("sign_in", "AAAA")]).expect(400);
    // It can be registered elsewhere still.
    let other = ask(&p, UMA, "Shelbyville", "Another");
    assert_eq!(registered(&p, &cloud, &other).state, AccountState::Active);
}

// By hand -------------------------------------------------------------------------------------------------------

#[test]
fn a_request_is_registered_by_files_that_are_carried() {
    let (cloud, cast) = Portal::with_cast();
    let p = server();
    let (one, two) = (
        ask(&p, UMA, "Springfield", "Branch"),
        ask(&p, LUIS, "Shelbyville", "Other"),
    );
    let mut ines = p.sign_in(INES);
    ines.get(&page(&one, "registration-file"))
        .expect(409)
        .shows("Generate its registration file first");
    for account in [&one, &two] {
        ines.get(&page(account, "manual")).expect(200);
        ines.fill_and_submit("Generate Registration File", &[])
            .expect(200)
            .shows("Awaiting authorization file");
    }
    let file = ines
        .get(&page(&one, "registration-file"))
        .expect(200)
        .body
        .clone();
    let others = ines
        .get(&page(&two, "registration-file"))
        .expect(200)
        .body
        .clone();
    assert!(file.starts_with("LICENTRAL REGISTRATION 1\n"), "{file}");
    let theirs = authorization(&cloud, &cast, "Shelbyville", "Other", &others);
    let ours = authorization(&cloud, &cast, "Springfield", "Branch", &file);
    let refusals: [(&str, u16, &str); 5] = [
        ("", 422, "Choose the authorization file"),
        ("nonsense", 409, ""),
        (&file, 409, "authorization file is expected"),
        (
            &theirs,
            409,
            "This authorization is for the On-Prem account Shelbyville, not for Springfield",
        ),
        (&ours[..ours.len() - 9], 409, ""),
    ];
    for (text, status, says) in refusals {
        upload(&mut ines, &one, text);
        ines.page().expect(status).shows(says);
        assert_eq!(again(&p, one.id).state, AccountState::AwaitingFile);
    }
    // An authorization for somebody who is not here at all.
    let (key, _) = licentral::platform::signing::FileKey::make().unwrap();
    let stranger = crate::support::registration_file(&key, "Stranger", p.clock.now());
    let stranger = authorization(&cloud, &cast, "Stranger", "Third", &stranger);
    upload(&mut ines, &one, &stranger);
    ines.page().expect(409).shows("another key").shows("Stranger");
    // Start again keeps the key: what is on its way is of use still.
    ines.get(&page(&one, "manual"));
    ines.fill_and_submit("Start again", &[])
        .expect(200)
        .shows("Springfield is Pending again");
    assert_eq!(again(&p, one.id).state, AccountState::Pending);
    post(&mut ines, &page(&one, "authorization"), &[("text", &ours)]).expect(409);
    ines.get(&page(&one, "manual"));
    ines.fill_and_submit("Generate Registration File", &[]);
    // Line ends of another system, and none at the end.
    let carried = ours.trim_end().replace('\n', "\r\n");
    upload(&mut ines, &one, &carried);
    ines.page()
        .expect(200)
        .shows("Springfield is registered and Active");
    let now = again(&p, one.id);
    assert_eq!(now.state, AccountState::Active);
    assert_eq!(now.cloud.clone().unwrap().virtual_account, "Branch");
    p.sign_in(UMA).get(&format!("/sa/{}", one.number)).expect(200);
    // A second time.
    let watch = p.fingerprint();
    post(&mut ines, &page(&one, "authorization"), &[("text", &ours)])
        .expect(409)
        .shows("was taken in already");
    assert_eq!(
        watch.count("virtual_accounts"),
        p.fingerprint().count("virtual_accounts")
    );
    ines.get(&page(&one, "registration-file"))
        .expect(409)
        .shows("is registered already");
}

#[test]
fn a_rejected_request_says_why_and_can_be_deleted() {
    let p = server();
    let account = ask(&p, UMA, "Springfield", "Branch");
    let mut ines = p.sign_in(INES);
    ines.get(&page(&account, "reject")).expect(200);
    ines.fill_and_submit("Reject", &[("reason", " ")])
        .expect(422)
        .shows("Enter a reason.");
    ines.get(&page(&account, "delete")).expect(409);
    ines.get(&page(&account, "reject"));
    ines.fill_and_submit("Reject", &[("reason", "We have no such branch.")])
        .expect(200)
        .shows("Rejected")
        .shows("We have no such branch.");
    assert!(p.mail().last_to(UMA).text.contains("We have no such branch."));
    // Its name and its Virtual Account are free.
    let second = ask(&p, UMA, "springfield", "Branch");
    assert_eq!(second.number, 2);
    ines.get(&page(&account, "approve")).expect(409);
    ines.get(&page(&account, "delete")).expect(200);
    ines.fill_and_submit("OK", &[])
        .expect(200)
        .shows("The On-Prem account Springfield was deleted.");
    ines.get(&page(&account, "delete")).expect(404);
    assert!(p.db.read_now(|r| local_accounts::find(r, account.id)).is_err());
    ines.get("/admin/accounts/events")
        .expect(200)
        .shows("Springfield was deleted");
    ines.get("/admin/accounts/events.csv")
        .expect(200)
        .shows("Springfield was rejected");
    ines.get("/admin/accounts/events?q=no+such+person")
        .expect(200)
        .shows("No events match");
}

// Ending --------------------------------------------------------------------------------------------------------

/// The account was told of to the cloud, with so many product instances in the last file that was answered.
fn synchronized(p: &Portal, account: &LocalAccount, devices: i64) {
    let (id, at) = (account.id, p.clock.now());
    p.db.housekeeping_now(|tx| {
        let sequence = account.sequence + 1;
        diesel::insert_into(files::table)
            .values((
                files::smart_account_id.eq(id),
                files::sequence.eq(sequence),
                files::sha256.eq("0".repeat(64)),
                files::way.eq("file"),
                files::devices.eq(devices),
                files::usages.eq(0),
                files::made_at.eq(at),
                files::answered_at.eq(at),
            ))
            .execute(tx.conn())?;
        diesel::update(accounts::table.find(id))
            .set((
                accounts::sequence.eq(sequence),
                accounts::last_response.eq(sequence),
                accounts::synced_at.eq(at),
                accounts::version.eq(accounts::version + 1),
            ))
            .execute(tx.conn())?;
        Ok(())
    })
    .unwrap();
}

#[test]
fn an_account_ends_in_the_order_of_the_checklist_and_takes_everything_with_it() {
    let (cloud, _) = Portal::with_cast();
    let p = server();
    let keeps = registered(&p, &cloud, &ask(&p, LUIS, "Shelbyville", "Other"));
    let account = registered(&p, &cloud, &ask(&p, UMA, "Springfield", "Branch"));
    let there = tenant(&p, &account);
    let mut ines = p.sign_in(INES);
    // With a product instance in it, and then with a cloud that still believes in it, it stays.
    let (_, token) = p.registration_token(&there, there.default, None);
    let mut device = p.device(&token, "FOC1");
    ines.get(&page(&account, "deletion"))
        .expect(200)
        .shows("1 product instance is left.");
    ines.get(&page(&account, "deactivate"))
        .expect(200)
        .shows("still has 1 product instance");
    let reason = [("reason", "The branch is closed.")];
    post(&mut ines, &page(&account, "deactivate/reason"), &reason)
        .expect(409)
        .shows("still has 1 product instance");
    device.deregister();
    synchronized(&p, &account, 1);
    post(&mut ines, &page(&account, "deactivate/reason"), &reason)
        .expect(409)
        .shows("has not been told yet");
    ines.get(&page(&account, "deletion"))
        .shows("The cloud still knows product instances");
    synchronized(&p, &again(&p, account.id), 0);
    // Deactivate, Proceed, and why.
    ines.get("/admin/accounts").expect(200);
    ines.get(&page(&account, "deactivate")).expect(200);
    ines.click("Proceed")
        .expect(200)
        .shows("Enter a reason for deactivation");
    ines.fill_and_submit("Deactivate", &[("reason", "")])
        .expect(422)
        .shows("Enter a reason.");
    ines.fill_and_submit("Deactivate", &reason)
        .expect(200)
        .shows("Springfield is Inactive")
        .shows("The branch is closed.");
    assert!(p.mail().last_to(UMA).text.contains("The branch is closed."));
    ines.get(&format!("/sa/{}/activity", account.number))
        .expect(200)
        .shows("was deactivated: \u{201c}The branch is closed.\u{201d}");
    let mut uma = p.sign_in(UMA);
    uma.get(&format!("/sa/{}", account.number))
        .expect(200)
        .shows("Inactive");
    assert_eq!(
        p.ask_to_register(&crate::support::registration(
            &token,
            "FOC2",
            &licentral::platform::token::random()
        ))
        .status,
        409
    );
    ines.get(&page(&account, "deactivate")).expect(409);
    // In use again, and out again.
    ines.get(&page(&account, "activate"));
    ines.fill_and_submit("Activate", &[])
        .expect(200)
        .shows("Springfield is Active again");
    ines.get(&page(&account, "delete"))
        .expect(409)
        .shows("Deactivate it first");
    post(&mut ines, &page(&account, "deactivate/reason"), &reason).expect(303);
    ines.get(&page(&account, "deletion")).expect(200).shows("Delete");
    ines.get(&page(&account, "delete"));
    ines.fill_and_submit("OK", &[]).expect(200).shows("was deleted");
    assert_eq!(left_of(&p, account.id), [""; 0]);
    assert!(
        !left_of(&p, keeps.id).is_empty(),
        "the other account has everything"
    );
    p.sign_in(LUIS).get(&format!("/sa/{}", keeps.number)).expect(200);
    p.sign_in(UMA).get(&format!("/sa/{}", account.number)).expect(404);
    assert!(
        p.events()
            .iter()
            .any(|event| event.account.as_deref() == Some(account.id.as_str())),
        "the record stays"
    );
}

/// In which tables an account still has rows, but for the record.
fn left_of(p: &Portal, id: SmartAccountId) -> Vec<&'static str> {
    #[derive(QueryableByName)]
    struct Counted {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        rows: i64,
    }
    let mut tables: Vec<&str> = forget::TABLES.to_vec();
    tables.push("smart_accounts");
    tables.retain(|table| {
        let key = if *table == "smart_accounts" {
            "id"
        } else {
            "smart_account_id"
        };
        let query = format!("SELECT count(*) AS rows FROM {table} WHERE {key} = '{id}'");
        let found: Vec<Counted> =
            p.db.read_now(|r| Ok(diesel::sql_query(query).load(r.conn())?))
                .unwrap();
        found[0].rows > 0
    });
    tables
}

#[test]
fn every_table_of_a_tenant_is_forgotten_with_it_or_kept_on_purpose() {
    let p = Portal::start();
    let of_tenants = |conn: &mut Conn| -> Vec<String> {
        let tables = crate::support::tables(conn);
        tables
            .into_iter()
            .filter(|table| {
                crate::support::columns(conn, table)
                    .iter()
                    .any(|name| name == "smart_account_id")
            })
            .collect()
    };
    let mut found = p.db.read_now(|r| Ok(of_tenants(r.conn()))).unwrap();
    found.sort();
    let mut known: Vec<String> = forget::TABLES
        .iter()
        .chain(forget::KEPT)
        .map(|t| (*t).to_owned())
        .collect();
    known.sort();
    assert_eq!(found, known, "write a new table into platform/db/forget.rs");
}

#[test]
fn an_account_is_registered_again_with_a_new_key_for_the_same_device_manager() {
    let (cloud, cast) = Portal::with_cast();
    let p = server();
    let first = registered(&p, &cloud, &ask(&p, UMA, "Springfield", "Branch"));
    synchronized(&p, &first, 0);
    let manager = first.cloud.clone().unwrap().manager;
    // Over the network: a reason is needed, and the same device manager gets another key.
    let mut ines = p.sign_in(INES);
    let (id, secret) = cloud.api_client("ada@xyz.example", true);
    let client = [
        ("cloud", cloud.base.as_str()),
        ("client_id", &id),
        ("client_secret", &secret),
    ];
    ines.get(&page(&first, "re-register")).expect(200);
    ines.fill_and_submit("Submit", &client)
        .expect(422)
        .shows("Enter why it is registered again");
    let mut ines = to_review(
        &p,
        &cloud,
        &first,
        "re-register",
        &[("reason", "Restored from a backup.")],
    );
    ines.page().shows("is registered again, with a new key");
    ines.fill_and_submit("Next", &[]).expect(200);
    let second = again(&p, first.id);
    assert_ne!(second.public_key, first.public_key);
    assert_eq!(
        (
            second.sequence,
            second.last_response,
            second.next_public_key.clone()
        ),
        (0, 0, None)
    );
    assert_eq!(second.cloud.clone().unwrap().manager, manager);
    let key =
        p.db.read_now(|r| local_accounts::key_of(r, &p.parts.signing, first.id))
            .unwrap();
    assert_eq!(key.public_key(), second.public_key);
    assert_eq!(one_in_the_cloud(&cloud, &cast, manager)["name"], "Springfield");
    // By hand: the account goes on working while the file travels.
    ines.get(&page(&first, "manual")).expect(200);
    ines.fill_and_submit("Generate Registration File", &[])
        .expect(200)
        .shows("with the new key");
    assert_eq!(again(&p, first.id).state, AccountState::Active);
    let file = ines
        .get(&page(&first, "registration-file"))
        .expect(200)
        .body
        .clone();
    let path = format!(
        "/api/v1/accounts/{}/device-managers/{manager}/re-register",
        cast.xyz.number
    );
    let body = json!({ "registration": file, "reason": "By hand." });
    let reply = cloud.api("ada@xyz.example").post(&path, &body);
    let text = reply.expect(200).json()["authorization"]
        .as_str()
        .unwrap()
        .to_owned();
    upload(&mut ines, &first, &text);
    ines.page().expect(200).shows("is registered and Active");
    let third = again(&p, first.id);
    assert_ne!(third.public_key, second.public_key);
    assert_eq!(third.cloud.unwrap().manager, manager);
    assert_eq!(
        p.db.read_now(|r| virtual_accounts::default_of(r, first.id))
            .unwrap()
            .name,
        "DEFAULT"
    );
}

fn one_in_the_cloud(cloud: &Portal, cast: &Cast, manager: DeviceManagerId) -> Value {
    let path = format!("/api/v1/accounts/{}/device-managers/{manager}", cast.xyz.number);
    cloud.api("ada@xyz.example").get(&path).expect(200).json()
}

#[test]
fn an_account_that_the_cloud_has_removed_is_registered_again_as_a_new_device_manager() {
    let (cloud, cast) = Portal::with_cast();
    let p = server();
    let first = registered(&p, &cloud, &ask(&p, UMA, "Springfield", "Branch"));
    let manager = first.cloud.clone().unwrap().manager;
    let path = format!(
        "/api/v1/accounts/{}/device-managers/{manager}/remove",
        cast.xyz.number
    );
    cloud.api("ada@xyz.example").post(&path, &json!({})).expect(204);
    let mut ines = to_review(
        &p,
        &cloud,
        &first,
        "re-register",
        &[("reason", "Removed by mistake.")],
    );
    ines.page().shows("will be added");
    ines.fill_and_submit("Next", &[])
        .expect(200)
        .shows("is registered and Active");
    let now = again(&p, first.id).cloud.unwrap();
    assert_ne!(now.manager, manager);
    assert_eq!(
        one_in_the_cloud(&cloud, &cast, now.manager)["name"],
        "Springfield"
    );
}

// Properties ----------------------------------------------------------------------------------------------------

#[test]
fn account_properties_are_edited_by_those_who_administer_the_account_and_recorded() {
    let (cloud, _) = Portal::with_cast();
    let p = server();
    let account = registered(&p, &cloud, &ask(&p, UMA, "Springfield", "Branch"));
    ask(&p, LUIS, "Shelbyville", "Other");
    let path = format!("/sa/{}/account", account.number);
    let mut uma = p.sign_in(UMA);
    uma.get(&path).expect(200).shows("Exclude host names");
    let mut stale = uma.clone();
    uma.fill_and_submit("Save", &[("name", "Springfield HQ"), ("hides_hostnames", "1")])
        .expect(200)
        .shows("were saved");
    let now = again(&p, account.id);
    assert!(now.hides_hostnames && now.name == "Springfield HQ");
    let changed = p.events_of("local-account.changed");
    assert!(
        changed[0].message.contains("leaves host names out"),
        "{}",
        changed[0].message
    );
    stale.fill_and_submit("Save", &[("name", "Late")]).expect(409);
    uma.fill_and_submit("Save", &[("name", "shelbyville"), ("email", "x")])
        .expect(422);
    uma.fill_and_submit(
        "Save",
        &[("name", "shelbyville"), ("email", "ops@on-prem.example")],
    )
    .expect(422)
    .shows("Another On-Prem account is called Shelbyville already");
    // Somebody who only reads is told why; a stranger knows of nothing.
    p.role(
        LUIS,
        &tenant(&p, &now),
        None,
        licentral::authz::Role::AccountViewer,
    );
    let mut luis = p.sign_in(LUIS);
    luis.get(&path).expect(200).shows("cannot").shows_not("Save");
    post(
        &mut luis,
        &path,
        &[("name", "X"), ("email", "x@y.example"), ("version", "1")],
    )
    .expect(403);
    p.sign_in(OMAR).get(&path).expect(404);
}

// For scripts ---------------------------------------------------------------------------------------------------

#[test]
fn scripts_do_what_the_pages_do() {
    const ALL: &str = "/api/v1/on-prem/accounts";
    let (cloud, cast) = Portal::with_cast();
    let p = server();
    let asked = json!({ "name": "Springfield", "smart_account": "XYZ COMPANY", "virtual_account": "Branch", "email": "ops@on-prem.example" });
    let mut uma = p.api(UMA);
    let made = uma.post_once(ALL, "k1", &asked);
    assert_eq!(made.expect(201).json()["state"], "pending");
    assert_eq!(uma.post_once(ALL, "k1", &asked).json()["number"], 1);
    assert_eq!(
        uma.post(ALL, &asked).expect(422).json()["errors"][0]["pointer"],
        "/name"
    );
    p.api_with(UMA, false).post(ALL, &asked).expect(409);
    assert_eq!(uma.get(ALL).json()["total"], 1);
    assert_eq!(p.api(LUIS).get(ALL).json()["total"], 0);
    assert_eq!(p.api(OMAR).get(ALL).json()["total"], 1);
    p.api(LUIS).get(&format!("{ALL}/1")).expect(404);
    let one = format!("{ALL}/1");
    let (id, secret) = cloud.api_client("ada@xyz.example", true);
    let approve = json!({ "cloud": cloud.base, "client_id": id, "client_secret": secret });
    p.api(OMAR).post(&format!("{one}/approve"), &approve).expect(403);
    let mut ines = p.api(INES);
    let wrong = json!({ "cloud": cloud.base, "client_id": id, "client_secret": "x" });
    ines.post(&format!("{one}/approve"), &wrong).expect(422);
    let active = ines.post(&format!("{one}/approve"), &approve).expect(200).json();
    assert_eq!(
        (
            active["state"].as_str(),
            active["cloud"]["virtual_account"].as_str()
        ),
        (Some("active"), Some("Branch"))
    );
    let refused = ines.post(&format!("{one}/reject"), &json!({ "reason": "x" }));
    assert_eq!(refused.expect(409).json()["code"], "on-prem.wrong-state");
    // By hand.
    let second = json!({ "name": "Shelbyville", "smart_account": "XYZ COMPANY", "virtual_account": "Other", "email": "ops@on-prem.example" });
    uma.post(ALL, &second).expect(201);
    let two = format!("{ALL}/2");
    let waits = ines.send("POST", &format!("{two}/registration-file"), &[], None);
    assert_eq!(waits.expect(200).json()["state"], "awaiting-file");
    let file = ines
        .get(&format!("{two}/registration-file"))
        .expect(200)
        .body
        .clone();
    let text = authorization(&cloud, &cast, "Shelbyville", "Other", &file);
    let refused = ines.post(&format!("{one}/authorization"), &json!({ "authorization": text }));
    assert_eq!(refused.expect(409).json()["code"], "on-prem.other-account");
    let active = ines.post(
        &format!("{two}/authorization"),
        &json!({ "authorization": text, "cloud": cloud.base }),
    );
    assert_eq!(active.expect(200).json()["state"], "active");
    let twice = ines.post(&format!("{two}/authorization"), &json!({ "authorization": text }));
    assert_eq!(twice.expect(409).json()["code"], "on-prem.registered");
    // To the end.
    assert_eq!(
        ines.delete(&two).expect(409).json()["code"],
        "on-prem.wrong-state"
    );
    ines.post(&format!("{two}/deactivate"), &json!({ "reason": "" }))
        .expect(422);
    let inactive = ines.post(&format!("{two}/deactivate"), &json!({ "reason": "Closed." }));
    assert_eq!(inactive.expect(200).json()["reason"], "Closed.");
    ines.send("POST", &format!("{two}/activate"), &[], None)
        .expect(200);
    ines.post(&format!("{two}/deactivate"), &json!({ "reason": "Closed." }))
        .expect(200);
    ines.delete(&two).expect(204);
    ines.get(&two).expect(404);
    assert_eq!(ines.get(ALL).json()["total"], 1);
}
