//! The table of passkeys.

use super::Passkey;
use crate::error::Result;
use crate::kernel::Moment;
use crate::kernel::ids::{PasskeyId, PersonId};
use crate::platform::db::schema::passkeys;
use crate::platform::db::{Reads, Tx};
use diesel::prelude::*;

type Row = (
    PasskeyId,
    PersonId,
    String,
    String,
    String,
    i64,
    bool,
    bool,
    String,
    Moment,
    Option<Moment>,
);

fn to_passkey(row: Row) -> Passkey {
    let (
        id,
        person,
        credential_id,
        public_key,
        name,
        counter,
        eligible,
        backed_up,
        transports,
        made_at,
        used_at,
    ) = row;
    Passkey {
        id,
        person,
        credential_id,
        public_key,
        name,
        counter,
        is_backup_eligible: eligible,
        is_backed_up: backed_up,
        transports,
        made_at,
        used_at,
    }
}

/// A person's, the oldest first.
pub fn of(read: &mut dyn Reads, person: PersonId) -> Result<Vec<Passkey>> {
    let rows: Vec<Row> = passkeys::table
        .filter(passkeys::person_id.eq(person))
        .order(passkeys::id.asc())
        .load(read.conn())?;
    Ok(rows.into_iter().map(to_passkey).collect())
}

pub fn by_credential(read: &mut dyn Reads, credential: &str) -> Result<Option<Passkey>> {
    let row: Option<Row> = passkeys::table
        .filter(passkeys::credential_id.eq(credential))
        .first(read.conn())
        .optional()?;
    Ok(row.map(to_passkey))
}

pub fn insert(tx: &mut Tx<'_>, new: &Passkey) -> Result<()> {
    diesel::insert_into(passkeys::table)
        .values((
            passkeys::id.eq(new.id),
            passkeys::person_id.eq(new.person),
            passkeys::credential_id.eq(&new.credential_id),
            passkeys::public_key.eq(&new.public_key),
            passkeys::name.eq(&new.name),
            passkeys::counter.eq(new.counter),
            passkeys::is_backup_eligible.eq(new.is_backup_eligible),
            passkeys::is_backed_up.eq(new.is_backed_up),
            passkeys::transports.eq(&new.transports),
            passkeys::made_at.eq(new.made_at),
        ))
        .execute(tx.conn())?;
    Ok(())
}

pub fn used(tx: &mut Tx<'_>, id: PasskeyId, counter: i64, is_backed_up: bool, wall: Moment) -> Result<()> {
    diesel::update(passkeys::table.find(id))
        .set((
            passkeys::counter.eq(counter),
            passkeys::is_backed_up.eq(is_backed_up),
            passkeys::used_at.eq(Some(wall)),
        ))
        .execute(tx.conn())?;
    Ok(())
}

pub fn delete(tx: &mut Tx<'_>, person: PersonId, id: PasskeyId) -> Result<bool> {
    let one = passkeys::table.filter(passkeys::person_id.eq(person).and(passkeys::id.eq(id)));
    Ok(diesel::delete(one).execute(tx.conn())? == 1)
}

pub fn delete_all(tx: &mut Tx<'_>, person: PersonId) -> Result<()> {
    diesel::delete(passkeys::table.filter(passkeys::person_id.eq(person))).execute(tx.conn())?;
    Ok(())
}
