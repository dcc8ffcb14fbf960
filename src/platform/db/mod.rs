//! The database: SQLite built in, or PostgreSQL, chosen by the address. One set of queries, and one
//! meaning of a transaction: as if one at a time.
//!
//! - [`Db::read`]: a consistent snapshot, which a standby may give that has all that was acknowledged.
//! - [`Db::write`]: serial, retried when another writer was in the way, and committed only with an event.
//! - [`Db::write_locked`]: for what many do at once on the same rows: those are locked instead, and one waits for another.
//! - [`Db::housekeeping`]: for the portal's own machinery (sessions touched, letters claimed): no event.
//!
//! `schema.rs` is longer than other files: diesel writes it from the tables.

mod address;
pub mod backup;
pub mod chain;
mod conn;
pub mod cuts;
mod encrypted;
pub mod forget;
mod hosts;
mod kept_ready;
mod like;
mod listening;
pub mod migrate;
mod off_the_loop;
mod once;
mod one_of;
mod order;
mod past;
mod place;
mod put;
mod rows;
pub mod schema;
mod snapshots;
mod standbys;
pub mod trigrams;
mod tx;

pub use conn::{Conn, Database};
pub use encrypted::{Standing as TlsStanding, look as look_at_tls};
pub use forget::{forget_tenant, forget_with_everything};
pub use kept_ready::KeepReady;
pub use like::{Backend, Condition, both, contains, either};
pub use listening::{Told, tell};
pub use migrate::Schema;
pub use off_the_loop::off_the_loop;
pub use once::{Once, OnceKey};
pub use one_of::one_of;
pub use order::{Order, by, cut, ordered};
pub use past::{Past, events_from, happened, history, times_of};
pub use rows::counts;
pub use snapshots::SnapshotName;
pub use standbys::{Served, StandbyStanding, look_at_standby, wrong_with_standbys};
pub use tx::{Read, Reads, Recorded, Tx};

use crate::error::{Cause, Error, Result};
use crate::platform::traces::Transaction;
use conn::{Manager, Pooled, Setup};
use diesel::r2d2::Pool;
use standbys::Standbys;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// How often a write is tried before the answer is "try again later".
const TRIES: u32 = 10;

/// The door to the database. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    readers: Pool<Manager>,
    writers: Pool<Manager>,
    /// Who else may be read from.
    standbys: Option<Arc<Standbys>>,
    /// On SQLite one writer at a time: waiting here is fair, waiting in SQLite is not.
    turn: Option<Arc<Mutex<()>>>,
    database: Database,
    setup: Setup,
    /// The file of a SQLite database; the address of another.
    path: Arc<str>,
    /// How many writes of this process were committed.
    commits: watch::Sender<u64>,
    /// Told of each commit that has something for a job ([`Tx::wake_jobs`]).
    wakes: Arc<Notify>,
    /// On SQLite a connection that does nothing but notice what others commit.
    watcher: Option<Arc<Mutex<Conn>>>,
}

/// What has been committed, in one word: between two that are equal nothing was, by this process or another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State(String);

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Db({:?})", self.database)
    }
}

/// Why a database cannot be opened. SQLite says neither which file nor what keeps it.
pub fn not_opened(url: &str, why: impl std::fmt::Display) -> String {
    let why = why.to_string();
    match url.strip_prefix("sqlite://") {
        Some(path) if why.contains("unable to open") => format!(
            "cannot open the database {path}: {why}. Its folder has to be there, and this user has to be allowed to write to the folder and the file: SQLite keeps {path}-wal and {path}-shm beside it."
        ),
        Some(_) => format!("cannot open the database: {why}"),
        None => format!("cannot connect to PostgreSQL: {why}"),
    }
}

/// What is wrong with an address, before anything is connected to; the files that it names are read.
pub fn wrong_with(url: &str) -> Option<String> {
    match Database::of(url) {
        Ok(Database::Sqlite) => None,
        Ok(Database::Postgres) => address::Address::parse(url)
            .and_then(|address| address.encryption())
            .err(),
        Err(_) => Some("DATABASE_URL names no database that is known. Use for example sqlite://licentral.db or postgres://user:password@host/licentral.".to_owned()),
    }
}

impl Db {
    /// Opens the database behind an address. Makes a SQLite file that is not there yet.
    pub fn open(url: &str) -> Result<Self, String> {
        Self::open_by(&Manager::new(url)?, url)
    }

    fn open_by(manager: &Manager, url: &str) -> Result<Self, String> {
        let database = manager.database();
        // A first connection by hand, so that the reason of a failure is told at once and in words.
        manager.try_once().map_err(|why| not_opened(url, why))?;
        let setup = Setup::default();
        let build = |size: u32| {
            Pool::builder()
                .max_size(size)
                .min_idle(Some(1))
                .test_on_check_out(database == Database::Postgres)
                .connection_timeout(Duration::from_secs(5))
                .connection_customizer(Box::new(setup.clone()))
                .error_handler(Box::new(conn::LogErrors))
                .build(manager.clone())
                .map_err(|e| not_opened(url, e))
        };
        let (readers, writers, turn) = match database {
            Database::Sqlite => (build(4)?, build(1)?, Some(Arc::new(Mutex::new(())))),
            Database::Postgres => {
                let pool = build(10)?;
                (pool.clone(), pool, None)
            }
        };
        let watcher = match database {
            Database::Sqlite => Some(Arc::new(Mutex::new(
                manager.watcher().map_err(|why| not_opened(url, why))?,
            ))),
            Database::Postgres => None,
        };
        Ok(Self {
            watcher,
            readers,
            writers,
            standbys: None,
            turn,
            database,
            setup,
            path: manager.address().into(),
            commits: watch::Sender::new(0),
            wakes: Arc::default(),
        })
    }

    /// Statements asked so far, by any connection, BEGIN and COMMIT aside: what a page costs is counted by it.
    pub fn statements(&self) -> u64 {
        self.setup.statements.load(Ordering::Relaxed)
    }

    /// The different statements that were asked since this was called for the first time, as the database reads them: how it
    /// carries each of them out can be asked by that.
    pub fn heard(&self) -> Vec<String> {
        let heard = &self.setup.heard;
        heard.listening.store(true, Ordering::Relaxed);
        let texts = heard.texts.lock().unwrap_or_else(PoisonError::into_inner);
        texts.iter().cloned().collect()
    }

    /// Tells of each write that this process commits, for whoever waits for something to become so.
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.commits.subscribe()
    }

    /// Is told when something was committed that a job of this process is to carry out.
    pub fn wakes(&self) -> Arc<Notify> {
        self.wakes.clone()
    }

    /// What has been committed until now; none when the database cannot say it at once.
    pub async fn state(&self) -> Option<State> {
        let word = match &self.watcher {
            // A few microseconds, so it is not worth another thread.
            Some(watcher) => conn::state_of(&mut watcher.lock().unwrap_or_else(PoisonError::into_inner)),
            None => {
                let readers = self.readers.clone();
                off_the_loop(move || {
                    let mut conn = readers.get().map_err(|e| Error::Unavailable(Cause::of(e)))?;
                    conn::state_of(&mut conn)
                })
                .await
            }
        };
        word.ok().map(State)
    }

    /// Which kind of database this is.
    pub fn database(&self) -> Database {
        self.database
    }

    /// Writes and records. The closure may run more than once: it sends nothing, and takes times and ids
    /// from outside.
    pub fn write<T, F>(&self, f: F) -> impl Future<Output = Result<T>> + use<T, F>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<Recorded<T>> + Send + 'static,
    {
        let db = self.clone();
        off_the_loop(move || db.write_now(f))
    }

    /// Writes and records, for what thousands of devices do at once. On PostgreSQL it is READ COMMITTED: as if one at a
    /// time, sixty-four writers of one stock would only send one another back to the start.
    ///
    /// What makes it right is the closure's own: before anything is decided by a row, the row is locked (`FOR UPDATE`)
    /// or changed by a condition that says what it must still be; numbers that many add to are added to in the statement
    /// and never read first; a unique index decides who was first, and whoever was not runs again. Rows are locked in
    /// one order: devices, then stocks, each by their ids.
    /// On SQLite it is [`Db::write`]: there is one writer.
    pub fn write_locked<T, F>(&self, f: F) -> impl Future<Output = Result<T>> + use<T, F>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<Recorded<T>> + Send + 'static,
    {
        let db = self.clone();
        off_the_loop(move || db.write_locked_now(f))
    }

    /// Writes what needs no record.
    pub fn housekeeping<T, F>(&self, f: F) -> impl Future<Output = Result<T>> + use<T, F>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        let db = self.clone();
        off_the_loop(move || db.housekeeping_now(f))
    }

    /// As [`Db::read`], for jobs and commands that are off the loop already: always of the primary.
    pub fn read_now<T>(&self, f: impl FnOnce(&mut Read<'_>) -> Result<T>) -> Result<T> {
        self.read_in(Self::in_snapshot, f)
    }

    /// What is read in the snapshot that `snapshot` opens.
    fn read_in<T>(&self, snapshot: InSnapshot, f: impl FnOnce(&mut Read<'_>) -> Result<T>) -> Result<T> {
        let mut f = Some(f);
        kept(|value| {
            snapshot(self, &mut |r| {
                if let Some(f) = f.take() {
                    *value = Some(f(r)?);
                }
                Ok(())
            })
        })
    }

    fn in_snapshot(&self, f: &mut dyn FnMut(&mut Read<'_>) -> Result<()>) -> Result<()> {
        let mut span = Transaction::begin("read", self.database.word());
        let done = self.readers.get().map_err(|e| Error::Unavailable(Cause::of(e)));
        let done = done.and_then(|mut conn| span.attempt(|| tx::snapshot(&mut conn, f)));
        span.end(false, done.as_ref().err().and_then(fault));
        done
    }

    /// As [`Db::write`], for jobs and commands.
    pub fn write_now<T>(&self, f: impl Fn(&mut Tx<'_>) -> Result<Recorded<T>>) -> Result<T> {
        self.written("write", tx::serial, |tx| f(tx).map(Recorded::parts))
    }

    /// As [`Db::write_locked`], for jobs and commands.
    pub fn write_locked_now<T>(&self, f: impl Fn(&mut Tx<'_>) -> Result<Recorded<T>>) -> Result<T> {
        self.written("write locked", tx::locked, |tx| f(tx).map(Recorded::parts))
    }

    /// As [`Db::housekeeping`], for jobs and commands.
    pub fn housekeeping_now<T>(&self, f: impl Fn(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        self.written("housekeeping", tx::locked, |tx| f(tx).map(|done| (done, true)))
    }

    /// What a write came to; `f` says whether it is to be committed.
    fn written<T>(
        &self,
        kind: &'static str,
        within: fn(&mut Pooled, tx::Writes<'_>) -> Result<()>,
        f: impl Fn(&mut Tx<'_>) -> Result<(T, bool)>,
    ) -> Result<T> {
        let (mut wakes, mut commits) = (false, false);
        let mut span = Transaction::begin(kind, self.database.word());
        let done = kept(|value| {
            let mut run = |tx: &mut Tx<'_>| {
                let (done, commit) = f(tx)?;
                *value = Some(done);
                (wakes, commits) = (commit && tx.wakes(), commit);
                Ok(commit)
            };
            self.try_again(&mut |conn| span.attempt(|| within(conn, &mut run)))
        });
        span.end(commits && done.is_ok(), done.as_ref().err().and_then(fault));
        let done = done?;
        if wakes {
            self.wakes.notify_one();
        }
        Ok(done)
    }

    fn try_again(&self, run: &mut dyn FnMut(&mut Pooled) -> Result<()>) -> Result<()> {
        let mut tries = 0;
        loop {
            tries += 1;
            let result = {
                let _turn = self
                    .turn
                    .as_ref()
                    .map(|turn| turn.lock().unwrap_or_else(PoisonError::into_inner));
                let mut conn = self.writers.get().map_err(|e| Error::Unavailable(Cause::of(e)))?;
                let result = run(&mut conn);
                conn.is_spent = result.as_ref().is_err_and(may_not_write);
                result
            };
            match result {
                Err(error) if error.wants_another_try() && tries < TRIES => {
                    metrics::counter!("licentral_db_retries_total").increment(1);
                    // Longer each time, and not the same for two who met.
                    let [dice] = crate::platform::token::random_bytes::<1>();
                    std::thread::sleep(Duration::from_millis(
                        u64::from(tries) * (2 + u64::from(dice) / 16),
                    ));
                }
                other => {
                    if other.is_ok() {
                        self.commits.send_modify(|n| *n = n.wrapping_add(1));
                    }
                    return other;
                }
            }
        }
    }

    /// After very much was written at once, with the `ANALYZE` of the tables that it went to: PostgreSQL counts them by
    /// itself only a while later, and until then it chooses its indexes by what was. SQLite's numbers are fixed.
    pub fn much_was_written_now(&self, analyze: &'static str) {
        if let Err(error) = self.try_again(&mut |conn| conn::count_anew(conn, analyze)) {
            tracing::warn!(%error, "the database could not be told to count anew");
        }
    }

    /// A copy of the whole database as a file of its own (SQLite).
    pub fn copy_to(&self, path: &str) -> Result<()> {
        let mut conn = self.readers.get().map_err(|e| Error::Unavailable(Cause::of(e)))?;
        conn::copy_sqlite(&mut conn, path)
    }

    /// Whether the primary answers.
    pub async fn answers(&self) -> bool {
        let db = self.clone();
        off_the_loop(move || {
            db.read_now(|r| {
                r.ping()?;
                Ok(())
            })
        })
        .await
        .is_ok()
    }
}

/// Whether the server is one that only reads: a former primary, as a rule. Nothing was done, so the write is tried again, on a
/// connection to the one that has taken its place.
fn may_not_write(error: &Error) -> bool {
    use diesel::result::{DatabaseErrorKind as Kind, Error as E};
    let (Error::Unavailable(cause) | Error::Internal(cause)) = error else {
        return false;
    };
    matches!(cause.as_a(), Some(E::DatabaseError(Kind::ReadOnlyTransaction, _)))
}

/// What is no answer but a fault.
fn fault(error: &Error) -> Option<&'static str> {
    match error {
        Error::Unavailable(_) => Some("unavailable"),
        Error::Internal(_) => Some("internal"),
        _ => None,
    }
}

/// Opens a snapshot and reads in it once.
type InSnapshot = fn(&Db, &mut dyn FnMut(&mut Read<'_>) -> Result<()>) -> Result<()>;

/// What a transaction came to, which is not generic itself.
fn kept<T>(run: impl FnOnce(&mut Option<T>) -> Result<()>) -> Result<T> {
    let mut value = None;
    run(&mut value)?;
    value.ok_or_else(|| Error::internal("a transaction came to nothing"))
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        use diesel::result::{DatabaseErrorKind as Kind, Error as E};
        match &error {
            E::NotFound => Self::NotFound,
            E::DatabaseError(
                Kind::SerializationFailure | Kind::ClosedConnection | Kind::ReadOnlyTransaction,
                _,
            ) => Self::Unavailable(Cause::again(error)),
            E::DatabaseError(_, info)
                if [
                    "deadlock detected",
                    "database is locked",
                    "could not serialize",
                    "terminating connection",
                    "no connection to the server",
                ]
                .iter()
                .any(|words| info.message().contains(words)) =>
            {
                Self::Unavailable(Cause::again(error))
            }
            E::DatabaseError(_, info)
                if [
                    "disk is full",
                    "No space left",
                    "read-only transaction",
                    "readonly database",
                    "disk I/O error",
                ]
                .iter()
                .any(|words| info.message().contains(words)) =>
            {
                Self::Unavailable(Cause::of(error))
            }
            // NUL, or half a character: no text of ours, so it came with the request.
            E::DatabaseError(_, info) if info.message().contains("invalid byte sequence") => {
                Self::BadRequest("The request holds characters that cannot be kept.".into())
            }
            // Stores look before they put in, so another writer put it in (or took away what it refers to) meanwhile: run
            // again, that is seen. What is violated however often it is tried is our fault.
            E::DatabaseError(Kind::UniqueViolation | Kind::ForeignKeyViolation, _) => {
                Self::Internal(Cause::again(error))
            }
            _ => Self::Internal(Cause::of(error)),
        }
    }
}

/// What a unique index has to say, in the words of the trade.
pub trait OnTaken<T> {
    /// Turns a violated unique index into this error.
    fn on_taken(self, says: impl FnOnce() -> Error) -> Result<T>;
}
impl<T> OnTaken<T> for diesel::QueryResult<T> {
    fn on_taken(self, says: impl FnOnce() -> Error) -> Result<T> {
        use diesel::result::{DatabaseErrorKind as Kind, Error as E};
        match self {
            Err(E::DatabaseError(Kind::UniqueViolation, _)) => Err(says()),
            other => Ok(other?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_opened_is_named_with_what_it_needs() {
        let said = Db::open("sqlite:///no/such/folder/l.db").unwrap_err();
        assert!(
            said.contains("/no/such/folder/l.db:") && said.contains("Its folder has to be there"),
            "{said}"
        );
    }
}
