//! A connection to either database, and how one is made ready.

use super::address::Address;
use super::encrypted::Relay;
use super::kept_ready::KeepReady;
use super::place::{Answer, Place, Question};
use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::platform::{private, traces};
use diesel::backend::Backend;
use diesel::connection::{InstrumentationEvent, SimpleConnection};
use diesel::deserialize::FromSql;
use diesel::r2d2::{CustomizeConnection, Error as R2d2Error, ManageConnection, R2D2Connection};
use diesel::sql_types::Timestamp;
use diesel::{Connection, ConnectionError, PgConnection, SqliteConnection};
use std::collections::BTreeSet;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A connection to either database.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    /// The file.
    Sqlite(SqliteConnection),
    /// The server.
    Postgres(PgConnection),
}

impl FromSql<Timestamp, MultiBackend> for Moment {
    fn from_sql(raw: <MultiBackend as Backend>::RawValue<'_>) -> diesel::deserialize::Result<Self> {
        raw.from_sql::<Self, Timestamp>()
    }
}

/// Which kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// Built in.
    Sqlite,
    /// A server.
    Postgres,
}

impl Database {
    /// Which kind an address names.
    pub fn of(url: &str) -> Result<Self, String> {
        match url.split_once("://") {
            Some(("sqlite", _)) => Ok(Self::Sqlite),
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres),
            _ => Err("DATABASE_URL names no database that is known".to_owned()),
        }
    }

    /// As traces name it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgresql",
        }
    }
}

/// A connection in a pool, and what is known of its server.
pub struct Pooled {
    conn: Conn,
    /// It leads to a server that may not write any more: thrown away when it is given back.
    pub is_spent: bool,
    /// The server waits for another one before it says that something is committed.
    pub waits_for_standby: bool,
    /// How far it is, where that is asked; none of a server that is not what it is to be.
    pub place: Option<Place>,
}

impl Deref for Pooled {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        &self.conn
    }
}
impl DerefMut for Pooled {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.conn
    }
}

/// Makes connections. diesel's own way for two databases tries both and says nothing of the reason.
#[derive(Clone)]
pub struct Manager {
    /// The file of a SQLite database; for another, what its library is told.
    url: String,
    database: Database,
    /// Stands between that library and the servers, where TLS is spoken.
    relay: Option<Arc<Relay>>,
    question: Question,
}

impl Manager {
    pub fn new(url: &str) -> Result<Self, String> {
        match Database::of(url)? {
            Database::Sqlite => Ok(Self {
                url: url.strip_prefix("sqlite://").unwrap_or(url).to_owned(),
                database: Database::Sqlite,
                relay: None,
                question: Question::Life,
            }),
            Database::Postgres => Self::of(&Address::parse(url)?),
        }
    }

    fn of(address: &Address) -> Result<Self, String> {
        let (url, relay) = match address.encryption()? {
            None => (address.in_the_clear(), None),
            Some(encryption) => {
                let relay = Relay::start(address, &encryption)?;
                (relay.url().to_owned(), Some(relay))
            }
        };
        Ok(Self {
            url,
            database: Database::Postgres,
            relay,
            question: Question::Life,
        })
    }

    /// Of servers that only read.
    pub fn of_standbys(url: &str) -> Result<Self, String> {
        let mut manager = Self::of(&Address::parse(url)?.of_standbys())?;
        manager.question = Question::Standby;
        Ok(manager)
    }

    /// Asks how far the primary is, as well.
    #[must_use]
    pub fn telling(mut self) -> Self {
        self.question = Question::Primary;
        self
    }

    /// A connection. The relay behind it lives as long as the connection does.
    pub fn open(&self) -> Result<Conn, ConnectionError> {
        match self.database {
            Database::Sqlite => {
                for_its_owner(&self.url);
                SqliteConnection::establish(&self.url).map(Conn::Sqlite)
            }
            Database::Postgres => PgConnection::establish(&self.url)
                .map(Conn::Postgres)
                .map_err(|error| match (error, &self.relay) {
                    (ConnectionError::BadConnection(said), Some(relay)) => {
                        ConnectionError::BadConnection(relay.in_words(&said))
                    }
                    (error, _) => error,
                }),
        }
    }

    pub fn database(&self) -> Database {
        self.database
    }

    /// The file of a SQLite database; the address of another.
    pub fn address(&self) -> &str {
        &self.url
    }

    /// A connection to a SQLite file that waits for nobody.
    pub fn watcher(&self) -> Result<Conn, String> {
        let mut conn = self.open().map_err(|e| e.to_string())?;
        conn.batch_execute("PRAGMA busy_timeout=0")
            .map_err(|e| e.to_string())?;
        Ok(conn)
    }

    pub fn try_once(&self) -> Result<(), String> {
        self.open().map(drop).map_err(|e| e.to_string())
    }
}

impl ManageConnection for Manager {
    type Connection = Pooled;
    type Error = R2d2Error;

    fn connect(&self) -> Result<Pooled, R2d2Error> {
        let conn = self.open().map_err(R2d2Error::ConnectionError)?;
        Ok(Pooled {
            conn,
            is_spent: false,
            waits_for_standby: false,
            place: None,
        })
    }

    /// Asked before each use of a connection to a server.
    fn is_valid(&self, pooled: &mut Pooled) -> Result<(), R2d2Error> {
        use diesel::RunQueryDsl;
        match &mut pooled.conn {
            Conn::Sqlite(c) => R2D2Connection::ping(c),
            // The answer to this costs what any answer does. It changes while a connection stands: whoever looks after the
            // servers chooses another standby.
            Conn::Postgres(c) => diesel::sql_query(self.question.text(pooled.place.is_some()))
                .kept_ready()
                .get_result(c)
                .map(|answer: Answer| {
                    pooled.waits_for_standby = answer.waits_for_standby;
                    pooled.place = answer.place(pooled.place.take());
                }),
        }
        .map_err(R2d2Error::QueryError)
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        pooled.is_spent || R2D2Connection::is_broken(&mut pooled.conn)
    }
}

/// A new database file is for its owner alone: it holds everybody's letters. SQLite gives the files beside it the same
/// mode. What is wrong with the path is for SQLite to say.
fn for_its_owner(path: &str) {
    if path != ":memory:" && !path.starts_with("file:") {
        let _ = private::writing().create_new(true).open(path);
    }
}

/// Sets each new connection up. On SQLite the waiting time comes first: the other pragmas may need it.
/// FULL: an acknowledged write is on the disk.
#[derive(Debug, Default, Clone)]
pub struct Setup {
    /// Statements that the connections of this pool were asked, BEGIN and COMMIT aside.
    pub statements: Arc<AtomicU64>,
    /// Their texts, while somebody wants them.
    pub heard: Arc<Heard>,
}

/// Different statements, once somebody listens.
#[derive(Debug, Default)]
pub struct Heard {
    pub listening: AtomicBool,
    pub texts: Mutex<BTreeSet<String>>,
}

impl CustomizeConnection<Pooled, R2d2Error> for Setup {
    fn on_acquire(&self, pooled: &mut Pooled) -> Result<(), R2d2Error> {
        let conn = &mut pooled.conn;
        let (statements, heard) = (self.statements.clone(), self.heard.clone());
        conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::StartQuery { query, .. } = event {
                statements.fetch_add(1, Ordering::Relaxed);
                traces::a_statement();
                if heard.listening.load(Ordering::Relaxed) {
                    let text = query.to_string();
                    let text = text.split(" -- binds").next().unwrap_or_default().to_owned();
                    heard
                        .texts
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .insert(text);
                }
            }
        });
        match conn {
            Conn::Sqlite(c) => c.batch_execute(
                "PRAGMA busy_timeout=30000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; \
                 PRAGMA trusted_schema=OFF; PRAGMA cache_size=-4000; PRAGMA mmap_size=268435456; PRAGMA temp_store=MEMORY; \
                 PRAGMA journal_size_limit=67108864;",
            ),
            Conn::Postgres(c) => c.batch_execute(
                "SET TIME ZONE 'UTC'; SET statement_timeout='30s'; SET idle_in_transaction_session_timeout='60s'; SET lock_timeout='10s'",
            ),
        }
        .map_err(R2d2Error::QueryError)
    }
}

/// A pool that cannot connect says so in the log, not on a page.
#[derive(Debug)]
pub struct LogErrors;
impl diesel::r2d2::HandleError<R2d2Error> for LogErrors {
    fn handle_error(&self, error: R2d2Error) {
        tracing::warn!(cause = %error, "a database connection failed");
    }
}

/// How many bytes the database takes.
pub fn size_of(conn: &mut Conn) -> Result<u64> {
    use diesel::RunQueryDsl;
    #[derive(diesel::QueryableByName)]
    struct Size {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        bytes: i64,
    }
    let query = match conn {
        Conn::Sqlite(_) => {
            "SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()"
        }
        Conn::Postgres(_) => "SELECT pg_database_size(current_database()) AS bytes",
    };
    let found: Size = diesel::sql_query(query).get_result(conn)?;
    Ok(u64::try_from(found.bytes).unwrap_or_default())
}

/// Counts rows as this statement says, where the database does not go by fixed numbers.
pub fn count_anew(conn: &mut Conn, analyze: &'static str) -> Result<()> {
    if let Conn::Postgres(c) = conn {
        c.batch_execute(analyze)?;
    }
    Ok(())
}

#[derive(diesel::QueryableByName)]
struct Word {
    #[diesel(sql_type = diesel::sql_types::Text)]
    word: String,
}
#[derive(diesel::QueryableByName)]
struct Version {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    data_version: i64,
}

/// A word that is another one after each commit. SQLite counts the commits of others for each connection, so it is to be
/// asked on one and the same connection, which writes nothing. PostgreSQL tells which transactions one sees.
pub fn state_of(conn: &mut Conn) -> Result<String> {
    use diesel::RunQueryDsl;
    Ok(match conn {
        Conn::Sqlite(c) => {
            let seen: Version = diesel::sql_query("PRAGMA data_version").get_result(c)?;
            seen.data_version.to_string()
        }
        Conn::Postgres(c) => {
            let seen: Word = diesel::sql_query("SELECT pg_current_snapshot()::text AS word").get_result(c)?;
            seen.word
        }
    })
}

/// Forgets how statements are carried out, where that was chosen by how large the tables were.
pub fn plan_anew(conn: &mut Conn) -> Result<()> {
    if let Conn::Postgres(c) = conn {
        c.batch_execute("DISCARD PLANS")?;
    }
    Ok(())
}

/// SQLite's own way of copying a database that is in use.
pub fn copy_sqlite(conn: &mut Conn, path: &str) -> Result<()> {
    use diesel::RunQueryDsl;
    match conn {
        Conn::Sqlite(c) => {
            for_its_owner(path);
            diesel::sql_query("VACUUM INTO ?")
                .bind::<diesel::sql_types::Text, _>(path)
                .execute(c)?;
            Ok(())
        }
        Conn::Postgres(_) => Err(Error::refused(
            "backup.postgres",
            "A PostgreSQL database is copied by pg_dump: licentral backup.",
        )),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_new_database_is_for_its_owner_alone_and_an_old_one_stays_as_it_is() {
        let path = std::env::temp_dir().join(format!("licentral-mode-{}.db", std::process::id()));
        let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        let manager = Manager::new(&format!("sqlite://{}", path.display())).unwrap();
        manager.try_once().unwrap();
        assert_eq!(mode(), 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        manager.try_once().unwrap();
        assert_eq!(mode(), 0o640);
        std::fs::remove_file(&path).unwrap();
    }
}
