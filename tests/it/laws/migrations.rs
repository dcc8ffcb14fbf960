//! The schema's steps: up, down and up again; refused when they do not fit; run by many at once.

use super::schema_parity::{of_postgres, of_sqlite};
use crate::support::{Database, licentral, postgres};
use diesel::connection::{Connection, SimpleConnection};
use diesel::{PgConnection, RunQueryDsl, SqliteConnection};
use licentral::platform::db::{Schema, migrate};

fn catalogue(url: &str) -> String {
    if url.starts_with("sqlite://") {
        let mut conn = SqliteConnection::establish(url.trim_start_matches("sqlite://")).unwrap();
        format!("{:#?}", of_sqlite(&mut conn))
    } else {
        format!("{:#?}", of_postgres(&mut PgConnection::establish(url).unwrap()))
    }
}

fn execute(url: &str, statement: &str) {
    if url.starts_with("sqlite://") {
        let mut conn = SqliteConnection::establish(url.trim_start_matches("sqlite://")).unwrap();
        conn.batch_execute(statement).unwrap();
    } else {
        PgConnection::establish(url)
            .unwrap()
            .batch_execute(statement)
            .unwrap();
    }
}

#[test]
fn every_step_can_be_taken_back_and_made_again() {
    let database = Database::empty();
    let url = &database.url;
    let steps = migrate::run(url).unwrap();
    assert!(steps >= 1);
    let before = catalogue(url);
    assert_eq!(migrate::run(url).unwrap(), 0, "a second run has nothing to do");
    migrate::revert_all(url).unwrap();
    assert_eq!(catalogue(url), "{}", "something was left behind");
    assert!(matches!(migrate::compare(url).unwrap(), Schema::Behind(list) if list.len() == steps));
    assert_eq!(migrate::run(url).unwrap(), steps);
    assert_eq!(catalogue(url), before);
    assert_eq!(migrate::compare(url).unwrap(), Schema::Current);
}

/// An index without its numbers is taken for better or worse than it is: decision 12.
#[test]
fn every_index_of_a_large_table_has_its_numbers() {
    let database = Database::fresh();
    let Some(file) = database.url.strip_prefix("sqlite://") else {
        return;
    };
    #[derive(diesel::QueryableByName)]
    struct Index {
        #[diesel(sql_type = diesel::sql_types::Text)]
        name: String,
    }
    let mut conn = SqliteConnection::establish(file).unwrap();
    let mut ask = |query: &str| -> Vec<String> {
        let rows: Vec<Index> = diesel::sql_query(query).load(&mut conn).unwrap();
        rows.into_iter().map(|row| row.name).collect()
    };
    assert!(!ask("SELECT idx AS name FROM sqlite_stat1").is_empty());
    let without = ask(
        "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name IN (SELECT tbl FROM sqlite_stat1) \
         AND name NOT IN (SELECT idx FROM sqlite_stat1)",
    );
    assert_eq!(without, Vec::<String>::new());
    let unknown = ask(
        "SELECT idx AS name FROM sqlite_stat1 WHERE idx NOT IN (SELECT name FROM sqlite_master WHERE type = 'index')",
    );
    assert_eq!(unknown, Vec::<String>::new());
}

#[test]
fn the_tests_leave_no_other_schema_behind_than_the_steps_make() {
    let (fresh, empty) = (Database::fresh(), Database::empty());
    migrate::run(&empty.url).unwrap();
    assert_eq!(catalogue(&fresh.url), catalogue(&empty.url));
}

#[test]
fn a_newer_schema_is_refused_in_words() {
    let database = Database::fresh();
    execute(
        &database.url,
        "INSERT INTO __diesel_schema_migrations (version) VALUES ('20990101000000')",
    );
    for command in ["serve", "check", "migrate"] {
        let (ok, words) = licentral(
            &[
                command,
                "--database-url",
                &database.url,
                "--listen",
                "127.0.0.1:1",
            ],
            &database.folder,
        );
        assert!(!ok, "{command} took a newer schema: {words}");
        let named = words.contains("20990101000000") || words.contains("newer");
        assert!(named, "{command} does not say what is wrong: {words}");
        assert!(!words.contains("panicked"), "{words}");
    }
}

#[test]
fn an_older_schema_is_refused_in_production_and_mended_in_a_lab() {
    let database = Database::empty();
    let (ok, words) = licentral(&["check", "--database-url", &database.url], &database.folder);
    assert!(!ok && words.contains("does not fit"), "{words}");
    let key = database.folder.join("key");
    let (ok, words) = licentral(&["make-key", &key.to_string_lossy()], &database.folder);
    assert!(ok, "{words}");
    let production = [
        "serve",
        "--mode",
        "production",
        "--base-url",
        "https://licenses.company.example",
        "--smtp-url",
        "smtp://mail.company.example:587",
        "--key-file",
        &key.to_string_lossy(),
        "--database-url",
        &database.url,
    ];
    let (ok, words) = licentral(&production, &database.folder);
    assert!(!ok && words.contains("licentral migrate"), "{words}");
    assert!(
        matches!(migrate::compare(&database.url).unwrap(), Schema::Behind(_)),
        "production changed the schema"
    );
    let (ok, words) = licentral(&["migrate", "--database-url", &database.url], &database.folder);
    assert!(ok, "{words}");
    let (ok, words) = licentral(&["check", "--database-url", &database.url], &database.folder);
    assert!(ok, "{words}");
}

#[test]
fn eight_processes_migrate_at_once_and_each_step_is_run_once() {
    let database = Database::empty();
    let done: Vec<(bool, String)> = std::thread::scope(|scope| {
        let processes: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| licentral(&["migrate", "--database-url", &database.url], &database.folder))
            })
            .collect();
        processes.into_iter().map(|p| p.join().unwrap()).collect()
    });
    let mut steps = 0;
    for (ok, words) in &done {
        assert!(ok, "{done:#?}");
        steps += words
            .split_whitespace()
            .find_map(|w| w.parse::<usize>().ok())
            .unwrap_or_else(|| panic!("{words}"));
    }
    let fresh = Database::empty();
    assert_eq!(steps, migrate::run(&fresh.url).unwrap());
    assert_eq!(catalogue(&database.url), catalogue(&fresh.url));
}

#[test]
fn the_suite_runs_on_the_database_that_it_was_told() {
    let database = Database::fresh();
    assert_eq!(database.url.starts_with("postgres"), postgres().is_some());
}
