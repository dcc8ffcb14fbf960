//! What one can do in a lab: read the mailbox, send a letter again.

use super::model::{Arrived, Row, Wanted};
use super::store;
use crate::authz::Permit;
use crate::authz::action::Operate;
use crate::error::Result;
use crate::kernel::ids::LetterId;
use crate::kernel::{Event, Kind, Moment};
use crate::platform::db::{Db, Reads, Recorded, Tx};
use crate::platform::mail;
use std::sync::atomic::{AtomicU64, Ordering};

fn count(of: i64) -> u64 {
    u64::try_from(of).unwrap_or_default()
}

/// The kinds of letters that have arrived, for the filter.
pub fn kinds(read: &mut dyn Reads) -> Result<Vec<String>> {
    store::kinds(read)
}

/// How many letters match.
pub fn matching(read: &mut dyn Reads, wanted: &Wanted) -> Result<u64> {
    store::count(read, wanted).map(count)
}

/// So many letters by when they were sent, after so many.
pub fn letters(
    read: &mut dyn Reads,
    wanted: &Wanted,
    newest_first: bool,
    some: (u64, u64),
) -> Result<Vec<Row>> {
    store::list(read, wanted, newest_first, some)
}

/// How many letters of all nobody has marked as read.
pub fn unread(read: &mut dyn Reads) -> Result<u64> {
    store::unread(read).map(count)
}

/// The newest letters with their texts.
pub fn whole_letters(read: &mut dyn Reads, wanted: &Wanted, limit: i64, offset: i64) -> Result<Vec<Arrived>> {
    store::list_whole(read, wanted, limit, offset)
}

/// One letter.
pub fn letter(read: &mut dyn Reads, id: LetterId) -> Result<Arrived> {
    store::find(read, id)
}

/// One letter that somebody opens: from then on it is read, and the number on the letter's icon is one less.
pub async fn open_letter(db: &Db, unread: &AtomicU64, id: LetterId, at: Moment) -> Result<Arrived> {
    let letter = db.read(move |r| store::find(r, id)).await?;
    if letter.read_at.is_none() && db.housekeeping(move |tx| store::mark_read(tx, id, at)).await? {
        count_unread(db, unread).await?;
    }
    Ok(letter)
}

/// Marks every letter as read. The mailbox is the lab's own and stands in no record.
pub fn mark_all_read(tx: &mut Tx<'_>, at: Moment) -> Result<usize> {
    store::mark_all_read(tx, at)
}

/// Keeps the number on the letter's icon.
pub async fn count_unread(db: &Db, into: &AtomicU64) -> Result<()> {
    let unread = db.read(|r| store::unread(r)).await?;
    into.store(count(unread), Ordering::Relaxed);
    Ok(())
}

/// Queues a letter that was given up once more.
pub fn retry(
    tx: &mut Tx<'_>,
    permit: &Permit<Operate>,
    at: Moment,
    id: LetterId,
) -> Result<Recorded<mail::Queued>> {
    let letter = mail::find(tx, id)?;
    mail::retry(tx, id)?;
    let event = Event::new(
        Kind::LetterRetried,
        id,
        format!(
            "The letter {} to {} was queued again.",
            letter.letter, letter.to_address
        ),
    );
    tx.record(at, permit.who(), &event, letter)
}
