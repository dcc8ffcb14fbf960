//! What a backup, and putting one back, ask of a database on which no portal needs to run.

use super::Database;
use super::conn::Conn;
use super::migrate::{self, Failure};
use super::schema::settings;
use crate::platform::settings::{EDITION, KEY};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

/// What a database, or a copy of one, is known by.
#[derive(Debug, Default, Clone)]
pub struct Contents {
    /// The steps of the schema that it has.
    pub steps: Vec<String>,
    /// Which edition's data it holds.
    pub edition: Option<String>,
    /// Fingerprint of the key file with which it was used.
    pub key: Option<String>,
}

impl Contents {
    /// The steps that this program does not know: a newer one has made them.
    pub fn ahead(&self, database: Database) -> Result<Vec<String>, Failure> {
        let known = migrate::known(database)?;
        Ok(self
            .steps
            .iter()
            .filter(|step| !known.contains(*step))
            .cloned()
            .collect())
    }
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    word: String,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// Which kind of database an address names.
pub fn kind_of(url: &str) -> Result<Database, String> {
    Database::of(url)
}

/// What is known of a database.
pub fn contents(url: &str) -> Result<Contents, Failure> {
    let mut conn = migrate::connect(url)?;
    let steps = migrate::applied(&mut conn)?;
    if steps.is_empty() {
        return Ok(Contents::default());
    }
    let mut kept = |name: &str| -> Result<Option<String>, Failure> {
        Ok(settings::table
            .find(name)
            .select(settings::value)
            .first(&mut conn)
            .optional()?)
    };
    let (edition, key) = (kept(EDITION)?, kept(KEY)?);
    Ok(Contents { steps, edition, key })
}

/// How many tables there are where the portal's would be.
pub fn tables(url: &str) -> Result<i64, Failure> {
    let mut conn = migrate::connect(url)?;
    let query = match &conn {
        Conn::Sqlite(_) => "SELECT count(*) AS number FROM sqlite_master WHERE type = 'table'",
        Conn::Postgres(_) => {
            "SELECT count(*) AS number FROM pg_catalog.pg_tables WHERE schemaname = current_schema()"
        }
    };
    let found: Number = diesel::sql_query(query).get_result(&mut conn)?;
    Ok(found.number)
}

/// How many others are connected to a database of a server.
pub fn others(url: &str) -> Result<i64, Failure> {
    let found: Number = diesel::sql_query(
        "SELECT count(*) AS number FROM pg_catalog.pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND usesysid IS NOT NULL",
    )
    .get_result(&mut migrate::connect(url)?)?;
    Ok(found.number)
}

/// The major version of a PostgreSQL server.
pub fn server_version(url: &str) -> Result<u32, Failure> {
    let found: Word = diesel::sql_query("SELECT current_setting('server_version_num') AS word")
        .get_result(&mut migrate::connect(url)?)?;
    Ok(found.word.parse::<u32>()? / 10_000)
}

/// What SQLite finds wrong with a file; nothing when it is sound.
pub fn damage(url: &str) -> Result<Option<String>, Failure> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Text)]
        quick_check: String,
    }
    let found: Vec<Found> = diesel::sql_query("PRAGMA quick_check(1)").load(&mut migrate::connect(url)?)?;
    Ok(found
        .into_iter()
        .map(|one| one.quick_check)
        .find(|word| word != "ok"))
}

/// After very much was written at once: PostgreSQL counts its tables.
pub fn count_anew(url: &str) -> Result<(), Failure> {
    match migrate::connect(url)? {
        Conn::Sqlite(_) => Ok(()),
        Conn::Postgres(mut c) => Ok(c.batch_execute("ANALYZE")?),
    }
}
