//! What is in the database, all of it: for "and nothing was changed".

use diesel::RunQueryDsl;
use licentral::platform::db::{Conn, Db, Reads};
use std::collections::{BTreeMap, BTreeSet};

/// Every row of every table, as text. Left out are the last use of a session and of an API client, and
/// the lines of the record (with their tallies) that say that somebody tried what they may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint(BTreeMap<String, BTreeSet<String>>);

#[derive(diesel::QueryableByName)]
struct Line {
    #[diesel(sql_type = diesel::sql_types::Text)]
    line: String,
}

/// Columns that change when somebody merely looks.
const MOVING: &[(&str, &str)] = &[("sessions", "seen_at"), ("api_clients", "last_used_at")];

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
    tables.retain(|t| t != "__diesel_schema_migrations" && t != "migration_lock");
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

impl Fingerprint {
    pub(super) fn take(db: &Db) -> Self {
        db.read_now(|r| {
            let conn = r.conn();
            let mut all = BTreeMap::new();
            for table in tables(conn) {
                if table == "event_tallies" {
                    continue;
                }
                let kept: Vec<String> = columns(conn, &table)
                    .into_iter()
                    .filter(|c| !MOVING.contains(&(table.as_str(), c.as_str())))
                    .map(|c| match conn {
                        Conn::Sqlite(_) => format!("'{c}=' || quote({c})"),
                        Conn::Postgres(_) => format!("'{c}=' || coalesce(quote_literal({c}::text), 'NULL')"),
                    })
                    .collect();
                let only = if table == "events" {
                    " WHERE kind <> 'access.denied'"
                } else {
                    ""
                };
                let query = format!("SELECT {} AS line FROM {table}{only}", kept.join(" || ' ' || "));
                all.insert(table, lines(conn, &query).into_iter().collect());
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
