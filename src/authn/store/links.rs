//! Links that let their holder act as a person.

use crate::error::Result;
use crate::kernel::Moment;
use crate::kernel::ids::PersonId;
use crate::platform::db::schema::links;
use crate::platform::db::{Reads, Tx};
use diesel::prelude::*;

/// Links that let their holder act as a person: those for a new password.
pub fn end_links_of(tx: &mut Tx<'_>, person: PersonId, at: Moment) -> Result<()> {
    diesel::update(
        links::table.filter(
            links::about_id
                .eq(person.as_str())
                .and(links::used_at.is_null())
                .and(links::ended_at.is_null()),
        ),
    )
    .set(links::ended_at.eq(Some(at)))
    .execute(tx.conn())?;
    Ok(())
}
