//! Steps of the schema since the last release only add, so that the program before goes on working on the schema of this
//! one while processes are replaced one after the other. What it no longer needs goes a release later.

use super::schema_parity::{Table, of_sqlite};
use crate::support::{Database, repository};
use diesel::connection::{Connection, SimpleConnection};
use diesel::{QueryableByName, RunQueryDsl, SqliteConnection};
use std::collections::BTreeMap;

/// The last step of the release before: to be set anew with each release. There is none yet; until then it is the step
/// from which on two programs were run beside each other (`docs/reliability.md`, rolling upgrade).
const RELEASED: &str = "2026-11-29-000065_second_factors";

/// How the schema of one program stands to what the other does.
fn contracts(before: &BTreeMap<String, Table>, after: &BTreeMap<String, Table>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, old) in before {
        let Some(new) = after.get(name) else {
            wrong.push(format!("the table {name} is gone"));
            continue;
        };
        for (column, kind) in &old.columns {
            match new.columns.get(column) {
                None => wrong.push(format!("{name}.{column} is gone")),
                Some(now) if now != kind => {
                    wrong.push(format!("{name}.{column} was {kind:?} and is {now:?}"));
                }
                Some(_) => {}
            }
        }
        if new.key != old.key {
            wrong.push(format!("the key of {name} is another"));
        }
        let is_old = |columns: &[String]| columns.iter().all(|column| old.columns.contains_key(column));
        for unique in new.unique.iter().filter(|unique| is_old(&unique.0)) {
            if !old.unique.contains(unique) {
                wrong.push(format!("{name} has to be unique by {:?} now", unique.0));
            }
        }
        for foreign in new.foreign.iter().filter(|foreign| is_old(&foreign.0)) {
            if !old.foreign.contains(foreign) {
                wrong.push(format!("{name} refers to {} by {:?} now", foreign.1, foreign.0));
            }
        }
        for check in &new.checks {
            let column = check.split(':').next().unwrap_or_default().to_owned();
            let is_wider = old
                .checks
                .iter()
                .any(|former| former == check || widens(former, check));
            if old.columns.contains_key(&column) && !is_wider {
                wrong.push(format!("{name}: a narrower check, {check}"));
            }
        }
    }
    wrong
}

/// Whether the second takes every word that the first takes.
fn widens(former: &str, check: &str) -> bool {
    let set = |text: &str| -> Option<(String, Vec<String>)> {
        let (column, words) = text.split_once(": one of ")?;
        let words = words.split('"').skip(1).step_by(2).map(str::to_owned).collect();
        Some((column.to_owned(), words))
    };
    match (set(former), set(check)) {
        (Some((a, old)), Some((b, new))) => a == b && old.iter().all(|word| new.contains(word)),
        _ => false,
    }
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
}

/// Columns that a program which does not know them need not fill.
fn filled_by_themselves(conn: &mut SqliteConnection, table: &str) -> Vec<String> {
    let query = format!(
        "SELECT name FROM pragma_table_info('{table}') WHERE \"notnull\" = 0 OR dflt_value IS NOT NULL"
    );
    let rows: Vec<Name> = diesel::sql_query(query).load(conn).unwrap();
    rows.into_iter().map(|row| row.name).collect()
}

/// The schemas after the step of the release before, and after all steps.
fn schemas() -> (
    Database,
    SqliteConnection,
    BTreeMap<String, Table>,
    BTreeMap<String, Table>,
) {
    let database = Database::sqlite();
    let file = database.folder.join("expanding.db");
    let mut conn = SqliteConnection::establish(&file.to_string_lossy()).unwrap();
    let mut steps: Vec<_> = std::fs::read_dir(repository().join("migrations/sqlite"))
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    steps.sort();
    let mut before = BTreeMap::new();
    for step in steps {
        let text = std::fs::read_to_string(step.join("up.sql")).unwrap();
        conn.batch_execute(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", step.display()));
        if step.ends_with(RELEASED) {
            before = of_sqlite(&mut conn);
        }
    }
    assert!(!before.is_empty(), "there is no step {RELEASED}");
    let after = of_sqlite(&mut conn);
    (database, conn, before, after)
}

#[test]
fn steps_since_the_last_release_only_add() {
    let (_database, mut conn, before, after) = schemas();
    let mut wrong = contracts(&before, &after);
    for (name, old) in &before {
        let Some(new) = after.get(name) else { continue };
        let free = filled_by_themselves(&mut conn, name);
        for column in new.columns.keys() {
            if !old.columns.contains_key(column) && !free.contains(column) {
                wrong.push(format!(
                    "{name}.{column} is new, and the program before does not fill it"
                ));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// A request of the program before that waited for the step would find nobody's rows in the new table.
#[test]
fn no_table_of_postgres_takes_the_place_of_another() {
    for entry in std::fs::read_dir(repository().join("migrations/postgres"))
        .unwrap()
        .flatten()
    {
        let is_since = entry.file_name().to_string_lossy().as_ref() > RELEASED;
        let text = std::fs::read_to_string(entry.path().join("up.sql")).unwrap();
        assert!(!is_since || !text.contains(" RENAME TO "), "{:?}", entry.path());
    }
}

#[test]
fn a_step_that_takes_away_is_seen() {
    let (_database, _conn, before, after) = schemas();
    let with = |change: &dyn Fn(&mut BTreeMap<String, Table>)| {
        let mut changed = after.clone();
        change(&mut changed);
        contracts(&before, &changed)
    };
    let column = |tables: &mut BTreeMap<String, Table>| {
        tables.get_mut("people").unwrap().columns.remove("name");
    };
    assert_eq!(with(&column), ["people.name is gone"]);
    let table = |tables: &mut BTreeMap<String, Table>| {
        tables.remove("sessions");
    };
    assert_eq!(with(&table), ["the table sessions is gone"]);
    let words = |tables: &mut BTreeMap<String, Table>| {
        let people = tables.get_mut("people").unwrap();
        let narrow = "state: one of {\"active\"}".to_owned();
        people.checks.retain(|check| !check.starts_with("state:"));
        people.checks.insert(narrow);
    };
    assert_eq!(with(&words).len(), 1);
    let unique = |tables: &mut BTreeMap<String, Table>| {
        let people = tables.get_mut("people").unwrap();
        people.unique.insert((vec!["name".to_owned()], String::new()));
    };
    assert_eq!(with(&unique).len(), 1);
}
