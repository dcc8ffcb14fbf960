//! Files of orders that wait for their review.

use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::kernel::ids::{OrderImportId, PersonId};
use crate::orders::imports::Import;
use crate::platform::db::schema::order_imports as imports;
use crate::platform::db::{Reads, Tx};
use diesel::prelude::*;

/// So much is kept of a file of orders, as the schema says.
const LONGEST_IMPORT: usize = 20_000_000;

fn import_written(import: &Import) -> Result<String> {
    let text = serde_json::to_string(&import.content).map_err(Error::internal)?;
    if text.len() > LONGEST_IMPORT && text.chars().count() > LONGEST_IMPORT {
        return Err(Error::invalid(
            "file",
            "The file is too long to be kept for its review. Divide it into several files.",
        ));
    }
    Ok(text)
}

/// Keeps a file of orders for its review.
pub fn insert_import(tx: &mut Tx<'_>, at: Moment, import: &Import) -> Result<()> {
    diesel::insert_into(imports::table)
        .values((
            imports::id.eq(import.id),
            imports::person_id.eq(import.author),
            imports::content.eq(import_written(import)?),
            imports::created_at.eq(at),
            imports::version.eq(1),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// One's own file of orders.
pub fn import(read: &mut dyn Reads, author: PersonId, id: OrderImportId) -> Result<Import> {
    let (content, done_at, version): (String, Option<Moment>, i64) = imports::table
        .filter(imports::id.eq(id).and(imports::person_id.eq(author)))
        .select((imports::content, imports::done_at, imports::version))
        .first(read.conn())?;
    Ok(Import {
        id,
        author,
        content: serde_json::from_str(&content).map_err(Error::internal)?,
        done_at,
        version,
    })
}

/// Keeps what a file says when it is read with other columns; false when somebody was faster.
pub fn replace_import(tx: &mut Tx<'_>, import: &Import) -> Result<bool> {
    let same = imports::table.filter(
        imports::id
            .eq(import.id)
            .and(imports::version.eq(import.version))
            .and(imports::done_at.is_null()),
    );
    Ok(diesel::update(same)
        .set((
            imports::content.eq(import_written(import)?),
            imports::version.eq(import.version + 1),
        ))
        .execute(tx.conn())?
        == 1)
}

/// The orders of a file are taken in; false when they were already.
pub fn import_done(tx: &mut Tx<'_>, author: PersonId, id: OrderImportId, at: Moment) -> Result<bool> {
    let open = imports::table.filter(
        imports::id
            .eq(id)
            .and(imports::person_id.eq(author))
            .and(imports::done_at.is_null()),
    );
    Ok(diesel::update(open)
        .set(imports::done_at.eq(Some(at)))
        .execute(tx.conn())?
        == 1)
}
