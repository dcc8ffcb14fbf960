//! Renaming, moving and deleting a Virtual Account, and which one is the default.

use super::default::{hand_default_on, may_not_set_default};
use super::record::{event, facts, name_of};
use crate::authz::action::{DeleteVirtualAccount, EditVirtualAccount, ViewVirtualAccounts};
use crate::authz::{Does, Permit, grants};
use crate::error::{Error, Refusal, Result};
use crate::kernel::ids::{SmartAccountId, VirtualAccountId};
use crate::kernel::{Event, Kind, Moment, search_key};
use crate::platform::db::{Reads, Recorded, Tx};
use crate::platform::occupants::{Holding, Occupants};
use crate::virtual_accounts::model::{self, Details, Tree, VirtualAccount};
use crate::virtual_accounts::store;
use serde_json::json;

/// A Virtual Account that one may see and do this with. One that is not seen is not there; one that is seen and
/// lies beyond the right is forbidden.
pub fn theirs<A: Does>(
    read: &mut dyn Reads,
    view: &Permit<ViewVirtualAccounts>,
    permit: &Permit<A>,
    id: VirtualAccountId,
) -> Result<VirtualAccount> {
    let one = store::find(read, view.within(), id)?;
    if permit.within().covers(id) {
        Ok(one)
    } else {
        Err(Error::Forbidden {
            action: A::ACTION.words(),
        })
    }
}

/// Whose role is held in some Virtual Accounts alone edits none that is the default.
pub fn not_default(permit: &Permit<EditVirtualAccount>, one: &VirtualAccount) -> Result<()> {
    if one.is_default && permit.within().only().is_some() {
        Err(Error::Forbidden {
            action: "edit the default Virtual Account",
        })
    } else {
        Ok(())
    }
}

/// Edits a Virtual Account. `version` is the one that the form was made from.
pub fn edit(
    tx: &mut Tx<'_>,
    permit: &Permit<EditVirtualAccount>,
    at: Moment,
    id: VirtualAccountId,
    version: i64,
    details: &Details,
) -> Result<Recorded<()>> {
    let account = permit.within().account()?;
    let before = store::find(tx, permit.within(), id)?;
    not_default(permit, &before)?;
    if before.version != version {
        return Err(Error::Stale);
    }
    if !store::update(tx, account, id, version, details)? {
        return Err(Error::Stale);
    }
    let after = store::find(tx, permit.within(), id)?;
    let parent = name_of(tx, account, after.parent)?;
    let (was, is) = (
        facts(&before, parent.as_deref()),
        facts(&after, parent.as_deref()),
    );
    if was == is {
        return Ok(tx.unchanged(()));
    }
    let says = if before.name == after.name {
        format!("The Virtual Account {} was changed.", after.name)
    } else {
        format!(
            "The Virtual Account {} is now called {}.",
            before.name, after.name
        )
    };
    let event = event(Kind::VirtualAccountChanged, &after, says).changed(&was, &is);
    tx.record(at, permit.who(), &event, ())
}

/// Puts a Virtual Account below another, or at the top level. All that is below it goes along.
pub fn move_below(
    tx: &mut Tx<'_>,
    permit: &Permit<EditVirtualAccount>,
    at: Moment,
    id: VirtualAccountId,
    parent: Option<VirtualAccountId>,
) -> Result<Recorded<()>> {
    let within = permit.within();
    let account = within.account()?;
    let one = store::find(tx, within, id)?;
    not_default(permit, &one)?;
    if one.parent == parent {
        return Ok(tx.unchanged(()));
    }
    let tree = match parent {
        None if within.only().is_some() => {
            return Err(Error::Forbidden {
                action: "make this a top level Virtual Account",
            });
        }
        Some(parent) if !within.covers(parent) => Tree::default(),
        _ => Tree::of(&store::whole_tree(tx, account)?),
    };
    if let Some(problem) = tree.place_problem(Some(id), parent) {
        return Err(problem);
    }
    let (was, is) = (name_of(tx, account, one.parent)?, name_of(tx, account, parent)?);
    store::set_parent(tx, account, id, parent)?;
    let says = match &is {
        Some(above) => format!("The Virtual Account {} was nested below {above}.", one.name),
        None => format!("{} is now a top level Virtual Account.", one.name),
    };
    let event = event(Kind::VirtualAccountMoved, &one, says)
        .changed(&json!({ "parent": was }), &json!({ "parent": is }));
    tx.record(at, permit.who(), &event, ())
}

/// Makes a Virtual Account the default one: new orders without a Virtual Account go there from now on.
pub fn set_default(
    tx: &mut Tx<'_>,
    permit: &Permit<EditVirtualAccount>,
    occupants: &Occupants,
    at: Moment,
    id: VirtualAccountId,
) -> Result<Recorded<()>> {
    let within = permit.within();
    let account = within.account()?;
    let one = store::find(tx, within, id)?;
    if within.only().is_some() {
        return Err(may_not_set_default());
    }
    if one.is_default {
        return Ok(tx.unchanged(()));
    }
    refuse(model::against_default(
        &one,
        &held_in(tx, occupants, account, id)?,
    ))?;
    let event = hand_default_on(tx, permit.who(), at, account, id)?;
    tx.record(at, permit.who(), &event, ())
}

pub(super) fn held_in(
    read: &mut dyn Reads,
    occupants: &Occupants,
    account: SmartAccountId,
    id: VirtualAccountId,
) -> Result<Vec<Holding>> {
    Ok(occupants
        .holds(read, account, &[id])?
        .into_iter()
        .map(|(_, holding)| holding)
        .collect())
}

fn refuse(problems: Vec<Refusal>) -> Result<()> {
    match problems.into_iter().next() {
        Some(refusal) => Err(Error::Refused(refusal)),
        None => Ok(()),
    }
}

/// Deletes a Virtual Account, for good. `typed` is the name that a person typed to confirm it; a script names the
/// id and types nothing. Roles that were held on it go along.
pub fn delete(
    tx: &mut Tx<'_>,
    permit: &Permit<DeleteVirtualAccount>,
    occupants: &Occupants,
    at: Moment,
    id: VirtualAccountId,
    typed: Option<&str>,
) -> Result<Recorded<String>> {
    let account = permit.within().account()?;
    let one = store::find(tx, permit.within(), id)?;
    let nested = store::nested_below(tx, account, &[id])?
        .first()
        .map_or(0, |(_, n)| *n);
    refuse(model::against_deletion(
        &one,
        nested,
        &held_in(tx, occupants, account, id)?,
    ))?;
    if typed.is_some_and(|typed| search_key(typed) != search_key(&one.name)) {
        return Err(Error::invalid(
            "confirm",
            format!("Type {} to delete this Virtual Account.", one.name),
        ));
    }
    let parent = name_of(tx, account, one.parent)?;
    for event in occupants.leave(tx, at, account, id)? {
        tx.note(at, permit.who(), &event)?;
    }
    for grant in grants::held_on(tx, account, id)? {
        grants::take(tx, account, grant.id)?;
        let event = Event::new(
            Kind::RoleRemoved,
            grant.person,
            format!(
                "The role {} in {} ended with the Virtual Account.",
                grant.role.label(),
                one.name
            ),
        )
        .within(account)
        .in_virtual_account(id)
        .changed(
            &json!({ "person": grant.person, "role": grant.role, "virtual_account": id }),
            &json!(null),
        );
        tx.note(at, permit.who(), &event)?;
    }
    store::delete(tx, account, id)?;
    let event = event(
        Kind::VirtualAccountDeleted,
        &one,
        format!("The Virtual Account {} was deleted.", one.name),
    )
    .changed(&facts(&one, parent.as_deref()), &json!(null));
    tx.record(at, permit.who(), &event, one.name)
}
