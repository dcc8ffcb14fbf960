//! The schema's steps: run under a lock, and compared with what this program knows.

use super::Database;
use super::conn::{Conn, Manager};
use diesel::connection::SimpleConnection;
use diesel::{Connection, RunQueryDsl};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use std::collections::BTreeSet;

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// How the database's schema stands to this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schema {
    /// They fit.
    Current,
    /// The database lacks steps.
    Behind(Vec<String>),
    /// The database has steps that this program does not know: a newer one made them.
    Ahead(Vec<String>),
}

pub(super) type Failure = Box<dyn std::error::Error + Send + Sync>;

pub(super) fn connect(url: &str) -> Result<Conn, Failure> {
    let manager = Manager::new(url)?;
    let mut conn = manager.open()?;
    if let Conn::Sqlite(c) = &mut conn {
        c.batch_execute("PRAGMA busy_timeout=30000")?;
    }
    Ok(conn)
}

/// Compares the schema of the database with this program's.
pub fn compare(url: &str) -> Result<Schema, Failure> {
    patiently(|| compare_on(&mut connect(url)?))
}

/// While one process turns a new SQLite file to WAL, or puts one in order that a crash left, SQLite tells others "locked"
/// without letting them wait.
fn patiently<T>(ask: impl Fn() -> Result<T, Failure>) -> Result<T, Failure> {
    let mut tries = 0;
    loop {
        tries += 1;
        match ask() {
            Err(error) if tries < 200 && error.to_string().contains("database is locked") => {
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
            other => return other,
        }
    }
}

fn compare_on(conn: &mut Conn) -> Result<Schema, Failure> {
    let known = known(kind_of(conn))?;
    let applied: BTreeSet<String> = applied(conn)?.into_iter().collect();
    let ahead: Vec<String> = applied.difference(&known).cloned().collect();
    let behind: Vec<String> = known.difference(&applied).cloned().collect();
    Ok(match (ahead.is_empty(), behind.is_empty()) {
        (false, _) => Schema::Ahead(ahead),
        (true, false) => Schema::Behind(behind),
        (true, true) => Schema::Current,
    })
}

fn kind_of(conn: &Conn) -> Database {
    match conn {
        Conn::Sqlite(_) => Database::Sqlite,
        Conn::Postgres(_) => Database::Postgres,
    }
}

/// The steps of the schema that this program knows.
pub(super) fn known(database: Database) -> Result<BTreeSet<String>, Failure> {
    use diesel::migration::MigrationSource;
    Ok(match database {
        Database::Sqlite => MigrationSource::<diesel::sqlite::Sqlite>::migrations(&SQLITE)?
            .iter()
            .map(|m| m.name().version().to_string())
            .collect(),
        Database::Postgres => MigrationSource::<diesel::pg::Pg>::migrations(&POSTGRES)?
            .iter()
            .map(|m| m.name().version().to_string())
            .collect(),
    })
}

/// The newest step of the schema that this program knows.
pub fn newest() -> String {
    use diesel::migration::MigrationSource;
    MigrationSource::<diesel::sqlite::Sqlite>::migrations(&SQLITE)
        .unwrap_or_default()
        .iter()
        .map(|m| m.name().to_string())
        .max()
        .unwrap_or_default()
}

/// What time it is at the database's server; none where the database is a file of this computer's.
pub fn time_of(url: &str) -> Result<Option<chrono::DateTime<chrono::Utc>>, Failure> {
    #[derive(diesel::QueryableByName)]
    struct Time {
        #[diesel(sql_type = diesel::sql_types::Timestamp)]
        at: chrono::NaiveDateTime,
    }
    if url.starts_with("sqlite://") {
        return Ok(None);
    }
    let time: Time = diesel::sql_query("SELECT clock_timestamp() AT TIME ZONE 'UTC' AS at")
        .get_result(&mut connect(url)?)?;
    Ok(Some(time.at.and_utc()))
}

#[derive(diesel::QueryableByName)]
struct Version {
    #[diesel(sql_type = diesel::sql_types::Text)]
    version: String,
}

/// A database without the table of steps has none of them; asking must not make it. Any other trouble is no such answer.
pub(super) fn applied(conn: &mut Conn) -> Result<Vec<String>, Failure> {
    let tables = match conn {
        Conn::Sqlite(_) => {
            "SELECT name AS version FROM sqlite_master WHERE type = 'table' AND name = '__diesel_schema_migrations'"
        }
        Conn::Postgres(_) => {
            "SELECT tablename::text AS version FROM pg_catalog.pg_tables WHERE schemaname = current_schema() AND tablename = '__diesel_schema_migrations'"
        }
    };
    if diesel::sql_query(tables).load::<Version>(conn)?.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Version> =
        diesel::sql_query("SELECT version FROM __diesel_schema_migrations").load(conn)?;
    Ok(rows.into_iter().map(|r| r.version).collect())
}

/// Whether this is a file in which the command `licentral on-prem` kept an account before there was an On-Prem portal. Such
/// tables stand in every database of that time, empty everywhere else; a step of the schema drops them.
fn holds_old_account(conn: &mut Conn) -> Result<bool, Failure> {
    const STEP_OF_THE_TABLES: &str = "20261122000008";
    const STEP_THAT_DROPS_THEM: &str = "20261128000031";
    let applied = applied(conn)?;
    let has = |step: &str| applied.iter().any(|one| one == step);
    if !has(STEP_OF_THE_TABLES) || has(STEP_THAT_DROPS_THEM) {
        return Ok(false);
    }
    let found: Vec<Version> = diesel::sql_query("SELECT id AS version FROM onprem_accounts").load(conn)?;
    Ok(!found.is_empty())
}

/// Brings the schema up to this program's, one process at a time. Refuses a schema that is ahead.
/// Returns how many steps were run.
pub fn run(url: &str) -> Result<usize, Failure> {
    patiently(|| run_once(url))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the steps of the schema run outside of the portal's own transactions"
)]
fn run_once(url: &str) -> Result<usize, Failure> {
    let mut conn = connect(url)?;
    // Steps that are missing here would be run over tables that a newer program has changed.
    if let Schema::Ahead(steps) = compare_on(&mut conn)? {
        return Err(format!(
            "the database was used by a newer Licentral: it has the steps {}, which this program does not know",
            steps.join(", ")
        )
        .into());
    }
    if holds_old_account(&mut conn)? {
        return Err(
            "it is a file of the command \u{201c}licentral on-prem\u{201d} of before, and its account would be lost. Take it over into the database of an On-Prem server: licentral on-prem adopt FILE --email ADDRESS"
                .into(),
        );
    }
    match Database::of(url)? {
        Database::Sqlite => {
            let Conn::Sqlite(c) = &mut conn else {
                return Err("not SQLite".into());
            };
            c.batch_execute("PRAGMA busy_timeout=60000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")?;
            // The lock is one transaction around all steps; each step's own becomes a savepoint in it.
            c.immediate_transaction(|c| {
                let steps = c.run_pending_migrations(SQLITE)?.len();
                Ok(steps)
            })
            .map_err(|e: Stop| e.0)
        }
        Database::Postgres => {
            // A lock that needs nothing but a table, so that any database which speaks PostgreSQL will do.
            conn.batch_execute("SET lock_timeout='120s'; CREATE TABLE IF NOT EXISTS migration_lock (one BOOLEAN PRIMARY KEY)").or_else(|e| {
                // Two processes made the table at once; it is there now.
                if e.to_string().contains("migration_lock") || e.to_string().contains("pg_type") { Ok(()) } else { Err(e) }
            })?;
            let Conn::Postgres(c) = &mut conn else {
                return Err("not PostgreSQL".into());
            };
            c.transaction(|c| {
                c.batch_execute(
                    "INSERT INTO migration_lock VALUES (TRUE) ON CONFLICT (one) DO UPDATE SET one = TRUE",
                )?;
                let steps = c.run_pending_migrations(POSTGRES)?.len();
                Ok(steps)
            })
            .map_err(|e: Stop| e.0)
        }
    }
}

/// What ended the transaction of the steps.
struct Stop(Failure);
impl From<diesel::result::Error> for Stop {
    fn from(e: diesel::result::Error) -> Self {
        Self(e.into())
    }
}
impl From<Failure> for Stop {
    fn from(e: Failure) -> Self {
        Self(e)
    }
}

/// Takes all steps back: for tests of the steps themselves.
pub fn revert_all(url: &str) -> Result<(), Failure> {
    let mut conn = connect(url)?;
    match &mut conn {
        Conn::Sqlite(c) => c.revert_all_migrations(SQLITE).map(drop),
        Conn::Postgres(c) => c.revert_all_migrations(POSTGRES).map(drop),
    }
}
