//! Accounts of an identity provider by which people come in.

use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::kernel::ids::PersonId;
use crate::platform::db::schema::provider_identities as identities;
use crate::platform::db::{OnTaken, Reads, Tx};
use diesel::prelude::*;

pub fn person_of_identity(read: &mut dyn Reads, issuer: &str, subject: &str) -> Result<Option<PersonId>> {
    Ok(identities::table
        .find((issuer, subject))
        .select(identities::person_id)
        .first(read.conn())
        .optional()?)
}

pub fn has_identity(read: &mut dyn Reads, issuer: &str, person: PersonId) -> Result<bool> {
    let found: Option<String> = identities::table
        .filter(
            identities::person_id
                .eq(person)
                .and(identities::issuer.eq(issuer)),
        )
        .select(identities::subject)
        .first(read.conn())
        .optional()?;
    Ok(found.is_some())
}

pub fn insert_identity(
    tx: &mut Tx<'_>,
    issuer: &str,
    subject: &str,
    person: PersonId,
    wall: Moment,
) -> Result<()> {
    diesel::insert_into(identities::table)
        .values((
            identities::issuer.eq(issuer),
            identities::subject.eq(subject),
            identities::person_id.eq(person),
            identities::linked_at.eq(wall),
        ))
        .execute(tx.conn())
        .on_taken(|| Error::Stale)?;
    Ok(())
}

pub fn delete_identities(tx: &mut Tx<'_>, person: PersonId) -> Result<()> {
    diesel::delete(identities::table.filter(identities::person_id.eq(person))).execute(tx.conn())?;
    Ok(())
}
