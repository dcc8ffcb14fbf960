//! Synchronization of a local account of an On-Prem portal with a cloud: two portals, over HTTP and by file.

use crate::support::Portal;
use crate::support::both::{ADMIN, Both, OPERATOR, SKU, USER, send};
use chrono::TimeDelta;
use diesel::prelude::*;
use licentral::authz::Permit;
use licentral::kernel::{Edition, Who};
use licentral::local_accounts::{self, AccountState, Applied, New, Requested, SyncState, Way};
use licentral::platform::db::Reads;
use licentral::platform::db::schema::{device_managers, local_accounts as rows, local_sync_files};
use serde_json::json;

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
    both.call_at("http://127.0.0.1:9");
    both.sync(ADMIN).expect(303);
    let failed = both.account();
    assert_eq!(failed.sync, SyncState::Failed);
    assert!(failed.failure.contains("cannot be reached"), "{}", failed.failure);
    both.call_at(&url);
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

/// The answer of the cloud was lost on its way: nobody has to carry anything for that.
#[test]
fn an_answer_that_was_lost_is_fetched_the_next_time() {
    let both = Both::start();
    both.cloud.licenses(&both.cast.xyz, both.place, SKU, 4);
    let (who, now) = (Who::portal("tests"), both.server.clock.now());
    let signing = both.server.parts.signing.clone();
    let key = both
        .server
        .db
        .read_now(|r| local_accounts::key_of(r, &signing, both.account))
        .unwrap();
    let lost = local_accounts::make(&both.server.db, &who, now, both.account, &key, Way::File).unwrap();
    both.cloud.sync(&lost.bytes).expect(200);
    assert_eq!(both.account().last_response, 0);
    both.sync(ADMIN).expect(303);
    let after = both.account();
    assert_eq!(
        (
            after.sync,
            after.sequence,
            after.last_response,
            after.failure.as_str()
        ),
        (SyncState::Successful, 3, 3, "")
    );
    assert_eq!(both.stock("DEFAULT"), [4, 0, 0, 4]);
    // For whoever has the key alone: what is signed otherwise, and what is no file, is told nothing.
    let ask = |head: &[u8]| {
        both.cloud.api_without_token().send(
            "POST",
            "/device-manager/v1/response",
            &[("content-type", "application/octet-stream")],
            Some(head),
        )
    };
    ask(lost.head()).expect(200);
    ask(b"").expect(409);
    let mut bent = lost.head().to_vec();
    let last = bent.len() - 10;
    bent[last] = if bent[last] == b'A' { b'B' } else { b'A' };
    ask(&bent).expect(409);
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
    let made = local_accounts::make(&both.server.db, &who, now, both.account, &key, Way::File).unwrap();
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

/// As a page writes a time.
fn written(at: licentral::kernel::Moment) -> String {
    at.utc().format("%-d %b %Y, %H:%M UTC").to_string()
}

#[test]
fn each_portal_says_as_of_which_synchronization_its_numbers_are() {
    let both = Both::start();
    both.cloud.licenses(&both.cast.xyz, both.place, SKU, 5);
    let mut here = both.server.sign_in(ADMIN);
    let mut there = both.cloud.sign_in("ada@xyz.example");
    let pages = |number: i64, place: &str| {
        [
            format!("/sa/{number}/licensing/license-inventory"),
            format!("/sa/{number}/devices/device-inventory"),
            format!("/sa/{number}/licensing/reservations"),
            format!("/sa/{number}/licensing/inventory/{place}/licenses"),
            format!("/sa/{number}/licensing/inventory/{place}/product-instances"),
        ]
    };
    let xyz = both.cast.xyz.number;
    for page in pages(both.number, both.default.as_str()) {
        here.open(&page)
            .expect(200)
            .shows("As of no synchronization yet.");
    }
    for page in pages(xyz, both.place.as_str()) {
        there
            .open(&page)
            .expect(200)
            .shows("Local (On-Prem server Plant)")
            .shows("as of no synchronization yet.");
    }
    both.sync(ADMIN).expect(303);
    let first = format!(
        "s of the synchronization of {}",
        written(both.account().synced_at.unwrap())
    );
    // What happens at the server, the cloud hears of with the next one.
    both.advance(TimeDelta::days(1));
    let (_, token) = both.server.registration_token(&both.local(), both.default, None);
    both.server.device(&token, "FOC1");
    for page in pages(both.number, both.default.as_str()) {
        here.open(&page)
            .expect(200)
            .shows(&first)
            .shows("1 change not yet in the cloud.");
    }
    for page in pages(xyz, both.place.as_str()) {
        there.open(&page).expect(200).shows(&first);
    }
    // A license too, and no page of a Virtual Account that no On-Prem server serves.
    let (license, _) = both
        .cloud
        .stock_named(&both.cast.xyz, "Local", "c9200-ne-48")
        .unwrap();
    there
        .open(&format!("/sa/{xyz}/licensing/licenses/{license}"))
        .expect(200)
        .shows(&first);
    for page in &pages(xyz, both.cast.corporate.as_str())[3..] {
        there.open(page).expect(200).shows_not("synchronization");
    }
    both.cloud
        .sign_in("eve@harborview.example")
        .open(&format!(
            "/sa/{}/licensing/license-inventory",
            both.cast.harborview.number
        ))
        .expect(200)
        .shows_not("synchronization");
    let how = format!("/api/v1/on-prem/accounts/{}/sync", both.number);
    assert_eq!(
        both.server.api(ADMIN).get(&how).json()["changes_not_yet_in_cloud"],
        1
    );
    both.sync(ADMIN).expect(303);
    let second = format!(
        "s of the synchronization of {}",
        written(both.account().synced_at.unwrap())
    );
    assert_ne!(first, second);
    for page in pages(both.number, both.default.as_str()) {
        here.open(&page)
            .expect(200)
            .shows(&second)
            .shows_not("not yet in the cloud");
    }
    for page in pages(xyz, both.place.as_str()) {
        there.open(&page).expect(200).shows(&second);
    }
}

#[test]
fn what_a_process_that_has_stopped_was_synchronizing_is_over_some_seconds_later() {
    let both = Both::start();
    // As a process leaves it that was killed in the middle of its work.
    let until = both.server.clock.wall().plus(TimeDelta::seconds(6));
    both.server
        .db
        .housekeeping_now(|tx| {
            diesel::update(rows::table.find(both.account))
                .set((
                    rows::sync.eq(SyncState::InProgress),
                    rows::syncing_until.eq(Some(until)),
                ))
                .execute(tx.conn())?;
            Ok(())
        })
        .unwrap();
    let state = || {
        both.server.run_jobs();
        both.account()
    };
    // Moving the lab's clock on is no time that a process has taken.
    both.advance(TimeDelta::days(1));
    assert_eq!(state().sync, SyncState::InProgress);
    both.sync(ADMIN).expect(303);
    let mut admin = both.server.sign_in(ADMIN);
    let by_hand = format!("/on-prem-accounts/{}/sync/file/generate", both.number);
    admin.get("/").expect(200);
    send(&mut admin, &by_hand, &[])
        .expect(409)
        .shows("is being synchronized");
    assert_eq!(both.account().sequence, 0, "nobody has made a file");
    both.server.advance_wall(TimeDelta::seconds(7));
    let found = state();
    assert_eq!(found.sync, SyncState::Failed);
    assert!(found.failure.contains("has stopped"), "{}", found.failure);
    state();
    assert_eq!(both.server.events_of("local-sync.failed").len(), 1);
    both.sync(ADMIN).expect(303);
    assert_eq!(both.account().sync, SyncState::Successful);
}

/// A cloud that takes a file and does not answer for so long, then hangs up.
fn slow_cloud(answers_after: std::time::Duration) -> (String, std::thread::JoinHandle<()>) {
    let door = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", door.local_addr().unwrap());
    let waits = std::thread::spawn(move || {
        let (caller, _) = door.accept().unwrap();
        std::thread::sleep(answers_after);
        drop(caller);
    });
    (address, waits)
}

#[test]
fn a_synchronization_that_takes_long_is_nobody_elses_meanwhile_and_keeps_its_turn() {
    let both = Both::start();
    let (address, waits) = slow_cloud(std::time::Duration::from_secs(8));
    both.call_at(&address);
    let (db, clock, signing) = (
        both.server.db.clone(),
        both.server.clock.clone(),
        both.server.parts.signing.clone(),
    );
    let start = clock.now().utc().date_naive().succ_opt().unwrap().to_string();
    let schedule = local_accounts::Schedule::typed(&start, "daily", "02:30").unwrap();
    let (who, at) = (Who::portal("tests"), clock.now());
    db.write_now(|tx| local_accounts::set_schedule(tx, at, &who, Some(&schedule)))
        .unwrap();
    let run = || local_accounts::run_due(&db, &clock, &signing).unwrap();
    assert_eq!(run(), 0, "the account gets its first turn");
    both.advance(TimeDelta::days(3));
    std::thread::scope(|scope| {
        let works = scope.spawn(run);
        std::thread::sleep(std::time::Duration::from_secs(7));
        // Longer than what a process may be silent: it has said that it goes on.
        both.server.run_jobs();
        let meanwhile = both.account();
        assert_eq!(meanwhile.sync, SyncState::InProgress, "{}", meanwhile.failure);
        // Should it be killed now, its turn comes again in minutes and not tomorrow.
        let next = meanwhile.next_run_at.unwrap();
        assert!(next.since(clock.now()) <= TimeDelta::minutes(5), "{next:?}");
        assert_eq!(run(), 0);
        assert_eq!(works.join().unwrap(), 1);
    });
    waits.join().unwrap();
    let over = both.account();
    assert_eq!((over.sync, over.sequence), (SyncState::Failed, 1));
    assert!(!over.failure.contains("has stopped"), "{}", over.failure);
    // What is over is given back: the next one need not wait.
    both.call_at(&both.cloud.base);
    both.sync(ADMIN).expect(303);
    assert_eq!(both.account().sync, SyncState::Successful);
}

#[test]
fn synchronisation_is_searched_like_the_dashboard() {
    let both = Both::start();
    both.sync(ADMIN).expect(303);
    let mut admin = both.server.sign_in(ADMIN);
    let path = "/admin/synchronisation";
    admin.open(path).expect(200).shows("1 On-Prem account");
    for found in ["q=plant", "q=XYZ+COMPANY", "sync=successful", "sort=-last"] {
        admin.open(&format!("{path}?{found}")).expect(200).shows("Plant");
    }
    for narrowed in ["q=nothing-like-it", "sync=failed"] {
        admin
            .open(&format!("{path}?{narrowed}"))
            .expect(200)
            .shows("No On-Prem account matches");
    }
}

#[test]
fn orders_are_of_the_cloud_alone() {
    let both = Both::start();
    both.cloud.licenses(&both.cast.xyz, both.place, SKU, 5);
    both.sync(ADMIN).expect(303);
    let mut here = both.server.sign_in(ADMIN);
    here.open("/simulator/orders").expect(404);
    both.server.api(ADMIN).get("/api/v1/simulator/orders").expect(404);
    let (license, _) = both
        .server
        .stock_named(&both.local(), "DEFAULT", "c9200-ne-48")
        .unwrap();
    let page = format!("/sa/{}/licensing/licenses/{license}", both.number);
    here.open(&page).expect(200).shows_not("Order History");
    here.open(&format!("{page}/order-history")).expect(404);
    here.open(&format!("/sa/{}/account/virtual-accounts", both.number))
        .expect(200)
        .shows_not("Access level");
}
