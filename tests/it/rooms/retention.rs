//! What is old goes when that is set, once, with a line in the record; and what is still needed stays.

use crate::support::{Cast, Database, Portal, repository};
use chrono::TimeDelta;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use licentral::kernel::{Event, Kind, Who};
use licentral::platform::config::{Days, Retention};
use licentral::platform::db::schema::{outbox, sync_files, sync_responses};
use licentral::platform::db::{Conn, Reads, Tx};
use licentral::platform::settings;
use serde_json::{Value, json};

const ADA: &str = "ada@xyz.example";
const OLGA: &str = "olga@licensing.example";

fn letters(p: &Portal) -> i64 {
    p.db.read_now(|r| Ok(outbox::table.count().get_result(r.conn())?))
        .unwrap()
}

/// What the lines of the record about it say.
fn told(p: &Portal) -> Vec<Value> {
    p.events_of("server.removed-old")
        .iter()
        .map(|one| serde_json::from_str(&one.detail).unwrap())
        .collect()
}

#[test]
fn letters_go_when_they_are_old_and_their_days_are_set() {
    let keeps = |mail: Option<Days>| {
        let p = Portal::start_as(|config| {
            config.retention = Retention {
                mail,
                ..Retention::default()
            }
        });
        p.add_cast();
        p
    };
    let p = keeps(Some(Days(30)));
    let mut reset = p.browser();
    reset.open("/password/forgot").expect(200);
    reset.fill_and_send("form[action='/password/forgot']", &[("email", OLGA)]);
    reset.open("/password/forgot").expect(200);
    reset.fill_and_send("form[action='/password/forgot']", &[("email", OLGA)]);
    p.run_jobs();
    let before = letters(&p);
    assert!(before > 0);
    let mut olga = p.sign_in(OLGA);
    olga.get("/operator/mail")
        .expect(200)
        .shows("more than 30 days ago is removed");
    p.advance(TimeDelta::days(29));
    p.run_jobs();
    assert_eq!(letters(&p), before);
    assert!(told(&p).is_empty(), "nothing went, and something is told of it");

    // Another process removes just now.
    p.advance(TimeDelta::days(2));
    let hold = |until: String| {
        p.db.housekeeping_now(move |tx: &mut Tx<'_>| settings::set(tx, "removing-until", &until))
            .unwrap();
    };
    hold(p.clock.wall().plus(TimeDelta::minutes(5)).rfc3339());
    p.run_jobs();
    assert_eq!(letters(&p), before);
    hold(String::new());
    p.run_jobs();
    assert_eq!(letters(&p), 0);
    let told = told(&p);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["letters"]["removed"], before);
    olga.get("/operator/mail").expect(200).shows("No letters yet");

    let kept = keeps(None);
    let mut reset = kept.browser();
    reset.open("/password/forgot").expect(200);
    reset.fill_and_send("form[action='/password/forgot']", &[("email", OLGA)]);
    kept.run_jobs();
    let before = letters(&kept);
    kept.advance(TimeDelta::days(3650));
    kept.run_jobs();
    assert!(before > 0 && letters(&kept) >= before);
}

#[test]
fn synchronization_files_go_but_for_the_last_one_of_each_server() {
    let p = Portal::start_as(|config| config.retention.sync = Some(Days(30)));
    let cast = p.add_cast();
    let mut one = p.on_prem(&cast.xyz, "ada@xyz.example", "Springfield", "Local");
    let mut last = Vec::new();
    for serial in ["FOC1", "FOC2", "FOC3"] {
        last = one.file(p.clock.now(), &[(serial, "Lab", &[("c9200-ne-48", 2)])]);
        p.sync(&last).expect(200);
        one.last_response = one.sequence;
    }
    let answer = p.sync(&last).expect(200).bytes.clone();
    p.advance(TimeDelta::days(31));
    p.run_jobs();
    let (files, responses): (Vec<i64>, i64) =
        p.db.read_now(|r| {
            Ok((
                sync_files::table.select(sync_files::sequence).load(r.conn())?,
                sync_responses::table.count().get_result(r.conn())?,
            ))
        })
        .unwrap();
    assert_eq!((files.len(), responses), (1, 1), "{files:?}");
    assert_eq!(told(&p)[0]["synchronization files"]["removed"], 2);
    assert_eq!(
        p.sync(&last).expect(200).bytes,
        answer,
        "another response than was given"
    );
    assert!(licentral::simulator::check(&p.db).unwrap().is_empty());
    let history = format!(
        "/sa/{}/devices/device-managers/{}/sync-history",
        cast.xyz.number, one.id
    );
    p.sign_in("ada@xyz.example")
        .get(&history)
        .expect(200)
        .shows("Those that are older than 30 days are removed");
    // And the server goes on.
    let next = one.file(p.clock.now(), &[("FOC3", "Lab", &[])]);
    p.sync(&next).expect(200);
}

/// What is left in the record of XYZ COMPANY, and whether it holds.
fn record(p: &Portal, cast: &Cast) -> Value {
    p.api(ADA)
        .get(&format!("/api/v1/accounts/{}/record", cast.xyz.number))
        .expect(200)
        .json()
}

fn happen(p: &Portal, cast: &Cast, many: usize) {
    let (at, who) = (p.clock.now(), Who::portal("test"));
    for n in 0..many {
        let event =
            Event::new(Kind::AccountChanged, cast.xyz.id, format!("Number {n}: \u{fc}.")).within(cast.xyz.id);
        p.db.write_now(|tx| tx.record(at, &who, &event, ())).unwrap();
    }
}

#[test]
fn events_go_into_an_archive_and_the_record_is_verified_over_the_cut() {
    let database = Database::fresh();
    let folder = database.folder.join("archive");
    std::fs::create_dir(&folder).unwrap();
    let events = Some((Days(90), folder.clone()));
    let p = Portal::start_on(database, |config| config.retention.events = events);
    let cast = p.add_cast();
    happen(&p, &cast, 300);
    let before = record(&p, &cast)["linked"].as_u64().unwrap();
    p.run_jobs();
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "nothing is old");
    p.advance(TimeDelta::days(91));
    happen(&p, &cast, 20);
    p.run_jobs();
    let told = record(&p, &cast);
    assert_eq!(told["holds"], true, "{told}");
    let archived = told["archived"].as_u64().unwrap();
    assert_eq!(archived, before, "{told}");
    assert!(told["linked"].as_u64().unwrap() >= 20);
    assert!(licentral::simulator::check(&p.db).unwrap().is_empty());
    let marks = p.events_of("record.archived");
    assert!(!marks.is_empty() && marks.iter().all(|one| one.detail.contains("hash")));
    let number = cast.xyz.number;
    let mut ada = p.sign_in(ADA);
    ada.get(&format!("/sa/{number}/activity"))
        .expect(200)
        .shows("What is older than 90 days lies in an archive");
    ada.get(&format!("/sa/{number}/activity/record?verify=1"))
        .expect(200)
        .shows("It holds")
        .shows("First events that lie in the archive");

    // A second cut goes on where the first one ended.
    p.advance(TimeDelta::days(91));
    p.run_jobs();
    let told = record(&p, &cast);
    assert!(told["archived"].as_u64().unwrap() >= archived + 20, "{told}");
    assert_eq!(told["holds"], true, "{told}");
    let export = p
        .api(ADA)
        .post(&format!("/api/v1/accounts/{number}/record/export"), &json!({}))
        .expect(200)
        .body
        .clone();
    assert!(
        export.starts_with('{') && export.contains("\"cut\":true"),
        "{export}"
    );
    let files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .flatten()
        .map(|one| one.path())
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    let archive = std::fs::read_to_string(&files[0]).unwrap();
    verified_by_another_program(&[&archive, &export], true);
    verified_by_another_program(&[&export], true);
    // An archive that somebody shortened does not end where the record goes on.
    let last = archive
        .lines()
        .rfind(|line| line.contains(cast.xyz.id.as_str()))
        .unwrap()
        .to_owned();
    let shorter = archive.replace(&format!("{last}\n"), "");
    verified_by_another_program(&[&shorter, &export], false);
    verified_by_another_program(&[&archive.replace("Number 7", "Number 8"), &export], false);
    // A mark that was made up is found out, and so is an event that was left behind one.
    tamper(
        &p,
        &format!("UPDATE event_cuts SET chain_hash = '{}'", "0".repeat(64)),
    );
    assert_eq!(record(&p, &cast)["holds"], false);
}

#[test]
fn nothing_else_takes_events_out_of_the_record_or_moves_its_marks_back() {
    let database = Database::fresh();
    let folder = database.folder.clone();
    let p = Portal::start_on(database, |config| {
        config.retention.events = Some((Days(90), folder))
    });
    let cast = p.add_cast();
    happen(&p, &cast, 50);
    let refused = |statement: &'static str| {
        let done = p.db.housekeeping_now(|tx| {
            match tx.conn() {
                Conn::Sqlite(c) => c.batch_execute(statement),
                Conn::Postgres(c) => c.batch_execute(statement),
            }?;
            Ok(())
        });
        assert!(
            format!("{:?}", done.unwrap_err()).contains("append-only"),
            "{statement}"
        );
    };
    refused("DELETE FROM events");
    p.advance(TimeDelta::days(91));
    happen(&p, &cast, 20);
    p.run_jobs();
    for statement in [
        "DELETE FROM events",
        "DELETE FROM events WHERE chain_number = (SELECT MAX(chain_number) FROM events)",
        "DELETE FROM event_cuts",
        "UPDATE event_cuts SET chain_number = chain_number - 1",
        "UPDATE events SET message = 'x'",
    ] {
        refused(statement);
    }
    assert_eq!(record(&p, &cast)["holds"], true);
}

/// What nobody may do, on both databases.
fn tamper(p: &Portal, statement: &str) {
    p.db.housekeeping_now(|tx| {
        match tx.conn() {
            Conn::Sqlite(c) => c.batch_execute(&format!("DROP TRIGGER event_cuts_go_forwards; {statement}")),
            Conn::Postgres(c) => c.batch_execute(&format!(
                "ALTER TABLE event_cuts DISABLE TRIGGER ALL; {statement}"
            )),
        }?;
        Ok(())
    })
    .unwrap();
}

/// The program of `docs/operations.md`, where there is a Python.
fn verified_by_another_program(files: &[&str], holds: bool) {
    let guide = std::fs::read_to_string(repository().join("docs/operations.md")).unwrap();
    let script = guide
        .split("```python\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let folder = std::env::temp_dir().join(format!("licentral-archive-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut command = std::process::Command::new("python3");
    command.args(["-c", script]);
    for (n, text) in files.iter().enumerate() {
        let path = folder.join(format!("{n}.jsonl"));
        std::fs::write(&path, text).unwrap();
        command.arg(path);
    }
    let Ok(done) = command.output() else { return };
    let said = [done.stdout, done.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert_eq!(done.status.success(), holds, "{said}");
    assert_eq!(said.contains("It holds."), holds, "{said}");
    let _ = std::fs::remove_dir_all(&folder);
}
