//! Reads on standbys, of which each sees everything that was acknowledged before it began: whoever's it was, and by whichever
//! process.
//!
//! The primary is asked how far it is, which is the question that is asked of each connection in any case (`place`).
//! A standby serves when it has replayed as much of the same history. Where it has not after [`LAG`], or cannot be asked, the
//! primary serves, and standbys are left alone for a while.

use super::conn::{Manager, Pooled, Setup};
use super::place::Place;
use super::{Db, Read, fault, off_the_loop, tx};
use crate::error::{Cause, Error, Result};
use crate::platform::traces::Transaction;
use diesel::r2d2::{ManageConnection, Pool, PooledConnection};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// So long a read waits for a standby that lags behind.
const LAG: Duration = Duration::from_millis(25);
/// How often it is looked meanwhile.
const LOOK: Duration = Duration::from_millis(2);
/// How long a connection to a standby may take.
const CONNECT: Duration = Duration::from_millis(100);
/// A question that is open for longer keeps others from asking: the server may have fallen silent.
const SILENT: Duration = Duration::from_millis(300);
/// How long standbys are left alone after what passes by itself, and after anything worse.
const REST: Duration = Duration::from_secs(1);
const LONG_REST: Duration = Duration::from_secs(3);
/// What passes by itself is spoken of in the log when it takes longer.
const LONG: Duration = Duration::from_secs(10);

/// Why a standby does not serve.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Why {
    /// All connections are in use, or this one is not known yet.
    Busy,
    /// It lacks so many bytes.
    Behind(i64),
    /// A connection is not there yet.
    Slow,
    /// It cannot be asked, or is none of this database.
    Unfit(String),
}

impl Why {
    fn words(&self) -> String {
        match self {
            Self::Busy => "all connections to it are in use".to_owned(),
            Self::Behind(bytes) => format!("it is {bytes} bytes behind the primary"),
            Self::Slow => "it has not answered yet".to_owned(),
            Self::Unfit(why) => why.clone(),
        }
    }

    /// It may be over in a moment.
    fn is_passing(&self) -> bool {
        matches!(self, Self::Behind(_) | Self::Slow)
    }
}

/// Since when standbys do not serve.
struct Rest {
    until: Instant,
    since: Instant,
    why: Why,
    is_told: bool,
}

/// Connections to standbys, and whether they serve.
pub(super) struct Standbys {
    pool: Pool<Manager>,
    manager: Manager,
    rest: Mutex<Option<Rest>>,
    /// When each question began that is not answered yet.
    open: Mutex<BTreeMap<u64, Instant>>,
    questions: AtomicU64,
    served: AtomicU64,
    served_by_primary: AtomicU64,
    /// Why the last connection failed.
    failure: Failure,
}

#[derive(Debug, Clone, Default)]
struct Failure(Arc<Mutex<String>>);

impl diesel::r2d2::HandleError<diesel::r2d2::Error> for Failure {
    fn handle_error(&self, error: diesel::r2d2::Error) {
        error.to_string().trim().clone_into(&mut locked(&self.0));
    }
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What has become of the reads of this process.
#[derive(Debug, Clone)]
pub struct Served {
    /// By a standby.
    pub by_standby: u64,
    /// By the primary.
    pub by_primary: u64,
    /// Why standbys do not serve at this moment, and for how long so.
    pub rest: Option<(String, Duration)>,
}

/// What a look at a standby has shown.
#[derive(Debug)]
pub enum StandbyStanding {
    /// It can serve, and lacks so many bytes.
    Fit(i64),
    /// It cannot, and why.
    Unfit(String),
}

/// What is wrong with the address of standbys.
pub fn wrong_with_standbys(url: &str, standbys: &str) -> Option<String> {
    const NAME: &str = "LICENTRAL_READ_DATABASE_URL";
    if url.starts_with("sqlite://") {
        return Some(format!(
            "{NAME} is for PostgreSQL: a SQLite database has no standbys. Leave it out, or give DATABASE_URL an address of PostgreSQL."
        ));
    }
    if !standbys.starts_with("postgres") {
        return Some(format!(
            "{NAME} names no PostgreSQL database. Use for example postgres://user:password@standby1,standby2/licentral."
        ));
    }
    super::wrong_with(standbys).map(|why| why.replace("DATABASE_URL", NAME))
}

/// Looks at a standby once.
pub fn look_at_standby(url: &str, standbys: &str) -> Result<StandbyStanding, String> {
    let primary = place(&Manager::new(url)?.telling())?.ok_or("the database of DATABASE_URL only reads")?;
    let manager = Manager::of_standbys(standbys)?;
    let standby = match place(&manager) {
        Ok(standby) => standby,
        Err(why) => return Ok(StandbyStanding::Unfit(why)),
    };
    let again = place(&Manager::new(url)?.telling())?.unwrap_or_else(|| primary.clone());
    let is_fit = not_ahead(standby.as_ref().map(|at| at.reached), &again)
        .and_then(|()| fit(standby.as_ref(), &primary));
    Ok(match is_fit {
        Ok(()) => StandbyStanding::Fit(0),
        Err(Why::Behind(bytes)) => StandbyStanding::Fit(bytes),
        Err(why) => StandbyStanding::Unfit(why.words()),
    })
}

fn place(manager: &Manager) -> Result<Option<Place>, String> {
    let mut conn = manager.connect().map_err(|e| e.to_string())?;
    manager.is_valid(&mut conn).map_err(|e| e.to_string())?;
    Ok(conn.place)
}

/// Whether a standby has everything that the primary had.
fn fit(standby: Option<&Place>, primary: &Place) -> Result<(), Why> {
    let unfit = |why: &str| Err(Why::Unfit(why.to_owned()));
    match standby {
        None => unfit("it is no standby, or none any more"),
        Some(at) if at.cluster != primary.cluster => unfit("it is a standby of another database"),
        Some(at) if at.timeline != primary.timeline => Err(Why::Unfit(format!(
            "it follows timeline {}, and the primary writes timeline {}",
            at.timeline, primary.timeline
        ))),
        Some(at) if at.reached < primary.reached => Err(Why::Behind(primary.reached - at.reached)),
        Some(_) => Ok(()),
    }
}

/// Whether a standby was no further, when it was last asked, than the primary is now. One that was has written a history of its
/// own, be it under the same number of a timeline: a server that was mended by hand or by a tool that went wrong.
fn not_ahead(before: Option<i64>, primary: &Place) -> Result<(), Why> {
    match before {
        Some(before) if before > primary.reached => Err(Why::Unfit(
            "it is ahead of the primary, in a history of its own".to_owned(),
        )),
        _ => Ok(()),
    }
}

impl Standbys {
    pub fn open(url: &str, setup: &Setup) -> Result<Self, String> {
        let manager = Manager::of_standbys(url)?;
        let failure = Failure::default();
        let pool = Pool::builder()
            .max_size(10)
            .min_idle(Some(0))
            // The place is asked for by hand: one that fell silent must not be waited for once for each connection.
            .test_on_check_out(false)
            .connection_timeout(Duration::from_secs(5))
            .connection_customizer(Box::new(setup.clone()))
            .error_handler(Box::new(failure.clone()))
            .build_unchecked(manager.clone());
        Ok(Self {
            pool,
            manager,
            rest: Mutex::default(),
            open: Mutex::default(),
            questions: AtomicU64::default(),
            served: AtomicU64::default(),
            served_by_primary: AtomicU64::default(),
            failure,
        })
    }

    /// Whether it is worth asking. Of those who come when a rest is over one looks, and the others go to the primary still.
    fn is_worth_asking(&self) -> bool {
        if locked(&self.open).values().any(|begun| begun.elapsed() > SILENT) {
            return false;
        }
        match &mut *locked(&self.rest) {
            None => true,
            Some(rest) if rest.until <= Instant::now() => {
                rest.until = Instant::now() + REST;
                true
            }
            Some(_) => false,
        }
    }

    /// A connection to a standby that has everything that the primary had.
    fn ready(&self, primary: &Place) -> Option<PooledConnection<Manager>> {
        let question = self.questions.fetch_add(1, Ordering::Relaxed);
        locked(&self.open).insert(question, Instant::now());
        let found = self.find(primary);
        locked(&self.open).remove(&question);
        match found {
            Ok(conn) => {
                locked(&self.failure.0).clear();
                let rest = locked(&self.rest).take();
                if rest.is_some_and(|rest| rest.is_told) {
                    tracing::info!("standbys serve reads again");
                }
                Some(conn)
            }
            Err(Why::Busy) => None,
            Err(why) => {
                self.leave_alone(why);
                None
            }
        }
    }

    fn find(&self, primary: &Place) -> Result<PooledConnection<Manager>, Why> {
        let mut conn = self.pool.get_timeout(CONNECT).map_err(|_| {
            let state = self.pool.state();
            if state.connections == self.pool.max_size() && state.idle_connections == 0 {
                return Why::Busy;
            }
            let why = locked(&self.failure.0).clone();
            if why.is_empty() {
                Why::Slow
            } else {
                Why::Unfit(why)
            }
        })?;
        let before = conn.place.as_ref().map(|place| place.reached);
        if let Err(why) = not_ahead(before, primary) {
            conn.is_spent = true;
            return Err(why);
        }
        let begun = Instant::now();
        loop {
            if let Err(error) = self.manager.is_valid(&mut conn) {
                conn.is_spent = true;
                return Err(Why::Unfit(error.to_string().trim().to_owned()));
            }
            match fit(conn.place.as_ref(), primary) {
                // Ahead of what the primary was when it was asked: true of one that follows, while others write, and of one that
                // has a history of its own. The next use of the connection tells.
                Ok(())
                    if before.is_none()
                        && conn.place.as_ref().is_some_and(|at| at.reached > primary.reached) =>
                {
                    return Err(Why::Busy);
                }
                Ok(()) => return Ok(conn),
                Err(Why::Behind(_)) if begun.elapsed() < LAG => std::thread::sleep(LOOK),
                Err(why) => {
                    // Another host may fit.
                    conn.is_spent = matches!(why, Why::Unfit(_));
                    return Err(why);
                }
            }
        }
    }

    fn leave_alone(&self, why: Why) {
        let now = Instant::now();
        let is_passing = why.is_passing();
        let mut rest = locked(&self.rest);
        let (since, was_told) = match &*rest {
            Some(rest) => (rest.since, rest.is_told),
            None => (now, false),
        };
        let is_told = !is_passing || since.elapsed() > LONG;
        if is_told && !was_told {
            tracing::warn!(cause = %why.words(), "the primary serves all reads: no standby can");
        }
        *rest = Some(Rest {
            until: now + if is_passing { REST } else { LONG_REST },
            since,
            why,
            is_told: is_told || was_told,
        });
    }

    fn report(&self) -> Served {
        Served {
            by_standby: self.served.load(Ordering::Relaxed),
            by_primary: self.served_by_primary.load(Ordering::Relaxed),
            rest: locked(&self.rest)
                .as_ref()
                .map(|rest| (rest.why.words(), rest.since.elapsed())),
        }
    }
}

impl Db {
    /// The same database, whose requests are read from standbys where these have what was acknowledged. Whether one is there
    /// makes no difference to the opening.
    pub fn open_with_standbys(url: &str, standbys: Option<&str>) -> Result<Self, String> {
        let Some(standbys) = standbys else {
            return Self::open(url);
        };
        let manager = Manager::new(url)?.telling();
        place(&manager).map_err(|why| super::not_opened(url, why))?;
        let mut db = Self::open_by(&manager, url)?;
        db.standbys = Some(Arc::new(Standbys::open(standbys, &db.setup)?));
        Ok(db)
    }

    /// Reads a consistent snapshot, off the threads that serve requests: of a standby, where there is one that has everything
    /// that was acknowledged until now.
    pub fn read<T, F>(&self, f: F) -> impl Future<Output = Result<T>> + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce(&mut Read<'_>) -> Result<T> + Send + 'static,
    {
        let db = self.clone();
        off_the_loop(move || db.read_in(Self::in_some_snapshot, f))
    }

    fn in_some_snapshot(&self, f: &mut dyn FnMut(&mut Read<'_>) -> Result<()>) -> Result<()> {
        if let Some(standbys) = &self.standbys {
            if standbys.is_worth_asking() {
                let mut span = Transaction::begin("read", self.database.word());
                // Not held meanwhile: writers want it, too.
                let primary = self
                    .readers
                    .get()
                    .map_err(|e| Error::Unavailable(Cause::of(e)))?
                    .place
                    .clone();
                if let Some(mut conn) = primary.and_then(|primary| standbys.ready(&primary)) {
                    let (done, has_begun) = span.attempt(|| on_standby(&mut conn, f));
                    if done.as_ref().is_err_and(|e| matches!(e, Error::Unavailable(_))) {
                        conn.is_spent = true;
                        standbys.leave_alone(Why::Unfit("a read of it broke off".to_owned()));
                    }
                    if done.is_ok() || has_begun {
                        span.end(false, done.as_ref().err().and_then(fault));
                        standbys.served.fetch_add(1, Ordering::Relaxed);
                        metrics::counter!("licentral_db_reads_total", "server" => "standby").increment(1);
                        return done;
                    }
                }
            }
            standbys.served_by_primary.fetch_add(1, Ordering::Relaxed);
            metrics::counter!("licentral_db_reads_total", "server" => "primary").increment(1);
        }
        self.in_snapshot(f)
    }

    /// What has become of the reads, where there is an address of standbys.
    pub fn served(&self) -> Option<Served> {
        self.standbys.as_ref().map(|standbys| standbys.report())
    }
}

/// What became of a read, and whether it had begun: one that had not can be had elsewhere.
fn on_standby(conn: &mut Pooled, f: &mut dyn FnMut(&mut Read<'_>) -> Result<()>) -> (Result<()>, bool) {
    let mut has_begun = false;
    let done = tx::snapshot(conn, &mut |r| {
        has_begun = true;
        f(r)
    });
    (done, has_begun)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(reached: i64, timeline: i32, cluster: &str) -> Place {
        Place {
            reached,
            timeline,
            cluster: cluster.to_owned(),
        }
    }

    #[test]
    fn a_standby_serves_when_it_has_all_that_the_primary_had_of_one_history() {
        let primary = at(100, 2, "a");
        assert_eq!(fit(Some(&at(100, 2, "a")), &primary), Ok(()));
        assert_eq!(fit(Some(&at(250, 2, "a")), &primary), Ok(()));
        assert_eq!(fit(Some(&at(99, 2, "a")), &primary), Err(Why::Behind(1)));
        for other in [
            None,
            Some(at(250, 1, "a")),
            Some(at(250, 3, "a")),
            Some(at(250, 2, "b")),
        ] {
            assert!(
                matches!(fit(other.as_ref(), &primary), Err(Why::Unfit(_))),
                "{other:?}"
            );
        }
    }

    #[test]
    fn a_standby_that_was_ahead_of_the_primary_has_a_history_of_its_own() {
        let primary = at(100, 2, "a");
        assert_eq!(not_ahead(None, &primary), Ok(()));
        assert_eq!(not_ahead(Some(100), &primary), Ok(()));
        assert!(matches!(not_ahead(Some(101), &primary), Err(Why::Unfit(_))));
    }

    #[test]
    fn an_address_of_standbys_goes_with_postgresql() {
        let wrong = |url, standbys| wrong_with_standbys(url, standbys).unwrap_or_default();
        assert!(wrong("sqlite://l.db", "postgres://h/db").contains("has no standbys"));
        assert!(wrong("postgres://h/db", "sqlite://l.db").contains("names no PostgreSQL database"));
        let said = wrong("postgres://h/db", "postgres://h:port/db");
        assert!(
            said.starts_with("LICENTRAL_READ_DATABASE_URL has the port"),
            "{said}"
        );
        assert_eq!(wrong("postgres://h/db", "postgres://h1,h2/db"), "");
    }
}
