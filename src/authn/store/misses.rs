//! Failed sign-ins, and the networks from which people came in.

use crate::error::Result;
use crate::kernel::Moment;
use crate::kernel::ids::PersonId;
use crate::platform::db::schema::{known_networks, people, sign_in_misses};
use crate::platform::db::{Reads, Tx};
use diesel::prelude::*;

pub fn blocked_until(read: &mut dyn Reads, subject: &str) -> Result<Option<Moment>> {
    Ok(sign_in_misses::table
        .find(subject)
        .select(sign_in_misses::blocked_until)
        .first(read.conn())
        .optional()?)
}

pub fn misses(read: &mut dyn Reads, subject: &str, not_before: Moment) -> Result<i32> {
    let row: Option<i32> = sign_in_misses::table
        .filter(
            sign_in_misses::subject
                .eq(subject)
                .and(sign_in_misses::updated_at.gt(not_before)),
        )
        .select(sign_in_misses::misses)
        .first(read.conn())
        .optional()?;
    Ok(row.unwrap_or(0))
}

pub fn set_misses(
    tx: &mut Tx<'_>,
    subject: &str,
    misses: i32,
    blocked_until: Moment,
    wall: Moment,
) -> Result<()> {
    let values = (
        sign_in_misses::misses.eq(misses),
        sign_in_misses::blocked_until.eq(blocked_until),
        sign_in_misses::updated_at.eq(wall),
    );
    if diesel::update(sign_in_misses::table.find(subject))
        .set(values)
        .execute(tx.conn())?
        == 0
    {
        diesel::insert_into(sign_in_misses::table)
            .values((sign_in_misses::subject.eq(subject), values))
            .execute(tx.conn())?;
    }
    Ok(())
}

pub fn clear_misses(tx: &mut Tx<'_>, subject: &str) -> Result<()> {
    diesel::delete(sign_in_misses::table.find(subject)).execute(tx.conn())?;
    Ok(())
}

pub fn sweep_misses(tx: &mut Tx<'_>, before: Moment) -> Result<usize> {
    Ok(
        diesel::delete(sign_in_misses::table.filter(sign_in_misses::updated_at.lt(before)))
            .execute(tx.conn())?,
    )
}

pub fn is_known_network(read: &mut dyn Reads, email_key: &str, network: &str, since: Moment) -> Result<bool> {
    let found: Option<PersonId> = known_networks::table
        .inner_join(people::table.on(people::id.eq(known_networks::person_id)))
        .filter(
            people::email_key
                .eq(email_key)
                .and(known_networks::network.eq(network))
                .and(known_networks::seen_at.ge(since)),
        )
        .select(people::id)
        .first(read.conn())
        .optional()?;
    Ok(found.is_some())
}

pub fn know_network(tx: &mut Tx<'_>, person: PersonId, network: &str, wall: Moment) -> Result<()> {
    if diesel::update(known_networks::table.find((person, network)))
        .set(known_networks::seen_at.eq(wall))
        .execute(tx.conn())?
        == 0
    {
        diesel::insert_into(known_networks::table)
            .values((
                known_networks::person_id.eq(person),
                known_networks::network.eq(network),
                known_networks::seen_at.eq(wall),
            ))
            .execute(tx.conn())?;
    }
    Ok(())
}

pub fn forget_networks(tx: &mut Tx<'_>, before: Moment) -> Result<usize> {
    Ok(
        diesel::delete(known_networks::table.filter(known_networks::seen_at.lt(before)))
            .execute(tx.conn())?,
    )
}
