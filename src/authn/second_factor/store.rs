//! The tables of second factors and of recovery codes.

use super::Standing;
use crate::error::Result;
use crate::kernel::Moment;
use crate::kernel::ids::PersonId;
use crate::platform::db::schema::{recovery_codes as codes, second_factors as factors};
use crate::platform::db::{Reads, Tx};
use diesel::prelude::*;
use std::collections::HashSet;

pub fn is_set(read: &mut dyn Reads, person: PersonId) -> Result<bool> {
    let found: Option<PersonId> = factors::table
        .find(person)
        .select(factors::person_id)
        .first(read.conn())
        .optional()?;
    Ok(found.is_some())
}

pub fn among(read: &mut dyn Reads, people: &[PersonId]) -> Result<HashSet<PersonId>> {
    let mut found = HashSet::new();
    for some in people.chunks(500) {
        let rows: Vec<PersonId> = factors::table
            .filter(factors::person_id.eq_any(some.to_vec()))
            .select(factors::person_id)
            .load(read.conn())?;
        found.extend(rows);
    }
    Ok(found)
}

pub fn standing(read: &mut dyn Reads, person: PersonId) -> Result<Option<Standing>> {
    let found: Option<(Moment, String)> = factors::table
        .find(person)
        .select((factors::set_at, factors::secret))
        .first(read.conn())
        .optional()?;
    match found {
        Some((set_at, locked)) => Ok(Some(Standing {
            set_at,
            shows_codes: !locked.is_empty(),
            recovery_codes: count_recovery_codes(read, person)?,
        })),
        None => Ok(None),
    }
}

pub fn locked_secret(read: &mut dyn Reads, person: PersonId) -> Result<Option<String>> {
    Ok(factors::table
        .find(person)
        .select(factors::secret)
        .first(read.conn())
        .optional()?)
}

pub fn insert(tx: &mut Tx<'_>, person: PersonId, locked: &str, step: i64, wall: Moment) -> Result<()> {
    diesel::insert_into(factors::table)
        .values((
            factors::person_id.eq(person),
            factors::secret.eq(locked),
            factors::last_step.eq(step),
            factors::set_at.eq(wall),
        ))
        .execute(tx.conn())?;
    Ok(())
}

pub fn update(tx: &mut Tx<'_>, person: PersonId, locked: &str, step: i64, wall: Moment) -> Result<()> {
    diesel::update(factors::table.find(person))
        .set((
            factors::secret.eq(locked),
            factors::last_step.eq(step),
            factors::set_at.eq(wall),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Notes that the code of a step was used, unless it or a later one was.
pub fn use_step(tx: &mut Tx<'_>, person: PersonId, step: i64) -> Result<bool> {
    let unused = factors::table.filter(factors::person_id.eq(person).and(factors::last_step.lt(step)));
    Ok(diesel::update(unused)
        .set(factors::last_step.eq(step))
        .execute(tx.conn())?
        == 1)
}

pub fn delete(tx: &mut Tx<'_>, person: PersonId) -> Result<bool> {
    diesel::delete(codes::table.filter(codes::person_id.eq(person))).execute(tx.conn())?;
    Ok(diesel::delete(factors::table.find(person)).execute(tx.conn())? == 1)
}

pub fn count_recovery_codes(read: &mut dyn Reads, person: PersonId) -> Result<usize> {
    let count: i64 = codes::table
        .filter(codes::person_id.eq(person))
        .count()
        .get_result(read.conn())?;
    Ok(usize::try_from(count).unwrap_or_default())
}

pub fn use_recovery_code(tx: &mut Tx<'_>, person: PersonId, hash: &str) -> Result<bool> {
    Ok(diesel::delete(codes::table.find((person, hash))).execute(tx.conn())? == 1)
}

pub fn replace_recovery_codes(tx: &mut Tx<'_>, person: PersonId, hashes: &[String]) -> Result<()> {
    diesel::delete(codes::table.filter(codes::person_id.eq(person))).execute(tx.conn())?;
    for hash in hashes {
        diesel::insert_into(codes::table)
            .values((codes::person_id.eq(person), codes::code_hash.eq(hash)))
            .execute(tx.conn())?;
    }
    Ok(())
}
