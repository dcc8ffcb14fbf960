//! What is in the database, all of it: for "and nothing was changed".

use diesel::RunQueryDsl;
use licentral::platform::db::{Conn, Db, Reads};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// Every row of every table, as text. Left out are the last use of a session and of an API client, when a
/// letter in the lab's mailbox was opened, and the lines of the record (with their tallies) that say that somebody tried what they may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint(BTreeMap<String, BTreeSet<String>>);

#[derive(diesel::QueryableByName)]
struct Line {
    #[diesel(sql_type = diesel::sql_types::Text)]
    line: String,
}

/// Columns that change when somebody merely looks.
const MOVING: &[(&str, &str)] = &[
    ("sessions", "seen_at"),
    ("api_clients", "last_used_at"),
    ("mailbox", "read_at"),
];

fn lines(conn: &mut Conn, query: &str) -> Vec<String> {
    let rows: Vec<Line> = diesel::sql_query(query)
        .load(conn)
        .unwrap_or_else(|e| panic!("{query}: {e}"));
    rows.into_iter().map(|r| r.line).collect()
}

/// The names of all tables of the portal.
pub fn tables(conn: &mut Conn) -> Vec<String> {
    let query = match conn {
        Conn::Sqlite(_) => {
            "SELECT name AS line FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
        }
        Conn::Postgres(_) => {
            "SELECT tablename::text AS line FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
        }
    };
    let mut tables = lines(conn, query);
    // The index of trigrams follows what is in the tables.
    tables
        .retain(|t| t != "__diesel_schema_migrations" && t != "migration_lock" && !t.starts_with("trigrams"));
    tables
}

/// The columns of a table.
pub fn columns(conn: &mut Conn, table: &str) -> Vec<String> {
    let query = match conn {
        Conn::Sqlite(_) => format!("SELECT name AS line FROM pragma_table_info('{table}') ORDER BY name"),
        Conn::Postgres(_) => format!(
            "SELECT column_name::text AS line FROM information_schema.columns WHERE table_schema = 'public' AND table_name = '{table}' ORDER BY column_name"
        ),
    };
    lines(conn, &query)
}

/// The tables and the one question that reads them all. Thought out once per run: the schema is the same for every
/// test, and asking a PostgreSQL server for the columns of forty tables takes longer than reading them.
type Reading = (Vec<String>, String);
static ON_SQLITE: OnceLock<Reading> = OnceLock::new();
static ON_POSTGRES: OnceLock<Reading> = OnceLock::new();

/// A row of a table as text.
fn row(conn: &mut Conn, table: &str) -> String {
    let moving: Vec<&str> = MOVING
        .iter()
        .filter(|(of, _)| *of == table)
        .map(|(_, column)| *column)
        .collect();
    if matches!(conn, Conn::Postgres(_)) {
        // The whole row at once: as planning goes, one thing and not one for each column.
        return format!("(to_jsonb({table}) - '{{{}}}'::text[])::text", moving.join(","));
    }
    columns(conn, table)
        .into_iter()
        .filter(|column| !moving.contains(&column.as_str()))
        .map(|column| format!("'{column}=' || quote({column})"))
        .collect::<Vec<_>>()
        .join(" || ' ' || ")
}

fn reading(conn: &mut Conn) -> &'static Reading {
    let kept = match conn {
        Conn::Sqlite(_) => &ON_SQLITE,
        Conn::Postgres(_) => &ON_POSTGRES,
    };
    kept.get_or_init(|| {
        let mut tables = tables(conn);
        tables.retain(|table| table != "event_tallies");
        let parts: Vec<String> = tables
            .iter()
            .map(|table| {
                let row = row(conn, table);
                let only = if table == "events" {
                    " WHERE kind <> 'access.denied'"
                } else {
                    ""
                };
                format!("SELECT '{table} ' || {row} AS line FROM {table}{only}")
            })
            .collect();
        (tables, parts.join(" UNION ALL "))
    })
}

impl Fingerprint {
    pub(super) fn take(db: &Db) -> Self {
        db.read_now(|r| {
            let conn = r.conn();
            let (tables, query) = reading(conn);
            let mut all: BTreeMap<String, BTreeSet<String>> = tables
                .iter()
                .map(|table| (table.clone(), BTreeSet::new()))
                .collect();
            for line in lines(conn, query) {
                let (table, row) = line.split_once(' ').unwrap();
                all.get_mut(table).unwrap().insert(row.to_owned());
            }
            Ok(Self(all))
        })
        .unwrap()
    }

    /// Fails with the rows that differ.
    #[track_caller]
    pub fn assert_same(&self, after: &Self, what: &str) {
        let differences = self.differences(after);
        assert!(
            differences.is_empty(),
            "{what} changed the database:\n{differences}"
        );
    }

    /// The rows that differ, as lines of text; empty when there are none.
    pub fn differences(&self, after: &Self) -> String {
        let mut out = String::new();
        for (table, rows) in &self.0 {
            let now = &after.0[table];
            for row in rows.difference(now) {
                out.push_str(&format!("- {table}: {row}\n"));
            }
            for row in now.difference(rows) {
                out.push_str(&format!("+ {table}: {row}\n"));
            }
        }
        out
    }

    /// How many rows a table has.
    pub fn count(&self, table: &str) -> usize {
        self.0[table].len()
    }
}

/// Looks at the database again and again. Each look says what has changed since the one before, so that many things
/// that change nothing cost one look each.
pub struct Watch {
    db: Db,
    last: Fingerprint,
}

impl Watch {
    pub(super) fn begin(db: &Db) -> Self {
        Self {
            db: db.clone(),
            last: Fingerprint::take(db),
        }
    }

    /// Fails with the rows that have changed.
    #[track_caller]
    pub fn assert_same(&mut self, what: &str) {
        let now = Fingerprint::take(&self.db);
        self.last.assert_same(&now, what);
    }

    /// Whether anything has changed but that the record has more lines.
    pub fn has_changed_beside_the_record(&mut self) -> bool {
        let now = Fingerprint::take(&self.db);
        let has_changed = self.last.0.iter().any(|(table, rows)| {
            let after = &now.0[table];
            if table == "events" {
                !rows.is_subset(after)
            } else {
                rows != after
            }
        });
        self.last = now;
        has_changed
    }
}
