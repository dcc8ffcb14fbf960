//! The power cut while a large usage file is taken in: after the next start the job ends, and every report counts once.

use crate::support::{Browser, Portal, Process, as_many_as, licentral};
use diesel::prelude::*;
use licentral::devices::Udi;
use licentral::devices::policy::files::usage_file;
use licentral::devices::policy::payload::{Report, Sent};
use licentral::kernel::Moment;
use licentral::platform::db::schema::{usage_file_lines, usage_files, usage_reports};
use licentral::platform::db::{Db, Reads};
use licentral::platform::signing::FileKey;
use std::time::{Duration, Instant};

/// Product instances in a file, and reports of each.
const DEVICES: usize = 1_000;
const REPORTS: usize = 10;

fn rounds() -> usize {
    as_many_as("LICENTRAL_USAGE_KILLS", 2)
}

/// The file of a round, with reports of one round in the order of time, so that each of them is counted.
fn file(key: &FileKey, now: Moment, round: usize) -> String {
    let sent: Vec<Sent> = (0..DEVICES)
        .flat_map(|n| (0..REPORTS).map(move |of| (n, of)))
        .map(|(n, of)| {
            let minutes = i64::try_from((round + 1) * REPORTS + of).unwrap() - 100_000;
            let at = now.plus(chrono::TimeDelta::minutes(minutes));
            Report {
                udi: Udi {
                    pid: "C9200-48P-E".to_owned(),
                    serial: format!("KILL{n}"),
                },
                id: format!("{round}-{of}"),
                entitlement: "c9200-ne-48".to_owned(),
                quantity: i64::try_from((round + n + of) % 4).unwrap(),
                began_at: at,
                ended_at: at,
                software: "17.12.4".to_owned(),
                sha256: String::new(),
                key: String::new(),
            }
            .sign(key)
            .unwrap()
        })
        .collect();
    usage_file(&sent)
}

/// How many reports were counted, how many lines there are of files, and how many files wait.
fn counts(db: &Db) -> [i64; 3] {
    db.read_now(|r| {
        let c = r.conn();
        Ok([
            usage_reports::table.count().get_result(c)?,
            usage_file_lines::table
                .filter(usage_file_lines::outcome.eq("taken"))
                .count()
                .get_result(c)?,
            usage_files::table
                .filter(usage_files::waits_for.ne(""))
                .count()
                .get_result(c)?,
        ])
    })
    .unwrap()
}

#[test]
fn a_kill_while_a_usage_file_is_taken_in_counts_every_report_once() {
    let p = Portal::start();
    let cast = p.add_cast();
    p.licenses(&cast.xyz, cast.xyz.default, "C9200-48P-E", 5);
    let ada = p.api_client("ada@xyz.example", true);
    let (number, place, now) = (cast.xyz.number, cast.xyz.default, p.clock.now());
    let database = p.leave();
    let db = Db::open(&database.url).unwrap();
    let key = FileKey::make().unwrap().0;
    let (mut took, mut in_the_middle) = (Duration::from_secs(2), 0);
    for round in 0..rounds() {
        let body = file(&key, now, round);
        let [before, ..] = counts(&db);
        let mut process = Process::start(&database, "empty");
        let mut browser = Browser::at(&process.base);
        let token = super::kill::bearer(&mut browser, &ada);
        let sent = browser
            .try_send(
                "POST",
                &format!("/api/v1/accounts/{number}/usage-files?va={place}&name=kill.txt"),
                &[
                    ("authorization", &format!("Bearer {token}")),
                    ("content-type", "application/octet-stream"),
                ],
                Some(body.as_bytes()),
            )
            .unwrap();
        assert_eq!(sent.status, 201, "round {round}: {}", sent.body);
        if round % 2 == 0 {
            // Somewhere between "nothing done yet" and "all of it over".
            std::thread::sleep(took.mul_f64(f64::from(u32::try_from(round * 37 % 100).unwrap()) / 100.0));
        } else {
            // As soon as some of it is done, which is before all of it is.
            let begun = Instant::now();
            while counts(&db)[0] == before && begun.elapsed() < Duration::from_secs(60) {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        process.kill();
        let [after, _, waits] = counts(&db);
        in_the_middle += usize::from(waits == 1 && after > before);
        // The next start goes on where the last one broke off.
        let begun = Instant::now();
        let mut again = Process::start(&database, "empty");
        while counts(&db)[2] > 0 {
            assert!(
                begun.elapsed() < Duration::from_secs(120),
                "round {round}: the file is never over"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        if waits == 1 && after == before {
            took = begun.elapsed();
        }
        again.kill();
        let all = i64::try_from((round + 1) * DEVICES * REPORTS).unwrap();
        assert_eq!(counts(&db), [all, all, 0], "round {round}");
        let (ok, words) = licentral(&["check", "--database-url", &database.url], &database.folder);
        assert!(ok, "round {round}: {words}");
    }
    assert!(in_the_middle > 0, "no kill came in the middle");
    println!(
        "{} kills of a job that takes a usage file in, {in_the_middle} of them in the middle",
        rounds()
    );
}
