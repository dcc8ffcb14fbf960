//! The lab's mailbox, for reading. The one writer is the lab's transport in `platform::mail`: an exception to
//! "a table has one owner", since the postman must be able to deliver without knowing any room.

use super::model::{Arrived, Row, Wanted};
use crate::error::Result;
use crate::kernel::Moment;
use crate::kernel::ids::LetterId;
use crate::platform::db::schema::mailbox;
use crate::platform::db::{Conn, Reads, Tx, by, contains, cut};
use diesel::prelude::*;
use diesel::sql_types::Text;

macro_rules! whole {
    () => {
        (
            mailbox::id,
            mailbox::message_id,
            mailbox::letter,
            mailbox::to_name,
            mailbox::to_address,
            mailbox::subject,
            mailbox::text_body,
            mailbox::html_body,
            mailbox::sent_at,
            mailbox::read_at,
        )
    };
}
macro_rules! row {
    () => {
        (
            mailbox::id,
            mailbox::letter,
            mailbox::to_name,
            mailbox::to_address,
            mailbox::subject,
            mailbox::sent_at,
            mailbox::read_at,
        )
    };
}

diesel::define_sql_function! {
    /// For addresses alone: they are ASCII, so that both databases fold them alike.
    fn lower(text: Text) -> Text;
}

type Query<'a> = mailbox::BoxedQuery<'a, <Conn as diesel::Connection>::Backend>;

fn matching(wanted: &Wanted) -> Query<'_> {
    let mut query = mailbox::table.into_boxed();
    if let Some(found) = crate::found!(mailbox::table, &wanted.q, mailbox::search_key) {
        query = query.filter(found);
    }
    if !wanted.letter.is_empty() {
        query = query.filter(mailbox::letter.eq(&wanted.letter));
    }
    let to = crate::kernel::pasted::line(&wanted.to).to_lowercase();
    // A whole address means that address: ada@ is not canada@.
    query = match to.find('@') {
        _ if to.is_empty() => query,
        Some(at) if at > 0 && at + 1 < to.len() => query.filter(lower(mailbox::to_address).eq(to)),
        _ => query.filter(lower(mailbox::to_address).like(contains(&to)).escape('\\')),
    };
    query
}

/// So many by when they were sent, after so many.
pub fn list(read: &mut dyn Reads, wanted: &Wanted, newest_first: bool, some: (u64, u64)) -> Result<Vec<Row>> {
    let query = by(matching(wanted), mailbox::sent_at, newest_first);
    let query = by(query, mailbox::id, newest_first).select(row!());
    Ok(cut(query, some).load(read.conn())?)
}

/// The newest first, with their texts.
pub fn list_whole(read: &mut dyn Reads, wanted: &Wanted, limit: i64, offset: i64) -> Result<Vec<Arrived>> {
    Ok(matching(wanted)
        .order((mailbox::sent_at.desc(), mailbox::id.desc()))
        .select(whole!())
        .limit(limit)
        .offset(offset)
        .load(read.conn())?)
}

pub fn count(read: &mut dyn Reads, wanted: &Wanted) -> Result<i64> {
    Ok(matching(wanted).count().get_result(read.conn())?)
}

pub fn unread(read: &mut dyn Reads) -> Result<i64> {
    Ok(mailbox::table
        .filter(mailbox::read_at.is_null())
        .count()
        .get_result(read.conn())?)
}

/// The kinds of letters that have arrived.
pub fn kinds(read: &mut dyn Reads) -> Result<Vec<String>> {
    Ok(mailbox::table
        .select(mailbox::letter)
        .distinct()
        .order(mailbox::letter.asc())
        .load(read.conn())?)
}

pub fn find(read: &mut dyn Reads, id: LetterId) -> Result<Arrived> {
    Ok(mailbox::table
        .find(id.as_str())
        .select(whole!())
        .first(read.conn())?)
}

/// Marks one as read; says whether it was not before.
pub fn mark_read(tx: &mut Tx<'_>, id: LetterId, at: Moment) -> Result<bool> {
    let unread = mailbox::id.eq(id.as_str()).and(mailbox::read_at.is_null());
    Ok(diesel::update(mailbox::table.filter(unread))
        .set(mailbox::read_at.eq(Some(at)))
        .execute(tx.conn())?
        == 1)
}

pub fn mark_all_read(tx: &mut Tx<'_>, at: Moment) -> Result<usize> {
    Ok(diesel::update(mailbox::table.filter(mailbox::read_at.is_null()))
        .set(mailbox::read_at.eq(Some(at)))
        .execute(tx.conn())?)
}

/// Letters that arrived before a time, at most so many.
pub fn arrived_before(read: &mut dyn Reads, before: Moment, most: i64) -> Result<Vec<String>> {
    Ok(mailbox::table
        .filter(mailbox::sent_at.lt(before))
        .select(mailbox::id)
        .limit(most)
        .load(read.conn())?)
}

/// Removes letters.
pub fn forget(tx: &mut Tx<'_>, ids: &[String]) -> Result<()> {
    diesel::delete(mailbox::table.filter(mailbox::id.eq_any(ids.to_vec()))).execute(tx.conn())?;
    Ok(())
}
