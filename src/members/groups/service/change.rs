//! Making, renaming and deleting a group, and what access it has in its own account.

use super::elsewhere::note_put_out;
use super::follow::{checked, facts, facts_of, put};
use super::read::mine;
use crate::authz::action::ManageGroups;
use crate::authz::{Permit, Role};
use crate::error::{Error, Result};
use crate::kernel::ids::{SmartAccountId, UserGroupId};
use crate::kernel::{Event, Kind, Moment, Name};
use crate::members::groups::model::{Access, RequestState, may_touch};
use crate::members::groups::store;
use crate::members::model::Scope;
use crate::members::service::place;
use crate::platform::db::{Once, OnceKey, Recorded, Tx};
use crate::smart_accounts;
use serde_json::json;

/// A group that is to be.
#[derive(Debug, Clone)]
pub struct NewGroup {
    /// Its id.
    pub id: UserGroupId,
    /// Its name.
    pub name: Name,
    /// What it is for.
    pub description: String,
    /// What its people are given.
    pub access: Option<(Scope, Role)>,
}

/// Makes a group.
pub fn create(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageGroups>,
    at: Moment,
    new: &NewGroup,
    once: Option<&OnceKey>,
) -> Result<Recorded<UserGroupId>> {
    if let Once::Again(made) = tx.once(once)? {
        return Ok(tx.unchanged(made.parse().map_err(Error::internal)?));
    }
    let account = permit.within().account()?;
    let after = match &new.access {
        Some((scope, role)) => {
            let place = checked(tx, permit.within(), scope, *role)?;
            facts_of(scope, *role, &place.names)
        }
        // Without a role a group is no reason to see it from within a Virtual Account.
        None => {
            may_touch(permit.within(), &[], false)?;
            json!(null)
        }
    };
    store::insert(tx, at, account, new.id, new.name.as_str(), &new.description)?;
    put(tx, at, new.id, account, new.access.as_ref())?;
    tx.made(at, once, new.id.as_str())?;
    let event = Event::new(
        Kind::GroupCreated,
        new.id,
        format!("The user group {} was created.", new.name),
    )
    .within(account)
    .changed(
        &json!(null),
        &json!({ "name": new.name.as_str(), "description": new.description, "access": after }),
    );
    tx.record(at, permit.who(), &event, new.id)
}

/// Changes name and description.
pub fn edit(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageGroups>,
    at: Moment,
    id: UserGroupId,
    version: i64,
    name: &Name,
    description: &str,
) -> Result<Recorded<()>> {
    let row = mine(tx, permit, id)?;
    if row.group.version != version {
        return Err(Error::Stale);
    }
    if row.group.name == name.as_str() && row.group.description == description {
        return Ok(tx.unchanged(()));
    }
    if !store::edit(tx, row.group.account, id, version, name.as_str(), description)? {
        return Err(Error::Stale);
    }
    let event = Event::new(
        Kind::GroupChanged,
        id,
        format!("The user group {name} was changed."),
    )
    .within(row.group.account)
    .changed(
        &json!({ "name": row.group.name, "description": row.group.description }),
        &json!({ "name": name.as_str(), "description": description }),
    );
    tx.record(at, permit.who(), &event, ())
}

/// Changes what a group holds in its own account; none takes it all.
pub fn set_access(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageGroups>,
    at: Moment,
    id: UserGroupId,
    access: Option<&(Scope, Role)>,
) -> Result<Recorded<()>> {
    let row = mine(tx, permit, id)?;
    let place = match access {
        Some((scope, role)) => checked(tx, permit.within(), scope, *role)?,
        None => {
            may_touch(permit.within(), &[], false)?;
            place(tx, row.group.account)?
        }
    };
    let before = facts(&row.own, &place.names);
    put(tx, at, id, row.group.account, access)?;
    let after = access.map_or(json!(null), |(scope, role)| facts_of(scope, *role, &place.names));
    if before == after {
        return Ok(tx.unchanged(()));
    }
    let event = Event::new(
        Kind::GroupChanged,
        id,
        format!(
            "Role and Virtual Accounts of the user group {} were changed.",
            row.group.name
        ),
    )
    .within(row.group.account)
    .changed(&before, &after);
    tx.record(at, permit.who(), &event, ())
}

/// Deletes a group: what its people held through it ends everywhere.
pub fn delete(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageGroups>,
    at: Moment,
    id: UserGroupId,
) -> Result<Recorded<()>> {
    let row = mine(tx, permit, id)?;
    let place = place(tx, row.group.account)?;
    for request in store::requests_of(tx, id)? {
        if request.state == RequestState::Granted {
            let target = smart_accounts::find(tx, request.target)?;
            note_put_out(
                tx,
                at,
                permit.who(),
                &request,
                &row.group.name,
                &place.name,
                &target,
            )?;
        }
    }
    let everywhere: Vec<Access> = store::access_of(tx, id)?;
    let mut accounts: Vec<SmartAccountId> = everywhere.iter().map(|one| one.account).collect();
    accounts.push(row.group.account);
    accounts.sort_unstable();
    accounts.dedup();
    for account in accounts {
        put(tx, at, id, account, None)?;
    }
    store::delete(tx, id)?;
    let event = Event::new(
        Kind::GroupDeleted,
        id,
        format!("The user group {} was deleted.", row.group.name),
    )
    .within(row.group.account)
    .changed(
        &json!({ "name": row.group.name, "description": row.group.description, "people": row.people, "access": facts(&row.own, &place.names) }),
        &json!(null),
    );
    tx.record(at, permit.who(), &event, ())
}
