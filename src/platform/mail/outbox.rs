//! The table of letters that are to go out.

use super::Envelope;
use crate::error::{Error, Result};
use crate::kernel::ids::LetterId;
use crate::kernel::{EmailAddress, Moment};
use crate::platform::db::schema::outbox;
use crate::platform::db::{Conn, Reads, Tx, by, cut};
use crate::platform::deliveries::machine;
use diesel::prelude::*;

/// Queues a letter, in the transaction of its cause.
pub fn post(
    tx: &mut Tx<'_>,
    at: Moment,
    letter: &'static str,
    about_id: &str,
    extra: &serde_json::Value,
    to_name: &str,
    to: &EmailAddress,
) -> Result<LetterId> {
    let addressee = Addressee {
        id: LetterId::new(),
        about_id,
        name: to_name,
        email: to,
    };
    post_all(tx, at, letter, extra, &[addressee])?;
    Ok(addressee.id)
}

/// One of those who get a letter.
#[derive(Debug, Clone, Copy)]
pub struct Addressee<'a> {
    /// The id of their letter.
    pub id: LetterId,
    /// The id of what their letter is about.
    pub about_id: &'a str,
    /// Their name, of which the letter shows 200 characters.
    pub name: &'a str,
    /// Where it goes.
    pub email: &'a EmailAddress,
}

/// As [`post`], one letter to each of many.
pub fn post_all(
    tx: &mut Tx<'_>,
    at: Moment,
    letter: &'static str,
    extra: &serde_json::Value,
    to: &[Addressee<'_>],
) -> Result<()> {
    let extra = extra.to_string();
    let rows: Vec<_> = to
        .iter()
        .map(|to| {
            (
                outbox::id.eq(to.id),
                outbox::letter.eq(letter),
                outbox::about_id.eq(to.about_id),
                outbox::extra.eq(&extra),
                outbox::to_name.eq(to.name.chars().take(200).collect::<String>()),
                outbox::to_address.eq(to.email.as_str()),
                // The past of any clock: due at once.
                outbox::not_before.eq(Moment::of(chrono::DateTime::UNIX_EPOCH)),
                outbox::attempts.eq(0),
                outbox::last_problem.eq(""),
                outbox::created_at.eq(at),
            )
        })
        .collect();
    crate::put_many!(tx, outbox::table, &rows);
    tx.wake_jobs();
    Ok(())
}

/// Takes letters from before a time as delivered then: a scenario tells of a past whose letters nobody waits for.
pub fn sent_long_ago(tx: &mut Tx<'_>, before: Moment) -> Result<()> {
    let old = outbox::table.filter(
        outbox::created_at
            .lt(before)
            .and(outbox::sent_at.is_null())
            .and(outbox::gave_up_at.is_null()),
    );
    diesel::update(old)
        .set((
            outbox::sent_at.eq(outbox::created_at.nullable()),
            outbox::attempts.eq(1),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// A row for the operator's list.
#[derive(Debug, Clone, Queryable, serde::Serialize, utoipa::ToSchema)]
pub struct Queued {
    /// Its id.
    pub id: LetterId,
    /// Which letter.
    pub letter: String,
    /// To whom.
    pub to_address: String,
    /// How often it was tried.
    pub attempts: i32,
    /// When it was queued.
    pub created_at: Moment,
    /// When it went out.
    pub sent_at: Option<Moment>,
    /// When it was given up.
    pub gave_up_at: Option<Moment>,
    /// Why it did not go out.
    pub last_problem: String,
}

macro_rules! queued {
    () => {
        (
            outbox::id,
            outbox::letter,
            outbox::to_address,
            outbox::attempts,
            outbox::created_at,
            outbox::sent_at,
            outbox::gave_up_at,
            outbox::last_problem,
        )
    };
}

/// The newest letters.
pub fn list(read: &mut dyn Reads, most: i64) -> Result<Vec<Queued>> {
    Ok(outbox::table
        .select(queued!())
        .order((outbox::created_at.desc(), outbox::id.desc()))
        .limit(most)
        .load(read.conn())?)
}

crate::words! {
    /// What became of a letter.
    pub enum Delivery {
        /// Not sent yet.
        Waiting = "waiting", "Waiting";
        /// It went out, or was not needed any more.
        Sent = "sent", "Sent";
        /// It will not be tried again by itself.
        GivenUp = "given-up", "Given up";
    }
}

impl Queued {
    /// What became of it.
    pub fn delivery(&self) -> Delivery {
        if self.sent_at.is_some() {
            Delivery::Sent
        } else if self.gave_up_at.is_some() {
            Delivery::GivenUp
        } else {
            Delivery::Waiting
        }
    }
}

diesel::define_sql_function! {
    /// For addresses alone: they are ASCII, so that both databases fold them alike.
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

type Boxed<'a> = outbox::BoxedQuery<'a, <Conn as diesel::Connection>::Backend>;

/// Letters in any of these states (or all), whose address or kind contains the text.
fn matching<'a>(states: &[Delivery], typed: &str) -> Boxed<'a> {
    let mut query = outbox::table.into_boxed();
    let without = |state| !states.is_empty() && !states.contains(&state);
    if without(Delivery::Waiting) {
        let settled = diesel::BoolExpressionMethods::or(
            outbox::sent_at.is_not_null(),
            outbox::gave_up_at.is_not_null(),
        );
        query = query.filter(settled);
    }
    if without(Delivery::Sent) {
        query = query.filter(outbox::sent_at.is_null());
    }
    if without(Delivery::GivenUp) {
        query = query.filter(outbox::gave_up_at.is_null());
    }
    if let Some(found) = crate::found!(outbox::table, typed, lower(outbox::to_address), outbox::letter) {
        query = query.filter(found);
    }
    query
}

/// A page of letters, the newest first.
pub fn page(
    read: &mut dyn Reads,
    states: &[Delivery],
    typed: &str,
    newest_first: bool,
    some: (u64, u64),
) -> Result<Vec<Queued>> {
    let query = by(matching(states, typed), outbox::created_at, newest_first);
    let query = by(query, outbox::id, newest_first).select(queued!());
    Ok(cut(query, some).load(read.conn())?)
}

/// How many letters [`page`] has in all.
pub fn count(read: &mut dyn Reads, states: &[Delivery], typed: &str) -> Result<u64> {
    let found: i64 = matching(states, typed).count().get_result(read.conn())?;
    Ok(u64::try_from(found).unwrap_or_default())
}

/// The letters about some things, the newest first.
pub fn about(read: &mut dyn Reads, things: &[String], most: i64) -> Result<Vec<Queued>> {
    Ok(outbox::table
        .filter(outbox::about_id.eq_any(things.to_vec()))
        .select(queued!())
        .order((outbox::created_at.desc(), outbox::id.desc()))
        .limit(most)
        .load(read.conn())?)
}

/// How many letters went out from a time on: not those that nobody needed any more.
pub fn sent_from(read: &mut dyn Reads, at: Moment) -> Result<u64> {
    let sent: i64 = outbox::table
        .filter(outbox::sent_at.ge(at).and(outbox::last_problem.eq("")))
        .count()
        .get_result(read.conn())?;
    Ok(u64::try_from(sent).unwrap_or_default())
}

/// One letter.
pub fn find(read: &mut dyn Reads, id: LetterId) -> Result<Queued> {
    Ok(outbox::table.find(id).select(queued!()).first(read.conn())?)
}

/// How the outbox stands.
#[derive(Debug, Clone, Copy, Default, serde::Serialize, utoipa::ToSchema)]
pub struct Counts {
    /// Not sent yet.
    pub waiting: i64,
    /// Given up.
    pub given_up: i64,
}

/// Counts what has not gone out.
pub fn counts(read: &mut dyn Reads) -> Result<Counts> {
    let waiting = outbox::table
        .filter(outbox::sent_at.is_null().and(outbox::gave_up_at.is_null()))
        .count()
        .get_result(read.conn())?;
    let given_up = outbox::table
        .filter(outbox::gave_up_at.is_not_null())
        .count()
        .get_result(read.conn())?;
    Ok(Counts { waiting, given_up })
}

/// Since when the letter waits that has waited longest.
pub fn waits_since(read: &mut dyn Reads) -> Result<Option<Moment>> {
    Ok(outbox::table
        .filter(outbox::sent_at.is_null().and(outbox::gave_up_at.is_null()))
        .order(outbox::created_at.asc())
        .select(outbox::created_at)
        .first(read.conn())
        .optional()?)
}

/// Queues a letter that was given up once more.
pub fn retry(tx: &mut Tx<'_>, id: LetterId) -> Result<()> {
    let changed =
        diesel::update(outbox::table.filter(outbox::id.eq(id).and(outbox::gave_up_at.is_not_null())))
            .set((
                outbox::gave_up_at.eq(None::<Moment>),
                outbox::attempts.eq(0),
                outbox::leased_until.eq(None::<Moment>),
                outbox::not_before.eq(Moment::of(chrono::DateTime::UNIX_EPOCH)),
            ))
            .execute(tx.conn())?;
    if changed == 1 {
        Ok(())
    } else {
        Err(Error::refused(
            "mail.not-given-up",
            "This letter is on its way or has gone out; only one that was given up can be queued again.",
        ))
    }
}

/// Letters that went out or were given up before a time, at most so many.
pub fn settled_before(read: &mut dyn Reads, before: Moment, most: i64) -> Result<Vec<String>> {
    let settled =
        diesel::BoolExpressionMethods::or(outbox::sent_at.lt(before), outbox::gave_up_at.lt(before));
    Ok(outbox::table
        .filter(settled.assume_not_null())
        .select(outbox::id)
        .limit(most)
        .load(read.conn())?)
}

/// Removes letters, unless they wait again.
pub fn forget(tx: &mut Tx<'_>, ids: &[String]) -> Result<()> {
    let settled =
        diesel::BoolExpressionMethods::or(outbox::sent_at.is_not_null(), outbox::gave_up_at.is_not_null());
    diesel::delete(outbox::table.filter(outbox::id.eq_any(ids.to_vec()).and(settled))).execute(tx.conn())?;
    Ok(())
}

#[derive(Queryable)]
struct Row {
    id: LetterId,
    letter: String,
    about_id: String,
    extra: String,
    to_name: String,
    to_address: String,
    attempts: i32,
}

/// Letters that are due by wall time.
pub(super) fn due(read: &mut dyn Reads, wall: Moment, most: i64) -> Result<Vec<LetterId>> {
    Ok(outbox::table
        .filter(
            outbox::sent_at
                .is_null()
                .and(outbox::gave_up_at.is_null())
                .and(outbox::not_before.le(wall)),
        )
        .filter(outbox::leased_until.is_null().or(outbox::leased_until.lt(wall)))
        .order(outbox::created_at.asc())
        .select(outbox::id)
        .limit(most)
        .load(read.conn())?)
}

/// Takes a letter over for a while: nothing when another postman was quicker. The try it gets is its number.
pub(super) fn claim(tx: &mut Tx<'_>, id: LetterId, wall: Moment) -> Result<Option<(Envelope, i32)>> {
    if !take_over(tx, id, wall)? {
        return Ok(None);
    }
    let row: Row = outbox::table
        .find(id)
        .select((
            outbox::id,
            outbox::letter,
            outbox::about_id,
            outbox::extra,
            outbox::to_name,
            outbox::to_address,
            outbox::attempts,
        ))
        .first(tx.conn())?;
    let extra = serde_json::from_str(&row.extra).unwrap_or_default();
    Ok(Some((
        Envelope {
            id: row.id,
            letter: row.letter,
            about_id: row.about_id,
            extra,
            to_name: row.to_name,
            to_address: row.to_address,
        },
        row.attempts,
    )))
}

machine!(outbox, LetterId);
