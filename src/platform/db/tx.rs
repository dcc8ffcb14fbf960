//! What a transaction means here, on both databases.

use super::KeepReady;
use super::chain::Linked;
use super::conn::{Conn, Pooled};
use super::listening::{self, Happened};
use super::schema::{event_tallies, events};
use crate::error::{Cause, Error, Result};
use crate::kernel::ids::{EventId, SmartAccountId};
use crate::kernel::{Event, Moment, Who, search_key};
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::prelude::*;
use std::collections::BTreeMap;

/// How many counters a tenant's events are spread over, so that two writers seldom meet on one row.
pub(super) const SHARDS: i32 = 8;

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

/// A line of the record, and the name of who did it as it is searched for.
struct Line {
    linked: Linked,
    actor_key: String,
}

/// Where a strand of a tenant's record ends, and what its tally says.
struct Head {
    number: i64,
    hash: String,
    is_heard: bool,
    /// There is no row of it yet.
    is_new: bool,
}

/// An open transaction that may write.
pub struct Tx<'c> {
    conn: &'c mut Conn,
    /// What was recorded and is not with the database yet: it goes there many lines at once, the last before the end.
    lines: Vec<Line>,
    /// The events of each tenant that were written here; they are added to its tally once, at the end.
    noted: BTreeMap<String, Vec<Happened>>,
    /// The ends of the strands that are written on, each locked until the end.
    heads: BTreeMap<String, Head>,
    /// Which strand of each tenant is written on.
    strand: i32,
    /// A job has something to do once this is committed.
    wakes: bool,
}

impl Read<'_> {
    /// How many bytes the database takes.
    pub fn size(&mut self) -> Result<u64> {
        super::conn::size_of(self.conn)
    }
}

impl<'c> Tx<'c> {
    fn on(conn: &'c mut Conn) -> Self {
        Self {
            conn,
            lines: Vec::new(),
            noted: BTreeMap::new(),
            heads: BTreeMap::new(),
            strand: 0,
            wakes: false,
        }
    }
    /// Whether [`Tx::wake_jobs`] was called.
    pub(super) fn wakes(&self) -> bool {
        self.wakes
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
    /// Is committed with what was done before it in the same transaction, even if it changed nothing itself.
    pub fn after<U>(mut self, before: Recorded<U>) -> Self {
        self.commit |= before.commit;
        self
    }
    /// The value, and whether it is to be committed.
    pub(super) fn parts(self) -> (T, bool) {
        (self.value, self.commit)
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
        let id = EventId::new();
        if self.noted.is_empty() {
            self.strand = id.as_str().bytes().last().map_or(0, |b| i32::from(b) % SHARDS);
        }
        self.lines.push(Line {
            linked: Linked {
                strand: self.strand,
                number: 0,
                hash: String::new(),
                id,
                at,
                account: event.account.map(|id| id.to_string()),
                virtual_account: event.virtual_account.map(|id| id.to_string()),
                kind: event.kind.word().to_owned(),
                outcome: event.outcome.word().to_owned(),
                message: first(&event.message, 2000),
                actor_id: who.person.map(|id| id.to_string()),
                actor: first(&who.label, 500),
                about: event.about.clone(),
                detail: event.detail.to_string(),
                address: first(&who.address, 64),
                request_id: first(&who.request_id, 64),
            },
            actor_key: first(&search_key(&who.label), 1000),
        });
        let tenant = event.account.map_or_else(String::new, |id| id.to_string());
        self.noted.entry(tenant).or_default().push(Happened {
            id,
            at,
            kind: event.kind,
            about: event.about.clone(),
        });
        if self.lines.len() < LINES {
            return Ok(());
        }
        self.write_down()
    }

    /// Gives the database what was recorded since, each line behind the one before it in its strand.
    fn write_down(&mut self) -> Result<()> {
        macro_rules! row {
            ($line:expr) => {
                (
                    events::id.eq($line.linked.id.as_str()),
                    events::at.eq($line.linked.at),
                    events::smart_account_id.eq(&$line.linked.account),
                    events::virtual_account_id.eq(&$line.linked.virtual_account),
                    events::kind.eq(&$line.linked.kind),
                    events::outcome.eq(&$line.linked.outcome),
                    events::message.eq(&$line.linked.message),
                    events::actor_id.eq(&$line.linked.actor_id),
                    events::actor.eq(&$line.linked.actor),
                    events::actor_key.eq(&$line.actor_key),
                    events::about.eq(&$line.linked.about),
                    events::detail.eq(&$line.linked.detail),
                    events::address.eq(&$line.linked.address),
                    events::request_id.eq(&$line.linked.request_id),
                    events::strand.eq($line.linked.strand),
                    events::chain_number.eq($line.linked.number),
                    events::chain_hash.eq(&$line.linked.hash),
                )
            };
        }
        let mut lines = std::mem::take(&mut self.lines);
        // In the order of the tenants, so that two writers wait for one another and not each for the other.
        for tenant in self.noted.keys() {
            if !self.heads.contains_key(tenant) {
                let head = head(self.conn, tenant, self.strand)?;
                self.heads.insert(tenant.clone(), head);
            }
        }
        for Line { linked, .. } in &mut lines {
            if let Some(head) = self.heads.get_mut(linked.account.as_deref().unwrap_or_default()) {
                head.number += 1;
                linked.number = head.number;
                linked.hash = linked.made(&head.hash);
                head.hash.clone_from(&linked.hash);
            }
        }
        if lines.len() < FEW {
            for line in &lines {
                diesel::insert_into(events::table)
                    .values(row!(line))
                    .execute(self.conn)?;
            }
            return Ok(());
        }
        let rows: Vec<_> = lines.iter().map(|line| row!(line)).collect();
        crate::put_many!(self, events::table, &rows);
        Ok(())
    }

    /// Writes down what was noted, adds it to the tallies, and keeps where each strand ends.
    fn count(&mut self) -> Result<()> {
        self.write_down()?;
        for (tenant, happened) in std::mem::take(&mut self.noted) {
            let Some(head) = self.heads.remove(&tenant) else {
                continue;
            };
            let events = i64::try_from(happened.len()).unwrap_or(i64::MAX);
            if head.is_new {
                // Whoever is told has every row of the tally there already.
                diesel::insert_into(event_tallies::table)
                    .values((
                        event_tallies::smart_account_id.eq(&tenant),
                        event_tallies::shard.eq(self.strand),
                        event_tallies::events.eq(events),
                        event_tallies::is_heard.eq(false),
                        event_tallies::chain_number.eq(head.number),
                        event_tallies::chain_hash.eq(&head.hash),
                    ))
                    .execute(self.conn)?;
            } else {
                let row = event_tallies::table.find((&tenant, self.strand));
                diesel::update(row)
                    .set((
                        event_tallies::events.eq(event_tallies::events + events),
                        event_tallies::chain_number.eq(head.number),
                        event_tallies::chain_hash.eq(&head.hash),
                    ))
                    .kept_ready()
                    .execute(self.conn)?;
            }
            if head.is_heard {
                listening::put_down(self.conn, &tenant, &happened)?;
            }
        }
        Ok(())
    }

    /// Once this is committed the jobs look at once: something waits that one of them carries out.
    pub fn wake_jobs(&mut self) {
        self.wakes = true;
    }

    /// From the next write on somebody is told of the events of a tenant, or nobody is any more.
    pub fn hear(&mut self, account: SmartAccountId, is_heard: bool) -> Result<()> {
        for shard in 0..SHARDS {
            let row = event_tallies::table.find((account.as_str(), shard));
            let there = diesel::update(row)
                .set(event_tallies::is_heard.eq(is_heard))
                .execute(self.conn)?;
            if there == 0 && is_heard {
                diesel::insert_into(event_tallies::table)
                    .values((
                        event_tallies::smart_account_id.eq(account.as_str()),
                        event_tallies::shard.eq(shard),
                        event_tallies::events.eq(0),
                        event_tallies::is_heard.eq(true),
                        event_tallies::chain_number.eq(0),
                        event_tallies::chain_hash.eq(""),
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

/// Where a strand of a tenant ends. On PostgreSQL the row is locked by being written, so that nobody else writes behind the
/// same event; on SQLite nobody else writes.
fn head(conn: &mut Conn, tenant: &str, strand: i32) -> Result<Head> {
    let row = event_tallies::table.find((tenant, strand));
    let columns = (
        event_tallies::chain_number,
        event_tallies::chain_hash,
        event_tallies::is_heard,
    );
    let found: Option<(i64, String, bool)> = match conn {
        Conn::Sqlite(c) => row.select(columns).first(c).optional()?,
        Conn::Postgres(c) => diesel::update(row)
            .set(event_tallies::events.eq(event_tallies::events + 0))
            .returning(columns)
            .kept_ready()
            .get_result(c)
            .optional()?,
    };
    let is_new = found.is_none();
    let (number, hash, is_heard) = found.unwrap_or_default();
    Ok(Head {
        number,
        hash,
        is_heard,
        is_new,
    })
}

// What follows is compiled once: what a transaction does comes as `dyn`, and what comes of it is kept by the caller.

/// Reads a snapshot.
pub fn snapshot(conn: &mut Conn, f: &mut dyn FnMut(&mut Read<'_>) -> Result<()>) -> Result<()> {
    let begin = match conn {
        Conn::Sqlite(_) => "BEGIN DEFERRED",
        Conn::Postgres(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    };
    within(conn, begin, &mut |conn| f(&mut Read { conn }).map(|()| true))
}

/// Writes as if one at a time.
pub fn serial(conn: &mut Pooled, f: Writes<'_>) -> Result<()> {
    let begin = match &**conn {
        Conn::Sqlite(_) => "BEGIN IMMEDIATE",
        Conn::Postgres(_) => "BEGIN ISOLATION LEVEL SERIALIZABLE",
    };
    written(conn, begin, f)
}

/// Writes with row locks of the closure's own.
pub fn locked(conn: &mut Pooled, f: Writes<'_>) -> Result<()> {
    let begin = match &**conn {
        Conn::Sqlite(_) => "BEGIN IMMEDIATE",
        Conn::Postgres(_) => "BEGIN ISOLATION LEVEL READ COMMITTED",
    };
    written(conn, begin, f)
}

/// What writes; says whether it is to be committed.
pub type Writes<'f> = &'f mut dyn FnMut(&mut Tx<'_>) -> Result<bool>;

fn written(conn: &mut Pooled, begin: &str, f: Writes<'_>) -> Result<()> {
    let waits_for_standby = conn.waits_for_standby;
    within(conn, begin, &mut |conn| {
        let mut tx = Tx::on(conn);
        let commit = f(&mut tx)?;
        if commit {
            tx.count()?;
            if waits_for_standby {
                conn.batch_execute(WAITS_FOR_STANDBY)?;
            }
        }
        Ok(commit)
    })
}

/// A COMMIT that waits for a standby must not run out of time: the server would then say that it is committed, though the
/// standby does not have it, and what was acknowledged would be lost when that takes over.
const WAITS_FOR_STANDBY: &str = "SET LOCAL statement_timeout = 0";

/// Begins, runs, and ends. A panic inside is caught by the rolled-back drop of the pool's connection
/// (a connection with an open transaction is thrown away).
fn within(conn: &mut Conn, begin: &str, f: &mut dyn FnMut(&mut Conn) -> Result<bool>) -> Result<()> {
    match conn {
        Conn::Sqlite(c) => AnsiTransactionManager::begin_transaction_sql(c, begin)?,
        Conn::Postgres(c) => AnsiTransactionManager::begin_transaction_sql(c, begin)?,
    }
    match f(conn) {
        Ok(true) => {
            if let Err(error) = <Conn as diesel::Connection>::TransactionManager::commit_transaction(conn) {
                let _ = <Conn as diesel::Connection>::TransactionManager::rollback_transaction(conn);
                return Err(error.into());
            }
            Ok(())
        }
        Ok(false) => roll_back(conn),
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
