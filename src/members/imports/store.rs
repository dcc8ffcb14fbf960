//! The table of lists that wait for their author.

use super::model::{Content, Import};
use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::kernel::ids::{ImportId, PersonId, SmartAccountId, UserGroupId};
use crate::platform::db::schema::user_imports;
use crate::platform::db::{Reads, Tx};
use diesel::prelude::*;

pub fn insert(tx: &mut Tx<'_>, at: Moment, import: &Import) -> Result<()> {
    diesel::insert_into(user_imports::table)
        .values((
            user_imports::id.eq(import.id),
            user_imports::smart_account_id.eq(import.account),
            user_imports::person_id.eq(import.author),
            user_imports::group_id.eq(import.group),
            user_imports::content.eq(written(&import.content)?),
            user_imports::created_at.eq(at),
            user_imports::version.eq(1),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// So much is kept of a list, as the schema says.
const LONGEST: usize = 4_000_000;

fn written(content: &Content) -> Result<String> {
    let text = serde_json::to_string(content).map_err(Error::internal)?;
    if text.len() > LONGEST && text.chars().count() > LONGEST {
        return Err(Error::invalid(
            "file",
            "The file is too long to be kept for its review. Divide it into several files.",
        ));
    }
    Ok(text)
}

type Row = (
    ImportId,
    SmartAccountId,
    PersonId,
    Option<UserGroupId>,
    String,
    Option<Moment>,
    i64,
);

/// One's own list in an account.
pub fn find(read: &mut dyn Reads, account: SmartAccountId, author: PersonId, id: ImportId) -> Result<Import> {
    let (id, account, author, group, content, done_at, version): Row = user_imports::table
        .filter(
            user_imports::id
                .eq(id)
                .and(user_imports::smart_account_id.eq(account))
                .and(user_imports::person_id.eq(author)),
        )
        .select((
            user_imports::id,
            user_imports::smart_account_id,
            user_imports::person_id,
            user_imports::group_id,
            user_imports::content,
            user_imports::done_at,
            user_imports::version,
        ))
        .first(read.conn())?;
    Ok(Import {
        id,
        account,
        author,
        group,
        content: serde_json::from_str(&content).map_err(Error::internal)?,
        done_at,
        version,
    })
}

/// Puts mended lines in the place of the old ones; false when somebody was faster.
pub fn replace(tx: &mut Tx<'_>, id: ImportId, version: i64, content: &Content) -> Result<bool> {
    let same = user_imports::table.filter(
        user_imports::id
            .eq(id)
            .and(user_imports::version.eq(version))
            .and(user_imports::done_at.is_null()),
    );
    Ok(diesel::update(same)
        .set((
            user_imports::content.eq(written(content)?),
            user_imports::version.eq(version + 1),
        ))
        .execute(tx.conn())?
        == 1)
}

/// The people were added: the list is of no more use.
pub fn done(tx: &mut Tx<'_>, id: ImportId, at: Moment) -> Result<bool> {
    let open = user_imports::table.filter(user_imports::id.eq(id).and(user_imports::done_at.is_null()));
    Ok(diesel::update(open)
        .set(user_imports::done_at.eq(Some(at)))
        .execute(tx.conn())?
        == 1)
}

pub fn forget_before(tx: &mut Tx<'_>, before: Moment) -> Result<usize> {
    Ok(diesel::delete(user_imports::table.filter(user_imports::created_at.lt(before))).execute(tx.conn())?)
}
