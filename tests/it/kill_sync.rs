//! The power cut while a server and its cloud synchronize, over the network and by file: the next synchronization makes both
//! equal.

use crate::support::both::{ADMIN, Both, SKU, assert_agree, call_at};
use crate::support::{Account, Browser, Portal, Process, as_many_as, placed, use_less};
use chrono::TimeDelta;
use diesel::prelude::*;
use licentral::devices::Udi;
use licentral::devices::policy::payload::Report;
use licentral::devices::policy::{self, Arrival, Bundle, Replays};
use licentral::kernel::ids::{DeviceId, SmartAccountId, VirtualAccountId};
use licentral::kernel::{Moment, Who};
use licentral::local_accounts::{self, SyncState, Way};
use licentral::platform::db::schema::usage_reports;
use licentral::platform::db::{Db, Reads};
use licentral::platform::occupants::Occupants;
use licentral::platform::settings;
use licentral::platform::signing::FileKey;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

fn rounds() -> usize {
    as_many_as("LICENTRAL_SYNC_KILLS", 3)
}

/// Somewhere between "nothing done yet" and "all of it over".
fn a_while(round: usize, took: Duration) -> Duration {
    took.mul_f64(f64::from(u32::try_from(round * 37 % 120).unwrap()) / 100.0)
}

/// More product instances and more use of a license at the server, and every other time less.
fn change(server: &Db, local: &Account, at: licentral::kernel::Moment, round: usize) {
    let who = Who::portal("tests");
    server
        .housekeeping_now(|tx| {
            // Not so many in all that the cloud would leave a file to its job.
            let some: Vec<_> = (0..if round < 40 { 20 } else { 1 })
                .map(|n| placed(local, local.default, "c9200-ne-48", n % 3 + 1, at))
                .collect();
            licentral::devices::place_many(tx, at, &who, local.id, &some)?;
            if round % 2 == 1 {
                let less = [licentral::licenses::Use {
                    virtual_account: local.default,
                    entitlement: "c9200-ne-48".to_owned(),
                    by: -7,
                }];
                licentral::licenses::change_use(tx, at, &who, local.id, &less)?;
                use_less(tx, local.default, "c9200-ne-48", 7)?;
            }
            Ok(())
        })
        .unwrap();
    report(server, local, at, round);
}

/// So many product instances by policy report in each round.
const REPORTERS: usize = 10;

/// Product instances by policy report to the server that they use more than before, or nothing, each with a report that was
/// not there before.
fn report(server: &Db, local: &Account, at: Moment, round: usize) {
    static KEY: OnceLock<FileKey> = OnceLock::new();
    let key = KEY.get_or_init(|| FileKey::make().unwrap().0);
    let who = Who::portal("tests");
    for n in 0..REPORTERS {
        let serial = format!("RUM{n}");
        let report = Report {
            udi: Udi {
                pid: "C9200-48P-E".to_owned(),
                serial,
            },
            id: format!("{round}-{n}"),
            entitlement: "c9200-ne-48".to_owned(),
            quantity: i64::try_from((round + n) % 4).unwrap(),
            began_at: at,
            ended_at: at,
            software: "17.12.4".to_owned(),
            sha256: String::new(),
            key: String::new(),
        };
        let sent = report.sign(key).unwrap();
        let report = sent.read(false).unwrap();
        let arrival = Arrival {
            account: local.id,
            place: local.default,
            who: who.clone(),
            at,
            way: policy::Way::Network,
        };
        let id = DeviceId::new();
        server
            .write_now(|tx| {
                let occupants = Occupants::default();
                let bundle = Bundle {
                    id,
                    hostname: "",
                    reports: vec![&report],
                };
                let taken =
                    policy::take_all(tx, &occupants, &arrival, &[bundle], Replays::Acknowledged)?.remove(0);
                let device = taken.device.as_ref().unwrap();
                policy::on_prem::keep(tx, device, at, &[(report.clone(), sent.clone())])?;
                tx.record_all(at, &who, &taken.events(), ())
            })
            .unwrap();
    }
}

/// Each report of all rounds so far was counted in the cloud, once.
#[track_caller]
fn each_is_counted_once(cloud: &Db, rounds: usize) {
    let counted: Vec<(String, String)> = cloud
        .read_now(|r| {
            Ok(usage_reports::table
                .filter(usage_reports::acknowledged_at.is_not_null())
                .select((usage_reports::udi_key, usage_reports::report_id))
                .load(r.conn())?)
        })
        .unwrap();
    let once: std::collections::BTreeSet<&(String, String)> = counted.iter().collect();
    assert_eq!(
        (counted.len(), once.len()),
        (rounds * REPORTERS, rounds * REPORTERS)
    );
}

/// The clock of a database that no process of this test follows shows what another does: a try that was cut off is over.
fn same_clock(from: &Portal, to: &Db) {
    let text = serde_json::to_string(&from.clock.setting()).unwrap();
    to.housekeeping_now(|tx| settings::set(tx, settings::CLOCK, &text))
        .unwrap();
}

#[test]
fn a_server_that_is_killed_while_it_synchronizes_is_made_equal_by_the_next_time() {
    let both = Both::start();
    let local = both.local();
    let admin = both.server.sign_in(ADMIN);
    let (cloud, cast, place, number) = (both.cloud, both.cast, both.place, both.number);
    let database = both.server.leave();
    let server = Db::open(&database.url).unwrap();
    let ada = cloud.api_client("ada@xyz.example", true);
    let files = format!(
        "/api/v1/accounts/{}/device-managers/{}/sync-files",
        cast.xyz.number,
        state(&server, local.id).cloud.unwrap().manager
    );
    let mut took = Duration::from_millis(300);
    let mut cut_off = 0;
    same_clock(&cloud, &server);
    let mut process = Process::start_on_prem(&database);
    for round in 0..rounds() {
        change(&server, &local, cloud.clock.now(), round);
        cloud.licenses(&cast.xyz, place, SKU, 3);
        let before = state(&server, local.id);
        let mut browser = admin.moved_to(&process.base);
        std::thread::scope(|scope| {
            let (cloud, ada, files) = (&cloud, &ada, &files);
            scope.spawn(move || {
                if round % 2 == 0 {
                    by_network(&mut browser, number)
                } else {
                    by_file(&mut browser, number, cloud, ada, files)
                }
            });
            std::thread::sleep(a_while(round, took));
            process.kill();
        });
        let after = state(&server, local.id);
        cut_off += usize::from(after.last_response <= before.sequence);
        cloud.advance(TimeDelta::minutes(1));
        same_clock(&cloud, &server);
        process = Process::start_on_prem(&database);
        took = synchronized(&server, &after, || {
            by_network(&mut admin.moved_to(&process.base), number).expect("the server answers");
        });
        let now = state(&server, local.id);
        assert_eq!(now.sync, SyncState::Successful, "round {round}: {}", now.failure);
        assert_agree(
            (&cloud.db, cast.xyz.id, place),
            (&server, local.id),
            &format!("round {round}"),
        );
        each_is_counted_once(&cloud.db, round + 1);
    }
    process.kill();
    println!(
        "{} kills of the server, {cut_off} of them in the middle",
        rounds()
    );
}

/// Asks for a synchronization until there was one, and says how long that took: the first seconds belong to the process
/// that was killed.
fn synchronized(server: &Db, after: &local_accounts::LocalAccount, ask: impl Fn()) -> Duration {
    let begun = Instant::now();
    loop {
        let asked = Instant::now();
        ask();
        // The page may answer before there is a file.
        while asked.elapsed() < Duration::from_secs(2) {
            let now = state(server, after.id);
            if now.sequence > after.sequence && now.sync != SyncState::InProgress {
                return asked.elapsed().min(Duration::from_secs(1));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "it is not begun");
    }
}

fn state(server: &Db, id: SmartAccountId) -> local_accounts::LocalAccount {
    server.read_now(|r| local_accounts::find(r, id)).unwrap()
}

/// "Initiate network (online) sync". None when the server is gone.
fn by_network(browser: &mut Browser, number: i64) -> Option<()> {
    let path = format!("/on-prem-accounts/{number}/sync/network");
    let reply = post(browser, &path, "application/x-www-form-urlencoded", None)?;
    assert!(reply.status < 400, "{}", reply.text_of_main());
    Some(())
}

/// "Initiate manual (offline) sync": the file out, to the cloud and submitted there, the response back.
fn by_file(
    browser: &mut Browser,
    number: i64,
    cloud: &Portal,
    ada: &(String, String),
    files: &str,
) -> Option<()> {
    let here = format!("/on-prem-accounts/{number}/sync/file");
    let made = post(
        browser,
        &format!("{here}/generate"),
        "application/x-www-form-urlencoded",
        None,
    )?;
    assert_eq!(made.status, 200, "{}", made.text_of_main());
    let mut api = cloud.api_of(ada.clone());
    let raw = [("content-type", "application/octet-stream")];
    let waits = api.send("POST", files, &raw, Some(&made.bytes));
    // The response to the file before was lost with the server: there is another day, and another file.
    if waits.status == 409 {
        return Some(());
    }
    let id = waits.expect(201).json()["id"].as_str().unwrap().to_owned();
    api.send("POST", &format!("{files}/{id}/submit"), &raw, Some(b""))
        .expect(200);
    let response = api.get(&format!("{files}/{id}/response"));
    response.expect(200);
    let done = post(
        browser,
        &format!("{here}/response"),
        "multipart/form-data; boundary=b",
        Some(&response.bytes),
    )?;
    assert_eq!(done.status, 303, "{}", done.text_of_main());
    Some(())
}

/// A form, with a file or without. None when the server is gone.
fn post(browser: &mut Browser, path: &str, kind: &str, file: Option<&[u8]>) -> Option<crate::support::Page> {
    let (csrf, base) = (browser.csrf(), browser.base().to_owned());
    let headers = [
        ("content-type", kind),
        ("sec-fetch-site", "same-origin"),
        ("origin", base.as_str()),
    ];
    let body = match file {
        None => format!("csrf={csrf}").into_bytes(),
        Some(file) => {
            let head = format!(
                "--b\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{csrf}\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\nContent-Type: application/octet-stream\r\n\r\n"
            );
            [head.as_bytes(), file, b"\r\n--b--\r\n"].concat()
        }
    };
    browser
        .try_send("POST", path, &headers, Some(&body))
        .ok()
        .cloned()
}

#[test]
fn a_cloud_that_is_killed_while_it_is_synchronized_is_made_equal_by_the_next_time() {
    let both = Both::start();
    let local = both.local();
    let (server, cast, place) = (both.server, both.cast, both.place);
    let ada = both.cloud.api_client("ada@xyz.example", true);
    let database = both.cloud.leave();
    let cloud = Db::open(&database.url).unwrap();
    let signing = server.parts.signing.clone();
    let key = server
        .db
        .read_now(|r| local_accounts::key_of(r, &signing, local.id))
        .unwrap();
    let who = Who::portal("tests");
    let files = format!(
        "/api/v1/accounts/{}/device-managers/{}/sync-files",
        cast.xyz.number,
        state(&server.db, local.id).cloud.unwrap().manager
    );
    let (mut took, mut cut_off) = (Duration::from_millis(300), 0);
    let mut process = Process::start(&database, "empty");
    for round in 0..rounds() {
        change(&server.db, &local, server.clock.now(), round);
        more(&cloud, &cast.xyz, place, server.clock.now(), round);
        call_at(&server.db, local.id, &process.base);
        let over = std::thread::scope(|scope| {
            let (server, key, who, ada, files, base) =
                (&server, &key, &who, &ada, &files, process.base.clone());
            let sender = scope.spawn(move || {
                if round % 2 == 0 {
                    local_accounts::network(&server.db, &server.clock, who, local.id, key, false)
                        .ok()
                        .map(drop)
                } else {
                    carried(server, key, who, local.id, (&base, ada, files))
                }
            });
            std::thread::sleep(a_while(round, took));
            process.kill();
            sender.join().unwrap()
        });
        cut_off += usize::from(over.is_none());
        process = Process::start(&database, "empty");
        call_at(&server.db, local.id, &process.base);
        let begun = Instant::now();
        let done = local_accounts::network(&server.db, &server.clock, &who, local.id, &key, false);
        assert!(done.is_ok(), "round {round}: {done:?}");
        took = begun.elapsed().min(Duration::from_secs(1));
        assert_agree(
            (&cloud, cast.xyz.id, place),
            (&server.db, local.id),
            &format!("round {round}"),
        );
        each_is_counted_once(&cloud, round + 1);
    }
    process.kill();
    println!("{} kills of the cloud, {cut_off} of them in the middle", rounds());
}

/// Licenses come into a Virtual Account of a cloud that another process serves.
fn more(cloud: &Db, owner: &Account, place: VirtualAccountId, at: licentral::kernel::Moment, round: usize) {
    let incoming = [licentral::licenses::Incoming {
        account: owner.id,
        virtual_account: place,
        order: licentral::kernel::ids::OrderId::new(),
        line: licentral::kernel::ids::OrderLineId::new(),
        round: 1,
        reference: "TEST-1",
        item: licentral::catalog::find(SKU).unwrap(),
        quantity: i64::try_from(round % 5 + 1).unwrap(),
        ordered_at: at,
        months: None,
    }];
    cloud
        .housekeeping_now(|tx| licentral::licenses::grant(tx, at, &Who::portal("tests"), &incoming).map(drop))
        .unwrap();
}

/// A file by hand to a cloud that may go meanwhile, and its response back.
fn carried(
    server: &Portal,
    key: &licentral::platform::signing::FileKey,
    who: &Who,
    id: SmartAccountId,
    (base, ada, files): (&str, &(String, String), &str),
) -> Option<()> {
    let made = local_accounts::make(&server.db, who, server.clock.now(), id, key, Way::File).unwrap();
    let mut browser = Browser::at(base);
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        ada.0, ada.1
    );
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    let token = browser
        .try_send("POST", "/api/v1/token", &kind, Some(form.as_bytes()))
        .ok()?
        .json()["access_token"]
        .as_str()?
        .to_owned();
    let bearer = format!("Bearer {token}");
    let mut ask = |method: &str, path: &str, body: Option<&[u8]>| {
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/octet-stream"),
        ];
        let reply = browser.try_send(method, path, &headers, body).ok()?;
        (reply.status < 400).then(|| reply.clone())
    };
    let waits = ask("POST", files, Some(&made.bytes))?.json();
    let one = format!("{files}/{}", waits["id"].as_str()?);
    ask("POST", &format!("{one}/submit"), Some(b""))?;
    let response = ask("GET", &format!("{one}/response"), None)?;
    local_accounts::apply(&server.db, who, server.clock.now(), id, &response.bytes).unwrap();
    Some(())
}
