//! The statements of this room. Each begins with the person: nobody sees another's views.

use super::model::SavedView;
use crate::error::{Error, Result};
use crate::kernel::ids::{PersonId, SavedViewId, SmartAccountId};
use crate::kernel::{Moment, search_key};
use crate::platform::db::schema::saved_views;
use crate::platform::db::{OnTaken, Reads, Tx};
use diesel::prelude::*;

/// A person's views by name: of one list, or of all of them.
pub fn all(read: &mut dyn Reads, person: PersonId, list: Option<&str>, limit: i64) -> Result<Vec<SavedView>> {
    let mut query = saved_views::table
        .filter(saved_views::person_id.eq(person))
        .into_boxed();
    if let Some(list) = list {
        query = query.filter(saved_views::list.eq(list.to_owned()));
    }
    Ok(query
        .order((saved_views::name_key.asc(), saved_views::id.asc()))
        .select((
            saved_views::id,
            saved_views::list,
            saved_views::name,
            saved_views::query,
        ))
        .limit(limit)
        .load(read.conn())?)
}

pub fn count(read: &mut dyn Reads, person: PersonId) -> Result<i64> {
    Ok(saved_views::table
        .filter(saved_views::person_id.eq(person))
        .count()
        .get_result(read.conn())?)
}

pub fn find(read: &mut dyn Reads, person: PersonId, id: SavedViewId) -> Result<SavedView> {
    Ok(saved_views::table
        .filter(saved_views::id.eq(id).and(saved_views::person_id.eq(person)))
        .select((
            saved_views::id,
            saved_views::list,
            saved_views::name,
            saved_views::query,
        ))
        .first(read.conn())?)
}

/// Keeps one, under a name that is given once for each list. `account` is the one in whose pages the list stands: the view
/// goes when it goes.
pub fn insert(
    tx: &mut Tx<'_>,
    at: Moment,
    person: PersonId,
    account: Option<SmartAccountId>,
    view: &SavedView,
) -> Result<()> {
    diesel::insert_into(saved_views::table)
        .values((
            saved_views::id.eq(view.id),
            saved_views::smart_account_id.eq(account),
            saved_views::person_id.eq(person),
            saved_views::list.eq(&view.list),
            saved_views::name.eq(&view.name),
            saved_views::name_key.eq(search_key(&view.name)),
            saved_views::query.eq(&view.query),
            saved_views::created_at.eq(at),
        ))
        .execute(tx.conn())
        .on_taken(|| {
            Error::invalid(
                "name",
                "You have a saved view with this name. Choose another name.",
            )
        })?;
    Ok(())
}

pub fn remove(tx: &mut Tx<'_>, id: SavedViewId) -> Result<()> {
    diesel::delete(saved_views::table.find(id)).execute(tx.conn())?;
    Ok(())
}
