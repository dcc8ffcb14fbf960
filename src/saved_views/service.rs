//! Keeping and forgetting. Nobody else sees a view and nothing of an account changes, so nothing is recorded: for
//! `db.housekeeping`.

use super::model::{MOST, MOST_OF_A_LIST, SavedView, ShownList};
use super::store;
use crate::authz::grants;
use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::kernel::ids::{PersonId, SavedViewId};
use crate::platform::db::{Reads, Tx};

/// A person's views of a list, by name.
pub fn of_list(read: &mut dyn Reads, person: PersonId, list: &str) -> Result<Vec<SavedView>> {
    store::all(read, person, Some(list), MOST)
}

/// A person's views of every list, by name.
pub fn all(read: &mut dyn Reads, person: PersonId) -> Result<Vec<SavedView>> {
    store::all(read, person, None, MOST)
}

pub fn keep(
    tx: &mut Tx<'_>,
    at: Moment,
    person: PersonId,
    shown: ShownList,
    name: String,
) -> Result<SavedView> {
    let too_many = |most: &str| Error::invalid("name", format!("You have {most}. Remove one first."));
    if of_list(tx, person, &shown.list)?.len() >= MOST_OF_A_LIST {
        return Err(too_many(&format!("{MOST_OF_A_LIST} saved views of this list")));
    }
    if store::count(tx, person)? >= MOST {
        return Err(too_many(&format!("{MOST} saved views")));
    }
    // In an account where one has no role there is nothing to see, and nothing is told of it here either.
    let standing = match shown.account() {
        Some(number) => grants::standing(tx, number, person)?,
        None => None,
    };
    let account = standing
        .filter(|(_, grants)| !grants.is_empty())
        .map(|(tenant, _)| tenant.id);
    let view = SavedView {
        id: SavedViewId::new(),
        list: shown.list,
        name,
        query: shown.query,
    };
    store::insert(tx, at, person, account, &view)?;
    Ok(view)
}

/// Forgets one's own view.
pub fn forget(tx: &mut Tx<'_>, person: PersonId, id: SavedViewId) -> Result<SavedView> {
    let view = store::find(tx, person, id)?;
    store::remove(tx, view.id)?;
    Ok(view)
}
