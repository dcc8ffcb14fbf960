//! The tables of graded labs.

use super::model::{Attempt, LabFile, Mark, MarkKind};
use crate::error::Result;
use crate::kernel::Moment;
use crate::kernel::ids::{LabAttemptId, PersonId};
use crate::platform::db::schema::{lab_attempts as attempts, lab_files as files, lab_marks as marks};
use crate::platform::db::{Reads, Tx};
use diesel::prelude::*;

macro_rules! columns {
    () => {
        (
            attempts::id,
            attempts::person_id,
            attempts::lab,
            attempts::definition,
            attempts::tag,
            attempts::account_id,
            attempts::account_number,
            attempts::since,
            attempts::began_at,
            attempts::expires_at,
            attempts::done_at,
            attempts::ended_at,
        )
    };
}

pub fn files(read: &mut dyn Reads, most: i64) -> Result<Vec<LabFile>> {
    Ok(files::table
        .select((files::name, files::definition, files::added_by, files::added_at))
        .order(files::name.asc())
        .limit(most)
        .load(read.conn())?)
}

pub fn file(read: &mut dyn Reads, name: &str) -> Result<Option<LabFile>> {
    Ok(files::table
        .find(name)
        .select((files::name, files::definition, files::added_by, files::added_at))
        .first(read.conn())
        .optional()?)
}

/// Adds a lab, or takes the place of the one with its name.
pub fn put_file(tx: &mut Tx<'_>, one: &LabFile) -> Result<()> {
    let values = (
        files::name.eq(&one.name),
        files::definition.eq(&one.definition),
        files::added_by.eq(&one.added_by),
        files::added_at.eq(one.added_at),
    );
    diesel::delete(files::table.find(&one.name)).execute(tx.conn())?;
    diesel::insert_into(files::table)
        .values(values)
        .execute(tx.conn())?;
    Ok(())
}

pub fn delete_file(tx: &mut Tx<'_>, name: &str) -> Result<bool> {
    Ok(diesel::delete(files::table.find(name)).execute(tx.conn())? == 1)
}

pub fn insert_attempt(tx: &mut Tx<'_>, one: &Attempt) -> Result<()> {
    diesel::insert_into(attempts::table)
        .values((
            attempts::id.eq(one.id),
            attempts::person_id.eq(one.person),
            attempts::lab.eq(&one.lab),
            attempts::definition.eq(&one.definition),
            attempts::tag.eq(&one.tag),
            attempts::account_id.eq(one.account),
            attempts::account_number.eq(one.account_number),
            attempts::since.eq(one.since),
            attempts::began_at.eq(one.began_at),
            attempts::expires_at.eq(one.expires_at),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Somebody's attempts at a lab, or at all of them; the newest first.
pub fn attempts_of(
    read: &mut dyn Reads,
    person: PersonId,
    lab: Option<&str>,
    most: i64,
) -> Result<Vec<Attempt>> {
    let mut query = attempts::table
        .filter(attempts::person_id.eq(person))
        .select(columns!())
        .into_boxed();
    if let Some(lab) = lab {
        query = query.filter(attempts::lab.eq(lab.to_owned()));
    }
    Ok(query
        .order((attempts::began_at.desc(), attempts::id.desc()))
        .limit(most)
        .load(read.conn())?)
}

/// Everybody's, the newest first.
pub fn all_attempts(read: &mut dyn Reads, most: i64) -> Result<Vec<Attempt>> {
    Ok(attempts::table
        .select(columns!())
        .order((attempts::began_at.desc(), attempts::id.desc()))
        .limit(most)
        .load(read.conn())?)
}

pub fn attempt(read: &mut dyn Reads, id: LabAttemptId) -> Result<Attempt> {
    Ok(attempts::table.find(id).select(columns!()).first(read.conn())?)
}

/// Those that are under way.
pub fn running(read: &mut dyn Reads, wall: Moment, most: i64) -> Result<Vec<Attempt>> {
    Ok(attempts::table
        .filter(attempts::expires_at.gt(wall))
        .filter(attempts::done_at.is_null())
        .filter(attempts::ended_at.is_null())
        .select(columns!())
        .order(attempts::began_at.asc())
        .limit(most)
        .load(read.conn())?)
}

/// Those whose time is over and that nobody has ended.
pub fn overdue(read: &mut dyn Reads, wall: Moment, most: i64) -> Result<Vec<Attempt>> {
    Ok(attempts::table
        .filter(attempts::expires_at.le(wall))
        .filter(attempts::ended_at.is_null())
        .select(columns!())
        .order(attempts::began_at.asc())
        .limit(most)
        .load(read.conn())?)
}

pub fn set_done(tx: &mut Tx<'_>, id: LabAttemptId, wall: Moment) -> Result<()> {
    diesel::update(attempts::table.filter(attempts::id.eq(id).and(attempts::done_at.is_null())))
        .set(attempts::done_at.eq(Some(wall)))
        .execute(tx.conn())?;
    Ok(())
}

/// Says whether it was not ended before.
pub fn set_ended(tx: &mut Tx<'_>, id: LabAttemptId, wall: Moment) -> Result<bool> {
    let open = attempts::id.eq(id).and(attempts::ended_at.is_null());
    Ok(diesel::update(attempts::table.filter(open))
        .set(attempts::ended_at.eq(Some(wall)))
        .execute(tx.conn())?
        == 1)
}

/// What was seen in these attempts, in the order in which it was.
pub fn marks(read: &mut dyn Reads, of: &[LabAttemptId]) -> Result<Vec<(LabAttemptId, Mark)>> {
    let mut found = Vec::new();
    for some in of.chunks(500) {
        let rows: Vec<(LabAttemptId, i32, MarkKind, i32, Moment)> = marks::table
            .filter(marks::attempt_id.eq_any(some.to_vec()))
            .select((
                marks::attempt_id,
                marks::step,
                marks::kind,
                marks::number,
                marks::at,
            ))
            .order((marks::at.asc(), marks::step.asc(), marks::number.asc()))
            .load(read.conn())?;
        found.extend(rows.into_iter().map(|(id, step, kind, number, at)| {
            let mark = Mark {
                step,
                kind,
                number,
                at,
            };
            (id, mark)
        }));
    }
    Ok(found)
}

/// Keeps what was seen; says how much of it is new.
pub fn insert_marks(tx: &mut Tx<'_>, id: LabAttemptId, seen: &[Mark]) -> Result<usize> {
    let known = marks(tx, &[id])?;
    let is_new = |mark: &&Mark| {
        !known
            .iter()
            .any(|(_, known)| (known.step, known.kind, known.number) == (mark.step, mark.kind, mark.number))
    };
    let mut fresh = 0;
    for mark in seen.iter().filter(is_new) {
        fresh += diesel::insert_into(marks::table)
            .values((
                marks::attempt_id.eq(id),
                marks::step.eq(mark.step),
                marks::kind.eq(mark.kind),
                marks::number.eq(mark.number),
                marks::at.eq(mark.at),
            ))
            .execute(tx.conn())?;
    }
    Ok(fresh)
}
