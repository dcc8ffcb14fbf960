//! What a transaction means here, on both databases.

use super::conn::Conn;
use super::schema::{event_tallies, events};
use crate::error::{Cause, Error, Result};
use crate::kernel::event::Outcome;
use crate::kernel::ids::{EventId, PersonId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Event, Kind, Moment, Who, search_key};
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::prelude::*;
use std::collections::BTreeMap;

/// How many counters a tenant's events are spread over, so that two writers seldom meet on one row.
const SHARDS: i32 = 8;

/// Whatever can be read from: a snapshot or an open transaction. For stores alone. Taken as `&mut dyn Reads`, so that
/// each statement is compiled once and not once for a snapshot and once for a transaction.
pub trait Reads {
    /// The connection.
    fn conn(&mut self) -> &mut Conn;
}

/// A consistent snapshot.
pub struct Read<'c> {
    conn: &'c mut Conn,
}

impl Reads for Read<'_> {
    fn conn(&mut self) -> &mut Conn {
        self.conn
    }
}

impl Read<'_> {
    /// Asks the database for a sign of life.
    pub fn ping(&mut self) -> Result<()> {
        diesel::r2d2::R2D2Connection::ping(self.conn)?;
        Ok(())
    }
}

/// So many lines of the record are written in one statement.
const LINES: usize = 200;
/// Fewer than this are written one by one: the database knows that statement already.
const FEW: usize = 8;

/// A line of the record.
struct Line {
    id: EventId,
    at: Moment,
    account: Option<SmartAccountId>,
    virtual_account: Option<VirtualAccountId>,
    kind: Kind,
    outcome: Outcome,
    message: String,
    actor_id: Option<PersonId>,
    actor: String,
    actor_key: String,
    about: String,
    detail: String,
    address: String,
    request_id: String,
}

/// An open transaction that may write.
pub struct Tx<'c> {
    conn: &'c mut Conn,
    /// What was recorded and is not with the database yet: it goes there many lines at once, the last before the end.
    lines: Vec<Line>,
    /// How many events of each tenant were written here; they are added to its tally once, at the end.
    noted: BTreeMap<String, i64>,
}

impl<'c> Tx<'c> {
    fn on(conn: &'c mut Conn) -> Self {
        Self {
            conn,
            lines: Vec::new(),
            noted: BTreeMap::new(),
        }
    }
}

impl Reads for Tx<'_> {
    fn conn(&mut self) -> &mut Conn {
        self.conn
    }
}

/// The proof that what was done has been written into the record: without one nothing is committed.
/// Only [`Tx::record`], [`Tx::record_all`] and [`Tx::unchanged`] make it.
#[must_use]
pub struct Recorded<T> {
    value: T,
    commit: bool,
}

impl<T> Recorded<T> {
    /// Goes on with another value under the same record.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Recorded<U> {
        Recorded {
            value: f(self.value),
            commit: self.commit,
        }
    }
    /// Looks at the value.
    pub fn value(&self) -> &T {
        &self.value
    }
}

impl Tx<'_> {
    /// Writes what happened into the record, in this transaction.
    pub fn record<T>(&mut self, at: Moment, who: &Who, event: &Event, value: T) -> Result<Recorded<T>> {
        self.note(at, who, event)?;
        Ok(Recorded { value, commit: true })
    }

    /// Writes several things that happened into the record; with none of them nothing was to be done.
    pub fn record_all<T>(
        &mut self,
        at: Moment,
        who: &Who,
        events: &[Event],
        value: T,
    ) -> Result<Recorded<T>> {
        for event in events {
            self.note(at, who, event)?;
        }
        Ok(Recorded {
            value,
            commit: !events.is_empty(),
        })
    }

    /// Writes one more line into the record: for what happens beside the main thing.
    pub fn note(&mut self, at: Moment, who: &Who, event: &Event) -> Result<()> {
        let first = |text: &str, most: usize| text.chars().take(most).collect::<String>();
        self.lines.push(Line {
            id: EventId::new(),
            at,
            account: event.account,
            virtual_account: event.virtual_account,
            kind: event.kind,
            outcome: event.outcome,
            message: first(&event.message, 2000),
            actor_id: who.person,
            actor: first(&who.label, 500),
            actor_key: first(&search_key(&who.label), 1000),
            about: event.about.clone(),
            detail: event.detail.to_string(),
            address: first(&who.address, 64),
            request_id: first(&who.request_id, 64),
        });
        let tenant = event.account.map_or_else(String::new, |id| id.to_string());
        *self.noted.entry(tenant).or_default() += 1;
        if self.lines.len() < LINES {
            return Ok(());
        }
        self.write_down()
    }

    /// Gives the database what was recorded since.
    fn write_down(&mut self) -> Result<()> {
        macro_rules! row {
            ($line:expr) => {
                (
                    events::id.eq($line.id.as_str()),
                    events::at.eq($line.at),
                    events::smart_account_id.eq($line.account),
                    events::virtual_account_id.eq($line.virtual_account),
                    events::kind.eq($line.kind),
                    events::outcome.eq($line.outcome),
                    events::message.eq(&$line.message),
                    events::actor_id.eq($line.actor_id),
                    events::actor.eq(&$line.actor),
                    events::actor_key.eq(&$line.actor_key),
                    events::about.eq(&$line.about),
                    events::detail.eq(&$line.detail),
                    events::address.eq(&$line.address),
                    events::request_id.eq(&$line.request_id),
                )
            };
        }
        let lines = std::mem::take(&mut self.lines);
        if lines.len() < FEW {
            for line in &lines {
                diesel::insert_into(events::table)
                    .values(row!(line))
                    .execute(self.conn)?;
            }
            return Ok(());
        }
        let rows: Vec<_> = lines.iter().map(|line| row!(line)).collect();
        // The common connection takes one row at a time; its variants take many.
        match self.conn {
            Conn::Sqlite(c) => diesel::insert_into(events::table).values(&rows).execute(c)?,
            Conn::Postgres(c) => diesel::insert_into(events::table).values(&rows).execute(c)?,
        };
        Ok(())
    }

    /// Writes down what was noted and adds it to the tallies: one statement for a tenant, however much happened.
    fn count(&mut self) -> Result<()> {
        self.write_down()?;
        let shard = EventId::new()
            .as_str()
            .bytes()
            .last()
            .map_or(0, |b| i32::from(b) % SHARDS);
        for (tenant, events) in std::mem::take(&mut self.noted) {
            let row = event_tallies::table.find((&tenant, shard));
            let counted = diesel::update(row)
                .set(event_tallies::events.eq(event_tallies::events + events))
                .execute(self.conn)?;
            if counted == 0 {
                diesel::insert_into(event_tallies::table)
                    .values((
                        event_tallies::smart_account_id.eq(&tenant),
                        event_tallies::shard.eq(shard),
                        event_tallies::events.eq(events),
                    ))
                    .execute(self.conn)?;
            }
        }
        Ok(())
    }

    /// A table has grown by much within this transaction. PostgreSQL keeps to the index that it chose while the table
    /// was small, in its own checks of references too, and that may be one which is walked from end to end.
    pub fn plan_anew(&mut self) -> Result<()> {
        super::conn::plan_anew(self.conn)
    }

    /// There was nothing to do. The transaction is rolled back, so this is no way round the record.
    pub fn unchanged<T>(&self, value: T) -> Recorded<T> {
        Recorded { value, commit: false }
    }
}

/// Something that happened to a thing, as its own page tells it.
#[derive(Debug, Clone, Queryable)]
pub struct Past {
    /// When.
    pub at: Moment,
    /// What.
    pub kind: Kind,
    /// One sentence.
    pub message: String,
    /// Who, as they were called then.
    pub actor: String,
}

/// What happened to a thing in one tenant, the newest first: for the history on its own page. Who may see the thing
/// may see it.
pub fn history(read: &mut dyn Reads, account: SmartAccountId, about: &str, most: i64) -> Result<Vec<Past>> {
    Ok(events::table
        .filter(events::about.eq(about).and(events::smart_account_id.eq(account)))
        .order((events::at.desc(), events::id.desc()))
        .select((events::at, events::kind, events::message, events::actor))
        .limit(most)
        .load(read.conn())?)
}

/// What happened in one tenant, or in some of its Virtual Accounts, between two times, the newest first: for summaries.
pub fn happened(
    read: &mut dyn Reads,
    account: SmartAccountId,
    places: Option<&[VirtualAccountId]>,
    from: Moment,
    until: Moment,
    most: i64,
) -> Result<Vec<Past>> {
    let mut query = events::table
        .filter(
            events::smart_account_id
                .eq(account)
                .and(events::at.ge(from))
                .and(events::at.lt(until)),
        )
        .into_boxed();
    if let Some(places) = places {
        query = query.filter(events::virtual_account_id.eq_any(places.to_vec()));
    }
    Ok(query
        .order((events::at.desc(), events::id.desc()))
        .select((events::at, events::kind, events::message, events::actor))
        .limit(most)
        .load(read.conn())?)
}

/// When something of these kinds happened in some tenants, from a time on; at most so many.
pub fn times_of(
    read: &mut dyn Reads,
    accounts: &[SmartAccountId],
    kinds: &[Kind],
    from: Option<Moment>,
    most: i64,
) -> Result<Vec<(SmartAccountId, Moment)>> {
    let mut query = events::table
        .filter(
            events::smart_account_id
                .eq_any(accounts.to_vec())
                .and(events::kind.eq_any(kinds.to_vec())),
        )
        .into_boxed();
    if let Some(from) = from {
        query = query.filter(events::at.ge(from));
    }
    Ok(query
        .select((events::smart_account_id.assume_not_null(), events::at))
        .limit(most)
        .load(read.conn())?)
}

/// How many events were recorded from a time on.
pub fn events_from(read: &mut dyn Reads, at: Moment) -> Result<u64> {
    let found: i64 = events::table
        .filter(events::at.ge(at))
        .count()
        .get_result(read.conn())?;
    Ok(u64::try_from(found).unwrap_or_default())
}

/// Reads a snapshot.
pub fn snapshot<T>(conn: &mut Conn, f: impl FnOnce(&mut Read<'_>) -> Result<T>) -> Result<T> {
    let begin = match conn {
        Conn::Sqlite(_) => "BEGIN DEFERRED",
        Conn::Postgres(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    };
    within(conn, begin, |conn| {
        f(&mut Read { conn }).map(|value| (value, true))
    })
}

/// Writes as if one at a time, and only with a record.
pub fn serial<T>(conn: &mut Conn, f: &impl Fn(&mut Tx<'_>) -> Result<Recorded<T>>) -> Result<T> {
    let begin = match conn {
        Conn::Sqlite(_) => "BEGIN IMMEDIATE",
        Conn::Postgres(_) => "BEGIN ISOLATION LEVEL SERIALIZABLE",
    };
    recorded(conn, begin, f)
}

/// Writes with row locks of the closure's own, and only with a record.
pub fn locked<T>(conn: &mut Conn, f: &impl Fn(&mut Tx<'_>) -> Result<Recorded<T>>) -> Result<T> {
    let begin = match conn {
        Conn::Sqlite(_) => "BEGIN IMMEDIATE",
        Conn::Postgres(_) => "BEGIN ISOLATION LEVEL READ COMMITTED",
    };
    recorded(conn, begin, f)
}

fn recorded<T>(conn: &mut Conn, begin: &str, f: &impl Fn(&mut Tx<'_>) -> Result<Recorded<T>>) -> Result<T> {
    within(conn, begin, |conn| {
        let mut tx = Tx::on(conn);
        let done = f(&mut tx)?;
        if done.commit {
            tx.count()?;
        }
        Ok((done.value, done.commit))
    })
}

/// Writes without a record: for the portal's own machinery.
pub fn plain<T>(conn: &mut Conn, f: &impl Fn(&mut Tx<'_>) -> Result<T>) -> Result<T> {
    let begin = match conn {
        Conn::Sqlite(_) => "BEGIN IMMEDIATE",
        Conn::Postgres(_) => "BEGIN ISOLATION LEVEL READ COMMITTED",
    };
    within(conn, begin, |conn| {
        let mut tx = Tx::on(conn);
        let value = f(&mut tx)?;
        tx.count()?;
        Ok((value, true))
    })
}

/// Begins, runs, and ends. A panic inside is caught by the rolled-back drop of the pool's connection
/// (a connection with an open transaction is thrown away).
fn within<T>(conn: &mut Conn, begin: &str, f: impl FnOnce(&mut Conn) -> Result<(T, bool)>) -> Result<T> {
    match conn {
        Conn::Sqlite(c) => AnsiTransactionManager::begin_transaction_sql(c, begin)?,
        Conn::Postgres(c) => AnsiTransactionManager::begin_transaction_sql(c, begin)?,
    }
    match f(conn) {
        Ok((value, true)) => {
            if let Err(error) = <Conn as diesel::Connection>::TransactionManager::commit_transaction(conn) {
                let _ = <Conn as diesel::Connection>::TransactionManager::rollback_transaction(conn);
                return Err(error.into());
            }
            Ok(value)
        }
        Ok((value, false)) => {
            roll_back(conn)?;
            Ok(value)
        }
        Err(error) => {
            if let Err(worse) = roll_back(conn) {
                tracing::warn!(cause = ?worse, "a transaction could not be rolled back");
            }
            Err(error)
        }
    }
}

fn roll_back(conn: &mut Conn) -> Result<()> {
    match <Conn as diesel::Connection>::TransactionManager::rollback_transaction(conn) {
        // The server had ended the transaction itself.
        Err(diesel::result::Error::BrokenTransactionManager) => Ok(conn.batch_execute("ROLLBACK")?),
        Err(error) => Err(Error::Unavailable(Cause::of(error))),
        Ok(()) => Ok(()),
    }
}
