//! The chain of the record: it holds whoever writes at once, and names the place where somebody has changed it.

use crate::support::{Cast, Portal, program};
use diesel::connection::SimpleConnection;
use licentral::kernel::{Event, Kind, Who};
use licentral::platform::db::{Conn, Reads};
use serde_json::{Value, json};
use std::process::Stdio;

const ADA: &str = "ada@xyz.example";

fn chain(p: &Portal, cast: &Cast) -> Value {
    p.api(ADA)
        .get(&format!("/api/v1/accounts/{}/record", cast.xyz.number))
        .expect(200)
        .json()
}

/// What nobody may do, on both databases.
fn tamper(p: &Portal, statement: &str) {
    p.db.housekeeping_now(|tx| {
        match tx.conn() {
            Conn::Sqlite(c) => c.batch_execute(&format!(
                "DROP TRIGGER IF EXISTS events_are_final; DROP TRIGGER IF EXISTS events_are_kept; {statement}"
            )),
            Conn::Postgres(c) => {
                c.batch_execute(&format!("ALTER TABLE events DISABLE TRIGGER ALL; {statement}"))
            }
        }?;
        Ok(())
    })
    .unwrap();
}

fn happen(p: &Portal, cast: &Cast, many: usize) {
    let (at, who) = (p.clock.now(), Who::portal("test"));
    for n in 0..many {
        let event = Event::new(
            Kind::AccountChanged,
            cast.xyz.id,
            format!("Number {n}: \u{fc} \"x\"."),
        )
        .within(cast.xyz.id)
        .changed(
            &json!({ "n": n, "b": 1 }),
            &json!({ "n": n + 1, "a": [1.5, null] }),
        );
        p.db.write_now(|tx| tx.record(at, &who, &event, ())).unwrap();
    }
}

#[test]
fn a_chain_holds_whoever_writes_at_once() {
    let (p, cast) = Portal::with_cast();
    let before = chain(&p, &cast)["linked"].as_u64().unwrap();
    let (at, who) = (p.clock.now(), Who::portal("test"));
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (db, who, cast) = (p.db.clone(), who.clone(), cast.clone());
            scope.spawn(move || {
                for n in 0..25 {
                    let event = Event::new(Kind::AccountChanged, cast.xyz.id, format!("{thread}: {n}"))
                        .within(cast.xyz.id);
                    // A job writes more lines than go into one statement; devices lock rows instead.
                    let write = |tx: &mut licentral::platform::db::Tx<'_>| {
                        for _ in 0..(if n == 7 { 250 } else { 1 }) {
                            tx.note(at, &who, &event)?;
                        }
                        tx.record(at, &who, &event, ())
                    };
                    let written = if n % 2 == 0 {
                        db.write_locked_now(write)
                    } else {
                        db.write_now(write)
                    };
                    // Whoever was too often in the way of others is told to come again.
                    let _ = written;
                }
            });
        }
    });
    let told = chain(&p, &cast);
    assert_eq!(told["holds"], true, "{told}");
    let counted = p
        .events()
        .iter()
        .filter(|one| one.account.as_deref() == Some(cast.xyz.id.as_str()))
        .count();
    assert_eq!(
        told["linked"].as_u64().unwrap(),
        counted as u64,
        "before the writers: {before}"
    );
    assert_eq!(told["before"], 0);
    assert!(licentral::simulator::check(&p.db).unwrap().is_empty());
}

#[test]
fn a_line_that_was_changed_taken_out_or_put_in_is_named() {
    let attempts: [(&str, &str); 6] = [
        (
            "UPDATE events SET message = 'Nothing happened.' WHERE id = '{middle}'",
            "changed",
        ),
        (
            "UPDATE events SET actor = 'Somebody else' WHERE id = '{middle}'",
            "changed",
        ),
        (
            "UPDATE events SET detail = 'null' WHERE id = '{middle}'",
            "changed",
        ),
        ("DELETE FROM events WHERE id = '{middle}'", "missing"),
        ("DELETE FROM events WHERE id = '{last}'", "cut-off"),
        (
            "UPDATE event_tallies SET chain_number = chain_number - 1 WHERE smart_account_id = '{account}' AND shard = {strand}",
            "added",
        ),
    ];
    for (statement, wanted) in attempts {
        let (p, cast) = Portal::with_cast();
        happen(&p, &cast, 60);
        assert_eq!(chain(&p, &cast)["holds"], true);
        let strand = longest(&p, &cast);
        let of = format!("smart_account_id = '{}' AND strand = {strand}", cast.xyz.id);
        let middle = text(
            &p,
            &format!("SELECT id AS what FROM events WHERE {of} AND chain_number = 2"),
        );
        let last = text(
            &p,
            &format!("SELECT id AS what FROM events WHERE {of} ORDER BY chain_number DESC LIMIT 1"),
        );
        tamper(
            &p,
            &statement
                .replace("{middle}", &middle)
                .replace("{last}", &last)
                .replace("{account}", cast.xyz.id.as_str())
                .replace("{strand}", &strand),
        );
        let told = chain(&p, &cast);
        assert_eq!(told["holds"], false, "{statement}");
        let broken = &told["broken"][0];
        assert_eq!(
            (&broken["what"], broken["strand"].to_string()),
            (&json!(wanted), strand.clone()),
            "{statement}"
        );
        match wanted {
            "changed" => assert_eq!(
                (&broken["number"], broken["event"].as_str()),
                (&json!(2), Some(middle.as_str()))
            ),
            "missing" => assert_eq!(broken["number"], 2),
            "added" => assert_eq!(broken["event"].as_str(), Some(last.as_str())),
            _ => {}
        }
        let said = licentral::simulator::check(&p.db).unwrap().join("\n");
        assert!(
            said.contains("The record of xyz.example does not hang together"),
            "{said}"
        );
        let mut page = p.sign_in(ADA);
        page.get(&format!("/sa/{}/activity/record?verify=1", cast.xyz.number))
            .expect(200)
            .shows("It is broken")
            .shows(&format!("strand {strand}"));
    }
}

/// A strand with at least three events.
fn longest(p: &Portal, cast: &Cast) -> String {
    text(
        p,
        &format!(
            "SELECT CAST(shard AS TEXT) AS what FROM event_tallies WHERE smart_account_id = '{}' ORDER BY chain_number DESC LIMIT 1",
            cast.xyz.id
        ),
    )
}

#[derive(diesel::QueryableByName)]
struct Text {
    #[diesel(sql_type = diesel::sql_types::Text)]
    what: String,
}

fn text(p: &Portal, query: &str) -> String {
    use diesel::RunQueryDsl;
    p.db.read_now(|r| Ok(diesel::sql_query(query).get_result::<Text>(r.conn())?.what))
        .unwrap()
}

#[test]
fn the_record_is_verified_and_exported_on_its_page() {
    let (p, cast) = Portal::with_cast();
    let number = cast.xyz.number;
    happen(&p, &cast, 3);
    let mut page = p.sign_in(ADA);
    page.get(&format!("/sa/{number}/activity/record")).expect(200);
    page.fill_and_submit("Verify the chain", &[])
        .expect(200)
        .shows("It holds");
    let file = p
        .api(ADA)
        .post(&format!("/api/v1/accounts/{number}/record/export"), &json!({}))
        .expect(200)
        .body
        .clone();
    let lines: Vec<Value> = file
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let counted = p
        .events()
        .iter()
        .filter(|one| one.account.as_deref() == Some(cast.xyz.id.as_str()))
        .count();
    assert_eq!(lines.len(), counted, "the export is among them");
    let one = lines
        .iter()
        .find(|one| one["message"].as_str().unwrap().starts_with("Number 2"))
        .unwrap();
    assert_eq!(one["detail"]["after"]["n"], 3);
    assert_eq!(p.events_of("export").len(), 1);
    for (email, status) in [
        ("cy@xyz.example", 403),
        ("una@xyz.example", 403),
        ("eve@harborview.example", 404),
    ] {
        p.api(email)
            .get(&format!("/api/v1/accounts/{number}/record"))
            .expect(status);
    }
    verified_by_another_program(&file);
}

/// The program of `docs/operations.md` verifies the export, where there is a Python.
fn verified_by_another_program(file: &str) {
    let guide = std::fs::read_to_string(crate::support::repository().join("docs/operations.md")).unwrap();
    let script = guide
        .split("```python\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let path = std::env::temp_dir().join(format!("licentral-record-{}.jsonl", std::process::id()));
    let run = |text: &str| -> Option<String> {
        std::fs::write(&path, text).unwrap();
        let done = std::process::Command::new("python3")
            .args(["-c", script, path.to_str().unwrap()])
            .stderr(Stdio::piped())
            .output()
            .ok()?;
        Some(format!(
            "{}{}",
            String::from_utf8_lossy(&done.stdout),
            String::from_utf8_lossy(&done.stderr)
        ))
    };
    let Some(said) = run(file) else { return };
    assert!(said.contains("It holds."), "{said}");
    let said = run(&file.replace("Number 1", "Number 7")).unwrap();
    assert!(said.contains("Broken at"), "{said}");
    let _ = std::fs::remove_file(&path);
}

#[test]
fn the_command_verifies_every_chain_of_a_lab() {
    let (p, cast) = Portal::with_cast();
    happen(&p, &cast, 20);
    let (client, secret) = p.api_client("olga@licensing.example", true);
    let run = || {
        program(
            &[
                "lab",
                "record",
                "--portal",
                &p.base,
                "--client-id",
                &client,
                "--client-secret",
                &secret,
            ],
            &std::env::temp_dir(),
        )
        .output()
        .unwrap()
    };
    let done = run();
    assert_eq!(
        done.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    assert!(String::from_utf8_lossy(&done.stdout).contains("xyz.example: holds"));
    let id = text(
        &p,
        &format!(
            "SELECT id AS what FROM events WHERE smart_account_id = '{}' LIMIT 1",
            cast.xyz.id
        ),
    );
    tamper(&p, &format!("UPDATE events SET message = 'x' WHERE id = '{id}'"));
    let done = run();
    assert_eq!(done.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&done.stdout).contains("The event was changed"));
}
