//! Snapshots of a whole database, for labs: taken under a name, put back, or everything forgotten. Putting back is one
//! transaction that copies rows, so that it is done or not done, whoever else has the database open.
//!
//! On SQLite a snapshot is a file in a folder beside the database, on PostgreSQL a schema of the same database.

use super::conn::{Conn, copy_sqlite};
use super::{Database, Db};
use crate::error::{Cause, Error, Result};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

/// What the schemas of snapshots are called on PostgreSQL.
const PREFIX: &str = "lab_snapshot_";
/// Which steps of the schema were run.
const STEPS: &str = "__diesel_schema_migrations";

/// The name of a snapshot: a file and a schema are called by it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SnapshotName(String);

impl SnapshotName {
    /// Characters at most.
    pub const LONGEST: usize = 40;

    /// Reads one.
    pub fn parse(typed: &str) -> Result<Self, String> {
        let typed = typed.trim();
        let good = !typed.is_empty()
            && typed.len() <= Self::LONGEST
            && !typed.starts_with('-')
            && typed
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if good {
            Ok(Self(typed.to_owned()))
        } else {
            Err(format!(
                "Use small letters, digits and hyphens, at most {}: before-class.",
                Self::LONGEST
            ))
        }
    }
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for SnapshotName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    word: String,
}

#[derive(QueryableByName)]
struct Pair {
    #[diesel(sql_type = Text)]
    one: String,
    #[diesel(sql_type = Text)]
    other: String,
}

fn words(conn: &mut Conn, query: &str) -> Result<Vec<String>> {
    let rows: Vec<Word> = diesel::sql_query(query).load(conn)?;
    Ok(rows.into_iter().map(|row| row.word).collect())
}

fn pairs(conn: &mut Conn, query: &str) -> Result<Vec<(String, String)>> {
    let rows: Vec<Pair> = diesel::sql_query(query).load(conn)?;
    Ok(rows.into_iter().map(|row| (row.one, row.other)).collect())
}

impl Db {
    fn folder(&self) -> PathBuf {
        PathBuf::from(format!("{}.snapshots", self.path))
    }

    fn file(&self, name: &SnapshotName) -> PathBuf {
        self.folder().join(format!("{name}.db"))
    }

    /// The snapshots that there are, by name.
    pub fn snapshots_now(&self) -> Result<Vec<SnapshotName>> {
        let mut names: Vec<SnapshotName> = match self.database() {
            Database::Sqlite => std::fs::read_dir(self.folder())
                .into_iter()
                .flatten()
                .flatten()
                .filter_map(|entry| {
                    let name = entry.file_name().into_string().ok()?;
                    SnapshotName::parse(name.strip_suffix(".db")?).ok()
                })
                .collect(),
            Database::Postgres => {
                let query = format!(
                    "SELECT nspname::text AS word FROM pg_namespace WHERE left(nspname::text, {}) = '{PREFIX}'",
                    PREFIX.len()
                );
                let mut conn = self.readers.get().map_err(|e| Error::Unavailable(Cause::of(e)))?;
                words(&mut conn, &query)?
                    .iter()
                    .filter_map(|schema| SnapshotName::parse(schema.strip_prefix(PREFIX)?).ok())
                    .collect()
            }
        };
        names.sort();
        Ok(names)
    }

    /// Takes a snapshot. Nobody writes meanwhile, if the caller sees to it.
    pub fn take_snapshot_now(&self, name: &SnapshotName) -> Result<()> {
        let mut conn = self.readers.get().map_err(|e| Error::Unavailable(Cause::of(e)))?;
        match self.database() {
            Database::Sqlite => {
                std::fs::create_dir_all(self.folder()).map_err(Error::internal)?;
                let (file, unfinished) = (self.file(name), self.folder().join(format!("{name}.part")));
                let _ = std::fs::remove_file(&unfinished);
                copy_sqlite(&mut conn, &unfinished.to_string_lossy())?;
                std::fs::rename(&unfinished, &file).map_err(Error::internal)
            }
            Database::Postgres => {
                let tables = tables(&mut conn)?;
                let mut steps = format!(
                    "BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL statement_timeout = 0; CREATE SCHEMA \"{PREFIX}{name}\";"
                );
                for table in tables.iter().map(String::as_str).chain([STEPS]) {
                    steps.push_str(&format!(
                        "CREATE TABLE \"{PREFIX}{name}\".\"{table}\" AS TABLE \"{table}\";"
                    ));
                }
                steps.push_str("COMMIT;");
                carried_out(&mut conn, &steps)
            }
        }
    }

    /// Makes room for very much that is written at once.
    pub fn make_room_now(&self) -> Room {
        self.cache(ROOM);
        Room(self.clone())
    }

    fn cache(&self, pragma: &str) {
        if self.database() == Database::Sqlite
            && let Ok(mut conn) = self.writers.get()
        {
            // It only makes things faster.
            let _ = conn.batch_execute(pragma);
        }
    }

    /// Forgets a snapshot.
    pub fn drop_snapshot_now(&self, name: &SnapshotName) -> Result<()> {
        match self.database() {
            Database::Sqlite => std::fs::remove_file(self.file(name)).map_err(|_| Error::NotFound),
            Database::Postgres => {
                let mut conn = self.writers.get().map_err(|e| Error::Unavailable(Cause::of(e)))?;
                carried_out(
                    &mut conn,
                    &format!("DROP SCHEMA IF EXISTS \"{PREFIX}{name}\" CASCADE"),
                )
            }
        }
    }

    /// Makes everything what it was when the snapshot was taken; without one, empties every table.
    pub fn replace_now(&self, by: Option<&SnapshotName>) -> Result<()> {
        if let Some(name) = by
            && !self.snapshots_now()?.contains(name)
        {
            return Err(Error::NotFound);
        }
        let _turn = self
            .turn
            .as_ref()
            .map(|turn| turn.lock().unwrap_or_else(PoisonError::into_inner));
        let mut conn = self.writers.get().map_err(|e| Error::Unavailable(Cause::of(e)))?;
        match self.database() {
            Database::Sqlite => {
                let file = by.map(|name| self.file(name));
                replace_sqlite(&mut conn, file.as_deref())?;
            }
            Database::Postgres => replace_postgres(&mut conn, by)?,
        }
        self.commits.send_modify(|n| *n = n.wrapping_add(1));
        Ok(())
    }
}

/// A cache of pages for very much that is written at once, in KiB, and the usual one again (SQLite). With the usual one the
/// pages of a long transaction go to the disk and come back again and again.
const ROOM: &str = "PRAGMA cache_size=-262144";
const NO_ROOM: &str = "PRAGMA cache_size=-4000; PRAGMA shrink_memory";

/// As long as it lives there is room for very much that is written at once.
pub struct Room(Db);

impl Drop for Room {
    fn drop(&mut self) {
        self.0.cache(NO_ROOM);
    }
}

/// Runs statements that begin and end their own transaction.
fn carried_out(conn: &mut Conn, steps: &str) -> Result<()> {
    if let Err(error) = conn.batch_execute(steps) {
        let _ = conn.batch_execute("ROLLBACK");
        return Err(error.into());
    }
    Ok(())
}

/// The tables of the portal, but for the index of trigrams, which others keep.
fn tables(conn: &mut Conn) -> Result<Vec<String>> {
    let query = match conn {
        Conn::Sqlite(_) => {
            "SELECT name AS word FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' \
             AND name NOT LIKE 'trigrams%' AND name <> '__diesel_schema_migrations' ORDER BY name"
        }
        Conn::Postgres(_) => {
            "SELECT tablename::text AS word FROM pg_tables WHERE schemaname = current_schema() \
             AND tablename <> '__diesel_schema_migrations' ORDER BY tablename"
        }
    };
    words(conn, query)
}

/// A snapshot of an older schema has other columns.
fn of_this_schema(conn: &mut Conn, of: &str) -> Result<()> {
    let newest = |conn: &mut Conn, table: &str| {
        words(
            conn,
            &format!("SELECT COALESCE(MAX(version), '') AS word FROM {table}"),
        )
    };
    if newest(conn, STEPS)? == newest(conn, &format!("\"{of}\".\"{STEPS}\""))? {
        Ok(())
    } else {
        Err(Error::refused(
            "lab.snapshot-of-other-schema",
            "The snapshot was taken by another version of this program: its tables have other columns.",
        ))
    }
}

fn replace_sqlite(conn: &mut Conn, file: Option<&Path>) -> Result<()> {
    if let Some(file) = file {
        diesel::sql_query("ATTACH ? AS snapshot")
            .bind::<Text, _>(file.to_string_lossy().into_owned())
            .execute(conn)?;
    }
    let _ = conn.batch_execute(ROOM);
    let done = rows_of_sqlite(conn, file.is_some());
    if done.is_err() {
        let _ = conn.batch_execute("ROLLBACK");
    }
    let _ = conn.batch_execute("PRAGMA foreign_keys=ON");
    let _ = conn.batch_execute(NO_ROOM);
    if file.is_some() {
        let _ = conn.batch_execute("DETACH snapshot");
    }
    done
}

fn rows_of_sqlite(conn: &mut Conn, from_snapshot: bool) -> Result<()> {
    // References are what they were when the rows lay in a database that checked them.
    conn.batch_execute("PRAGMA foreign_keys=OFF; BEGIN IMMEDIATE")?;
    if from_snapshot {
        of_this_schema(conn, "snapshot")?;
    }
    // The record is append-only while it is used; here it is replaced with everything else. The index of trigrams is
    // emptied at once and follows the rows that come.
    let (of_index, others): (Vec<_>, Vec<_>) = pairs(
        conn,
        "SELECT name AS one, sql AS other FROM main.sqlite_master WHERE type = 'trigger' ORDER BY name",
    )?
    .into_iter()
    .partition(|(name, _)| name.starts_with("trigrams"));
    let all = tables(conn)?;
    let mut steps = String::new();
    for (name, _) in of_index.iter().chain(&others) {
        steps.push_str(&format!("DROP TRIGGER \"{name}\";"));
    }
    for table in all.iter().map(String::as_str).chain(INDEXED) {
        steps.push_str(&format!("DELETE FROM main.\"{table}\";"));
    }
    steps.push_str("INSERT INTO trigrams (trigrams) VALUES ('delete-all');");
    made_again(&mut steps, &of_index);
    for table in all.iter().filter(|_| from_snapshot) {
        steps.push_str(&format!(
            "INSERT INTO main.\"{table}\" SELECT * FROM snapshot.\"{table}\";"
        ));
    }
    made_again(&mut steps, &others);
    steps.push_str("COMMIT;");
    Ok(conn.batch_execute(&steps)?)
}

/// What the index of trigrams knows besides the trigrams.
const INDEXED: [&str; 2] = ["trigrams_accounts", "trigrams_of"];

fn made_again(steps: &mut String, triggers: &[(String, String)]) {
    for (_, sql) in triggers {
        steps.push_str(sql);
        steps.push(';');
    }
}

/// What triggers keep of other tables' rows, so it comes back after them.
const KEPT_BY_TRIGGERS: [&str; 2] = ["license_tallies", "members"];

fn replace_postgres(conn: &mut Conn, by: Option<&SnapshotName>) -> Result<()> {
    if let Some(name) = by {
        of_this_schema(conn, &format!("{PREFIX}{name}"))?;
    }
    let all = tables(conn)?;
    let references = pairs(
        conn,
        "SELECT DISTINCT a.relname::text AS one, b.relname::text AS other FROM pg_constraint c \
         JOIN pg_class a ON a.oid = c.conrelid JOIN pg_class b ON b.oid = c.confrelid \
         JOIN pg_namespace n ON n.oid = a.relnamespace \
         WHERE c.contype = 'f' AND n.nspname = current_schema() AND a.oid <> b.oid",
    )?;
    let quoted: Vec<String> = all.iter().map(|table| format!("\"{table}\"")).collect();
    let mut steps = format!(
        "BEGIN; SET LOCAL statement_timeout = 0; TRUNCATE {};",
        quoted.join(", ")
    );
    if let Some(name) = by {
        for table in in_order(&all, &references)?
            .into_iter()
            .filter(|table| !KEPT_BY_TRIGGERS.contains(table))
        {
            steps.push_str(&format!(
                "INSERT INTO \"{table}\" SELECT * FROM \"{PREFIX}{name}\".\"{table}\";"
            ));
        }
        // The triggers have counted the rows that came back, and they stand counted in the snapshot.
        for table in KEPT_BY_TRIGGERS {
            steps.push_str(&format!(
                "DELETE FROM {table}; INSERT INTO {table} SELECT * FROM \"{PREFIX}{name}\".{table};"
            ));
        }
    }
    steps.push_str("COMMIT;");
    carried_out(conn, &steps)
}

/// What is referred to comes before what refers to it.
fn in_order<'a>(all: &'a [String], references: &[(String, String)]) -> Result<Vec<&'a str>> {
    let mut needs: BTreeMap<&str, BTreeSet<&str>> = all
        .iter()
        .map(|table| (table.as_str(), BTreeSet::new()))
        .collect();
    for (from, to) in references {
        if let Some(needed) = needs.get_mut(from.as_str()) {
            needed.insert(to);
        }
    }
    let mut order = Vec::new();
    while !needs.is_empty() {
        let ready: Vec<&str> = needs
            .iter()
            .filter(|(_, needed)| needed.iter().all(|one| order.contains(one)))
            .map(|(table, _)| *table)
            .collect();
        if ready.is_empty() {
            return Err(Error::internal("tables refer to one another in a circle"));
        }
        for table in ready {
            needs.remove(table);
            order.push(table);
        }
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_good_for_a_file_and_for_a_schema() {
        for good in ["a", "before-class", " 2026-11-28 ", &"x".repeat(40)] {
            assert!(SnapshotName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "A", "a b", "a/b", "..", "a\"", "ä", &"x".repeat(41)] {
            assert!(SnapshotName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn tables_come_after_those_that_they_refer_to() {
        let all: Vec<String> = ["a", "b", "c"].map(String::from).into();
        let refers = |from: &str, to: &str| (from.to_owned(), to.to_owned());
        assert_eq!(
            in_order(&all, &[refers("a", "b"), refers("b", "c")]).unwrap(),
            ["c", "b", "a"]
        );
        assert!(in_order(&all, &[refers("a", "b"), refers("b", "a")]).is_err());
    }
}
