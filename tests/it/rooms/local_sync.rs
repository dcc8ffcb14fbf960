//! Synchronization of a local account of an On-Prem portal with a cloud: two portals, over HTTP and by file.

use crate::support::{Account, Cast, Portal, registration_file};
use chrono::TimeDelta;
use diesel::prelude::*;
use licentral::authn::{PlatformRole, people};
use licentral::authz::Permit;
use licentral::kernel::ids::{PersonId, SmartAccountId, VirtualAccountId};
use licentral::kernel::{Edition, EmailAddress, Name, Who};
use licentral::local_accounts::{
    self, AccountState, Applied, Cloud, LocalAccount, New, Requested, SyncState, Way,
};
use licentral::platform::db::Reads;
use licentral::platform::db::schema::{
    device_managers, local_accounts as rows, local_sync_files, smart_accounts, sync_responses,
    virtual_accounts as places,
};
use licentral::virtual_accounts;
use serde_json::json;

/// Brings one c9200-ne-48 each, for good.
const SKU: &str = "C9200-NE-48-P";
const ADMIN: &str = "admin@on-prem.example";
const OPERATOR: &str = "omar@on-prem.example";
const USER: &str = "uma@on-prem.example";

/// A cloud and an On-Prem portal with one registered account.
struct Both {
    cloud: Portal,
    cast: Cast,
    server: Portal,
    account: SmartAccountId,
    number: i64,
    /// The Virtual Account of the cloud to which it is bound.
    place: VirtualAccountId,
    /// The local DEFAULT.
    default: VirtualAccountId,
}

/// Sends a form as its page does.
fn send(browser: &mut crate::support::Browser, path: &str, fields: &[(&str, &str)]) -> crate::support::Page {
    let csrf = browser.csrf();
    browser
        .post_fields(path, &[&[("csrf", csrf.as_str())], fields].concat())
        .clone()
}

fn add_user(p: &Portal, email: &str, role: PlatformRole) {
    let (id, now) = (PersonId::new(), p.clock.now());
    let (email, name) = (
        EmailAddress::parse(email).unwrap(),
        Name::parse("A User", "Name").unwrap(),
    );
    p.db.housekeeping_now(|tx| {
        people::add(tx, now, id, &email, &name, None, 0)?;
        people::accept_invitation(tx, id, &name, "no password")?;
        people::give_platform_role(tx, id, role)
    })
    .unwrap();
}

impl Both {
    fn start() -> Self {
        let (cloud, cast) = Portal::with_cast();
        let server = Portal::start_as(|config| config.edition = Edition::OnPrem);
        server.clock.set(cloud.clock.setting());
        for (email, role) in [
            (ADMIN, PlatformRole::SystemAdministrator),
            (OPERATOR, PlatformRole::SystemOperator),
            (USER, PlatformRole::SystemUser),
        ] {
            add_user(&server, email, role);
        }
        let signing = server.parts.signing.clone();
        let new = New::make(&signing, server.clock.now()).unwrap();
        let wanted = Requested::parse("Plant", "XYZ COMPANY", "Local", "plant@xyz.example").unwrap();
        let permit = Permit::by_the_portal("tests");
        let asked = server
            .db
            .write_now(|tx| local_accounts::request(tx, &permit, &new, &wanted, None))
            .unwrap();
        let key = server
            .db
            .read_now(|r| local_accounts::key_of(r, &signing, asked.id))
            .unwrap();
        let body = json!({ "name": "Plant", "virtual_account": "Local",
            "registration": registration_file(&key, "Plant", cloud.clock.now()) });
        let reply = cloud.api("ada@xyz.example").post(
            &format!("/api/v1/accounts/{}/device-managers", cast.xyz.number),
            &body,
        );
        reply.expect(201);
        let told = reply.json();
        let bound = Cloud {
            url: Some(cloud.base.clone()),
            manager: told["id"].as_str().unwrap().parse().unwrap(),
            smart_account: cast.xyz.number,
            smart_account_name: "XYZ COMPANY".to_owned(),
            domain: "xyz.example".to_owned(),
            virtual_account: "Local".to_owned(),
            public_key: cloud.parts.signing.files().public_key().to_owned(),
            registered_at: cloud.clock.now(),
        };
        let (id, now, default) = (asked.id, server.clock.now(), VirtualAccountId::new());
        server
            .db
            .housekeeping_now(|tx| {
                diesel::update(rows::table.find(id))
                    .set((
                        rows::state.eq(AccountState::Active),
                        rows::cloud.eq(Some(serde_json::to_string(&bound).unwrap())),
                    ))
                    .execute(tx.conn())?;
                diesel::update(smart_accounts::table.find(id))
                    .set(smart_accounts::state.eq("active"))
                    .execute(tx.conn())?;
                virtual_accounts::create_default(tx, now, id, default).map(drop)
            })
            .unwrap();
        let place = cloud
            .db
            .read_now(|r| {
                Ok(places::table
                    .filter(places::name.eq("Local"))
                    .select(places::id)
                    .first(r.conn())?)
            })
            .unwrap();
        Self {
            account: id,
            number: asked.number,
            place,
            default,
            cloud,
            cast,
            server,
        }
    }

    fn account(&self) -> LocalAccount {
        self.server
            .db
            .read_now(|r| local_accounts::find(r, self.account))
            .unwrap()
    }
    fn local(&self) -> Account {
        Account {
            id: self.account,
            number: self.number,
            name: "Plant".to_owned(),
            default: self.default,
        }
    }
    fn sync(&self, email: &str) -> crate::support::Reply {
        let mut browser = self.server.sign_in(email);
        send(
            &mut browser,
            &format!("/on-prem-accounts/{}/sync/network", self.number),
            &[],
        )
    }
    /// The response of the cloud to the first file.
    fn response(&self) -> Vec<u8> {
        let text: String = self
            .cloud
            .db
            .read_now(|r| {
                Ok(sync_responses::table
                    .select(sync_responses::content)
                    .first(r.conn())?)
            })
            .unwrap();
        data_encoding::BASE64.decode(text.as_bytes()).unwrap()
    }
    fn stock(&self, place: &str) -> [i64; 4] {
        self.server
            .stock_named(&self.local(), place, "c9200-ne-48")
            .map_or([0; 4], |(_, numbers)| numbers)
    }
    fn advance(&self, by: TimeDelta) {
        let to = self.cloud.clock.advanced(by);
        self.cloud.clock.set(to);
        self.server.clock.set(to);
    }
}

#[test]
fn a_local_account_synchronizes_over_the_network() {
    let both = Both::start();
    both.cloud.licenses(&both.cast.xyz, both.place, SKU, 5);
    both.sync(ADMIN).expect(303);
    let after = both.account();
    assert_eq!(
        (after.sync, after.sequence, after.last_response),
        (SyncState::Successful, 1, 1),
        "{}",
        after.failure
    );
    assert_eq!(both.stock("DEFAULT"), [5, 0, 0, 5]);
    let mut admin = both.server.sign_in(ADMIN);
    let page = admin.get("/").expect(200);
    page.shows("Synchronization Successful").shows("XYZ COMPANY");
    // Fewer in the cloud: DEFAULT has what is left.
    both.cloud.licenses(&both.cast.xyz, both.place, SKU, 2);
    both.sync(OPERATOR).expect(303);
    assert_eq!(both.stock("DEFAULT"), [7, 0, 0, 7]);
    assert_eq!(both.sync(USER).status, 403, "a System User does not synchronize");
}

#[test]
fn a_cloud_that_is_gone_is_said_and_the_next_time_makes_both_equal() {
    let both = Both::start();
    let url = both.cloud.base.clone();
    let set = |to: &str| {
        let mut cloud = both.account().cloud.unwrap();
        cloud.url = Some(to.to_owned());
        let text = serde_json::to_string(&cloud).unwrap();
        both.server
            .db
            .housekeeping_now(|tx| {
                diesel::update(rows::table.find(both.account))
                    .set(rows::cloud.eq(Some(text.clone())))
                    .execute(tx.conn())?;
                Ok(())
            })
            .unwrap();
    };
    set("http://127.0.0.1:9");
    both.sync(ADMIN).expect(303);
    let failed = both.account();
    assert_eq!(failed.sync, SyncState::Failed);
    assert!(failed.failure.contains("cannot be reached"), "{}", failed.failure);
    set(&url);
    both.sync(ADMIN).expect(303);
    let after = both.account();
    assert_eq!(
        (after.sync, after.sequence, after.last_response),
        (SyncState::Successful, 2, 2)
    );
    let last: i64 = both
        .cloud
        .db
        .read_now(|r| {
            Ok(device_managers::table
                .select(device_managers::sequence)
                .first(r.conn())?)
        })
        .unwrap();
    assert_eq!(last, 2);
}

#[test]
fn a_server_that_was_restored_from_a_backup_is_told_the_way_back() {
    let both = Both::start();
    both.sync(ADMIN).expect(303);
    both.sync(ADMIN).expect(303);
    assert_eq!(both.account().last_response, 2);
    both.server
        .db
        .housekeeping_now(|tx| {
            diesel::delete(
                local_sync_files::table.filter(local_sync_files::smart_account_id.eq(both.account)),
            )
            .execute(tx.conn())?;
            diesel::update(rows::table.find(both.account))
                .set((rows::sequence.eq(0), rows::last_response.eq(0)))
                .execute(tx.conn())?;
            Ok(())
        })
        .unwrap();
    both.sync(ADMIN).expect(303);
    let failed = both.account();
    assert_eq!(failed.sync, SyncState::Failed);
    assert!(
        failed.failure.contains("register the account again"),
        "{}",
        failed.failure
    );
}

#[test]
fn files_are_carried_by_hand_and_a_wrong_one_is_refused_beside_its_field() {
    let both = Both::start();
    both.cloud.licenses(&both.cast.xyz, both.place, SKU, 3);
    let mut admin = both.server.sign_in(ADMIN);
    let path = format!("/on-prem-accounts/{}/sync/file", both.number);
    admin
        .get(&path)
        .expect(200)
        .shows("Generate an On-Prem Account synchronization file");
    let (who, now) = (Who::portal("tests"), both.server.clock.now());
    let signing = both.server.parts.signing.clone();
    let key = both
        .server
        .db
        .read_now(|r| local_accounts::key_of(r, &signing, both.account))
        .unwrap();
    let made = local_accounts::generate(&both.server.db, &who, now, both.account, &key, Way::File).unwrap();
    assert_eq!(both.account().sync, SyncState::Generated);
    both.cloud.sync(&made.bytes).expect(200);
    let answer = both.response();
    let mut send = |file: &[u8], expect: u16| {
        let csrf = admin.csrf();
        let mut body = format!("--b\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{csrf}\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\nContent-Type: application/octet-stream\r\n\r\n").into_bytes();
        body.extend_from_slice(file);
        body.extend_from_slice(b"\r\n--b--\r\n");
        let origin = admin.base().to_owned();
        let reply = admin
            .send(
                "POST",
                &format!("{path}/response"),
                &[
                    ("content-type", "multipart/form-data; boundary=b"),
                    ("sec-fetch-site", "same-origin"),
                    ("origin", &origin),
                ],
                Some(&body),
            )
            .clone();
        reply.expect(expect);
        reply
    };
    send(b"", 422).shows("Choose the response file");
    send(&made.bytes, 409);
    let mut bent = answer.clone();
    let last = bent.len() - 5;
    bent[last] ^= 1;
    send(&bent, 409);
    assert_eq!(both.stock("DEFAULT"), [0; 4], "nothing was applied");
    send(&answer, 303);
    assert_eq!(both.stock("DEFAULT"), [3, 0, 0, 3]);
    send(&answer, 303);
    assert_eq!(both.account().last_response, 1);
    assert_eq!(
        local_accounts::apply(&both.server.db, &who, now, both.account, &answer).unwrap(),
        Applied::Before { sequence: 1 }
    );
    admin
        .get(&format!("/on-prem-accounts/{}/sync", both.number))
        .expect(200)
        .shows("Response applied");
}

#[test]
fn the_schedule_gives_each_account_its_turn() {
    let both = Both::start();
    let mut operator = both.server.sign_in(OPERATOR);
    operator
        .get("/admin/synchronisation/schedule")
        .expect(200)
        .shows("Enable Scheduled sync");
    let start = both
        .server
        .clock
        .now()
        .utc()
        .date_naive()
        .succ_opt()
        .unwrap()
        .to_string();
    let post = |operator: &mut crate::support::Browser, time: &str, expect: u16| {
        send(
            operator,
            "/admin/synchronisation/schedule",
            &[
                ("enabled", "1"),
                ("start", &start),
                ("frequency", "daily"),
                ("time", time),
            ],
        )
        .expect(expect);
    };
    post(&mut operator, "half past", 422);
    post(&mut operator, "02:30", 303);
    operator
        .get("/admin/synchronisation/schedule")
        .shows("have been successfully updated");
    let run = || both.server.run_jobs();
    run();
    assert!(both.account().next_run_at.is_some());
    assert_eq!(both.account().sequence, 0);
    both.advance(TimeDelta::days(3));
    run();
    assert_eq!(
        (both.account().sequence, both.account().sync),
        (1, SyncState::Successful)
    );
    run();
    assert_eq!(both.account().sequence, 1, "one turn, not three");
    operator.get("/").expect(200);
    send(
        &mut operator,
        &format!("/on-prem-accounts/{}/sync/schedule/disable", both.number),
        &[],
    )
    .expect(303);
    both.advance(TimeDelta::days(3));
    run();
    assert_eq!(both.account().sequence, 1);
}

#[test]
fn scripts_synchronize_and_read_how_it_stands() {
    let both = Both::start();
    both.cloud.licenses(&both.cast.xyz, both.place, SKU, 4);
    let base = format!("/api/v1/on-prem/accounts/{}/sync", both.number);
    let mut script = both.server.api(OPERATOR);
    let done = script.post(&format!("{base}/network"), &json!({}));
    let done = done.expect(200).json();
    assert_eq!(
        (&done["sequence"], &done["applied"], &done["licenses"]),
        (&json!(1), &json!(true), &json!(1))
    );
    assert_eq!(both.stock("DEFAULT"), [4, 0, 0, 4]);
    // By file: out here, in there, and the answer back; once more changes nothing.
    let file = script.post(&format!("{base}/file"), &json!({}));
    file.expect(200);
    assert!(file.body.starts_with("LICENTRAL SYNC"), "{}", file.body);
    let shown = script.get(&base).expect(200).json();
    assert_eq!(
        (&shown["status"], &shown["sequence"]),
        (&json!("generated"), &json!(2))
    );
    let answer = both.response();
    for (bytes, status, word) in [
        (answer.as_slice(), 200, "\"applied\":false"),
        (b"hello", 409, "sync.not-a-sync-file"),
    ] {
        let reply = script.send(
            "POST",
            &format!("{base}/response"),
            &[("content-type", "application/octet-stream")],
            Some(bytes),
        );
        assert!(
            reply.status == status && reply.body.contains(word),
            "{}",
            reply.body
        );
    }
    let shown = script.get(&base).expect(200).json();
    let files = shown["files"].as_array().unwrap();
    assert_eq!((files.len(), &files[1]["way"]), (2, &json!("network")));
    assert!(files[0]["answered_at"].is_null() && files[1]["answered_at"].is_string());
    // The schedule, of the server and for one account.
    let wanted = json!({ "schedule": { "start": "2030-01-31", "frequency": "monthly", "time": "02:30" } });
    let kept = script.put("/api/v1/on-prem/schedule", &wanted).expect(200).json();
    assert_eq!(kept["next_at"], "2030-01-31T02:30:00Z");
    assert_eq!(script.get("/api/v1/on-prem/schedule").json(), kept);
    let wrong = json!({ "schedule": { "start": "soon", "frequency": "hourly", "time": "" } });
    script.put("/api/v1/on-prem/schedule", &wrong).expect(422);
    script
        .put(&format!("{base}/schedule"), &json!({ "scheduled": false }))
        .expect(200);
    assert!(!both.account().is_scheduled);
    let none = script.put("/api/v1/on-prem/schedule", &json!({ "schedule": null }));
    assert!(none.expect(200).json()["schedule"].is_null());
    let mut user = both.server.api(USER);
    user.post(&format!("{base}/network"), &json!({})).expect(403);
    user.get(&base).expect(403);
}

#[test]
fn a_response_that_is_refused_over_the_network_is_recorded_once() {
    let both = Both::start();
    let other = licentral::platform::signing::FileKey::make().unwrap().0;
    let mut cloud = both.account().cloud.unwrap();
    cloud.public_key = other.public_key().to_owned();
    let text = serde_json::to_string(&cloud).unwrap();
    both.server
        .db
        .housekeeping_now(|tx| {
            diesel::update(rows::table.find(both.account))
                .set(rows::cloud.eq(Some(text.clone())))
                .execute(tx.conn())?;
            Ok(())
        })
        .unwrap();
    both.sync(ADMIN).expect(303);
    assert_eq!(both.account().sync, SyncState::Failed);
    let failed = both.server.events_of("local-sync.failed");
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert!(
        failed[0].detail.contains("sync.bad-signature"),
        "{}",
        failed[0].detail
    );
}

#[test]
fn a_registration_that_was_cut_off_is_free_again_after_a_while() {
    let p = Portal::start_as(|config| config.edition = Edition::OnPrem);
    let new = New::make(&p.parts.signing, p.clock.now()).unwrap();
    let wanted = Requested::parse("Plant", "XYZ COMPANY", "Local", "plant@xyz.example").unwrap();
    let permit = Permit::by_the_portal("tests");
    let id =
        p.db.write_now(|tx| local_accounts::request(tx, &permit, &new, &wanted, None))
            .unwrap()
            .id;
    let until = p.clock.wall().plus(TimeDelta::minutes(10));
    p.db.housekeeping_now(|tx| {
        diesel::update(rows::table.find(id))
            .set((
                rows::state.eq(AccountState::Registering),
                rows::registering_until.eq(Some(until)),
            ))
            .execute(tx.conn())?;
        Ok(())
    })
    .unwrap();
    let state = || {
        p.run_jobs();
        p.db.read_now(|r| local_accounts::find(r, id)).unwrap()
    };
    // Moving the lab's clock on is no time that a process has taken.
    p.advance(TimeDelta::days(1));
    assert_eq!(state().state, AccountState::Registering);
    p.advance_wall(TimeDelta::minutes(11));
    let found = state();
    assert_eq!(found.state, AccountState::Pending);
    assert!(found.reason.contains("has stopped"), "{}", found.reason);
    assert_eq!(p.events_of("local-account.registration").len(), 1);
}

#[test]
fn a_new_account_leaves_host_names_out_where_the_server_says_so() {
    let p = Portal::start_as(|config| config.edition = Edition::OnPrem);
    let request = |name: &str| {
        let new = New::make(&p.parts.signing, p.clock.now()).unwrap();
        let wanted = Requested::parse(name, "XYZ COMPANY", name, "plant@xyz.example").unwrap();
        let permit = Permit::by_the_portal("tests");
        p.db.write_now(|tx| local_accounts::request(tx, &permit, &new, &wanted, None))
            .unwrap()
    };
    assert!(!request("First").hides_hostnames);
    p.db.housekeeping_now(|tx| licentral::platform::settings::set(tx, "hide-hostnames", "yes"))
        .unwrap();
    assert!(request("Second").hides_hostnames);
}
