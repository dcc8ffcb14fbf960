//! How many statements each page and each list of the API asks of the database: `golden/statements.txt`. A page that asks
//! more than it did says so here; one that asks for each row is found by the second test.

use super::world::{ASKED, World};
use crate::support::{Portal, golden};
use licentral::platform::db::Database;
use std::fmt::Write;

/// Asks a few times and takes the least: the first time makes what is kept, and at any time something else may be at work,
/// such as noting that the session was used.
fn statements(p: &Portal, mut ask: impl FnMut() -> u16) -> (u16, u64) {
    let count = |_| {
        let before = p.db.statements();
        let status = ask();
        (status, p.db.statements() - before)
    };
    (0..5).map(count).min_by_key(|(_, asked)| *asked).unwrap()
}

#[test]
fn a_page_asks_what_it_did() {
    let mut table = String::from(
        "# Statements that one request asks of the database, BEGIN and COMMIT aside, by the administrator of an account:\n\
         # session, person and roles among them. Asked on SQLite; the queries are the same on PostgreSQL.\n",
    );
    let mut is_sqlite = true;
    for edition in ASKED {
        let w = World::that_keeps_nothing(*edition);
        is_sqlite &= w.p.db.database() == Database::Sqlite;
        let _ = writeln!(table, "\n{edition:?}");
        let mut ada = w.visitor("ada@xyz.example");
        // That her session is used again is noted beside the first answers.
        for _ in 0..20 {
            ada.ask("GET", "/");
        }
        for route in w.reads() {
            let path = w.ours(&route.path);
            let (status, asked) = statements(&w.p, || ada.ask("GET", &path).status);
            if status < 400 {
                let _ = writeln!(table, "{asked:>4}  {}", route.path);
            }
        }
    }
    if is_sqlite {
        golden("tests/it/golden/statements.txt", &table);
    }
}

#[test]
fn more_rows_ask_no_more_statements() {
    let p = Portal::start_as(|config| config.keeps_pages = false);
    let cast = p.add_cast();
    let list = format!("/sa/{}/devices/device-inventory?per=100", cast.xyz.number);
    let api = format!("/api/v1/accounts/{}/devices?per=100", cast.xyz.number);
    let mut page = p.sign_in("ada@xyz.example");
    let mut script = p.api("ada@xyz.example");
    let mut seen = Vec::new();
    for (from, until) in [(0, 5), (5, 50)] {
        for number in from..until {
            let place = p.virtual_account(&cast.xyz, &format!("Site {number}"));
            let (_, token) = p.registration_token(&cast.xyz, place, None);
            p.device(&token, &format!("FOC{number:05}"))
                .report(&[("c9200-ne-48", 1)])
                .expect(200);
        }
        seen.push((
            statements(&p, || page.get(&list).expect(200).status),
            statements(&p, || script.get(&api).expect(200).status),
        ));
        page.page().shows("product instances");
    }
    assert_eq!(seen[0], seen[1], "with 5 and with 50 product instances");
}
